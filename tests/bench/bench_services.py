# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services deployed from a candidate and tested by Tempest's smoke tests: one alone, some together, all five.

    bench_services.py [FOLDER]

All stand on the same candidate, of a quickstart in FOLDER (quickstart/cloud): make quickstart PROFILE=cloud makes it.
"""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
CLOUDS = ROOT / "roles" / "scenario_tempest" / "files"
DEFINITIONS = ("identity", "image", "network", "cloud")
READY = re.compile(r"^ *([0-9.]+) s (\S+) is ready$", re.MULTILINE)


def services(definition: str) -> set[str]:
    """The services and parts that a definition deploys, with those that it is based on."""
    said = yaml.safe_load((CLOUDS / definition).read_text())
    found = {entry["name"] for kind in ("parts", "services") for entry in said.get(kind, [])}
    below = said.get("based_on", [])
    return found.union(*map(services, [below] if isinstance(below, str) else below))


def run(folder: pathlib.Path, results: pathlib.Path, definition: str) -> float:
    """Deploy and test; returns how long all of it took, seconds."""
    given = {
        "ansible_python_interpreter": sys.executable,
        "candidate": str(folder / "run" / "candidate.json"),
        "scenario_name": "bench",
        "scenario_role": "rdo.releng.scenario_tempest",
        "scenario_results": str(results),
        "scenario_vote": False,
        "scenario_tempest_definition": definition,
        "scenario_tempest_include": r"\bsmoke\b",
        "scenario_tempest_repositories": [{"id": "base", "baseurl": f"file://{folder}/stand-in-base"}],
        "scenario_tempest_packages": [
            *("stand-in-base", "python3-pyuwsgi", "python3-python-tempestconf", "python3-tempest"),
        ],
        "scenario_tempest_cache": str(folder / "dnf-cache"),
    }
    playbook = pathlib.Path(sys.executable).with_name("ansible-playbook")
    start = time.monotonic()
    done = subprocess.run(
        [str(playbook), "rdo.releng.scenario", "--extra-vars", json.dumps(given)],
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".build"), "LC_ALL": "C.UTF-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"bench_services: {definition} is red:\n{done.stdout[-3000:]}")
    return time.monotonic() - start


def main() -> None:
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "quickstart" / "cloud").resolve()
    if not (folder / "run" / "candidate.json").is_file():
        print(f"bench_services: skipped, there is no candidate in {folder}: make quickstart PROFILE=cloud makes one")
        return
    print("services from one candidate: until all are ready, Tempest's smoke tests on them, all with the installation")
    for name in DEFINITIONS:
        definition = f"clouds/{name}.yml"
        with tempfile.TemporaryDirectory() as place:
            results = pathlib.Path(place) / "results"
            whole = run(folder, results, definition)
            ready = [float(at) for at, _name in READY.findall((results / "logs" / "cloud.log").read_text())]
            tests = tested(results)
        print(
            f"  {name:10} {len(services(definition)):2} services and parts   ready {max(ready):4.0f} s   "
            f"{tests['passed']:3} tests passed, {tests['failed']} failed, "
            f"{tests['seconds']:4.0f} s   all {whole:4.0f} s"
        )


def tested(results: pathlib.Path) -> dict[str, float]:
    """Tempest's counts."""
    sys.path.insert(0, str(ROOT / ".build"))
    from ansible_collections.rdo.releng.plugins.module_utils._diagnosis.test_results import read_results

    _format, found = read_results(str(results / "tests" / "tempest.subunit"))
    return {"passed": found.passed, "failed": len(found.failures), "seconds": found.seconds}


if __name__ == "__main__":
    main()
