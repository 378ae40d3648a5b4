# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""The branch of a series in the distgits of all of its packages; one that fails stops no other."""

from __future__ import annotations

import collections
import typing as t
import urllib.parse

from ..._gerrit.client import GerritClient
from ..._gerrit.references import BranchChange
from ..._module.errors import NotFound, RelengError
from ..._module.progress import say
from ..._module.runner import Change, Plan
from ..._module.table import text_table
from ..._release.rdoinfo import Package
from ..release.rdoinfo_query import read_rdoinfo

_HEADS = ("package", "project", "outcome", "revision", "reason")


class SeriesBranches(Change):
    """What the module distgit_branches brings about."""

    def __init__(self, options: t.Mapping[str, t.Any]) -> None:
        self._options = options

    def plan(self) -> Plan:
        options = self._options
        packages = {one["name"]: one for one in read_rdoinfo(options).tagged(options["release"]).values()}
        unknown = sorted({*options["packages"], *options["revisions"]} - set(packages))
        if unknown:
            raise NotFound(f"{options['release']} does not have the packages {', '.join(unknown)}.", packages=unknown)
        self._client = GerritClient.from_params(options)
        self._changes: dict[str, tuple[BranchChange, Plan]] = {}
        names = sorted(options["packages"] or packages)
        self._rows = {}
        for number, name in enumerate(names, 1):
            self._rows[name] = self._row(packages[name])
            if number % 25 == 0:
                say(f"{number} of {len(names)} distgits looked at")
        actions = [action for _change, plan in self._changes.values() for action in plan.actions]
        made = {name: plan.after["branch"] for name, (_change, plan) in self._changes.items()}
        return Plan(dict.fromkeys(made), made, actions, self._result())

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        self._client.need_user()
        for number, (name, (change, planned)) in enumerate(self._changes.items(), 1):
            try:
                change.apply(planned)
            except RelengError as error:
                self._rows[name].update(outcome="failed", reason=error.message)
            if number % 25 == 0:
                say(f"{number} of {len(self._changes)} branches made")
        return self._result()

    def _row(self, package: Package) -> dict[str, t.Any]:
        """What becomes of one package; what should be done for it is kept."""
        name, options = package["name"], self._options
        project = project_of(package)
        row = {"package": name, "project": project, "outcome": "failed", "revision": None, "reason": None}
        if project is None:
            return {**row, "outcome": "none", "reason": "rdoinfo has no review-origin for it"}
        change = BranchChange(
            client=self._client,
            project=project,
            branch=options["branch"],
            state="present",
            revision=options["revisions"].get(name),
            tag=None,
            tag_message=None,
            force=False,
            from_branch=options["from_branch"],
        )
        try:
            planned = change.plan()
        except RelengError as error:
            return {**row, "reason": error.message}
        if planned.actions:
            self._changes[name] = change, planned
        return {**row, "outcome": "created" if planned.actions else "present", "revision": planned.after["branch"]}

    def _result(self) -> dict[str, t.Any]:
        rows = list(self._rows.values())
        new = [[row[head] for head in _HEADS] for row in rows if row["outcome"] != "present"]
        counts = collections.Counter(row["outcome"] for row in rows)
        return {
            "branches": [dict(row) for row in rows],
            "counts": dict(sorted(counts.items())),
            "failed_packages": [row["package"] for row in rows if row["outcome"] == "failed"],
            "table": text_table(_HEADS, new),
        }


def project_of(package: Package) -> str | None:
    """The project in Gerrit that a package's distgit is, as ``openstack/nova-distgit``; None: rdoinfo does not say."""
    return project_at(package.get("review-origin"))


def project_at(address: t.Any) -> str | None:
    """The project in Gerrit at an address for git; None where there is none."""
    path = urllib.parse.urlsplit(str(address)).path.strip("/") if address else ""
    return path.removeprefix("r/").removesuffix(".git") or None
