# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each piece of wreckage that DLRN leaves: planted, told in check mode, mended, and gone."""

from __future__ import annotations

import fcntl
import http.client
import os
import shutil
import subprocess
import urllib.error

import pytest
from test_stage import pairs, post

LABEL = "tested"


def tree(trunk):
    """All of the repositories: each link with its target, each file with its content."""
    found = {}
    for folder, folders, files in os.walk(trunk.repos):
        for name in [*folders, *files]:
            path = os.path.join(folder, name)
            if os.path.islink(path):
                found[path] = os.readlink(path)
            elif name in files:
                with open(path, "rb") as file:
                    found[path] = file.read()
    return found


def database(trunk):
    return {table: trunk.query(f"select * from {table} order by id") for table in ("commits", "promotions", "civotes")}


def builds(trunk, version):
    return [trunk.build(name, version) for name in ("alpha", "gamma", "delta")]


def mended(repair, trunk, *kinds, **arguments):
    """Check mode tells the kinds and changes nothing; the real run mends them; then there is nothing."""
    before = tree(trunk), database(trunk)
    told = repair(trunk, check=True, **arguments)
    assert (tree(trunk), database(trunk)) == before, "check mode changed something"
    result = repair(trunk, **arguments)
    assert [found["kind"] for found in result["found"]] == list(kinds), result
    assert told["found"] == result["found"] and result["changed"] and not result["failed"]
    again = repair(trunk, **arguments)
    assert again["found"] == [] and not again["changed"], again
    return result


@pytest.mark.parametrize("kind", ["trunk", "flat_trunk"])
def test_nothing_is_found_where_nothing_is_wrong(request, repair, kind):
    trunk, api = request.getfixturevalue(kind), request.getfixturevalue(kind.replace("trunk", "api"))
    for version in (1, 2):
        post(api, "promote-batch", pairs(LABEL, *builds(trunk, version)))
    post(api, "promote", pairs("other", trunk.build("gamma", 1))[0])
    before = tree(trunk), database(trunk)
    result = repair(trunk)
    assert result["found"] == [] and not result["changed"], result
    assert (tree(trunk), database(trunk)) == before


def test_links_that_were_not_renamed_are_removed(trunk, api, repair):
    post(api, "promote-batch", pairs(LABEL, *builds(trunk, 1)))
    before = tree(trunk)
    left = [trunk.repos / "component/common/current_", trunk.repos / "component/compute/consistent_"]
    left += [trunk.repos / LABEL / f"{name}_" for name in ("delorean.repo", "delorean.repo.md5", "versions.csv")]
    for link in left:
        link.symlink_to("somewhere")
    with pytest.raises(urllib.error.HTTPError):
        post(api, "promote-batch", pairs(LABEL, *builds(trunk, 1)))
    result = mended(repair, trunk, *["left-link"] * 5)
    assert [found["path"] for found in result["found"]] == [str(link) for link in left]
    assert tree(trunk) == before
    post(api, "promote-batch", pairs(LABEL, *builds(trunk, 1)))


def test_a_left_link_without_components(flat_trunk, repair):
    (flat_trunk.repos / "current_").symlink_to("somewhere")
    mended(repair, flat_trunk, "left-link")


def move(trunk, build, label=LABEL):
    component = build["component"] if trunk.components else None
    link = trunk.link(label, component)
    link.unlink(missing_ok=True)
    link.symlink_to(build["folder"].split(f"component/{component}/")[-1])
    return link


def test_a_link_that_was_moved_without_its_row_is_put_back(trunk, api, repair):
    post(api, "promote-batch", pairs(LABEL, *builds(trunk, 1)))
    before = tree(trunk)
    link = move(trunk, trunk.build("alpha", 2))
    result = mended(repair, trunk, "label-moved")
    assert "What was asked for is not known: it is put back, promote again." in result["found"][0]["what"]
    assert result["found"][0]["path"] == str(link)
    assert tree(trunk) == before


def test_a_link_that_was_removed_and_not_made_is_made_again(trunk, api, repair):
    post(api, "promote-batch", pairs(LABEL, *builds(trunk, 1)))
    before = tree(trunk)
    trunk.link(LABEL, "compute").unlink()
    mended(repair, trunk, "label-missing")
    assert tree(trunk) == before


