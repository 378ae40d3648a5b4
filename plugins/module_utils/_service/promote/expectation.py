# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What a candidate may have been made of and tested with, by the word of whoever decides on it.

A lockfile names the repositories of its tests and of the distribution below it. A lockfile that comes from elsewhere
could name tests that always pass. So who decides can say what may stand there.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..._dlrn.candidate import Candidate
from ..._module.errors import Refused


@dataclasses.dataclass(frozen=True)
class Expectation:
    """What may stand in a lockfile; of what is empty nothing was said.

    :param trunk_urls: addresses that the candidate's own repositories and files lie below.
    :param scenarios: address of the repository of each scenario.
    :param base: address of each base repository.
    :param dependencies: address of the repository of the dependencies.
    """

    trunk_urls: tuple[str, ...] = ()
    scenarios: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    base: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    dependencies: str = ""

    @classmethod
    def from_params(cls, params: t.Mapping[str, t.Any]) -> Expectation:
        return cls(
            tuple(_plain(url) for url in params.get("trunk_urls") or ()),
            {one["name"]: _plain(one["repository"]) for one in params.get("scenarios") or ()},
            {one["id"]: _plain(one["url"]) for one in params.get("base") or ()},
            _plain(params.get("dependencies") or ""),
        )

    def check(self, candidate: Candidate) -> list[str]:
        """What of the candidate nobody has said anything about, a few words each.

        :raises Refused: something stands in it that may not.
        """
        unsaid: list[str] = []
        wrong: list[str] = []
        for what, url, expected, below in self._parts(candidate):
            if expected is None:
                unsaid.append(f"{what} {url}")
            elif not any(url == one or (below and url.startswith(f"{one}/")) for one in expected):
                allowed = " or ".join(expected) or "none of that name"
                wrong.append(f"{what} {url} ({allowed} is expected)")
        if wrong:
            raise Refused(
                f"Candidate {candidate.id} names what was not expected: {'; '.join(wrong)}. Its results do not count. "
                "Resolve it anew, or correct what is expected (trunk_urls, scenarios, base, dependencies)."
            )
        return unsaid

    def _parts(self, candidate: Candidate) -> t.Iterator[tuple[str, str, tuple[str, ...] | None, bool]]:
        """Each address in a lockfile with those that may stand there, or below which it may lie; None: nobody said."""
        for component in candidate.components:
            what = f"component {component.component}" if component.component else "the repository"
            yield what, component.repo_url, self.trunk_urls or None, True
        for file in candidate.files:
            yield f"file {file.name}", file.url, self.trunk_urls or None, True
        if candidate.dependencies:
            yield "dependencies", candidate.dependencies.url, (self.dependencies,) if self.dependencies else None, False
        for base in candidate.base:
            yield f"base repository {base.id}", base.url, _allowed(self.base, base.id), False
        for scenario in candidate.scenarios:
            yield f"scenario {scenario.name}", scenario.repository, _allowed(self.scenarios, scenario.name), False


def _allowed(expected: t.Mapping[str, str], name: str) -> tuple[str, ...] | None:
    if not expected:
        return None
    return (expected[name],) if name in expected else ()


def _plain(url: str) -> str:
    return url.rstrip("/")
