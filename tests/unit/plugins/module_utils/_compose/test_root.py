# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a package's scriptlet may leave beside the tree that it is laid out in."""

from __future__ import annotations

import os

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._compose import root as rooms
from ansible_collections.rdo.releng.plugins.module_utils._compose.image import Image
from ansible_collections.rdo.releng.plugins.module_utils._compose.root import Root, installed
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import Refused


@pytest.fixture
def scriptlet(monkeypatch, tmp_path):
    """Have rpm's part done by a function of the folder, as a scriptlet that has left rpm's root."""

    def set_up(does):
        def run(self, *argv, **_how):
            if "-U" in argv:
                does(self.folder)
            return ""

        monkeypatch.setattr(Root, "run", run)
        monkeypatch.setattr(rooms, "find_program", str)
        monkeypatch.setattr(rooms, "_as_files", lambda there, files: {})
        return installed({}, str(tmp_path), "/var/lib/rpm", None, 10.0)

    return set_up


def test_what_is_beside_the_tree_is_gone_before_anything_is_made(scriptlet, tmp_path):
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "file").write_text("precious")

    def plant(folder):
        for name in ("commands", "proof"):
            os.symlink(victim / "file", os.path.join(folder, name))
        for name in ("out", "rpms"):
            os.rmdir(os.path.join(folder, name))
            os.symlink(victim, os.path.join(folder, name))
        os.mkfifo(os.path.join(folder, "pipe"))

    with scriptlet(plant) as (root, _found):
        out = os.path.join(root.folder, "out")
        assert sorted(os.listdir(root.folder)) == ["out", "root"]
        assert not os.path.islink(out) and os.listdir(out) == []
    assert (victim / "file").read_text() == "precious"


def test_a_link_in_place_of_the_tree_is_refused(scriptlet, tmp_path):
    def plant(folder):
        os.rename(os.path.join(folder, "root"), os.path.join(folder, "away"))
        os.symlink(tmp_path, os.path.join(folder, "root"))

    with pytest.raises(Refused, match="put a link in place of"), scriptlet(plant):
        pass


def test_an_image_is_made_without_a_file_of_the_host_s(tmp_path):
    """Whatever is in the folder, only confined programs write there."""
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "commands").symlink_to("victim")
    said = {"find": "4096 d", "dumpe2fs": "Inode count: 20\nFree inodes: 8\n"}
    commands = []

    class Fake:
        folder = str(tmp_path)

        def run(self, *argv, **_how):
            commands.append(argv)
            return said.get(argv[0], "")

    image = Image.__new__(Image)
    image.params = {"size": 0}
    image.manifest = type("Manifest", (), {"id": "a" * 64})()
    image._ext4(Fake())
    assert (tmp_path / "victim").read_text() == "precious" and sorted(os.listdir(tmp_path)) == ["commands", "victim"]
    assert commands[-1][-2:] == ("12", str(rooms.EPOCH))
