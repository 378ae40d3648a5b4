# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""The one way to take files out of a folder that a stranger's program wrote to.

Example: the packages of a build, copied to a folder of one's own::

    paths = take("/srv/work/builddir", ["RPMS/*/*.rpm"], "/srv/results")

No link is followed at any level, nothing but regular files is taken, and what is taken is a copy with a mode and an
owner of its own: what the stranger writes later does not change it. A file that matches and may not be taken is an
error, never skipped: whoever left a link in place of a result wants something.

The role C(dlrn_builder) copies this file as well; see :mod:`confine`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fnmatch
import os
import stat
import typing as t

from .._module.errors import InvalidInput, Refused

GIB = 2**30
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_KINDS = {
    stat.S_IFLNK: "a link",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}


@dataclasses.dataclass(frozen=True)
class Bounds:
    """How much is taken at most.

    :param count: files that match, and entries of a folder that is looked through times 100.
    :param size: bytes of one file.
    :param total: bytes of all files.
    """

    count: int = 1000
    size: int = 4 * GIB
    total: int = 16 * GIB


@dataclasses.dataclass(frozen=True)
class Found:
    """A file that may be taken: its path below the folder, and its size when it was found."""

    path: str
    size: int


def take(
    folder: str,
    patterns: t.Iterable[str],
    destination: str,
    *,
    bounds: Bounds = Bounds(),
    mode: int = 0o644,
    strict: bool = True,
    name: str | None = None,
    replace: bool = True,
) -> list[str]:
    """Copy the files that match into ``destination``, by their names alone; the paths of the copies.

    What has the name of a copy in ``destination`` is replaced, be it a link or a file, or is an error.

    :param patterns: paths below ``folder``; each part may have ``*``, ``?`` and ``[…]``, and matches one name.
    :param strict: whether a match that is not a regular file, or whose name is not one, is an error; it is left out
        otherwise.
    :param replace: whether it is replaced.
    :param name: name of the copy instead of its own, where one file can match.
    :raises Refused: what matches is not a regular file, has a name that is none, or is too big or too much.
    :raises InvalidInput: the folder is not there, or is a link.
    """
    with _opened(folder) as top:
        chosen = _matching(top, folder, patterns, bounds, strict)
        names = [os.path.basename(found.path) for found in chosen]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise Refused(f"{folder} has more than one file named {twice[0]}; only one could be taken.")
        left = bounds.total
        copies = []
        for found in chosen:
            path = os.path.join(destination, name or os.path.basename(found.path))
            if not replace and os.path.lexists(path):
                raise Refused(f"{shown(folder, found.path)} has the name of {path}, which is there already.")
            left -= _copy(top, folder, found.path, path, min(bounds.size, left), mode)
            copies.append(path)
    return copies


def read(folder: str, path: str, limit: int) -> bytes:
    """The content of one file below ``folder``.

    :raises Refused: it is not a regular file, or has more than ``limit`` bytes.
    :raises InvalidInput: there is no such file.
    """
    with _opened(folder) as top, _file(top, folder, path) as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise Refused(f"{os.path.join(folder, path)} has more than {limit} bytes.")
    return content


def find(folder: str, patterns: t.Iterable[str], *, bounds: Bounds = Bounds()) -> list[Found]:
    """What :func:`take` would take."""
    with _opened(folder) as top:
        return _matching(top, folder, patterns, bounds, True)


@contextlib.contextmanager
def _opened(folder: str) -> t.Iterator[int]:
    try:
        handle = os.open(folder, _FOLDER)
    except OSError as error:
        raise InvalidInput(f"Nothing can be taken out of {folder}: {error.strerror}.", path=folder) from error
    try:
        yield handle
    finally:
        os.close(handle)


def _matching(top: int, folder: str, patterns: t.Iterable[str], bounds: Bounds, strict: bool) -> list[Found]:
    found: dict[str, Found] = {}
    for pattern in patterns:
        parts = [part for part in pattern.split("/") if part not in ("", ".")]
        if not parts or ".." in parts:
            raise InvalidInput(f"{pattern!r} is not a pattern of paths below a folder.")
        for one in _walk(top, folder, "", parts, bounds, strict):
            found[one.path] = one
            if len(found) > bounds.count:
                raise Refused(f"More than {bounds.count} files below {folder} match {pattern!r}.")
    return [found[path] for path in sorted(found)]


