# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Files of lines that are only added to: a JSON document a line, on disk before the writer goes on.

What a killed writer left of its last line does no harm: the next writer begins a new one, and readers pass over it.
"""

from __future__ import annotations

import json
import os
import stat
import typing as t

from .errors import InvalidInput
from .json_text import load_json
from .lock import held_lock

# No journal of a run comes near these.
MOST_BYTES = 256 << 20
MOST_LINE = 1 << 20
# Seconds in which any other writer has written its lines.
_PATIENCE = 120


def append_lines(path: str, documents: t.Iterable[t.Mapping[str, t.Any]], what: str, mode: int = 0o644) -> None:
    """Add ``documents``; they are on disk when this returns. A link at ``path`` is not followed.

    :param what: what the file is meant to be ("journal"), for the messages.
    :raises InvalidInput: it cannot be written.
    """
    lines = "".join(json.dumps(one, sort_keys=True, allow_nan=False) + "\n" for one in documents).encode()
    folder = os.path.dirname(os.path.abspath(path))
    try:
        os.makedirs(folder, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
        try:
            _regular(handle, path, what)
            # Two writers: the one that looks at the last byte must also be the one that writes behind it.
            with held_lock(path, None, _PATIENCE, pause=0.01):
                size = os.fstat(handle).st_size
                if size and os.pread(handle, 1, size - 1) != b"\n":
                    lines = b"\n" + lines
                _write(handle, lines)
                os.fsync(handle)
        finally:
            os.close(handle)
        if not size:
            _sync_folder(folder)
    except OSError as error:
        raise InvalidInput(f"The {what} {path} cannot be written: {error}", path=path) from error


def read_lines(path: str, what: str) -> tuple[list[dict[str, t.Any]], int]:
    """The documents of a file, and how many lines are none; nothing where there is no file.

    :raises InvalidInput: it cannot be read, is a link or not a regular file, or is larger than any such file.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return [], 0
    except OSError as error:
        raise InvalidInput(f"The {what} {path} cannot be read: {error}", path=path) from error
    try:
        size = _regular(handle, path, what).st_size
    except InvalidInput:
        os.close(handle)
        raise
    with open(handle, "rb") as file:
        if size > MOST_BYTES:
            raise InvalidInput(f"The {what} {path} has {size} bytes; no more than {MOST_BYTES} are read.", path=path)
        content = file.read(MOST_BYTES)
    documents, damaged = [], 0
    for line in content.split(b"\n"):
        document = _parse(line)
        if document is not None:
            documents.append(document)
        elif line.strip():
            damaged += 1
    return documents, damaged


def _parse(line: bytes) -> dict[str, t.Any] | None:
    if len(line) > MOST_LINE:
        return None
    try:
        document = load_json(line, "A line", MOST_LINE)
    except InvalidInput:
        return None
    return document if isinstance(document, dict) else None


def _regular(handle: int, path: str, what: str) -> os.stat_result:
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        raise InvalidInput(f"The {what} {path} is not a regular file.", path=path)
    return status


def _write(handle: int, data: bytes) -> None:
    while data:
        data = data[os.write(handle, data) :]


def _sync_folder(folder: str) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
