# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Where in a log it began to go wrong."""

from __future__ import annotations

import dataclasses

from .._module.text import clean
from .failures import LINE, SHOWN, diagnose, is_error, shown_line

CONTEXT = 5


@dataclasses.dataclass(frozen=True)
class FirstError:
    """
    :param number: of the line, from 1.
    :param excerpt: the line and those around it, each with its number, the line itself marked.
    :param failure_class: of the log as a whole.
    """

    number: int
    line: str
    excerpt: str
    failure_class: str


def first_error(text: str) -> FirstError | None:
    """The first of the lines that say why the log's writer failed; else the first error; None: there is none."""
    diagnosis = diagnose(text)
    lines = text.splitlines()
    saying = set(diagnosis.lines) if diagnosis.failure_class.value != "unknown" else set()
    found = next((number for number, line in enumerate(lines) if shown_line(line[:LINE]) in saying), None)
    if found is None:
        found = next((number for number, line in enumerate(lines) if is_error(line)), None)
    if found is None:
        return None
    shown = range(max(0, found - CONTEXT), min(len(lines), found + CONTEXT + 1))
    excerpt = "\n".join(
        f"{'>' if number == found else ' '} {number + 1}: {clean(lines[number][:SHOWN])}" for number in shown
    )
    return FirstError(found + 1, shown_line(lines[found][:LINE]), excerpt, diagnosis.failure_class.value)
