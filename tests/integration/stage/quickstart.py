# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The quickstart as ``make quickstart`` runs it, in a folder of its own, and what it left there."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import typing as t

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[3]


def needs_dlrn(target: str) -> None:
    """Skip where DLRN is not installed; ``target`` is what of make installs it."""
    if not (ROOT / ".build" / "dlrn" / "bin" / "dlrn").exists():
        pytest.skip(f"DLRN is not installed in .build/dlrn: run make {target}")


def stages(*first: str) -> list[dict[str, str]]:
    """Stages of the quickstart: some of its first, and all that follow the first versions."""
    known = yaml.safe_load((ROOT / "playbooks" / "vars" / "quickstart.yml").read_text())["quickstart_stages"]
    chase = [stage["name"] for stage in known].index("next-commits")
    return [stage for stage in known if stage["name"] in first] + known[chase:]


class Quickstart:
    """One folder, in which a run goes on with what the last one left.

    :param profile: ``PROFILE``; empty for the quickstart's own.
    :param job: the scenario that votes.
    :param given: variables of each run.
    """

    def __init__(self, folder: pathlib.Path, profile: str = "", job: str = "", **given: t.Any) -> None:
        self.folder, self._job, self._given = folder, job, given
        self._environment = {"QUICKSTART_FOLDER": str(folder), "ANSIBLE_NOCOLOR": "1"}
        if profile:
            self._environment["PROFILE"] = profile

    def start(self, fault: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Begin a run with arguments of ansible-playbook."""
        return subprocess.Popen(
            [str(ROOT / ".ci" / "quickstart"), fault, *arguments],
            env={**os.environ, **self._environment, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def play(self, fault: str = "", *arguments: str, **environment: str) -> tuple[int, str]:
        """Exit status and output of a run with arguments of ansible-playbook."""
        process = self.start(fault, *arguments, **environment)
        output, _none = process.communicate()
        return process.returncode, output

    def run(self, fault: str = "", **given: t.Any) -> tuple[int, str]:
        """Exit status and output of a run with variables."""
        return self.play(fault, "--extra-vars", json.dumps({**self._given, **given}))

    def document(self, name: str) -> dict[str, t.Any]:
        return json.loads((self.folder / "run" / name).read_text())

    def label(self) -> str:
        """The .repo file of what is promoted."""
        return (self.folder / "dlrn" / "data" / "repos" / "current-passed-ci" / "delorean.repo").read_text()

    def results(self) -> pathlib.Path:
        """Where the job left what it found out about the candidate."""
        return self.folder / "results" / self.document("candidate.json")["id"][:12] / self._job

    def vote(self) -> dict[str, t.Any]:
        """The newest vote that was kept for the candidate."""
        votes = [json.loads(path.read_text()) for path in self.results().glob("votes/*/*")]
        return max(votes, key=lambda vote: vote["timestamp"])

    def copy_votes(self, folder: pathlib.Path) -> None:
        """Those that were kept for any candidate."""
        for votes in (self.folder / "results").glob(f"*/{self._job}/votes"):
            shutil.copytree(votes, folder, dirs_exist_ok=True)

    def greet(self, project: str) -> None:
        """Commit what makes no difference to anybody."""
        repository = self.folder / "upstream" / project
        with open(repository / "README.rst", "a") as readme:
            readme.write("\nWelcome.\n")
        argv = ["git", "-C", str(repository), "-c", "user.name=A", "-c", "user.email=a@example.org"]
        subprocess.run([*argv, "commit", "-qam", "Greet the reader"], check=True)

    def newest_commit(self, repository: str) -> str:
        argv = ["git", "-C", str(self.folder / repository), "rev-parse", "HEAD"]
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()
