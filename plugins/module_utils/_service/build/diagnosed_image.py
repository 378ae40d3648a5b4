# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Images, with a word for why elements in them failed."""

from __future__ import annotations

import typing as t

from ..._compose.image import Image
from ..._diagnosis.failures import diagnose
from ..._module.errors import CommandFailed
from ..._module.runner import Plan

__all__ = ["DiagnosedImage"]


class DiagnosedImage(Image):
    """As :class:`Image`; ``failure``, as :class:`Diagnosis` has it, is told with the error of a program."""

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        try:
            return super().apply(plan)
        except CommandFailed as error:
            error.data["failure"] = diagnose(str(error.data.pop("output", ""))).as_dict()
            error.message += f" ({error.data['failure']['class']})"
            raise
