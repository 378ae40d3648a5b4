# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""primary.xml and filelists.xml as bytes: what is done with them before a parser sees them, and instead of it."""

from __future__ import annotations

import re
import typing as t

from .._module.errors import InvalidInput

#: bytes of a file that its root element begins in
HEAD = 4096
# Bytes without the end of an element, after which nobody waits any longer for it.
_MOST_KEPT = 16 << 20
_PKGID = re.compile(rb"""\spkgid=["']([0-9A-Fa-f]+)["']""")


def is_in_primary(path: str) -> bool:
    """Whether primary.xml names every package that has a file ``path``; others are in filelists.xml only.

    So do createrepo_c (``cr_is_primary``) and libsolv (``repodata_filelistfilter_matches``) divide them.
    """
    return "bin/" in path or path.startswith("/etc/") or path == "/usr/lib/sendmail"


def announced_packages(head: bytes, root: bytes) -> int | None:
    """The number of packages that the element ``root`` at the beginning of a file speaks of.

    :raises InvalidInput: the file does not begin with it, or declares a document type before.
    """
    start = head.find(b"<" + root)
    if start < 0 or b"<!DOCTYPE" in head:
        raise InvalidInput(f"it does not begin with <{root.decode()}>")
    _before, found, after = head[start:].partition(b">")[0].partition(b"packages=")
    digits = after[1:].split(after[:1])[0] if found and after else b""
    return int(digits) if digits.isdigit() and len(digits) < 10 else None


def without_prose(chunks: t.Iterator[bytes]) -> t.Iterator[bytes]:
    """primary.xml without what lies between a package's summary and its format: prose, times, sizes, the location.

    That is half of the file, and nothing of it matters here. Where a package is laid out differently it is left alone.
    """
    kept = b""
    for chunk in chunks:
        data = kept + chunk
        pieces: list[bytes] = []
        start = 0
        while (summary := data.find(b"<summary", start)) >= 0:
            end = data.find(b"<format", summary)
            if end < 0:
                break
            if data.find(b"<version", summary, end) < 0 and data.find(b"</package>", summary, end) < 0:
                pieces.append(data[start:summary])
            else:
                pieces.append(data[start:end])
            start = end
        # What follows may begin in this piece and end in the next.
        border = data.find(b"<summary", start)
        border = max(start, len(data) - len(b"<summary")) if border < 0 else border
        if len(data) - border > _MOST_KEPT:
            raise InvalidInput(f"a package's summary is followed by {_MOST_KEPT} bytes without its format")
        pieces.append(data[start:border])
        kept = data[border:]
        yield b"".join(pieces)
    yield kept


class FileSearch:
    """Searches filelists.xml for a few paths: most of it is never wanted, and parsing it costs more than all else.

    An object is what ``Repomd.open`` takes as ``trim``; nothing is left of what it has seen.
    """

    def __init__(self, paths: t.Iterable[str]) -> None:
        import html  # slow to import, and not needed when all is known already

        self._wanted = {html.escape(path, quote=False).encode() + b"</file": path for path in paths}
        #: path → every package that has it: its number in the file, from 0 on, and its pkgid
        self.found: dict[str, list[tuple[int, str]]] = {}

    def __call__(self, chunks: t.Iterator[bytes]) -> t.Iterator[bytes]:
        self.found = {path: [] for path in self._wanted.values()}
        wanted = frozenset(self._wanted)
        head = kept = package = b""
        packages, is_ended = 0, False
        for chunk in chunks:
            head += chunk[: HEAD - len(head)]
            # What went before ended with a tag, and so does what is looked at now.
            data = b">" + kept + chunk
            border = data.rfind(b">") + 1
            for key in wanted.intersection(data[:border].split(b">")):
                found = self.found[self._wanted[key]]
                found += ((packages + number, pkgid) for number, pkgid in _owners(package, data, b">" + key))
            if (last := data.rfind(b"<package ", 0, border)) >= 0:
                package = data[last : data.find(b">", last) + 1]
            packages += data.count(b"<package ", 0, border)
            is_ended = data.endswith(b"</filelists>", 0, border) if border > 1 else is_ended
            kept = data[border:]
            if len(kept) > _MOST_KEPT:
                raise InvalidInput(f"it has {_MOST_KEPT} bytes without the end of an element")
            yield b""
        announced = announced_packages(head, b"filelists")
        if not is_ended or announced not in (None, packages):
            raise InvalidInput(f"it announces {announced} packages and holds {packages}, or is cut off")


def _owners(package: bytes, data: bytes, entry: bytes) -> t.Iterator[tuple[int, str]]:
    """Each package in ``data`` that has ``entry``, by number and pkgid; what comes first belongs to ``package``, -1."""
    at = data.find(entry)
    while at >= 0:
        start = data.rfind(b"<package ", 0, at)
        pkgid = _PKGID.search(data, start, at) if start >= 0 else _PKGID.search(package)
        if pkgid is None:
            raise InvalidInput("it has a file of no package")
        yield data.count(b"<package ", 0, at) - 1, pkgid[1].decode().lower()
        at = data.find(entry, at + 1)
