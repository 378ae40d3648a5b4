# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What changed between two repositories or candidates, as a playbook asks for it."""

from __future__ import annotations

import dataclasses
import os
import typing as t

from ..._closure.newest import read_files, read_packages
from ..._closure.packages import Packages, Rules
from ..._dlrn.candidate import read_candidate
from ..._module.errors import InvalidInput
from ..._module.table import text_table
from ..._repodata.cache import Cache
from ..._repodata.difference import Commits, commit_ranges, compare, read_commits
from ..._repodata.download import Transport
from ..._repodata.sources import SourceReader
from .reading import cache_folder

_LOCKFILES = (".json", ".yml", ".yaml")


@dataclasses.dataclass
class RepositoryDiff:
    """The options of the module rpm_repository_diff_info.

    :param before: repositories, or one candidate lockfile, as they were; ``after`` as they are.
    """

    before: list[t.Any]
    after: list[t.Any]
    arch: str
    variables: dict[str, str]
    cache_dir: str | None
    check_mode: bool

    def run(self) -> dict[str, t.Any]:
        """What the module returns."""
        transport = Transport()
        sides = [self._packages(given, transport) for given in (self.before, self.after)]
        changes = compare(*map(read_packages, sides))
        commits = commit_ranges(changes, *(_commits(side, transport) for side in sides))
        rows = [
            [kind, f"{one['name']}.{one['arch']}", one["before"], one["after"]]
            for kind, found in changes.items()
            for one in found
        ]
        told = [
            {f"{one['name']}-{one[side]}.{one['arch']}" for found in changes.values() for one in found}
            for side in ("before", "after")
        ]
        old, new = map(read_files, sides)
        others = {
            "other_removed": sorted({nevra for nevra, _checksum in old - new} - told[0]),
            "other_added": sorted({nevra for nevra, _checksum in new - old} - told[1]),
        }
        return {
            **changes,
            **others,
            "commits": commits,
            "same": not rows and not any(others.values()),
            "table": text_table(["change", "package", "before", "after"], rows),
        }

    def _packages(self, given: list[t.Any], transport: Transport) -> Packages:
        reader = SourceReader(transport, {"basearch": self.arch, "arch": self.arch, **self.variables})
        repositories = [
            one for item in given for one in (self._of_lockfile(item) if self._is_lockfile(item) else [item])
        ]
        if not repositories:
            raise InvalidInput("There is nothing to compare: before and after each need a repository or a lockfile.")
        cache = Cache(cache_folder(self.cache_dir), writable=not self.check_mode)
        return Packages(reader.read(repositories, True), Rules(self.arch), cache, transport)

    @staticmethod
    def _is_lockfile(item: t.Any) -> bool:
        return isinstance(item, str) and os.path.splitext(item)[1] in _LOCKFILES

    @staticmethod
    def _of_lockfile(path: str) -> list[dict[str, t.Any]]:
        """The repositories of what was built; the base is not part of what changes."""
        candidate = read_candidate(path)
        if not candidate.components:
            raise InvalidInput(f"The candidate of {path} is of kind {candidate.kind}: it names no repositories.")
        return [{"id": one.component or "trunk", "baseurl": one.repo_url} for one in candidate.components]


def _commits(side: Packages, transport: Transport) -> dict[str, Commits]:
    return read_commits([one.repomd.roots[0] for one in side.repositories], transport)
