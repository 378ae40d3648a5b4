# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Many builds on a hub in one go, each as soon as what it needs is in the hub's build repository.

What is built, what is being built and what failed is read from the hub each time, so a run that was killed goes on.
Tasks that were queued are noted in a journal: a task has no build to be found by before its source RPM is made.
"""

from __future__ import annotations

import dataclasses
import os
import time
import typing as t

from ..._koji.apply import CANCELED, CLOSED, FAILED
from ..._koji.journal import Journal, default_folder
from ..._koji.session import Hub, HubFault, call
from ..._koji.state import BUILD_STATES
from ..._module.documents import digest
from ..._module.errors import CommandFailed, InvalidInput, NotFound, TimedOut, Unavailable
from ..._module.lock import held_lock
from ..._module.progress import say
from ..._module.runner import Change, Plan
from ..._module.table import text_table
from ..._module.waiter import Deadline
from ..._rpm.nevra import Evr, Nevra
from .build_order import Held, Wanted, chains, needs
from .hub_build import HubBuild

READY = 1
DONE, FAILED_STATE, HELD, BUILDING, WAITING = STATES = ("done", "failed", "held", "building", "waiting")
_ENDED = (CLOSED, CANCELED, FAILED)


@dataclasses.dataclass
class Item:
    """One build on its way.

    :param needs: NVRs that must be in the build repository first, with the BuildRequires that is why.
    :param event: since which the build tag has it.
    """

    wanted: Wanted
    build_tag: str
    needs: dict[str, str] = dataclasses.field(default_factory=dict)
    chain: float = 0.0
    state: str = WAITING
    task: int | None = None
    build: dict[str, t.Any] | None = None
    event: int | None = None
    why: dict[str, t.Any] = dataclasses.field(default_factory=dict)

    @property
    def seconds(self) -> float | None:
        build = self.build or {}
        began, ended = build.get("start_ts"), build.get("completion_ts")
        return round(ended - began, 1) if began and ended else None


class HubBuilds(Change):
    """What the module koji_builds brings about.

    :param params: its options.
    """

    sleep: t.Callable[[float], None] = staticmethod(time.sleep)

    def __init__(self, params: dict[str, t.Any], check_mode: bool) -> None:
        self._params, self._check_mode = params, check_mode
        self._slept = 0.0
        self._requests = 0
        self._regenerating: dict[str, int] = {}
        self._queued: set[int] = set()  # tasks of this run

    def plan(self) -> Plan:
        self._began = time.monotonic()
        self._hub = Hub.from_params(self._params)
        wanted = self._wanted()
        targets = self._targets(sorted({one.target for one in wanted}))
        self.items = {one.nvr: Item(one, targets[one.target]["build_tag_name"]) for one in wanted}
        folder = self._params["journal_dir"] or default_folder()
        self._journal = Journal(folder, self._hub.address, digest(sorted(self.items)))
        self._resume()
        self._look()
        self._order(targets)
        todo = [item for item in self.items.values() if item.state != DONE]
        new = [item for item in todo if item.state != BUILDING]
        actions = [self._sentence(item) for item in sorted(todo, key=lambda item: (-item.chain, item.wanted.nvr))]
        before = {nvr: item.state for nvr, item in self.items.items()}
        # To wait for what is being built changes nothing.
        result = {**self._result(), **({} if new else {"changed": False})}
        return Plan(before, dict.fromkeys(before, DONE), actions, result)

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        deadline = Deadline(self._params["wait_timeout"])
        try:
            # A module in the background outlives the playbook that was killed: it is at the same work.
            with held_lock(f"{self._journal.path}.lock", {"hub": self._hub.address}, deadline.seconds):
                self._work(deadline)
        finally:
            self._hub.close()
        result = self._result()
        bad = [item for item in self.items.values() if item.state in (FAILED_STATE, HELD)]
        if bad:
            first = next(item for item in bad if item.state == FAILED_STATE)
            failed = sum(item.state == FAILED_STATE for item in bad)
            raise CommandFailed(
                f"{failed} of {len(self.items)} builds failed, which holds back {len(bad) - failed}. The first: "
                f"{first.wanted.nvr}, {first.why['failure_class']}. {first.why['fault']}",
                **{**result, "changed": True, "actions": plan.actions},
            )
        return result

    def _wanted(self) -> list[Wanted]:
        found: dict[str, Wanted] = {}
        wrong = []
        for one in self._params["builds"]:
            nvr, source = one["nvr"], one["source"]
            Nevra.parse_nvr(nvr)
            if "://" not in source and not os.path.isfile(source):
                wrong.append(f"{nvr}: there is no source RPM {source}")
            elif "://" in source and "#" not in source:
                wrong.append(f"{nvr}: {source} names no revision, the hub wants URL#REVISION")
            target = one["target"] or self._params["target"]
            if not target:
                wrong.append(f"{nvr}: no target")
            if nvr in found:
                wrong.append(f"{nvr}: it stands twice")
            requires, provides = (tuple(one[name] or ()) for name in ("build_requires", "provides"))
            found[nvr] = Wanted(nvr, source, target, requires, provides)
        if wrong:
            raise InvalidInput(f"{len(wrong)} builds cannot be made: {'; '.join(wrong[:20])}.", wrong=wrong)
        if not found:
            raise InvalidInput("builds is empty: there is nothing to build.")
        return list(found.values())

    def _targets(self, names: t.Sequence[str]) -> dict[str, dict[str, t.Any]]:
        found = dict(zip(names, self._ask([call("getBuildTarget", name, about={"target": name}) for name in names])))
        missing = [name for name, target in found.items() if target is None]
        if missing:
            raise NotFound(f"The hub {self._hub.address} has no target {', '.join(missing)}.", targets=missing)
        return found

    def _ask(self, calls: t.Sequence[t.Any]) -> list[t.Any]:
        self._requests += 1
        answers = self._hub.read_many(calls)
        for answer in answers:
            if isinstance(answer, HubFault):
                raise answer
        return answers

    def _resume(self) -> None:
        """Tasks of a run before this one, that may not have a build yet."""
        for event in self._journal.read():
            item = self.items.get(event.get("build", ""))
            if item and event.get("event") == "queued":
                item.task, item.state = event["task"], BUILDING

    def _order(self, targets: t.Mapping[str, dict[str, t.Any]]) -> None:
        """Which build waits for which, by what the build tags have, and how long each took the last time."""
        tags = sorted({item.build_tag for item in self.items.values()})
        held, seconds = [], {}
        answers = self._ask(
            [call("listTaggedRPMS", tag, inherit=True, latest=True, about={"tag": tag}) for tag in tags]
        )
        for rpms, builds in answers:
            packages = {build["build_id"]: build["package_name"] for build in builds}
            held += [
                Held(
                    rpm["name"], Evr(int(rpm["epoch"] or 0), rpm["version"], rpm["release"]), packages[rpm["build_id"]]
                )
                for rpm in rpms
                if rpm["arch"] != "src" and rpm["build_id"] in packages
            ]
            for nvr, item in self.items.items():
                old = [build["nvr"] for build in builds if build["package_name"] == item.wanted.package]
                if old:
                    seconds[nvr] = old[0]
        done = {nvr for nvr, item in self.items.items() if item.state == DONE}
        found = needs([item.wanted for item in self.items.values()], held, self._params["wait_for"] == "all")
        last = self._ask([call("getBuild", old, about={"build": old}) for old in seconds.values()]) if seconds else []
        took = {
            nvr: max(1.0, build["completion_ts"] - build["start_ts"])
            for nvr, build in zip(seconds, last)
            if build and build["completion_ts"] and build["start_ts"]
        }
        lengths = chains(found, took)
        for nvr, item in self.items.items():
            item.needs, item.chain = found[nvr], lengths[nvr]
        if any(set(item.needs) - done for item in self.items.values()):
            self._check_inheritance(targets)

    def _check_inheritance(self, targets: t.Mapping[str, dict[str, t.Any]]) -> None:
        """:raises InvalidInput: what is built never comes into the build repository, waiting would not end."""
        names = [name for name, target in targets.items() if target["build_tag"] != target["dest_tag"]]
        lines = self._ask(
            [call("getFullInheritance", targets[name]["build_tag"], about={"target": name}) for name in names]
        )
        for name, line in zip(names, lines):
            if targets[name]["dest_tag"] not in {link["parent_id"] for link in line}:
                build, dest = targets[name]["build_tag_name"], targets[name]["dest_tag_name"]
                raise InvalidInput(
                    f"Builds of {name} go to {dest}, which {build} does not inherit from: those that others need would "
                    "never come into the build repository."
                )

    def _look(self) -> None:
        """Bring every item to what the hub shows."""
        open_items = [item for item in self.items.values() if item.state in (WAITING, BUILDING)]
        calls = [call("getBuild", item.wanted.nvr, about={"build": item.wanted.nvr}) for item in open_items]
        tasks = [item for item in open_items if item.task is not None]
        calls += [call("getTaskInfo", item.task, about={"task": item.task}) for item in tasks]
        answers = self._ask(calls) if calls else []
        states = {id(item): info["state"] for item, info in zip(tasks, answers[len(open_items) :]) if info}
        for item, build in zip(open_items, answers):
            item.build = build
            state = BUILD_STATES[build["state"]] if build else None
            task = states.get(id(item))
            if state == "COMPLETE":
                item.state = DONE
            elif state == "BUILDING":
                item.state, item.task = BUILDING, build["task_id"]
            elif item.task is not None and task is not None and task not in _ENDED:
                item.state = BUILDING
            elif item.task is not None and item.task in self._queued:
                item.state = FAILED_STATE
            else:
                # What failed before this run began is tried once more.
                item.state, item.task = WAITING, None

    def _work(self, deadline: Deadline) -> None:
        said = ""
        while True:
            self._look()
            self._explain_failures()
            self._hold_back()
            shown = self._shown()
            waiting = [item for item in self.items.values() if item.state == WAITING]
            ready = [item for item in waiting if self._is_ready(item, shown)]
            building = sum(item.state == BUILDING for item in self.items.values())
            ready.sort(key=lambda item: (-item.chain, item.wanted.nvr))
            for item in ready[: max(0, self._params["at_once"] - building)]:
                self._queue(item)
            line = self._progress(shown)
            if line != said:
                say(line)
                said = line
            if not any(item.state in (WAITING, BUILDING) for item in self.items.values()):
                return
            if deadline.remaining <= self._params["poll"]:
                # Its task ends, the builds go on: for a run of several stages it is the hub that is waited for.
                left = {"hub": self._hub.address, "final": False, **self._result()}
                raise TimedOut(f"{line} The time of {deadline.seconds:g} s is over; run it again.", **left)
            self.sleep(self._params["poll"])
            self._slept += self._params["poll"]

    def _shown(self) -> dict[str, int]:
        """Build tag → the event that its repository shows; asked only for tags that somebody waits for."""
        tags = sorted({item.build_tag for item in self.items.values() if item.state == WAITING and item.needs})
        if not tags:
            return {}
        calls = [call("getRepo", tag, about={"tag": tag}) for tag in tags]
        # Builds that have become complete get the event since which the tag has them.
        fresh = {tag: self._without_event(tag) for tag in tags}
        asking = [tag for tag in tags if fresh[tag]]
        calls += [call("listTagged", tag, inherit=True, about={"tag": tag}) for tag in asking]
        answers = self._ask(calls)
        for tag, builds in zip(asking, answers[len(tags) :]):
            events = {build["nvr"]: build["create_event"] for build in builds}
            for item in fresh[tag]:
                item.event = events.get(item.wanted.nvr)
        shown = {tag: repo["begin_event"] for tag, repo in zip(tags, answers) if repo and repo["state"] == READY}
        if self._params["regenerate"]:
            self._regenerate(tags, shown)
        return shown

    def _without_event(self, tag: str) -> list[Item]:
        needed = {
            nvr for item in self.items.values() if item.state == WAITING and item.build_tag == tag for nvr in item.needs
        }
        return [self.items[nvr] for nvr in needed if self.items[nvr].state == DONE and self.items[nvr].event is None]

    def _is_ready(self, item: Item, shown: t.Mapping[str, int]) -> bool:
        event = shown.get(item.build_tag, -1)
        others = [self.items[nvr] for nvr in item.needs]
        return all(other.state == DONE and other.event is not None and other.event <= event for other in others)

    def _regenerate(self, tags: t.Sequence[str], shown: t.Mapping[str, int]) -> None:
        """Ask for a new repository where one is needed and none is being made."""
        for tag in tags:
            events = [
                self.items[nvr].event or 0
                for item in self.items.values()
                if item.state == WAITING
                and item.build_tag == tag
                and all(self.items[nvr].state == DONE for nvr in item.needs)
                for nvr in item.needs
            ]
            if not events or max(events) <= shown.get(tag, -1):
                continue
            task = self._regenerating.get(tag)
            if (
                task is not None
                and self._ask([call("getTaskInfo", task, about={"task": task})])[0]["state"] not in _ENDED
            ):
                continue
            self._requests += 1
            self._regenerating[tag] = self._hub.write(call("newRepo", tag, about={"tag": tag}), lambda: None)

    def _queue(self, item: Item) -> None:
        """Queue a build. One whose answer was lost is looked for; the hub itself makes no NVR twice."""
        one = self._one(item)
        self._requests += 1
        try:
            item.task = one.queue()
        except HubFault as fault:
            item.state, item.why = FAILED_STATE, {"failure_class": "infrastructure", "fault": fault.message}
            return
        item.state = BUILDING
        self._queued.add(item.task)
        self._journal.write([{"event": "queued", "task": item.task, "build": item.wanted.nvr}])

    def _one(self, item: Item) -> HubBuild:
        wanted = item.wanted
        given = {"source": wanted.source, "target": wanted.target, "nvr": wanted.nvr, "scratch": False, "wait": True}
        return HubBuild.on(self._hub, {**self._params, **given, "arches": self._params["arches"]})

    def _explain_failures(self) -> None:
        for item in self.items.values():
            if item.state == FAILED_STATE and not item.why and item.task is not None:
                try:
                    item.why = self._one(item).why_failed(item.task)
                except Unavailable as error:
                    item.why = {"failure_class": "unknown", "fault": error.message, "lines": [], "logs": []}
                say(f"{item.wanted.nvr} failed: {item.why['failure_class']}. {item.why['fault']}")

    def _hold_back(self) -> None:
        """What needs a build that failed is held back; all else goes on."""
        changed = True
        while changed:
            changed = False
            for item in self.items.values():
                bad = [nvr for nvr in item.needs if self.items[nvr].state in (FAILED_STATE, HELD)]
                if item.state == WAITING and bad:
                    item.state, changed = HELD, True
                    item.why = {
                        "fault": f"it needs {bad[0]} for {item.needs[bad[0]]}, which is {self.items[bad[0]].state}"
                    }

    def _progress(self, shown: t.Mapping[str, int]) -> str:
        counts = {state: sum(item.state == state for item in self.items.values()) for state in STATES}
        line = f"{counts[DONE]} of {len(self.items)} built, {counts[BUILDING]} building, {counts[WAITING]} waiting"
        for_builds = for_repo = 0
        for item in self.items.values():
            if item.state == WAITING and not self._is_ready(item, shown):
                undone = any(self.items[nvr].state != DONE for nvr in item.needs)
                for_builds, for_repo = for_builds + undone, for_repo + (not undone)
        parts = [f"{for_builds} for builds"] if for_builds else []
        parts += [f"{for_repo} for the build repository"] if for_repo else []
        line += f" ({', '.join(parts)})" if parts else ""
        bad = counts[FAILED_STATE] + counts[HELD]
        return f"{line}, {bad} failed or held back." if bad else f"{line}."

    def _sentence(self, item: Item) -> str:
        if item.state == BUILDING:
            return f"wait for task {item.task}, which builds {item.wanted.nvr}"
        after = [nvr for nvr in item.needs if self.items[nvr].state != DONE]
        behind = f", after {', '.join(sorted(after))}" if after else ""
        return f"build {item.wanted.nvr} for {item.wanted.target}{behind}"

    def _result(self) -> dict[str, t.Any]:
        rows = []
        for nvr, item in sorted(self.items.items()):
            why = {"failure_class": None, "fault": None, "lines": [], "logs": [], **item.why}
            row = {"nvr": nvr, "state": item.state, "task_id": item.task, "seconds": item.seconds}
            rows.append({**row, "needs": sorted(item.needs), **why})
        counts = {state: sum(row["state"] == state for row in rows) for state in STATES}
        heads = ["nvr", "state", "seconds", "fault"]
        return {
            "builds": rows,
            "counts": {state: count for state, count in counts.items() if count},
            "requests": self._requests,
            "own_seconds": round(time.monotonic() - self._began - self._slept, 1),
            "table": text_table(heads, [[row[head] for head in heads] for row in rows if row["state"] != DONE]),
        }


def _evr(rpm: t.Mapping[str, t.Any]) -> Evr:
    return Evr(int(rpm["epoch"] or 0), rpm["version"], rpm["release"])
