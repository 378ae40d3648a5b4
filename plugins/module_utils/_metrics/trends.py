# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Trends of a trunk: one number a day, as points that a page can draw. Pure; no I/O, no clock of its own."""

from __future__ import annotations

import typing as t

from .figures import quantile

DAY = 86400
Document = t.Mapping[str, t.Any]
#: (day, counted from the first of the trend; value)
Point = tuple[int, float]


def pass_rate(candidates: t.Sequence[Document], now: float, days: int) -> list[Point]:
    """The share of each day's votes that are successes, for days that have any."""
    votes: dict[int, list[bool]] = {}
    for vote in (vote for candidate in candidates for vote in candidate["votes"]):
        day = _day(vote["timestamp"], now, days)
        if day is not None and not vote["in_progress"]:
            votes.setdefault(day, []).append(vote["success"])
    return [(day, sum(found) / len(found)) for day, found in sorted(votes.items())]


def lead_time(candidates: t.Sequence[Document], now: float, days: int) -> list[Point]:
    """The median time in seconds, for each day with a promotion, from commit to promotion of what was promoted newly.

    :param candidates: each with ``changes``, the commits since the promotion before, that have ``committed_at`` as
        seconds since 1970.
    """
    took: dict[int, list[float]] = {}
    for candidate in candidates:
        if candidate["promoted_at"] is None:
            continue
        day = _day(candidate["promoted_at"], now, days)
        known = [change["committed_at"] for change in candidate["changes"] if change["committed_at"] is not None]
        if day is not None and known:
            took.setdefault(day, []).extend(max(0.0, candidate["promoted_at"] - at) for at in known)
    return [(day, quantile(sorted(found), 0.5)) for day, found in sorted(took.items())]


def _day(timestamp: float, now: float, days: int) -> int | None:
    ago = int((now - timestamp) // DAY)
    return days - 1 - ago if 0 <= ago < days else None
