# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What a task and those it started left on the hub: their logs, and where their time went.

A build's own task has no logs: the tasks that it started have them, one that makes the source RPM and one for each
architecture (Koji 1.35.3). The hub hands out a file of a task itself, so nobody has to know where it serves its files.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import typing as t

from .apply import FAILED
from .session import Hub

# The logs that say why a build failed, the one that most often does first.
TELLING = ("build.log", "root.log", "mock_output.log")
# Bytes of a log that are looked at: its end. And how much the hub hands out at a time, and how often it is asked.
MOST, PIECE, PIECES = 8 << 20, 4 << 20, 32


@dataclasses.dataclass(frozen=True)
class TaskLog:
    """A log of a task, and its address; None: it is not known where the hub serves its files."""

    task: int
    method: str
    label: str | None
    name: str
    url: str | None

    def document(self) -> dict[str, t.Any]:
        return dataclasses.asdict(self)


class TaskTree:
    """A task with all those it started, as they are now."""

    def __init__(self, hub: Hub, task: int) -> None:
        self._hub = hub
        about = {"task": task}
        self.root: dict[str, t.Any] = hub.read("getTaskInfo", task, strict=True, about=about)
        children: dict[str, list[dict[str, t.Any]]] = hub.read("getTaskDescendents", task, about=about)
        self._parents = {int(parent) for parent, found in children.items() if found}
        self.tasks = [self.root, *(one for found in children.values() for one in found)]

    def culprits(self) -> list[dict[str, t.Any]]:
        """The tasks that failed by themselves: no other that they started did."""
        failed = [one for one in self.tasks if one["state"] == FAILED]
        blamed = {one["parent"] for one in failed}
        return [one for one in failed if one["id"] not in blamed]

    def logs(self, tasks: t.Sequence[dict[str, t.Any]] | None = None) -> list[TaskLog]:
        """The logs of some tasks, or of all, those that tell most first."""
        found = []
        for one in tasks if tasks is not None else self.tasks:
            names = self._hub.read("listTaskOutput", one["id"], about={"task": one["id"]})
            logs = sorted(str(name) for name in names if str(name).endswith(".log"))
            for name in sorted(logs, key=lambda name: TELLING.index(name) if name in TELLING else len(TELLING)):
                found.append(TaskLog(one["id"], one["method"], one["label"], name, self._address(one["id"], name)))
        return found

    def _address(self, task: int, name: str) -> str | None:
        return f"{self._hub.topurl}/work/tasks/{task % 10000}/{task}/{name}" if self._hub.topurl else None

    def read(self, log: TaskLog) -> str:
        """The end of a log's text."""
        about = {"task": log.task, "file": log.name}
        kept, offset = b"", 0
        for _number in range(PIECES):
            answer = self._hub.read("downloadTaskOutput", log.task, log.name, offset, PIECE, about=about)
            try:
                piece = base64.b64decode(answer)
            except (binascii.Error, TypeError, ValueError):
                break
            kept = (kept + piece)[-MOST:]
            offset += len(piece)
            if len(piece) < PIECE:
                break
        return kept.decode(errors="replace")

    def times(self) -> dict[str, float] | None:
        """Seconds from the request to the end, and of these those in which a host was at work and those in the queue.

        A task that waits for those it started is not at work. None: it has not ended.
        """
        begin, end = self.root["create_ts"], self.root["completion_ts"]
        if begin is None or end is None:
            return None
        spans = sorted(
            (one["start_ts"], one["completion_ts"])
            for one in self.tasks
            if one["id"] not in self._parents and one["start_ts"] is not None and one["completion_ts"] is not None
        )
        worked, reached = 0.0, begin
        for start, stop in spans:
            worked += max(0.0, min(stop, end) - max(start, reached))
            reached = max(reached, stop)
        total = max(0.0, end - begin)
        return {
            "total_seconds": round(total, 1),
            "worked_seconds": round(min(worked, total), 1),
            "queued_seconds": round(max(0.0, total - worked), 1),
        }