def test_a_component_that_was_taken_from_a_label_stays_away(trunk, api, repair):
    post(api, "promote-batch", pairs(LABEL, *builds(trunk, 1)))
    trunk.link(LABEL, "compute").unlink()
    post(api, "promote-batch", pairs(LABEL, trunk.build("alpha", 2), trunk.build("delta", 2)))
    assert repair(trunk)["found"] == []


def test_the_aggregate_of_links_that_were_moved_is_put_back_too(trunk, api, repair):
    post(api, "promote-batch", pairs(LABEL, *builds(trunk, 1)))
    before = trunk.state(LABEL)
    api.kill_at(13)  # all links moved, the aggregate's new .repo in its place
    with pytest.raises((urllib.error.URLError, http.client.HTTPException, ConnectionError)):
        post(api, "promote-batch", pairs(LABEL, *builds(trunk, 2)))
    api.wait()
    kinds = {found["kind"] for found in repair(trunk)["found"]}
    assert "label-moved" in kinds
    assert trunk.state(LABEL) == before


def test_without_components_a_label_goes_back_to_its_row(flat_trunk, flat_api, repair):
    post(flat_api, "promote", pairs(LABEL, flat_trunk.build("alpha", 1))[0])
    before = tree(flat_trunk)
    move(flat_trunk, flat_trunk.build("alpha", 2))
    mended(repair, flat_trunk, "label-moved")
    assert tree(flat_trunk) == before
    flat_trunk.link(LABEL).unlink()
    assert [found["mended"] for found in repair(flat_trunk, labels=[])["found"]] == [False]
    mended(repair, flat_trunk, "label-missing")
    assert tree(flat_trunk) == before


def test_a_link_that_no_promotion_made_is_removed_only_when_its_label_is_named(trunk, repair):
    before = tree(trunk)
    link = move(trunk, trunk.build("alpha", 2))
    result = repair(trunk, labels=[])
    assert not result["changed"]
    assert [(found["kind"], found["mended"]) for found in result["found"]] == [("label-without-row", False)]
    assert "Name it in labels to have it mended." in result["found"][0]["what"]
    assert link.is_symlink()
    mended(repair, trunk, "label-without-row")
    assert tree(trunk) == before


@pytest.mark.parametrize("file", ["delorean.repo", "delorean.repo.md5", "versions.csv"])
def test_an_aggregate_that_was_half_written_is_made_anew(trunk, api, repair, file):
    post(api, "promote-batch", pairs(LABEL, *builds(trunk, 1)))
    before = tree(trunk)
    (trunk.repos / LABEL / file).write_text("")
    mended(repair, trunk, "aggregate-stale")
    assert tree(trunk) == before


@pytest.mark.parametrize("label", ["current", "consistent", LABEL])
def test_an_aggregate_that_was_not_updated_is_made_anew(trunk, api, repair, label):
    for version in (1, 2):
        post(api, "promote-batch", pairs(LABEL, *builds(trunk, version)))
    before = tree(trunk)
    link = trunk.repos / label / "versions.csv"
    old = next(path for path in link.parent.glob("*/*/*/versions.csv") if path.resolve() != link.resolve())
    link.unlink()
    link.symlink_to(old.relative_to(link.parent))
    mended(repair, trunk, "aggregate-stale")
    assert tree(trunk) == before


def test_a_row_with_the_aggregate_hash_of_another_promotion_gets_its_own(trunk, api, repair):
    right = post(api, "promote-batch", pairs(LABEL, *builds(trunk, 1)))["aggregate_hash"]
    trunk.query("update promotions set aggregate_hash = 'x' where aggregate_hash is not null")
    mended(repair, trunk, "aggregate-row")
    assert trunk.state(LABEL)["aggregate"] == right


@pytest.mark.parametrize("kind", ["trunk", "flat_trunk"])
def test_a_build_that_never_became_current_does(request, repair, kind):
    trunk = request.getfixturevalue(kind)
    before = tree(trunk)
    move(trunk, trunk.build("alpha", 2), "current")
    mended(repair, trunk, "current-behind")
    assert tree(trunk) == before


