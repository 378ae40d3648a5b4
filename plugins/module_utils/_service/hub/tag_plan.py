# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Bringing a hub's tags to what rdoinfo, or a list, says: the plan, its file, and its application."""

from __future__ import annotations

import contextlib
import os
import typing as t

from ..._koji.apply import Applier, Manner, is_done, wait_for_tasks
from ..._koji.journal import Journal, default_folder, open_retags, open_tasks
from ..._koji.moves import Move, check_moves, plan_moves
from ..._koji.plan import (
    KINDS,
    SCHEMA,
    TAG_MAPS,
    Action,
    Line,
    Rules,
    State,
    Tag,
    TagPlan,
    Wanted,
    check_rows,
    fingerprint,
    implied_rows,
    make_plan,
)
from ..._koji.session import Hub
from ..._koji.state import read_state
from ..._module.documents import digest, read_document, write_document
from ..._module.errors import Conflict, InvalidInput, NotFound, Refused, RelengError
from ..._module.lock import held_lock
from ..._module.progress import say
from ..._module.runner import Change, Plan
from ..._module.table import text_table
from ..._release.rdoinfo import Rdoinfo
from ..release.rdoinfo_query import read_rdoinfo
from .tag_closure import prove


class TagBuilds(Change):
    """What the module koji_tag_builds brings about.

    :param params: its options.
    :param check_mode: nothing is waited for and no file written.
    """

    def __init__(self, params: dict[str, t.Any], check_mode: bool) -> None:
        self._params, self._check_mode = params, check_mode
        self._folder = params["journal_dir"] or default_folder()
        self._manner = Manner(
            direct=params["method"] == "direct", batch=params["batch_size"], task_timeout=params["task_timeout"]
        )
        self._actions: list[Action] = []
        self._refused: list[dict[str, t.Any]] = []
        self._locks = contextlib.ExitStack()

    def plan(self) -> Plan:
        params = self._params
        self._hub = Hub.from_params(params)
        if params["batch_size"] < 1:
            raise InvalidInput(f"batch_size must be 1 at least, not {params['batch_size']}.")
        if params["state"] == "planned" and not params["plan"]:
            raise InvalidInput("state is planned: set plan to the file that the plan is to be written to.")
        try:
            self._lock()
            plan = self._planned()
        except BaseException:
            self._locks.close()
            raise
        if not plan.actions:
            self._locks.close()
        return plan

    def _lock(self) -> None:
        """Plan and application are one: whoever tags on this hub from here is waited for before anything is read."""
        if self._check_mode or self._params["state"] != "applied":
            return
        path = os.path.join(self._folder, f"{digest(self._hub.address)[:16]}.lock")
        held = held_lock(path, {"tags on": self._hub.address}, self._params["lock_timeout"])
        self._locks.enter_context(held)

    def _planned(self) -> Plan:
        params = self._params
        self._settle()
        self._cut_short = open_retags(self._folder, self._hub.address)
        if params["state"] == "applied" and params["plan"]:
            document, state = self._read_plan(params["plan"])
        else:
            document, state = self._make_plan()
        self._actions = [_action(data) for data in document["actions"]]
        self._refused = document["refused"]
        self._remaining = [action for action in self._actions if not _holds(action, state)]
        # The journal is that of the plan, whatever a proof that is made anew says of it.
        self._journal = Journal(self._folder, self._hub.address, digest(document))
        document = self._prove(document, self._remaining, state)
        self._close_retags((tag.name, build.nvr) for tag in state.tags.values() if tag for build in tag.builds)
        result = {
            "plan": document,
            "refused": self._refused,
            "done": [],
            "failed_actions": [],
            "table": tag_table(document),
            "journal": self._journal.path,
        }
        sentences = [str(action) for action in self._remaining]
        if params["state"] == "planned":
            return self._plan_of_file(document, result)
        if not self._remaining and not self._check_mode and self._kept_back():
            raise RelengError(self._summary(result), **result)
        before, wanted = _listing(state, self._remaining)
        return Plan(before, wanted, sentences, result)

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        if self._params["state"] == "planned":
            write_document(self._params["plan"], plan.result["plan"])
            return {}
        with self._locks:
            # Somebody on another host may have tagged what the plan did not reckon with.
            document = plan.result["plan"]
            now = read_state(self._hub, document["state"])
            _refuse_if_moved(document, now, self._journal.begun, "while the plan was made")
            say(f"{len(self._remaining)} actions on {self._hub.address}; journal: {self._journal.path}")
            try:
                report = Applier(self._hub, self._journal, self._manner).run(self._remaining)
            finally:
                self._hub.close()
            self._close_retags((done["tag"], done.get("build")) for done in report["done"])
        if report["failed_actions"] or self._kept_back():
            whole = {**plan.result, **report, "changed": bool(report["done"]), "actions": plan.actions}
            raise RelengError(self._summary(report), **whole)
        return report

    def _kept_back(self) -> list[dict[str, t.Any]]:
        """Refusals for which what is wanted cannot be reached, if they should fail the task."""
        if not self._params["fail_on_refused"]:
            return []
        return [one for one in self._refused if one["rule"] != "unexplained"]

    def _summary(self, report: dict[str, t.Any]) -> str:
        kept_back = self._kept_back()
        first = report["failed_actions"][0]["error"] if report["failed_actions"] else _refusal(kept_back[0])
        counts = f"{len(report['done'])} actions done, {len(report['failed_actions'])} failed, {len(kept_back)} refused"
        return f"{counts}. The first of these: {first}"

    def _settle(self) -> None:
        """Tasks that a killed run left in the queue must have ended before anything is planned."""
        if self._check_mode or self._params["state"] != "applied":
            return
        tasks = open_tasks(self._folder, self._hub.address)
        if tasks:
            say(f"Waiting for {len(tasks)} tasks of a run that was ended before they were.")
            wait_for_tasks(self._hub, sorted(tasks), self._manner)
            for number, journal in tasks.items():
                journal.write([{"event": "ended", "task": number}])

    def _close_retags(self, in_place: t.Iterable[tuple[str, str]]) -> None:
        """Write down that retags which were cut short have been finished since."""
        if self._check_mode or self._params["state"] != "applied" or not self._cut_short:
            return
        for tag, build in self._cut_short.keys() & set(in_place):
            journal = self._cut_short.pop((tag, build))
            journal.write([{"event": "done", "action": "retag", "tag": tag, "build": build}])

    def _make_plan(self) -> tuple[dict[str, t.Any], State]:
        if self._params["moves"]:
            return self._plan_moves(check_moves(self._params["moves"]))
        wanted, context = self._wanted()
        rows = implied_rows(wanted)
        nvrs = sorted({nvr for packages in rows.values() for nvr in packages.values()})
        say(f"Reading {len(rows)} tags of {self._hub.address}")
        state = read_state(self._hub, [*rows, *context], nvrs)
        return self._document(wanted, state, make_plan(wanted, state, self._rules())), state

    def _plan_moves(self, moves: list[Move]) -> tuple[dict[str, t.Any], State]:
        """The plan of a decision that names what moves: nothing else has to be as it was."""
        params = self._params
        given = [name for name in ("builds", "phase", "tags", "exclusive") if params[name]]
        if given:
            raise InvalidInput(f"moves says all that is to be done: {', '.join(given)} cannot be given with it.")
        lines: list[Line] = []
        source = f"{len(moves)} moves"
        if params["rdoinfo"]:
            info = read_rdoinfo(params)
            lines = release_lines(info, params["release"], params["distro"])
            source += f", tags of rdoinfo {info.description}"
        tags = list(dict.fromkeys(tag for move in moves for tag in move.tags))
        context = [line.before_release(tag) for line in lines for tag in line.tags if tag in tags]
        say(f"Reading {len(tags)} tags of {self._hub.address}")
        state = read_state(self._hub, [*tags, *filter(None, context)], [move.build for move in moves])
        rows: dict[str, dict[str, str]] = {}
        for move in moves:
            if move.target:
                rows.setdefault(move.target, {})[move.package] = move.build
        wanted = Wanted(source, rows, lines)
        packages = sorted({move.package for move in moves})
        plan = plan_moves(moves, wanted, state, self._rules())
        return self._document(wanted, state, plan, packages), state

    def _rules(self) -> Rules:
        params = self._params
        return Rules(
            owner=params["owner"],
            allow_downgrade=params["allow_downgrade"],
            exclusive=params["exclusive"],
            permissions=frozenset(params["permissions"]),
            cut_short=self._cut_short.keys(),
        )

    def _prove(self, document: dict[str, t.Any], actions: t.Sequence[Action], state: State) -> dict[str, t.Any]:
        """``document`` with what ``actions`` would do to the tags' repositories, if that is asked, or was in the plan.

        :raises Refused: something that is met now would not be any more.
        """
        options = self._params["closure"] or (document["closure"] or {}).get("asked")
        acting = [action.as_data() for action in actions]
        if not options or not acting:
            return document
        closure = prove(
            self._hub,
            state,
            acting,
            options,
            cache_dir=self._params["cache_dir"],
            writable=not self._check_mode,
            ca_path=self._params["serverca"],
        )
        proven = {**document, "closure": closure}
        if closure["introduced"]:
            heads = ["tag", "package", "reason", "introduced by"]
            keys = ("tag", "package", "reason", "introduced_by")
            table = text_table(heads, [[one[key] for key in keys] for one in closure["introduced"]])
            raise Refused(
                f"The plan would break {len(closure['introduced'])} requirements that are met now. It was not carried "
                f"out.\n{table}",
                plan=proven,
                refused=document["refused"],
                actions=[str(action) for action in actions],
            )
        return proven

    def _document(
        self, wanted: Wanted, state: State, plan: TagPlan, packages: list[str] | None = None
    ) -> dict[str, t.Any]:
        """The plan as it travels: with what the hub held where it acts, so that it can be seen whether that changed.

        :param packages: only builds of these matter to the plan.
        """
        touched: dict[str, dict[str, bool]] = {}
        for action in plan.actions:
            held = state.tags[action.tag]
            of_tag = touched.setdefault(action.tag, {})
            if action.build:
                of_tag[action.build] = held is not None and held.has(action.build)
        return {
            "schema": SCHEMA,
            "hub": self._hub.address,
            "event": state.event,
            "desired": wanted.source,
            "actions": [action.as_data() for action in plan.actions],
            "refused": plan.refused,
            "closure": None,
            "state": {
                name: {"others": fingerprint(_there(state, name), builds, packages), "builds": builds}
                | ({"packages": packages} if packages else {})
                for name, builds in sorted(touched.items())
            },
        }

    def _read_plan(self, path: str) -> tuple[dict[str, t.Any], State]:
        """A plan that was written before, if the hub is as it was then, or as that plan left it half done.

        :raises Conflict: the hub has moved since.
        """
        document = read_document(path, SCHEMA, "tag plan")
        missing = {"hub", "event", "actions", "refused", "closure", "state"} - document.keys()
        if missing:
            raise InvalidInput(f"The tag plan {path} lacks {', '.join(sorted(missing))}: is it cut off?", path=path)
        if document["hub"] != self._hub.address:
            raise Conflict(f"The tag plan {path} is for {document['hub']}, not for {self._hub.address}.")
        actions = [_action(data) for data in document["actions"]]
        strange = sorted({action.tag for action in actions} - set(document["state"]))
        if strange:
            raise InvalidInput(
                f"The tag plan {path} does not say what it found in {', '.join(strange)}: was it edited?"
            )
        state = read_state(self._hub, document["state"])
        if not all(_holds(action, state) for action in actions):
            begun = Journal(self._folder, self._hub.address, digest(document)).begun
            _refuse_if_moved(document, state, begun, f"since the plan {path} was made")
        return document, state

    def _plan_of_file(self, document: dict[str, t.Any], result: dict[str, t.Any]) -> Plan:
        """Writing the plan is the change; a file that holds the same plan already is left alone."""
        path = self._params["plan"]
        try:
            held: dict[str, t.Any] = read_document(path, SCHEMA, "tag plan")
        except NotFound:
            held = {}
        if {**held, "event": None} == {**document, "event": None}:
            return Plan(held, held, [], {**result, "plan": held})
        return Plan(held, document, [f"write a plan of {len(document['actions'])} actions to {path}"], result)

    def _wanted(self) -> tuple[Wanted, list[str]]:
        """What the options want, and the tags that must be read besides to judge it."""
        params = self._params
        lines: list[Line] = []
        rows: dict[str, dict[str, str]] = {}
        sources = []
        if params["rdoinfo"]:
            info = read_rdoinfo(params)
            lines = release_lines(info, params["release"], params["distro"])
            sources.append(f"rdoinfo {info.description}")
            if not params["builds"]:
                rows = rows_of(info, lines, params["phase"])
        elif params["release"] or params["distro"] or params["phase"]:
            raise InvalidInput("release, distro and phase choose from rdoinfo: set rdoinfo too.")
        if params["builds"]:
            rows = check_rows(params["builds"])
            sources.append("builds given")
        if not sources:
            raise InvalidInput("Nothing says what is wanted: set rdoinfo, builds, or plan to a file that was written.")
        if params["tags"]:
            unknown = sorted(set(params["tags"]) - set(rows))
            if unknown:
                raise NotFound(f"{', '.join(unknown)}: nothing of the kind is wanted in {' and '.join(sources)}.")
            rows = {tag: rows[tag] for tag in params["tags"]}
        context = [line.before_release(tag) for line in lines for tag in line.tags if tag in rows]
        return Wanted(" and ".join(sources), rows, lines), [tag for tag in context if tag and tag not in rows]


