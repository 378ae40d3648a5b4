# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import shutil

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._module.errors import Conflict, InvalidInput, NotFound
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform
from ansible_collections.rdo.releng.plugins.module_utils._publish.snapshot import Snapshot


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


class Site:
    def __init__(self, folder):
        self.folder = folder

    def artifact(self, name, **files):
        path = self.folder / "artifacts" / name
        shutil.rmtree(path, ignore_errors=True)
        for file, text in files.items():
            (path / "d").mkdir(parents=True, exist_ok=True)
            (path / "d" / file).write_text(text)
        return {"name": name, "path": str(path), "manifest": None, "retain": True}

    def push(self, *artifacts, check=False, **options):
        params = {"site": str(self.folder / "site"), "artifacts": list(artifacts), "push": None, "state": "current"}
        params.update(previous=None, keep=3, wait_timeout=0.0)
        return perform(Snapshot({**params, **options}), check, diff=True)

    def shown(self, name="a"):
        path = self.folder / "site" / "current" / name / "d"
        return {one.name: one.read_text() for one in path.iterdir()}


def test_what_is_pushed_is_shown_and_again_is_nothing(site):
    one = site.artifact("a", x="1")
    first = site.push(one)
    assert first["changed"] and site.shown() == {"x": "1"}
    assert first["diff"] == {"before": {"current": None}, "after": {"current": first["id"]}}
    again = site.push(one)
    assert (again["changed"], again["actions"]) == (False, [])


def test_check_mode_writes_nothing(site):
    planned = site.push(site.artifact("a", x="1"), check=True)
    assert len(planned["actions"]) == 2 and not (site.folder / "site").exists()


def test_files_of_the_push_before_stay_for_one_more_and_are_shared(site):
    site.push(site.artifact("a", x="1", old="o"))
    before = os.stat(site.folder / "site/current/a/d/x").st_ino
    site.push(site.artifact("a", x="1", new="n"))
    assert site.shown() == {"x": "1", "new": "n", "old": "o"}
    assert os.stat(site.folder / "site/current/a/d/x").st_ino == before
    site.push(site.artifact("a", x="1", newer="n"))
    assert site.shown() == {"x": "1", "newer": "n", "new": "n"}


def test_going_back_keeps_what_readers_of_the_present_ask_for(site):
    first = site.push(site.artifact("a", x="1"))
    site.push(site.artifact("a", x="2", y="2"))
    site.push(push=first["id"])
    assert site.shown() == {"x": "1", "y": "2"}
    assert not site.push(push=first["id"])["changed"]


def test_a_staged_push_is_not_shown_and_its_id_is_enough_to_show_it(site):
    staged = site.push(site.artifact("a", x="1"), state="staged")
    assert not (site.folder / "site/current").exists()
    assert site.push(push=staged["id"], previous="none")["actions"] == [f"show push {staged['id']} in place of none"]


def test_a_push_that_is_not_expected_to_be_there_stops_it(site):
    site.push(site.artifact("a", x="1"))
    with pytest.raises(Conflict, match="none was expected"):
        site.push(site.artifact("a", x="2"), previous="none")
    assert site.shown() == {"x": "1"}


def test_rot_in_what_was_staged_stops_the_switch(site):
    staged = site.push(site.artifact("a", x="1"), state="staged")
    (site.folder / "site/push" / staged["id"] / "a/d/x").write_text("!")
    with pytest.raises(Conflict, match="a/d/x has other content"):
        site.push(push=staged["id"])
    assert not (site.folder / "site/current").exists()


def test_a_file_that_rotted_is_copied_anew_and_not_linked(site):
    site.push(site.artifact("a", x="1"))
    (site.folder / "site/current/a/d/x").write_text("!")
    site.push(site.artifact("a", x="1", y="1"))
    assert site.shown() == {"x": "1", "y": "1"}


def test_only_so_many_pushes_are_kept(site):
    for number in range(5):
        site.push(site.artifact("a", x=str(number)), keep=2)
    assert len([one for one in (site.folder / "site/push").iterdir() if not one.name.startswith(".")]) == 3


def test_a_file_where_a_folder_was_is_no_trouble(site):
    site.push(site.artifact("a", x="1"))
    path = site.folder / "artifacts" / "a"
    shutil.rmtree(path)
    path.mkdir()
    (path / "d").write_text("a file now")
    site.push({"name": "a", "path": str(path), "manifest": None, "retain": True})
    assert (site.folder / "site/current/a/d").read_text() == "a file now"


@pytest.mark.parametrize("name", ["..", "a/b", "", "push.json", ".hidden", "a\nb", "-x"])
def test_a_hostile_name_is_refused(site, name):
    with pytest.raises(InvalidInput, match="cannot name an artifact"):
        site.push({**site.artifact("a", x="1"), "name": name})


def test_a_link_in_an_artifact_is_refused(site):
    one = site.artifact("a", x="1")
    (site.folder / "artifacts/a/d/out").symlink_to("/etc/passwd")
    with pytest.raises(InvalidInput, match="not a regular file"):
        site.push(one)
    (site.folder / "artifacts/a/d/out").unlink()
    (site.folder / "artifacts/a/folder").symlink_to("/etc")
    with pytest.raises(InvalidInput, match="not a regular file"):
        site.push(one)


def test_what_is_missing_is_said(site):
    with pytest.raises(NotFound, match="not at"):
        site.push({"name": "a", "path": "/nowhere/at/all", "manifest": None, "retain": True})
    with pytest.raises(NotFound, match="It has: none"):
        site.push(push="0" * 64)
    with pytest.raises(InvalidInput, match="is not an id"):
        site.push(push="../../etc")
    with pytest.raises(InvalidInput, match="Name the artifacts"):
        site.push()


def test_a_foreign_current_is_left_alone(site):
    (site.folder / "site").mkdir()
    (site.folder / "site/current").symlink_to("/etc")
    with pytest.raises(Conflict, match="not a link to one of"):
        site.push(site.artifact("a", x="1"))


def test_a_push_that_says_another_id_is_not_believed(site):
    staged = site.push(site.artifact("a", x="1"), state="staged")
    path = site.folder / "site/push" / staged["id"] / "push.json"
    path.write_text(path.read_text().replace(staged["id"], "0" * 64))
    with pytest.raises(InvalidInput, match="says that its id is"):
        site.push(push=staged["id"])
