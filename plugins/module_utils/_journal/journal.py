# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""The journal of a run, ``rdo.releng/journal/1``: one line a transition, for people and the chronometer.

It is never asked what to do: that is read from the hub, rdoinfo, Gerrit and the mirror.
"""

from __future__ import annotations

import dataclasses
import datetime
import math
import typing as t

from .._module.errors import InvalidInput
from .._module.lines import append_lines, read_lines
from .._module.runner import Change, Plan

SCHEMA = "rdo.releng/journal/1"
STATES = ("begun", "waiting", "done", "failed")
# Whose time it is, the one that a second belongs to first: when we are at work nobody is waited for.
WHOSE = ("ours", "hub", "distribution", "people")
_FIRST, _LAST = 0.0, 4102444800.0  # 1970 to 2100


@dataclasses.dataclass(frozen=True)
class Line:
    """One transition.

    :param at: seconds since the epoch.
    :param what: what of the stage, where several things go on in it at once; may be empty.
    :param run: which run of the playbook wrote it: what a run that was killed left begun ended with its last word.
    """

    at: float
    stage: str
    what: str
    state: str
    whose: str
    detail: str = ""
    url: str = ""
    run: str = ""

    @property
    def key(self) -> tuple[str, str]:
        return self.stage, self.what

    def says_the_same(self, other: Line) -> bool:
        """Nothing new but the time. Work that another run begins is new; what is waited for is not."""
        same = dataclasses.replace(other, at=self.at, run=self.run) == self
        return same and (self.run == other.run or self.state != "begun")

    def as_data(self) -> dict[str, t.Any]:
        return {"schema": SCHEMA, **dataclasses.asdict(self)}


def read_journal(path: str) -> tuple[list[Line], int]:
    """The lines of a journal in the order of their time, and how many were damaged.

    :raises InvalidInput: it cannot be read.
    """
    documents, damaged = read_lines(path, "journal")
    lines = []
    for document in documents:
        try:
            lines.append(check_line(document))
        except InvalidInput:
            damaged += 1
    return sorted(lines, key=lambda line: line.at), damaged


def check_line(data: t.Mapping[str, t.Any]) -> Line:
    """``data`` as a line.

    :raises InvalidInput: naming the key that is wrong.
    """
    if data.get("schema") != SCHEMA:
        raise InvalidInput(f"A line of the journal has schema {data.get('schema')!r}; {SCHEMA!r} is needed.")
    at = data.get("at")
    if isinstance(at, bool) or not isinstance(at, (int, float)) or not math.isfinite(at) or not _FIRST <= at <= _LAST:
        raise InvalidInput(f"A line of the journal has at {at!r}; seconds since 1970 are needed.")
    texts = {}
    for key in ("stage", "what", "state", "whose", "detail", "url", "run"):
        value = data.get(key, "")
        if not isinstance(value, str):
            raise InvalidInput(f"A line of the journal has {key} {value!r}; a text is needed.")
        texts[key] = value
    for key, known in (("state", STATES), ("whose", WHOSE)):
        if texts[key] not in known:
            raise InvalidInput(f"A line of the journal has {key} {texts[key]!r}; one of {', '.join(known)} is needed.")
    if not texts["stage"]:
        raise InvalidInput("A line of the journal has no stage.")
    return Line(float(at), **texts)


class WriteLine(Change):
    """Add one line to a journal, unless the last one of its stage says the same.

    :param content: stage, what, state, whose, detail, url, run, as the module's options.
    :param at: the moment, in seconds since the epoch.
    """

    def __init__(self, path: str, content: t.Mapping[str, t.Any], at: float) -> None:
        self.path = path
        self.line = check_line({"schema": SCHEMA, "at": round(at, 3), **content})

    def plan(self) -> Plan:
        lines, _damaged = read_journal(self.path)
        mine = [line for line in lines if line.key == self.line.key and line.at <= self.line.at]
        before = mine[-1].as_data() if mine else {}
        if mine and mine[-1].says_the_same(self.line):
            return Plan(before, before, [], {"line": before, "since": utc(_since(mine))})
        since = _since([*mine, self.line])
        name = " ".join(filter(None, self.line.key))
        sentence = f"write to {self.path}: {name} {self.line.state}, {self.line.whose}"
        return Plan(before, self.line.as_data(), [sentence], {"line": self.line.as_data(), "since": utc(since)})

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        append_lines(self.path, [self.line.as_data()], "journal")
        return {}


def _since(lines: t.Sequence[Line]) -> float:
    """Since when the state and whose time it is are as in the last of ``lines``.

    That a run looks again, and finds that it has to wait still, does not end the waiting.
    """
    last = lines[-1]
    since = last.at
    for line in reversed(lines):
        if (line.state, line.whose) == (last.state, last.whose):
            since = line.at
        elif (line.state, last.state) != ("begun", "waiting"):
            break
    return since


def utc(at: float) -> str:
    """A moment as people and programs read it, in UTC."""
    return datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(text: str) -> float:
    """Seconds since the epoch of a time such as ``2026-04-01T12:00:00Z``; one without a zone is in UTC.

    :raises InvalidInput: it is none.
    """
    try:
        time = datetime.datetime.fromisoformat(text.strip().replace("Z", "+00:00").replace("z", "+00:00"))
        return (time if time.tzinfo else time.replace(tzinfo=datetime.timezone.utc)).timestamp()
    except (ValueError, OverflowError) as error:
        raise InvalidInput(f"{text!r} is no time such as 2026-04-01T12:00:00Z: {error}") from None
