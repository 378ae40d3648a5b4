# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.

from __future__ import annotations


class ModuleDocFragment:
    # The options of module_utils/_module/arguments.py WAIT
    DOCUMENTATION = r"""
options:
  wait_timeout:
    description: Seconds to wait for it.
    type: float
    default: 14400.0
  poll:
    description: Seconds between two looks.
    type: float
    default: 10.0
"""
