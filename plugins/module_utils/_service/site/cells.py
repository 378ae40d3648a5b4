# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Cells of the tables of the status site. Pure."""

from __future__ import annotations

import datetime
import typing as t

from ..._module.errors import InvalidInput

# More rows than anybody reads; the page says how many there are.
MOST_ROWS = 200
Document = t.Mapping[str, t.Any]
Context = dict[str, t.Any]


def cell(text: t.Any, url: str = "", tone: str = "") -> dict[str, str]:
    return {"text": str(text), "url": url, "tone": tone}


def section(title: str, text: str, heads: list[str], rows: list[list[dict[str, str]]]) -> Context:
    """A table that ends where nobody reads on, and says so."""
    if len(rows) > MOST_ROWS:
        text = f"{text} These are the first {MOST_ROWS} of {len(rows)}.".strip()
    return {"title": title, "text": text, "heads": heads, "rows": rows[:MOST_ROWS]}


def first_line(text: str) -> str:
    return text.strip().splitlines()[0][:200] if text.strip() else ""


def utc(at: float | None) -> str:
    """``2026-11-29 10:00``; empty for None."""
    if at is None:
        return ""
    try:
        return datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):
        return "in no year of ours"


def check_rows(rows: t.Iterable[t.Any], keys: t.Mapping[str, type], module: str) -> None:
    """See that rows are what a module returns.

    :param keys: what is read of a row, and of which type.
    :raises InvalidInput: naming the module, the key and what is in its place.
    """
    for row in rows:
        if not isinstance(row, dict):
            raise InvalidInput(f"{row!r:.100} is not what rdo.releng.{module} returns: a mapping is needed.")
        for key, kind in keys.items():
            if not isinstance(row.get(key), kind):
                raise InvalidInput(
                    f"What was given is not what rdo.releng.{module} returns: {key} is {row.get(key)!r:.100}, "
                    f"not of the type {kind.__name__}."
                )
