# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""A spec file brought to the pyproject macros, and parsed for each distro before it is written."""

from __future__ import annotations

import typing as t

from ..._distgit.pyproject import migrate
from ..._distgit.spec_parser import Distro, parse
from ..._distgit.spec_text import SpecText
from ..._module.errors import InvalidInput, Refused
from ..._module.runner import Change, Plan
from ..._release.constraints import python_of
from .spec_version import patch_of


class SpecPyproject(Change):
    """What the module spec_pyproject brings about."""

    def __init__(self, options: t.Mapping[str, t.Any]) -> None:
        self._options = options

    def plan(self) -> Plan:
        options = self._options
        spec = SpecText.read(options["spec"])
        distros = [Distro(name, python_of(name, options["pythons"])) for name in options["distros"]]
        excluded = options["excluded_build_requirements"], options["excluded_requirements"]
        new = migrate(spec, *excluded, options["tox"])
        self._after = SpecText(new.text, spec.name)
        if new.actions:
            parse(spec, distros)
            try:
                parse(self._after, distros)
            except InvalidInput as error:
                reason = f"Nothing was written, as the outcome does not parse. {error.message}"
                raise Refused(reason, **error.data) from error
        return Plan(
            before={spec.name: spec.text},
            after={spec.name: new.text},
            actions=new.actions,
            result={
                "removed": new.removed,
                "decide": [{"line": line, "text": text, "why": why} for line, text, why in new.decide],
                "patch": patch_of(spec.name, spec.text, new.text),
            },
        )

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        self._after.write(self._options["spec"])
        return {}
