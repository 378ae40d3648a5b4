# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""The source package of a distgit, made by rpmbuild in the sandbox. The same files give the same bytes."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
import typing as t

from .._module.documents import write_atomically
from .._module.errors import CommandFailed, InvalidInput, TimedOut
from .._module.runner import Change, Plan
from .._sandbox import take
from .._sandbox.confine import Bind, Limits, Sandbox, confined, fresh_folder, give
from .spec_parser import WITH_ARGUMENTS, Distro
from .spec_text import SpecText

_IN, _OUT = "/tmp/in", "/tmp/out"  # noqa: S108 (the sandbox's own)
_LIMITS = Limits(seconds=300, memory=2**31, processes=256, file_size=2**30, disk=2**31, scratch=2**29, output=2**24)
_BOUNDS = take.Bounds(count=2000, size=2**29, total=2**31)


@dataclasses.dataclass
class SourceRpm(Change):
    """The source package of a spec file.

    :param spec: its path; the files beside it are sources.
    :param sources: folder with more, such as upstream's archive; its files win.
    :param dest: folder that it is written to.
    :param distro: whose macros count, for the release's end.
    """

    spec: str
    sources: str | None
    dest: str
    distro: Distro

    def plan(self) -> Plan:
        spec = SpecText.read(self.spec)
        name, content = self._made(any(line.startswith("* ") for line in spec.lines[spec.section("changelog") or -1 :]))
        path = os.path.join(self.dest, name)
        held = _checksum(path)
        sha256 = hashlib.sha256(content).hexdigest()
        self._path, self._content = path, content
        actions = [] if held == sha256 else [f"write {path}"]
        nvr = name.removesuffix(".src.rpm")
        return Plan({"sha256": held}, {"sha256": sha256}, actions, {"path": path, "nvr": nvr, "sha256": sha256})

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        write_atomically(self._path, self._content)
        return {}

    def _made(self, has_changes: bool) -> tuple[str, bytes]:
        macros = {
            **self.distro.macros,
            **WITH_ARGUMENTS,
            **dict.fromkeys(("_sourcedir", "_specdir"), _IN),
            **dict.fromkeys(("_topdir", "_srcrpmdir"), _OUT),
            # Nothing of this host, and nothing of this hour.
            "_buildhost": "localhost",
            "source_date_epoch_from_changelog": "1",
            "use_source_date_epoch_as_buildtime": "1",
            "clamp_mtime_to_source_date_epoch": "1",
        }
        options = [word for name, body in macros.items() for word in ("--define", f"{name} {body}")]
        file = os.path.basename(self.spec)
        with fresh_folder() as given, fresh_folder() as out:
            for folder in filter(None, (os.path.dirname(os.path.abspath(self.spec)), self.sources)):
                for found in take.take(folder, ["*"], given, bounds=_BOUNDS, strict=False):
                    os.utime(found, (0, 0))
                    give(found)  # who is root in there, and so in the package
            binds = Bind(given, _IN), Bind(out, _OUT, writable=True)
            # rpm takes the time of the newest entry of the changelog; without one there is none.
            time = {} if has_changes else {"SOURCE_DATE_EPOCH": "1"}
            sandbox = Sandbox(binds=binds, environment=time, cwd=_OUT, limits=_LIMITS)
            try:
                confined(["rpmbuild", "-bs", "--nodeps", *options, f"{_IN}/{file}"], sandbox, tail=2**16)
            except CommandFailed as error:
                raise self._error(str(error.data["output"])) from error
            except TimedOut as error:
                raise InvalidInput(f"{file} made no source package within {_LIMITS.seconds:g} s.") from error
            made = take.find(out, ["*.src.rpm"], bounds=_BOUNDS)
            if len(made) != 1:
                raise InvalidInput(f"{file} made {len(made)} source packages, not one.")
            return os.path.basename(made[0].path), take.read(out, made[0].path, _BOUNDS.size)

    def _error(self, output: str) -> InvalidInput:
        file = os.path.basename(self.spec)
        missing = sorted(set(re.findall(rf"Bad (?:file|source): {_IN}/(\S+?): No such file", output)))
        if missing:
            return InvalidInput(
                f"{file} needs sources that are neither beside it nor in {self.sources}: {', '.join(missing)}.",
                missing=missing,
            )
        said = [line.removeprefix("error: ") for line in output.splitlines() if line.startswith("error: ")]
        text = "; ".join(said[:3]) or "rpmbuild does not say why"
        return InvalidInput(f"{file} makes no source package: {text.replace(_IN + '/', '')}"[:600])


def _checksum(path: str) -> str | None:
    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    except OSError:
        return None
