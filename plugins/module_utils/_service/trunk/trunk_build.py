# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Building what is new in trunk: DLRN run in the order that the packages need each other, until nothing is left."""

from __future__ import annotations

import dataclasses
import functools
import os
import re
import typing as t

from ..._build.spec_order import Spec, read_spec, waves
from ..._diagnosis.failures import Diagnosis, FailureClass, diagnose_file
from ..._dlrn.builder import Builder, Pending, State
from ..._dlrn.drivers import driver_of, require_usable
from ..._module.errors import InvalidInput, RelengError
from ..._module.progress import say
from ..._module.runner import Change, Plan
from ..._module.waiter import Deadline
from ..._rpm.headers import find_packages, read_nevras, read_provides
from ..._sandbox.packages import query
from .tries import Tries

_PROCESSING = re.compile(r"dlrn-build:Processing (\S+) ([0-9a-f]+)")


class TrunkBuild(Change):
    """Build what is new of some packages.

    :param params: config_file, virtualenv, info_repo and log of the :class:`Builder`; packages and components, which
        mean all packages when both are empty; head_only, rebuild_failed; infrastructure_tries, how often a commit whose
        build failed for infrastructure is tried again by itself, over all runs; timeout in seconds.
    """

    def __init__(self, params: t.Mapping[str, t.Any]) -> None:
        self._params = params
        self._deadline = Deadline(params["timeout"])
        self._failed: list[str] = []

    def plan(self) -> Plan:
        settings = (self._params[name] for name in ("config_file", "virtualenv", "info_repo", "log"))
        self._builder = Builder(*settings)
        state = self._state = self._builder.state()
        names = self._wanted(state)
        pending = self._builder.pending(state, names)
        known = {item.package for item in pending}
        self._tries = Tries(state.config["datadir"])
        left = [name for name in names if name not in known and _status(state, name) == "FAILED"]
        if self._params["rebuild_failed"]:
            self._failed = left
            pending += [self._builder.again(state, name) for name in left]
        else:
            again = {name: reason for name in left if (reason := self._try_again(state.packages[name]["last"]))}
            self._failed = list(again)
            pending += [
                dataclasses.replace(self._builder.again(state, name), reason=reason) for name, reason in again.items()
            ]
        driver = driver_of(self._params["config_file"])
        if pending and driver:
            require_usable(driver)
        self._order = order(pending)
        reasons = {item.package: item.reason for item in pending}
        actions = [f"Build {name}: {reasons[name]}" for wave in self._order for name in wave]
        before = {"packages": {name: _status(state, name) for name in names}}
        after = {"packages": {**before["packages"], **dict.fromkeys(reasons, "built")}}
        built: dict[str, t.Any] = {"commits": [], "failures": []}
        return Plan(before, after, actions, {"waves": self._order, **built, **self._components(state)})

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        """Build; ``changed`` is whether DLRN recorded a build."""
        with self._builder.locked(self._deadline, say) as waited:
            if waited:
                plan = self.plan()
            self._count_tries()
            for name in self._failed:
                self._builder.recheck(name)
            first = self._builder.state() if self._failed else self._state
            try:
                state = self._build_all(first)
            except RelengError as error:
                # What was built before it went wrong is worth knowing.
                error.data.update(self._result(self._builder.state(first.newest_id)))
                raise
            return {**plan.result, **self._result(state)}

    def _try_again(self, row: dict[str, t.Any]) -> str | None:
        """Why a build that failed is tried again by itself; None: it is not."""
        most = self._params["infrastructure_tries"]
        number = self._tries.of(row) + 1
        if number > most or _failure(row, self._state).failure_class is not FailureClass.INFRASTRUCTURE:
            return None
        return f"its build failed for infrastructure; try {number} of {most}"

    def _count_tries(self) -> None:
        """Before DLRN is told to forget: a run that is killed has tried as well."""
        for name in self._failed:
            row = self._state.packages[name]["last"]
            if self._params["rebuild_failed"]:
                self._tries.forget(row)
            else:
                self._tries.add(row)
        self._tries.write(package["last"] for package in self._state.packages.values() if package["last"])

    def _components(self, state: State) -> dict[str, t.Any]:
        return components(state, self._way_out)

    def _result(self, state: State) -> dict[str, t.Any]:
        return result(state, self._way_out)

    def _way_out(self, package: dict[str, t.Any], failure: Diagnosis) -> str:
        """What helps a package whose newest commit does not build."""
        if failure.failure_class is FailureClass.INFRASTRUCTURE:
            left = self._params["infrastructure_tries"] - self._tries.of(package["last"])
            if left > 0:
                return f"It is built again by the next runs, {left} times at most."
            return "Mend what it could not reach, and build it again with rebuild_failed."
        return (
            f"Push what mends it to {package['upstream']} or {package['distgit']}; or if it was not the commit's "
            "fault, build it again with rebuild_failed."
        )

    def _wanted(self, state: State) -> list[str]:
        return wanted(state, self._params["packages"], self._params["components"])

    def _build_all(self, state: State) -> State:
        """Waves until nothing is left, or a round records nothing.

        :param state: before, without commits.
        :returns: after, with all commits that were built.
        """
        begin = newest = state.newest_id
        todo = self._order
        while todo:
            before = newest
            for number, wave in enumerate(todo, 1):
                state = self._build_wave(wave, begin, newest, f"wave {number} of {len(todo)}")
                newest = state.newest_id
            if newest == before:
                break
            again = helped(state)
            for name in again:
                say(f"{name}: what it missed has been built meanwhile")
                self._builder.recheck(name)
            if again:
                # The rows that are forgotten give their ids to new ones.
                state = self._builder.state(begin)
                newest = state.newest_id
            left = order(self._builder.pending(state, self._wanted(state)))
            foreseen = [[name for name in wave if state.packages[name]["foreseeable"]] for wave in left]
            todo = [wave for wave in foreseen if wave]
        return state

    def _build_wave(self, wave: list[str], begin: int, newest: int, where: str) -> State:
        """Build packages that do not need each other; the state with all rows after ``begin``."""
        say(f"DLRN builds {', '.join(wave)} ({where}); log: {self._builder.log or 'none'}")
        self._builder.build(wave, self._params["head_only"], self._deadline, watch)
        state = self._builder.state(begin)
        for row in state.commits:
            if row["id"] > newest:
                say(f"{row['project_name']} {row['commit_hash'][:12]}: {row['status']}; log: {_log(row, state)}")
        return state