def release_lines(info: Rdoinfo, release: str | None = None, distro: str | None = None) -> list[Line]:
    """The tags of releases, each on each of its distros, as rdoinfo orders them.

    :raises NotFound: rdoinfo has no such release, or the release no such distro.
    """
    if release:
        info.release(release)
        if distro:
            info.distro(release, distro)
    lines = []
    for name, entry in info.releases.items():
        if release in (None, name):
            lines += [_line(name, entry, repo) for repo in entry["repos"] if distro in (None, repo["name"])]
    if not lines:
        raise NotFound(f"No release of {info.description} has the distro {distro!r}.", distro=distro)
    return lines


def _line(release: str, entry: dict[str, t.Any], repo: dict[str, t.Any]) -> Line:
    tag_map, tags = entry.get("tags_map"), repo.get("buildsys-tags")
    where = f"Release {release} on {repo['name']}"
    if tag_map not in TAG_MAPS:
        raise InvalidInput(f"{where} has the tags_map {tag_map!r}; it must be one of {', '.join(TAG_MAPS)}.")
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise InvalidInput(f"{where} has no list of buildsys-tags.")
    return Line(release, repo["name"], tuple(tags), tag_map)


def rows_of(info: Rdoinfo, lines: t.Sequence[Line], phase: str | None) -> dict[str, dict[str, str]]:
    """Tag → package → NVR for the tags of ``lines``, or those of one phase.

    The name of the package is the build's own: a project of rdoinfo may be called otherwise.
    """
    wanted = info.buildsys_tags
    rows: dict[str, dict[str, str]] = {}
    for line in lines:
        for tag in line.tags:
            if phase in (None, line.phases.get(tag)):
                rows[tag] = check_rows({tag: list(wanted.get(tag, {}).values())})[tag]
    if not rows:
        names = ", ".join(f"{line.release} on {line.distro}" for line in lines)
        raise NotFound(f"There is no tag for the phase {phase} of {names}.", phase=phase)
    return rows


