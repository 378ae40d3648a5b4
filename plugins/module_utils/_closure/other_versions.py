# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What would break, were some packages at other versions than they are."""

from __future__ import annotations

import typing as t

from .._rpm.dependency import required
from .installability import uninstallable
from .packages import Packages


def broken_by(packages: Packages, bumps: t.Mapping[str, str], spellings: t.Mapping[str, str]) -> list[dict[str, t.Any]]:
    """What is met and can be installed now, and would not be, were each name of ``bumps`` at its version.

    What provides a name is imagined at that version, with the requirements and conflicts that it has now. Other
    packages of the same builds come along, so nothing is said of them. ``packages`` shows the imagined ones afterwards.

    :param spellings: which name each of the dependencies is that are provided for the names of ``bumps``, for example
        ``{"python3dist(pbr)": "pbr"}``.
    :returns: a row for each package and what it requires, with the ``names`` that are to blame.
    """
    pool, visible = packages.pool, set(packages.visible_ids)
    replaced = _providers_of(packages, spellings)
    asked = _askers(packages, spellings)
    builds = {packages.source_nvr(number) for number in replaced} - {""}
    coming = set(replaced) | {number for number in visible if packages.source_nvr(number) in builds}
    users = sorted({number for _dependency, who in asked.values() for number in who} - coming)
    fine = set(users) - {one.number for one in uninstallable(packages, sorted(visible), users)}
    packages.consider(None)
    pool.createwhatprovides()
    met = {text for text, (dependency, _who) in asked.items() if _providers(pool, dependency) & visible}
    imagined = _imagine(packages, {number: bumps[names[0]] for number, names in replaced.items()}, spellings, bumps)
    pool.createwhatprovides()
    rows = []
    for text in sorted(met):
        dependency, who = asked[text]
        if not _providers(pool, dependency) - set(replaced):
            rows += [
                {"names": _named(text, spellings), "package": str(packages.package(number)), "requirement": text}
                for number in who
                if number not in coming
            ]
    unmet = {row["package"] for row in rows}
    left = sorted(number for number in fine if str(packages.package(number)) not in unmet)
    for one in uninstallable(packages, sorted((visible - set(replaced)) | set(imagined)), left):
        names = {name for number in one.packages for name in replaced.get(imagined.get(number, 0), ())}
        of_it = {name for text, (_dep, who) in asked.items() if one.number in who for name in _named(text, spellings)}
        found = one.unresolved
        rows.append({"names": sorted(names or of_it), "package": found.package, "requirement": found.reason})
    return rows


def _providers_of(packages: Packages, spellings: t.Mapping[str, str]) -> dict[int, list[str]]:
    """The names that each visible package provides, where it provides any."""
    found = {}
    for number in packages.visible_ids:
        words = (text.partition(" ")[0] for text in packages.provides(number))
        names = sorted({spellings[word] for word in words if word in spellings})
        if names:
            found[number] = names
    return found


def _askers(packages: Packages, spellings: t.Mapping[str, str]) -> dict[str, tuple[int, list[int]]]:
    """Each requirement with one of ``spellings`` in it: libsolv's id of it, and the visible packages that have it."""
    found: dict[str, tuple[int, list[int]]] = {}
    for number in packages.visible_ids:
        for dependency in required(packages.package(number)):
            text = packages.text(dependency)
            if any(spelling in text for spelling in spellings):
                found.setdefault(text, (dependency, []))[1].append(number)
    return found


def _named(text: str, spellings: t.Mapping[str, str]) -> list[str]:
    return sorted({name for spelling, name in spellings.items() if spelling in text})


def _imagine(
    packages: Packages, versions: t.Mapping[int, str], spellings: t.Mapping[str, str], bumps: t.Mapping[str, str]
) -> dict[int, int]:
    """Packages at other versions: which one each is imagined from, by their numbers."""
    pool, solv = packages.pool, packages.solv
    repository = pool.add_repo("as constrained")
    found = {}
    for number, version in versions.items():
        old, new = packages.package(number), repository.add_solvable()
        found[new.id] = number
        new.name, new.evr, new.arch = old.name, f"{version}-0", old.arch
        for provide in old.lookup_deparray(solv.SOLVABLE_PROVIDES):
            spelling, equal, _old = str(provide).partition(" = ")
            at = bumps[spellings[spelling]] if spelling in spellings else f"{version}-0"
            new.add_provides(pool.Dep(spelling).Rel(solv.REL_EQ, pool.Dep(at)) if equal else provide)
        # What it asks of its own other packages in its old version is left out: they come along.
        for dependency in required(old):
            if not packages.text(dependency).endswith(f" = {old.evr}"):
                new.add_deparray(solv.SOLVABLE_REQUIRES, dependency)
        for conflict in old.lookup_deparray(solv.SOLVABLE_CONFLICTS):
            new.add_conflicts(conflict)
    return found


def _providers(pool: t.Any, dependency: int) -> set[int]:
    return {package.id for package in pool.whatprovides(dependency)}