# What helps a package that does not build.
WayOut = t.Callable[[dict[str, t.Any], Diagnosis], str]


def result(state: State, way_out: WayOut) -> dict[str, t.Any]:
    """What the module returns of the rows that it made."""
    commits = [describe(row, state) for row in state.commits]
    # A commit that was tried again has a row for each try; the last one counts.
    newest = list({(row["package"], row["commit_hash"], row["distro_hash"]): row for row in commits}.values())
    return {
        "changed": bool(commits),
        "commits": newest,
        "failures": [row for row in newest if row["failure"]],
        **components(state, way_out),
    }


def watch(line: str) -> None:
    """Say which build DLRN has begun."""
    match = _PROCESSING.search(line)
    if match:
        say(f"{match[1]} {match[2][:12]}: building")


def wanted(state: State, packages: t.Sequence[str], chosen: t.Sequence[str]) -> list[str]:
    """The names that are meant, in rdoinfo's order.

    :raises InvalidInput: rdoinfo has no such package or component.
    """
    known = {package["component"] for package in state.packages.values()} - {None}
    for what, asked, there in ("package", packages, set(state.packages)), ("component", chosen, known):
        unknown = sorted(set(asked) - there)
        if unknown:
            names = ", ".join(sorted(there)) or "none"
            raise InvalidInput(f"rdoinfo has no {what} {', '.join(unknown)}. It has: {names}.")
    if not packages and not chosen:
        return list(state.packages)
    return [name for name, package in state.packages.items() if name in packages or package["component"] in chosen]


def order(pending: t.Iterable[Pending]) -> list[list[str]]:
    """The packages in waves; one whose spec cannot be read needs nothing that we know of."""
    return waves({item.package: read_spec(item.spec) if item.spec else Spec() for item in pending})


