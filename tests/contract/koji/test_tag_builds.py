# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""koji_tag_builds against the double: planned, applied, interrupted, applied again."""

from __future__ import annotations

import json
import os
import pathlib
import random
import signal
import time

import pytest
import yaml
from conftest import Hub, Server
from stage.modules import finish_module, run_module, start_module

CANDIDATE, TESTING, RELEASE = "cloud9s-candidate", "cloud9s-testing", "cloud9s-release"


def write_rdoinfo(folder: pathlib.Path, rows: dict[str, list[str]]) -> str:
    """A small rdoinfo with one release, whose tags want ``rows``."""
    wanted: dict[str, dict[str, str]] = {}
    for tag, nvrs in rows.items():
        for nvr in nvrs:
            wanted.setdefault(nvr.rsplit("-", 2)[0], {})[tag] = nvr
    content = {
        "releases": [
            {
                "name": "epoxy",
                "branch": "epoxy-rdo",
                "tags_map": "separated_buildreqs",
                "repos": [{"name": "el9s", "buildsys-tags": ["cloud9s-build", CANDIDATE, TESTING, RELEASE]}],
            }
        ],
        "packages": [
            {"project": name, "name": name, "maintainers": ["a@example.com"], "buildsys-tags": tags}
            for name, tags in wanted.items()
        ],
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "rdo-full.yml").write_text(yaml.safe_dump(content))
    return str(folder)


@pytest.fixture
def server(double):
    double.hub.task_delay = 1
    double.hub.seed_tag("cloud9s-build")
    for tag in (CANDIDATE, TESTING, RELEASE):
        double.hub.seed_tag(tag)
    return double


@pytest.fixture
def tag_builds(server, tmp_path):
    """Runs the module with a hub, a user and a place for journals."""

    def run(check: bool = False, **options):
        return run_module("koji_tag_builds", check, libraries=("koji",), **settings(server, tmp_path, **options))

    return run


def settings(server, tmp_path, **options):
    common = {"server": server.url, "user": "kojiadmin", "password": "kojiadmin", "retries": 3, "timeout": 5}
    places = {"journal_dir": str(tmp_path / "journal")}
    if "rdoinfo" in options:
        places["cache_dir"] = str(tmp_path / "cache")
    return {**common, **places, **options}


def test_a_build_comes_to_testing_and_leaves_candidate(server, tag_builds, tmp_path):
    server.hub.seed_tagging(CANDIDATE, "nova-2-1.el9s")
    server.hub.seed_tagging(TESTING, "nova-1-1.el9s")
    rdoinfo = write_rdoinfo(tmp_path / "rdoinfo", {TESTING: ["nova-2-1.el9s"]})
    planned = tag_builds(check=True, rdoinfo=rdoinfo)
    assert planned["actions"] == [
        f"tag nova-2-1.el9s into {TESTING}: wanted instead of nova-1-1.el9s",
        f"untag nova-2-1.el9s from {CANDIDATE}: it has gone on to {TESTING} (separated_buildreqs)",
        f"untag nova-1-1.el9s from {TESTING}: replaced by nova-2-1.el9s",
    ]
    assert planned["diff"]["before"] == {TESTING: {"nova": ["nova-1-1.el9s"]}, CANDIDATE: {"nova": ["nova-2-1.el9s"]}}
    assert planned["diff"]["after"] == {TESTING: {"nova": ["nova-2-1.el9s"]}, CANDIDATE: {"nova": []}}
    assert server.written == []
    assert "login" not in server.calls
    assert not (tmp_path / "journal").exists()
    applied = tag_builds(rdoinfo=rdoinfo)
    assert applied["actions"] == planned["actions"]
    assert applied["done"] == applied["plan"]["actions"]
    assert server.written == ["tagBuild", "untagBuild", "untagBuild"]
    assert server.hub.builds_of(TESTING) == ["nova-2-1.el9s"]
    assert server.hub.builds_of(CANDIDATE) == []
    assert server.hub.sessions == {}
    server.reset()
    again = tag_builds(rdoinfo=rdoinfo)
    assert (again["changed"], again["actions"], server.written) == (False, [], [])
    assert "login" not in server.calls


