# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What a module that takes long says while it works.

The action plugin C(progress) runs a module in the background and shows these lines on the terminal. A module takes part
when C(meta/runtime.yml) routes it to that plugin, and calls :func:`say` with whole sentences: what it does, how far it
is, where the log is. Without the plugin nobody listens, and nothing happens.
"""

from __future__ import annotations

import os

# The file that lines are added to; the action plugin sets it.
VARIABLE = "RDO_RELENG_PROGRESS"


def say(line: str) -> None:
    """Show one line."""
    path = os.environ.get(VARIABLE)
    if path:
        with open(path, "a", encoding="utf-8") as file:
            file.write(" ".join(line.split()) + "\n")
