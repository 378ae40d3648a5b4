# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.

from __future__ import annotations


class ModuleDocFragment:
    # The options of module_utils/_module/arguments.py SPEC
    DOCUMENTATION = r"""
options:
  distros:
    description: Distros that the spec file must parse for.
    type: list
    elements: str
    default: [el9s, el10s]
  pythons:
    description: Version of Python by distro, for distros that the collection does not know.
    type: dict
    default: {}
"""
