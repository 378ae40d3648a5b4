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
from .progress import say
from .text import one_line

# Bytes of what a holder says.
_MOST = 4096


@contextlib.contextmanager
def held_lock(
    path: str,
    purpose: dict[str, t.Any] | None,
    timeout: float = 0.0,
    *,
    shared: bool = False,
    create: bool = True,
    waiting: t.Callable[[str], None] = say,
    pause: float = 0.2,
    sleep: t.Callable[[float], None] = time.sleep,
    clock: t.Callable[[], float] = time.monotonic,
) -> t.Iterator[int]:
    """Hold the lock ``path``: nobody else does until the block ends, or this process does, however that happens.

    The kernel keeps the lock (``flock``); what is in the file is only for people. The file stays when it is free.

    :param purpose: what it is held for, written to the file with host, process, user and time; None: the file is
        somebody else's, and nothing is written to it.
    :param timeout: seconds to wait for whoever holds it.
    :param shared: hold it together with others that share it; then who holds it is not written down.
    :param create: make the file if there is none.
    :param waiting: called once, with a sentence that says who holds it, before waiting.
    :returns: the descriptor of the lock, for a program that should hold it as well (``run_command(held=)``).
    :raises Conflict: it is held; ``holder`` is what is known of who holds it.
    :raises NotFound: there is no file, and none is made.
    """
    own = purpose is not None
    end = clock() + timeout
    told = False
    while True:
        with _opened(path, create, own) as file:
            while not (taken := _taken(file, path, shared)) and clock() < end:
                if not told:
                    told = True
                    who = describe_holder(_holder(file, own))
                    waiting(f"Waiting up to {_seconds(timeout)} for the lock {path}, which is held by {who}.")
                sleep(pause)
            if not taken:
                holder = _holder(file, own)
                waited = f" It was waited for {_seconds(timeout)}." if timeout else ""
                raise Conflict(
                    f"The lock {path} is held by {describe_holder(holder)}.{waited} Try again when it is free.",
                    holder=holder,
                )
            if not _is_at(file, path):
                continue  # whoever held it has removed it: others lock the file that is there now
            if purpose is not None:
                _claim(file, path, None if shared else purpose)
            try:
                yield file.fileno()
            finally:
                if own and not shared:
                    _write(file, {})
            return


def describe_holder(holder: t.Mapping[str, t.Any]) -> str:
    """Who holds a lock, as a part of a sentence."""
    if not holder:
        return "a process that has not said who it is"
    if "host" not in holder:
        return one_line(f"process {holder['pid']} ({holder['command']})")
    who = f"process {holder.get('pid')} of {holder.get('user')} on {holder.get('host')} since {holder.get('since')}"
    known = {"host", "pid", "user", "since"}
    purpose = ", ".join(f"{name} {value}" for name, value in sorted(holder.items()) if name not in known)
    return one_line(f"{who} ({purpose})" if purpose else who)


def _opened(path: str, create: bool, own: bool) -> t.BinaryIO:
    flags = os.O_RDWR if own or create else os.O_RDONLY
    try:
        if create:
            os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
        # Neither a link, which would choose what is truncated, nor a pipe, which would let it wait.
        return open_state(path, "lock", flags | (os.O_CREAT if create else 0))
    except (OSError, InvalidInput) as error:
        raise InvalidInput(
            f"The lock {path} cannot be opened: {error} Name a file that this user may write."
        ) from error


def _taken(file: t.BinaryIO, path: str, shared: bool) -> bool:
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise InvalidInput(f"The lock {path} cannot be taken: {error}.") from error
    return True


def _is_at(file: t.BinaryIO, path: str) -> bool:
    """Whether the file is still the one of that name."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path, follow_symlinks=False))
    except FileNotFoundError:
        return False


def _claim(file: t.BinaryIO, path: str, purpose: t.Mapping[str, t.Any] | None) -> None:
    """Write down who holds it, or, for those who share it, nothing."""
    since = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    who = {"host": socket.gethostname(), "pid": os.getpid(), "user": _user(), "since": since}
    try:
        _write(file, {} if purpose is None else {**who, **purpose})
    except OSError as error:
        raise InvalidInput(f"The lock {path} cannot be written: {error}.") from error


def _write(file: t.BinaryIO, content: dict[str, t.Any]) -> None:
    file.seek(0)
    file.truncate()
    file.write(f"{json.dumps(content, sort_keys=True)}\n".encode() if content else b"")
    file.flush()


def _holder(file: t.BinaryIO, own: bool) -> dict[str, t.Any]:
    """What the file says of who holds it, or else the kernel."""
    if own:
        file.seek(0)
        with contextlib.suppress(InvalidInput):
            holder = load_json(file.read(_MOST), "The lock", _MOST)
            if isinstance(holder, dict) and holder:
                return holder
    return _known_to_the_kernel(file)


def _known_to_the_kernel(file: t.BinaryIO) -> dict[str, t.Any]:
    """The process on this host that locked the file; nothing where it cannot be seen from here."""
    found = os.fstat(file.fileno())
    place = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
    with contextlib.suppress(OSError, ValueError), open("/proc/locks", encoding="ascii") as locks:
        for fields in map(str.split, locks):
            # 1: FLOCK ADVISORY WRITE PID MAJOR:MINOR:INODE 0 EOF; who waits has "->" before FLOCK.
            if fields[1] == "FLOCK" and fields[5] == place and int(fields[4]) > 0:
                with open(f"/proc/{fields[4]}/comm", encoding="utf-8", errors="replace") as name:
                    return {"pid": int(fields[4]), "command": name.read().strip()}
    return {}


def _seconds(number: float) -> str:
    return f"{number:g} s" if number < 10 else f"{number:.0f} s"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A process may run as a user that the host has no name for.
        return str(os.getuid())
