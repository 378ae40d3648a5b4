# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import stat

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform
from ansible_collections.rdo.releng.plugins.module_utils._service.report.folder_files import WriteFiles


def file(name="conf/projects.ini", content="[DEFAULT]\n", mode="0644"):
    return {"name": name, "content": content, "mode": mode}


def write(path, *files, folders=(), check=False):
    return perform(WriteFiles(str(path), list(folders), list(files)), check, diff=True)


def mode_of(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def test_files_and_folders_are_made_once(tmp_path):
    wanted = [file(), file("build.sh", "#!/bin/sh\n", "0755"), file("api.cfg", "a = 1", "600")]
    path = tmp_path / "new" / "service"

    assert write(path, *wanted, folders=["data/repos"])["changed"]

    assert (path / "conf/projects.ini").read_text() == "[DEFAULT]\n"
    assert [mode_of(path / name) for name in ("conf/projects.ini", "build.sh", "api.cfg")] == [0o644, 0o755, 0o600]
    assert (path / "data/repos").is_dir()
    assert not write(path, *wanted, folders=["data/repos"])["changed"]


def test_only_what_differs_is_written(tmp_path):
    write(tmp_path, file("a", "1"), file("b", "2"), file("c", "3"))
    kept = os.stat(tmp_path / "a").st_ino
    (tmp_path / "c").chmod(0o600)

    done = write(tmp_path, file("a", "1"), file("b", "new"), file("c", "3"))

    assert done["actions"] == [f"write {tmp_path}/b", f"write {tmp_path}/c"]
    assert os.stat(tmp_path / "a").st_ino == kept
    assert ((tmp_path / "b").read_text(), mode_of(tmp_path / "c")) == ("new", 0o644)


def test_line_ends_and_bytes_that_are_no_text_are_differences(tmp_path):
    (tmp_path / "a").write_bytes(b"1\r\n")
    (tmp_path / "b").write_bytes(b"\xff")
    done = write(tmp_path, file("a", "1\n"), file("b", "2"))
    assert len(done["actions"]) == 2
    assert ((tmp_path / "a").read_bytes(), (tmp_path / "b").read_bytes()) == (b"1\n", b"2")


def test_check_mode_writes_nothing_and_shows_the_difference(tmp_path):
    done = write(tmp_path / "new", file(), folders=["logs"], check=True)
    assert done["actions"] == [
        f"make {tmp_path}/new",
        f"make {tmp_path}/new/logs",
        f"write {tmp_path}/new/conf/projects.ini",
    ]
    assert done["diff"]["after"] == {f"{tmp_path}/new/conf/projects.ini": {"mode": "0644", "content": "[DEFAULT]\n"}}
    assert not (tmp_path / "new").exists()


def test_a_folder_that_is_to_be_empty_is_emptied(tmp_path):
    (tmp_path / "logs" / "old").mkdir(parents=True)
    (tmp_path / "logs" / "old" / "log").write_text("1")
    wanted = {"path": str(tmp_path), "folders": [], "files": [], "empty_folders": ["logs", "tests"]}

    done = [perform(WriteFiles(**wanted), check, diff=False) for check in (True, False, False)]

    assert done[0]["actions"] == done[1]["actions"] == [f"make {tmp_path}/tests", f"empty {tmp_path}/logs"]
    assert not done[2]["changed"]
    assert not [*(tmp_path / "logs").iterdir(), *(tmp_path / "tests").iterdir()]


def test_check_mode_empties_nothing(tmp_path):
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "log").write_text("1")
    assert perform(WriteFiles(str(tmp_path), [], [], ["logs"]), True, diff=False)["changed"]
    assert (tmp_path / "logs" / "log").exists()


def test_what_is_to_lie_in_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match="'logs/a' cannot be there"):
        WriteFiles(str(tmp_path), [], [file("logs/a")], ["logs"])


def test_a_link_in_the_place_of_a_folder_is_not_followed(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a").write_text("1")
    (tmp_path / "logs").symlink_to("elsewhere")
    with pytest.raises(InvalidInput, match=f"{tmp_path}/logs cannot be emptied"):
        perform(WriteFiles(str(tmp_path), [], [], ["logs"]), False, diff=False)
    assert (tmp_path / "elsewhere" / "a").exists()


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "", ".", "a//b", "a/"])
def test_a_name_that_is_no_plain_path_below_the_folder_is_refused(tmp_path, name):
    with pytest.raises(InvalidInput, match="not a plain path below"):
        WriteFiles(str(tmp_path), [], [file(name)])


def test_a_name_given_twice_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match="'logs' is given twice"):
        WriteFiles(str(tmp_path), ["logs"], [file("logs")])


@pytest.mark.parametrize("mode", ["u=rw", "0888", "", "10644"])
def test_a_mode_that_is_no_octal_number_is_refused(tmp_path, mode):
    with pytest.raises(InvalidInput, match="octal digits"):
        WriteFiles(str(tmp_path), [], [file(mode=mode)])


def test_a_folder_in_the_place_of_a_file_is_an_error_that_names_it(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(InvalidInput, match=f"{tmp_path}/a cannot be read"):
        write(tmp_path, file("a"))
