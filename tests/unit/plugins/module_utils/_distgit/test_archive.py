# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an archive of a stranger may say of itself."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import resource
import tarfile

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._distgit.archive import _metadata
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput

COMPRESSIONS = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "none": bytes}
MIB = 1 << 20


def archive(*members):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as made:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(content), 1_795_250_000
            made.addfile(member, io.BytesIO(content))
    return file.getvalue()


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_name_and_version_are_those_of_its_metadata(compression):
    info = b"Metadata-Version: 2.1\nName: oslo.x\nVersion: 1.2\n\nName: y\n"
    # Names that need a header of their own, as upstream's have.
    content = archive((f"oslo.x-1.2/{'d' * 200}/x", b"x" * 5000), ("oslo.x-1.2/PKG-INFO", info))
    found, _time = _metadata(COMPRESSIONS[compression](content), "x")
    assert found == {"name": "oslo.x", "version": "1.2"}


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("kind", [b"L", b"K", b"x", b"g"], ids=["name", "link", "pax", "global"])
@pytest.mark.parametrize("size", [8 * MIB, 7 << 30], ids=["8 MiB", "7 GiB"])
def test_a_header_that_is_larger_than_any_is_not_unpacked(compression, kind, size):
    member = tarfile.TarInfo("x-1.0/x")
    member.size, member.type = size, kind
    content = COMPRESSIONS[compression](member.tobuf(tarfile.GNU_FORMAT) + bytes(16 * MIB))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InvalidInput, match="a header of it says that it is [0-9]+ bytes long"):
        _metadata(content, "x")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


WRONG = {
    "empty": b"",
    "gz": b"\x1f\x8b",
    "bz2": b"BZh9",
    "xz": b"\xfd7zXZ\x00",
    "not tar": gzip.compress(b"x" * 9000),
    "a page": b"<html>",
}


@pytest.mark.parametrize("content", WRONG.values(), ids=WRONG)
def test_what_is_no_archive_is_a_sentence(content):
    with pytest.raises(InvalidInput, match="is not an archive that tar can read"):
        _metadata(content, "x")
