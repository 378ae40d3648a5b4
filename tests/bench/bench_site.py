# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status site of two hundred candidates: how long it takes to write, and to find that nothing changed."""

from __future__ import annotations

import pathlib
import random
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / ".build"))

from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform  # noqa: E402
from ansible_collections.rdo.releng.plugins.module_utils._service.site.status_site import WriteSite  # noqa: E402

CANDIDATES, COMPONENTS, COMMITS, JOBS = 200, 14, 3000, 12
NOW = 1796000000.0
HOUR = 3600


def history(seed: random.Random) -> dict:
    """Two months of a trunk: a candidate every seven hours, one of three promoted."""

    def moment(at: float) -> str:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))

    commits = []
    for number in range(COMMITS):
        at = NOW - 60 * 24 * HOUR * number / COMMITS
        commits.append(
            {
                "project": f"python-project{seed.randrange(300)}",
                "component": f"component{number % COMPONENTS}",
                "status": seed.choice(["SUCCESS"] * 9 + ["FAILED"]),
                "commit_hash": f"{seed.getrandbits(160):040x}",
                "distro_hash": f"{seed.getrandbits(160):040x}",
                "extended_hash": None,
                "committed_at": moment(at - HOUR),
                "built_at": moment(at),
                "directory": f"component/{number}",
            }
        )
    candidates = []
    for number in range(CANDIDATES):
        at = NOW - 7 * HOUR * number
        parts = [commits[min(COMMITS - 1, number * COMMITS // CANDIDATES + place)] for place in range(COMPONENTS)]
        keys = ("component", "commit_hash", "distro_hash", "extended_hash", "project", "committed_at", "built_at")
        vote = {"in_progress": False, "url": "https://logs.example.org/1", "notes": "134 passed, 0 failed"}
        candidates.append(
            {
                "name": f"{seed.getrandbits(128):032x}",
                "aggregate_hash": None,
                "staged_at": int(at),
                "promoted_at": int(at + 3 * HOUR) if number % 3 == 0 else None,
                "promoted_by": "ci",
                "components": [{key: part[key] for key in (*keys, "directory")} for part in parts],
                "votes": [
                    {**vote, "job": f"scenario{job:03}", "success": seed.random() > 0.1, "timestamp": int(at + HOUR)}
                    for job in range(JOBS)
                ],
            }
        )
    return {"candidates": candidates, "commits": commits}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        trunk = {
            "release": "master",
            "distro": "el9s",
            "label": "current-passed-ci",
            "decisions": [],
            "other_labels": [],
        }
        unset = ("trunk_url", "commit_url", "tags", "tag_plan", "changes")
        trunk.update(dict.fromkeys(unset), holding_back=[], ftbfs=[], decisions=[], other_labels=[])
        trunk["history"] = history(random.Random(1))
        given = {"path": f"{folder}/site", "data": f"{folder}/data", "trunks": [trunk], "time_lines": []}
        for what in ("written", "written again, nothing new"):
            start = time.perf_counter()
            result = perform(WriteSite(given, NOW), False, False)
            took = time.perf_counter() - start
            print(f"status site, {result['candidates']} candidates, {result['pages']} pages, {what}: {took:.2f} s")


if __name__ == "__main__":
    main()