def tag_table(document: dict[str, t.Any]) -> str:
    """A plan as people read it: each difference between what is wanted and the hub."""
    rows = [[one["action"], one["tag"], one.get("build", one["package"]), one["reason"]] for one in document["actions"]]
    rows += [
        [f"refused: {one['action']}", one["tag"], one.get("build"), f"{one['rule']}: {one['reason']}"]
        for one in document["refused"]
    ]
    return text_table(["action", "tag", "build", "reason"], rows)


def _action(data: dict[str, t.Any]) -> Action:
    try:
        action = Action(**{"build": None, **data})
    except TypeError as error:
        raise InvalidInput(f"An action of the tag plan cannot be read: {data!r} ({error}).") from None
    if action.action not in KINDS:
        raise InvalidInput(f"An action of the tag plan is {action.action!r}; it must be one of {', '.join(KINDS)}.")
    return action


def _there(state: State, name: str) -> Tag:
    tag = state.tags[name]
    if tag is None:
        raise Conflict(f"The tag {name} went away while the plan was made.", tag=name)
    return tag


def _holds(action: Action, state: State) -> bool:
    """Whether there is nothing left to do for ``action``."""
    tag = state.tags[action.tag]
    if tag is None:
        return False
    if action.action == "register":
        return tag.packages.get(action.package) is False
    return is_done(action, [build.nvr for build in tag.of_package(action.package)])


