# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scenario of Tempest alone, on a candidate that a quickstart has made, and the processes in its root."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import subprocess
import time
import typing as t

import pytest

from stage.quickstart import ROOT


def listed_processes() -> list[tuple[int, int, str]]:
    """Number, parent's number and command of each process."""
    listed = subprocess.run(["ps", "-ewwo", "pid,ppid,args"], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()[1:]]
    return [(int(pid), int(ppid), args) for pid, ppid, args in rows]


class Scenario:
    """One run after another of the scenario, without anybody to report to.

    :param trunk: the quickstart's folder.
    :param candidate: the lockfile.
    :param root: packages of the stand-in that a root needs.
    :param given: variables of each run.
    """

    def __init__(
        self,
        trunk: pathlib.Path,
        candidate: pathlib.Path,
        results: pathlib.Path,
        job: str,
        root: t.Sequence[str] = ("stand-in-base",),
        **given: t.Any,
    ) -> None:
        self.results, self.job, self.candidate = results, job, candidate
        self.given = {
            "ansible_python_interpreter": str(ROOT / ".venv" / "bin" / "python"),
            "candidate": str(candidate),
            "scenario_name": job,
            "scenario_role": "rdo.releng.scenario_tempest",
            "scenario_results": str(results),
            "scenario_vote": False,
            "scenario_tempest_repositories": [{"id": "base", "baseurl": f"file://{trunk}/stand-in-base"}],
            "scenario_tempest_packages": [
                *root,
                "python3-pyuwsgi",
                "python3-python-tempestconf",
                "python3-tempest",
            ],
            "scenario_tempest_cache": str(trunk / "dnf-cache"),
            **given,
        }

    def start(self, *before: str, playbook: str = "scenario", **more: object) -> subprocess.Popen[str]:
        """Begin it; ``before`` is a program that is to run Ansible."""
        program = [str(ROOT / ".venv" / "bin" / "ansible-playbook"), f"rdo.releng.{playbook}"]
        return subprocess.Popen(
            [*before, *program, "--extra-vars", json.dumps({**self.given, **more})],
            env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".build"), "ANSIBLE_NOCOLOR": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def bisect(self, good: pathlib.Path, votes: pathlib.Path, **more: object) -> tuple[str, list[dict[str, t.Any]]]:
        """Find what turns the candidate red: what Ansible said, and the tries.

        :param good: the lockfile of one that was green.
        :param votes: where those of both are.
        """
        del self.given["scenario_results"]  # each try has its own
        folder, bad = str(self.results), str(self.candidate)
        ends = {"good": str(good), "bad": bad, "bisect_folder": folder, "bisect_vote_directory": str(votes)}
        done = self.start(playbook="bisect", **ends, **more)
        output, _none = done.communicate()
        assert done.returncode == 0, output[-5000:]
        return output, json.loads((self.results / "bisection.json").read_text())["tries"]

    def processes(self) -> dict[int, str]:
        """The processes in its root, and their commands."""
        found = {}
        for pid, _ppid, args in listed_processes():
            with contextlib.suppress(OSError):
                if os.path.samefile(f"/proc/{pid}/root", self.results / "root"):
                    found[pid] = args
        return found

    def find(self, words: str) -> list[int]:
        """The processes in its root whose command has ``words``."""
        return [pid for pid, command in self.processes().items() if words in command and "bwrap" not in command]

    def wait_for(self, process: subprocess.Popen[str], words: str) -> int:
        """The process in its root whose command has ``words``, as soon as there is one."""
        while process.poll() is None:
            if found := self.find(words):
                return found[0]
            time.sleep(0.2)
        pytest.fail(f"It ended before {words} had begun: {process.communicate()[0][-3000:]}")

    def wait_for_tempest(self, process: subprocess.Popen[str], left: t.Container[int] = ()) -> int:
        """The process that runs Tempest, when it has begun to ask; not one that an earlier run has ``left``."""
        while process.poll() is None:
            found = [pid for pid in self.find("tempest run") if pid not in left]
            with contextlib.suppress(OSError):
                if found and os.stat(f"/proc/{found[0]}/root/tmp/logs/tempest.log").st_size > 0:
                    return found[0]
            time.sleep(0.2)
        pytest.fail(f"It ended before Tempest had begun: {process.communicate()[0][-3000:]}")

    def is_gone(self) -> bool:
        """Whether nothing of it is left; a process that was just killed needs a moment."""
        for _try in range(50):
            if not self.processes() and str(self.results) not in pathlib.Path("/proc/mounts").read_text():
                return not (self.results / "root").exists()
            time.sleep(0.2)
        return False

    def votes(self) -> list[dict[str, t.Any]]:
        """What was found out about the candidate."""
        return [json.loads(path.read_text()) for path in self.results.glob("votes/*/*")]

    def see_it_green(self, process: subprocess.Popen[str]) -> None:
        """It succeeded, with one vote that says so, and nothing of it is left."""
        output, _none = process.communicate()
        assert process.returncode == 0, output[-3000:]
        assert [vote["success"] for vote in self.votes()] == [True]
        assert self.is_gone()

    def see_it_red(self, process: subprocess.Popen[str], failure_class: str, words: str) -> str:
        """It failed, with one vote that says so, and nothing of it is left; returns what Ansible said."""
        output, _none = process.communicate()
        assert process.returncode != 0
        assert f"{self.job} failed ({failure_class})" in output, output[-3000:]
        assert words in output, output[-3000:]
        (vote,) = self.votes()
        assert vote["success"] is False
        assert failure_class in vote["notes"]
        assert self.is_gone()
        return output
