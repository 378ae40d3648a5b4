# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan for all of the real rdoinfo on a hub that holds it: seconds, memory, requests."""

from __future__ import annotations

import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "contract" / "koji"), str(ROOT / ".build")]

from koji_double import Hub, Server  # noqa: E402
from seeding import RDOINFO, options, read_wanted, seed  # noqa: E402

MEGABYTES = 300


def main() -> None:
    if not RDOINFO.is_dir():
        print(f"bench_koji_plan: skipped, there is no rdoinfo at {RDOINFO} (RELENG_SHARED)")
        return
    wanted = read_wanted()
    server = Server(Hub())
    seed(server.hub, wanted)
    rows = sum(map(len, wanted.rows.values()))
    with tempfile.TemporaryDirectory() as folder:
        # Builds that no tag shows are asked for by name.
        for what in ("all in place", "a tag in three emptied"):
            if what != "all in place":
                for name in sorted(wanted.rows)[::3]:
                    server.hub.tagged[server.hub.tag(name)["id"]].clear()
            server.reset()
            plan(server, pathlib.Path(folder), what, len(wanted.rows), rows)
    server.stop()


def plan(server: Server, folder: pathlib.Path, what: str, tags: int, rows: int) -> None:
    given = {name: value for name, value in options(server.url, folder).items() if value is not None}
    settings = {"_ansible_check_mode": True, **given}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "ansible_collections.rdo.releng.plugins.modules.koji_tag_builds"],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": settings}),
        env={**os.environ, "PYTHONPATH": str(ROOT / ".build")},
        capture_output=True,
        text=True,
        check=True,
    )
    seconds = time.monotonic() - start
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu, megabytes = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime, used.ru_maxrss / 1024
    result = json.loads(done.stdout)
    actions, refused = (len(result["plan"][key]) for key in ("actions", "refused"))
    assert what != "all in place" or not actions + refused
    allowed = 3 * tags + -(-rows // 1000) + 1
    print(f"koji_tag_builds, {what}: {tags} tags, {rows} NVRs -> {actions} actions, {refused} refused")
    print(f"  {seconds:.1f} s, of the CPU {cpu:.1f} s")
    print(f"  {megabytes:.0f} MB (at most {MEGABYTES})")
    print(f"  {server.requests} requests (at most {allowed}); one call a build would make {rows}")
    assert megabytes <= MEGABYTES and server.requests <= allowed


if __name__ == "__main__":
    main()
