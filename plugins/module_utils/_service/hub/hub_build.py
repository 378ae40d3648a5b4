# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Building for a target of a hub, and saying why when it fails."""

from __future__ import annotations

import os
import secrets
import time
import typing as t

from ..._diagnosis.failures import Diagnosis, FailureClass, diagnose
from ..._koji.apply import CANCELED, CLOSED, FAILED
from ..._koji.query import build_info
from ..._koji.session import Hub, HubFault, call
from ..._koji.task_logs import TELLING, TaskLog, TaskTree
from ..._module.errors import CommandFailed, InvalidInput, NotFound, RelengError
from ..._module.progress import say
from ..._module.runner import Change, Plan
from ..._module.waiter import Waiter
from ..._rpm.nevra import Nevra

STATES = {0: "free", 1: "open", CLOSED: "closed", CANCELED: "canceled", 4: "assigned", FAILED: "failed"}
# Seconds after which a state that has not changed is told again.
TOLD_AGAIN = 60.0


class HubBuild(Change):
    """A build that is complete on the hub.

    :param params: options of the module koji_build.
    """

    def __init__(self, params: dict[str, t.Any]) -> None:
        self._params = params

    @classmethod
    def on(cls, hub: Hub, params: dict[str, t.Any]) -> HubBuild:
        """One of many builds, on a hub that is shared; whoever has it checks and waits."""
        build = cls(params)
        build._begin(hub)
        return build

    def _begin(self, hub: Hub) -> None:
        self._hub = hub
        self._source, self._target = self._params["source"], self._params["target"]
        self._local = "://" not in self._source
        self._nvr = self._params["nvr"] or self._nvr_of_source()

    def plan(self) -> Plan:
        params = self._params
        self._begin(Hub.from_params(params))
        self._check()
        self._running: int | None = None
        build = None if params["scratch"] else self._build()
        result: dict[str, t.Any] = {"build": build, "task_id": build and build["task_id"], "logs": []}
        if build and build["state"] == "COMPLETE":
            return Plan(build, build, [], {**result, "logs": self._logs_of(build)})
        what = f"{self._nvr or self._source} for {self._target}"
        if build and build["state"] == "BUILDING":
            self._running = build["task_id"]
            action = f"wait for task {self._running}, which builds {what}"
            return Plan(build, build, [action], {**result, "changed": False})
        verb = "scratch-build" if params["scratch"] else "build"
        return Plan(build or {}, {"nvr": self._nvr, "state": "COMPLETE"}, [f"{verb} {what}"], result)

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        try:
            task = self._running or self.queue()
            if not self._params["wait"]:
                return {"task_id": task}
            ended = self._wait(task)
            tree = TaskTree(self._hub, task)
            times = tree.times()
            if times:
                queued = f"{times['queued_seconds']:.0f} of them in the queue"
                say(f"Task {task} took {times['total_seconds']:.0f} s, {queued}")
            if ended != CLOSED:
                self._fail(task, tree)
            if self._params["scratch"]:
                return {"task_id": task, "times": times, "logs": _addresses(tree.logs())}
            build = self._build()
            if build is None or build["state"] != "COMPLETE":
                raise RelengError(f"Task {task} ended well, and {self._nvr} is not complete on the hub.", task_id=task)
            return {"task_id": task, "build": build, "times": times, "logs": self._logs_of(build)}
        finally:
            self._hub.close()

    def _nvr_of_source(self) -> str | None:
        name = os.path.basename(self._source)
        return Nevra.parse(name).nvr if self._local and name.endswith(".src.rpm") else None

    def _check(self) -> None:
        """The hub checks nothing of this before the task runs."""
        if self._local and not os.path.isfile(self._source):
            raise NotFound(f"There is no source RPM {self._source}.", source=self._source)
        if not self._local and "#" not in self._source:
            raise InvalidInput(f"{self._source} names no revision: the hub wants URL#REVISION.", source=self._source)
        if not self._nvr and not self._params["scratch"]:
            raise InvalidInput("Set nvr: without it it cannot be seen whether that was built before.")
        if self._hub.read("getBuildTarget", self._target, about={"target": self._target}) is None:
            targets = ", ".join(sorted(target["name"] for target in self._hub.read("getBuildTargets"))[:30])
            raise NotFound(f"The hub has no target {self._target}. There is: {targets}.", target=self._target)

    def _build(self) -> dict[str, t.Any] | None:
        found: list[dict[str, t.Any]] = build_info(self._hub, [str(self._nvr)], None, ["rpms"])["builds"]
        return found[0] if found else None

    def queue(self) -> int:
        """Queue the task that builds it; its number."""
        source = self._source
        if self._local:
            # A folder of its own: the hub takes no name twice in one.
            folder = f"cli-build/{time.time():.0f}.{secrets.token_hex(4)}"
            say(f"Uploading {source}")
            self._hub.upload(source, folder)
            source = f"{folder}/{os.path.basename(source)}"
        options: dict[str, t.Any] = {"scratch": True} if self._params["scratch"] else {}
        if self._params["arches"]:
            options["arch_override"] = " ".join(self._params["arches"])
        about = {"target": self._target, "build": self._nvr or self._source}
        happened = None if self._params["scratch"] else self._task_of_build
        task: int = self._hub.write(call("build", source, self._target, options, about=about), happened)
        say(f"Task {task} builds {self._nvr or self._source} for {self._target}")
        return task

    def _task_of_build(self) -> int | None:
        build = self._build()
        return int(build["task_id"]) if build and build["state"] in ("BUILDING", "COMPLETE") else None

    def _wait(self, task: int) -> int:
        """The state in which a task ended."""
        told: tuple[int, float] = (-1, 0.0)

        def ask() -> int:
            nonlocal told
            info = self._hub.read("getTaskInfo", task, strict=True, about={"task": task})
            state, now = int(info["state"]), time.monotonic()
            if told[0] != state or now - told[1] >= TOLD_AGAIN:
                still = f" still, since {now - begun:.0f} s" if told[0] == state else ""
                where = " (it waits in the queue for a host)" if STATES[state] == "free" else ""
                say(f"Task {task} is {STATES[state]}{still}{where}")
                told = (state, now)
            return state

        begun = time.monotonic()
        waiter = Waiter(self._params["wait_timeout"], self._params["poll"])
        return waiter.wait(ask, lambda state: state in (CLOSED, CANCELED, FAILED), f"task {task}")

    def _fail(self, task: int, tree: TaskTree) -> t.NoReturn:
        """:raises CommandFailed: saying why a task failed."""
        why = self.why_failed(task, tree)
        where = f" Logs: {', '.join(why['logs'])}" if why["logs"] else ""
        raise CommandFailed(
            f"Task {task} failed to build {self._nvr or self._source} for {self._target}: {why['failure_class']}. "
            f"{why['fault']}{where}",
            task_id=task,
            **why,
        )

    def why_failed(self, task: int, tree: TaskTree | None = None) -> dict[str, t.Any]:
        """Why a task failed, by the logs of those that it started and that failed.

        :returns: ``failure_class``, the ``lines`` that say so, ``logs`` (addresses), ``task_logs``, ``times``, and the
            hub's ``fault``.
        """
        tree = tree or TaskTree(self._hub, task)
        fault_class = ""
        try:
            self._hub.read("getTaskResult", task, about={"task": task})
            reason = f"task {task} did not end well"
        except HubFault as fault:
            reason, fault_class = fault.text, fault.fault_class
        logs = tree.logs(tree.culprits())
        diagnosis = self._diagnose(tree, logs, reason, fault_class)
        return {
            "failure_class": diagnosis.failure_class.value,
            "lines": diagnosis.lines,
            "logs": _addresses(logs),
            "task_logs": [log.document() for log in logs],
            "times": tree.times(),
            "fault": reason,
        }

    @staticmethod
    def _diagnose(tree: TaskTree, logs: t.Sequence[TaskLog], reason: str, fault_class: str) -> Diagnosis:
        """The first log that says what it was; then the hub's own words."""
        unsaid: Diagnosis | None = None
        for log in logs:
            if log.name not in TELLING:
                continue
            found = diagnose(tree.read(log))
            if found.failure_class is not FailureClass.UNKNOWN:
                return found
            unsaid = unsaid or found
        said = diagnose(reason)
        if said.failure_class is not FailureClass.UNKNOWN:
            return said
        lines = [*(unsaid.lines if unsaid else []), *reason.splitlines()]
        if fault_class == "BuildrootError":
            # The host could not make a root at all; whose fault that is, mock's configuration or the host, it is not
            # the package's.
            return Diagnosis(FailureClass.INFRASTRUCTURE, lines)
        return Diagnosis(FailureClass.UNKNOWN, lines)

    def _logs_of(self, build: dict[str, t.Any]) -> list[str]:
        """Addresses of the logs that the hub keeps of a build that is complete."""
        if not self._hub.topurl:
            return []
        found = self._hub.read("getBuildLogs", build["nvr"], about={"build": build["nvr"]})
        paths = sorted(str(log["path"]) for log in found if str(log["name"]).endswith(".log"))
        return [f"{self._hub.topurl}/{path}" for path in paths]


def _addresses(logs: t.Iterable[TaskLog]) -> list[str]:
    return [log.url for log in logs if log.url]
