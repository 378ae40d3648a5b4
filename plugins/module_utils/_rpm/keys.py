# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""OpenPGP keys as gpg knows them: read from a file or a home, without touching the user's own keyrings."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import time
import typing as t

from .._module.command import run_command
from .._module.errors import CommandFailed, InvalidInput, NotFound
from .._module.work_folder import WorkFolder

FINGERPRINT = re.compile(r"[0-9A-F]{40}")
_QUIET = ("--batch", "--no-tty", "--quiet", "--no-options")


@dataclasses.dataclass(frozen=True)
class KeyPart:
    """A primary key or a subkey.

    :param created: seconds since the epoch, as ``expires``; None: never.
    """

    fingerprint: str
    created: int
    expires: int | None
    signs: bool
    revoked: bool

    def objection(self, at: int) -> str | None:
        """Why it cannot have made a good signature at a time."""
        if self.revoked:
            return f"the key {self.fingerprint} is revoked"
        if at < self.created:
            return f"the key {self.fingerprint} did not exist then"
        if self.expires and at >= self.expires:
            return f"the key {self.fingerprint} had expired by then"
        return None


@dataclasses.dataclass(frozen=True)
class Key:
    """A key with its subkeys; ``parts[0]`` is the primary one."""

    parts: tuple[KeyPart, ...]
    user: str

    @property
    def fingerprint(self) -> str:
        return self.parts[0].fingerprint

    def part(self, issuer: str) -> KeyPart | None:
        """The part that a signature names, by its fingerprint or 64-bit key ID."""
        if len(issuer) < 16:
            return None
        return next((part for part in self.parts if part.fingerprint.endswith(issuer)), None)

    def objection(self, issuer: str, at: int) -> str | None:
        """Why a signature of this key, by ``issuer`` at a time, does not count."""
        part = self.part(issuer)
        if part is None:
            return f"{issuer or 'nobody'} is neither the key {self.fingerprint} nor one of its subkeys"
        return part.objection(at) or self.parts[0].objection(at)

    def is_over(self, now: float | None = None) -> bool:
        """Whether nothing of it can sign any more."""
        at = int(time.time() if now is None else now)
        return all(part.objection(at) or self.parts[0].objection(at) for part in self.parts if part.signs)


def check_fingerprint(text: str) -> str:
    """``text`` as 40 hexadecimal digits.

    :raises InvalidInput: a short key ID or a name: others can have the same.
    """
    plain = re.sub(r"[\s:]", "", text).removeprefix("0x").upper()
    if not FINGERPRINT.fullmatch(plain):
        raise InvalidInput(
            f"{text!r} is not a fingerprint of a key: 40 hexadecimal digits are needed, as gpg shows them."
        )
    return plain


class PublicKey:
    """The public part of exactly one key, in a folder of its own.

    :param folder: exists as long as :meth:`of_file` or :meth:`of_home` is entered.
    """

    def __init__(self, folder: str, key: Key) -> None:
        self.folder, self.key = folder, key
        self.armored, self.binary = os.path.join(folder, "key.asc"), os.path.join(folder, "key.gpg")

    @classmethod
    @contextlib.contextmanager
    def of_file(cls, path: str, fingerprint: str | None = None) -> t.Iterator[PublicKey]:
        """The key in a file, armored or not.

        :param fingerprint: which of the file's keys is meant; it must be there.
        :raises NotFound: no such file, or not that key.
        :raises InvalidInput: no key in it, or several and none was named.
        """
        if not os.path.isfile(path):
            raise NotFound(f"There is no file {path} with a public key.", path=path)
        with WorkFolder("keys") as folder:
            os.chmod(folder, 0o700)
            found = read_keys(["--show-keys", "--", os.path.abspath(path)], folder)
            there = ", ".join(key.fingerprint for key in found) or "none"
            if fingerprint:
                wanted = check_fingerprint(fingerprint)
                found = [key for key in found if key.fingerprint == wanted]
                if not found:
                    raise NotFound(f"The file {path} does not hold the key {wanted}; it holds {there}.", path=path)
            if len(found) != 1:
                raise InvalidInput(
                    f"The file {path} must hold one public key, or say which is meant: it holds {there}."
                )
            _gpg(folder, "--import", "--", os.path.abspath(path))
            yield cls._export(folder, folder, found[0])

    @classmethod
    @contextlib.contextmanager
    def of_home(cls, home: str, fingerprint: str) -> t.Iterator[PublicKey]:
        """The public part of a key that ``home`` has the secret part of.

        :raises NotFound: it has no such secret key; the message names those it has.
        """
        wanted = check_fingerprint(fingerprint)
        if not os.path.isdir(home):
            raise NotFound(f"There is no folder {home} with keys of gpg: set gnupg_home.", path=home)
        keys = read_keys(["--list-secret-keys"], home)
        found = [key for key in keys if key.fingerprint == wanted]
        if not found:
            there = ", ".join(f"{key.fingerprint} ({key.user})" for key in keys) or "none"
            raise NotFound(f"{home} has no secret key {wanted}. It has: {there}.", key=wanted)
        with WorkFolder("keys") as folder:
            yield cls._export(home, folder, found[0])

    @classmethod
    def _export(cls, home: str, folder: str, key: Key) -> PublicKey:
        public = cls(folder, key)
        for armor, path in (["--armor"], public.armored), ([], public.binary):
            _gpg(home, *armor, "--output", path, "--export", key.fingerprint)
        return public


def read_keys(question: t.Sequence[str], home: str) -> list[Key]:
    """The keys that gpg answers ``question`` with."""
    try:
        output = _gpg(home, "--with-colons", "--with-subkey-fingerprint", "--fixed-list-mode", *question)
    except CommandFailed as error:
        if "no valid OpenPGP data" in error.data["output"]:
            return []
        raise
    keys: list[tuple[list[list[str]], str]] = []
    for fields in (line.split(":") for line in output.splitlines()):
        if fields[0] in ("pub", "sec"):
            keys.append(([fields], ""))
        elif fields[0] in ("sub", "ssb") and keys:
            keys[-1][0].append(fields)
        elif fields[0] == "fpr" and keys and len(keys[-1][0][-1]) < 40:
            keys[-1][0][-1] += [""] * (40 - len(keys[-1][0][-1])) + [fields[9]]
        elif fields[0] == "uid" and keys and not keys[-1][1]:
            keys[-1] = (keys[-1][0], fields[9])
    return [Key(tuple(_part(fields) for fields in parts), user) for parts, user in keys]


def _part(fields: list[str]) -> KeyPart:
    created, expires, capabilities = fields[5], fields[6], fields[11]
    return KeyPart(
        fingerprint=fields[-1],
        created=int(created or 0),
        expires=int(expires) if expires else None,
        signs="s" in capabilities,
        revoked=fields[1] == "r",
    )


def _gpg(home: str, *arguments: str) -> str:
    argv = ["gpg", "--homedir", home, *_QUIET, *arguments]
    return run_command(argv, environment={**os.environ, "LC_ALL": "C.UTF-8"}, tail=1_000_000, timeout=120).output
