# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Whose time a run took: pure, no I/O, no clock of its own.

Every millisecond between the first line of a journal and the end belongs to exactly one of ours, hub, distribution and
people: the first of them that was at work then, and people where nobody was.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .journal import WHOSE, Line


@dataclasses.dataclass(frozen=True)
class Interval:
    """Something that went on.

    :param began: milliseconds since the epoch, as ``ended``.
    :param how: ``done``, ``failed``, ``waiting`` or ``begun`` while it still goes on, ``stopped`` when its run was.
    """

    stage: str
    what: str
    whose: str
    began: int
    ended: int
    how: str
    detail: str = ""
    url: str = ""


@dataclasses.dataclass(frozen=True)
class Times:
    """What a journal comes to.

    :param sums: milliseconds of each of WHOSE; together they are ``ended - began``.
    :param open: what goes on or is waited for at the end.
    """

    began: int
    ended: int
    intervals: tuple[Interval, ...]
    sums: dict[str, int]
    open: tuple[Interval, ...]


def measure(lines: t.Sequence[Line], now: float | None = None) -> Times:
    """The times of a journal.

    :param lines: at least one, in the order of their time.
    :param now: the end, for a run that goes on; if it is not given, the last line.
    """
    began, last = _milli(lines[0].at), _milli(lines[-1].at)
    ended = max(last, _milli(now)) if now is not None else last
    intervals, left = _intervals(lines, ended)
    return Times(began, ended, tuple(intervals), _sums(intervals, began, ended), tuple(left))


def _intervals(lines: t.Sequence[Line], ended: int) -> tuple[list[Interval], list[Interval]]:
    last_word: dict[str, int] = {}
    for line in lines:
        last_word[line.run] = max(last_word.get(line.run, 0), _milli(line.at))
    open_lines: dict[tuple[str, str], Line] = {}
    found: list[Interval] = []

    def close(line: Line, at: int, how: str) -> None:
        # What a run had begun ended with it; what it waits for goes on without it.
        if line.state == "begun" and line.run != runs[-1] and last_word[line.run] < at:
            at, how = last_word[line.run], "stopped"
        at = max(at, _milli(line.at))
        found.append(Interval(line.stage, line.what, line.whose, _milli(line.at), at, how, line.detail, line.url))

    runs: list[str] = []
    for line in lines:
        if line.run not in runs:
            runs.append(line.run)
        before = open_lines.pop(line.key, None)
        if before:
            close(before, _milli(line.at), "done" if line.state in ("begun", "waiting") else line.state)
        if line.state in ("begun", "waiting"):
            open_lines[line.key] = line
    left = []
    for line in open_lines.values():
        close(line, ended, line.state)
        left.append(found[-1])
    order = {stage: number for number, stage in reversed(list(enumerate(line.stage for line in lines)))}
    return sorted(found, key=lambda one: (one.began, order[one.stage], one.ended)), left


def _sums(intervals: t.Sequence[Interval], began: int, ended: int) -> dict[str, int]:
    """Each stretch between two moments at which something changed, given to whose it is."""
    changes: dict[int, list[tuple[str, int]]] = {began: [], ended: []}
    for one in intervals:
        changes.setdefault(one.began, []).append((one.whose, 1))
        changes.setdefault(one.ended, []).append((one.whose, -1))
    sums, at_work = dict.fromkeys(WHOSE, 0), dict.fromkeys(WHOSE, 0)
    moments = sorted(changes)
    for start, end in zip(moments, moments[1:]):
        for whose, step in changes[start]:
            at_work[whose] += step
        sums[next((whose for whose in WHOSE if at_work[whose]), "people")] += end - start
    return sums


def _milli(at: float) -> int:
    return round(at * 1000)
