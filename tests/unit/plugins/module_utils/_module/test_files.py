# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import socket

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput, NotFound
from ansible_collections.rdo.releng.plugins.module_utils._module.files import decode, open_state, read_input


def test_a_file_is_read_through_a_link(tmp_path):
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to("file")
    assert read_input(str(tmp_path / "link"), "thing") == b"content"


@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "socket", "link to a device"])
def test_what_is_no_file_is_refused_at_once(tmp_path, kind):
    path = str(tmp_path / "x")
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path = "/dev/zero"
    elif kind == "folder":
        os.mkdir(path)
    elif kind == "socket":
        socket.socket(socket.AF_UNIX).bind(path)
    else:
        os.symlink("/dev/zero", path)
    with pytest.raises(InvalidInput, match="The thing .*(not a file|cannot be read)"):
        read_input(path, "thing")


def test_a_file_that_is_not_there_or_too_large_is_named(tmp_path):
    with pytest.raises(NotFound, match="There is no thing at"):
        read_input(str(tmp_path / "x"), "thing")
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_input("a\0b", "thing")
    (tmp_path / "x").write_bytes(b"12345")
    assert read_input(str(tmp_path / "x"), "thing", 5) == b"12345"
    with pytest.raises(InvalidInput, match="larger than the 4 bytes"):
        read_input(str(tmp_path / "x"), "thing", 4)


def test_what_is_no_text_is_named_with_the_place():
    with pytest.raises(InvalidInput, match="The thing is not text in UTF-8: byte 0xff at position 2"):
        decode(b"ab\xff", "The thing")


def test_state_is_never_kept_behind_a_link(tmp_path):
    (tmp_path / "victim").write_text("content")
    (tmp_path / "state").symlink_to("victim")
    with pytest.raises(InvalidInput, match="It is a link, which is not followed"):
        open_state(str(tmp_path / "state"), "lock", os.O_RDWR | os.O_CREAT)
    assert (tmp_path / "victim").read_text() == "content"
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InvalidInput, match="a pipe, not a file"):
        open_state(str(tmp_path / "pipe"), "lock", os.O_RDWR | os.O_CREAT)


def test_state_is_made_added_to_and_not_inherited(tmp_path):
    path = str(tmp_path / "state")
    with open_state(path, "journal", os.O_RDWR | os.O_CREAT | os.O_APPEND) as file:
        assert not os.get_inheritable(file.fileno())
        file.write(b"one")
    with open_state(path, "journal", os.O_RDWR | os.O_CREAT | os.O_APPEND) as file:
        file.write(b"two")
    with open_state(path, "journal", os.O_RDONLY) as file:
        assert file.read() == b"onetwo"
    with pytest.raises(NotFound):
        open_state(str(tmp_path / "none"), "journal", os.O_RDONLY)


@pytest.mark.parametrize("target", ["file", "nothing", "x", "/etc/passwd"])
def test_a_link_is_not_followed_where_strangers_could_have_put_it(tmp_path, target):
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "x").symlink_to(target)
    with pytest.raises(InvalidInput, match="It is a link, which is not followed"):
        read_input(str(tmp_path / "x"), "thing", follow=False)
    assert read_input(str(tmp_path / "file"), "thing", follow=False) == b"content"
    with pytest.raises(NotFound):
        read_input(str(tmp_path / "missing"), "thing", follow=False)
