# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""A candidate with another base, or other dependencies, and nothing else changed."""

from __future__ import annotations

import dataclasses
import os
import typing as t

from ..._dlrn.candidate import Base, Candidate, Dependencies, read_candidate, utc, write_candidate
from ..._dlrn.names import check_name, check_url
from ..._dlrn.trunk import read_repomd
from ..._module.errors import InvalidInput
from ..._module.runner import Change, Plan
from ..._module.web import Web


class AnotherBase(Change):
    """A lockfile made of another one.

    :param candidate: path of the lockfile that it is made of.
    :param path: of the new one; None: it is only returned.
    :param base: ``id``, ``url`` and ``drift`` of each repository of the new base; None: the base stays.
    :param dependencies: address of the repository of the new dependencies; None: they stay.
    """

    def __init__(
        self,
        web: Web,
        candidate: str,
        path: str | None,
        base: t.Sequence[dict[str, t.Any]] | None,
        dependencies: str | None,
        now: float,
    ) -> None:
        self._web, self._candidate, self.path, self._now = web, candidate, path, now
        self._base, self._dependencies = base, dependencies

    def plan(self) -> Plan:
        wanted = self._made()
        before: dict[str, t.Any] = {}
        if self.path and os.path.exists(self.path):
            try:
                there = read_candidate(self.path)
            except InvalidInput as error:
                raise InvalidInput(f"{error.message} It is not overwritten; remove it if it is not needed.") from error
            before = there.document()
            if dataclasses.replace(wanted, resolved_at=there.resolved_at) == there:
                return Plan(before, before, [], {"candidate": before, "id": there.id})
        after = wanted.document()
        actions = [f"write candidate {wanted.id} to {self.path}"] if self.path else []
        self._wanted = wanted
        return Plan(before, after, actions, {"candidate": after, "id": wanted.id})

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        write_candidate(str(self.path), self._wanted)
        return {}

    def _made(self) -> Candidate:
        candidate = read_candidate(self._candidate)
        changes: dict[str, t.Any] = {"resolved_at": utc(self._now)}
        if self._base is not None:
            if not self._base:
                raise InvalidInput("base is empty: a candidate without any base cannot be installed.")
            changes["base"] = tuple(self._pinned(**one) for one in self._base)
        if self._dependencies is not None:
            url = check_url(self._dependencies, "address of a repository (dependencies)")
            changes["dependencies"] = Dependencies(url, read_repomd(self._web, url))
        return dataclasses.replace(candidate, **changes)

    def _pinned(self, id: str, url: str, drift: str) -> Base:
        url = check_url(url, f"address of base repository {check_name(id, 'id of a base repository')}")
        return Base(id, url, read_repomd(self._web, url), drift)
