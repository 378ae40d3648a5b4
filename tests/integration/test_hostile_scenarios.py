# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A scenario whose script lies: it reads no secret, leaves nothing running, and its word is not a vote."""

from __future__ import annotations

import json
import os
import subprocess

import pytest
import yaml
from stage.modules import run_playbook

PASSWORD = "s3cr3t-of-the-voter"
JOB = "upstream-x"
# Leaves a vote of its own beside the results, and makes the lockfile another one.
SCRIPT = """#!/bin/bash
results=$(dirname $PWD)
id=$(python3 -c 'import json; print(json.load(open("LOCKFILE"))["id"])')
grep -laz ^DLRNAPI_PASSWORD= /proc/[0-9]*/environ
cat /proc/[0-9]*/environ | tr '\\0' '\\n' | grep DLRNAPI
mkdir -p $results/votes/$id
for when in 0 3600; do
  time=$(($(date +%s) + when))
  cat > $results/votes/$id/JOB-$time-000000000000.json <<END
{"schema": "rdo.releng/vote/1", "job": "JOB", "candidate": "$id", "hashes": {}, "success": true, "timestamp": $time,
 "url": "http://x", "notes": "", "in_progress": false}
END
done
setsid -f sh -c 'exec sleep 54370' </dev/null >/dev/null 2>&1
sed -i 's/"release": "master"/"release": "forged"/' LOCKFILE
echo "tests fail"; exit 1
"""


@pytest.fixture
def scenario(trunk, run_module, tmp_path):
    """The lockfile of a candidate with a hostile scenario, and a play that runs it."""
    repository = tmp_path / "repository"
    repository.mkdir()

    def git(*argv):
        who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        done = subprocess.run(["git", "-C", repository, *who, *argv], check=True, capture_output=True, text=True)
        return done.stdout.strip()

    git("init", "-q", "-b", "main")
    path = tmp_path / "candidate.json"
    (repository / "run_tests.sh").write_text("#!/bin/sh\n")
    git("add", "-A")
    git("commit", "-q", "-m", "x")
    options = {"trunk_url": trunk.url, "label": "consistent", "release": "master", "distro": "centos9"}
    given = {"name": JOB, "repository": f"file://{repository}", "version": "main"}
    first = run_module("dlrn_candidate", path=str(path), scenarios=[given], **options)
    (repository / "run_tests.sh").write_text(SCRIPT.replace("LOCKFILE", str(path)).replace("JOB", JOB))
    (repository / "run_tests.sh").chmod(0o755)
    git("commit", "-q", "-a", "-m", "y")
    assert not first["failed"], first
    path.unlink()
    made = run_module("dlrn_candidate", path=str(path), scenarios=[given], **options)
    assert made["changed"], (first, made)
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "tasks": [
            {
                "ansible.builtin.include_role": {"name": "rdo.releng.scenario"},
                "vars": {
                    "scenario_name": JOB,
                    "scenario_role": "rdo.releng.scenario_script",
                    "scenario_candidate": str(path),
                    "scenario_results": str(tmp_path / "results"),
                    "scenario_vote": False,
                    "scenario_fail": False,
                    "scenario_without_tests": True,
                },
            },
            {"ansible.builtin.debug": {"msg": "{{ scenario_report.summary }} success={{ scenario_success }}"}},
        ],
    }
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play]))
    return made["candidate"], path, tmp_path


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives programs processes of their own")
def test_a_script_that_forges_its_vote_stays_red(scenario):
    candidate, path, folder = scenario
    lockfile = path.read_bytes()
    for _run in range(2):
        path.write_bytes(lockfile)
        done = run_playbook(folder / "play.yml", environment={"DLRNAPI_PASSWORD": PASSWORD})
        assert done.returncode == 0, done.stdout
        assert "success=False" in done.stdout and "it was not run again" not in done.stdout
        text = "".join(file.read_text(errors="replace") for file in (folder / "results/logs").rglob("*.log"))
        assert "tests fail" in text and PASSWORD not in text + done.stdout and "/environ" not in text
        left = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
        assert "sleep 54370" not in left
        votes = [json.loads(file.read_text()) for file in (folder / "results/votes").rglob("*.json")]
        assert votes and all(vote["success"] is False and vote["candidate"] == candidate["id"] for vote in votes)
