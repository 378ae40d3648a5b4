# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""A spec file's dependencies beside upstream's sources, from wherever these are."""

from __future__ import annotations

import typing as t

from ..._git.snapshot import is_url, take_snapshot
from ..._module.documents import read_yaml
from ..._module.errors import InvalidInput
from ..._module.runner import Change, Plan
from ..._release.rdoinfo import Files, Folder
from ..._distgit.requirements import RpmNames, SpecChange
from ..._release.upstream_requirements import UpstreamRequirements
from ..release.rdoinfo_query import cache_folder


class UpstreamSpecChange(Change):
    """What the module spec_requirements brings about."""

    def __init__(self, options: t.Mapping[str, t.Any]) -> None:
        self._options = options

    def plan(self) -> Plan:
        options = self._options
        names = read_yaml(options["names"], "file of names") if options["names"] else {}
        if not isinstance(names, dict):
            raise InvalidInput(
                f"The file of names {options['names']} is no mapping of names on PyPI to names in specs."
            )
        self._change = SpecChange(
            path=options["spec"],
            upstream=UpstreamRequirements(_files(options)),
            distros=options["distros"],
            pythons=options["pythons"],
            changes=options["changes"],
            names=RpmNames(names),
        )
        return self._change.plan()

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        return self._change.apply(plan)


def _files(options: t.Mapping[str, t.Any]) -> Files:
    source, revision = options["upstream"], options["revision"]
    if revision is None and not is_url(source):
        return Folder(source)
    return take_snapshot(source, revision or "HEAD", cache_folder(options), options["git_timeout"])
