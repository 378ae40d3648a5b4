# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""koji_builds: many builds on a hub whose builders and repositories take their time."""

from __future__ import annotations

import os
import signal
import time

import pytest
from koji_double import Recipe
from stage.modules import run_module, start_module

URL = "git+https://example.com/{}.git#4e1243bd22c66e76c2ba9eddc1f91394e57f9f83"
BUILD, CANDIDATE, TARGET = "cloud-build", "cloud-candidate", "cloud"


@pytest.fixture
def site(double):
    """A hub a thousand times as fast, with kojira, and an older library in the build tag."""
    hub = double.hub
    hub.task_delay, hub.speed = 1, 1000.0
    hub.seed_tag(CANDIDATE)
    hub.seed_tag(BUILD, parents=[CANDIDATE])
    hub.do_createBuildTarget(hub.users["kojiadmin"], TARGET, BUILD, CANDIDATE)
    hub.seed_packages(CANDIDATE, ["lib", "client", "nova", "glance"])
    hub.seed_tagging(CANDIDATE, "lib-1.0-1.el9")
    hub.seed_rpm("lib-1.0-1.el9", "noarch", "python3-lib")
    hub.regenerates[BUILD] = 60.0
    return double


class Sources:
    """What is to be built, and what comes of it."""

    def __init__(self, hub):
        self.hub, self.builds = hub, []

    def add(self, name, version, *requires, seconds=120.0, really=(), rpms=None, fails=0, provides=()):
        nvr = f"{name}-{version}-1.el9"
        made = tuple((one, "noarch") for one in rpms or (f"python3-{name}",))
        self.hub.recipes[URL.format(name)] = Recipe(nvr, seconds, made, tuple(really), fails)
        self.builds.append({"nvr": nvr, "source": URL.format(name), "build_requires": list(requires)})
        if provides:
            self.builds[-1]["provides"] = list(provides)
        return nvr


@pytest.fixture
def sources(site):
    return Sources(site.hub)


def options(site, tmp_path, builds, **more):
    return {"server": site.url, "user": "alice", "password": "alice", "poll": 0.05, "retries": 1, "target": TARGET,
            "journal_dir": str(tmp_path / "journal"), "builds": builds, "wait_timeout": 60, **more}  # fmt: skip


@pytest.fixture
def build(site, tmp_path, sources):
    def run(check=False, **more):
        site.reset()
        return run_module("koji_builds", check, libraries=("koji",), **options(site, tmp_path, sources.builds, **more))

    return run


def began(site, *names):
    """The builds in the order in which they began."""
    rows = [build for build in site.hub.builds.values() if build["task_id"]]
    return [row["name"] for row in sorted(rows, key=lambda row: row["start_ts"])]


def test_each_begins_when_what_it_needs_is_in_the_repository(build, site, sources):
    """The recipe of a build fails where the repository that it begins with does not show what it needs."""
    lib = sources.add("lib", "2.0")
    client = sources.add("client", "1.0", "python3-lib >= 2.0", really=[lib], provides=["python3-client"])
    sources.add("nova", "1.0", "(python3-client and python3-lib >= 2.0)", "python3-devel", really=[lib, client])
    sources.add("glance", "1.0", "python3-lib")  # the older one will do
    planned = build(check=True)
    assert planned["actions"][0] == "build lib-2.0-1.el9 for cloud"
    assert "build nova-1.0-1.el9 for cloud, after client-1.0-1.el9, lib-2.0-1.el9" in planned["actions"]
    assert site.written == []
    made = build()
    assert not made["failed"], made["msg"]
    assert made["counts"] == {"done": 4} and site.written.count("build") == 4
    assert set(began(site)[:2]) == {"lib", "glance"} and began(site)[2:] == ["client", "nova"]
    assert {one["nvr"]: one["needs"] for one in made["builds"]}["glance-1.0-1.el9"] == []
    assert made["own_seconds"] < 30 and made["requests"] < 200
    again = build()
    assert (again["changed"], site.written, "login" in site.calls) == (False, [], False)


def test_the_longest_chain_is_first(build, site, sources):
    site.hub.builders = 1
    for name in ("a", "b", "c"):
        site.hub.seed_packages(CANDIDATE, [name])
        sources.add(name, "1.0", provides=[name])
    sources.add("lib", "2.0")
    sources.add("client", "1.0", "python3-lib >= 2.0")
    assert not build(at_once=1)["failed"]
    assert began(site)[0] == "lib"