def test_a_consistent_build_that_never_became_consistent_does_with_its_vote(trunk, repair):
    before = tree(trunk), len(database(trunk)["civotes"])
    for label in ("current", "consistent"):
        move(trunk, trunk.build("gamma", 1), label)
    trunk.query("delete from civotes where id = (select max(id) from civotes where component = 'compute')")
    mended(repair, trunk, "current-behind", "consistent-behind", "no-consistent-vote")
    assert (tree(trunk), len(database(trunk)["civotes"])) == before


def test_a_build_beside_one_that_failed_does_not_become_consistent(trunk, repair):
    move(trunk, trunk.build("alpha", 2), "current")
    assert [found["kind"] for found in repair(trunk)["found"]] == ["current-behind"]
    assert trunk.link("consistent", "common").resolve().name.startswith(trunk.build("alpha", 2)["commit_hash"])


def test_an_older_build_that_the_purge_left_half_removed_is_marked_as_purged(trunk, api, repair):
    build = trunk.build("delta", 1)
    shutil.rmtree(trunk.repos / build["folder"])
    result = mended(repair, trunk, "half-repository")
    assert "lacks everything: it is marked as purged" in result["found"][0]["what"]
    with pytest.raises(urllib.error.HTTPError, match="410"):
        post(api, "promote", pairs(LABEL, build)[0])


@pytest.mark.parametrize("gone", ["delorean.repo", "repodata/repomd.xml", "rpm"])
def test_the_newest_build_without_a_whole_repository_is_built_again(trunk, repair, gone):
    build = trunk.build("alpha", 3)
    path = trunk.folder / "data" / build["artifacts"][0] if gone == "rpm" else trunk.repos / build["folder"] / gone
    path.write_text("")
    result = repair(trunk)
    assert result["found"][0]["kind"] == "half-repository"
    assert trunk.query("select status from commits where commit_hash = ?", build["commit_hash"]) == [
        {"status": "RETRY"}
    ]
    assert repair(trunk)["found"] == []


def test_a_lost_commit_yaml_is_written_anew(trunk, repair):
    before = tree(trunk)
    (trunk.repos / trunk.build("alpha", 1)["folder"] / "commit.yaml").unlink()
    mended(repair, trunk, "no-commit-yaml")
    assert tree(trunk) == before


def test_a_volume_that_is_not_mounted_is_not_taken_for_wreckage(trunk, repair):
    shutil.rmtree(trunk.repos / "component")
    result = repair(trunk)
    assert result["failed"] and "Is the volume mounted?" in result["msg"]
    shutil.rmtree(trunk.repos)
    assert "there is no such folder" in repair(trunk)["msg"]


def test_the_lock_file_of_a_killed_builder_is_harmless(trunk, repair):
    lock = trunk.folder / "data" / "remote.lck"
    with subprocess.Popen(["flock", lock, "sleep", "60"], start_new_session=True) as builder:
        while not lock.exists():
            assert builder.poll() is None
        os.killpg(builder.pid, 9)
    assert repair(trunk, lock_timeout=0)["found"] == []


def test_it_does_not_run_beside_a_builder_that_files_a_build(trunk, repair):
    with open(trunk.folder / "data" / "remote.lck", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = repair(trunk, lock_timeout=0)
    assert result["failed"] and "it is filing a build" in result["msg"]


def test_it_does_not_run_beside_a_promotion(trunk, repair, tmp_path):
    lock = tmp_path / "lock"
    lock.write_text('{"host": "h", "pid": 7, "user": "ci", "since": "today", "label": "tested"}')
    with open(lock) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        result = repair(trunk, lock=lock, lock_timeout=0)
    assert result["failed"] and "held by process 7 of ci on h since today (label tested)" in result["msg"]


def test_what_the_api_changed_just_now_is_given_time(trunk, api, repair):
    post(api, "promote-batch", pairs(LABEL, *builds(trunk, 1)))
    link = move(trunk, trunk.build("alpha", 2))
    since = os.lstat(link).st_mtime
    result = repair(trunk, settle=1)
    assert [found["kind"] for found in result["found"]] == ["label-moved"]
    assert os.lstat(link).st_mtime - since >= 1


def test_another_python_is_used_when_this_one_has_no_dlrn(trunk, run_module):
    result = run_module("dlrn_repair", config=trunk.config)
    assert (
        result["failed"]
        and "The library dlrn.db is not installed for the Python that runs this module" in result["msg"]
    )
