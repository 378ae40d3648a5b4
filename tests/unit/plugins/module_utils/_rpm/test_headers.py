# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The beginning of an RPM file, taken from a stream that is not read further."""

from __future__ import annotations

import io
import pathlib
import struct

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput
from ansible_collections.rdo.releng.plugins.module_utils._repodata.remote_headers import fetch_headers
from ansible_collections.rdo.releng.plugins.module_utils._rpm.headers import read_header, require_packages

LEAD = b"\xed\xab\xee\xdb" + bytes(92)


def section(entries: int, data: bytes, size: int | None = None) -> bytes:
    numbers = struct.pack(">II", entries, len(data) if size is None else size)
    return b"\x8e\xad\xe8\x01" + bytes(4) + numbers + bytes(16 * entries) + data


# Signatures are filled up to eight bytes, the header is not.
BEGINNING = LEAD + section(2, b"sig") + bytes(5) + section(3, b"header")


class Trickle(io.BytesIO):
    """Gives little at a time, as a server may, and nothing behind the beginning."""

    def read(self, size=-1):
        return super().read(min(size, 7))


def test_what_is_before_the_payload_is_taken():
    stream = Trickle(BEGINNING + b"payload")
    assert read_header(stream) == BEGINNING
    assert stream.read(7) == b"payload"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is cut off"),
        (b"<html>" + bytes(200), "it is not an RPM file"),
        (BEGINNING[:-1], "it is cut off"),
        (LEAD + bytes(300), "it is a damaged RPM file"),
        (LEAD + section(1, b"", 0xFFFFFFFF), "it is a damaged RPM file"),
    ],
    ids=["empty", "page", "cut-off", "no-header", "too-large"],
)
def test_what_is_no_rpm_is_refused(content, reason):
    with pytest.raises(InvalidInput, match=reason):
        read_header(io.BytesIO(content))


def test_headers_come_in_the_order_they_were_asked_for(tmp_path):
    class Files:
        def take(self, location, work):
            return work(io.BytesIO(LEAD + section(0, b"") + section(0, location.encode()) + b"payload"))

    paths = fetch_headers([f"rpm {number}" for number in range(20)], str(tmp_path), Files())
    assert [pathlib.Path(path).read_bytes()[-2:].strip() for path in paths] == [b"%d" % one for one in range(20)]


def test_a_file_is_the_package_that_its_name_says():
    said = {"/r/a-1-1.noarch.rpm": "a-7:1-1.noarch", "/r/b-0-1-1.src.rpm": "b-0-0:1-1.src"}
    require_packages(list(said), lambda form, paths: "".join(f"{said[path]}\n" for path in paths))
    with pytest.raises(
        InvalidInput, match="/r/nova-99-1.noarch.rpm is the package a-1-1.noarch, whose file is called a-1"
    ):
        require_packages(["/r/nova-99-1.noarch.rpm"], lambda form, paths: "a-1-1.noarch\n")
