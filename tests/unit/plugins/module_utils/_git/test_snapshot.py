# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import socket

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._git import snapshot
from ansible_collections.rdo.releng.plugins.module_utils._git.repository import Identity, Repository
from ansible_collections.rdo.releng.plugins.module_utils._git.snapshot import is_url, take_snapshot
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import (
    InvalidInput,
    NotFound,
    Refused,
    TimedOut,
    Unavailable,
)


@pytest.fixture
def repository(tmp_path):
    """A repository with two commits: ``a`` is first "one", then "two"; the first is tagged 1.0."""
    made = Repository(str(tmp_path / "upstream"), Identity("A", "a@example.com"))
    made.create("main")
    for number, text in enumerate(["one", "two"]):
        (tmp_path / "upstream" / "a").write_text(text)
        made.git("add", "--all")
        made.git("commit", "--quiet", "--message", text)
        if not number:
            made.git("tag", "1.0")
    return made


def take(repository, revision, tmp_path, url=False):
    source = f"file://{repository.path}" if url else repository.path
    return take_snapshot(source, revision, str(tmp_path / "cache"), 30)


@pytest.mark.parametrize("url", [False, True], ids=["path", "url"])
def test_files_are_those_of_the_revision(repository, tmp_path, url):
    head = repository.revision("HEAD")
    (tmp_path / "upstream" / "a").write_text("not committed")
    assert take(repository, "1.0", tmp_path, url).read("a") == b"one"
    for revision in ("main", "HEAD", head):
        taken = take(repository, revision, tmp_path, url)
        assert (taken.read("a"), taken.commit) == (b"two", head)
        assert taken.description.endswith(f"upstream at {head}")


def test_a_hash_is_fetched_once(repository, tmp_path):
    head = repository.revision("HEAD")
    take(repository, head, tmp_path, url=True)
    os.rename(repository.path, tmp_path / "away")
    assert take(repository, head, tmp_path, url=True).read("a") == b"two"


def test_what_is_not_there_is_named(repository, tmp_path):
    with pytest.raises(NotFound, match="not a git repository with a revision nowhere"):
        take(repository, "nowhere", tmp_path)
    with pytest.raises(NotFound, match="nowhere cannot be fetched from file://"):
        take(repository, "nowhere", tmp_path, url=True)
    with pytest.raises(NotFound, match="There is no file b in "):
        take(repository, "main", tmp_path).read("b")
    with pytest.raises(NotFound, match="is not a git repository"):
        take_snapshot(str(tmp_path / "none"), "main", str(tmp_path / "cache"), 30)
    with pytest.raises(Unavailable, match="main cannot be fetched"):
        take_snapshot(f"file://{tmp_path}/none", "main", str(tmp_path / "cache"), 30)


def test_links_are_not_followed(repository, tmp_path):
    (tmp_path / "upstream" / "link").symlink_to("/etc/hostname")
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "link")
    with pytest.raises(NotFound, match="no file link"):
        take(repository, "main", tmp_path).read("link")


def test_a_server_that_hangs_is_given_up(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/rdoinfo"
        with pytest.raises(TimedOut, match=r"did not send main within 0\.5 s"):
            take_snapshot(url, "main", str(tmp_path / "cache"), 0.5)


@pytest.mark.parametrize("revision", ["--upload-pack=touch x", "a b", "a..b", "", "x\ny"])
def test_hostile_revisions_are_refused(repository, tmp_path, revision):
    with pytest.raises(InvalidInput, match="cannot be the name of a revision"):
        take(repository, revision, tmp_path)


def test_urls_are_told_from_paths():
    assert is_url("https://example.com/x") and is_url("git@example.com:x/y.git")
    assert not is_url("/srv/rdoinfo") and not is_url("rdoinfo")
    for url in ("ext::sh -c x", "https://me:secret@example.com/x", "ftp://example.com/x"):
        with pytest.raises(InvalidInput) as caught:
            is_url(url)
        assert "secret" not in caught.value.message


def test_files_that_are_larger_than_any_are_not_unpacked(repository, tmp_path, monkeypatch):
    """A repository holds zeros in a thousandth of their size."""
    with open(tmp_path / "upstream" / "zeros", "wb") as file:
        file.truncate(64 << 20)
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "zeros")
    assert len(take(repository, "HEAD", tmp_path).read("zeros")) == 64 << 20
    monkeypatch.setattr(snapshot, "MOST_BYTES", 32 << 20)
    for url in (False, True):
        with pytest.raises(Refused, match="has more than 33554432 bytes of files"):
            take(repository, "HEAD", tmp_path, url)


def test_what_a_killed_git_left_does_not_stop_the_next(repository, tmp_path):
    take(repository, "1.0", tmp_path, url=True)
    (cache,) = (tmp_path / "cache").iterdir()
    halves = [cache / "shallow.lock", cache / "config.lock", cache / "objects" / "pack" / "tmp_pack_x1Y2z3"]
    for path in halves:
        path.write_text("")
    assert take(repository, "main", tmp_path, url=True).read("a") == b"two"
    assert not any(path.exists() for path in halves)
