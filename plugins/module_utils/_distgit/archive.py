# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Upstream's archive of a version: fetched, and proven to be what it says. One that is not there yet is waited for."""

from __future__ import annotations

import bz2
import dataclasses
import datetime
import gzip
import hashlib
import io
import lzma
import os
import re
import tarfile
import typing as t
import zlib

from .._module.documents import write_atomically
from .._module.errors import Conflict, InvalidInput, NotFound, Refused
from .._module.runner import Change, Plan
from .._module.text import one_line
from .._module.web import MOST_BYTES, Web
from .names import key_of
from .signature import fingerprint, verify

# How much of an archive is looked through for its metadata.
_MOST_MEMBERS, _MOST_UNPACKED, _MOST_METADATA = 50_000, 2 * 1024**3, 4 * 1024**2
_COMPRESSIONS: dict[bytes, t.Callable[[t.BinaryIO], t.Any]] = {
    b"\x1f\x8b": lambda file: gzip.GzipFile(fileobj=file),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\x00": lzma.LZMAFile,
}
_CHECKSUM = re.compile(r"(?:(sha256|sha512):)?([0-9a-f]{64}|[0-9a-f]{128})")


@dataclasses.dataclass
class SourceArchive(Change):
    """A file with the archive of a version.

    :param url: where it is published.
    :param checksum: ``sha256:…`` or ``sha512:…``; None: nobody knows it.
    :param key: fingerprint of the key that must have signed it; None: it is not signed.
    :param keyring: path or URL of the public key.
    :param signature_url: None: that of the archive with ``.asc``.
    :param name: what its metadata must say it is of; None: not asked.
    :param version: the same for its version.
    :param companions: whether the signature and the key are written beside it, as spec files name them.
    """

    url: str
    dest: str
    checksum: str | None
    key: str | None
    keyring: str | None
    signature_url: str | None
    name: str | None
    version: str | None
    force: bool
    companions: bool
    web: Web

    def plan(self) -> Plan:
        expected = _checksum(self.checksum) if self.checksum else None
        if self.key:
            fingerprint(self.key)
            if not self.keyring:
                raise InvalidInput("A signature is checked with a public key: give keyring, its path or address.")
        if not re.match(r"(https?|file)://[^\s/]*/", self.url):
            raise InvalidInput(
                f"{self.url!r} is not an address such as https://example.org/x-1.0.tar.gz.", url=self.url
            )
        held = _read(self.dest)
        before = {"sha256": _sha256(held)}
        try:
            content = self.web.read(self.url, "archive")
            signature = self._signature()
        except NotFound as error:
            return Plan(before, before, result={**self._result(None), "waiting": True, "waits_for": error.data["url"]})
        if expected and not _matches(content, expected):
            raise Refused(
                f"{self.url} does not have the checksum that it should have: it is sha256:{_sha256(content)}. Did the "
                "version move, or is it another file?",
                url=self.url,
                sha256=_sha256(content),
            )
        proof = None
        self._beside: dict[str, bytes] = {}
        if self.key:
            keyring = _keyring(self.keyring or "", self.web)
            if self.companions:
                folder = os.path.dirname(os.path.abspath(self.dest))
                key_file = os.path.join(folder, os.path.basename(self.keyring or ""))
                self._beside = {f"{self.dest}.asc": t.cast("bytes", signature), key_file: keyring}
            proof = dataclasses.asdict(verify(content, t.cast("bytes", signature), keyring, self.key))
        made_at = self._check_metadata(content)
        if held is not None and held != content and not self.force:
            raise Conflict(
                f"{self.dest} is another file than {self.url} is now. A version that was released does not change: see "
                "which one is right, and set force to take the new one.",
                sha256=_sha256(content),
            )
        self._content = content
        actions = [] if held == content else [f"write {self.dest}"]
        self._beside = {path: new for path, new in self._beside.items() if _read(path) != new}
        actions += [f"write {path}" for path in self._beside]
        result = {**self._result(content), "waiting": False, "waits_for": None, "signature": proof}
        result["made_at"] = proof["made_at"] if proof else made_at
        return Plan(before, {"sha256": _sha256(content)}, actions, result)

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        for path, content in {**self._beside, self.dest: self._content}.items():
            write_atomically(path, content)
        return {}

    def _result(self, content: bytes | None) -> dict[str, t.Any]:
        size = None if content is None else len(content)
        return {"dest": self.dest, "sha256": _sha256(content), "size": size, "signature": None, "made_at": None}

    def _signature(self) -> bytes | None:
        return self.web.read(self.signature_url or f"{self.url}.asc", "signature") if self.key else None

    def _check_metadata(self, content: bytes) -> str | None:
        """That it is the archive of that project and version, as its own metadata says; and when it was made."""
        found, mtime = _metadata(content, self.url)
        for what, wanted in (("name", self.name), ("version", self.version)):
            have = found.get(what)
            if wanted is None or have is None:
                continue
            same = key_of(have) == key_of(wanted) if what == "name" else _is_same(have, wanted)
            if not same:
                raise Refused(
                    f"{self.url} is the archive of {found.get('name')} {found.get('version')}, and the {what} was to "
                    f"be {wanted}.",
                    url=self.url,
                    found=found,
                )
        return _time(mtime)


