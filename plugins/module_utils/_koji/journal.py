# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What was done to a hub, written down step by step: a file a plan, a line an event, on disk before it goes on."""

from __future__ import annotations

import os
import typing as t

from .._module.documents import digest
from .._module.errors import InvalidInput
from .._module.lines import append_lines, read_lines


class Journal:
    """The journal of one plan.

    :param folder: where journals are kept.
    :param hub: address of the hub.
    :param plan: digest of the plan.
    """

    def __init__(self, folder: str, hub: str, plan: str) -> None:
        self.path = os.path.join(folder, f"{digest(hub)[:16]}-{plan[:32]}.jsonl")

    @property
    def begun(self) -> bool:
        return os.path.exists(self.path)

    def write(self, events: t.Iterable[dict[str, t.Any]]) -> None:
        """Add ``events``; they are on disk when this returns."""
        try:
            append_lines(self.path, events, "journal")
        except InvalidInput as error:
            raise InvalidInput(f"{error.message}. Set journal_dir.", **error.data) from error

    def read(self) -> list[dict[str, t.Any]]:
        """All events; a line that was cut off, or is not an event, is left out."""
        return [event for event in read_lines(self.path, "journal")[0] if isinstance(event.get("event"), str)]


def journals(folder: str, hub: str) -> t.Iterator[Journal]:
    """All journals of a hub."""
    prefix = f"{digest(hub)[:16]}-"
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
        if name.startswith(prefix) and name.endswith(".jsonl"):
            yield Journal(folder, hub, name[len(prefix) : -len(".jsonl")])


def open_tasks(folder: str, hub: str) -> dict[int, Journal]:
    """Tasks that a run queued before it was ended and of which no end was written, each with its journal."""
    tasks: dict[int, Journal] = {}
    for journal in journals(folder, hub):
        mine: dict[int, Journal] = {}
        for event in journal.read():
            task = event.get("task")
            if event["event"] == "queued" and isinstance(task, int):
                mine[task] = journal
            elif event["event"] == "ended" and isinstance(task, int):
                mine.pop(task, None)
        tasks.update(mine)
    return tasks


def open_retags(folder: str, hub: str) -> dict[tuple[str, str], Journal]:
    """Retags that were begun and not done: (tag, build) → journal. The build may have been taken out of the tag."""
    retags: dict[tuple[str, str], Journal] = {}
    for journal in journals(folder, hub):
        mine: dict[tuple[str, str], Journal] = {}
        for event in journal.read():
            retag = str(event.get("tag")), str(event.get("build"))
            if event["event"] == "started" and event.get("action") == "retag":
                mine[retag] = journal
            elif event["event"] == "done":
                mine.pop(retag, None)
        retags.update(mine)
    return retags


def default_folder() -> str:
    """Where the user's state lies."""
    home = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return os.path.join(home, "rdo.releng", "koji")
