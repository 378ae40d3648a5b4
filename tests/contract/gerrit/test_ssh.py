# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pushing by SSH, through the real ssh and sshd."""

from __future__ import annotations

import pytest
from ssh_server import PROGRAMS, SshServer, find


@pytest.fixture
def ssh(double, tmp_path):
    missing = [name for name in PROGRAMS if not find(name)]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    server = SshServer(tmp_path / "sshd", double.folder)
    yield server
    server.stop()


@pytest.fixture
def by_ssh(ssh):
    return {
        "git_url": f"{ssh.url}/packages/nova",
        "ssh_key": ssh.keys / "user",
        "ssh_known_hosts": ssh.keys / "known_hosts",
    }


def test_a_change_is_proposed_and_amended(change, checkout, double, ssh, by_ssh):
    (checkout / "README").write_text("one\n")
    found = change(**by_ssh)
    assert found["outcome"] == "created", (found, (ssh.folder / "log").read_text())
    assert change(**by_ssh)["outcome"] == "unchanged"
    (checkout / "README").write_text("two\n")
    assert change(**by_ssh)["change"]["patch_set"] == 2
    assert not [line for line in double.requests if "receive-pack" in line]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ssh_key": "other"}, "Permission denied"),
        ({"ssh_known_hosts": "wrong_hosts"}, "Host key verification failed"),
    ],
    ids=str,
)
def test_a_key_that_is_not_known(change, checkout, ssh, by_ssh, options, message):
    (checkout / "README").write_text("one\n")
    found = change(**{**by_ssh, **{name: ssh.keys / file for name, file in options.items()}})
    assert found["failed"] and message in found["msg"], found["msg"]


def test_what_gerrit_refuses_is_told(change, checkout, by_ssh):
    (checkout / "README").write_text("one\n")
    found = change(**by_ssh, author_email="somebody@example.org")
    assert found["failed"] and "email address somebody@example.org is not registered" in found["msg"]
