# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What an OpenPGP signature says of itself: who made it, and when. Nothing is verified here.

Only version 4 packets, which is what gpg makes and rpm accepts (RFC 4880, 5.2.3).
"""

from __future__ import annotations

import dataclasses
import struct
import typing as t

from .._module.errors import InvalidInput

_CREATED, _EXPIRES, _ISSUER, _FINGERPRINT = 2, 3, 16, 33
_SIGNATURE = 2
_OLD_LENGTHS = {0: ">B", 1: ">H", 2: ">I"}


@dataclasses.dataclass(frozen=True)
class Signature:
    """One signature.

    :param issuer: fingerprint of the key that made it, or its 64-bit key ID where no fingerprint is given; upper case.
    :param created: seconds since the epoch.
    :param expires: seconds since the epoch; None: never.
    """

    issuer: str
    created: int
    expires: int | None


def read_signature(packet: bytes) -> Signature:
    """The signature that a binary packet holds.

    :raises InvalidInput: it is none, or not of version 4.
    """
    try:
        body = _body(packet)
        if body[0] != 4:
            raise InvalidInput(f"The signature is of version {body[0]}; 4 is understood.")
        hashed_size = struct.unpack(">H", body[4:6])[0]
        hashed = dict(_subpackets(body[6 : 6 + hashed_size]))
        rest = body[6 + hashed_size :]
        unhashed = dict(_subpackets(rest[2 : 2 + struct.unpack(">H", rest[:2])[0]]))
        created = struct.unpack(">I", hashed[_CREATED])[0]
        lasts = struct.unpack(">I", hashed[_EXPIRES])[0] if _EXPIRES in hashed else 0
    except (IndexError, KeyError, struct.error) as error:
        raise InvalidInput("The signature is cut off, or does not say when it was made.") from error
    either = {**unhashed, **hashed}
    issuer = either[_FINGERPRINT][1:] if _FINGERPRINT in either else either.get(_ISSUER, b"")
    return Signature(issuer.hex().upper(), created, created + lasts if lasts else None)


def _body(packet: bytes) -> bytes:
    kind = packet[0]
    if not kind & 0x80:
        raise InvalidInput("The signature is not an OpenPGP packet.")
    if kind & 0x40:  # the newer form
        tag = kind & 0x3F
        size, start = _length(packet, 1)
    else:
        tag = (kind >> 2) & 0x0F
        form = _OLD_LENGTHS.get(kind & 3)
        start = 1 + (struct.calcsize(form) if form else 0)
        size = struct.unpack(form, packet[1:start])[0] if form else len(packet) - start
    if tag != _SIGNATURE:
        raise InvalidInput(f"The signature is an OpenPGP packet of kind {tag}, not {_SIGNATURE}.")
    return packet[start : start + size]


def _subpackets(area: bytes) -> t.Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(area):
        size, at = _length(area, at)
        if size < 1:
            raise InvalidInput("The signature has a part without a kind.")
        yield area[at] & 0x7F, area[at + 1 : at + size]
        at += size


def _length(data: bytes, at: int) -> tuple[int, int]:
    """The length that is written at ``at``, and where it ends."""
    first = data[at]
    if first < 192:
        return first, at + 1
    if first < 255:
        return ((first - 192) << 8) + data[at + 1] + 192, at + 2
    return struct.unpack(">I", data[at + 1 : at + 5])[0], at + 5
