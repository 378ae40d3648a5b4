# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Signing with gpg: RPM files and other files, by exactly one key.

Neither a key nor a passphrase is ever on a command line or in a log. gpg reads the passphrase from a pipe that exists
only while a program signs, so a run that is killed leaves none behind.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import os
import re
import threading
import typing as t

from .._module.command import find_program, run_command
from .._module.documents import write_atomically
from .._module.errors import InvalidInput, RelengError, Unavailable
from .._module.work_folder import WorkFolder
from .keys import Key

BATCH = 50
TIMEOUT = 3600.0
_FAULT = re.compile(r"^(?:gpg: |error: |rpmsign: )(?!.*(?:faked system time|GPG_TTY)).*", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Signing:
    """How to sign.

    :param home: gpg's folder with the secret key.
    :param passphrase: of the key; None: it has none, or gpg-agent knows it.
    :param at: the time that signatures say, in seconds since the epoch: the same file gets the same bytes. None: now.
    """

    home: str
    passphrase: str | None = None
    at: int | None = None

    @classmethod
    def from_params(cls, params: t.Mapping[str, t.Any]) -> Signing:
        """As the options of the doc fragment ``_signing`` say.

        :raises InvalidInput: the passphrase's file cannot be read, or a value that cannot be meant.
        """
        passphrase = params["passphrase"]
        path = params["passphrase_file"]
        if path:
            try:
                with open(path, encoding="utf-8") as file:
                    passphrase = file.readline(4096).rstrip("\n")
            except (OSError, UnicodeDecodeError) as error:
                raise InvalidInput(
                    f"The passphrase's file {params['passphrase_file']} cannot be read: {error}"
                ) from error
        if passphrase is not None and "\n" in passphrase:
            raise InvalidInput("The passphrase has more than one line; gpg reads one.")
        home = os.path.abspath(params["gnupg_home"] or os.environ.get("GNUPGHOME") or os.path.expanduser("~/.gnupg"))
        if re.search(r"[\s\"'\\%]", home):
            raise InvalidInput(f"gnupg_home {home!r} holds a space, quote or %, which rpm's macros would take apart.")
        at = params["signed_at"]
        if at is not None and not 0 < at < 4102444800:
            raise InvalidInput(f"signed_at is {at}; seconds since 1970 are needed.")
        return cls(home, passphrase, at)

    def sign_rpms(self, paths: t.Sequence[str], key: Key, log: str | None = None) -> str:
        """Sign RPM files in place; whether they are signed then is for the caller to look at.

        :returns: what gpg or rpm complained of; empty if of nothing.
        """
        with self._options() as options:
            macros = {
                "_gpg_name": key.fingerprint,
                "_gpg_path": self.home,
                # Debian's rpm looks for a gpg2, which is not there.
                "__gpg": find_program("gpg"),
                "_gpg_sign_cmd_extra_args": " ".join(options),
            }
            defines = [part for name, value in macros.items() for part in ("--define", f"{name} {value}")]
            argv = ["rpmsign", *defines, "--addsign", *(os.path.abspath(path) for path in paths)]
            done = run_command(
                argv, log=log, expected=range(-64, 256), timeout=TIMEOUT, environment=self._environment(), tail=200_000
            )
        fault = _FAULT.search(done.output)
        return fault[0].strip() if fault else ""

    def sign_file(self, path: str, key: Key, target: str) -> None:
        """Put an armored signature of the file ``path`` at ``target``, whole or not at all.

        :raises Unavailable: gpg does not sign.
        """
        with self._options() as options, WorkFolder("signing") as folder:
            made = os.path.join(folder, "signature.asc")
            argv = [
                "gpg",
                "--homedir",
                self.home,
                *options,
                "--local-user",
                key.fingerprint,
                "--armor",
                "--detach-sign",
            ]
            argv += ["--output", made, "--", os.path.abspath(path)]
            done = run_command(argv, expected=range(-64, 256), timeout=TIMEOUT, environment=self._environment())
            if not os.path.exists(made):
                raise cannot_sign(key, done.output)
            with open(made, "rb") as file:
                content = file.read()
        write_atomically(target, content)

    @contextlib.contextmanager
    def _options(self) -> t.Iterator[list[str]]:
        """gpg's options: it never asks anybody."""
        options = ["--batch", "--no-tty"]
        if self.at is not None:
            moment = datetime.datetime.fromtimestamp(self.at, datetime.timezone.utc)
            options += ["--faked-system-time", f"{moment:%Y%m%dT%H%M%S}!"]
        if self.passphrase is None:
            yield [*options, "--pinentry-mode", "error"]
            return
        with _pipe_of(self.passphrase) as path:
            yield [*options, "--pinentry-mode", "loopback", "--passphrase-file", path]

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "TMPDIR", "HOME", "XDG_RUNTIME_DIR") if name in os.environ}
        return {**kept, "LC_ALL": "C.UTF-8", "GNUPGHOME": self.home}


def cannot_sign(key: Key, output: str) -> RelengError:
    """The error of a signature that was not made, with what gpg says of it."""
    faults = [fault.strip() for fault in _FAULT.findall(output)]
    said = next((fault for fault in faults if "failed" in fault or "No s" in fault), "".join(faults[:1]))
    said = said or output[-200:].strip() or "it says nothing"
    advice = ""
    if "passphrase" in said.lower() or "pinentry" in output.lower():
        advice = " Set passphrase or passphrase_file to the right one, or give it to gpg-agent before."
    return Unavailable(f"gpg does not sign with {key.fingerprint}: {said}.{advice}", output=output)


@contextlib.contextmanager
def _pipe_of(secret: str) -> t.Iterator[str]:
    """A named pipe that gives ``secret`` to each who opens it, in a folder that nobody else may enter."""
    ended = threading.Event()
    with WorkFolder("signing") as folder:
        path = os.path.join(folder, "passphrase")
        os.mkfifo(path, 0o600)

        def serve() -> None:
            while not ended.is_set():
                with contextlib.suppress(BrokenPipeError), open(path, "wb", buffering=0) as pipe:
                    if not ended.is_set():
                        pipe.write(secret.encode() + b"\n")
                # Until the reader has gone, opening it again would give it the same once more.
                ended.wait(0.002)

        server = threading.Thread(target=serve, daemon=True)
        server.start()
        try:
            yield path
        finally:
            ended.set()
            # It waits for somebody to open the pipe.
            with contextlib.suppress(OSError):
                os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
            server.join(5)
