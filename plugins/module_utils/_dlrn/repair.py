# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Mending DLRN's wreckage while nobody else changes anything."""

from __future__ import annotations

import contextlib
import time
import typing as t

from .._module.errors import TimedOut
from .._module.lock import held_lock
from .._module.runner import Change, Plan
from .host import DlrnHost
from .names import check_name
from .wreckage import Finding, Wreckage

# How often to look again while the API goes on changing what was found.
LOOKS = 20


class Repair(Change):
    """What the module dlrn_repair does; holds its locks until the process ends.

    :param params: the module's options.
    :param look_only: take no lock that would write a file.
    """

    def __init__(self, params: t.Mapping[str, t.Any], look_only: bool) -> None:
        self._params = params
        self._look_only = look_only
        self._locks = contextlib.ExitStack()
        self._found: list[Finding] = []

    def plan(self) -> Plan:
        params = self._params
        labels = [check_name(label, "label") for label in params["labels"]]
        host = DlrnHost(params["config"])
        if params["lock"] and not self._look_only:
            purpose = {"purpose": "repair", "config": params["config"]}
            self._locks.enter_context(held_lock(params["lock"], purpose, params["lock_timeout"]))
        self._locks.enter_context(host.lock(params["lock_timeout"], create=not self._look_only))
        self._found = find_settled(Wreckage(host, labels), params["settle"])
        found = [
            {"kind": one.kind, "path": one.path, "commit": one.commit, "what": one.what, "mended": one.mend is not None}
            for one in self._found
        ]
        left = [one for one in found if not one["mended"]]
        actions = [one.what for one in self._found if one.mend]
        return Plan(before={"found": found}, after={"found": left}, actions=actions, result={"found": found})

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        for finding in self._found:
            if finding.mend:
                finding.mend()
        return {}


def find_settled(
    wreckage: Wreckage,
    settle: float,
    sleep: t.Callable[[float], None] = time.sleep,
    now: t.Callable[[], float] = time.time,
) -> list[Finding]:
    """The wreckage that has not changed for ``settle`` seconds.

    :raises TimedOut: something was changed again and again.
    """
    for _look in range(LOOKS):
        found = wreckage.find()
        youngest = max((finding.touched for finding in found), default=0.0)
        wait = youngest + settle - now()
        if wait <= 0:
            return found
        # A clock that was set back must not make it wait for hours.
        sleep(min(wait, settle))
    raise TimedOut(
        "DLRN's API goes on changing labels, so work cannot be told from wreckage. Try again when it is quiet.",
        found=[finding.what for finding in found],
    )
