# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What RPM files say about themselves."""

from __future__ import annotations

import os
import re
import struct
import typing as t

from .._module.errors import InvalidInput

_ARCH = "%|SOURCEPACKAGE?{src}:{%{ARCH}}|"
# An RPM file begins with 96 bytes for old readers; then the signatures and the header, each told its size.
_LEAD, _LEAD_MAGIC, _HEADER_MAGIC = 96, b"\xed\xab\xee\xdb", b"\x8e\xad\xe8\x01"
_MOST_HEADER = 256 << 20
_NEVRA = "%{NAME}-%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}." + _ARCH


# Asks rpm about files in its query format: a stranger made them, so whoever calls says how rpm is confined.
Query = t.Callable[[str, t.Sequence[str]], str]


def read_nevras(paths: t.Iterable[str], query: Query) -> dict[str, str]:
    """The NEVRA of each RPM file by its path.

    :raises CommandFailed: one cannot be read.
    """
    files = list(paths)
    names = query(_NEVRA + "\n", files).splitlines() if files else []
    # Epoch 0 is the same as none.
    return {path: name.replace("-0:", "-", 1) for path, name in zip(files, names)}


def require_packages(paths: t.Sequence[str], query: Query) -> None:
    """Refuse files that are not the RPMs that their names say.

    :raises InvalidInput: one is another package than its name says.
    :raises CommandFailed: one cannot be read; or what the query raises of a file that is not an RPM.
    """
    for path, nevra in read_nevras(paths, query).items():
        name = re.sub(r"-[0-9]+:", "-", nevra, count=1) + ".rpm"
        if os.path.basename(path) != name:
            raise InvalidInput(f"{path} is the package {nevra}, whose file is called {name}.")


def find_packages(folder: str) -> list[str]:
    """The RPM files that lie in a folder itself; a link belongs to another build."""
    if not os.path.isdir(folder):
        return []
    return sorted(
        entry.path
        for entry in os.scandir(folder)
        if entry.name.endswith(".rpm") and entry.is_file(follow_symlinks=False)
    )


def read_provides(paths: t.Iterable[str], query: Query) -> dict[str, set[str]]:
    """The capabilities, without versions, that each RPM file provides, by its path."""
    return {path: set(query("[%{PROVIDENAME}\n]", [path]).splitlines()) for path in paths}


def read_header(stream: t.BinaryIO) -> bytes:
    """All that is before the payload of an RPM file.

    :raises InvalidInput: it is none.
    """
    lead = _exactly(stream, _LEAD)
    if not lead.startswith(_LEAD_MAGIC):
        raise InvalidInput("it is not an RPM file")
    signatures = _section(stream)
    return lead + signatures + _exactly(stream, -len(signatures) % 8) + _section(stream)


def _section(stream: t.BinaryIO) -> bytes:
    intro = _exactly(stream, 16)
    entries, data = struct.unpack(">II", intro[8:])
    if not intro.startswith(_HEADER_MAGIC) or 16 * entries + data > _MOST_HEADER:
        raise InvalidInput("it is a damaged RPM file")
    return intro + _exactly(stream, 16 * entries + data)


def _exactly(stream: t.BinaryIO, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = stream.read(size - len(data))
        if not more:
            raise InvalidInput("it is cut off")
        data += more
    return data
