# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What a module that takes long says while it works.

The action plugins of such modules (see ``plugin_utils/_progress.py``) run them in the background and show these lines
on the terminal. A module calls :func:`say` with whole sentences: what it does, how far it is, where the log is. When
nobody listens, nothing happens.
"""

from __future__ import annotations

import os

from .text import one_line, redacted

# The file that lines are added to; the action plugin sets it.
VARIABLE = "RDO_RELENG_PROGRESS"


def begin() -> None:
    """Write down which process says it, as the first line, so that its death is noticed."""
    _write(str(os.getpid()))


def say(line: str) -> None:
    """Show one line, without what would steer a terminal: parts of it may come from somebody's log."""
    _write(redacted(one_line(line, 1000)))


def _write(line: str) -> None:
    path = os.environ.get(VARIABLE)
    if path:
        with open(path, "a", encoding="utf-8") as file:
            file.write(line + "\n")
