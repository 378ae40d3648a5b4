# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What DLRN's build driver needs of the collection is copied beside it, and works in a Python of its own."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[3]


def test_the_copied_rooms_are_complete(tmp_path):
    variables = yaml.safe_load((ROOT / "roles/dlrn_builder/vars/main.yml").read_text())
    for name in variables["__dlrn_builder_rooms"]:
        target = tmp_path / "rooms" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "plugins/module_utils" / name, target)
    code = (
        "from rooms._build import clean_root; from rooms._sandbox import confine, take; print(confine.Sandbox().root)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {code}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "None\n"), done.stderr
