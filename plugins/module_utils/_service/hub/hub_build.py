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

from ..._diagnosis.failures import diagnose
from ..._koji.apply import CANCELED, CLOSED, FAILED
from ..._koji.query import build_info
from ..._koji.session import Hub, HubFault, call
from ..._module.errors import CommandFailed, InvalidInput, NotFound, RelengError
from ..._module.progress import say
from ..._module.runner import Change, Plan
from ..._module.waiter import Deadline, Waiter
from ..._module.web import Web
from ..._rpm.nevra import Nevra

STATES = {0: "free", 1: "open", CLOSED: "closed", CANCELED: "canceled", 4: "assigned", FAILED: "failed"}
# The logs that say why a build failed, the one that most often does first.
LOGS = ("build.log", "root.log", "mock_output.log")


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
            if self._wait(task) != CLOSED:
                self._fail(task)
            if self._params["scratch"]:
                return {"task_id": task, "logs": self._task_logs([task])}
            build = self._build()
            if build is None or build["state"] != "COMPLETE":
                raise RelengError(f"Task {task} ended well, and {self._nvr} is not complete on the hub.", task_id=task)
            return {"task_id": task, "build": build, "logs": self._logs_of(build)}
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
            raise InvalidInput("Set nvr: without it it can not be seen whether that was built before.")
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
        seen: list[int] = []

        def ask() -> int:
            state = int(self._hub.read("getTaskInfo", task, strict=True, about={"task": task})["state"])
            if seen[-1:] != [state]:
                say(f"Task {task} is {STATES[state]}")
                seen.append(state)
            return state

        waiter = Waiter(self._params["wait_timeout"], self._params["poll"])
        return waiter.wait(ask, lambda state: state in (CLOSED, CANCELED, FAILED), f"task {task}")

    def _fail(self, task: int) -> t.NoReturn:
        """:raises CommandFailed: saying why a task failed."""
        why = self.why_failed(task)
        raise CommandFailed(
            f"Task {task} failed to build {self._nvr or self._source} for {self._target}: {why['failure_class']}. "
            f"{why['fault']}",
            task_id=task,
            **why,
        )

    def why_failed(self, task: int) -> dict[str, t.Any]:
        """Why a task failed: ``failure_class``, the ``lines`` of its ``logs`` that say so, and the hub's ``fault``."""
        try:
            self._hub.read("getTaskResult", task, about={"task": task})
            reason = f"task {task} did not end well"
        except HubFault as fault:
            reason = fault.text
        descendants = self._hub.read("getTaskDescendents", task, about={"task": task})
        failed = [one["id"] for children in descendants.values() for one in children if one["state"] == FAILED]
        logs = self._task_logs(failed or [task])
        diagnosis = diagnose(self._read(logs) or reason)
        return {
            "failure_class": diagnosis.failure_class.value,
            "lines": diagnosis.lines,
            "logs": logs,
            "fault": reason,
        }

    def _task_logs(self, tasks: t.Sequence[int]) -> list[str]:
        """Addresses of the logs of tasks; none if it is not known where the hub serves its files."""
        if not self._hub.topurl:
            return []
        return [f"{self._hub.topurl}/work/tasks/{task % 10000}/{task}/{name}" for task in tasks for name in LOGS]

    def _logs_of(self, build: dict[str, t.Any]) -> list[str]:
        if not self._hub.topurl:
            return []
        nevra = Nevra.parse_nvr(build["nvr"])
        place = f"{self._hub.topurl}/packages/{nevra.name}/{nevra.version}/{nevra.release}/data/logs"
        arches = sorted({rpm["arch"] for rpm in build["rpms"]} - {"src"})
        return [f"{place}/{arch}/{name}" for arch in arches for name in LOGS[:2]]

    def _read(self, logs: t.Sequence[str]) -> str:
        """The text of the logs that can be read."""
        web = Web(Deadline(self._params["deadline"]), self._params["timeout"], 1, self._params["serverca"])
        texts = []
        for url in logs:
            try:
                texts.append(web.read(url, "log of the build").decode(errors="replace"))
            except RelengError:
                continue
        return "\n".join(texts)
