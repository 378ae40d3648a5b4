# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""A lock between processes of one host that says who holds it."""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import getpass
import json
import os
import socket
import time
import typing as t

from .errors import Conflict, InvalidInput
from .files import open_state
from .json_text import load_json
from .text import one_line

# Bytes of what a holder says.
_MOST = 4096


@contextlib.contextmanager
def held_lock(
    path: str,
    purpose: dict[str, t.Any],
    timeout: float = 0.0,
    *,
    pause: float = 0.2,
    sleep: t.Callable[[float], None] = time.sleep,
    clock: t.Callable[[], float] = time.monotonic,
) -> t.Iterator[int]:
    """Hold the lock ``path``: nobody else does until the block ends, or this process does, however that happens.

    The kernel keeps the lock (``flock``); what is in the file is only for people. The file stays when it is free.

    :param purpose: what it is held for, written to the file with host, process, user and time.
    :param timeout: seconds to wait for whoever holds it.
    :returns: the descriptor of the lock, for a program that should hold it as well (``run_command(held=)``).
    :raises Conflict: it is held; ``holder`` is what the file says.
    """
    try:
        os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
        # Neither a link, which would choose what is truncated, nor a pipe, which would let it wait.
        file = open_state(path, "lock", os.O_RDWR | os.O_CREAT)
    except (OSError, InvalidInput) as error:
        raise InvalidInput(
            f"The lock {path} cannot be opened: {error} Name a file that this user may write."
        ) from error
    with file:
        end = clock() + timeout
        while not _taken(file):
            if clock() >= end:
                holder = _holder(file)
                raise Conflict(
                    f"The lock {path} is held by {_sentence(holder)}. Try again when it is free.", holder=holder
                )
            sleep(pause)
        since = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        try:
            _write(file, {"host": socket.gethostname(), "pid": os.getpid(), "user": _user(), "since": since, **purpose})
        except OSError as error:
            raise InvalidInput(f"The lock {path} cannot be written: {error}.") from error
        try:
            yield file.fileno()
        finally:
            _write(file, {})


def _taken(file: t.BinaryIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write(file: t.BinaryIO, content: dict[str, t.Any]) -> None:
    file.seek(0)
    file.truncate()
    file.write(f"{json.dumps(content, sort_keys=True)}\n".encode() if content else b"")
    file.flush()


def _holder(file: t.BinaryIO) -> dict[str, t.Any]:
    file.seek(0)
    try:
        holder = load_json(file.read(_MOST), "The lock", _MOST)
    except InvalidInput:
        return {}
    return holder if isinstance(holder, dict) else {}


def _sentence(holder: dict[str, t.Any]) -> str:
    if not holder:
        return "a process that has not said who it is"
    who = f"process {holder.get('pid')} of {holder.get('user')} on {holder.get('host')} since {holder.get('since')}"
    known = {"host", "pid", "user", "since"}
    purpose = ", ".join(f"{name} {value}" for name, value in sorted(holder.items()) if name not in known)
    return one_line(f"{who} ({purpose})" if purpose else who)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A process may run as a user that the host has no name for.
        return str(os.getuid())
