# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""koji_build: what the hub says of a build that fails is recorded; how one ends well is the tests' own."""

from __future__ import annotations

import xmlrpc.client

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


ROOT_LOG = b"DEBUG: installing\nError: \n Problem: nothing provides python3-foo >= 2 needed by x\n"


def failing(double, *children):
    """A build whose task starts others: (method, label, how it failed or None, its files) of each."""

    def fail(user, source, target, options=None):
        task = max(double.hub.tasks)
        for method, label, fault, output in children:
            double.hub.seed_child(task, method, label, fault, output)
        raise next(fault for _method, _label, fault, _output in children[::-1] if fault)

    double.hub.run_build = fail


@pytest.mark.parametrize("topurl", [None, "http://files.example.com"])
def test_a_failure_has_the_class_and_the_lines_of_the_task_that_failed(build, double, topurl):
    """The build's own task has no logs; those that did not fail say nothing of the failure."""
    failing(
        double,
        ("rebuildSRPM", "srpm", None, {"root.log": b"error: could not resolve host mirror.example.org\n"}),
        (
            "buildArch",
            "x86_64",
            double.hub.fault("dependency", task=3),
            {"root.log": ROOT_LOG, "build.log": b"", "x": b""},
        ),
    )
    result = build(source=SOURCE, nvr="nova-1-1.el9s", **({"topurl": topurl} if topurl else {}))
    assert result["failed"]
    assert result["failure_class"] == "missing-requirement"
    assert any("python3-foo" in line for line in result["lines"])
    assert result["fault"] == "Dependency 3 failed to complete."
    assert [(log["task"], log["label"], log["name"]) for log in result["task_logs"]] == [
        (3, "x86_64", "build.log"),
        (3, "x86_64", "root.log"),
    ]
    addresses = [f"{topurl}/work/tasks/3/3/{name}" for name in ("build.log", "root.log")]
    assert result["logs"] == (addresses if topurl else [])
    assert result["msg"].endswith(f"Logs: {', '.join(addresses)}") is bool(topurl)


def test_a_root_that_could_not_be_made_is_infrastructure(build, double):
    """As recorded: the host's mock did not begin, so there are two logs that name nothing of the package."""
    words = "could not init mock buildroot, mock exited with status 2; see root.log for more information"
    fault = xmlrpc.client.Fault(1012, words)
    output = {"mock_output.log": b"ERROR: [Errno 1] Operation not permitted\n", "mock_config.log": b""}
    failing(double, ("rebuildSRPM", "srpm", fault, output))
    result = build(source=SOURCE, nvr="nova-1-1.el9s")
    assert result["failure_class"] == "infrastructure"
    assert words in result["lines"]
    assert [log["name"] for log in result["task_logs"]] == ["mock_output.log", "mock_config.log"]


def test_the_time_in_the_queue_is_apart(build, double):
    fault = double.hub.fault("dependency", task=3)
    failing(double, ("rebuildSRPM", "srpm", None, {}), ("buildArch", "x86_64", fault, {}))
    times = build(source=SOURCE, nvr="nova-1-1.el9s")["times"]
    # Two tasks, each a minute in the queue and six seconds at work.
    assert times["worked_seconds"] == 12
    assert 120 <= times["queued_seconds"] < 121
    assert times["total_seconds"] == pytest.approx(times["worked_seconds"] + times["queued_seconds"], abs=0.2)


def test_a_build_that_is_complete_has_the_logs_that_the_hub_keeps(build, double):
    hub = double.hub

    def run(user, source, target, options=None):
        number = hub.make_build("nova", "1", "1.el9s", None, user)
        hub.builds[number]["task_id"] = max(hub.tasks)
        hub.build_logs[number] = [("noarch", name) for name in ("root.log", "build.log", "x.json")]

    hub.run_build = run
    made = build(source=SOURCE, nvr="nova-1-1.el9s", topurl="http://files.example.com")
    place = "http://files.example.com/packages/nova/1/1.el9s/data/logs/noarch"
    assert made["logs"] == [f"{place}/build.log", f"{place}/root.log"]
    assert made["times"]["queued_seconds"] >= 0
    assert build(source=SOURCE, nvr="nova-1-1.el9s", topurl="http://files.example.com")["logs"] == made["logs"]


def test_a_scratch_build_has_the_logs_of_what_it_started(build, double):
    def run(user, source, target, options=None):
        double.hub.seed_child(max(double.hub.tasks), "buildArch", "noarch", None, {"build.log": b"", "y.rpm": b""})

    double.hub.run_build = run
    made = build(source=SOURCE, scratch=True, topurl="http://files.example.com")
    assert made["logs"] == ["http://files.example.com/work/tasks/2/2/build.log"]


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
