# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What the modules source_rpm and spec_order_info ask for."""

from __future__ import annotations

import typing as t

from ..._build.spec_order import Spec, needs_of, read_spec, waves
from ..._distgit.source_rpm import SourceRpm
from ..._distgit.spec_parser import Distro
from ..._distgit.spec_text import SpecText
from ..._module.errors import InvalidInput
from ..._release.constraints import python_of


def source_rpm(options: t.Mapping[str, t.Any]) -> SourceRpm:
    """The change that the module source_rpm brings about."""
    distro = Distro(options["distro"], python_of(options["distro"], options["pythons"]))
    return SourceRpm(options["spec"], options["sources"], options["dest"], distro)


def order_specs(options: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What the module spec_order_info returns."""
    for name, path in options["specs"].items():
        if not isinstance(path, str):
            raise InvalidInput(f"specs must map names to paths of spec files; {name} has {path!r:.100}.")
    specs: dict[str, Spec] = {name: read_spec(SpecText.read(path).text) for name, path in options["specs"].items()}
    found = waves(specs)
    return {"waves": found, "order": [name for wave in found for name in wave], "needs": needs_of(specs)}
