# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""The hub's own repository of a tag: whether it shows what the tag holds, and making it do so."""

from __future__ import annotations

import typing as t

from .._module.errors import NotFound, RelengError
from .._module.progress import say
from .._module.runner import Change, Plan
from .._module.waiter import Waiter
from .apply import CLOSED, Manner, wait_for_tasks
from .session import Hub, call

READY = 1


class CurrentRepo(Change):
    """A repository that shows a tag as it was at an event, or later.

    :param params: options of the module koji_repo.
    """

    def __init__(self, params: dict[str, t.Any]) -> None:
        self._params = params

    def plan(self) -> Plan:
        self._hub = Hub.from_params(self._params)
        self._tag = self._params["tag"]
        self._needed = self._needed_event()
        repo = self._read()
        before = self._as_data(repo) if repo else {}
        if repo and self._is_current(repo):
            return Plan(before, before, [], {"repo": before, "event": self._needed})
        held = f"shows event {repo['begin_event']}" if repo else "is not there"
        verb = "regenerate" if self._params["regenerate"] else "wait for"
        sentence = f"{verb} the repository of {self._tag}: it {held}, and event {self._needed} is needed"
        # Waiting changes nothing.
        result = {"changed": self._params["regenerate"], "repo": before or None, "event": self._needed}
        return Plan(before, {**before, "event": self._needed}, [sentence], result)

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        say(plan.actions[0])
        timeout, pause = self._params["wait_timeout"], self._params["poll"]
        if not self._params["regenerate"]:
            done = Waiter(timeout, pause).wait(self._read, self._is_current, f"the repository of {self._tag}")
            return {"repo": self._as_data(t.cast(t.Any, done))}
        about = {"tag": self._tag}
        try:
            # Two tasks for one repository do no harm, so one whose answer was lost is simply asked for again.
            task = self._hub.write(call("newRepo", self._tag, about=about), happened=lambda: None)
            states = wait_for_tasks(self._hub, [task], Manner(task_timeout=timeout, poll=pause))
            if states.get(task) != CLOSED:
                self._hub.read("getTaskResult", task, about={**about, "task": task})
        finally:
            self._hub.close()
        repo = self._read()
        if not repo or not self._is_current(repo):
            raise RelengError(
                f"Task {task} ended, and the repository of {self._tag} does not show event {self._needed}."
            )
        return {"repo": self._as_data(repo)}

    def _needed_event(self) -> int:
        """The event that must be in the repository."""
        about = {"tag": self._tag}
        if self._params["event"] is not None:
            return int(self._params["event"])
        if not self._params["builds"]:
            return self._last_change()
        held = {
            build["nvr"]: build["create_event"]
            for build in self._hub.read("listTagged", self._tag, inherit=True, about=about)
        }
        missing = [nvr for nvr in self._params["builds"] if nvr not in held]
        if missing:
            raise NotFound(
                f"{', '.join(missing)} is not in the tag {self._tag}, nor in one that it inherits from.", **about
            )
        return max(held[nvr] for nvr in self._params["builds"])

    def _last_change(self) -> int:
        """An event since which neither the tag nor one that it inherits from has changed."""
        about = {"tag": self._tag}
        tag = self._hub.read("getTag", self._tag, strict=True, about=about)
        line = self._hub.read("getFullInheritance", self._tag, about=about)
        repo = self._read()
        tags = [tag["id"], *(link["parent_id"] for link in line)]
        if repo and not self._hub.read("tagChangedSinceEvent", repo["begin_event"], tags, about=about):
            return int(repo["begin_event"])
        return int(self._hub.read("getLastEvent")["id"])

    def _read(self) -> dict[str, t.Any] | None:
        repo: dict[str, t.Any] | None = self._hub.read("getRepo", self._tag, about={"tag": self._tag})
        return repo

    def _is_current(self, repo: dict[str, t.Any] | None) -> bool:
        return repo is not None and repo["state"] == READY and repo["begin_event"] >= self._needed

    def _as_data(self, repo: dict[str, t.Any]) -> dict[str, t.Any]:
        url = f"{self._hub.topurl}/repos/{self._tag}/{repo['id']}" if self._hub.topurl else None
        return {"id": repo["id"], "event": repo["begin_event"], "created_at": repo["creation_time"], "url": url}
