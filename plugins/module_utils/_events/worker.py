# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""The worker: one at a time, the oldest message first; done, again a few times, or failed.

What it runs must be safe to repeat: a worker that is killed after the work and before it could note that does it again.
"""

from __future__ import annotations

import dataclasses
import os
import re
import time
import typing as t

from .._module.command import run_command
from .._module.errors import InvalidInput, Refused, RelengError
from .._module.lock import held_lock
from .._module.progress import say
from .._module.runner import Change, Plan
from .inbox import Entry, again, entries
from .spool import make

# A message whose work is killed so often, without ever ending, is taken for the reason.
MOST_STARTS = 20
EVENT = "{event}"


@dataclasses.dataclass(frozen=True)
class Handler:
    """What is done with messages of some topics.

    :param topics: patterns as of AMQP: words between dots, ``*`` for one and ``#`` for any number.
    :param command: program and arguments; ``{event}`` becomes the path of the message.
    :param together: once for all messages that wait, as for a reconcile that reads the truth elsewhere.
    """

    topics: tuple[str, ...]
    command: tuple[str, ...]
    together: bool = False

    def takes(self, topic: str) -> bool:
        return any(_pattern(one).fullmatch(topic) for one in self.topics)


def _pattern(topic: str) -> re.Pattern[str]:
    """The expression of an AMQP pattern: a ``#`` takes the dot before it along."""
    words = {"*": r"[^.]+", "#": r".*"}
    expression = r"\.".join(words.get(word, re.escape(word)) for word in topic.split("."))
    return re.compile(expression.replace(r"\..*", r"(?:\..*)?").replace(r".*\.", r"(?:.*\.)?"), re.DOTALL)


class Work(Change):
    """Work on the messages that wait in an inbox, until none is left that was not tried.

    :param handlers: mappings of topics, command and together; the first whose topics match has the message. A message
        that nobody takes is done.
    :param tries: how often work that fails is tried; then the message goes to ``failed``.
    :param timeout: seconds that one command may take.
    :param again: ids of failed messages that should wait again.
    :param keep_days: how long messages that are done are known; then one with the same id would be a new one.
    """

    def __init__(self, params: dict[str, t.Any], clock: t.Callable[[], float] = time.time) -> None:
        self.inbox: str = os.path.abspath(params["inbox"])
        self.tries: int = params["tries"]
        self._timeout, self._wait, self._log = params["timeout"], params["wait_timeout"], params["log"]
        self._again: list[str] = params["again"]
        self._old = clock() - params["keep_days"] * 86400
        if self.tries < 1:
            raise InvalidInput(f"tries is {self.tries}: at least 1 is needed.")
        self.handlers = []
        for one in params["handlers"]:
            if not one["command"] or not one["topics"]:
                raise InvalidInput(f"A handler needs topics and a command; this one has {one}.")
            if one["together"] and any(EVENT in word for word in one["command"]):
                raise InvalidInput(f"A handler that works on all messages together has no {EVENT}: {one['command']}.")
            self.handlers.append(Handler(tuple(one["topics"]), tuple(one["command"]), one["together"]))

    def plan(self) -> Plan:
        waiting = entries(self.inbox)
        actions = [f"let {ident} wait again" for ident in self._again]
        actions += [f"work on {entry.id}" for entry in waiting]
        old = self._forgotten()
        actions += [f"forget {len(old)} messages that were done long ago"] if old else []
        result: dict[str, t.Any] = {"done": [], "again": [], "failed": [], "ignored": []}
        return Plan({"new": len(waiting)}, {"new": 0}, actions, result)

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        make(self.inbox)
        result: dict[str, list[t.Any]] = {key: [] for key in plan.result}
        with held_lock(os.path.join(self.inbox, "lock"), {"inbox": self.inbox}, self._wait) as lock:
            again(self.inbox, self._again)
            tried: set[str] = set()
            while True:
                waiting = [entry for entry in entries(self.inbox) if entry.id not in tried]
                if not waiting:
                    break
                group, handler = self._next(waiting)
                tried.update(entry.id for entry in group)
                self._work(group, handler, lock, result)
                say(f"{len(tried)} messages worked on, {len(waiting) - len(group)} left")
            for path in self._forgotten():
                os.unlink(path)
        return result

    def _forgotten(self) -> list[str]:
        return [
            os.path.join(self.inbox, "done", f"{entry.id}.json")
            for entry in entries(self.inbox, "done")
            if entry.arrived < self._old
        ]

    def _next(self, waiting: list[Entry]) -> tuple[list[Entry], Handler | None | RelengError]:
        """The oldest message, or all that are worked on together with it, and by whom."""
        first = waiting[0]
        try:
            handler = self._handler(first)
        except RelengError as error:
            return [first], error
        if handler is None or not handler.together:
            return [first], handler
        group = [first]
        for entry in waiting[1:]:
            try:
                group += [entry] if self._handler(entry) is handler else []
            except RelengError:
                continue  # its own turn comes
        return group, handler

    def _handler(self, entry: Entry) -> Handler | None:
        topic = entry.read()["topic"]
        return next((one for one in self.handlers if one.takes(topic)), None)

    def _work(
        self, group: list[Entry], handler: Handler | None | RelengError, lock: int, result: dict[str, list[t.Any]]
    ) -> None:
        if handler is None:
            group[0].move("done")
            result["ignored"].append(group[0].id)
            return
        counts = [entry.tries() for entry in group]
        for entry, tries in zip(group, counts):
            tries.starts += 1
            entry.note(tries)
        try:
            if isinstance(handler, RelengError):
                raise handler
            killed = [entry.id for entry, tries in zip(group, counts) if tries.starts > MOST_STARTS]
            if killed:
                raise Refused(f"The work on {', '.join(killed)} was begun {MOST_STARTS} times, and killed each time.")
            command = [word.replace(EVENT, group[0].path) for word in handler.command]
            run_command(command, log=self._log, timeout=self._timeout, held=[lock])
        except RelengError as error:
            for entry, tries in zip(group, counts):
                tries.failures, tries.reason = tries.failures + 1, error.message
                self._failed(entry, tries, isinstance(handler, RelengError), result)
            return
        for entry in group:
            entry.move("done")
            result["done"].append(entry.id)

    def _failed(self, entry: Entry, tries: t.Any, hopeless: bool, result: dict[str, list[t.Any]]) -> None:
        entry.note(tries)
        over = hopeless or tries.failures >= self.tries or tries.starts > MOST_STARTS
        if over:
            entry.move("failed")
        result["failed" if over else "again"].append({"id": entry.id, "reason": tries.reason})
