# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Stands before renderspec on DLRN's PATH: a template in a distgit is a stranger's program, and runs in the sandbox.

DLRN calls it in the distgit's folder; the spec files that it writes are taken out to there.
"""

from __future__ import annotations

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from build_srpm import python_folders
from rooms._module.errors import RelengError
from rooms._sandbox.confine import Bind, Limits, Sandbox, confined, fresh_folder
from rooms._sandbox.take import Bounds, take

# The names that DLRN calls its files of epochs by are relative to the distgit's folder.
IN, WORK, EPOCH = "/tmp/in", "/tmp/work", "/tmp/epoch"  # noqa: S108 (the sandbox's own)
STEPS = f'cp -dR {IN}/. {WORK}/x/ && cd {WORK}/x && exec "$@"'


def main() -> int:
    folder = os.getcwd()
    epoch = os.path.join(folder, "../../epoch")
    program = os.path.join(os.path.dirname(sys.executable), "renderspec")
    with fresh_folder() as work:
        binds = [
            *(Bind(path, path) for path in python_folders()),
            Bind(folder, IN),
            Bind(work, f"{WORK}/x", writable=True),
        ]
        if os.path.isdir(epoch):
            binds.append(Bind(os.path.realpath(epoch), EPOCH))
        try:
            done = confined(
                ["sh", "-c", STEPS, "sh", program, *sys.argv[1:]],
                Sandbox(binds=tuple(binds), limits=Limits(seconds=300)),
            )
            take(work, ["*.spec"], folder, bounds=Bounds(count=20, size=2**24))
        except RelengError as error:
            print(error, file=sys.stderr)
            return 1
    sys.stdout.buffer.write(done.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
