# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which commit a name stands for in a repository elsewhere."""

from __future__ import annotations

import socket

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._git.remote import has_revision, remote_revision
from ansible_collections.rdo.releng.plugins.module_utils._git.repository import Identity, Repository
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import (
    InvalidInput,
    NotFound,
    TimedOut,
    Unavailable,
)


@pytest.fixture(scope="module")
def remote(tmp_path_factory):
    """Two commits on master; the first has a tag, v1, and a branch, both, whose name is also a tag of the second."""
    folder = tmp_path_factory.mktemp("git") / "tests"
    made = Repository(str(folder), Identity("A", "a@example.com"))
    made.create("master")
    made.git("commit", "--quiet", "--allow-empty", "--message", "one")
    made.git("tag", "--annotate", "--message", "one", "v1")
    made.git("branch", "both")
    made.git("branch", "stable/2026.1")
    made.git("commit", "--quiet", "--allow-empty", "--message", "two")
    made.git("tag", "both")
    commits = [made.revision(name) for name in ("master^", "master")]
    return f"file://{folder}", *commits


def test_a_name_stands_for_a_commit(remote):
    url, first, second = remote
    for name in ("v1", "stable/2026.1", "refs/heads/both", "refs/tags/v1"):
        assert remote_revision(url, name, 60) == first
    for name in ("master", "HEAD", "refs/tags/both", second):
        assert remote_revision(url, name, 60) == second


def test_a_name_that_stands_for_two_is_no_name(remote):
    with pytest.raises(InvalidInput, match="has both refs/heads/both and refs/tags/both"):
        remote_revision(remote[0], "both", 60)


def test_what_is_not_there_is_named_with_what_there_is(remote):
    with pytest.raises(NotFound, match=r"no branch or tag stable/2026\.2\. It has, closest first: stable/2026\.1, "):
        remote_revision(remote[0], "stable/2026.2", 60)
    with pytest.raises(NotFound, match="has no commit ffff"):
        remote_revision(remote[0], "f" * 40, 60)
    assert not has_revision(remote[0], "f" * 40, 60)


def test_a_repository_that_can_not_be_read_is_no_answer(remote):
    with pytest.raises(Unavailable, match="cannot be read"):
        has_revision(f"{remote[0]}-none", "f" * 40, 60)


def test_a_server_that_hangs_is_named(remote):
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/tests"
        with pytest.raises(TimedOut, match=rf"{url} did not answer within 0\.5 s"):
            remote_revision(url, "master", 0.5)


@pytest.mark.parametrize("name", ["--upload-pack=touch x", "a b", "../x", "a..b", "x@{1}", ""])
def test_hostile_names_never_reach_git(name):
    with pytest.raises(InvalidInput, match="cannot be the name of a branch or tag"):
        remote_revision("file:///none", name, 60)


def test_protocols_that_run_commands_are_not_spoken(tmp_path):
    with pytest.raises(Unavailable):
        remote_revision(f"ext::touch {tmp_path}/made", "master", 60)
    assert not (tmp_path / "made").exists()