def test_a_run_waits_for_another_that_tags_on_the_hub(server, tag_builds, tmp_path):
    """The first stops in its tasks, which nobody works on for a while; the second does nothing until it has ended."""
    wanted = {"builds": {TESTING: ["nova-2-1.el9s"]}}
    server.hub.seed_tagging(CANDIDATE, "nova-2-1.el9s")
    server.hub.seed_packages(TESTING, ["nova"])
    server.hub.task_delay = None
    first = start_module("koji_tag_builds", **settings(server, tmp_path, **wanted))
    while "tagBuild" not in server.calls:
        assert first.poll() is None
        time.sleep(0.02)
    calls = len(server.written)
    short = tag_builds(lock_timeout=0.3, **wanted)
    assert short["failed"] and f"is held by process {first.pid} " in short["msg"] and len(server.written) == calls
    second = start_module("koji_tag_builds", **settings(server, tmp_path, lock_timeout=60, **wanted))
    time.sleep(1)
    assert second.poll() is None and len(server.written) == calls
    server.hub.task_delay = 1
    assert finish_module(first)["changed"]
    waited = finish_module(second)
    assert (waited["failed"], waited["changed"]) == (False, False)
    assert server.hub.builds_of(TESTING) == ["nova-2-1.el9s"] and server.written.count("tagBuild") == 1


@pytest.mark.parametrize("method", ["task", "direct"])
def test_a_wrong_order_is_mended_by_tagging_anew(method, server, tag_builds):
    server.hub.seed_tagging(TESTING, "nova-2-1.el9s", "nova-1-1.el9s")
    result = tag_builds(builds={TESTING: ["nova-2-1.el9s"]}, method=method)
    assert result["actions"][0] == (
        f"retag nova-2-1.el9s in {TESTING}: the hub's latest is nova-1-1.el9s, tagged after it; "
        "tagging it anew makes it the newest"
    )
    assert server.hub.builds_of(TESTING) == ["nova-2-1.el9s"]
    assert (
        server.written
        == {
            "task": ["untagBuild", "tagBuild", "untagBuild"],
            "direct": ["tagBuildBypass", "untagBuildBypass"],
        }[method]
    )


def test_packages_are_registered_first(server, tag_builds):
    server.hub.seed_build("nova-2-1.el9s")
    refused = tag_builds(builds={TESTING: ["nova-2-1.el9s"]})
    assert refused["failed"]
    assert "unregistered-package" in refused["msg"]
    assert server.written == []
    result = tag_builds(builds={TESTING: ["nova-2-1.el9s"]}, owner="alice")
    assert [one["action"] for one in result["done"]] == ["register", "tag"]
    assert server.hub.builds_of(TESTING) == ["nova-2-1.el9s"]


def test_one_that_fails_stops_only_what_depends_on_it(server, tag_builds, tmp_path):
    server.hub.policies = {RELEASE: "freeze"}
    server.hub.seed_tagging(CANDIDATE, "nova-2-1.el9s", "glance-2-1.el9s")
    server.hub.seed_packages(TESTING, ["nova", "glance"])
    server.hub.seed_packages(RELEASE, ["nova", "glance"])
    server.hub.seed_tagging(RELEASE, "nova-1-1.el9s")
    rdoinfo = write_rdoinfo(tmp_path / "rdoinfo", {TESTING: ["glance-2-1.el9s"], RELEASE: ["nova-2-1.el9s"]})
    result = tag_builds(rdoinfo=rdoinfo, user="alice", password="alice")
    assert result["failed"]
    fault = f"The hub refuses tagBuild (tag {RELEASE}, build nova-2-1.el9s): ActionNotAllowed 1004: policy violation "
    (tagged, untagged) = (one for one in result["failed_actions"] if one["tag"] == RELEASE)
    assert tagged["error"] == fault + "(tag): freeze"
    assert untagged["error"].startswith("not tried: it depends on what failed")
    assert sorted(server.hub.builds_of(TESTING)) == ["glance-2-1.el9s", "nova-2-1.el9s"]
    assert server.hub.builds_of(RELEASE) == ["nova-1-1.el9s"]


def test_a_task_that_fails_after_it_was_queued_is_a_failure(server, tag_builds):
    server.hub.seed_tagging(CANDIDATE, "nova-2-1.el9s")
    server.hub.seed_packages(TESTING, ["nova"])

    def fail(user, *request):
        raise server.hub.fault("policy-says", policy="tag", message="closed by now")

    server.hub.run_tagBuild = fail
    result = tag_builds(builds={TESTING: ["nova-2-1.el9s"]})
    assert result["failed"]
    (failed,) = result["failed_actions"]
    assert "getTaskResult (task 1, build nova-2-1.el9s): ActionNotAllowed 1004: policy violation" in failed["error"]


@pytest.mark.parametrize("how", ["cut-after", "cut-before", "503"])
@pytest.mark.parametrize("call", ["tagBuild", "untagBuild"])
def test_lost_answers_are_looked_for(how, call, server, tag_builds):
    server.hub.seed_tagging(CANDIDATE, "nova-2-1.el9s")
    server.hub.seed_tagging(TESTING, "nova-1-1.el9s")
    server.fail(how, call, times=2 if how == "cut-before" else 1)
    result = tag_builds(builds={TESTING: ["nova-2-1.el9s"]})
    assert not result["failed"]
    assert server.hub.builds_of(TESTING) == ["nova-2-1.el9s"]


