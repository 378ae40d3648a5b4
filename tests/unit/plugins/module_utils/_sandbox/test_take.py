# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files come out as copies, and nothing but regular files that are where they seem to be."""

from __future__ import annotations

import os
import socket

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput, Refused
from ansible_collections.rdo.releng.plugins.module_utils._sandbox.take import Bounds, find, read, take


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "in/RPMS/noarch").mkdir(parents=True)
    (tmp_path / "out").mkdir()
    (tmp_path / "secret").write_text("s3cr3t")
    return tmp_path / "in"


def packages(folder, **options):
    return take(str(folder), ["RPMS/*/*.rpm"], str(folder.parent / "out"), **options)


def test_a_copy_with_a_mode_of_its_own(folder):
    source = folder / "RPMS/noarch/a-1-1.noarch.rpm"
    source.write_bytes(b"first")
    source.chmod(0o4777)
    (folder / "RPMS/other.txt").write_text("not asked for")
    (path,) = packages(folder)
    source.write_bytes(b"second")
    copy = folder.parent / "out/a-1-1.noarch.rpm"
    assert (path, copy.read_bytes(), copy.stat().st_mode & 0o7777) == (str(copy), b"first", 0o644)
    assert [one.path for one in find(str(folder), ["RPMS/*/*.rpm"])] == ["RPMS/noarch/a-1-1.noarch.rpm"]


def link(folder):
    (folder / "RPMS/noarch/a.rpm").symlink_to(folder.parent / "secret")


def folder_link(folder):
    (folder.parent / "elsewhere").mkdir()
    (folder.parent / "elsewhere/a.rpm").write_text("s3cr3t")
    (folder / "RPMS/x").symlink_to(folder.parent / "elsewhere")


def pipe(folder):
    os.mkfifo(folder / "RPMS/noarch/a.rpm")


def socket_file(folder):
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(folder / "RPMS/noarch/a.rpm"))


def option_name(folder):
    (folder / "RPMS/noarch/--help.rpm").touch()


def two_lines(folder):
    (folder / "RPMS/noarch/a\nb.rpm").touch()


def no_text(folder):
    (folder / "RPMS/noarch" / os.fsdecode(b"a\xff.rpm")).touch()


def big(folder):
    (folder / "RPMS/noarch/a.rpm").write_bytes(b"x" * 101)


def many(folder):
    for number in range(4):
        (folder / f"RPMS/noarch/{number}.rpm").touch()


def together(folder):
    for number in range(3):
        (folder / f"RPMS/noarch/{number}.rpm").write_bytes(b"x" * 60)


def twice(folder):
    (folder / "RPMS/x86_64").mkdir()
    for name in "x86_64", "noarch":
        (folder / f"RPMS/{name}/a.rpm").touch()


@pytest.mark.parametrize(
    ("leave", "reason"),
    [
        (link, "a.rpm is a link, not a regular file"),
        (folder_link, "RPMS/x is a link, where a folder was expected"),
        (pipe, "a named pipe"),
        (socket_file, "a socket"),
        (option_name, "a name that nobody would give"),
        (two_lines, r"a\nb.rpm has a name"),
        (no_text, "has a name"),
        (big, "has 101 bytes, more than the 100"),
        (many, "More than 3 files"),
        (together, "more than the 50 bytes"),
        (twice, "more than one file named a.rpm"),
    ],
)
def test_what_is_not_taken(folder, leave, reason):
    leave(folder)
    with pytest.raises(Refused) as caught:
        packages(folder, bounds=Bounds(count=3, size=100, total=170))
    assert reason in caught.value.message and "s3cr3t" not in caught.value.message
    assert all(path.suffix == ".rpm" and "s3cr3t" not in path.read_text() for path in (folder.parent / "out").iterdir())


def test_what_is_no_file_is_left_out_where_all_that_is_wanted_is_what_is_one(folder):
    for leave in (pipe, folder_link, option_name):
        leave(folder)
    (folder / "RPMS/noarch/b.rpm").touch()
    assert [os.path.basename(path) for path in packages(folder, strict=False)] == ["b.rpm"]


def test_one_file_is_read(folder):
    (folder / "RPMS/noarch/a").write_bytes(b"12345")
    assert read(str(folder), "RPMS/noarch/a", 5) == b"12345"
    with pytest.raises(Refused, match="more than 4 bytes"):
        read(str(folder), "RPMS/noarch/a", 4)
    with pytest.raises(InvalidInput, match="There is no"):
        read(str(folder), "RPMS/noarch/b", 4)
    link(folder)
    pipe_path = folder / "RPMS/noarch/pipe"
    os.mkfifo(pipe_path)
    for name in "a.rpm", "pipe":
        with pytest.raises(Refused):
            read(str(folder), f"RPMS/noarch/{name}", 100)


@pytest.mark.parametrize("pattern", ["../secret", "", "/", "RPMS/../../secret"])
def test_patterns_stay_below_the_folder(folder, pattern):
    with pytest.raises(InvalidInput, match="is not a pattern"):
        take(str(folder), [pattern], str(folder.parent / "out"))


def test_the_folder_itself_is_no_link(folder):
    (folder.parent / "link").symlink_to(folder)
    for name in "link", "nothing":
        with pytest.raises(InvalidInput, match="Nothing can be taken out"):
            take(str(folder.parent / name), ["*"], str(folder.parent / "out"))
