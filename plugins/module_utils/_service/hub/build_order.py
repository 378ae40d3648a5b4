# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""In which order builds begin: pure, no I/O.

A build waits for another only if a BuildRequires of it is met by what that one makes, and not by what the build tag
has already. Of those that can begin, the one with the longest chain of builds behind it is first.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ..._module.errors import InvalidInput
from ..._rpm.nevra import Evr, Nevra

# What a build takes of which nothing is known, in seconds; only ratios count.
UNKNOWN = 300.0
_RELATION = re.compile(r"(?P<name>\S+)(?:\s+(?P<sign><=|>=|=|<|>)\s+(?P<evr>\S+))?")
_RICH = re.compile(r"[^\s()]+(?:\([^()]*\))?(?:\s+(?:<=|>=|=|<|>)\s+[^\s()]+)?")
_WORDS = {"and", "or", "if", "else", "with", "without", "unless"}


@dataclasses.dataclass(frozen=True)
class Wanted:
    """A build that should be made.

    :param source: file of a source RPM, or address of a repository with its revision.
    :param build_requires: as rpm writes them.
    :param provides: names of what it makes, beside those of the RPMs that the package's last build has.
    """

    nvr: str
    source: str
    target: str
    build_requires: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()

    @property
    def package(self) -> str:
        return Nevra.parse_nvr(self.nvr).name


@dataclasses.dataclass(frozen=True)
class Held:
    """An RPM that a build tag has: its name and version, and the package that it is built of."""

    name: str
    evr: Evr
    package: str


def relations(requirement: str) -> list[tuple[str, str | None, str | None]]:
    """(name, sign, version) of a requirement; of a rich one, all that it names."""
    parts = [requirement.strip()]
    if requirement.lstrip().startswith("("):
        parts = [part for part in _RICH.findall(requirement) if part.strip() not in _WORDS]
    found = []
    for part in parts:
        match = _RELATION.fullmatch(part.strip())
        if match:
            found.append((match["name"], match["sign"], match["evr"]))
    return found


def is_met(evr: Evr, sign: str | None, wanted: str | None) -> bool:
    """Whether a version meets a relation. A version that is wanted without a release leaves the release open."""
    if sign is None or wanted is None:
        return True
    other = Evr.parse(wanted)
    order = Evr(evr.epoch, evr.version, evr.release if other.release else "").compare(other)
    return (order < 0 and "<" in sign) or (order > 0 and ">" in sign) or (order == 0 and "=" in sign)


def needs(wanted: t.Sequence[Wanted], held: t.Sequence[Held], all_of_them: bool = False) -> dict[str, dict[str, str]]:
    """NVR → the NVRs that it waits for, each with the BuildRequires that is why.

    :param held: what the build tag has.
    :param all_of_them: wait also where the build tag meets the requirement with an older one.
    :raises InvalidInput: builds that wait for each other.
    """
    there: dict[str, list[Held]] = {}
    of_package: dict[str, set[str]] = {}
    for rpm in held:
        there.setdefault(rpm.name, []).append(rpm)
        of_package.setdefault(rpm.package, set()).add(rpm.name)
    makers: dict[str, str] = {}
    for one in wanted:
        for name in {one.package, *one.provides, *of_package.get(one.package, ())}:
            makers[name] = one.nvr
    found: dict[str, dict[str, str]] = {}
    for one in wanted:
        mine = found.setdefault(one.nvr, {})
        for requirement in one.build_requires:
            for name, sign, evr in relations(requirement):
                maker = makers.get(name)
                met = any(is_met(rpm.evr, sign, evr) for rpm in there.get(name, ()))
                if maker and maker != one.nvr and (all_of_them or not met):
                    mine.setdefault(maker, requirement)
    _refuse_cycles(found)
    return found


def _refuse_cycles(found: t.Mapping[str, t.Mapping[str, str]]) -> None:
    left = {nvr: set(others) for nvr, others in found.items()}
    while left:
        free = [nvr for nvr, others in left.items() if not others & left.keys()]
        if not free:
            one = min(left)
            line = [one]
            while line[-1] not in line[:-1]:
                line.append(min(left[line[-1]] & left.keys()))
            circle = line[line.index(line[-1]) :]
            raise InvalidInput(f"These builds wait for each other: {' → '.join(circle)}. Build one of them before.")
        for nvr in free:
            del left[nvr]


def chains(found: t.Mapping[str, t.Mapping[str, str]], seconds: t.Mapping[str, float]) -> dict[str, float]:
    """How long it takes, from the beginning of each build, until all that waits for it is done."""
    waiting: dict[str, list[str]] = {nvr: [] for nvr in found}
    for nvr, others in found.items():
        for other in others:
            waiting[other].append(nvr)
    known: dict[str, float] = {}

    def chain(first: str) -> float:
        stack = [first]
        while stack:
            nvr = stack[-1]
            todo = [other for other in waiting[nvr] if other not in known]
            if todo:
                stack += todo
                continue
            known[nvr] = seconds.get(nvr, UNKNOWN) + max((known[other] for other in waiting[nvr]), default=0.0)
            stack.pop()
        return known[first]

    return {nvr: chain(nvr) for nvr in found}