def _refuse_if_moved(document: dict[str, t.Any], state: State, begun: bool, when: str) -> None:
    """:raises Conflict: a tag that the plan acts on is not as it was, but for what the plan itself has done."""
    moved = [name for name, then in document["state"].items() if _moved(state.tags[name], then, begun)]
    if moved:
        raise Conflict(
            f"The hub has moved {when}, at event {document['event']}: {', '.join(moved)} changed. Make a new plan.",
            tags=moved,
        )


def _moved(tag: Tag | None, then: dict[str, t.Any], begun: bool) -> bool:
    """Whether a tag is not as a plan found it; what the plan itself does may have begun."""
    if tag is None or fingerprint(tag, then["builds"], then.get("packages")) != then["others"]:
        return True
    return not begun and any(tag.has(nvr) != was for nvr, was in then["builds"].items())


def _listing(state: State, actions: t.Sequence[Action]) -> tuple[dict[str, t.Any], dict[str, t.Any]]:
    """The builds of the packages that are acted on, by tag, before and after."""
    before: dict[str, dict[str, list[str]]] = {}
    after: dict[str, dict[str, list[str]]] = {}
    for action in actions:
        tag = _there(state, action.tag)
        held = [build.nvr for build in tag.of_package(action.package)]
        before.setdefault(action.tag, {}).setdefault(action.package, held)
        then = after.setdefault(action.tag, {}).setdefault(action.package, list(held))
        if action.action != "register":
            then[:] = [nvr for nvr in then if nvr != action.build]
        if action.action in ("tag", "retag") and action.build:
            then.insert(0, action.build)
    return before, after


def _refusal(one: dict[str, t.Any]) -> str:
    return f"{one['action']} {one.get('build', '')} {one['tag']}: {one['rule']}, {one['reason']}"
