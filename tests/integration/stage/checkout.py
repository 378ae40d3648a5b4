# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checkout as somebody else would clone it, with what is changed in it."""

from __future__ import annotations

import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[3]


def copy_checkout(folder: pathlib.Path) -> None:
    """Copy the files that git knows, or would, to ``folder``, without what make left."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.split(b"\0")
    for name in map(os.fsdecode, filter(None, listed)):
        source = ROOT / name
        if source.is_file() and not source.is_symlink():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(source.read_bytes())
