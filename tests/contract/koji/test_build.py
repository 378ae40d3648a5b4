# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""koji_build: what the hub says of a build that fails is recorded; how one ends well is the tests' own."""

from __future__ import annotations

import pytest
from stage.modules import run_module

SOURCE = "git+https://example.com/nova.git#4e1243bd22c66e76c2ba9eddc1f91394e57f9f83"


@pytest.fixture
def build(double):
    hub = double.hub
    hub.task_delay = 1
    for tag in ("build", "candidate"):
        hub.seed_tag(tag)
    hub.do_createBuildTarget(hub.users["kojiadmin"], "el9s", "build", "candidate")

    def run(check=False, **options):
        account = {"server": double.url, "user": "alice", "password": "alice", "poll": 0.05, "retries": 1}
        double.reset()
        return run_module("koji_build", check, libraries=("koji",), target="el9s", **{**account, **options})

    return run


@pytest.fixture
def ends_well(double):
    """Tasks that build nova-1-1.el9s."""
    hub = double.hub

    def run(user, source, target, options=None):
        if not (options or {}).get("scratch"):
            number = hub.make_build("nova", "1", "1.el9s", None, user)
            hub.builds[number]["task_id"] = max(hub.tasks)

    hub.run_build = run


def test_a_build_is_made_once(build, double, ends_well):
    options = {"source": SOURCE, "nvr": "nova-1-1.el9s", "topurl": "http://files.example.com"}
    assert build(check=True, **options)["actions"] == ["build nova-1-1.el9s for el9s"]
    assert double.written == []
    made = build(**options)
    assert not made["failed"], made["msg"]
    assert (made["build"]["nvr"], made["build"]["state"], made["task_id"]) == ("nova-1-1.el9s", "COMPLETE", 1)
    assert double.written == ["build"]
    again = build(**options)
    assert (again["changed"], again["build"], double.written) == (False, made["build"], [])
    assert "login" not in double.calls


def test_waiting_for_somebody_elses_build_is_no_change(build, double):
    number = double.hub.make_build("nova", "1", "1.el9s", None, double.hub.users["kojiadmin"], state=0)
    double.hub.builds[number]["task_id"] = 7
    planned = build(check=True, source=SOURCE, nvr="nova-1-1.el9s")
    assert planned["actions"] == ["wait for task 7, which builds nova-1-1.el9s for el9s"]
    assert not planned["changed"]


def test_a_scratch_build_is_always_made(build, double, ends_well):
    assert build(source=SOURCE, scratch=True)["changed"]
    result = build(source=SOURCE, scratch=True, wait=False)
    assert (result["changed"], result["task_id"], double.written) == (True, 2, ["build"])


def test_a_source_rpm_is_uploaded(build, double, ends_well, tmp_path):
    rpm = tmp_path / "nova-1-1.el9s.src.rpm"
    rpm.write_bytes(b"not looked at here")
    result = build(source=str(rpm))
    assert not result["failed"], result["msg"]
    ((folder, name),) = double.hub.uploads
    assert folder.startswith("cli-build/")
    assert double.hub.tasks[1]["request"][0] == f"{folder}/{name}"


def test_a_failure_has_its_class_and_its_lines(build, double, tmp_path):
    logs = tmp_path / "work" / "tasks" / "1" / "1"
    logs.mkdir(parents=True)
    (logs / "root.log").write_text(
        "DEBUG: installing\nError: \n Problem: nothing provides python3-foo >= 2 needed by x\n"
    )

    def fail(user, source, target, options=None):
        raise double.hub.fault("dependency", task=1)

    double.hub.run_build = fail
    result = build(source=SOURCE, nvr="nova-1-1.el9s", topurl=tmp_path.as_uri())
    assert result["failed"]
    assert result["failure_class"] == "missing-requirement"
    assert any("python3-foo" in line for line in result["lines"])
    assert result["fault"] == "Dependency 1 failed to complete."
    assert result["logs"][1] == f"{tmp_path.as_uri()}/work/tasks/1/1/root.log"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"source": SOURCE}, "Set nvr"),
        ({"source": "git+https://example.com/nova.git", "scratch": True}, "names no revision"),
        ({"source": "/nowhere/nova-1-1.el9s.src.rpm"}, "no source RPM"),
        ({"source": SOURCE, "nvr": "nova-1-1", "target": "nope"}, "no target nope. There is: el9s"),
    ],
)
def test_what_the_hub_would_say_too_late_is_said_before(options, message, build, double):
    result = run_module("koji_build", False, libraries=("koji",), server=double.url, **{"target": "el9s", **options})
    assert message in result["msg"]
    assert double.written == []


def test_a_lost_answer_is_not_built_twice(build, double, ends_well):
    """The first request is done, its answer lost; the build it makes is found."""
    queue = double.hub.queue

    def queue_and_begin(method, request, user):
        number = queue(method, request, user)
        build = double.hub.make_build("nova", "1", "1.el9s", None, user, state=0)
        double.hub.builds[build]["task_id"] = number
        double.hub.run_build = lambda *arguments: double.hub.builds[build].update(state=1)
        return number

    double.hub.queue = queue_and_begin
    double.fail("cut-after", "build")
    result = build(source=SOURCE, nvr="nova-1-1.el9s")
    assert not result["failed"], result["msg"]
    assert double.written == ["build"]
    assert result["task_id"] == 1
