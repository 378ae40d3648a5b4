# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""A clean root whose packages are upgraded where it is: all else that lies in it stays, as on an operator's host."""

from __future__ import annotations

import os
import typing as t

from .._module.documents import write_document
from .._module.errors import NotFound, Refused
from .._module.progress import say
from .._module.runner import Plan
from .._rpm.nevra import Nevra
from . import clean_root
from .root_change import NEVRA, SCHEMA, CleanRoot, dnf_configuration, packages_in, translated

# Of a long list of packages a message names so many.
_NAMED = 5


class RootUpgrade(CleanRoot):
    """What repositories have newer than a root has is installed over it, as ``dnf upgrade`` does.

    :param params: as those of :class:`CleanRoot`, less packages.
    """

    def plan(self) -> Plan:
        record = self._read_record()
        if not record:
            raise NotFound(f"There is no root {self._path}. Make it with rdo.releng.clean_root.")
        self._record_before = record
        self._configuration = clean_root.Configuration(
            dnf_configuration(self._params["repositories"], self._params["repo_files"]),
            self._params["releasever"],
            tuple(record["packages"]),
        )
        with translated():
            checksums = self._configuration.checksums()
            # Not the key of a root that is made of these repositories: clean_root has to make this one anew.
            self._key = f"upgrade-{self._configuration.key()}"
        actions = []
        if record["key"] != self._key:
            actions = [f"Upgrade {self._path} from the repositories {', '.join(checksums)}"]
        found = {"changes": [], "installed": record["installed"], "unchecked": self._configuration.unchecked()}
        return Plan({"repositories": record["repositories"]}, {"repositories": checksums}, actions, found)

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        cache = self._params["cache"] or f"{self._path}.cache"
        os.makedirs(cache, exist_ok=True)
        record = self._record_before
        say(f"Upgrading {self._path}; log: {self._params['log']}")
        # Whatever becomes of it from here on, it is no longer what it was made from.
        write_document(self._record, {**record, "key": "upgrading"})
        with translated(self._params["log"]):
            clean_root.end_processes(self._path)
            dnf = clean_root.Dnf(
                self._path,
                self._configuration,
                cache,
                clean_root.Runner(self._params["log"], self._params["timeout"]),
            )
            dnf("upgrade", "--best")
            installed = self._at_home(dnf, self._installed(dnf))
            clean_root.forget(self._path)
        changes = package_changes(record["installed"], installed)
        write_document(
            self._record,
            {"schema": SCHEMA, "key": self._key, "packages": record["packages"], **plan.after, "installed": installed},
        )
        say(f"{self._path}: {len(changes)} packages changed")
        return {"changes": changes, "installed": installed}

    def _at_home(self, dnf: clean_root.Dnf, installed: list[dict[str, str]]) -> list[dict[str, str]]:
        """The packages, each with the repository that has it now: who has the same package needs no newer one.

        :raises Refused: a repository has an older one, which an upgrade does not install.
        """
        known = self._configuration.repositories()
        left = {one["nevra"]: Nevra.parse(one["nevra"]) for one in installed if one["repository"] not in known}
        if not left:
            return installed
        names = sorted({nevra.name for nevra in left.values()})
        offered = packages_in(dnf.query("repoquery", "--qf", f"{NEVRA} %{{repoid}}", *names, repositories=True))
        homes = {one["nevra"]: one["repository"] for one in offered}
        there = [Nevra.parse(one) for one in homes]
        older = []
        for nevra in left.values():
            same_name = [one for one in there if one.name == nevra.name]
            if same_name and all(one.evr < nevra.evr for one in same_name):
                older.append(f"{nevra} to {max(same_name, key=lambda one: one.evr)}")
        if older:
            others = f", and {len(older) - _NAMED} more" if len(older) > _NAMED else ""
            raise Refused(
                f"That is not an upgrade, because the repositories have older packages than are installed: "
                f"{', '.join(sorted(older)[:_NAMED])}{others}. dnf upgrade installs newer ones only.",
                failure={"class": "not-installable", "lines": [f"downgrade: {one}" for one in sorted(older)]},
            )
        return [{**one, "repository": homes.get(one["nevra"], one["repository"])} for one in installed]


def package_changes(before: list[dict[str, str]], after: list[dict[str, str]]) -> list[dict[str, str | None]]:
    """What is another package than before: its name, C(change), and the two versions."""
    old, new = _versions(before), _versions(after)
    changes: list[dict[str, str | None]] = []
    for name in sorted({*old, *new}):
        if old.get(name) != new.get(name):
            change = "upgraded" if name in old and name in new else "installed" if name in new else "removed"
            changes.append({"name": name, "change": change, "before": old.get(name), "after": new.get(name)})
    return changes


def _versions(packages: list[dict[str, str]]) -> dict[str, str]:
    """Each package's version and release by its name; of several that may be installed together, all."""
    found: dict[str, list[str]] = {}
    for one in packages:
        nevra = Nevra.parse(one["nevra"])
        found.setdefault(nevra.name, []).append(str(nevra.evr))
    return {name: ", ".join(sorted(set(versions))) for name, versions in found.items()}
