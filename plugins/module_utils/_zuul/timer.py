# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""When Zuul's timer trigger begins a run: five parts as cron has them, then perhaps seconds and jitter.

Of a time that it does not understand Zuul tells nobody but its own log, and never begins. What it understands is what
APScheduler's cron trigger does: steps, ranges and lists, and the names of days and months. Days of the week begin with
Monday as 0.
"""

from __future__ import annotations

import re

from .._module.errors import InvalidInput

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# What each part is called, its least and greatest value, and names that stand for values.
PARTS = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, MONTHS),
    ("day of the week", 0, 6, DAYS),
    ("second", 0, 59, ()),
)
ITEM = re.compile(r"(\*|\w+)(?:-(\w+))?(?:/(\d+))?", re.ASCII)


def check_timer(value: str, where: str) -> str:
    """``value`` if Zuul begins at such times; raises InvalidInput otherwise."""
    parts = value.split()
    if not 5 <= len(parts) <= 7:
        raise InvalidInput(
            f"{where}: timer {value!r:.80} has {len(parts)} parts; minute, hour, day, month and day of the week are "
            "needed, such as '0 3 * * *', and perhaps second and jitter."
        )
    for part, (name, least, most, names) in zip(parts, PARTS):
        for item in part.split(","):
            problem = _problem(item, least, most, names)
            if problem and not (name == "day of the month" and item == "last"):
                raise InvalidInput(f"{where}: timer {value!r:.80} has the {name} {item!r:.40}: {problem}.")
    if len(parts) == 7 and not re.fullmatch(r"\d{1,6}", parts[6], re.ASCII):
        raise InvalidInput(f"{where}: timer {value!r:.80} has the jitter {parts[6]!r:.40}: seconds are needed.")
    return value


def _problem(item: str, least: int, most: int, names: tuple[str, ...]) -> str:
    """What is wrong with one item of a list; empty if nothing is."""
    match = ITEM.fullmatch(item)
    if not match or (match[1] == "*" and match[2]):
        return "a number, a range such as 1-5, or * is needed, each perhaps with a step such as */2"
    if match[3] and not 1 <= int(match[3]) <= most - least + 1:
        return f"a step is from 1 to {most - least + 1}"
    bounds = []
    for text in match[1], match[2]:
        if text in (None, "*"):
            continue
        if text.lower() in names:
            bounds.append(names.index(text.lower()) + least)
        elif text.isdigit() and least <= int(text) <= most:
            bounds.append(int(text))
        else:
            known = f" or {', '.join(names)}" if names else ""
            return f"{least} to {most}{known} is needed"
    return "the range ends before it begins" if bounds != sorted(bounds) else ""
