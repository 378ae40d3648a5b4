# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What strangers' bytes in place of a signature do: nothing but a typed error."""

from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput
from ansible_collections.rdo.releng.plugins.module_utils._rpm.keys import Key, KeyPart, check_fingerprint
from ansible_collections.rdo.releng.plugins.module_utils._rpm.openpgp import read_signature

FINGERPRINT = "97C5BAA3402F8C68FC4D70D62E0CCB0E91BC4464"


def part(kind: int, content: bytes) -> bytes:
    return bytes([len(content) + 1, kind]) + content


def packet(hashed: bytes, unhashed: bytes = b"", version: int = 4, head: bytes | None = None) -> bytes:
    body = bytes([version, 0, 1, 10]) + struct.pack(">H", len(hashed)) + hashed
    body += struct.pack(">H", len(unhashed)) + unhashed + b"\x12\x34" + b"\0" * 8
    return (head or b"\x89" + struct.pack(">H", len(body))) + body


CREATED = part(2, struct.pack(">I", 1775044800))
ISSUER = part(33, b"\x04" + bytes.fromhex(FINGERPRINT))


def test_who_and_when():
    found = read_signature(packet(ISSUER + CREATED + part(3, struct.pack(">I", 60))))
    assert (found.issuer, found.created, found.expires) == (FINGERPRINT, 1775044800, 1775044860)
    by_id = read_signature(packet(CREATED, part(16, bytes.fromhex(FINGERPRINT[-16:]))))
    assert (by_id.issuer, by_id.expires) == (FINGERPRINT[-16:], None)


def test_who_made_it_is_what_is_signed_rather_than_what_is_not():
    forged = part(33, b"\x04" + b"\xee" * 20)
    assert read_signature(packet(ISSUER + CREATED, forged)).issuer == FINGERPRINT


@pytest.mark.parametrize(
    "data",
    [b"", b"\x89", b"text", packet(ISSUER), packet(CREATED, version=3), packet(CREATED)[:9], b"\xc5\x02\x04\x00",
     packet(b"\x00" + CREATED), packet(part(2, b"\0"))],
)  # fmt: skip
def test_no_signature_is_a_typed_error(data):
    with pytest.raises(InvalidInput):
        read_signature(data)


@given(st.binary(max_size=200), st.integers(0, 60))
def test_nothing_but_typed_errors(data, at):
    good = packet(ISSUER + CREATED)
    for damaged in (data, good[:at] + data, good[:at] + data + good[at + len(data) :]):
        with contextlib.suppress(InvalidInput):
            read_signature(damaged)


def test_a_key_objects_to_what_it_can_not_have_signed():
    primary = KeyPart(FINGERPRINT, 1000, 2000, signs=False, revoked=False)
    key = Key((primary, KeyPart("A" * 40, 1100, None, signs=True, revoked=False)), "test")
    assert key.objection("A" * 16, 1500) is None
    assert "had expired" in key.objection("A" * 40, 2000)
    assert "did not exist" in key.objection("A" * 40, 1050)
    for stranger in ("B" * 40, "A" * 8, "", FINGERPRINT[:16]):
        assert "neither the key" in key.objection(stranger, 1500)
    assert (key.is_over(1500), key.is_over(2500)) == (False, True)


def test_a_fingerprint_is_whole():
    assert check_fingerprint("97c5 baa3 402f 8c68 fc4d  70d6 2e0c cb0e 91bc 4464") == FINGERPRINT
    for short in ("91BC4464", "", f"{FINGERPRINT}00", "rdo@example.org"):
        with pytest.raises(InvalidInput, match="40 hexadecimal digits"):
            check_fingerprint(short)
