# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running a molecule scenario on this host; what it does stays in one folder."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

from .modules import BUILD, ROOT


def run_molecule(scenario: str, folder: pathlib.Path) -> None:
    """Take a scenario of ``extensions/molecule`` from its beginning to its end.

    :param folder: RELENG_MOLECULE, all that it makes.
    """
    programs = pathlib.Path(sys.executable).parent
    done = subprocess.run(
        [programs / "molecule", "test", "--destroy=never", "--no-command-borders", f"--scenario-name={scenario}"],
        cwd=ROOT / "extensions",
        env={
            **os.environ,
            "PATH": f"{programs}:{os.environ['PATH']}",
            "ANSIBLE_COLLECTIONS_PATH": str(BUILD),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
            "MOLECULE_EPHEMERAL_DIRECTORY": str(folder / "molecule"),
            "NO_COLOR": "1",
            "RELENG_MOLECULE": str(folder),
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout
