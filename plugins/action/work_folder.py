# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from ..modules import work_folder
from ..plugin_utils._in_process import RunInProcess


class ActionModule(RunInProcess):
    """Bots make one for each package."""

    module = work_folder
