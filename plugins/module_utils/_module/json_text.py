# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""JSON of strangers as plain data: bounded, and with nothing in it that Python takes and nobody else does."""

from __future__ import annotations

import json
import math
import re
import typing as t

from .errors import InvalidInput

MOST_BYTES = 16 << 20
MOST_CONTAINERS = 1_000_000
MOST_DEPTH = 100
# How JSON spells NUL and the halves of characters; pairs of halves are whole characters, so this only means "look".
_ESCAPED = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
#: What no text has: NUL, and halves of characters.
NO_TEXT = re.compile("[\x00\ud800-\udfff]")


def load_json(text: str | bytes, what: str, most: int = MOST_BYTES, unique_keys: bool = False) -> t.Any:
    """The data in ``text``.

    Numbers are finite; texts have no NUL and no halves of characters; lists and mappings lie within each other to a
    depth of :data:`MOST_DEPTH`.

    :param what: begins the message: "The vote x.json", "The answer of the hub".
    :param most: bytes or characters.
    :param unique_keys: a mapping with the same key twice is an error; otherwise the last one counts.
    :raises InvalidInput: it is not JSON, or not within these limits.
    """
    try:
        return _load(text, most, unique_keys)
    except (ValueError, RecursionError) as error:
        problem = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise InvalidInput(f"{what} is not valid JSON: {problem}.") from error


def _load(text: str | bytes, most: int, unique_keys: bool) -> t.Any:
    if len(text) > most:
        raise ValueError(f"it is larger than the {most} bytes that are allowed")
    if isinstance(text, bytes):
        text = text.decode("utf-8-sig")
    if text.count("[") + text.count("{") > MOST_CONTAINERS:
        raise ValueError(f"it has more than {MOST_CONTAINERS} lists and mappings")
    data = json.loads(
        text,
        parse_constant=_no_number,
        parse_float=_finite,
        object_pairs_hook=_unique if unique_keys else None,
    )
    _check(data, bool(_ESCAPED.search(text) or NO_TEXT.search(text)))
    return data


def _check(data: t.Any, look_at_texts: bool) -> None:
    """Raise ValueError where ``data`` is nested too deeply, or has a text that is none."""
    level, depth = [data], 0
    while level:
        if depth > MOST_DEPTH:
            raise ValueError(f"its lists and mappings lie more than {MOST_DEPTH} deep within each other")
        depth += 1
        below: list[t.Any] = []
        for item in level:
            kind = type(item)
            if kind is dict:
                below += item.values()
                if look_at_texts:
                    below += item
            elif kind is list:
                below += item
            elif kind is str and look_at_texts and NO_TEXT.search(item):
                raise ValueError(f"it has a text with a NUL or half a character in it: {item[:60]!a}")
        level = below


def _unique(pairs: list[tuple[str, t.Any]]) -> dict[str, t.Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _value in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"the key {twice[:60]!r} stands twice")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"the number {text[:40]} is out of range")
    return number


def _no_number(text: str) -> t.NoReturn:
    raise ValueError(f"{text} is not a number")
