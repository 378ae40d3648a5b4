# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Throw-away keys of gpg for tests, made where they are needed."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import subprocess


@dataclasses.dataclass
class Keys:
    """A home of gpg. A test ends its agent with :meth:`close`."""

    home: pathlib.Path

    def __post_init__(self) -> None:
        self.home.mkdir(mode=0o700, parents=True)

    def make(self, name: str, *options: str, passphrase: str = "", lasts: str = "2y", usage: str = "sign") -> str:
        """A new key; its fingerprint."""
        user = f"{name} <{name}@example.org>"
        secret = ("--passphrase", passphrase, "--pinentry-mode", "loopback")
        self.gpg(*secret, *options, "--quick-gen-key", user, "rsa2048", usage, lasts)
        return self.fingerprints(name)[0]

    def add_subkey(self, fingerprint: str) -> str:
        options = ("--passphrase", "", "--pinentry-mode", "loopback")
        self.gpg(*options, "--quick-add-key", fingerprint, "rsa2048", "sign", "2y")
        return self.fingerprints(fingerprint)[-1]

    def fingerprints(self, name: str) -> list[str]:
        output = self.gpg("--with-colons", "--with-subkey-fingerprint", "--list-keys", name)
        return [line.split(":")[9] for line in output.splitlines() if line.startswith("fpr:")]

    def public(self, fingerprint: str) -> pathlib.Path:
        """A file with the public key."""
        file = self.home / f"{fingerprint}.asc"
        file.write_text(self.gpg("--armor", "--export", fingerprint))
        return file

    def gpg(self, *argv: str) -> str:
        done = subprocess.run(
            ["gpg", "--homedir", self.home, "--batch", "--no-tty", "--quiet", *argv],
            capture_output=True, text=True, env={**os.environ, "LC_ALL": "C.UTF-8"}, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def forget(self) -> None:
        """Let the agent forget passphrases."""
        subprocess.run(["gpgconf", "--homedir", self.home, "--kill", "gpg-agent"], check=False)

    close = forget
