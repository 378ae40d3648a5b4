# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""A clean root, with a word for why it could not be made or upgraded."""

from __future__ import annotations

import contextlib
import os
import typing as t

from ..._build.root_change import CleanRoot, NoRoot
from ..._build.root_upgrade import RootUpgrade
from ..._diagnosis.failures import diagnose_file
from ..._module.errors import CommandFailed, TimedOut
from ..._module.runner import Plan

__all__ = ["DiagnosedRoot", "DiagnosedUpgrade", "NoRoot"]


class DiagnosedRoot(CleanRoot):
    """As :class:`CleanRoot`; what dnf says in the log is told with the error."""

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        with diagnosed(self._params["log"]):
            return super().apply(plan)


class DiagnosedUpgrade(RootUpgrade):
    """As :class:`RootUpgrade`; what dnf says in the log is told with the error."""

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        with diagnosed(self._params["log"]):
            return super().apply(plan)


@contextlib.contextmanager
def diagnosed(log: str) -> t.Iterator[None]:
    """Errors of what is done, with what they mean by the lines that were added to the log."""
    start = os.path.getsize(log) if os.path.exists(log) else 0
    try:
        yield
    except (CommandFailed, TimedOut) as error:
        if os.path.exists(log):
            error.data["failure"] = diagnose_file(log, start).as_dict()
        raise
