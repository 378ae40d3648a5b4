# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Waivers for requirements that are not met."""

from __future__ import annotations

import typing as t

from ..._closure.closure import Unresolved
from ..._gate.waivers import Waiver, parse_waivers
from ..._module.documents import read_yaml


def read_waivers(paths: t.Iterable[str], now: float) -> tuple[list[Waiver], list[Waiver]]:
    """The waivers of several files: those that hold at ``now``, in seconds since the epoch, and the expired ones."""
    waivers = [waiver for path in paths for waiver in parse_waivers(read_yaml(path, "file of waivers"), path)]
    expired = [waiver for waiver in waivers if waiver.is_expired(now)]
    return [waiver for waiver in waivers if waiver not in expired], expired


def covers(waiver: Waiver, one: Unresolved, candidate: str | None = None) -> bool:
    """Whether ``waiver`` is for this requirement: of its package, or source package, or of a candidate.

    :param candidate: id of the candidate that is asked about, if one is.
    """
    if waiver.waives != one.requirement:
        return False
    if waiver.package:
        name = one.package.rsplit("-", 2)[0]
        return waiver.package in (name, one.package, one.source, one.source.rsplit("-", 2)[0])
    return waiver.candidate is not None and waiver.candidate == candidate