def test_a_plan_travels_as_a_file(server, tag_builds, tmp_path):
    server.hub.seed_tagging(CANDIDATE, "nova-2-1.el9s")
    server.hub.seed_tagging(TESTING, "nova-1-1.el9s", "heat-1-1.el9s")
    path = tmp_path / "plan.json"
    options = {"builds": {TESTING: ["nova-2-1.el9s", "heat-1-1.el9s"]}, "state": "planned", "plan": str(path)}
    assert tag_builds(check=True, **options)["changed"]
    assert not path.exists()
    assert tag_builds(**options)["changed"]
    assert not tag_builds(**options)["changed"]
    document = json.loads(path.read_text())
    assert document["schema"] == "rdo.releng/tag-plan/1"
    assert [one["action"] for one in document["actions"]] == ["tag", "untag"]
    assert server.written == []
    # Somebody else does something else to the same tag.
    server.hub.seed_tagging(TESTING, "glance-1-1.el9s")
    result = tag_builds(plan=str(path))
    assert result["failed"]
    assert f"has moved since the plan {path} was made" in result["msg"]
    assert server.written == []
    tag_builds(**options)
    result = tag_builds(plan=str(path))
    assert len(result["done"]) == 2
    assert server.hub.builds_of(TESTING) == ["nova-2-1.el9s", "glance-1-1.el9s", "heat-1-1.el9s"]
    assert not tag_builds(plan=str(path))["changed"]


def test_what_comes_to_a_tag_after_the_plan_was_made_is_not_overruled(server, tag_builds, monkeypatch):
    server.hub.seed_build("nova-1-1.el9s")
    server.hub.seed_tagging(TESTING, "heat-1-1.el9s")
    look, looks = server.hub.do_getLastEvent, []

    def somebody_tags_between(user):
        looks.append(user)
        if len(looks) == 2:  # the plan is made, and looks once more before it writes
            server.hub.seed_tagging(TESTING, "nova-2-1.el9s")
        return look(user)

    monkeypatch.setattr(server.hub, "do_getLastEvent", somebody_tags_between)
    result = tag_builds(builds={TESTING: ["nova-1-1.el9s"]}, owner="alice")
    assert result["failed"]
    assert "The hub has moved while the plan was made" in result["msg"]
    assert server.written == []
    refused = tag_builds(builds={TESTING: ["nova-1-1.el9s"]}, owner="alice")
    assert [one["rule"] for one in refused["refused"]] == ["downgrade", "unexplained"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"actions": [{"id": 1, "action": "delete", "tag": TESTING, "package": "nova", "reason": ""}]}, "'delete'"),
        ({"actions": [{"action": "tag"}]}, "cannot be read"),
        ({"state": {}}, "does not say what it found in cloud9s-testing"),
        ({"closure": "gone"}, "lacks closure"),
    ],
)
def test_a_plan_that_was_edited_is_not_applied(change, said, server, tag_builds, tmp_path):
    server.hub.seed_tagging(CANDIDATE, "nova-2-1.el9s")
    path = tmp_path / "plan.json"
    tag_builds(builds={TESTING: ["nova-2-1.el9s"]}, owner="alice", state="planned", plan=str(path))
    document = {**json.loads(path.read_text()), **change}
    path.write_text(json.dumps({key: value for key, value in document.items() if value != "gone"}))
    result = tag_builds(plan=str(path))
    assert result["failed"] and said in result["msg"], result["msg"]
    assert server.written == []


def test_nothing_secret_is_written_anywhere(server, tag_builds, tmp_path):
    server.hub.users["kojiadmin"] = server.hub.users["kojiadmin"]._replace(password="s3cret-word")
    server.hub.seed_tagging(CANDIDATE, "nova-2-1.el9s")
    server.hub.seed_packages(TESTING, ["nova"])
    wanted = {"builds": {TESTING: ["nova-2-1.el9s"]}, "password": "s3cret-word"}
    tag_builds(**wanted, state="planned", plan=str(tmp_path / "plan.json"))
    result = tag_builds(**wanted)
    text = json.dumps({key: value for key, value in result.items() if key != "invocation"})
    text += "".join(path.read_text() for path in tmp_path.rglob("*") if path.is_file())
    assert "nova-2-1.el9s" in text
    assert "s3cret-word" not in text


class Killer:
    """Ends a run at its n-th write, and looks on that no build is ever taken out of its last tag."""

    def __init__(self, server: Server) -> None:
        self.server, self.process, self.at = server, None, None
        self.lost: list[str] = []
        hub, remove = server.hub, server.hub.remove_tagging

        def watched(tag_id, build_id, user):
            remove(tag_id, build_id, user)
            if not any(build_id in rows for rows in hub.tagged.values()):
                self.lost.append(hub.builds[build_id]["nvr"])

        hub.remove_tagging = watched
        server.on_write = self.write

    def write(self, count: int) -> None:
        if self.process and count == self.at:
            os.kill(self.process.pid, signal.SIGKILL)


