# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Where the time of a run went, as a text and a page: from its journal alone, so that the post-mortem writes itself."""

from __future__ import annotations

import math
import os
import re
import typing as t

from ..._journal.chronometer import Interval, Times, measure
from ..._journal.journal import WHOSE, read_journal, utc
from ..._module.documents import write_atomically
from ..._module.errors import InvalidInput, NotFound
from ..._module.libraries import load_library
from ..._module.runner import Change, Plan
from ..._module.table import text_table
from .time_line_page import PAGE

SLOWEST = 10
# The page's picture, in its own units.
LEFT, WIDTH, ROW, BAR, TOP = 200, 780, 26, 16, 30
_HOW = {"done": "done", "failed": "failed", "stopped": "stopped", "waiting": "waiting", "begun": "going on"}
_TICKS = (1, 5, 15, 60, 300, 900, 1800, 3600, 7200, 14400, 43200, 86400)


class TimeLine(Change):
    """Write the text and the page of a journal.

    :param params: options of the module run_time_line.
    :param now: the end of a run that still goes on; None: its last line.
    """

    def __init__(self, params: t.Mapping[str, t.Any], now: float | None) -> None:
        self._params, self._now = params, now

    def plan(self) -> Plan:
        params = self._params
        lines, damaged = read_journal(params["journal"])
        if not lines:
            raise NotFound(
                f"The journal {params['journal']} has no line: did a run write to it?", path=params["journal"]
            )
        times = measure(lines, self._now)
        builds = sorted(params["builds"], key=lambda one: (-_seconds(one), str(one.get("nvr"))))[:SLOWEST]
        result = _result(times, damaged)
        wanted = {}
        if params["page"]:
            wanted[params["page"]] = _page(times, params["title"], builds, params["waived"], damaged)
        if params["text"]:
            wanted[params["text"]] = result["table"] + "\n"
        before = {path: _read(path) for path in wanted}
        self._writes = {path: text for path, text in wanted.items() if before[path] != text}
        actions = [f"write {path}" for path in self._writes]
        return Plan(before, wanted, actions, result)

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        for path, text in self._writes.items():
            write_atomically(path, text.encode())
        return {}


def _result(times: Times, damaged: int) -> dict[str, t.Any]:
    rows = [
        [one.stage, one.what, one.whose, utc(one.began / 1000), duration(one.ended - one.began), _HOW[one.how]]
        for one in times.intervals
    ]
    sums = ", ".join(f"{whose} {duration(times.sums[whose])}" for whose in WHOSE)
    table = text_table(["stage", "what", "whose", "began", "took", "how"], rows)
    return {
        "began": utc(times.began / 1000),
        "ended": utc(times.ended / 1000),
        "seconds": (times.ended - times.began) / 1000,
        "sums": {whose: milliseconds / 1000 for whose, milliseconds in times.sums.items()},
        "open": [
            {"stage": one.stage, "what": one.what, "whose": one.whose, "since": utc(one.began / 1000)}
            | {"detail": one.detail, "url": one.url}
            for one in times.open
        ],
        "damaged_lines": damaged,
        "table": f"{table}\n\n{duration(times.ended - times.began)} in all: {sums}",
    }


def duration(milliseconds: int) -> str:
    """``0.4 s``, ``3 min 05 s``, ``2 h 03 min``."""
    seconds = milliseconds / 1000
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    return f"{minutes // 60} h {minutes % 60:02} min"


def _page(times: Times, title: str, builds: list[dict[str, t.Any]], waived: list[t.Any], damaged: int) -> str:
    jinja2 = load_library("jinja2")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    stages = list(dict.fromkeys(one.stage for one in times.intervals))
    whole = max(1, times.ended - times.began)
    return t.cast(
        str,
        environment.from_string(PAGE).render(
            title=title,
            began=utc(times.began / 1000),
            took=duration(times.ended - times.began),
            sums=[(whose, duration(times.sums[whose]), round(100 * times.sums[whose] / whole)) for whose in WHOSE],
            stages=[(stage, TOP + ROW * number) for number, stage in enumerate(stages)],
            bars=[_bar(one, times, stages.index(one.stage)) for one in times.intervals],
            ticks=_ticks(times),
            size=(LEFT + WIDTH + 20, TOP + ROW * len(stages) + 10),
            rows=[_row(one) for one in times.intervals],
            open=[_row(one) for one in times.open if one.how == "waiting"],
            builds=[
                {"nvr": str(one.get("nvr", "")), "took": duration(round(1000 * _seconds(one)))}
                | {"url": safe_url(str(one.get("url") or ""))}
                for one in builds
            ],
            waived=[str(one) for one in waived],
            damaged=damaged,
            left=LEFT,
            bar=BAR,
        ),
    )


def _bar(one: Interval, times: Times, row: int) -> dict[str, t.Any]:
    whole = max(1, times.ended - times.began)
    width = max(2.0, WIDTH * (one.ended - one.began) / whole)
    x = min(LEFT + WIDTH * (one.began - times.began) / whole, LEFT + WIDTH - 2.0)
    name = " ".join(filter(None, (one.stage, one.what)))
    title = f"{name}, {one.whose}: {duration(one.ended - one.began)}, {_HOW[one.how]}"
    return {"x": f"{x:.1f}", "y": TOP + ROW * row + 3, "width": f"{width:.1f}", "whose": one.whose, "title": title}


def _ticks(times: Times) -> list[dict[str, str]]:
    """At most eight lines at round times since the beginning."""
    seconds = max(1.0, (times.ended - times.began) / 1000)
    step = next((tick for tick in _TICKS if seconds / tick <= 8), 0) or 86400 * math.ceil(seconds / 86400 / 8)
    return [
        {"x": f"{LEFT + WIDTH * at / seconds:.1f}", "label": "0" if not at else _label(at)}
        for at in range(0, int(seconds) + 1, step)
    ]


def _label(seconds: int) -> str:
    for unit, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= unit and seconds % unit == 0:
            return f"{seconds // unit} {name}"
    return f"{seconds // 60} min" if seconds >= 60 else f"{seconds} s"


def _row(one: Interval) -> dict[str, str]:
    texts = {"stage": one.stage, "what": one.what, "whose": one.whose, "how": _HOW[one.how], "detail": one.detail}
    took = {"began": utc(one.began / 1000), "took": duration(one.ended - one.began)}
    return {**texts, **took, "url": safe_url(one.url)}


def safe_url(url: t.Any) -> str:
    """``url`` if a page may link it; otherwise nothing."""
    return url if isinstance(url, str) and re.fullmatch(r"https?://[^\s\"'<>]+", url) else ""


def _seconds(build: t.Mapping[str, t.Any]) -> float:
    seconds = build.get("seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 <= seconds < 1e9:
        raise InvalidInput(f"The build {build.get('nvr')} took {seconds!r} seconds; a number is needed.")
    return float(seconds)


def _read(path: str) -> str:
    if not os.path.exists(path):
        return ""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError as error:
        raise InvalidInput(f"The file {path} cannot be read: {error}", path=path) from error
