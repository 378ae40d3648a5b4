# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks that are killed with everything they started, as when the power goes, and what they leave."""

from __future__ import annotations

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import threading
import time
import typing as t

from stage.modules import playbook_call


class Power:
    """Runs of playbooks with a temporary folder of their own, by which all their processes are found.

    :ivar temporary: the folder, which is ``TMPDIR`` for them.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self.temporary = folder / "tmp"
        self.temporary.mkdir(parents=True)
        self._environment = {"TMPDIR": str(self.temporary), "ANSIBLE_HOME": str(folder / "ansible")}

    def run(self, call: dict[str, t.Any]) -> str:
        """What a run to its end printed; it must not fail."""
        process = self._start(call)
        output = process.communicate(timeout=600)[0]
        assert process.returncode == 0, output
        return output

    def kill_at_task(self, call: dict[str, t.Any], name: str) -> None:
        """Kill a run when it begins the first task of this name; it may end before."""
        process = self._start(call)
        for line in process.stdout or ():
            if line.startswith(f"TASK [{name}]"):
                break
        self._kill(process)

    def kill_after(self, call: dict[str, t.Any], seconds: float) -> None:
        process = self._start(call)
        # Somebody has to read what it prints, or it waits for that.
        threading.Thread(target=lambda: list(process.stdout or ()), daemon=True).start()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        self._kill(process)

    def kill_when(self, call: dict[str, t.Any], reached: threading.Event) -> None:
        process = self._start(call)
        threading.Thread(target=lambda: list(process.stdout or ()), daemon=True).start()
        assert reached.wait(300)
        self._kill(process)

    def left(self) -> list[pathlib.Path]:
        """What is left in the temporary folder, without the code of modules that Ansible itself unpacks there."""
        return [path for path in self.temporary.iterdir() if not path.name.startswith("ansible_")]

    def _start(self, call: dict[str, t.Any]) -> subprocess.Popen[str]:
        given = {**call, "environment": {**call["environment"], **self._environment}}
        command, options = playbook_call(*given.pop("words"), **given)
        return subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True, **options)

    def _kill(self, process: subprocess.Popen[str]) -> None:
        """Kill the run's process group, and what it started in groups of their own."""
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        end = time.monotonic() + 60
        while left := self._processes():
            assert time.monotonic() < end, left
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)

    def _processes(self) -> list[int]:
        mark, found = f"TMPDIR={self.temporary}".encode(), []
        for path in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if mark in (path / "environ").read_bytes().split(b"\0"):
                    found.append(int(path.name))
        return found


def tasks_of(output: str) -> list[str]:
    """The names of the tasks that a playbook began, each once, in their order."""
    return list(dict.fromkeys(re.findall(r"^TASK \[(.*)\] \*", output, re.MULTILINE)))


def open_changes(gerrit: t.Any, *names: str) -> list[tuple[str, ...]]:
    """What the open changes of the double are, without what is another one each time, and without ``names``."""
    found = []
    for change in (one for one in gerrit.changes if one.status == "NEW"):
        message = gerrit.git(change.project, "log", "-1", "--format=%B", change.commits[-1])
        patch = gerrit.git(change.project, "diff-tree", "-p", f"{change.commits[-1]}^", change.commits[-1])
        text = re.sub(r"(?m)^(index |Change-Id: ).*\n", "", f"{message}\n{patch}")
        text = re.sub(r"[0-9a-f]{40}", "(a commit)", text)
        for name in (gerrit.url, *names):
            text = text.replace(name, "")
        who = ",".join(sorted(change.reviewers))
        found.append((change.project, change.branch, change.topic or "", who, ",".join(sorted(change.hashtags)), text))
    assert len({one[:3] for one in found}) == len(found), "two open changes of one thing"
    return sorted(found)
