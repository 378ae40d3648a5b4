# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""The inbox: a message is a file on disk before the broker is told that it has arrived.

``new/<id>.json`` waits; the worker moves it to ``done`` or ``failed``. A message whose id is in one of the three is
known, and keeping it again is nothing. This file needs Python alone: the role ``event_consumer`` copies it to where
fedora-messaging runs, and the event source of Ansible's rulebooks loads it by its path.
"""

from __future__ import annotations

import json
import os
import re
import time
import typing as t

SCHEMA = "rdo.releng/event/1"
STATES = ("new", "done", "failed")
# Ids come from whoever sends: they are matched before they are a file's name.
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
TOPIC = re.compile(r"[!-~]{1,255}")
MOST_BYTES = 4 * 1024 * 1024


def keep(inbox: str, ident: t.Any, topic: t.Any, body: t.Any) -> bool:
    """Have a message in the inbox, on disk; False: it was known.

    :raises ValueError: it cannot be kept as it is, ever: what its id or topic must not be, or too long.
    :raises OSError: it cannot be kept now, as when the disk is full.
    """
    if not isinstance(ident, str) or not ID.fullmatch(ident):
        raise ValueError(f"{str(ident)[:200]!r} cannot be the id of a message: letters, digits, '.', '_' and '-' can")
    if not isinstance(topic, str) or not TOPIC.fullmatch(topic):
        raise ValueError(
            f"{str(topic)[:300]!r} cannot be the topic of message {ident}: up to 255 printable characters can"
        )
    if known(inbox, ident):
        return False
    event = {"schema": SCHEMA, "id": ident, "topic": topic, "body": body, "kept_at": int(time.time())}
    try:
        content = json.dumps(event, sort_keys=True).encode()
    except (RecursionError, TypeError) as error:
        raise ValueError(f"the body of message {ident} cannot be written as JSON: {str(error)[:200]}") from error
    if len(content) > MOST_BYTES:
        raise ValueError(f"message {ident} has {len(content)} bytes; up to {MOST_BYTES} are kept")
    make(inbox)
    part = os.path.join(inbox, "part", f"{ident}.{os.getpid()}")
    try:
        with open(part, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.rename(part, os.path.join(inbox, "new", f"{ident}.json"))
    except OSError:
        if os.path.exists(part):
            os.unlink(part)
        raise
    sync(os.path.join(inbox, "new"))
    return True


def known(inbox: str, ident: str) -> bool:
    """Whether the message was kept before, whatever became of it."""
    return any(os.path.exists(os.path.join(inbox, state, f"{ident}.json")) for state in STATES)


def make(inbox: str) -> None:
    """Have the inbox's folders."""
    for name in ("part", "tries", *STATES):
        os.makedirs(os.path.join(inbox, name), exist_ok=True)


def sync(folder: str) -> None:
    """Have the names in a folder on disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
