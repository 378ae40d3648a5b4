# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Closure of repositories as a playbook asks for it: options of the module in, its result out."""

from __future__ import annotations

import contextlib
import dataclasses
import time
import typing as t

from ..._closure.closure import Closure, Unresolved
from ..._closure.engine import Change, Effect, Engine
from ..._closure.installability import Uninstallable, uninstallable
from ..._closure.packages import Packages, Rules
from ..._dlrn.candidate import Candidate, read_candidate
from ..._gate.waivers import Waiver
from ..._module.errors import Conflict, InvalidInput, RelengError
from ..._module.table import text_table
from ..._repodata.sources import Source
from ..._rpm.rpmfiles import indexed
from .closure_waivers import covers, read_waivers
from .reading import Reading


def check_closure(params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """What the module repoclosure returns.

    :raises RelengError: something is unresolved that no waiver covers, or, when a change was asked about, would newly
        be; with the whole result as data. Not when ``fail_on_unresolved`` is off.
    """
    start = time.monotonic()
    question = _Question(params, check_mode)
    with question.packages() as packages:
        _refuse_nothing(packages, params["arch"])
        answer = _changed(question, packages) if question.is_change else _as_it_is(question, packages)
        verdict = _Verdict(question, answer)
        checked = sum(sum(packages.visible[one.first : one.end]) for one in packages.repositories if one.source.checked)
        result = {
            **verdict.result(),
            "checked": checked,
            "repositories": [_repository(one) for one in packages.repositories if not one.offered],
            "notes": question.notes,
            "seconds": round(time.monotonic() - start, 3),
        }
    failing = verdict.failing
    if failing and params["fail_on_unresolved"]:
        count = len({one.package for one in failing})
        what = "would newly be unmet" if question.is_change else "are not met"
        raise RelengError(
            f"Not closed: {len(failing)} requirements of {count} packages {what}.\n{_table(failing)}", **result
        )
    return result


class _Question:
    """The options, understood."""

    def __init__(self, params: dict[str, t.Any], check_mode: bool) -> None:
        self.params = params
        reading = Reading(params, writable=not check_mode)
        self.transport, self.cache = reading.transport, reading.cache
        self.rules = Rules(
            params["arch"], params["newest"], tuple(params["modules"]), shadow=params["priorities"] == "shadow"
        )
        self.is_change = any(params[name] for name in ("add", "remove", "replace"))
        self.candidate = read_candidate(params["candidate"]) if params["candidate"] else None
        self._reader, self.notes = reading.reader, reading.notes
        self._sources = self._reader.read(params["check"], True) + self._reader.read(params["provide"], False)
        self._pinned: dict[str, tuple[str, str]] = {}
        self._offered: dict[str, set[str]] = {}
        if self.candidate:
            self._sources += list(self._of_candidate(self.candidate))
        self.waivers, self.expired_waivers = read_waivers(params["waivers"], time.time())

    def _of_candidate(self, candidate: Candidate) -> t.Iterator[Source]:
        """Components are checked; dependencies and base provide. What is read must be what the lockfile pins."""
        if not candidate.components:
            raise InvalidInput(
                f"The candidate {candidate.id} of kind {candidate.kind} names no repositories: give them in check."
            )
        pins = [(one.component or "trunk", one.repo_url, one.repomd_sha256, "fail") for one in candidate.components]
        checked = len(pins)
        if candidate.dependencies:
            pins.append(("dependencies", candidate.dependencies.url, candidate.dependencies.repomd_sha256, "fail"))
        pins += [(one.id, one.url, one.repomd_sha256, one.drift) for one in candidate.base]
        for number, (name, url, sha256, drift) in enumerate(pins):
            self._pinned[name] = (sha256, drift)
            # As those who install a candidate have it: what trunk builds wins over everything else.
            priority = 1 if number < checked else 99
            location = self._reader.location(url, f"repository {name}")
            yield Source(name, (location,), priority=priority, checked=number < checked)

    @contextlib.contextmanager
    def packages(self) -> t.Iterator[Packages]:
        """All repositories read, with what a change would add on offer."""
        with contextlib.ExitStack() as stack:
            offers: list[Source] = []
            for option in "add", "replace":
                given = self.params[option]
                files = [item for item in given if isinstance(item, str) and item.endswith(".rpm")]
                sources = self._reader.read([item for item in given if item not in files], True)
                if files:
                    folder = stack.enter_context(indexed(files, f"RPM files of {option}"))
                    sources.append(Source(f"RPM files of {option}", (folder,)))
                self._offered[option] = {source.id for source in sources}
                offers += sources
            packages = Packages(self._sources, self.rules, self.cache, self.transport, offers)
            self._compare_with_pins(packages)
            yield packages

    def _compare_with_pins(self, packages: Packages) -> None:
        for one in packages.repositories:
            sha256, drift = self._pinned.get(one.source.id, (one.repomd.sha256, "record"))
            if sha256 == one.repomd.sha256 or one.offered:
                continue
            sentence = (
                f"Repository {one.source.id} has changed since the candidate was pinned: the repomd.xml of "
                f"{one.repomd.roots[0]} has sha256 {one.repomd.sha256}, and the lockfile {sha256}."
            )
            if drift == "fail":
                raise Conflict(sentence, repository=one.source.id)
            self.notes.append(sentence)

    def change(self, engine: Engine) -> Change:
        """The packages that would leave and enter."""
        packages = engine.packages
        checked = [one.source.id for one in packages.repositories if one.source.checked and not one.offered]
        into = self.params["into"] or checked[0]
        if not self.params["into"] and len(checked) > 1:
            raise InvalidInput(
                f"Several repositories are checked: say in into which one changes: {', '.join(checked)}."
            )
        remove = engine.find(self.params["remove"])
        add = frozenset[int]().union(*map(engine.offered, self._offered["add"] | self._offered["replace"]))
        for identifier in self._offered["replace"]:
            remove |= engine.of_sources_like(engine.offered(identifier), into)
        return Change(remove, add, into)


@dataclasses.dataclass
class _Answer:
    """What was found. ``causes`` has what was introduced, with what brings it about; empty without a change."""

    unresolved: list[Unresolved]
    causes: dict[Unresolved, str] = dataclasses.field(default_factory=dict)
    fixed: list[Unresolved] = dataclasses.field(default_factory=list)
    lost: list[dict[str, t.Any]] = dataclasses.field(default_factory=list)
    downgraded: list[dict[str, t.Any]] = dataclasses.field(default_factory=list)


def _as_it_is(question: _Question, packages: Packages) -> _Answer:
    unresolved = Closure(packages).check()
    if question.params["installability"]:
        numbers = [number for number in packages.visible_ids if packages.repository_of(number).source.checked]
        found = _second_tier(unresolved, uninstallable(packages, packages.visible_ids, numbers))
        unresolved += [one.unresolved for one in found]
    return _Answer(unresolved)


def _changed(question: _Question, packages: Packages) -> _Answer:
    engine = Engine(packages)
    change = question.change(engine)
    effect = engine.what_if(change)
    answer = _Answer(effect.unresolved, dict(effect.introduced), effect.fixed)
    answer.lost = [
        {"package": engine.name(number), "dependents": engine.dependents(number)} for number in sorted(effect.lost)
    ]
    answer.downgraded = [
        {"package": engine.name(now), "to": engine.name(then), "dependents": engine.dependents(now)}
        for now, then in sorted(effect.downgraded)
    ]
    if question.params["installability"]:
        _compare_installability(engine, change, effect, answer)
    return answer


def _compare_installability(engine: Engine, change: Change, effect: Effect, answer: _Answer) -> None:
    """Add to ``answer`` what could not be installed after ``change``, and what could not before."""
    packages = engine.packages
    seen, seen_before = engine.seen_after(change), packages.visible_ids
    before = _second_tier(engine.check(), uninstallable(packages, seen_before, engine.checked_of(seen_before)))
    after = _second_tier(effect.unresolved, uninstallable(packages, seen, engine.checked_of(seen)))
    then = {_lasting(one.unresolved) for one in after}
    known = {_lasting(one) for one in [*(one.unresolved for one in before), *engine.check()]}
    answer.unresolved = answer.unresolved + [one.unresolved for one in after]
    answer.fixed = answer.fixed + [one.unresolved for one in before if _lasting(one.unresolved) not in then]
    answer.causes.update(
        (one.unresolved, engine.cause_of(one, change)) for one in after if _lasting(one.unresolved) not in known
    )


def _lasting(one: Unresolved) -> tuple[str, str]:
    """Name and architecture: the same for all versions of a package that cannot be installed."""
    name, _version, rest = one.package.rsplit("-", 2)
    return name, rest.rsplit(".", 1)[1]


def _second_tier(first: list[Unresolved], second: list[Uninstallable]) -> list[Uninstallable]:
    """What the first tier did not say already."""
    known = {one.package for one in first}
    return [one for one in second if one.unresolved.package not in known]


class _Verdict:
    """What waivers leave of an answer."""

    def __init__(self, question: _Question, answer: _Answer) -> None:
        self._answer = answer
        self._question = question
        self._waived: dict[Unresolved, Waiver] = {}
        for one in answer.unresolved:
            for waiver in question.waivers:
                if self._covers(waiver, one):
                    self._waived.setdefault(one, waiver)
        # Others may waive votes, or be meant for another candidate: only those for packages can be stale here.
        self._stale = [
            waiver
            for waiver in question.waivers
            if waiver.package and not any(self._covers(waiver, one) for one in answer.unresolved)
        ]
        self._open = [one for one in answer.unresolved if one not in self._waived]

    @property
    def failing(self) -> list[Unresolved]:
        """What the task fails for."""
        if self._question.is_change:
            return [one for one in self._open if one in self._answer.causes]
        return self._open

    def _covers(self, waiver: Waiver, one: Unresolved) -> bool:
        return covers(waiver, one, self._question.candidate.id if self._question.candidate else None)

    def result(self) -> dict[str, t.Any]:
        answer = self._answer
        return {
            "closed": not self._open,
            "unresolved": [self._as_data(one) for one in self._open],
            "introduced": [self._as_data(one) for one in self._open if one in answer.causes],
            "fixed": [self._as_data(one) for one in answer.fixed],
            "waived": [{**self._as_data(one), "waiver": waiver.as_data()} for one, waiver in self._waived.items()],
            "stale_waivers": [waiver.as_data() for waiver in self._stale],
            "expired_waivers": [waiver.as_data() for waiver in self._question.expired_waivers],
            "lost": answer.lost,
            "downgraded": answer.downgraded,
            "table": _table(self.failing if self._question.is_change else self._open),
        }

    def _as_data(self, one: Unresolved) -> dict[str, t.Any]:
        return {
            "package": one.package,
            "source": one.source,
            "repository": one.repository,
            "requirement": one.requirement,
            "kind": one.kind,
            "reason": one.reason,
            "introduced_by": self._answer.causes.get(one) or None,
        }


def _refuse_nothing(packages: Packages, arch: str) -> None:
    """An empty check would pass by accident."""
    checked = [one for one in packages.repositories if one.source.checked and not one.offered]
    if not any(any(packages.visible[one.first : one.end]) for one in checked):
        names = ", ".join(one.source.id for one in checked) or "no repository"
        raise InvalidInput(f"There is nothing to check: no package for {arch} is seen in {names}.")


def _repository(one: t.Any) -> dict[str, t.Any]:
    return {
        "id": one.source.id,
        "url": one.repomd.roots[0],
        "repomd_sha256": one.repomd.sha256,
        "packages": one.end - one.first,
        "checked": one.source.checked,
    }


def _table(unresolved: list[Unresolved]) -> str:
    return text_table(
        ["package", "repository", "reason"],
        [[one.package, one.repository, one.reason] for one in unresolved],
    )