def _walk(
    handle: int, folder: str, below: str, parts: t.Sequence[str], bounds: Bounds, strict: bool
) -> t.Iterator[Found]:
    for number, name in enumerate(_names(handle, parts[0])):
        if number > 100 * bounds.count:
            raise Refused(f"{os.path.join(folder, below)} has more than {100 * bounds.count} entries.")
        path = os.path.join(below, name)
        try:
            status = os.stat(name, dir_fd=handle, follow_symlinks=False)
        except FileNotFoundError:
            continue
        if len(parts) > 1:
            if stat.S_ISDIR(status.st_mode):
                inner = os.open(name, _FOLDER, dir_fd=handle)
                try:
                    yield from _walk(inner, folder, path, parts[1:], bounds, strict)
                finally:
                    os.close(inner)
            elif stat.S_ISLNK(status.st_mode) and strict:
                raise Refused(f"{shown(folder, path)} is a link, where a folder was expected.")
            continue
        try:
            _check(status, folder, path)
        except Refused:
            if strict:
                raise
            continue
        if status.st_size > bounds.size:
            raise Refused(
                f"{shown(folder, path)} has {status.st_size} bytes, more than the {bounds.size} that are taken."
            )
        yield Found(path, status.st_size)


def _names(handle: int, pattern: str) -> t.Iterator[str]:
    if not any(sign in pattern for sign in "*?["):
        yield pattern
        return
    with os.scandir(handle) as entries:
        for entry in entries:
            if fnmatch.fnmatchcase(entry.name, pattern) and (pattern.startswith(".") or not entry.name.startswith(".")):
                yield entry.name


def _check(status: os.stat_result, folder: str, path: str) -> None:
    """:raises Refused: it is not a regular file, or its name could be taken for something else."""
    name = os.path.basename(path)
    if not stat.S_ISREG(status.st_mode):
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "something strange")
        raise Refused(f"{shown(folder, path)} is {kind}, not a regular file; it is not taken.")
    if name.startswith("-") or not name.isprintable() or len(os.fsencode(name)) > 200:
        raise Refused(f"{shown(folder, path)} has a name that nobody would give to a result; it is not taken.")


def shown(folder: str, path: str) -> str:
    """A path for a message: nothing that a terminal would obey, and not longer than a line."""
    return ascii(os.path.join(folder, path))[1:-1][:300]


@contextlib.contextmanager
def _file(top: int, folder: str, path: str) -> t.Iterator[t.BinaryIO]:
    """A regular file below a folder, opened without following a link or waiting for the other end of a pipe."""
    *above, name = path.split("/")
    with contextlib.ExitStack() as stack:
        handle = top
        try:
            for part in above:
                handle = os.open(part, _FOLDER, dir_fd=handle)
                stack.callback(os.close, handle)
            file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=handle)
        except FileNotFoundError as error:
            raise InvalidInput(f"There is no {shown(folder, path)}.", path=os.path.join(folder, path)) from error
        except OSError as error:
            raise Refused(f"{shown(folder, path)} is not taken: {error.strerror}.") from error
        with open(file, "rb") as opened:
            _check(os.fstat(file), folder, path)
            yield opened


def _copy(top: int, folder: str, path: str, destination: str, limit: int, mode: int) -> int:
    """Copy one file; how many bytes it has. A copy is whole or not there."""
    temporary = f"{destination}.{os.getpid()}.part"
    copied = 0
    with _file(top, folder, path) as source:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            with open(handle, "wb") as target:
                while chunk := source.read(1 << 20):
                    copied += len(chunk)
                    if copied > limit:
                        raise Refused(f"{shown(folder, path)} has more than the {limit} bytes that are taken.")
                    target.write(chunk)
                os.fchmod(target.fileno(), mode)
            os.rename(temporary, destination)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
            raise
    return copied
