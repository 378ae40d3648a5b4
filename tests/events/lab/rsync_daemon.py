# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real rsync daemon on loopback, ended by its process id."""

from __future__ import annotations

import contextlib
import pathlib
import shutil
import socket
import subprocess
import time
import typing as t

import pytest
from loopback import free_port


@contextlib.contextmanager
def rsync_daemon(folder: pathlib.Path, module: str = "munge symlinks = no", secret: str = "") -> t.Iterator[str]:
    """Serve ``folder`` for reading and writing; yields the address of its module."""
    if not shutil.which("rsync"):
        pytest.skip("rsync is not installed (bindep profile events)")
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    conf = folder.parent / f"{folder.name}-rsyncd.conf"
    login = ""
    if secret:
        secrets = folder.parent / f"{folder.name}-secrets"
        secrets.write_text(f"pusher:{secret}\n")
        secrets.chmod(0o600)
        login = f"auth users = pusher\nsecrets file = {secrets}\n"
    user = f"uid = {folder.stat().st_uid}\ngid = {folder.stat().st_gid}\n"
    conf.write_text(
        f"use chroot = no\naddress = 127.0.0.1\nport = {port}\n{user}"
        f"[mirror]\npath = {folder}\nread only = no\n{login}{module}\n"
    )
    process = subprocess.Popen(["rsync", "--daemon", "--no-detach", f"--config={conf}"])
    try:
        for _try in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            assert process.poll() is None, "the rsync daemon did not start"
            time.sleep(0.05)
        yield f"rsync://{'pusher@' * bool(secret)}127.0.0.1:{port}/mirror/"
    finally:
        process.kill()
        process.wait()
