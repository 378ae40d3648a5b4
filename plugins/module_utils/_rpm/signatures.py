# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Whether RPM files are signed by exactly one key, judged line by line.

``rpmkeys`` says in its exit status how many files failed, modulo 256, and takes a file without a signature for good
as long as its digests are. So the status is not looked at: what counts is that it prints a line of a signature that is
OK, one of a payload's digest that is OK, and none that is not. It knows no key but the one that is asked for, and what
it does not look at, when the signature was made, is compared with when the key was valid.
"""

from __future__ import annotations

import dataclasses
import os
import struct
import typing as t

from .._module.command import run_command
from .._module.errors import InvalidInput
from .._module.progress import say
from .._module.work_folder import WorkFolder
from .headers import read_header
from .keys import PublicKey
from .openpgp import Signature, read_signature

SIGNED, UNSIGNED, FOREIGN, EXPIRED, INCOMPLETE, DAMAGED, UNREADABLE = STATUSES = (
    "signed", "unsigned", "foreign", "expired", "incomplete", "damaged", "unreadable",
)  # fmt: skip
BATCH = 200
_LEAD = 96
# Tags of the signature header that hold signatures of the header, then those of header and payload.
_SIGNATURES = (268, 267, 1002, 1005)


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What is said of one file.

    :param status: one of STATUSES.
    :param issuer: who signed it, by what the file says: a fingerprint or key ID.
    :param signed_at: seconds since the epoch.
    """

    path: str
    status: str
    reason: str = ""
    issuer: str | None = None
    signed_at: int | None = None


def judge_files(paths: t.Sequence[str], public: PublicKey, *, header_only: bool = False) -> list[Verdict]:
    """A verdict for each file.

    :param header_only: the files hold no payload, as they were cut off behind the header. The header's signature covers
        the payload's digest.
    """
    database = os.path.join(public.folder, "rpmdb")
    if not os.path.isdir(database):
        os.mkdir(database)
        _rpmkeys(database, "--import", public.armored)
    verdicts: list[Verdict] = []
    for start in range(0, len(paths), BATCH):
        if start:
            say(f"{start} of {len(paths)} signatures judged")
        batch = paths[start : start + BATCH]
        lines = _ask(database, batch)
        verdicts += [_judge(path, lines[path], public, header_only) for path in batch]
    return verdicts


def _ask(database: str, paths: t.Sequence[str]) -> dict[str, list[str]]:
    """The lines that rpmkeys prints of each file."""
    with WorkFolder("signatures") as folder:
        # rpm takes some characters of a name for patterns, and a name could hold a line.
        links = {f"{folder}/{number:04}.rpm": path for number, path in enumerate(paths)}
        for link, path in links.items():
            os.symlink(os.path.abspath(path), link)
        output = _rpmkeys(database, "--define", "_pkgverify_level all", "--checksig", "--verbose", *links)
    found: dict[str, list[str]] = {path: [] for path in paths}
    current: list[str] = []
    for line in output.splitlines():
        if line.startswith("    "):
            current.append(line.strip())
        else:
            current = found.get(links.get(line.rstrip(":"), ""), [])
    return found


def _rpmkeys(database: str, *arguments: str) -> str:
    argv = ["rpmkeys", "--dbpath", database, *arguments]
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    return run_command(argv, environment=environment, expected=range(256), tail=8_000_000, timeout=3600).output


def _judge(path: str, lines: t.Sequence[str], public: PublicKey, header_only: bool) -> Verdict:
    try:
        signature = signature_of(path)
    except (InvalidInput, OSError) as error:
        return Verdict(path, UNREADABLE, getattr(error, "message", str(error)))
    results = [line.rpartition(": ")[::2] for line in lines]
    signatures = [
        (what, how) for what, how in results if "signature" in what.lower() and not how.startswith("NOTFOUND")
    ]
    digests = [(what, how) for what, how in results if "digest" in what.lower()]
    if signature is None or not signatures:
        return Verdict(path, UNREADABLE if not lines else UNSIGNED, "" if lines else "rpm says nothing of it")

    def verdict(status: str, reason: str = "") -> Verdict:
        return Verdict(path, status, reason, signature.issuer, signature.created)

    if header_only:  # there is no payload that could have its digest
        digests = [(what, how) for what, how in digests if what.startswith("Header")]
    bad = [f"{what}: {how}" for what, how in [*signatures, *digests] if not how.startswith(("OK", "NOKEY"))]
    if bad:
        return verdict(DAMAGED, bad[0])
    if any(how.startswith("NOKEY") for _what, how in signatures):
        return verdict(FOREIGN, f"it is signed by {signature.issuer or 'an unknown key'}")
    objection = public.key.objection(signature.issuer, signature.created)
    if objection:
        return verdict(EXPIRED if public.key.part(signature.issuer) else FOREIGN, objection)
    if signature.expires and signature.expires <= signature.created:
        return verdict(EXPIRED, "the signature expired as it was made")
    covered = header_only or any(
        what.startswith("Payload") or not what.startswith(("Header", "MD5")) for what, _how in [*digests, *signatures]
    )
    if not covered:
        return verdict(INCOMPLETE, "the signature covers the header, and nothing the payload")
    return verdict(SIGNED)


def signature_of(path: str) -> Signature | None:
    """What the signature in an RPM file says of itself; None if there is none.

    :raises InvalidInput: it is not an RPM file, or one that is damaged.
    """
    with open(path, "rb") as file:
        return signature_in(read_header(file))


def signature_in(head: bytes) -> Signature | None:
    """The same of what is before the payload of an RPM file."""
    entries, size = struct.unpack(">II", head[_LEAD + 8 : _LEAD + 16])
    index, store = _LEAD + 16, _LEAD + 16 + 16 * entries
    found: dict[int, bytes] = {}
    for number in range(entries):
        tag, _kind, offset, count = struct.unpack(">IIII", head[index + 16 * number : index + 16 * (number + 1)])
        if tag in _SIGNATURES and offset + count <= size:
            found[tag] = head[store + offset : store + offset + count]
    return next((read_signature(found[tag]) for tag in _SIGNATURES if tag in found), None)
