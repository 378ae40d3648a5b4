# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from ..plugin_utils._progress import ShowProgress


class ActionModule(ShowProgress):
    """Shows how the upgrade goes."""
