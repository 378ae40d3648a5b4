# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real sshd in front of the double's repositories, on a port of the loopback interface."""

from __future__ import annotations

import getpass
import os
import pathlib
import shutil
import socket
import subprocess
import threading

PROGRAMS = ("sshd", "ssh", "ssh-keygen")
# Gerrit has projects where a shell has folders.
COMMAND = """#!/bin/sh
project=${{SSH_ORIGINAL_COMMAND#* }}
project=$(echo "$project" | tr -d "'" | sed "s,^/*,,")
case "$SSH_ORIGINAL_COMMAND" in
  git-upload-pack*) exec git-upload-pack "{folder}/$project.git" ;;
  git-receive-pack*) exec git-receive-pack "{folder}/$project.git" ;;
esac
"""
CONFIGURATION = """\
HostKey {folder}/host
AuthorizedKeysFile {folder}/authorized
ForceCommand {folder}/command
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin yes
StrictModes no
UsePAM no
"""


def find(program: str) -> str | None:
    return shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")


class SshServer:
    """
    :param folder: for what it needs; ``keys``, below it, has what the user has: ``user``, ``other``, ``known_hosts``,
        ``wrong_hosts``.
    :param repositories: folder with ``PROJECT.git``.
    """

    def __init__(self, folder: pathlib.Path, repositories: pathlib.Path) -> None:
        self.folder = folder
        self.keys = folder / "the user's keys"
        self.keys.mkdir(parents=True)
        for path in (folder / "host", folder / "wrong", self.keys / "user", self.keys / "other"):
            keygen = [str(find("ssh-keygen")), "-q", "-t", "ed25519", "-N", "", "-f", str(path)]
            subprocess.run(keygen, check=True)
        (folder / "command").write_text(COMMAND.format(folder=repositories))
        (folder / "command").chmod(0o755)
        (folder / "sshd_config").write_text(CONFIGURATION.format(folder=folder))
        if os.geteuid() == 0:
            os.makedirs("/run/sshd", mode=0o755, exist_ok=True)  # it insists
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"ssh://{getpass.getuser()}@127.0.0.1:{self.port}"
        (folder / "authorized").write_text((self.keys / "user.pub").read_text())
        for name, key in (("known_hosts", "host.pub"), ("wrong_hosts", "wrong.pub")):
            (self.keys / name).write_text(f"[127.0.0.1]:{self.port} {(folder / key).read_text()}")
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        """An sshd for each connection, as inetd does it."""
        argv = [str(find("sshd")), "-i", "-e", "-f", str(self.folder / "sshd_config")]
        with open(self.folder / "log", "ab") as log:
            while True:
                try:
                    connection, _address = self._listener.accept()
                except OSError:
                    return
                with connection:
                    subprocess.Popen(argv, stdin=connection, stdout=connection, stderr=log)

    def stop(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
