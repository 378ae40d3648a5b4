# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Projects in Gerrit: made with a first commit, so that changes can be proposed for them."""

from __future__ import annotations

import dataclasses
import re
import typing as t
import urllib.parse

from .._module.errors import Conflict, InvalidInput, NotFound
from .._module.runner import Change, Plan
from .client import GerritClient

_PROJECT = re.compile(r"(?!.*(?:\.\.|//|\.git$|/$))[A-Za-z0-9][A-Za-z0-9._+/-]*")


@dataclasses.dataclass
class ProjectPresent(Change):
    """A project that should exist. One that does stays as it is.

    :param branch: that it begins with; it has an empty commit.
    :param parent: project that it has its rights from; None: as Gerrit has it.
    """

    client: GerritClient
    project: str
    branch: str
    description: str
    parent: str | None

    def plan(self) -> Plan:
        for name in filter(None, (self.project, self.branch, self.parent)):
            if not _PROJECT.fullmatch(name):
                raise InvalidInput(f"{name!r} cannot be a project or branch.", project=name)
        there = self._is_there()
        actions = [] if there else [f"create the project {self.project}"]
        return Plan({"exists": there}, {"exists": True}, actions, {"existed": there})

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        body: dict[str, t.Any] = {"create_empty_commit": True, "branches": [self.branch]}
        body.update({"description": self.description} if self.description else {})
        body.update({"parent": self.parent} if self.parent else {})
        try:
            self.client.put(self._path, body)
        except Conflict:
            # Somebody else was faster, or it was made and the answer was lost.
            if not self._is_there():
                raise
        return {}

    @property
    def _path(self) -> str:
        return f"/projects/{urllib.parse.quote(self.project, safe='')}"

    def _is_there(self) -> bool:
        try:
            self.client.get(self._path)
        except NotFound:
            return False
        return True
