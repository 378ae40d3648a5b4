# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What of a repository a release keeps, as modules ask for it; and a folder of RPM files that is trimmed to that."""

from __future__ import annotations

import contextlib
import os
import typing as t

from ..._closure.engine import Engine
from ..._closure.packages import Packages
from ..._closure.trimming import Trim, trim
from ..._module.errors import InvalidInput, NotFound
from ..._module.progress import say
from ..._module.runner import Change, Plan
from ..._module.table import text_table
from ..._repodata.publication import PublishedRepository
from ..._repodata.sources import Source
from ..._rpm.headers import read_nevras
from ..._rpm.rpmfiles import indexed, rpm_files
from ..._sandbox.packages import query
from .reading import Reading


def trim_info(params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """What the module rpm_trim_info returns.

    :raises NotFound: the repository has no build of a root, and that is not allowed.
    """
    reading = Reading(params, writable=not check_mode)
    return _result(*_asked(params, reading, reading.one(params["repository"], "repository", True)))


def _asked(params: dict[str, t.Any], reading: Reading, source: Source) -> tuple[Trim, Packages]:
    packages = reading.packages([source, *reading.sources(params["provide"], False)], newest=False)
    say(f"Asking what {len(params['roots'])} roots need of {source.id}")
    found = trim(Engine(packages), source.id, params["roots"], params["installability"])
    if not any(one.kind == "root" for one in found.kept):
        raise InvalidInput(f"{source.id} has no build of any root: nothing would stay.", absent=found.absent)
    if found.absent and not params["allow_absent"]:
        raise NotFound(
            f"{source.id} has no build of {', '.join(found.absent)}, which the release is made of. Correct roots, or "
            "set allow_absent.",
            absent=found.absent,
        )
    return found, packages


def _result(found: Trim, packages: Packages) -> dict[str, t.Any]:
    keep = [
        {
            "build": one.build,
            "kind": one.kind,
            "reason": one.reason,
            "chain": [{"package": package, "requirement": text} for package, text in one.chain],
        }
        for one in found.kept
    ]
    remove = [{"build": one.build, "kind": one.kind, "reason": one.reason} for one in found.gone]
    rows = [[one["build"], "stays", one["reason"]] for one in keep]
    rows += [[one["build"], "goes", one["reason"]] for one in remove]
    return {
        "keep": keep,
        "remove": remove,
        "keep_builds": [one.build for one in found.kept],
        "remove_builds": [one.build for one in found.gone],
        "absent": found.absent,
        "unresolved": [f"{one.package} requires {one.requirement}" for one in found.effect.unresolved],
        "proofs": found.proofs,
        "repositories": [
            {"id": one.source.id, "url": one.repomd.roots[0], "repomd_sha256": one.repomd.sha256}
            for one in packages.repositories
        ],
        "table": text_table(["build", "", "reason"], rows),
    }


class TrimmedFolder(Change):
    """A folder of RPM files without those of builds that a release does not keep.

    What is there is read of the RPM files, not of metadata: a run that ended half-way is finished by the next. Metadata
    that is there is published anew, without the builds that go, before a file is removed.
    """

    def __init__(self, params: dict[str, t.Any], check_mode: bool) -> None:
        self._params, self._check_mode = params, check_mode
        self._path: str = params["path"]
        self._published: PublishedRepository | None = None

    def plan(self) -> Plan:
        if not os.path.isdir(self._path):
            raise NotFound(f"There is no folder {self._path}.", folder=self._path)
        files = rpm_files(self._path)
        reading = Reading(self._params, writable=not self._check_mode)
        with indexed(files, self._path) as folder:
            found, packages = _asked(self._params, reading, Source(os.path.basename(self._path), (folder,)))
            result = {**_result(found, packages), "path": self._path}
            gone = {str(packages.package(number)) for one in found.gone for number in found.builds[one.build]}
        result["repositories"][0].update(url=self._path, repomd_sha256=None)
        self._files = sorted(file for file, nevra in read_nevras(files, query).items() if nevra in gone)
        actions = [f"remove {os.path.relpath(file, self._path)}" for file in self._files]
        if os.path.exists(os.path.join(self._path, "repodata", "repomd.xml")):
            options = {name: self._params[name] for name in ("compression", "extra", "keep")}
            self._published = PublishedRepository(self._path, **options, allow_empty=False, without=self._files)
            self._metadata = self._published.plan()
            actions = [*self._metadata.actions, *actions]
        after = {"builds": result["keep_builds"]}
        return Plan({"builds": sorted(found.builds)}, after, actions, result)

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        if self._published is not None and self._metadata.actions:
            self._published.apply(self._metadata)
        for file in self._files:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(file)
        return {}
