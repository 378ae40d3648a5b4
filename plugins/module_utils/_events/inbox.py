# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What is in an inbox: entries in their order, how often each was tried, how long the oldest waits."""

from __future__ import annotations

import dataclasses
import os
import time
import typing as t

from .._module.documents import read_document, write_document
from .._module.errors import InvalidInput, NotFound, Refused, RelengError
from .spool import ID, SCHEMA, STATES, sync

TRIES = "rdo.releng/tries/1"


@dataclasses.dataclass
class Tries:
    """How often an entry was worked on.

    :param starts: begun; those that are neither failures nor the last one were killed.
    :param failures: ended with an error.
    :param reason: the last error.
    """

    starts: int = 0
    failures: int = 0
    reason: str = ""


@dataclasses.dataclass(frozen=True)
class Entry:
    """A message in the inbox, unread."""

    inbox: str
    id: str
    arrived: float

    @property
    def path(self) -> str:
        return os.path.join(self.inbox, "new", f"{self.id}.json")

    def read(self) -> dict[str, t.Any]:
        """The message, ``rdo.releng/event/1``.

        :raises InvalidInput: the file is none.
        """
        event = read_document(self.path, SCHEMA, "event")
        if event.get("id") != self.id or not isinstance(event.get("topic"), str):
            raise InvalidInput(f"The event {self.path} has the id {event.get('id')!r} or no topic.", path=self.path)
        return event

    def tries(self) -> Tries:
        return read_tries(self.inbox, self.id)

    def note(self, tries: Tries) -> None:
        write_document(_tries_path(self.inbox, self.id), {"schema": TRIES, **dataclasses.asdict(tries)})

    def move(self, state: str) -> None:
        """To ``done`` or ``failed``, on disk. Tries of what is done are forgotten."""
        os.rename(self.path, os.path.join(self.inbox, state, f"{self.id}.json"))
        sync(os.path.join(self.inbox, state))
        sync(os.path.join(self.inbox, "new"))
        if state == "done" and os.path.exists(_tries_path(self.inbox, self.id)):
            os.unlink(_tries_path(self.inbox, self.id))


def _tries_path(inbox: str, ident: str) -> str:
    return os.path.join(inbox, "tries", f"{ident}.json")


def read_tries(inbox: str, ident: str) -> Tries:
    """How often it was tried; a file that is none counts as no try."""
    try:
        data = read_document(_tries_path(inbox, ident), TRIES, "count of tries")
        return Tries(int(data["starts"]), int(data["failures"]), str(data["reason"]))
    except (RelengError, KeyError, TypeError, ValueError, OverflowError):
        return Tries()


def entries(inbox: str, state: str = "new") -> list[Entry]:
    """The entries of a state, the oldest first."""
    folder = os.path.join(inbox, state)
    found = []
    for one in os.scandir(folder) if os.path.isdir(folder) else ():
        name, dot, suffix = one.name.rpartition(".")
        if dot and suffix == "json" and ID.fullmatch(name) and one.is_file(follow_symlinks=False):
            found.append(Entry(inbox, name, one.stat(follow_symlinks=False).st_mtime))
    return sorted(found, key=lambda entry: (entry.arrived, entry.id))


def again(inbox: str, idents: t.Iterable[str]) -> None:
    """Have failed messages wait again, as if they had just come."""
    for ident in idents:
        if not ID.fullmatch(ident) or not os.path.exists(os.path.join(inbox, "failed", f"{ident}.json")):
            there = ", ".join(entry.id for entry in entries(inbox, "failed")[:20]) or "none"
            raise NotFound(f"No message {ident!r} has failed in {inbox}. Those that have: {there}.", id=ident)
    for ident in idents:
        if os.path.exists(_tries_path(inbox, ident)):
            os.unlink(_tries_path(inbox, ident))
        os.rename(os.path.join(inbox, "failed", f"{ident}.json"), os.path.join(inbox, "new", f"{ident}.json"))
        sync(os.path.join(inbox, "new"))


def inbox_info(params: dict[str, t.Any], clock: t.Callable[[], float] = time.time) -> dict[str, t.Any]:
    """What the module event_inbox_info returns.

    :raises NotFound: there is no inbox.
    :raises Refused: the oldest message waits longer than ``max_age``, with all the rest as data.
    """
    inbox: str = params["inbox"]
    if not os.path.isdir(inbox):
        raise NotFound(f"There is no inbox at {inbox}.", path=inbox)
    by_state = {state: entries(inbox, state) for state in STATES}
    waiting = by_state["new"]
    age = max(0.0, clock() - waiting[0].arrived) if waiting else 0.0
    result = {
        "counts": {state: len(found) for state, found in by_state.items()},
        "oldest": {"id": waiting[0].id, "seconds": round(age)} if waiting else None,
        "failed": [{"id": one.id, "reason": one.tries().reason} for one in by_state["failed"]],
    }
    limit = params["max_age"]
    if limit is not None and age > limit:
        raise Refused(
            f"The message {waiting[0].id} waits in {inbox} for {age:.0f} s, longer than {limit:g} s; {len(waiting)} "
            "wait in "
            "all. Is the worker started? Its last error is in tries/ beside it.",
            **result,
        )
    return result