@pytest.mark.parametrize("by_file", [False, True], ids=["anew", "by-file"])
def test_a_retag_that_was_cut_short_is_finished_by_the_next_run(by_file, server, tag_builds, tmp_path):
    """Killed between taking the build out and putting it back; a build that was not there before would be refused."""
    server.hub.seed_tagging(RELEASE, "nova-2-1.el9s", "nova-1-1.el9s")
    rdoinfo = write_rdoinfo(tmp_path / "rdoinfo", {RELEASE: ["nova-2-1.el9s"]})
    wanted = {"rdoinfo": rdoinfo, "tags": [RELEASE]}
    if by_file:
        plan = str(tmp_path / "plan.json")
        tag_builds(**wanted, state="planned", plan=plan)
        wanted = {"plan": plan}
    killer = Killer(server)
    killer.at = 1
    killer.process = start_module("koji_tag_builds", **settings(server, tmp_path, **wanted))
    with pytest.raises(AssertionError, match="status -9"):
        finish_module(killer.process)
    killer.process = None
    assert server.hub.builds_of(RELEASE) == ["nova-1-1.el9s"]
    foreseen = tag_builds(check=True, **wanted)
    result = tag_builds(**wanted)
    assert not result["failed"], result["msg"]
    assert foreseen["actions"] == result["actions"]
    assert [one["action"] for one in result["done"]] == ["retag" if by_file else "tag", "untag"]
    assert server.hub.builds_of(RELEASE) == ["nova-2-1.el9s"]
    # Once finished, it is as any other build.
    server.hub.remove_tagging(
        server.hub.tag(RELEASE)["id"], server.hub.nvrs["nova-2-1.el9s"], server.hub.users["alice"]
    )
    again = tag_builds(check=True, rdoinfo=rdoinfo, tags=[RELEASE])
    assert [one["rule"] for one in again["refused"]] == ["not-in-testing"]


def test_a_retag_that_can_not_be_finished_says_where_the_build_is(server, tag_builds):
    server.hub.seed_tagging(TESTING, "nova-2-1.el9s", "nova-1-1.el9s")
    server.hub.policies = {TESTING: "freeze"}
    wanted = {"builds": {TESTING: ["nova-2-1.el9s"]}, "user": "alice", "password": "alice"}
    failed = tag_builds(**wanted)["failed_actions"][0]
    assert "policy violation (tag): freeze" in failed["error"]
    assert "nova-2-1.el9s was taken out of cloud9s-testing for this and could not be put back" in failed["error"]
    server.hub.policies = {}
    assert not tag_builds(**wanted)["failed"]
    assert server.hub.builds_of(TESTING) == ["nova-2-1.el9s"]


POINTS = random.Random(20261121)  # the same points each time


@pytest.mark.parametrize("by_file", [False, True], ids=["anew", "by-file"])
@pytest.mark.parametrize("at", sorted(POINTS.sample(range(1, 501), 3)))
def test_a_killed_run_is_finished_by_the_next(at, by_file, tmp_path):
    """500 actions: 250 builds go from candidate to testing."""
    server = Server(Hub(task_delay=1))
    for tag in ("cloud9s-build", CANDIDATE, TESTING, RELEASE):
        server.hub.seed_tag(tag)
    nvrs = [f"package{number}-1-1.el9s" for number in range(250)]
    server.hub.seed_tagging(CANDIDATE, *nvrs)
    server.hub.seed_packages(TESTING, [nvr.rsplit("-", 2)[0] for nvr in nvrs])
    wanted = {"rdoinfo": write_rdoinfo(tmp_path / "rdoinfo", {TESTING: nvrs})}
    if by_file:
        plan = str(tmp_path / "plan.json")
        made = run_module(
            "koji_tag_builds", libraries=("koji",), **settings(server, tmp_path, **wanted, state="planned", plan=plan)
        )
        assert len(made["plan"]["actions"]) == 500
        wanted = {"plan": plan}
    killer = Killer(server)
    killer.at = at
    killer.process = start_module("koji_tag_builds", **settings(server, tmp_path, **wanted))
    with pytest.raises(AssertionError, match="status -9"):
        finish_module(killer.process)
    killer.process = None
    result = run_module("koji_tag_builds", libraries=("koji",), **settings(server, tmp_path, **wanted))
    assert not result["failed"], result["msg"]
    assert sorted(server.hub.builds_of(TESTING)) == sorted(nvrs)
    assert server.hub.builds_of(CANDIDATE) == []
    assert killer.lost == []
    # Not one build was tagged twice.
    assert len(server.hub.taggings[server.hub.tag(TESTING)["id"]]) == len(nvrs)
    server.stop()
