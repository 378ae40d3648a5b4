# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the tests on whole hosts: a machine of one's own, and what signs certificates; see ``machines``."""

from __future__ import annotations

import pathlib
import subprocess

import pytest
from machines import machine as machines
from machines.client import NAME


class Authority:
    """Certificates for :data:`NAME`, signed by an authority that exists for one test only."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.certificate = folder / "ca.crt"
        self._openssl("req", "-x509", "-nodes", "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=authority")

    def issue(self, name: str, host: str = NAME, days: int = 2) -> tuple[str, str]:
        """A certificate and its key, both as text."""
        self._openssl("req", "-new", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={host}")
        (self.folder / "names").write_text(f"subjectAltName=DNS:{host}\n")
        self._openssl(
            *("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial"),
            *("-extfile", "names", "-days", str(days), "-out", f"{name}.crt"),
        )
        return (self.folder / f"{name}.crt").read_text(), (self.folder / f"{name}.key").read_text()

    def _openssl(self, *words: str) -> None:
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    """A machine that runs, and has nothing on it but packages of the distribution."""
    reason = machines.unavailable()
    if reason:
        pytest.skip(f"no machine can be started: {reason}")
    machine = machines.Machine(tmp_path_factory.mktemp("machine"), binds=[machines.ROOT])
    try:
        machine.start()
        yield machine
    finally:
        machine.remove()


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))
