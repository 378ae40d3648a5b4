# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Files that are read, and files that state is kept in: regular ones, opened so that nothing else can be meant."""

from __future__ import annotations

import os
import stat
import typing as t

from .errors import InvalidInput, NotFound

#: Bytes of a document that anybody has written or will read.
MOST_BYTES = 16 << 20


def open_input(path: str, what: str, *, follow: bool = True) -> t.BinaryIO:
    """A file that a user named, to be read.

    A pipe or a device is refused at once: a read of it may wait for ever, or never come to an end.

    :param follow: whether it may be a link. Not where strangers could have put it, as in a checkout of theirs: it would
        be any file of this host.
    :raises NotFound: there is no such file.
    :raises InvalidInput: it is not a regular file, or cannot be opened.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW))
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound(f"There is no {what} at {path}.", path=path) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        link = " It is a link, which is not followed." if not follow and _is_link(path) else ""
        raise InvalidInput(f"The {what} {path} cannot be read: {_reason(error)}.{link}", path=path) from error
    return _regular(handle, path, what, "rb")


def read_input(path: str, what: str, most: int = MOST_BYTES, *, follow: bool = True) -> bytes:
    """All of a file that a user named.

    :param follow: as of :func:`open_input`.
    :raises NotFound: there is no such file.
    :raises InvalidInput: it is not a regular file, cannot be read, or has more than ``most`` bytes.
    """
    with open_input(path, what, follow=follow) as file:
        try:
            content = file.read(most + 1)
        except OSError as error:
            raise InvalidInput(f"The {what} {path} cannot be read: {_reason(error)}.", path=path) from error
    if len(content) > most:
        raise InvalidInput(f"The {what} {path} is larger than the {most} bytes that are allowed.", path=path)
    return content


def decode(content: bytes, what: str) -> str:
    """``content`` as UTF-8; ``what`` begins the message when it is none."""
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise InvalidInput(
            f"{what} is not text in UTF-8: byte {content[error.start]:#04x} at position {error.start}."
        ) from error


def open_state(path: str, what: str, flags: int, mode: int = 0o644) -> t.BinaryIO:
    """A lock, journal or file of state, opened with ``flags`` (``os.O_RDWR | os.O_CREAT``, …) for reading and writing.

    It must be a regular file and no link: in a folder that others may write to, a link would let them choose which file
    is written.

    :raises NotFound: it is not there, and ``flags`` do not make it.
    :raises InvalidInput: it is a link or not a regular file, or cannot be opened.
    """
    try:
        handle = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, mode)
    except FileNotFoundError:
        raise NotFound(f"There is no {what} at {path}.", path=path) from None
    except (OSError, ValueError) as error:
        link = " It is a link, which is not followed." if os.path.islink(path) else ""
        raise InvalidInput(f"The {what} {path} cannot be opened: {_reason(error)}.{link}", path=path) from error
    access = flags & os.O_ACCMODE
    if flags & os.O_APPEND:
        kind = "a+b" if access == os.O_RDWR else "ab"
    else:
        kind = {os.O_RDONLY: "rb", os.O_WRONLY: "wb", os.O_RDWR: "r+b"}[access]
    return _regular(handle, path, what, kind)


def _regular(handle: int, path: str, what: str, mode: str) -> t.BinaryIO:
    found = os.fstat(handle).st_mode
    if not stat.S_ISREG(found):
        os.close(handle)
        raise InvalidInput(f"The {what} {path} is {_kind(found)}, not a file.", path=path)
    return t.cast("t.BinaryIO", os.fdopen(handle, mode))


def _is_link(path: str) -> bool:
    try:
        return os.path.islink(path)
    except ValueError:
        return False


def _kind(mode: int) -> str:
    kinds = {
        stat.S_ISDIR: "a folder",
        stat.S_ISFIFO: "a pipe",
        stat.S_ISCHR: "a device",
        stat.S_ISBLK: "a device",
        stat.S_ISSOCK: "a socket",
    }
    return next((name for test, name in kinds.items() if test(mode)), "of no known kind")


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)