def test_one_failure_holds_back_only_what_needs_it(build, site, sources):
    sources.add("lib", "2.0", fails=1)
    sources.add("client", "1.0", "python3-lib >= 2.0", provides=["client"])
    sources.add("nova", "1.0", "client")
    sources.add("glance", "1.0")
    failed = build()
    assert failed["failed"] and "1 of 4 builds failed, which holds back 2" in failed["msg"]
    assert "could not init mock buildroot" in failed["msg"]
    assert failed["counts"] == {"done": 1, "failed": 1, "held": 2}
    states = {one["nvr"].split("-")[0]: one for one in failed["builds"]}
    assert states["client"]["fault"] == "it needs lib-2.0-1.el9 for python3-lib >= 2.0, which is failed"
    assert states["lib"]["failure_class"]
    # What failed is tried once more by the next run.
    assert build()["counts"] == {"done": 4}


def test_a_killed_run_builds_nothing_twice(site, sources, build, tmp_path):
    site.hub.speed = 100.0
    lib = sources.add("lib", "2.0", seconds=100.0)
    sources.add("client", "1.0", "python3-lib >= 2.0", really=[lib])
    sources.add("glance", "1.0", seconds=100.0)
    for when in ("before the hub has a build", "while it builds"):
        process = start_module("koji_builds", **options(site, tmp_path, sources.builds))
        while site.calls.count("build") < 2 or (when == "while it builds" and len(site.hub.builds) < 3):
            time.sleep(0.01)
            assert process.poll() is None
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    site.hub.speed = 1000.0
    queued = [task for task in site.hub.tasks.values() if task["method"] == "build"]
    made = build()
    assert not made["failed"], made["msg"]
    assert made["counts"] == {"done": 3}
    assert len(queued) + site.written.count("build") == 3


def test_a_lost_answer_is_not_built_twice(build, site, sources):
    sources.add("lib", "2.0")
    site.fail("cut-after", "build")
    made = build()
    complete = [one for one in site.hub.builds.values() if one["nvr"] == "lib-2.0-1.el9"]
    assert [one["state"] for one in complete] == [1]
    assert made["failed"] in (False, True)
    assert build()["counts"] == {"done": 1}


def test_a_repository_that_nobody_makes_is_asked_for(build, site, sources):
    site.hub.regenerates.clear()
    site.hub.users["alice"].permissions.add("regen-repo")
    lib = sources.add("lib", "2.0")
    sources.add("client", "1.0", "python3-lib >= 2.0", really=[lib])
    made = build(regenerate=True)
    assert not made["failed"], made["msg"]
    assert site.written.count("newRepo") == 1


def test_time_that_is_over_says_how_far_it_is(build, site, sources):
    site.hub.speed = 1.0
    sources.add("lib", "2.0")
    sources.add("client", "1.0", "python3-lib >= 2.0")
    over = build(wait_timeout=1)
    assert over["failed"] and "0 of 2 built, 1 building, 1 waiting (1 for builds)" in over["msg"]
    assert (over["hub"], over["final"]) == (site.url, False)
    site.hub.speed = 1000.0
    assert build()["counts"] == {"done": 2}


def test_all_that_is_wrong_is_said_at_once(build, sources, site):
    sources.add("lib", "2.0")
    sources.builds += [
        {"nvr": "x-1-1", "source": "/nope/x.src.rpm"},
        {"nvr": "y-1-1", "source": "https://example.com/y.git"},
        {"nvr": "lib-2.0-1.el9", "source": URL.format("lib")},
    ]
    failed = build()
    for part in ("3 builds cannot be made", "no source RPM /nope", "names no revision", "stands twice"):
        assert part in failed["msg"]
    sources.builds = [{"nvr": "lib", "source": URL.format("lib")}]
    assert "not a name-version-release" in build()["msg"]
    sources.builds = []
    assert "nothing to build" in build()["msg"]
    assert site.written == []


def test_builds_that_wait_for_each_other_are_named(build, sources):
    sources.add("client", "1.0", "nova", provides=["client"])
    sources.add("nova", "1.0", "client", provides=["nova"])
    assert "client-1.0-1.el9 → nova-1.0-1.el9 → client-1.0-1.el9" in build()["msg"]


def test_builds_that_never_come_into_the_repository_are_not_waited_for(build, site, sources):
    site.hub.do_setInheritanceData(site.hub.users["kojiadmin"], BUILD, [], clear=True)
    sources.add("lib", "2.0", provides=["python3-lib"])
    sources.add("client", "1.0", "python3-lib >= 2.0")
    assert "does not inherit from" in build()["msg"]
    assert "has no target nope" in build(target="nope")["msg"]
