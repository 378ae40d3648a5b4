# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was not recorded, and is used all the same: as read in the source of the hub of Koji 1.35.

On the double these tests only hold it to that reading. With KOJI_HUB_URL they show whether a real hub agrees.
"""

from __future__ import annotations

import koji
import pytest
from conftest import World
from koji_double import everything_read_in_source
from test_faults import DENIED, GENERIC, Case, check, external

BUILD, CANDIDATE, TESTING, RELEASE = "cloud9-build", "cloud9-candidate", "cloud9-testing", "cloud9-release"
URL = "https://mirror.example.com/other/$arch"


@pytest.fixture
def world():
    world = World.recorded(everything_read_in_source())
    yield world
    world.close()


def put_beside(world) -> koji.ClientSession:
    """Two external repositories on a tag, at the priorities 10 and 20."""
    admin = external(world)
    admin.createExternalRepo(world("ext-other"), URL)
    admin.addExternalRepoToTag(world(BUILD), world("ext-other"), 20)
    return admin


def group(world) -> koji.ClientSession:
    world.admin.groupListAdd(world(TESTING), "build")
    return world.admin


def test_a_target_is_changed_and_deleted(world):
    name = world("cloud9")
    world.admin.createBuildTarget(name, world(BUILD), world(CANDIDATE))
    number = world.anonymous.getBuildTarget(name)["id"]
    assert world.admin.editBuildTarget(name, name, world(BUILD), world(TESTING)) is None
    target = world.anonymous.getBuildTarget(name)
    assert (target["id"], target["build_tag_name"], target["dest_tag_name"]) == (number, world(BUILD), world(TESTING))
    assert world.admin.deleteBuildTarget(name) is None
    assert world.anonymous.getBuildTarget(name) is None


def test_an_external_repository_is_changed_and_deleted_from_all_tags(world):
    admin = external(world)
    assert admin.editExternalRepo(world("ext-base"), url=URL) is None
    assert world.anonymous.getExternalRepo(world("ext-base"))["url"] == f"{URL}/"
    assert admin.deleteExternalRepo(world("ext-base")) is None
    assert world.anonymous.getExternalRepo(world("ext-base")) is None
    assert world.anonymous.getTagExternalRepos(world(BUILD)) == []


def test_an_external_repository_on_a_tag_keeps_what_is_not_named(world):
    admin = put_beside(world)
    assert admin.editTagExternalRepo(world(BUILD), world("ext-base"), priority=30) is True
    assert admin.editTagExternalRepo(world(BUILD), world("ext-base"), priority=30) is False
    rows = world.anonymous.getTagExternalRepos(world(BUILD))
    found = [(row["external_repo_name"], row["priority"], row["merge_mode"]) for row in rows]
    assert found == [(world("ext-other"), 20, "koji"), (world("ext-base"), 30, "bare")]
    assert admin.removeExternalRepoFromTag(world(BUILD), world("ext-other")) is None
    assert len(world.anonymous.getTagExternalRepos(world(BUILD))) == 1


def test_a_package_that_is_inherited_gets_no_entry_of_its_own(world):
    alpha = world("alpha")
    assert world.admin.packageListAdd(world(CANDIDATE), alpha, world.plain_name) is None
    assert world.admin.packageListAdd(world(CANDIDATE), alpha, world.admin_name) is None
    assert world.anonymous.listPackages(tagID=world(CANDIDATE)) == []
    assert world.anonymous.getPackageConfig(world(CANDIDATE), alpha)["owner_name"] == world.plain_name


def test_a_block_above_is_neither_repeated_nor_added_to(world):
    alpha = world("alpha")
    world.admin.packageListBlock(world(TESTING), alpha)
    assert world.admin.packageListBlock(world(RELEASE), alpha) is None
    assert world.admin.packageListAdd(world(RELEASE), alpha, world.plain_name) is None
    assert world.anonymous.listPackages(tagID=world(RELEASE)) == []
    assert world.admin.packageListUnblock(world(RELEASE), alpha) is None
    (entry,) = world.anonymous.listPackages(tagID=world(RELEASE))
    assert (entry["package_name"], entry["blocked"], entry["owner_name"]) == (alpha, False, world.plain_name)


def test_groups_are_inherited_and_their_packages_outlive_them(world):
    def groups(tag):
        rows = world.anonymous.getTagGroups(world(tag))
        return {
            row["name"]: (row["tag_id"], sorted((one["package"], one["tag_id"]) for one in row["packagelist"]))
            for row in rows
        }

    admin = group(world)
    testing, release = (world.anonymous.getTag(world(tag))["id"] for tag in (TESTING, RELEASE))
    assert admin.groupPackageListAdd(world(TESTING), "build", "bash") is None
    assert groups(RELEASE) == {"build": (testing, [("bash", testing)])}
    # What is there by inheritance is not added once more.
    admin.groupListAdd(world(RELEASE), "build")
    admin.groupPackageListAdd(world(RELEASE), "build", "bash")
    admin.groupPackageListAdd(world(RELEASE), "build", "make")
    assert groups(RELEASE) == {"build": (testing, [("bash", testing), ("make", release)])}
    assert admin.groupPackageListRemove(world(RELEASE), "build", "make") is None
    assert groups(RELEASE) == {"build": (testing, [("bash", testing)])}
    assert admin.groupListRemove(world(TESTING), "build") is None
    assert groups(TESTING) == {}
    admin.groupListAdd(world(TESTING), "build")
    assert groups(TESTING) == {"build": (testing, [("bash", testing)])}


CASES = [
    Case("no-dest-tag", lambda w: w.admin.createBuildTarget(w("c"), w(BUILD), w("nope")), GENERIC, 1000,
         "destination tag '{p}nope' does not exist"),
    Case("repo-not-on-tag", lambda w: external(w).removeExternalRepoFromTag(w(CANDIDATE), w("ext-base")), GENERIC,
         1000, "external repo {p}ext-base not associated with tag {p}cloud9-candidate"),
    Case("repo-priority", lambda w: put_beside(w).editTagExternalRepo(w(BUILD), w("ext-base"), priority=20), GENERIC,
         1000, "tag {p}cloud9-build already associated with an external repo at priority 20"),
    Case("no-group", lambda w: group(w).groupListRemove(w(CANDIDATE), "build"), GENERIC, 1000,
         "No group: build found for tag: {p}cloud9-candidate"),
    Case("no-group-in-tag", lambda w: group(w).groupPackageListAdd(w(CANDIDATE), "build", "bash"), GENERIC, 1000,
         "group build not present in tag {p}cloud9-candidate"),
    Case("permission", lambda w: w.plain.groupListAdd(w(CANDIDATE), "build"), DENIED, 1004,
         "tag permission required (logged in as {plain})"),
    Case("permission", lambda w: w.plain.createExternalRepo(w("x"), URL), DENIED, 1004,
         "admin permission required (logged in as {plain})"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.key)
def test_a_fault_has_its_class_code_and_text(case, world):
    check(case, world)
