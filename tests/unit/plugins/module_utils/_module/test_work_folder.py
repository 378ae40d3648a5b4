# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._module import work_folder
from ansible_collections.rdo.releng.plugins.module_utils._module.work_folder import (
    WorkFolder,
    folder_of_the_run,
    remove_leftovers,
)

ROOT = pathlib.Path(__file__).resolve().parents[5]
PACKAGE = "ansible_collections.rdo.releng.plugins.module_utils._module.work_folder"

# Plays the part of ansible-playbook: a shell starts a module that makes the folder.
PLAYER = """\
import subprocess, sys, tempfile
from {package} import remove_leftovers
code = "from {package} import folder_of_the_run; print(folder_of_the_run('test'), flush=True)"
subprocess.run(["sh", "-c", '"$0" -c "$1"; true', sys.executable, code], check=True)
print(remove_leftovers(tempfile.gettempdir()))
"""


def leave(tmp_path, call: str) -> pathlib.Path:
    """The path of a folder whose owner was killed."""
    code = f"import os, sys; from {PACKAGE} import *; made = {call}; path = getattr(made, 'name', made)"
    code += "; print(path, flush=True); open(path + '/file', 'w').close(); os.kill(os.getpid(), 9)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / ".build")}
    argv = [sys.executable, "-c", code, "ansible-playbook"]
    done = subprocess.run(argv, stdout=subprocess.PIPE, text=True, env=environment, check=False)
    assert done.returncode == -9
    return pathlib.Path(done.stdout.strip())


@pytest.mark.parametrize("maker", ["WorkFolder", "folder_of_the_run"])
def test_what_a_killed_owner_left_goes_with_the_next_use(tmp_path, monkeypatch, maker):
    if maker == "folder_of_the_run":
        # The owner is the process that plays a playbook; here it is the one that is killed.
        maker = f"(setattr(sys.modules['{PACKAGE}'], '_player', lambda: str(os.getpid())), folder_of_the_run)[1]"
    left = leave(tmp_path, f"{maker}('test', {str(tmp_path)!r})")
    assert left.parent == tmp_path and (left / "file").exists()
    with WorkFolder("test", str(tmp_path)) as mine:
        assert [path.name for path in tmp_path.iterdir()] == [os.path.basename(mine)]
        assert remove_leftovers(str(tmp_path)) == []
    assert list(tmp_path.iterdir()) == []


def test_the_folder_of_a_run_outlives_the_modules_process(tmp_path):
    script = tmp_path / "ansible-playbook"
    script.write_text(PLAYER.format(package=PACKAGE))
    environment = {**os.environ, "PYTHONPATH": str(ROOT / ".build"), "TMPDIR": str(tmp_path)}
    path, removed = subprocess.check_output([sys.executable, script], text=True, env=environment).splitlines()
    assert removed == "[]" and os.path.dirname(path) == str(tmp_path)
    assert remove_leftovers(str(tmp_path)) == [path]


def test_nobody_elses_folder_is_touched(tmp_path, monkeypatch):
    left = leave(tmp_path, f"WorkFolder('test', {str(tmp_path)!r})")
    (tmp_path / "rdo-releng.test.1-1-1.link").symlink_to(tmp_path)
    other = tmp_path / left.name.replace("rdo-releng.test.", "rdo-releng.test.1")  # another namespace
    other.mkdir()
    (tmp_path / "rdo-releng.test.unowned").mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert remove_leftovers(str(tmp_path)) == []
    monkeypatch.undo()
    assert remove_leftovers(str(tmp_path)) == [str(left)]
    assert other.is_dir() and (tmp_path / "rdo-releng.test.unowned").is_dir()


def test_where_no_playbook_is_seen_the_folder_belongs_to_nobody(tmp_path, monkeypatch):
    monkeypatch.setattr(work_folder, "_player", lambda: None)
    path = folder_of_the_run("test", str(tmp_path))
    assert not work_folder._NAME.fullmatch(os.path.basename(path))
