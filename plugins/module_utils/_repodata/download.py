# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Reading files of repositories, from disk or a server: bounded, tried again, unpacked, compared with checksums."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import os
import time
import typing as t

from .._module.errors import InvalidInput, NotFound, RelengError, Unavailable
from .._module.files import open_input
from .._module.libraries import load_library
from .._module.text import one_line, redacted
from .._module.waiter import Deadline, backoff

# Small enough to stay in the processor's cache, and in memory that need not be asked for anew.
_CHUNK = 1 << 16
_HASHES = {"md5", "sha1", "sha224", "sha256", "sha384", "sha512"}
# Answers after which another try may go better.
_PASSING = {408, 425, 429, 500, 502, 503, 504}
# Modules whose own errors mean that the content is damaged.
_UNPACKERS = {"_lzma", "lzma", "zlib", "zstandard", "zstd", "zstandard.backend_c", "backend_c"}
SMALL_FILE = 16 << 20
LARGE_FILE = 2 << 30


@dataclasses.dataclass(frozen=True)
class Checksum:
    """What a file must be.

    :param size: in bytes; None: not known.
    """

    kind: str
    value: str
    size: int | None = None

    def new(self) -> t.Any:
        """A fresh hash object.

        :raises InvalidInput: an algorithm nobody should use or know.
        """
        kind = "sha1" if self.kind == "sha" else self.kind
        if kind not in _HASHES:
            raise InvalidInput(f"the checksum type {self.kind!r} is not known; known are {', '.join(sorted(_HASHES))}")
        return hashlib.new(kind, usedforsecurity=False)


class _Counted(io.RawIOBase):
    """Hashes and counts what is read through it."""

    def __init__(self, stream: t.BinaryIO, checksum: Checksum | None, most: int) -> None:
        self.stream, self.most, self.size = stream, most, 0
        self.hash = checksum.new() if checksum else None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: t.Any) -> int:
        data = self.stream.read(len(buffer))
        self.size += len(data)
        if self.size > self.most:
            raise InvalidInput(f"it is larger than the {self.most} bytes that are allowed")
        if self.hash:
            self.hash.update(data)
        buffer[: len(data)] = data
        return len(data)

    def verify(self, checksum: Checksum) -> None:
        while self.read(_CHUNK):
            pass
        if checksum.size is not None and checksum.size != self.size:
            raise InvalidInput(f"it has {self.size} bytes, and {checksum.size} were announced")
        if self.hash and self.hash.hexdigest() != checksum.value.lower():
            raise InvalidInput(f"its {checksum.kind} is {self.hash.hexdigest()}, and {checksum.value} was announced")


def _unpacker(name: str, stream: t.BinaryIO) -> t.BinaryIO:
    """A stream of the plain content, by what ``name`` ends in."""
    # Imported where they are needed: together they take as long as reading a small repository from the cache.
    suffix = os.path.splitext(name)[1]
    if suffix in (".xml", ".yaml", ".txt"):
        return stream
    if suffix == ".gz":
        import gzip

        return t.cast("t.BinaryIO", gzip.GzipFile(fileobj=stream))
    if suffix == ".xz":
        import lzma

        return t.cast("t.BinaryIO", lzma.LZMAFile(stream))
    if suffix == ".bz2":
        import bz2

        return t.cast("t.BinaryIO", bz2.BZ2File(stream))
    if suffix == ".zst":
        return load_library("zstandard").ZstdDecompressor().stream_reader(stream, read_across_frames=True)
    raise InvalidInput(f"its compression {suffix!r} is not known; gz, xz, bz2 and zst are")


def _write(target: t.Any, chunk: bytes, folder: str) -> None:
    try:
        target.write(chunk)
    except OSError as error:
        raise InvalidInput(f"its content cannot be kept in {folder}: {error}") from error