def helped(state: State) -> list[str]:
    """Packages that failed for want of something that was built after them.

    Requirements that only a build finds out about are in no spec file, so the order cannot know of them.
    """
    newest = {row["project_name"]: row for row in state.commits}
    found = []
    for name, row in newest.items():
        if row["status"] != "FAILED":
            continue
        missing = set(diagnose_file(_log(row, state)).missing)
        later = (
            _folder(other, state)
            for other in newest.values()
            if other["status"] == "SUCCESS" and other["id"] > row["id"]
        )
        if missing and any(missing & _provided(folder) for folder in later):
            found.append(name)
    return found


def _provided(folder: str) -> set[str]:
    """What the packages of a build provide; nothing where they cannot be read."""
    files = [path for path in find_packages(folder) if not path.endswith(".src.rpm")]
    try:
        return set().union(*read_provides(files, query).values())
    except RelengError:
        return set()


def describe(row: t.Mapping[str, t.Any], state: State) -> dict[str, t.Any]:
    """A row of DLRN's database as the module returns it."""
    folder = _folder(row, state)
    logs = {name: os.path.join(folder, name) for name in ("rpmbuild.log", "mock.log", "root.log", "build.log")}
    packages, failure = _packages(folder) if row["status"] == "SUCCESS" else ([], _failure(row, state))
    return {
        "package": row["project_name"],
        **{name: row[name] for name in ("component", "status", "commit_hash", "distro_hash", "extended_hash")},
        "repository": folder,
        "repo_url": f"{state.config['baseurl']}/{row['repository'].partition('/')[2]}",
        "packages": packages,
        "logs": {name: path for name, path in logs.items() if os.path.exists(path)},
        "failure": failure and failure.as_dict(),
    }


def _packages(folder: str) -> tuple[list[str], Diagnosis | None]:
    """The NEVRAs that a build left behind, or why they cannot be read: DLRN takes whatever is called .rpm."""
    try:
        return sorted(read_nevras(find_packages(folder), query).values()), None
    except RelengError as error:
        return [], Diagnosis(FailureClass.PACKAGING, [str(error)])


def components(state: State, way_out: WayOut) -> dict[str, t.Any]:
    """What ``current`` and ``consistent`` of each component point to, and what keeps the latter back."""
    found = []
    for component in sorted({package["component"] for package in state.packages.values()}, key=str):
        folder = os.path.join(state.config["datadir"], "repos", *(["component", component] if component else []))
        back = [
            {
                "package": name,
                "status": _status(state, name),
                "commit_hash": package["failing_since"] and package["failing_since"]["commit_hash"],
                "since": package["failing_since"] and package["failing_since"]["dt_build"],
                **_why(package, state, way_out),
            }
            for name, package in state.packages.items()
            if package["component"] == component and _status(state, name) != "SUCCESS"
        ]
        labels = {label: _link(os.path.join(folder, label)) for label in ("current", "consistent")}
        found.append({"component": component, **labels, "held_back_by": back})
    return {"components": found}


def _why(package: dict[str, t.Any], state: State, way_out: WayOut) -> dict[str, t.Any]:
    """Why the newest commit of a package does not build, also if that was found out by an earlier run."""
    row = package["last"]
    if row is None:
        return {"failure": None, "log": None, "way_out": "It was never built: build it."}
    failure = _failure(row, state)
    return {"failure": failure.as_dict(), "log": _log(row, state), "way_out": way_out(package, failure)}


def _failure(row: t.Mapping[str, t.Any], state: State) -> Diagnosis:
    path = _log(row, state)
    return _diagnosed(path, os.path.getmtime(path) if os.path.exists(path) else 0.0)


@functools.lru_cache(maxsize=1000)
def _diagnosed(path: str, changed: float) -> Diagnosis:
    """The diagnosis of a log as it is since ``changed``; one run asks for it several times."""
    return diagnose_file(path)


def _folder(row: t.Mapping[str, t.Any], state: State) -> str:
    return os.path.join(state.config["datadir"], row["repository"])


def _log(row: t.Mapping[str, t.Any], state: State) -> str:
    return os.path.join(_folder(row, state), "rpmbuild.log")


def _link(path: str) -> str | None:
    """The repository that a label is: its folder's name, or None."""
    return os.path.basename(os.readlink(path)) if os.path.islink(path) else None


def _status(state: State, name: str) -> str:
    last = state.packages[name]["last"]
    return last["status"] if last else "NO_BUILD"
