# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Temporary folders that do not pile up, however their owners end.

A killed process cannot clean up after itself, so the next one does: the name of a folder says which process it belongs
to, and whoever makes a new one removes those whose owners are gone.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
import tempfile
import typing as t

# Purpose, namespace and number of the owner, the kernel's count at its start, and what makes the name unique.
_NAME = re.compile(r"rdo-releng\.(?P<purpose>[a-z-]+)\.(?P<space>\d+)-(?P<pid>\d+)-(?P<birth>\d+)\.\w+")
# The programs that play a playbook.
_PLAYERS = {"ansible", "ansible-playbook"}


class WorkFolder(tempfile.TemporaryDirectory):
    """A folder for this process alone, removed at the end of the block; ``with`` gives its path."""

    def __init__(self, purpose: str, parent: str | None = None) -> None:
        """:param purpose: what the folder is for, in lower case letters and hyphens: a part of its name."""
        parent = parent or tempfile.gettempdir()
        remove_leftovers(parent)
        super().__init__(prefix=owned_prefix(purpose), dir=parent)


def folder_of_the_run(purpose: str, parent: str | None = None) -> str:
    """Make a folder that stays until the playbook of this process has ended, unless it is removed before.

    Where the playbook runs on another host, nothing here tells when it ends: the folder belongs to nobody, and stays
    until it is removed.
    """
    parent = parent or tempfile.gettempdir()
    remove_leftovers(parent)
    player = _player()
    return tempfile.mkdtemp(prefix=owned_prefix(purpose, player) if player else f"rdo-releng.{purpose}.", dir=parent)


def remove_leftovers(parent: str) -> list[str]:
    """Remove the folders of this user below ``parent`` whose owners are gone; returns their paths."""
    removed = []
    for path in abandoned(parent):
        with contextlib.suppress(FileNotFoundError):
            found = os.lstat(path)
            if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid():
                shutil.rmtree(path, ignore_errors=True)
                removed.append(path)
    return removed


def abandoned(parent: str, purpose: str = "") -> list[str]:
    """The folders below ``parent`` whose owners are gone: all, or those of one purpose.

    Owners in another namespace of processes (a container with the same folder) cannot be seen from here: their folders
    are left alone.
    """
    found = []
    for name in sorted(os.listdir(parent)):
        match = _NAME.fullmatch(name)
        if not match or match["space"] != _namespace() or purpose not in ("", match["purpose"]):
            continue
        if _birth(match["pid"]) != match["birth"]:
            found.append(os.path.join(parent, name))
    return found


def owned_prefix(purpose: str, pid: str = "self") -> str:
    """How the name of a folder begins that belongs to a process; tempfile makes the rest of it."""
    number = str(os.getpid()) if pid == "self" else pid
    return f"rdo-releng.{purpose}.{_namespace()}-{number}-{_birth(pid)}."


def _namespace() -> str:
    return re.sub(r"\D", "", os.readlink("/proc/self/ns/pid"))


def _birth(pid: str) -> str | None:
    """When a process began, in the kernel's own count; None: there is none of that number."""
    fields = _fields(pid)
    return fields[19] if fields else None


def _player() -> str | None:
    """The number of the process that plays the playbook which this one is a part of."""
    found, pid = None, "self"
    while fields := _fields(pid):
        if _is_player(pid):
            # Its workers are copies of it, so that the last one in the row is meant.
            found = str(os.getpid()) if pid == "self" else pid
        elif found:
            break
        pid = fields[1]
    return found


def _is_player(pid: str) -> bool:
    with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline", "rb") as file:
        # A script has its Python first, and a package "-m" besides.
        words = file.read(4096).split(b"\0")[:3]
        return bool(_PLAYERS & {os.path.basename(word).decode(errors="replace") for word in words})
    return False


def _fields(pid: str) -> t.Sequence[str]:
    """What /proc/PID/stat has after the name: state, number of the parent, and so on."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].decode().split()
    except OSError:
        return ()
