# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Repositories as modules name them, read into one pool of packages."""

from __future__ import annotations

import os
import typing as t

from ..._closure.packages import Packages, Rules
from ..._module.errors import InvalidInput
from ..._repodata.cache import Cache
from ..._repodata.download import Transport
from ..._repodata.sources import Source, SourceReader


def cache_folder(given: str | None) -> str:
    """The folder for repositories that were read: as given, or where the user's caches lie."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return given or os.path.join(home, "rdo.releng", "repositories")


class Reading:
    """How repositories are read: the options of the doc fragment ``rdo.releng._repositories``.

    :param writable: False: nothing is kept of what was read (check mode).
    """

    def __init__(self, params: dict[str, t.Any], writable: bool) -> None:
        self.arch: str = params["arch"] or os.uname().machine
        self.transport = Transport(params["timeout"], params["deadline"], params["retries"], params["ca_path"])
        self.cache = Cache(cache_folder(params["cache_dir"]), params["cache_size"] << 20, writable=writable)
        variables = {"basearch": self.arch, "arch": self.arch, **params["variables"]}
        self.reader = SourceReader(self.transport, variables)
        #: what was found in ``.repo`` files and is not heeded
        self.notes = self.reader.notes

    def sources(self, given: t.Sequence[t.Any], checked: bool) -> list[Source]:
        return self.reader.read(given, checked)

    def one(self, given: t.Any, what: str, checked: bool) -> Source:
        """The only repository that an option may name."""
        sources = self.sources([given], checked)
        if len(sources) != 1:
            names = ", ".join(source.id for source in sources) or "none"
            raise InvalidInput(f"{what} must name one repository, and names {len(sources)}: {names}.")
        return sources[0]

    def packages(self, sources: t.Sequence[Source], newest: bool = True, offers: t.Sequence[Source] = ()) -> Packages:
        return Packages(sources, Rules(self.arch, newest), self.cache, self.transport, offers)
