# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Programs of this host that read what strangers wrote: they see it and themselves, and nothing else."""

from __future__ import annotations

import os
import typing as t

from .._module.command import find_program, run_command

# A spec that takes longer waits for something that is not there.
SECONDS = 30


def run_confined(argv: t.Sequence[str], folder: str) -> str:
    """What a program prints that sees this host's programs and ``folder`` as ``/in``, and nothing else.

    :raises CommandFailed: it ended with another status than 0.
    :raises TimedOut: it took longer than :data:`SECONDS`.
    """
    find_program(argv[0])
    view = [*("--ro-bind", "/usr", "/usr"), *("--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp")]  # noqa: S108 (its own)
    for name in ("bin", "sbin", "lib", "lib64"):
        view += ["--symlink", os.readlink(f"/{name}"), f"/{name}"] if os.path.islink(f"/{name}") else []
    view += ["--ro-bind-try", "/etc/rpm", "/etc/rpm", "--ro-bind", folder, "/in", "--chdir", "/"]
    command = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", *view, "--", *argv]
    environment = {"PATH": "/usr/bin:/usr/sbin:/bin:/sbin", "HOME": "/tmp", "LANG": "C.UTF-8"}  # noqa: S108
    return run_command(command, environment=environment, timeout=SECONDS, tail=64 * 1024 * 1024).output
