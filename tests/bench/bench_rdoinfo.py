# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""All of an rdoinfo resolved by us, cold and warm, and by the library distroinfo: CPU seconds of whole processes.

    bench_rdoinfo.py [FOLDER]

Without FOLDER the real rdoinfo is read from ../shared/data, or from data below RELENG_SHARED.
"""

from __future__ import annotations

import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROUNDS = 5
OURS = """
import sys
from ansible_collections.rdo.releng.plugins.module_utils._release.rdoinfo import Cache, Folder, Rdoinfo
info = Rdoinfo.read(Folder(sys.argv[1]), cache=Cache(sys.argv[2]))
print(len(info.packages()), len(info.releases), sum(len(builds) for builds in info.buildsys_tags.values()))
"""
THEIRS = """
import sys
from distroinfo.info import DistroInfo
info = DistroInfo("rdo-full.yml", local_info=sys.argv[1]).get_info()
rows = [nvr for package in info["packages"] for nvr in (package.get("buildsys-tags") or {}).values() if nvr]
print(len(info["packages"]), len(info["releases"]), len(rows))
"""


def measure(program: str, *arguments: str) -> tuple[float, str]:
    """CPU seconds of a Python process, its start included, and what it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    output = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT / ".build")},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, output.strip()


def main() -> None:
    shared = pathlib.Path(os.environ.get("RELENG_SHARED", ROOT.parent / "shared"))
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else shared / "data" / "rdoinfo")
    if not folder.is_dir():
        print(f"bench_rdoinfo: skipped, there is no rdoinfo at {folder}")
        return
    times: dict[str, list[float]] = {"distroinfo": [], "rdo.releng, cold": [], "rdo.releng, warm": []}
    answers = set()
    for _round in range(ROUNDS):
        with tempfile.TemporaryDirectory() as cache:
            for name, program in (("distroinfo", THEIRS), ("rdo.releng, cold", OURS), ("rdo.releng, warm", OURS)):
                seconds, answer = measure(program, str(folder), cache)
                times[name].append(seconds)
                answers.add(answer)
    assert len(answers) == 1, answers
    packages, releases, builds = answers.pop().split()
    medians = {name: statistics.median(seconds) for name, seconds in times.items()}
    print(f"rdoinfo: {packages} packages, {releases} releases, {builds} builds; median of {ROUNDS}, CPU seconds")
    for name, seconds in medians.items():
        print(f"  {name:18} {seconds:6.2f}   {medians['distroinfo'] / seconds:5.1f} times as fast as distroinfo")


if __name__ == "__main__":
    main()
