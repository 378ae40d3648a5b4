# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Waivers: who answers for going on in spite of what, why, and until when. One schema for votes and for closure."""

from __future__ import annotations

import dataclasses
import datetime
import difflib
import re
import typing as t

from .._module.errors import InvalidInput

# What a waiver can be for; each names exactly one.
SCOPES = ("candidate", "label", "package")
REQUIRED = ("waives", "owner", "reason", "until")
KEYS = (*REQUIRED, *SCOPES, "bug")


@dataclasses.dataclass(frozen=True)
class Waiver:
    """One waiver.

    :param waives: the job whose vote, or the requirement whose provider, is not waited for; exact.
    :param until: the last day (to its end, UTC) or the last second that it holds, as written.
    :param ends: the same as seconds since the epoch: from then on it waives nothing.
    :param candidate: id of the one candidate that it is for; so are label (a promotion's target) and package.
    :param bug: where the work on it is tracked.
    :param source: the file it was read from, for messages.
    """

    waives: str
    owner: str
    reason: str
    until: str
    ends: float
    candidate: str | None = None
    label: str | None = None
    package: str | None = None
    bug: str | None = None
    source: str = "given"

    def is_expired(self, now: float) -> bool:
        """Whether it waives nothing any more at ``now``, in seconds since the epoch."""
        return now >= self.ends

    def as_data(self) -> dict[str, str]:
        """The keys it was written with, as plain data."""
        return {key: getattr(self, key) for key in KEYS if getattr(self, key) is not None}


def parse_waivers(data: t.Any, source: str) -> list[Waiver]:
    """The waivers of one file or option.

    :param data: a list of mappings as YAML gives it; None (an empty file) is an empty list.
    :param source: path of the file, or what the option is called, for messages.
    :raises InvalidInput: naming source, entry and key.
    """
    if data is None:
        return []
    if not isinstance(data, list):
        raise InvalidInput(f"The waivers of {source} are {_kind(data)}; a list of mappings is needed.")
    return [_parse_waiver(entry, f"Waiver {number} of {source}", source) for number, entry in enumerate(data, 1)]


def _parse_waiver(entry: t.Any, where: str, source: str) -> Waiver:
    if not isinstance(entry, dict):
        raise InvalidInput(f"{where} is {_kind(entry)}; a mapping with {', '.join(REQUIRED)} is needed.")
    for key in entry:
        if key not in KEYS:
            closest = difflib.get_close_matches(str(key), KEYS, 1, 0.0)[0]
            raise InvalidInput(f"{where} has the unknown key {key!r}; the closest known key is {closest!r}.")
    given = {key: value for key, value in entry.items() if value is not None}
    missing = [key for key in REQUIRED if key not in given]
    if missing:
        raise InvalidInput(f"{where} lacks {', '.join(missing)}: every waiver has an owner, a reason and an end.")
    scopes = [key for key in SCOPES if key in given]
    if len(scopes) != 1:
        raise InvalidInput(f"{where} must be for one candidate, label or package; it names {scopes or 'none of them'}.")
    texts = {key: _text(value, key, where) for key, value in given.items() if key != "until"}
    if "candidate" in texts and not re.fullmatch("[0-9a-f]{64}", texts["candidate"]):
        raise InvalidInput(f"{where}: candidate is {texts['candidate']!r}; a candidate's id is 64 hexadecimal digits.")
    until, ends = _end(given["until"], where)
    return Waiver(**texts, until=until, ends=ends, source=source)


def _text(value: t.Any, key: str, where: str) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)  # a bug's bare number
    if not isinstance(value, str) or not value.strip():
        raise InvalidInput(f"{where}: {key} is {value!r}; a text that is not empty is needed.")
    return value.strip()


def _end(value: t.Any, where: str) -> tuple[str, float]:
    """``until`` as text, and the first second that the waiver does not hold any more."""
    try:
        text = value.isoformat() if isinstance(value, datetime.date) else str(value).strip()
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            day = datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.timezone.utc)
            return text, (day + datetime.timedelta(days=1)).timestamp()
        if not re.match(r"\d{4}-\d{2}-\d{2}[T ]", text):
            raise ValueError(text)  # newer Pythons read more than this; the answer must not depend on them
        moment = datetime.datetime.fromisoformat(re.sub("Z$", "+00:00", text))
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=datetime.timezone.utc)
        return text, moment.timestamp()
    except (ValueError, OverflowError):
        raise InvalidInput(
            f"{where}: until is {value!r}; a date such as 2026-12-31 or a time such as 2026-12-31T18:00:00Z is needed."
        ) from None


def _kind(value: t.Any) -> str:
    """What ``value`` is, for people."""
    names = {dict: "a mapping", list: "a list", str: "a text", type(None): "nothing"}
    return f"{names.get(type(value), type(value).__name__)} ({str(value)[:60]!r})"
