# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""How far a history was read, with an overlap.

A hub draws the number of an event inside a transaction: a slow one commits a lower number after a higher one was seen,
and whoever asks for what came after the highest number never learns of it. So the past is read again, as far back as a
transaction may take, and whoever is told must bear to be told twice.
"""

from __future__ import annotations

import dataclasses
import os
import typing as t

from .._module.documents import read_document, write_document
from .._module.errors import InvalidInput

SCHEMA = "rdo.releng/watermark/1"
# Looks that are remembered; one older than the overlap is what is read from.
MOST = 1000


@dataclasses.dataclass
class Watermark:
    """The looks at one history so far.

    :param looks: (number of the last event that was there, time of that event in seconds), the oldest first.
    """

    looks: list[tuple[int, float]] = dataclasses.field(default_factory=list)

    def start(self, overlap: float) -> int | None:
        """The number of the event after which to read: of the last look that is older than the overlap.

        None: there was no look yet.
        """
        if not self.looks:
            return None
        newest = self.looks[-1][1]
        old = [event for event, at in self.looks if at <= newest - overlap]
        return old[-1] if old else self.looks[0][0]

    def looked(self, event: int, at: float, overlap: float) -> Watermark:
        """With one look more, and without those that are not needed any more."""
        looks = [look for look in self.looks if look[0] < event]
        looks.append((event, at))
        old = [number for number, look in enumerate(looks) if look[1] <= at - overlap]
        return Watermark(looks[old[-1] if old else 0 :][-MOST:])


def read_watermark(path: str, what: str) -> Watermark:
    """The watermark of ``what`` in the file ``path``; a new one if there is none.

    :raises InvalidInput: the file is none, or of something else.
    """
    if not os.path.exists(path):
        return Watermark()
    data = read_document(path, SCHEMA, "watermark")
    if data.get("of") != what:
        raise InvalidInput(f"The watermark {path} is of {data.get('of')!r}, not of {what!r}. Name another file.")
    try:
        return Watermark([(int(event), float(at)) for event, at in data["looks"]])
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise InvalidInput(f"The watermark {path} cannot be understood: {error}. Remove it to begin anew.") from error


def write_watermark(path: str, what: str, mark: Watermark) -> None:
    write_document(path, {"schema": SCHEMA, "of": what, "looks": [list(look) for look in mark.looks]})


def as_lines(events: t.Iterable[dict[str, t.Any]]) -> list[str]:
    """One sentence for each event, for people."""
    return [
        f"{one['topic']}: {one['body']['nvr']} in {one['body']['tag']} (event {one['body']['event']})" for one in events
    ]