def _metadata(content: bytes, url: str) -> tuple[dict[str, str], float]:
    """Name and version that an archive says it has, from its PKG-INFO, or else from its one folder; and its time."""
    newest = 0.0
    try:
        with tarfile.open(fileobj=_Unpacked(content), mode="r:") as archive:
            folders = set()
            for number, member in enumerate(archive):
                if number > _MOST_MEMBERS or archive.offset > _MOST_UNPACKED:
                    break
                parts = member.name.removeprefix("./").split("/")
                folders.add(parts[0])
                newest = max(newest, member.mtime)
                if parts[1:] == ["PKG-INFO"] and member.isreg() and member.size <= _MOST_METADATA:
                    file = archive.extractfile(member)
                    return _headers(file.read() if file else b""), member.mtime
    except (tarfile.TarError, OSError, EOFError, ValueError, zlib.error, lzma.LZMAError) as error:
        page = " It looks like a page." if content.lstrip()[:1] == b"<" else ""
        reason = one_line(str(error), 300)
        raise InvalidInput(f"{url} is not an archive that tar can read ({reason}).{page}", url=url) from error
    match = re.fullmatch(r"(?P<name>.+?)-v?(?P<version>\d[\w.]*)", folders.pop()) if len(folders) == 1 else None
    # Folders of modules for Puppet are called otherwise than the project.
    return ({"version": match["version"]} if match else {}), newest


class _Unpacked(io.RawIOBase):
    """A compressed archive as a file, which nobody reads much of at once: a header says itself how long it is, and a
    kilobyte unpacks to gigabytes."""

    def __init__(self, content: bytes) -> None:
        file = io.BytesIO(content)
        opened = [how for magic, how in _COMPRESSIONS.items() if content.startswith(magic)]
        self._file: t.Any = opened[0](file) if opened else file

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _MOST_METADATA:
            raise ValueError(f"a header of it says that it is {size} bytes long")
        return bytes(self._file.read(size))

    def seek(self, place: int, whence: int = io.SEEK_SET) -> int:
        if whence != io.SEEK_SET or place > _MOST_UNPACKED:
            raise ValueError(f"it is larger than {_MOST_UNPACKED} bytes")
        return int(self._file.seek(place))

    def tell(self) -> int:
        return int(self._file.tell())

    def seekable(self) -> bool:
        return True


def _time(seconds: float) -> str | None:
    """A time of the archive as ISO 8601 in UTC; None for those that say nothing, as 0."""
    if not 10**9 < seconds < 2**33:
        return None
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).isoformat()


def _headers(text: bytes) -> dict[str, str]:
    found = {}
    for line in text.decode(errors="replace").splitlines():
        if not line.strip():
            break
        name, colon, value = line.partition(":")
        if colon and name in ("Name", "Version"):
            found[name.lower()] = value.strip()
    return found


def _is_same(one: str, other: str) -> bool:
    return re.sub(r"(\.0)*(?=$|[a-z])", "", one) == re.sub(r"(\.0)*(?=$|[a-z])", "", other)


def _checksum(text: str) -> str:
    match = _CHECKSUM.fullmatch(text.lower())
    if not match or (match[1] and len(match[2]) != {"sha256": 64, "sha512": 128}[match[1]]):
        raise InvalidInput(f"{text!r} is not a checksum such as sha256:… or sha512:….", checksum=text)
    return match[2]


def _matches(content: bytes, expected: str) -> bool:
    return hashlib.new("sha256" if len(expected) == 64 else "sha512", content).hexdigest() == expected


def _sha256(content: bytes | None) -> str | None:
    return None if content is None else hashlib.sha256(content).hexdigest()


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error}", path=path) from error


def _keyring(place: str, web: Web) -> bytes:
    """The public key; one that is not there is not an archive that may still come."""
    if re.match(r"(https?|file)://", place):
        try:
            return web.read(place, "keyring")
        except NotFound as error:
            raise InvalidInput(f"{error.message} Is the fingerprint in its name right?", url=place) from error
    content = _read(os.path.expanduser(place))
    if content is None:
        raise NotFound(f"There is no keyring at {place}.", path=place)
    return content
