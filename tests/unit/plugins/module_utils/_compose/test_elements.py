# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in for sudo and mount where elements run, and what an image with elements depends on."""

from __future__ import annotations

import os
import subprocess

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._compose.builder_files import write_builder_files
from ansible_collections.rdo.releng.plugins.module_utils._compose.elements import _builder, _folder, tree_sha256
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput, NotFound, Refused


@pytest.fixture
def run(tmp_path):
    """Run one of the programs, as an element does."""
    given = []
    write_builder_files(str(tmp_path / "builder"), str(tmp_path), "/var/lib/rpm", given.append)
    programs = tmp_path / "builder/programs"
    assert str(programs / "sudo") in given and str(tmp_path / "builder/element/releng-manifest/root.d") in given

    def call(*argv):
        environment = {"PATH": f"{programs}:{os.environ['PATH']}"}
        return subprocess.run(argv, capture_output=True, text=True, env=environment, check=False)

    return call


@pytest.mark.parametrize("options", [[], ["-E"], ["-H", "-n"], ["-u", "root"], ["-E", "--"], ["ONE=1"]])
def test_sudo_is_the_command_itself(run, options):
    done = run("sudo", *options, "sh", "-c", 'echo "$@" "${ONE:-}"', "sh", "a b", "-u")
    assert done.stdout.split() == ["a", "b", "-u", *(["1"] if options == ["ONE=1"] else [])]
    assert run("sudo", *options, "sh", "-c", "exit 3").returncode == 3


def test_sudo_for_another_user_or_with_an_unknown_option_is_refused(run):
    assert "there is only root here" in run("sudo", "-u", "stack", "true").stderr
    assert "this option is not known here" in run("sudo", "-i", "true").stderr


def test_what_is_mounted_by_diskimage_builder_itself_is_a_copy_and_nothing_else_is_mounted(run, tmp_path):
    hooks, target = tmp_path / "hooks", tmp_path / "tree/tmp/in_target.d"
    (hooks / "install.d").mkdir(parents=True)
    (hooks / "install.d/50-x").write_text("x")
    target.mkdir(parents=True)
    assert run("sudo", "mount", "--bind", str(hooks), str(target)).returncode == 0
    assert run("mount", "-o", "remount,ro,bind", str(hooks), str(target)).returncode == 0
    assert (target / "install.d/50-x").read_text() == "x"
    assert run("sudo", "umount", "-f", str(target)).returncode == 0 and os.listdir(target) == []
    assert (hooks / "install.d/50-x").exists()
    for argv in (["-t", "tmpfs", "none", str(tmp_path)], ["-t", "proc", "none", str(tmp_path / "proc")]):
        done = run("mount", *argv)
        assert done.returncode == 1 and "cannot mount anything here" in done.stderr
    assert "nothing is mounted there" in run("umount", str(tmp_path)).stderr


def test_the_sum_of_a_folder_is_of_names_modes_links_and_contents(tmp_path):
    tree = tmp_path / "tree"
    (tree / "element/install.d").mkdir(parents=True)
    script = tree / "element/install.d/50-x"
    script.write_text("one")
    script.chmod(0o644)
    seen = [tree_sha256(str(tree))]
    os.utime(script, (1, 1))
    assert tree_sha256(str(tree)) == seen[0]
    for change in (
        lambda: script.write_text("two"),
        lambda: script.chmod(0o755),
        lambda: (tree / "link").symlink_to("element"),
        lambda: ((tree / "link").unlink(), (tree / "link").symlink_to("nowhere")),
        (tree / "empty").mkdir,
    ):
        change()
        assert tree_sha256(str(tree)) not in seen
        seen.append(tree_sha256(str(tree)))
    os.mkfifo(tree / "pipe")
    with pytest.raises(InvalidInput, match="pipe is neither a file nor a folder nor a link"):
        tree_sha256(str(tree))


def test_the_program_lies_where_its_python_can_be_seen(tmp_path):
    program = tmp_path / "venv/bin/disk-image-create"
    program.parent.mkdir(parents=True)
    with pytest.raises(NotFound, match="Install it: pip install diskimage-builder"):
        _builder(str(program))
    program.write_text("#!/usr/bin/python3\n")
    program.chmod(0o755)
    with pytest.raises(InvalidInput, match="neither in a virtual environment nor below /usr"):
        _builder(str(program))
    (tmp_path / "venv/pyvenv.cfg").write_text("")
    path, interpreter, binds = _builder(str(program))
    assert interpreter == [str(tmp_path / "venv/bin/python")]
    assert path == str(program) and [one.source for one in binds] == [str(tmp_path / "venv")]


def test_a_root_whose_proc_is_a_link_is_refused(tmp_path):
    (tmp_path / "proc").symlink_to("/etc")
    with pytest.raises(Refused, match="is not a folder"):
        _folder(str(tmp_path / "proc"))
