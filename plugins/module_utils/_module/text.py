# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Text of strangers made fit for people: nothing that steers a terminal, no password in an address, not too long.

Everything that a module returns goes through :func:`presentable` in the runner. Who puts somebody else's value into a
sentence takes :func:`shown`, or :func:`one_line` for what is a sentence itself.
"""

from __future__ import annotations

import re
import typing as t

#: Characters of a message that anybody will read.
MESSAGE = 8000
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
# What steers a terminal (C0 and C1 but tab and line feed), what turns the direction of writing or stands for nothing at
# all (a name with it looks like another), and halves of characters, which no file or terminal takes.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]|\r(?!\n)"
)
# The user and password of an address: everything up to the last @ before the path. A name alone is left to ssh, which
# needs one to log in and nobody can use.
_USERINFO = re.compile(r"(?P<scheme>\b[a-zA-Z][a-zA-Z0-9+.-]{0,30}://)(?P<user>[^\s/?#\\\"'<>]{0,2000})@")
_WITH_USER = ("ssh", "git+ssh", "ssh+git")


def clean(text: str) -> str:
    """``text`` with its lines and tabs, and a replacement character for each that could deceive a reader."""
    return _UNSAFE.sub(_REPLACEMENT, text)


def with_article(noun: str) -> str:
    """ "a label", "an address"."""
    return f"{'an' if noun[:1].lower() in 'aeio' else 'a'} {noun}"


def one_line(text: str, most: int = 500) -> str:
    """``text`` as one clean line of ``most`` characters at the most."""
    # What is behind it is not even looked at, however long it is.
    line = clean(" ".join(text[: 4 * most].split()))
    return cut(line, most) if len(text) <= 4 * most else f"{line[: max(0, most - 1)]}…"


def cut(text: str, most: int = MESSAGE) -> str:
    """``text``, or its beginning and how much of it is missing."""
    return text if len(text) <= most else f"{text[: max(0, most - 1)]}…"


def shown(value: t.Any) -> str:
    """``value`` as a message shows it: quoted, without control characters, not longer than a line."""
    text = ascii(value[:200] if isinstance(value, (str, bytes)) else value)
    return text if len(text) <= 120 else f"{text[:116]}...{text[0]}"


def redacted(text: str) -> str:
    """``text`` without the users and passwords of the addresses in it."""
    return _USERINFO.sub(_without_userinfo, text) if "@" in text and "://" in text else text


def ini_problem(error: Exception) -> str:
    """What configparser found wrong, without the lines that it quotes: they may be those of quite another file."""
    import configparser  # slow to import, and wanted only when something is wrong

    if isinstance(error, configparser.MissingSectionHeaderError):
        return f"line {error.lineno} is in no section"
    if isinstance(error, configparser.ParsingError):
        return f"lines {', '.join(str(number) for number, _line in error.errors[:5])} are not settings"
    return one_line(str(error), 300)


def _without_userinfo(match: re.Match[str]) -> str:
    scheme, user = match["scheme"], match["user"]
    if scheme[:-3].lower() in _WITH_USER and ":" not in user and "@" not in user:
        return match[0]
    return f"{scheme}***@"


def presentable(data: t.Any) -> t.Any:
    """``data`` with every text in it, names of keys too, clean and redacted. Nothing else changes."""
    if isinstance(data, str):
        return redacted(clean(data))
    if isinstance(data, t.Mapping):
        return {presentable(key): presentable(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [presentable(value) for value in data]
    return data


def message(text: str) -> str:
    """A failure's sentence: cut, clean, redacted; no line of it but the first begins where Ansible's own lines do."""
    return "\n  ".join(redacted(clean(cut(text.strip()))).split("\n"))
