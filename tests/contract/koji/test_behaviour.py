# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a hub does when all is well, as recorded."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
import xmlrpc.client

import koji
import pytest
from conftest import REAL, connect
from koji_double import NotRecorded
from test_faults import finished, rule

CANDIDATE, TESTING, RELEASE = "cloud9-candidate", "cloud9-testing", "cloud9-release"


def nvrs(builds):
    return [build["nvr"] for build in builds]


def test_nobody_is_logged_in_at_first(world):
    assert world.anonymous.getAPIVersion() == 1
    assert world.anonymous.getLoggedInUser() is None
    assert world.plain.getLoggedInUser()["name"] == world.plain_name
    assert "admin" in world.admin.getPerms()


def test_reads_of_what_is_not_there_are_none(world):
    anonymous = world.anonymous
    assert anonymous.getTag(world("nope")) is None
    assert anonymous.getBuild(world("nope-1-1")) is None
    assert anonymous.getPackage(world("nope")) is None
    assert anonymous.getBuildTarget(world("nope")) is None
    assert anonymous.getUser("nobody-such") is None
    assert anonymous.getTaskInfo(2000000000) is None
    assert anonymous.repoInfo(2000000000) is None
    assert anonymous.getRepo(world("cloud9-build")) is None
    assert anonymous.listTagged(world(CANDIDATE), package=world("nope")) == []


def test_a_tag_is_made_and_changed_in_the_call(fresh_world):
    world = fresh_world
    number = world.admin.createTag(world("new"), arches="x86_64", extra={"a": 1})
    assert isinstance(number, int)
    assert world.admin.editTag2(world("new"), arches="x86_64 ppc64le", extra={"k": {"nested": [1, "two"]}}) is None
    tag = world.anonymous.getTag(world("new"))
    assert tag["arches"] == "x86_64 ppc64le"
    assert tag["extra"] == {"a": 1, "k": {"nested": [1, "two"]}}
    assert (tag["locked"], tag["perm"], tag["maven_support"]) == (False, None, False)
    assert world.admin.deleteTag(world("new")) is None
    assert world.anonymous.getTag(world("new")) is None


def test_inheritance_is_resolved_by_the_hub(fresh_world):
    world = fresh_world
    build, candidate = (world.anonymous.getTag(world(name))["id"] for name in ("cloud9-build", CANDIDATE))
    assert world.admin.setInheritanceData(world("cloud9-build"), [rule(candidate)]) is None
    full = world.anonymous.getFullInheritance(world("cloud9-build"))
    assert [(one["name"], one["currdepth"]) for one in full] == [(world(CANDIDATE), 1), (world("cloud9-common"), 2)]
    (direct,) = world.anonymous.getInheritanceData(world("cloud9-build"))
    assert (direct["child_id"], direct["name"], direct["maxdepth"]) == (build, world(CANDIDATE), None)
    world.admin.setInheritanceData(world("cloud9-build"), [{**rule(candidate), "delete link": True}])
    assert world.anonymous.getInheritanceData(world("cloud9-build")) == []


def test_targets_and_external_repositories(fresh_world):
    world = fresh_world
    assert world.admin.createBuildTarget(world("cloud9"), world("cloud9-build"), world(CANDIDATE)) is None
    target = world.anonymous.getBuildTarget(world("cloud9"))
    assert (target["build_tag_name"], target["dest_tag_name"]) == (world("cloud9-build"), world(CANDIDATE))
    repo = world.admin.createExternalRepo(world("ext"), "https://mirror.example.com/base/$arch")
    assert repo["url"] == "https://mirror.example.com/base/$arch/"
    assert world.admin.addExternalRepoToTag(world("cloud9-build"), world("ext"), 10, "bare") is None
    (on_tag,) = world.anonymous.getTagExternalRepos(world("cloud9-build"))
    assert (on_tag["priority"], on_tag["merge_mode"], on_tag["arches"]) == (10, "bare", None)


def test_adding_a_package_again_changes_its_owner_and_nothing_else(fresh_world):
    world = fresh_world
    admin, alpha = world.admin, world("alpha")
    assert admin.packageListAdd(world("cloud9-common"), alpha, world.admin_name) is None
    assert admin.getPackageConfig(world("cloud9-common"), alpha)["owner_name"] == world.admin_name
    admin.packageListSetOwner(world("cloud9-common"), alpha, world.plain_name)
    assert admin.getPackageConfig(world("cloud9-common"), alpha)["owner_name"] == world.plain_name
    assert admin.packageListBlock(world(RELEASE), alpha) is None
    assert admin.packageListAdd(world(RELEASE), alpha, world.plain_name) is None
    assert admin.checkTagPackage(world(RELEASE), alpha) is False
    admin.packageListUnblock(world(RELEASE), alpha)
    assert admin.checkTagPackage(world(RELEASE), alpha) is True
    assert admin.getPackageConfig(world(RELEASE), alpha)["tag_name"] == world("cloud9-common")
    assert admin.packageListRemove(world("no-tagging-here"), alpha) is None


