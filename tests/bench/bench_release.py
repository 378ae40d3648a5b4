# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rehearsal of a release of 330 packages: whose time it takes, requests, memory, beside one call a build.

Names and versions are those of rdoinfo, and the type of each package that of upstream's deliverables. What the data do
not say is made up, with a fixed seed: which build needs which, and how long each takes.
"""

from __future__ import annotations

import contextlib
import math
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import threading
import time

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "contract" / "koji"), str(ROOT / "tests" / "integration"), str(ROOT / ".build")]

from release_world import ReleaseWorld, name_of  # noqa: E402
from seeding import RDOINFO  # noqa: E402

from ansible_collections.rdo.releng.plugins.module_utils._release.rdoinfo import Folder, Rdoinfo  # noqa: E402

DELIVERABLES = RDOINFO.parent / "deliverables"
TAG = "cloud9s-openstack-epoxy-testing"
PACKAGES, BUILDERS = 330, 24
MEDIAN, REGENERATION = 270.0, 180.0  # seconds of the hub for a build, and for a repository
SPEED, POLL = 120.0, 0.25  # of its seconds in one of ours, so that it is asked every half minute of its time
OWN_SECONDS, GOAL, MEGABYTES = 600, 300, 300
# What is built first; what stands in one line may need what stands before it.
LAYERS = ("other", "library", "client-library", "service")
SAMPLE = 5

ONE_BY_ONE = """
- hosts: localhost
  gather_facts: false
  tasks:
    - rdo.releng.koji_build:
        source: "{{ item.source }}"
        nvr: "{{ item.nvr }}"
        target: cloud9s
      loop: "{{ ga_builds[:%d] }}"
"""


def read_packages() -> list[tuple[str, str]]:
    """(layer, NVR) of the release's packages: what upstream released first, then what that needs."""
    types = {}
    for path in [*DELIVERABLES.glob("epoxy/*.yaml"), *DELIVERABLES.glob("_independent/*.yaml")]:
        document = yaml.safe_load(path.read_text())
        for repository in document.get("repository-settings") or {}:
            types[repository.rsplit("/", 1)[1]] = document.get("type", "other")
    info = Rdoinfo.read(Folder(str(RDOINFO)))
    rows = dict(info.buildsys_tags[TAG])
    found = []
    for nvr in sorted(rows.values()):
        package = name_of(nvr)
        plain = package.removeprefix("openstack-").removeprefix("python-")
        kind = types.get(plain) or types.get(f"python-{plain}") or types.get(plain.replace("-", "."))
        layer = "other" if kind is None else kind if kind in LAYERS else "service"
        found.append((layer, nvr))
    found.sort(key=lambda one: one[0] == "other")
    return sorted(found[:PACKAGES], key=lambda one: (LAYERS.index(one[0]), one[1]))


def make_up(packages: list[tuple[str, str]]) -> tuple[dict[str, list[str]], dict[str, float]]:
    """Which NVR needs which, and how long each takes."""
    seed = random.Random(20)
    builds: dict[str, list[str]] = {}
    seconds = {}
    for layer, nvr in packages:
        before = [other for place, other in packages if place != layer and other in builds]
        same = [other for place, other in packages if place == layer and other in builds]
        needs = set(seed.sample(before[-60:], min(3, len(before[-60:]))))
        if layer == "library" and same:
            needs.add(seed.choice(same))
        builds[nvr] = sorted(needs)
        seconds[nvr] = seed.lognormvariate(math.log(MEDIAN), 0.6)
    return builds, seconds


