# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import subprocess
import tarfile

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._git.repository import CommittedContent
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput


@pytest.fixture
def sdist(tmp_path):
    """Makes a source distribution that holds the given files."""

    def make(version: str, files: dict[str, str]) -> str:
        folder = tmp_path / f"thing-{version}"
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        path = tmp_path / f"thing-{version}.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            archive.add(folder, folder.name)
        return str(path)

    return make


@pytest.fixture
def content(tmp_path):
    """A change of the repository ``thing``, with the options that a test does not name at their usual values."""

    def make(**options) -> CommittedContent:
        usual = {
            "repository": str(tmp_path / "thing"),
            "branch": "master",
            "source": None,
            "exclude": [],
            "edits": {},
            "appends": {},
            "commit_message": "content",
            "tag": None,
            "once": False,
            "date": "2026-01-01T00:00:00Z",
            "author_name": "A",
            "author_email": "a@example.com",
        }
        return CommittedContent(**{**usual, **options})

    return make


def bring_about(change) -> bool:
    plan = change.plan()
    if plan.actions:
        change.apply(plan)
    return bool(plan.actions)


def git(tmp_path, *arguments: str) -> str:
    return subprocess.check_output(["git", "-C", str(tmp_path / "thing"), *arguments], text=True).strip()


def test_one_commit_a_version_and_none_for_the_same_again(tmp_path, sdist, content):
    first = sdist("1.0", {"setup.py": "one", "PKG-INFO": "x", "thing.egg-info/a": "x"})
    second = sdist("1.1", {"setup.py": "two", "new/file": "x", "PKG-INFO": "x"})
    versions = [
        {"source": first, "exclude": ["PKG-INFO", "*.egg-info"], "tag": "1.0", "once": True},
        {"source": second, "exclude": ["PKG-INFO"], "tag": "1.1"},
    ]
    for version in versions:
        version["commit_message"] = f"thing {version['tag']}"
    assert [bring_about(content(**version)) for version in versions] == [True, True]
    assert [bring_about(content(**version)) for version in versions] == [False, False]
    assert git(tmp_path, "log", "--format=%s") == "thing 1.1\nthing 1.0"
    assert git(tmp_path, "ls-tree", "-r", "--name-only", "1.0") == "setup.py"
    assert git(tmp_path, "ls-tree", "-r", "--name-only", "master") == "new/file\nsetup.py"
    assert git(tmp_path, "status", "--porcelain") == ""


def test_what_breaks_is_a_commit_and_so_is_what_mends(tmp_path, sdist, content):
    source = sdist("1.0", {"a.py": "one\n"})
    assert bring_about(content(source=source, tag="1.0"))
    assert bring_about(content(source=source, appends={"a.py": "two\n"}, commit_message="break it"))
    assert not bring_about(content(source=source, appends={"a.py": "two\n"}, commit_message="break it"))
    assert git(tmp_path, "show", "HEAD:a.py") == "one\ntwo"
    assert bring_about(content(source=source, commit_message="mend it", tag="1.0"))
    assert not bring_about(content(source=source, commit_message="mend it", tag="1.0"))
    assert git(tmp_path, "show", "HEAD:a.py") == "one"
    assert git(tmp_path, "log", "--format=%s") == "mend it\nbreak it\ncontent"
    assert git(tmp_path, "describe") == "1.0-2-g" + git(tmp_path, "rev-parse", "--short", "HEAD")


def test_a_plan_writes_nothing(tmp_path, content):
    plan = content(edits={"a": "b"}).plan()
    assert plan.actions == [f"commit 'content' to master of {tmp_path / 'thing'}"]
    assert not (tmp_path / "thing").exists()


def test_nor_does_one_for_a_repository_that_is_there(tmp_path, content):
    bring_about(content(edits={"a": "b"}))
    before = sorted((tmp_path / "thing").rglob("*"))
    assert content(edits={"a": "c"}).plan().actions and not content(edits={"a": "b"}).plan().actions
    assert sorted((tmp_path / "thing").rglob("*")) == before


def test_the_users_configuration_is_not_read(tmp_path, content, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".gitconfig").write_text("[commit]\n\tgpgsign = true\n[user]\n\tname = Somebody\n")
    bring_about(content(edits={"a": "b"}))
    assert git(tmp_path, "log", "--format=%an %ae %cn") == "A a@example.com A"


def test_a_file_that_is_not_there_can_not_be_appended_to(tmp_path, sdist, content):
    with pytest.raises(InvalidInput, match=r"appended to b\.py: .*thing-1\.0\.tar\.gz has no such file"):
        bring_about(content(source=sdist("1.0", {"a.py": "one\n"}), appends={"b.py": "x"}))


@pytest.mark.parametrize("name", ["../x", "a b", "-f", "a\nb", "a..b", ""])
def test_hostile_names_of_branches_are_refused(content, name):
    with pytest.raises(InvalidInput, match="cannot be the name of a branch"):
        content(edits={"a": "b"}, branch=name or " ").plan()


def test_a_path_that_leads_out_stays_in(tmp_path, content):
    bring_about(content(edits={"../../out": "b"}))
    assert git(tmp_path, "ls-tree", "-r", "--name-only", "HEAD") == "out"
    assert not (tmp_path.parent / "out").exists()


def test_what_is_no_source_distribution_is_named(tmp_path, content):
    (tmp_path / "x.tar.gz").write_text("no tar")
    with pytest.raises(InvalidInput, match=r"x.tar.gz cannot be unpacked"):
        bring_about(content(source=str(tmp_path / "x.tar.gz")))


@pytest.mark.parametrize("change", ["edits", "appends"])
def test_a_link_of_the_source_that_leads_out_is_not_followed(tmp_path, content, change):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "file").write_text("mine")
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "away").symlink_to(tmp_path / "outside")
    (tmp_path / "source" / "file").symlink_to(tmp_path / "outside" / "file")
    for place in ("away/file", "file"):
        with pytest.raises(InvalidInput, match=f"{place} cannot be written: a link leads out"):
            bring_about(content(source=str(tmp_path / "source"), **{change: {place: "theirs"}}))
    assert (tmp_path / "outside" / "file").read_text() == "mine"
