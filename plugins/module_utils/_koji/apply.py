# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Doing what a plan says: add, confirm by reading back, only then remove; in batches, each step in the journal.

Whether a step was done is decided by what the hub shows afterwards, never by an answer alone: an answer may be lost,
a task may fail after it was queued, and a run before this one may have done the step already.
"""

from __future__ import annotations

import dataclasses
import time
import typing as t

from .._module.errors import RelengError, TimedOut, Unavailable
from .._module.progress import say
from .._module.waiter import Waiter
from .journal import Journal
from .plan import KINDS, Action
from .session import Call, Hub, HubFault, call
from .state import tagged_now

# The hub's numbers (koji.TASK_STATES)
CLOSED, CANCELED, FAILED = 2, 3, 5
# How often a step whose answer was lost is tried.
TRIES = 3


@dataclasses.dataclass(frozen=True)
class Manner:
    """How steps are done.

    :param direct: in the call itself, which needs the permission tag, and not in a task of the hub.
    :param batch: steps between two looks.
    :param task_timeout: seconds until the tasks of a batch must have ended.
    """

    direct: bool = False
    batch: int = 50
    task_timeout: float = 3600.0
    poll: float = 2.0
    sleep: t.Callable[[float], None] = time.sleep


class Applier:
    """One run over the actions of a plan."""

    def __init__(self, hub: Hub, journal: Journal, manner: Manner) -> None:
        self.hub, self.journal, self.manner = hub, journal, manner
        self.done: list[Action] = []
        self.failed: dict[int, str] = {}
        self._held: dict[int, list[str]] = {}  # by action: what the tag held of the package when it was last looked at

    def run(self, actions: t.Sequence[Action]) -> dict[str, t.Any]:
        """Do ``actions``; one that fails stops only those that depend on it.

        :returns: ``done`` and ``failed_actions``, as the module returns them.
        """
        known = {action.id: action for action in actions}
        for wave in _waves(actions):
            for start in range(0, len(wave), self.manner.batch):
                ready = [action for action in wave[start : start + self.manner.batch] if self._may_go_on(action, known)]
                if ready:
                    self._do(ready)
                    say(f"{len(self.done)} of {len(actions)} done, {len(self.failed)} failed: {ready[-1]}")
        failed = [{**known[number].as_data(), "error": error} for number, error in sorted(self.failed.items())]
        return {"done": [action.as_data() for action in self.done], "failed_actions": failed}

    def _may_go_on(self, action: Action, known: t.Mapping[int, Action]) -> bool:
        for number in action.after:
            if number in self.failed:
                self._fail(action, f"not tried: it depends on what failed, {known[number]}")
                return False
        return True

    def _do(self, batch: list[Action]) -> None:
        """One batch of actions of one kind, to its end."""
        self.journal.write({"event": "started", **_brief(action)} for action in batch)
        errors: dict[int, str] = {}
        left = batch
        for attempt in range(TRIES):
            lost = self._try(left, errors)
            left = [action for action, so in zip(left, self._look(left)) if not so]
            # What the hub refused will be refused again; only what may never have arrived is sent once more.
            left_over = [action for action in left if action.id in errors]
            left = [action for action in left if action.id not in errors]
            for action in left_over:
                self._fail(action, errors[action.id])
            if not left:
                break
            if not lost or attempt == TRIES - 1:
                for action in left:
                    self._fail(action, lost or "the hub said that it was done, and does not show it")
                break
        done = [action for action in batch if action.id not in self.failed]
        self.done += done
        self.journal.write({"event": "done", **_brief(action)} for action in done)

    def _fail(self, action: Action, error: str) -> None:
        if action.action == "retag" and action.build not in self._held.get(action.id, [action.build]):
            error += f" {action.build} was taken out of {action.tag} for this and could not be put back: run it again."
        self.failed[action.id] = error
        self.journal.write([{"event": "failed", "error": error, **_brief(action)}])

    def _try(self, batch: list[Action], errors: dict[int, str]) -> str | None:
        """Make the calls of a batch and wait for their tasks; faults go to ``errors``.

        :returns: why it is not known what became of the calls, or None.
        """
        try:
            if batch[0].action == "retag" and not self.manner.direct:
                self._send([self._untag_call(action, strict=False) for action in batch], batch, errors)
                batch = [action for action in batch if action.id not in errors]
            answers = self._send([self._call(action) for action in batch], batch, errors)
            tasks = {answer: action for action, answer in zip(batch, answers) if isinstance(answer, int)}
            if tasks and not self.manner.direct and batch[0].action in ("tag", "retag"):
                self.journal.write({"event": "queued", "task": task, **_brief(one)} for task, one in tasks.items())
                ended = self._wait(tasks, errors)
                self.journal.write({"event": "ended", "task": task} for task in ended)
        except Unavailable as lost:
            return lost.message
        return None

    def _send(self, calls: list[Call], batch: list[Action], errors: dict[int, str]) -> list[t.Any]:
        answers = self.hub.write_many(calls)
        for action, answer in zip(batch, answers):
            if isinstance(answer, HubFault) and not answer.already_so:
                errors[action.id] = answer.message
        return answers

    def _call(self, action: Action) -> Call:
        about = {"tag": action.tag, "build" if action.build else "package": action.build or action.package}
        if action.action == "register":
            return call("packageListAdd", action.tag, action.package, action.owner, about=about)
        if action.action == "untag":
            return self._untag_call(action)
        if not self.manner.direct:
            return call("tagBuild", action.tag, action.build, about=about)
        force = {"force": True} if action.action == "retag" else {}
        return call("tagBuildBypass", action.tag, action.build, about=about, **force)

    def _untag_call(self, action: Action, strict: bool = True) -> Call:
        method = "untagBuildBypass" if self.manner.direct else "untagBuild"
        about = {"tag": action.tag, "build": action.build}
        return call(method, action.tag, action.build, about=about, **({} if strict else {"strict": False}))

    def _wait(self, tasks: dict[int, Action], errors: dict[int, str]) -> list[int]:
        """Wait for the tasks of a batch; a task that fails or is canceled counts as a failure of its action.

        :returns: those that ended.
        """
        numbers = sorted(tasks)
        try:
            states = wait_for_tasks(self.hub, numbers, self.manner)
        except TimedOut as error:
            states = error.data["last"]
        for number, action in tasks.items():
            if states.get(number) not in (CLOSED, CANCELED, FAILED):
                errors[action.id] = f"task {number} has not ended in {self.manner.task_timeout:g} s"
            elif states[number] != CLOSED:
                try:
                    self.hub.read("getTaskResult", number, about={"task": number, "build": action.build})
                except HubFault as fault:
                    if not fault.already_so:
                        errors[action.id] = fault.message
        return [number for number in numbers if states.get(number) in (CLOSED, CANCELED, FAILED)]

    def _look(self, batch: list[Action]) -> list[bool]:
        """Whether each action of a batch is done, by what the hub shows."""
        if batch and batch[0].action == "register":
            calls = [call("checkTagPackage", action.tag, action.package, about={"tag": action.tag}) for action in batch]
            return [answer is True for answer in self.hub.read_many(calls)]
        held = tagged_now(self.hub, [(action.tag, action.package) for action in batch])
        self._held.update(zip((action.id for action in batch), held))
        return [is_done(action, nvrs) for action, nvrs in zip(batch, held)]


def is_done(action: Action, held: t.Sequence[str]) -> bool:
    """Whether the builds of a package in a tag, newest tagging first, are as ``action`` leaves them."""
    if action.action == "untag":
        return action.build not in held
    if action.action == "retag":
        return bool(held) and held[0] == action.build
    return action.build in held


def wait_for_tasks(hub: Hub, numbers: t.Sequence[int], manner: Manner) -> dict[int, int]:
    """The states of tasks when all have ended.

    :raises TimedOut: with the states so far as ``last``.
    """

    def ask() -> dict[int, int]:
        infos = hub.read_many([call("getTaskInfo", number, about={"task": number}) for number in numbers])
        for info in infos:
            if isinstance(info, RelengError):
                raise info
        return {number: info["state"] for number, info in zip(numbers, infos) if info}

    def ended(states: dict[int, int]) -> bool:
        return all(state in (CLOSED, CANCELED, FAILED) for state in states.values())

    what = f"{len(numbers)} tasks of the hub, from {numbers[0]} to {numbers[-1]}"
    return Waiter(manner.task_timeout, manner.poll, sleep=manner.sleep).wait(ask, ended, what)


def _waves(actions: t.Sequence[Action]) -> t.Iterator[list[Action]]:
    """Actions of one kind that can go together, each after all that it depends on; what is taken out comes last."""
    depth: dict[int, int] = {}
    waves: dict[tuple[int, int], list[Action]] = {}
    for action in actions:
        same_kind = [depth[number] for number in action.after if number in depth]
        depth[action.id] = max(same_kind, default=-1) + 1
        waves.setdefault((KINDS.index(action.action), depth[action.id]), []).append(action)
    for key in sorted(waves):
        yield waves[key]


def _brief(action: Action) -> dict[str, t.Any]:
    return {"id": action.id, "action": action.action, "tag": action.tag, "build": action.build or action.package}
