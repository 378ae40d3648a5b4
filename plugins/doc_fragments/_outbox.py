# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.

from __future__ import annotations


class ModuleDocFragment:
    # The options of module_utils/_module/arguments.py OUTBOX
    DOCUMENTATION = r"""
options:
  outbox:
    description: Folder of the outbox.
    type: path
    required: true
  once:
    description:
      - What it is known by, such as the id of a notice. Whatever is said to the same receivers with the same O(once) is
        said only once, even if its text differs.
      - If not set, it is known by everything that it says.
    type: str
seealso:
  - module: rdo.releng.event_delivery
"""