class Memory(threading.Thread):
    """The most that a process of the run, and all of them together, had at a time."""

    def __init__(self, folder: pathlib.Path) -> None:
        super().__init__(daemon=True)
        self.mark = f"XDG_STATE_HOME={folder / 'state'}".encode()
        self.largest = self.together = 0
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.wait(0.3):
            sizes = []
            for process in pathlib.Path("/proc").glob("[0-9]*"):
                with contextlib.suppress(OSError):
                    if self.mark in (process / "environ").read_bytes().split(b"\0"):
                        pages = int((process / "statm").read_text().split()[1])
                        sizes.append(pages * os.sysconf("SC_PAGE_SIZE"))
            self.largest, self.together = max([self.largest, *sizes]), max(self.together, sum(sizes))


def main() -> None:
    if not RDOINFO.is_dir() or not DELIVERABLES.is_dir():
        print(f"bench_release: skipped, there is no rdoinfo and deliverables at {RDOINFO.parent} (RELENG_SHARED)")
        return
    packages = read_packages()
    builds, seconds = make_up(packages)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        world = ReleaseWorld(folder, builds, list(builds), seconds, SPEED)
        try:
            rehearse(world, folder, packages, seconds)
        finally:
            world.close()


def rehearse(
    world: ReleaseWorld, folder: pathlib.Path, packages: list[tuple[str, str]], took: dict[str, float]
) -> None:
    world.hub.builders, world.hub.regenerates["cloud9s-epoxy-build"] = BUILDERS, REGENERATION
    world.review_rows()
    world.review_tag()
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    world.write_variables(ga_scenario_tasks=str(folder / "vote.yml"), ga_poll=POLL, ga_announced=now)
    memory = Memory(folder)
    memory.start()
    sentences = [world.run()]
    assert "published waits for distribution" in sentences[0], sentences[0]
    world.sign_and_mirror()
    requests = world.server.requests
    sentences.append(world.run())
    requests, writes = world.server.requests, world.server.writes
    memory.ended.set()
    memory.join()
    assert sentences[1] == "epoxy on el9s: done until announcement.", sentences[1]
    sums = world.times()["sums"]
    made = [build for build in world.hub.builds.values() if build["task_id"]]
    span = max(build["completion_ts"] for build in made) - min(build["start_ts"] for build in made)
    layers = ", ".join(f"{sum(one == layer for one, _nvr in packages)} {layer}" for layer in LAYERS)
    print(f"ga, {len(packages)} packages of rdoinfo's {TAG} ({layers}), all built, {BUILDERS} builders")
    print(f"  the hub built for {span / 60:.0f} of its minutes; one after the other: {sum(took.values()) / 60:.0f}")
    print(
        f"  own time {sums['ours']:.0f} s (at most {OWN_SECONDS}, goal {GOAL}), beside {sums['hub']:.0f} s of waiting"
    )
    print(f"  {requests} requests, {writes} calls that write")
    print(
        f"  the largest process {memory.largest / 2**20:.0f} MB (at most {MEGABYTES}), all at once "
        f"{memory.together / 2**20:.0f} MB"
    )
    one_by_one(world, folder, len(packages))
    assert sums["ours"] <= OWN_SECONDS and memory.largest <= MEGABYTES * 2**20


def one_by_one(world: ReleaseWorld, folder: pathlib.Path, packages: int) -> None:
    """Five tasks that find their build done, for the time and the requests of a task a build."""
    playbook = folder / "one.yml"
    playbook.write_text(ONE_BY_ONE % SAMPLE)
    world.server.reset()
    start = time.monotonic()
    done = subprocess.run(
        [str(pathlib.Path(sys.executable).with_name("ansible-playbook")), "-i", "localhost,", "-c", "local", "-e",
         f"ansible_python_interpreter={sys.executable}", "-e", f"@{world.variables}", str(playbook)],
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".build"), **world.environment},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    each = (time.monotonic() - start) / SAMPLE
    assert done.returncode == 0, done.stdout[-3000:]
    print(
        f"  one task a build, by {SAMPLE} that had nothing to do: {each * packages:.0f} s and "
        f"{world.server.requests * packages // SAMPLE} requests for the builds alone"
    )


if __name__ == "__main__":
    main()
