# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Secrets in logs, and logs without them. What is masked is what looks like a secret: not every one does."""

from __future__ import annotations

import re
import typing as t

MASK = "***"

# Each begins where a word does and nowhere within it: a line of 64 KB of dashes would take minutes otherwise.
# user:password@ of an address, such as a database's connection
_ADDRESS = re.compile(r"(?P<keep>(?<![a-zA-Z0-9+.-])[a-zA-Z0-9+.-]*://[^\s:/@'\"]*:)[^\s/@'\"]+(?=@)")
_HEADER = re.compile(r"(?i)(?P<keep>\b(?:Authorization|X-Auth-Token|X-Subject-Token|Cookie)\b['\"]?\s*[:=]\s*)[^\n]+")
_ASSIGNED = re.compile(
    r"(?i)(?P<keep>(?<![\w.-])[\w.-]*(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|private[_-]?key|access[_-]?key"
    r"|encryption[_-]?key|_pw)\b['\"]?\s*(?:=>|[:=])\s*)(?P<quote>['\"]?)(?!\s|$)(?:(?<=')[^'\n]*|(?<=\")[^\"\n]*|[^\s,;'\"]+)"
)
_OPTION = re.compile(r"(?i)(?P<keep>(?<![\w-])--?[\w-]*(?:password|passwd|secret|token)[ =])(?!-)\S+")
_KEY_BEGIN = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_KEY_END = re.compile(r"-----END [A-Z ]*PRIVATE KEY-----")


class Masker:
    """Masks one text line by line; a private key spans several.

    :param known: secrets that are masked wherever they stand.
    """

    def __init__(self, known: t.Iterable[str] = ()) -> None:
        words = sorted({word for word in known if word.strip()}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, words))) if words else None
        self._in_key = False

    def line(self, text: str) -> str:
        """The line without its secrets."""
        if self._in_key:
            self._in_key = not _KEY_END.search(text)
            return "" if self._in_key else f"{MASK}\n"
        if _KEY_BEGIN.search(text):
            self._in_key = not _KEY_END.search(text)
            return f"{MASK}\n"
        if self._known:
            text = self._known.sub(MASK, text)
        for pattern in (_ADDRESS, _HEADER, _OPTION):
            text = pattern.sub(rf"\g<keep>{MASK}", text)
        return _ASSIGNED.sub(rf"\g<keep>\g<quote>{MASK}", text)


def after_cut(text: str) -> str:
    """The end of a text whose beginning is gone, from where it is known again what a line means.

    Without the rest of a line that may have lost the name of its secret, and of a private key without its first line.
    """
    text = text.partition("\n")[2]
    begin, end = _KEY_BEGIN.search(text), _KEY_END.search(text)
    if end and not (begin and begin.start() < end.start()):
        return text[end.end() :].partition("\n")[2]
    return text
