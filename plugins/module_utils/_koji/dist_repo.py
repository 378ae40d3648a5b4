# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""A dist-repo of a tag on a hub: a repository of signed copies, for those who install."""

from __future__ import annotations

import typing as t

from .._module.errors import NotFound, RelengError, TimedOut
from .._module.progress import say
from .._module.runner import Change, Plan
from .apply import CLOSED, Manner, wait_for_tasks
from .session import Hub, call

READY = 1
# All that the hub's task looks for; it dies of one that is missing. Those of the module's options win.
OPTIONS: dict[str, t.Any] = {
    "comp": None,
    "delta": [],
    "event": None,
    "volume": None,
    "inherit": False,
    "latest": True,
    "multilib": False,
    "split_debuginfo": False,
    "skip_missing_signatures": False,
    "allow_missing_signatures": False,
    "zck": False,
    "zck_dict_dir": None,
    "write_signed_rpms": False,
    "skip_stat": False,
}


class DistRepo(Change):
    """A dist-repo that is at least as new as the last change of its tag.

    :param params: options of the module koji_dist_repo.
    """

    def __init__(self, params: t.Mapping[str, t.Any]) -> None:
        self._params = params

    def plan(self) -> Plan:
        self._hub = Hub.from_params(self._params)
        self._tag = self._params["tag"]
        about = {"tag": self._tag}
        tag = self._hub.read("getTag", self._tag, about=about)
        if tag is None:
            raise NotFound(f"The hub {self._hub.address} has no tag {self._tag}.", **about)
        repo = self._read()
        before = self._as_data(repo) if repo else {}
        if repo and not self._params["force"] and self._is_current(repo, tag):
            return Plan(before, before, [], {"repo": before})
        keys = ", ".join(self._params["keys"]) or "no key"
        why = "it is older than the tag's last change" if repo else "there is none"
        sentence = f"make a dist-repo of {self._tag} for {' '.join(self._params['arches'])} with {keys}: {why}"
        if repo and self._params["force"]:
            sentence = sentence.replace(why, "force is set")
        return Plan(before, {"tag": self._tag, "keys": self._params["keys"]}, [sentence], {"repo": before or None})

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        about = {"tag": self._tag}
        options = {**OPTIONS, **{name: self._params[name] for name in OPTIONS if self._params.get(name) is not None}}
        manner = Manner(task_timeout=self._params["wait_timeout"], poll=self._params["poll"])
        try:
            arguments = (self._tag, list(self._params["keys"]))
            # Two tasks for one repository do no harm: one whose answer was lost is asked for again.
            task = self._hub.write(
                call("distRepo", *arguments, arch=list(self._params["arches"]), about=about, **options), lambda: None
            )
            say(f"Task {task} makes a dist-repo of {self._tag}")
            try:
                states = wait_for_tasks(self._hub, [task], manner)
            except TimedOut as error:
                raise TimedOut(f"{error.message} Task {task} goes on.", task_id=task) from None
            if states.get(task) != CLOSED:
                # What the task died of.
                self._hub.read("getTaskResult", task, about={**about, "task": task})
        finally:
            self._hub.close()
        repo = self._read()
        if repo is None:
            raise RelengError(f"Task {task} ended well, and the hub shows no dist-repo of {self._tag}.", task_id=task)
        return {"repo": self._as_data(repo), "task_id": task}

    def _read(self) -> dict[str, t.Any] | None:
        repo: dict[str, t.Any] | None = self._hub.read("getRepo", self._tag, dist=True, about={"tag": self._tag})
        return repo

    def _is_current(self, repo: dict[str, t.Any], tag: dict[str, t.Any]) -> bool:
        if repo["state"] != READY:
            return False
        tags = [tag["id"]]
        if self._params["inherit"]:
            line = self._hub.read("getFullInheritance", self._tag, about={"tag": self._tag})
            tags += [link["parent_id"] for link in line]
        return not self._hub.read("tagChangedSinceEvent", repo["create_event"], tags, about={"tag": self._tag})

    def _as_data(self, repo: dict[str, t.Any]) -> dict[str, t.Any]:
        url = f"{self._hub.topurl}/repos-dist/{self._tag}/{repo['id']}" if self._hub.topurl else None
        return {"id": repo["id"], "event": repo["create_event"], "created_at": repo["creation_time"], "url": url}
