# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import fcntl
import json
import os

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._module.errors import Conflict, InvalidInput, NotFound
from ansible_collections.rdo.releng.plugins.module_utils._module.lock import held_lock


def test_it_says_who_holds_it_and_what_for(tmp_path):
    path = tmp_path / "made" / "lock"
    with held_lock(str(path), {"label": "tested"}):
        holder = json.loads(path.read_text())
        assert holder["pid"] == os.getpid() and {"host", "user", "since"} <= set(holder)
        message = rf"is held by process {os.getpid()} of .* \(label tested\)"
        with pytest.raises(Conflict, match=message) as caught, held_lock(str(path), {"label": "other"}):
            pass
        assert caught.value.data["holder"] == holder
    assert path.read_text() == ""


def test_it_is_free_again_after_an_error(tmp_path):
    path = str(tmp_path / "lock")
    with pytest.raises(RuntimeError), held_lock(path, {}):
        raise RuntimeError
    with held_lock(path, {}):
        pass


def test_whoever_waits_gets_it_when_it_is_free(tmp_path):
    path = str(tmp_path / "lock")
    first = held_lock(path, {})
    first.__enter__()
    naps = []

    def sleep(seconds):
        naps.append(seconds)
        first.__exit__(None, None, None)

    with held_lock(path, {}, timeout=10, pause=3, sleep=sleep):
        assert naps == [3]


@pytest.mark.parametrize("content", ["", "not json", "[1]"])
def test_a_file_that_says_nothing_is_no_obstacle(tmp_path, content):
    path = tmp_path / "lock"
    path.write_text(content)
    with held_lock(str(path), {}):
        path.write_text(content)
        with pytest.raises(Conflict, match=rf"process {os.getpid()} \("), held_lock(str(path), {}):
            pass


def test_a_folder_is_no_lock(tmp_path):
    with pytest.raises(InvalidInput, match="cannot be opened"), held_lock(str(tmp_path), {}):
        pass


def test_a_link_is_no_lock(tmp_path):
    (tmp_path / "victim").write_text("content")
    (tmp_path / "lock").symlink_to("victim")
    with (
        pytest.raises(InvalidInput, match="It is a link, which is not followed"),
        held_lock(str(tmp_path / "lock"), {}),
    ):
        pass
    assert (tmp_path / "victim").read_text() == "content"


def test_whoever_waits_is_told_once_for_whom(tmp_path):
    path, said = str(tmp_path / "lock"), []
    with held_lock(path, {"label": "tested"}):
        message = r"since \S+ \(label tested\)\. It was waited for 1 s\. Try again when it is free"
        with (
            pytest.raises(Conflict, match=message),
            held_lock(path, {}, 1, waiting=said.append, pause=0, clock=iter([0.0, 0.2, 0.4, 1.0]).__next__),
        ):
            pass
    assert len(said) == 1 and said[0].startswith(f"Waiting up to 1 s for the lock {path}, which is held by process ")


def test_those_who_share_it_keep_out_who_does_not(tmp_path):
    path = tmp_path / "lock"
    with held_lock(str(path), {}, shared=True), held_lock(str(path), {}, shared=True):
        assert path.read_text() == ""
        with pytest.raises(Conflict, match=rf"process {os.getpid()} \("), held_lock(str(path), {}):
            pass
    with held_lock(str(path), {}), pytest.raises(Conflict), held_lock(str(path), {}, shared=True):
        pass


def test_the_file_of_somebody_else_s_lock_is_neither_made_nor_written(tmp_path):
    path = tmp_path / "lock"
    with pytest.raises(NotFound, match="There is no lock"), held_lock(str(path), None, create=False):
        pass
    path.write_text("theirs")
    path.chmod(0o400)
    with held_lock(str(path), None, create=False), pytest.raises(Conflict), held_lock(str(path), None):
        pass
    assert path.read_text() == "theirs"


def test_a_file_that_its_holder_removed_locks_nobody(tmp_path):
    """Who waited for it takes the one that is there now."""
    path = tmp_path / "lock"
    first = held_lock(str(path), {})
    first.__enter__()

    def sleep(_seconds):
        path.unlink()
        first.__exit__(None, None, None)

    with held_lock(str(path), {}, timeout=10, sleep=sleep), open(path, "rb") as file:
        with pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert json.loads(file.read())["pid"] == os.getpid()