class Transport:
    """Reads from disk and over HTTP.

    :param timeout: seconds to wait for a server's next bytes.
    :param deadline: seconds for everything that one object reads, pauses between tries included.
    :param retries: how often a read that failed in passing is tried again.
    :param ca_path: certificates of the authorities that servers are checked with.
    """

    def __init__(
        self, timeout: float = 30.0, deadline: float = 600.0, retries: int = 3, ca_path: str | None = None
    ) -> None:
        self.timeout, self.retries, self.ca_path = timeout, retries, ca_path
        self.deadline = Deadline(deadline)
        self.sleep = time.sleep

    def read(self, location: str, most: int = SMALL_FILE) -> bytes:
        """All of a small file.

        :raises NotFound: it is not there.
        :raises Unavailable: the server gave no answer, or a wrong one.
        :raises InvalidInput: it is larger than ``most`` bytes.
        """
        return self._retried(location, lambda stream: _Counted(stream, None, most).readall() or b"")

    def read_text(self, location: str, what: str) -> str:
        """All of a small file of UTF-8 text; ``what`` begins the message when it is none."""
        try:
            return self.read(location).decode()
        except UnicodeDecodeError as error:
            raise InvalidInput(f"{what} is not text in UTF-8: {error}") from error

    def take(self, location: str, work: t.Callable[[t.BinaryIO], t.Any]) -> t.Any:
        """What ``work`` makes of a file's stream, which it need not read to its end; errors as of :meth:`read`."""
        return self._retried(location, work)

    def unpack(
        self,
        location: str,
        checksum: Checksum,
        plain: Checksum | None = None,
        folder: str | None = None,
        trim: t.Callable[[t.Iterator[bytes]], t.Iterator[bytes]] = iter,
    ) -> t.BinaryIO:
        """The plain content of a file as a nameless temporary file, at its start, when every checksum was right.

        :param plain: what the content must be once unpacked.
        :param folder: where the temporary file lies.
        :param trim: leaves out of the content, piece by piece, what nobody wants to keep.
        :raises InvalidInput: it is not what was announced, or cannot be unpacked.
        """
        limit = plain.size if plain and plain.size is not None else LARGE_FILE

        def copy(stream: t.BinaryIO) -> t.BinaryIO:
            packed = _Counted(stream, checksum, LARGE_FILE)
            import tempfile

            target = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - it is what is returned
            try:
                reader = _unpacker(location, t.cast("t.BinaryIO", io.BufferedReader(packed, _CHUNK)))
                content = _Counted(reader, None, min(limit, LARGE_FILE))
                for chunk in trim(iter(lambda: content.read(_CHUNK), b"")):
                    _write(target, chunk, folder or tempfile.gettempdir())
                packed.verify(checksum)
                if plain:
                    content.verify(dataclasses.replace(plain, value=""))
                target.seek(0)
                return t.cast("t.BinaryIO", target)
            except BaseException:
                target.close()
                raise

        return self._retried(location, copy)

    def _retried(self, location: str, work: t.Callable[[t.BinaryIO], t.Any]) -> t.Any:
        pauses = backoff()
        for attempt in range(self.retries + 1):
            try:
                with self._open(location) as stream:
                    return work(stream)
            except Exception as error:
                shown = redacted(location)
                if isinstance(error, RelengError):
                    failure = type(error)(self._sentence(shown, error), **error.data)
                elif not isinstance(error, (EOFError, OSError)) and type(error).__module__ not in _UNPACKERS:
                    raise
                else:
                    kind = Unavailable if "://" in location else InvalidInput
                    failure = kind(f"{shown} cannot be read: {one_line(str(error))}", url=shown)
                pause = next(pauses)
                may_pass = isinstance(failure, Unavailable) and failure.data.get("status", 503) in _PASSING
                if not may_pass or attempt == self.retries or self.deadline.remaining <= pause:
                    raise failure from error
                self.sleep(pause)
        raise AssertionError("unreachable")

    @staticmethod
    def _sentence(shown: str, error: RelengError) -> str:
        if shown in error.message:
            return error.message
        if isinstance(error, Unavailable):
            return f"{shown} gave no answer: {error.message}."
        return f"{shown} is not what it should be: {error.message}."

    def _open(self, location: str) -> t.BinaryIO:
        if "://" not in location:
            return open_input(location, "file")
        # Heavy to import, and only needed for what is not on this disk.
        from .._module.stream import HttpStream

        stream = HttpStream(location, self.deadline, self.timeout, ca_path=self.ca_path)
        reader = t.cast("t.BinaryIO", io.BufferedReader(stream, _CHUNK))
        if stream.status == 200:
            return reader
        with reader:
            body = reader.read(1000).decode(errors="replace")
        kind = NotFound if stream.status in (404, 410) else Unavailable
        said = f"{redacted(location)} answered {stream.status} {one_line(stream.reason, 100)}."
        raise kind(said, status=stream.status, body=body)