def test_packages_are_inherited(fresh_world):
    world = fresh_world
    world.admin.packageListBlock(world(RELEASE), world("beta"))
    inherited = world.anonymous.listPackages(tagID=world(RELEASE), inherited=True)
    found = {row["package_name"]: (row["tag_name"], row["blocked"]) for row in inherited}
    assert found == {
        world("alpha"): (world("cloud9-common"), False),
        world("beta"): (world(RELEASE), True),
        world("gamma"): (world(TESTING), False),
    }
    assert [row["package_name"] for row in world.anonymous.listPackages(tagID=world(RELEASE))] == [world("beta")]


def test_the_newest_tagging_is_the_latest_whatever_its_version(fresh_world):
    world = fresh_world
    old, new = world("alpha-1.0-1.el9"), world("alpha-1.1-1.el9")
    world.admin.tagBuildBypass(world(CANDIDATE), old)
    world.admin.tagBuildBypass(world(CANDIDATE), new)
    assert nvrs(world.anonymous.listTagged(world(CANDIDATE), latest=True)) == [new]
    before = world.anonymous.getLastEvent()["id"]
    # Forced, it is taken out and put in again, in one call.
    assert world.admin.tagBuildBypass(world(CANDIDATE), old, force=True) is None
    assert nvrs(world.anonymous.listTagged(world(CANDIDATE))) == [old, new]
    assert nvrs(world.anonymous.listTagged(world(CANDIDATE), event=before)) == [new, old]
    assert nvrs(world.anonymous.getLatestBuilds(world(CANDIDATE))) == [old]
    assert world.anonymous.tagChangedSinceEvent(before, [world.anonymous.getTag(world(CANDIDATE))["id"]]) is True
    assert world.anonymous.tagChangedSinceEvent(before, [world.anonymous.getTag(world(RELEASE))["id"]]) is False
    rows = world.anonymous.queryHistory(tables=["tag_listing"], tag=world(CANDIDATE), package=world("alpha"))
    assert sorted((row["version"], row["active"]) for row in rows["tag_listing"] if row["active"]) == [
        ("1.0", True),
        ("1.1", True),
    ]
    assert [row["active"] for row in rows["tag_listing"] if row["revoke_event"]] == [None]


def test_builds_of_unlisted_and_blocked_packages_are_hidden(fresh_world):
    world = fresh_world
    gamma, beta = world("gamma-3.0-1.el9"), world("beta-2.0-1.el9")
    world.admin.tagBuildBypass(world(CANDIDATE), gamma)
    world.admin.tagBuildBypass(world(RELEASE), beta)
    world.admin.packageListBlock(world(RELEASE), world("beta"))
    assert world.anonymous.listTagged(world(CANDIDATE)) == []
    assert world.anonymous.listTagged(world(RELEASE)) == []
    assert [tag["name"] for tag in world.anonymous.listTags(build=gamma)] == [world(CANDIDATE)]


def test_mass_tagging_says_nothing_of_what_is_there(fresh_world):
    world = fresh_world
    both = [world("alpha-1.0-1.el9"), world("alpha-1.1-1.el9")]
    assert world.admin.massTag(world("cloud9-common"), both) is None
    assert world.admin.massTag(world("cloud9-common"), both[:1]) is None
    assert sorted(nvrs(world.anonymous.listTagged(world("cloud9-common")))) == both


def test_tagging_is_queued_and_untagging_is_not(fresh_world):
    world = fresh_world
    build = world("alpha-1.0-1.el9")
    task = world.plain.tagBuild(world(TESTING), build)
    assert isinstance(task, int)
    info = world.anonymous.getTaskInfo(finished(world, task), request=True)
    assert (info["method"], info["state"]) == ("tagBuild", koji.TASK_STATES["CLOSED"])
    assert info["request"][2:] == [False, None]
    assert world.anonymous.getTaskResult(task) is None
    assert nvrs(world.anonymous.listTagged(world(TESTING))) == [build]
    # That it is there already comes out in the task, not before.
    again = finished(world, world.plain.tagBuild(world(TESTING), build))
    assert world.anonymous.getTaskInfo(again)["state"] == koji.TASK_STATES["FAILED"]
    with pytest.raises(koji.TagError, match=rf"^build {build} already tagged \({world(TESTING)}\)$"):
        world.anonymous.getTaskResult(again)
    fault = {"faultCode": 1003, "faultString": f"build {build} already tagged ({world(TESTING)})"}
    assert world.anonymous.getTaskResult(again, raise_fault=False) == fault
    assert world.plain.untagBuild(world(TESTING), build) is None
    assert world.anonymous.listTagged(world(TESTING)) == []


