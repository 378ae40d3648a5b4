# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Files of somebody else's making as a candidate: what nobody here builds goes the same way as what is built."""

from __future__ import annotations

import dataclasses
import typing as t

from ..._dlrn.candidate import Candidate, File, utc
from ..._module.errors import Conflict
from .pinning import PinnedCandidate, web_of


class PinnedFiles(PinnedCandidate):
    """A lockfile that names files by their checksums.

    :param params: options of the module files_candidate.
    """

    def __init__(self, params: t.Mapping[str, t.Any]) -> None:
        own = ("path", "release", "distro", "dependencies", "base", "scenarios")
        given = {name: params[name] for name in own}
        reading = {**params, "api_url": None}
        super().__init__(connect=lambda: web_of(reading), trunk_url="", label=None, commits=None, **given)
        self._files: list[dict[str, t.Any]] = params["files"]

    def _resolve(self) -> Candidate:
        return Candidate(
            kind="files",
            release=self.release,
            distro=self.distro,
            resolved_at=utc(self.clock()),
            source={},
            files=tuple(self._file(**file) for file in self._files),
            dependencies=self._dependencies(),
            base=tuple(self._base(**base) for base in self.base),
            scenarios=tuple(self._scenario(**scenario) for scenario in self.scenarios),
        )

    def _file(self, name: str, url: str, sha256: str | None) -> File:
        # Checked before anything is read.
        file = File(name, url, sha256 or "0" * 64)
        found = self.web.sha256(url, f"file {name}")
        if sha256 not in (None, found):
            raise Conflict(
                f"The file {name} is not what was expected: {url} has the sha256 {found}, not {sha256}.",
                url=url,
                expected=sha256,
                found=found,
            )
        return dataclasses.replace(file, sha256=found)
