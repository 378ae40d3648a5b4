# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""How often a commit was tried again because its build failed for infrastructure.

DLRN forgets a try when it is told to try again, so they are counted in a file in its data directory. A file that can
not be read counts nothing: a commit may then be tried a few times more.
"""

from __future__ import annotations

import os
import typing as t

from ..._module.documents import read_document, write_document
from ..._module.errors import RelengError

SCHEMA = "rdo.releng/tries/1"
NAME = ".infrastructure-tries.json"


class Tries:
    """The counts of one data directory."""

    def __init__(self, datadir: str) -> None:
        self._path = os.path.join(datadir, NAME)
        try:
            counts = read_document(self._path, SCHEMA, "count of tries").get("tries")
        except RelengError:
            counts = None
        given = counts if isinstance(counts, dict) else {}
        self._counts = {str(name): count for name, count in given.items() if isinstance(count, int) and count > 0}

    def of(self, row: t.Mapping[str, t.Any]) -> int:
        """How often the commit of a row of DLRN's database was tried again."""
        return self._counts.get(_key(row), 0)

    def add(self, row: t.Mapping[str, t.Any]) -> None:
        self._counts[_key(row)] = self.of(row) + 1

    def forget(self, row: t.Mapping[str, t.Any]) -> None:
        """Begin to count anew: somebody asked for it."""
        self._counts.pop(_key(row), None)

    def write(self, failing: t.Iterable[t.Mapping[str, t.Any]]) -> None:
        """Keep the counts of commits that still fail."""
        kept = {key: self._counts[key] for key in map(_key, failing) if key in self._counts}
        if kept or os.path.exists(self._path):
            write_document(self._path, {"schema": SCHEMA, "tries": kept})


def _key(row: t.Mapping[str, t.Any]) -> str:
    names = ("project_name", "commit_hash", "distro_hash", "extended_hash")
    return " ".join(str(row[name] or "-") for name in names)
