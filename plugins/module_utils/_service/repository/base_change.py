# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What another base would do to a candidate: which packages of it changed, and whom that breaks.

Of a coming compose, almost everything is as it was. So the old base is the state, what is in both stays, and
the rest is one change: what leaves and what enters. The engine then says who newly lacks something, and which source
package brings it about.
"""

from __future__ import annotations

import fnmatch
import time
import typing as t

from ..._closure.closure import Closure, Unresolved
from ..._closure.engine import Change, Engine
from ..._closure.installability import uninstallable
from ..._closure.newest import read_packages
from ..._closure.packages import Packages, Repository
from ..._dlrn.candidate import Candidate, read_candidate
from ..._module.errors import Conflict, InvalidInput, NotFound, RelengError
from ..._module.table import text_table
from ..._repodata.difference import compare
from ..._repodata.sources import Source
from .closure_waivers import covers, read_waivers
from .reading import Reading

# (id, address, sha256 of repomd.xml, drift) of a repository that a lockfile pins.
Pin = tuple[str, str, str, str]
_KINDS = ("added", "removed", "upgraded", "downgraded", "rebuilt")


def base_change(params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """What the module base_change_info returns.

    :raises RelengError: something would break or be dropped; with the whole result. Not when ``fail_on_broken`` is off.
    """
    began = time.monotonic()
    before, after = read_candidate(params["before"]), read_candidate(params["after"])
    trial = _Trial(params, before, after, check_mode)
    try:
        result = trial.compared()
    except NotFound as error:
        if not trial.is_old_gone(error):
            raise
        trial.notes.append(f"The base before is gone, so what changed cannot be told: {error.message}")
        result = trial.alone()
    broken, dropped = result["broken"], [one for one in result["dropped"] if not one["accepted"]]
    result.update(good=not broken and not dropped, notes=trial.notes, seconds=round(time.monotonic() - began, 3))
    if not result["good"] and params["fail_on_broken"]:
        raise RelengError(f"This base is refused: {result['summary']}\n{result['table']}".rstrip(), **result)
    return result


class _Trial:
    """A candidate, and the same with another base."""

    def __init__(self, params: dict[str, t.Any], before: Candidate, after: Candidate, check_mode: bool) -> None:
        if before.components != after.components or not after.components:
            raise InvalidInput(
                "before and after are not the same candidate with another base: their components differ, or they have "
                "none. Make after of before with rdo.releng.candidate_base."
            )
        self.params, self.candidate = params, after
        self._reading = Reading(params, writable=not check_mode)
        self.notes = self._reading.notes
        self._waivers, _expired = read_waivers(params["waivers"], time.time())
        old, new = _around(before), _around(after)
        self._kept = [one for one in new if one in old]
        self._old = [one for one in old if one not in self._kept]
        self._new = [one for one in new if one not in self._kept]
        self._gone: set[str] = set()

    def is_old_gone(self, error: NotFound) -> bool:
        """Whether it is the base before that is not there any more."""
        told = f"{error.message} {error.data}"
        return any(url.removeprefix("file://") in told for _name, url, _sha256, _drift in self._old)

    def compared(self) -> dict[str, t.Any]:
        """The difference, and what it does."""
        if not self._new and not self._old:
            self.notes.append("The base before and the new one are the same.")
            return self._result({kind: [] for kind in _KINDS}, [], [], {}, [])
        packages = self._packages(self._old, self._new)
        engine = Engine(packages)
        change = self._change(packages)
        changes = compare(*(read_packages(self._of(side)) for side in (self._old, self._new)))
        effect = engine.what_if(change)
        causes: dict[Unresolved, str] = dict(effect.introduced)
        fixed = list(effect.fixed)
        if self.params["installability"]:
            seen, seen_after = packages.visible_ids, engine.seen_after(change)
            checked = [number for number in seen if packages.repository_of(number).source.checked]
            was = uninstallable(packages, seen, checked)
            will = uninstallable(packages, seen_after, checked)
            known = {one.unresolved.package for one in was} | {one.package for one in effect.unresolved}
            causes.update(
                (one.unresolved, engine.cause_of(one, change)) for one in will if one.unresolved.package not in known
            )
        dropped = self._dropped(packages, engine, changes)
        successors = _successors(changes)
        told = {one: _told(cause, successors) for one, cause in causes.items()}
        return self._result(changes, dropped, sorted(causes), told, fixed)

    def alone(self) -> dict[str, t.Any]:
        """What of the candidate is broken on the new base, whatever it was before."""
        packages = self._packages(self._new, [])
        found = Closure(packages).check()
        if self.params["installability"]:
            checked = [one for one in packages.visible_ids if packages.repository_of(one).source.checked]
            known = {one.package for one in found}
            more = [one.unresolved for one in uninstallable(packages, packages.visible_ids, checked)]
            found += [one for one in more if one.package not in known]
        return self._result(None, [], found, {}, [])

    def _packages(self, there: list[Pin], offered: list[Pin]) -> Packages:
        components = [
            (one.component or "trunk", one.repo_url, one.repomd_sha256, "fail") for one in self.candidate.components
        ]
        # As those who install a candidate have it: what trunk builds wins over everything else.
        sources = [self._source(one, priority=1, checked=True) for one in components]
        sources += [self._source(one) for one in [*self._kept, *there]]
        offers = [self._source((f"new {name}", url, sha256, drift)) for name, url, sha256, drift in offered]
        packages = self._reading.packages(sources, offers=offers)
        pins = {name: (sha256, drift) for name, _url, sha256, drift in [*components, *self._kept]}
        pins.update({f"new {name}" if offered else name: (sha, drift) for name, _url, sha, drift in self._new})
        pins.update({name: (sha256, "record") for name, _url, sha256, _drift in self._old if offered})
        self._compare_with_pins(packages, pins)
        # A trial of nothing would pass by accident.
        if not any(packages.repository_of(number).source.checked for number in packages.visible_ids):
            arch = self.params["arch"]
            raise InvalidInput(f"The candidate {self.candidate.id} has no package for {arch}: nothing could break.")
        return packages

    def _source(self, pin: Pin, priority: int = 99, checked: bool = False) -> Source:
        location = self._reading.reader.location(pin[1], f"repository {pin[0]}")
        return Source(pin[0], (location,), priority=priority, checked=checked)

    def _of(self, pins: list[Pin]) -> Packages:
        return self._reading.packages([self._source(one) for one in pins])

    def _compare_with_pins(self, packages: Packages, pins: dict[str, tuple[str, str]]) -> None:
        for one in packages.repositories:
            sha256, drift = pins[one.source.id]
            if one.repomd.sha256 == sha256:
                continue
            sentence = (
                f"Repository {one.source.id} has changed since it was pinned: the repomd.xml of {one.repomd.roots[0]} "
                f"has sha256 {one.repomd.sha256}, and the lockfile {sha256}."
            )
            if drift == "fail":
                raise Conflict(sentence, repository=one.source.id)
            self.notes.append(sentence)

    def _change(self, packages: Packages) -> Change:
        """What leaves and what enters. A file that is in both bases stays, whichever repository of them it is in."""
        names = {name for name, *_rest in self._old}
        old = [one for one in packages.repositories if one.source.id in names and not one.offered]
        new = [one for one in packages.repositories if one.offered]
        if not old:
            raise InvalidInput("The candidate before has no base that could be replaced.")
        there, then = _files(packages, old), _files(packages, new)
        leaving = [number for file, numbers in there.items() if file not in then for number in numbers]
        entering = [number for file, numbers in then.items() if file not in there for number in numbers]
        return Change(frozenset(leaving), frozenset(entering), old[0].source.id)

    def _dropped(
        self, packages: Packages, engine: Engine, changes: t.Mapping[str, list[dict[str, t.Any]]]
    ) -> list[dict[str, t.Any]]:
        """Packages whose name is in the base before and not in the new one, with who requires something of them."""
        kept = {one["name"] for kind in ("added", "upgraded", "downgraded", "rebuilt") for one in changes[kind]}
        kept |= {key[0] for key in read_packages(self._of(self._new))} if self._new else set()
        gone = {one["name"]: one for one in changes["removed"] if one["name"] not in kept}
        names = {name for name, *_rest in self._old}
        users: dict[str, set[str]] = {name: set() for name in gone}
        for one in packages.repositories:
            if one.source.id in names and not one.offered:
                for number in range(one.first, one.end):
                    name = packages.package(number).name
                    if name in gone and engine.is_seen(number):
                        users[name].update(engine.dependents(number))
        return [
            {
                "name": name,
                "source": one["source_before"],
                "before": one["before"],
                "dependents": sorted(users[name]),
                "accepted": any(fnmatch.fnmatchcase(name, pattern) for pattern in self.params["accept_dropped"]),
            }
            for name, one in sorted(gone.items())
        ]

    def _result(
        self,
        changes: t.Mapping[str, list[dict[str, t.Any]]] | None,
        dropped: list[dict[str, t.Any]],
        found: list[Unresolved],
        causes: t.Mapping[Unresolved, str],
        fixed: list[Unresolved],
    ) -> dict[str, t.Any]:
        waived = {one for one in found if any(covers(waiver, one, self.candidate.id) for waiver in self._waivers)}
        broken = [_as_data(one, causes.get(one)) for one in found if one not in waived]
        rows = [[one["package"], one["reason"], one["introduced_by"] or ""] for one in broken]
        rows += [
            [one["name"], "dropped by the new base", f"required by {', '.join(one['dependents']) or 'nobody'}"]
            for one in dropped
            if not one["accepted"]
        ]
        return {
            "changes": changes,
            "dropped": dropped,
            "broken": broken,
            "fixed": [_as_data(one, None) for one in fixed],
            "waived": [_as_data(one, causes.get(one)) for one in sorted(waived)],
            "summary": _summary(changes, broken, dropped),
            "heads": ["package", "what", "why"],
            "rows": rows,
            "table": text_table(["package", "what", "why"], rows),
        }


def _successors(changes: t.Mapping[str, list[dict[str, t.Any]]]) -> dict[str, str]:
    """What came in the place of each source package that left the base; nothing for one that was dropped."""
    found = {one["source_before"]: "" for one in changes["removed"]}
    replaced = [one for kind in ("upgraded", "downgraded") for one in changes[kind]]
    return {**found, **{one["source_before"]: one["source_after"] for one in replaced}}


def _told(cause: str, successors: t.Mapping[str, str]) -> str:
    """Source packages that bring something about, each with what came in its place."""
    names = []
    for name in filter(None, cause.split(", ")):
        after = successors.get(name)
        names.append(name if after is None else f"{name} -> {after}" if after else f"{name}, which was dropped")
    return "; ".join(names)


def _around(candidate: Candidate) -> list[Pin]:
    """All repositories around what was built."""
    pins = [(one.id, one.url, one.repomd_sha256, one.drift) for one in candidate.base]
    if candidate.dependencies:
        pins.append(("dependencies", candidate.dependencies.url, candidate.dependencies.repomd_sha256, "fail"))
    return pins


def _files(packages: Packages, repositories: t.Iterable[Repository]) -> dict[tuple[str, str], list[int]]:
    """Packages by their NEVRA and the checksum of their file."""
    found: dict[tuple[str, str], list[int]] = {}
    for one in repositories:
        for number in range(one.first, one.end):
            package = packages.package(number)
            checksum = package.lookup_checksum(packages.solv.SOLVABLE_CHECKSUM)
            found.setdefault((str(package), str(checksum or "")), []).append(number)
    return found


def _as_data(one: Unresolved, cause: str | None) -> dict[str, t.Any]:
    return {
        "package": one.package,
        "source": one.source,
        "requirement": one.requirement,
        "kind": one.kind,
        "reason": one.reason,
        "introduced_by": cause or None,
    }


def _summary(
    changes: t.Mapping[str, list[dict[str, t.Any]]] | None,
    broken: list[dict[str, t.Any]],
    dropped: list[dict[str, t.Any]],
) -> str:
    """One sentence."""
    refused = [one["name"] for one in dropped if not one["accepted"]]
    packages = sorted({one["package"] for one in broken})
    parts = []
    if changes is not None:
        counts = {kind: len(changes[kind]) for kind in _KINDS if changes[kind]}
        parts.append(
            "base packages " + ", ".join(f"{count} {kind}" for kind, count in counts.items())
            if counts
            else "nothing in the base changed"
        )
    parts.append(f"breaks {_some(packages)}" if packages else "breaks nothing")
    parts += [f"drops {_some(refused)}"] if refused else []
    return "; ".join(parts) + "."


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return ", ".join(names[:8]) + more
