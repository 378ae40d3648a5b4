# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Whether upstream's key, and no other, signed a file while it was valid.

gpgv alone says yes to a signature by any key of the keyring, and to one that an expired key made yesterday. So what it
says is read: ``VALIDSIG`` names the key that signed, often a subkey, first, and the primary key last; specs and
releases.openstack.org name the primary. An old archive stays right when its key expires afterwards.
"""

from __future__ import annotations

import dataclasses
import datetime
import os
import re
import typing as t

from .._module.errors import CommandFailed, InvalidInput, Refused
from .._module.work_folder import WorkFolder
from .._sandbox.confine import Bind, Limits, Sandbox, confined

_FINGERPRINT = re.compile(r"(?:0x)?([0-9A-Fa-f]{40}(?:[0-9A-Fa-f]{24})?)")
_LIMITS = Limits(seconds=60, memory=2**30, processes=64, file_size=2**28, scratch=2**28, output=2**22)
# Why a signature does not count, by gpgv's words for it.
_BAD = {
    "BADSIG": "the file was changed after it was signed, or it is the signature of another file",
    "ERRSIG": "it cannot be checked, or was made by a key that is not in the keyring",
    "EXPSIG": "it has expired itself",
    "REVKEYSIG": "its key was revoked",
}


@dataclasses.dataclass(frozen=True)
class Signature:
    """A signature that counts.

    :param key: fingerprint of the primary key.
    :param signing_key: of the key that made it: a subkey, or the same.
    :param made_at: when, as ISO 8601 in UTC.
    """

    key: str
    signing_key: str
    made_at: str


@dataclasses.dataclass(frozen=True)
class _Key:
    """When a key, or subkey, is valid: seconds since 1970."""

    created: int
    expires: int | None
    revoked: bool


def fingerprint(text: str) -> str:
    """A key's whole fingerprint in upper case; raises InvalidInput for a short name, which anybody can imitate."""
    match = _FINGERPRINT.fullmatch(text)
    if not match:
        raise InvalidInput(f"{text!r} is not a whole fingerprint of a key: 40 or 64 hexadecimal digits.", key=text)
    return match[1].upper()


def verify(data: bytes, signature: bytes, keyring: bytes, key: str) -> Signature:
    """That ``data`` was signed by the key with the fingerprint ``key`` while it was valid.

    :param signature: a detached one, in ASCII or binary.
    :param keyring: exported public keys, in ASCII or binary.
    :raises Refused: it was not; the message says why.
    :raises InvalidInput: the keyring has no such key.
    """
    wanted = fingerprint(key)
    with WorkFolder("signature") as work:
        os.chmod(work, 0o755)  # noqa: S103 (the confined program is another user)
        for name, content in (("data", data), ("signature", signature), ("keyring", keyring)):
            with open(os.path.join(work, name), "wb") as file:
                file.write(content)
        keys = _keys(work, wanted)
        # gpgv reads binary keyrings alone, and nothing of the user's: no trust, no other keys.
        steps = (
            "gpg --quiet --batch --homedir /tmp --dearmor </in/keyring >/tmp/keyring.gpg 2>/dev/null || "
            "cp /in/keyring /tmp/keyring.gpg; "
            "gpgv --homedir /tmp --keyring /tmp/keyring.gpg --status-fd 1 /in/signature /in/data 2>/dev/null || true"
        )
        said = _output(["sh", "-c", steps], work)
    return _judged(said, wanted, keys)


def _output(argv: t.Sequence[str], folder: str) -> str:
    """What a program prints that sees ``folder`` as ``/in``."""
    sandbox = Sandbox(binds=(Bind(folder, "/in"),), limits=_LIMITS)
    return confined(argv, sandbox, tail=2**20, apart=True).output.decode(errors="replace")


def _keys(folder: str, wanted: str) -> dict[str, _Key]:
    """The primary key and its subkeys by fingerprint."""
    command = ["gpg", "--batch", "--quiet", "--homedir", "/tmp", "--with-colons", "--show-keys", "/in/keyring"]  # noqa: S108
    try:
        output = _output(command, folder)
    except CommandFailed as error:
        raise InvalidInput(
            "The keyring holds no public keys that gpg can read: is it a page of something else?"
        ) from error
    found: dict[str, _Key] = {}
    primary = last = None
    there = []
    for line in output.splitlines():
        fields = line.split(":")
        if fields[0] in ("pub", "sub") and len(fields) > 6:
            last = _Key(_seconds(fields[5]) or 0, _seconds(fields[6]), fields[1] == "r")
            primary = None if fields[0] == "pub" else primary
        elif fields[0] == "fpr" and last and len(fields) > 9:
            if primary is None:
                primary = fields[9]
                there.append(primary)
            if primary == wanted:
                found[fields[9]] = last
            last = None
    if not found:
        raise InvalidInput(f"The keyring has no key {wanted}. It has: {', '.join(there) or 'none'}.", keys=there)
    return found


def _judged(said: str, wanted: str, keys: t.Mapping[str, _Key]) -> Signature:
    status = [line.split()[1:] for line in said.splitlines() if line.startswith("[GNUPG:] ")]
    words = {line[0] for line in status if line}
    for word, why in _BAD.items():
        if word in words:
            raise Refused(f"The signature does not count: {why}.", key=wanted)
    valid = [line for line in status if line and line[0] == "VALIDSIG" and len(line) > 10]
    if len(valid) != 1:
        what = "it is none, or of no kind that gpgv knows" if not valid else f"there are {len(valid)} in one file"
        raise Refused(f"The signature does not count: {what}.", key=wanted)
    signing, made, primary = valid[0][1], int(valid[0][3]), valid[0][10]
    if primary != wanted:
        raise Refused(
            f"The signature was made by the key {primary}, and {wanted} was to have made it. Being in the same keyring "
            "is not enough.",
            key=wanted,
            signed_by=primary,
        )
    at = datetime.datetime.fromtimestamp(made, datetime.timezone.utc)
    for one in (wanted, signing):
        key = keys.get(one)
        if key is None or key.revoked:
            raise Refused(
                f"The signature does not count: the key {one} was revoked, or is none of {wanted}'s.", key=wanted
            )
        if made < key.created or (key.expires is not None and made > key.expires):
            raise Refused(
                f"The signature was made at {at:%Y-%m-%d %H:%M} UTC, when the key {one} was not valid: it is from "
                f"{_day(key.created)} to {_day(key.expires)}.",
                key=wanted,
            )
    if at > datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1):
        raise Refused(
            f"The signature says that it was made at {at:%Y-%m-%d %H:%M} UTC, which is in the future.", key=wanted
        )
    return Signature(wanted, signing, at.isoformat())


def _seconds(text: str) -> int | None:
    return int(text) if text.isdigit() else None


def _day(seconds: int | None) -> str:
    if seconds is None:
        return "no end"
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%d")
