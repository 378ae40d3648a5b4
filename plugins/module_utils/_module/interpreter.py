# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Going on under another Python, for a library that is installed there alone."""

from __future__ import annotations

import contextlib
import importlib
import os

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.respawn import has_respawned, respawn_module


def ensure_library(module: AnsibleModule, library: str, python: str | None) -> None:
    """Return where ``library`` can be imported: in this Python, or after starting anew in ``python``.

    Ends the module if neither has it.
    """
    with contextlib.suppress(ImportError):
        importlib.import_module(library)
        return
    if python and not has_respawned() and os.access(python, os.X_OK):
        respawn_module(python)
    where = f"nor for {python}" if python else "and no other Python is named"
    module.fail_json(msg=f"The library {library} is not installed for the Python that runs this module, {where}.")