def test_moving_takes_a_build_out_of_its_old_tag(fresh_world):
    world = fresh_world
    build = world("alpha-1.0-1.el9")
    world.admin.tagBuildBypass(world(CANDIDATE), build)
    task = finished(world, world.admin.moveBuild(world(CANDIDATE), world(TESTING), build))
    assert world.anonymous.getTaskResult(task) is None
    assert [tag["name"] for tag in world.anonymous.listTags(build=build)] == [world(TESTING)]


def test_a_repository_is_made_by_a_task(fresh_world):
    world = fresh_world
    task = finished(world, world.admin.newRepo(world("cloud9-build")))
    number, event = world.anonymous.getTaskResult(task)
    repo = world.anonymous.getRepo(world("cloud9-build"))
    assert (repo["id"], repo["create_event"], repo["state"]) == (number, event, koji.REPO_STATES["READY"])
    assert repo["begin_event"] < repo["create_event"]
    assert world.anonymous.repoInfo(number) == repo
    assert world.admin.repo.request(world("cloud9-build"))["repo"] == repo
    assert list(world.anonymous.getTaskDescendents(task))[0] == str(task)


def test_one_call_of_many_may_fail_alone(fresh_world):
    world = fresh_world
    session = world.admin
    session.multicall = True
    session.getTag(world("cloud9-build"))
    session.getTag(world("nope"), strict=True)
    session.createTag(world("made"))
    session.noSuchMethod()
    answers = session.multiCall()
    assert answers[0][0]["name"] == world("cloud9-build")
    assert answers[1]["faultCode"] == 1000
    assert answers[1]["faultString"] == f"No such tagInfo: '{world('nope')}'"
    assert all(isinstance(line, str) for line in answers[1]["traceback"])
    assert isinstance(answers[2][0], int)
    assert answers[3]["faultString"] == "Invalid method: noSuchMethod"
    # Strict raises in the end, and takes nothing back.
    with pytest.raises(koji.GenericError), session.multicall(strict=True) as calls:
        calls.createTag(world("made-in-strict"))
        calls.getTag(world("nope"), strict=True)
    assert world.anonymous.getTag(world("made-in-strict"))["name"] == world("made-in-strict")


def test_rpms_are_imported_once(fresh_world, tiny_rpms):
    world = fresh_world
    source, binary = tiny_rpms(world("tiny"))
    build = world("tiny-1.0-1.el9")
    for path in (source, binary):
        world.admin.uploadWrapper(str(path), world("imports"))
        assert world.admin.importRPM(world("imports"), path.name)["build"]["nvr"] == build
    assert world.anonymous.getBuild(build)["state"] == koji.BUILD_STATES["COMPLETE"]
    assert sorted(rpm["arch"] for rpm in world.anonymous.listBuildRPMs(build)) == ["noarch", "src"]
    assert world.anonymous.getRPM(f"{build}.noarch")["size"] == binary.stat().st_size
    assert nvrs(world.anonymous.listBuilds(packageID=world("tiny"))) == [build]
    with pytest.raises(koji.GenericError, match="^destination is a symlink: .*/work/.*/" + re.escape(binary.name)):
        world.admin.uploadWrapper(str(binary), world("imports"))
    world.admin.uploadWrapper(str(binary), world("imports2"))
    with pytest.raises(xmlrpc.client.Fault) as duplicate:
        world.admin.importRPM(world("imports2"), binary.name)
    assert duplicate.value.faultCode == 1
    assert duplicate.value.faultString == (
        "<class 'psycopg2.errors.UniqueViolation'>: duplicate key value violates unique constraint "
        '"rpminfo_unique_nvra_not_draft"\nDETAIL:  Key (name, version, release, arch, external_repo_id)='
        f"({world('tiny')}, 1.0, 1.el9, noarch, 0) already exists.\n"
    )
    world.admin.massTag(world("cloud9-common"), [build])
    world.admin.packageListAdd(world("cloud9-common"), world("tiny"), world.plain_name)
    rpms, builds = world.anonymous.getLatestRPMS(world("cloud9-common"), package=world("tiny"))
    assert (sorted(rpm["arch"] for rpm in rpms), nvrs(builds)) == (["noarch", "src"], [build])


def test_a_session_that_is_over_is_renewed_by_the_client(only_double, double):
    session = connect(double.url, "plain")
    double.hub.sessions[session.sinfo["session-id"]]["expired"] = True
    assert session.getLoggedInUser()["name"] == "alice"
    assert "expired" in double.hub.raised
    assert double.calls.count("login") == 2


def test_only_posts_of_xml_are_answered(world):
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(world.url)
    assert refused.value.code == 405
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(world.url, data=b"not xml")
    assert refused.value.code == 400


@pytest.mark.skipif(bool(REAL), reason="only the double refuses what was not recorded")
def test_what_is_not_recorded_is_refused(double):
    with pytest.raises(NotRecorded, match="listHosts"):
        double.hub.dispatch("listHosts", [], None)
    with pytest.raises(NotRecorded, match="only read in the hub's source"):
        double.hub.dispatch("getTagGroups", ["x"], None)
