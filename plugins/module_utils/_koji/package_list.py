# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Which packages may be in a tag: listed in the tag itself or in one that it inherits from, blocked or not.

As the hub of Koji 1.35 has it, the nearest entry counts, and only a tag's own entries can be changed. It adds no entry
of its own where the tag inherits the package unblocked, and blocks none that is blocked above.
"""

from __future__ import annotations

import typing as t

from .._module.errors import InvalidInput
from .entities import Entity, Outline, Step
from .session import call

Row = t.Mapping[str, t.Any]
Packages = dict[str, dict[str, t.Any]]


class PackageList:
    """The packages of one tag, and the steps that change them.

    :param tag: the tag's name.
    :param rows: what listPackages answers, with what is inherited.
    """

    def __init__(self, tag: str, rows: t.Iterable[Row]) -> None:
        self.tag = tag
        self.rows = {str(row["package_name"]): row for row in rows}
        self.own = {name: row for name, row in self.rows.items() if row["tag_name"] == tag}

    def is_blocked(self, package: str) -> bool:
        return package in self.rows and bool(self.rows[package]["blocked"])

    def to_list(self, owners: t.Mapping[str, str], kept_blocked: t.Container[str] = ()) -> list[Step]:
        """List packages, package → owner; one that is inherited is listed already, whoever owns it there.

        :param kept_blocked: packages that a parent blocks, and that should stay so.
        """
        steps = []
        for package, owner in owners.items():
            row = self.rows.get(package)
            inherited = row is not None and package not in self.own
            if row is None:
                steps.append(self._step(f"add package {package} to {self.tag}, owner {owner}", "Add", package, owner))
            elif inherited and (not row["blocked"] or package in kept_blocked):
                continue
            elif inherited:
                steps += self.to_unblock([package])
            if row is not None and row["owner_name"] != owner:
                sentence = f"set owner of package {package} in {self.tag} to {owner}"
                steps.append(self._step(sentence, "SetOwner", package, owner))
        return steps

    def to_remove(self, packages: t.Iterable[str]) -> list[Step]:
        """Take away the tag's own entries; one that blocks is an entry too."""
        return [
            self._step(f"remove package {package} from {self.tag}", "Remove", package)
            for package in packages
            if package in self.own
        ]

    def to_block(self, packages: t.Iterable[str]) -> list[Step]:
        return [
            self._step(f"block package {package} in {self.tag}", "Block", package)
            for package in packages
            if not self.is_blocked(package)
        ]

    def to_unblock(self, packages: t.Iterable[str]) -> list[Step]:
        return [
            self._step(f"unblock package {package} in {self.tag}", "Unblock", package)
            for package in packages
            if self.is_blocked(package)
        ]

    def whole(self, owners: t.Mapping[str, str] | None, blocked: t.Collection[str] | None) -> list[Step]:
        """Have these packages listed, and these blocked, and no others; None leaves alone what it is about."""
        blocked_here = [package for package, row in self.own.items() if row["blocked"]]
        to_stay = blocked_here if blocked is None else blocked
        steps = []
        if owners is not None:
            steps += self.to_list(owners, to_stay)
            steps += self.to_remove(package for package in self.own if package not in (*owners, *to_stay))
        if blocked is not None:
            steps += self.to_block(blocked)
            # Where packages are given, one that is not among them has lost its entry by now, and the block with it.
            left = blocked_here if owners is None else [package for package in blocked_here if package in owners]
            steps += self.to_unblock(package for package in left if package not in blocked)
        return steps

    def of(self, wanted: t.Iterable[str]) -> Packages:
        """The tag's own packages, and those ``wanted`` that it inherits, each with its owner and whether blocked."""
        names = [*self.own, *(package for package in wanted if package in self.rows and package not in self.own)]
        return {
            package: {"owner": self.rows[package]["owner_name"], "blocked": self.rows[package]["blocked"]}
            for package in names
        }

    def _step(self, sentence: str, verb: str, package: str, *values: str) -> Step:
        about = {"tag": self.tag, "package": package}
        return Step(sentence, call(f"packageList{verb}", self.tag, package, *values, about=about))


def foresee(steps: t.Iterable[Step], packages: Packages) -> Packages:
    """What ``steps`` make of a package list."""
    after = {name: dict(package) for name, package in packages.items()}
    for step in steps:
        method, package = step.call.method, step.call.args[1]
        if method == "packageListRemove":
            after.pop(package, None)
        elif method in ("packageListAdd", "packageListSetOwner"):
            after[package] = {**after.get(package, {"blocked": False}), "owner": step.call.args[2]}
        else:
            after[package] = {**after.get(package, {"owner": None}), "blocked": method == "packageListBlock"}
    return after


def owners_of(packages: t.Any) -> dict[str, str]:
    """owner → packages, as given, turned round."""
    if not isinstance(packages, dict) or not all(isinstance(names, list) for names in packages.values()):
        raise InvalidInput(f"packages must be a mapping of owners to lists of packages, not {packages!r}.")
    return {str(name): owner for owner, names in packages.items() for name in names}


class PackagesEntity(Entity):
    """Some packages of a tag's list; the others are left alone."""

    kind = "packages"

    def outline(self) -> Outline:
        tag, state = self.params["tag"], self.params["state"]
        about = {"tag": tag}
        held = PackageList(
            tag, self.hub.read("listPackages", tagID=tag, inherited=True, about=about) if self.tag_id(tag) else []
        )
        if state in ("present", "absent"):
            owners = owners_of(self.params["packages"])
            steps = held.to_list(owners) if state == "present" else held.to_remove(owners)
        else:
            names = self.params["blocked_packages"]
            steps = held.to_block(names) if state == "blocked" else held.to_unblock(names)
        before = held.of(())
        return Outline(before, foresee(steps, before), steps)
