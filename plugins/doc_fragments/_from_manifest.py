# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.

from __future__ import annotations


class ModuleDocFragment:
    # The options of module_utils/_module/arguments.py ARTIFACT
    DOCUMENTATION = r"""
options:
  manifest:
    description: File of the manifest, C(rdo.releng/manifest/1). It says which packages the artifact is made of.
    type: path
    required: true
  packages:
    description: Folders below which the RPM files lie. Each package of the manifest is found by its name and sha256.
    type: list
    elements: path
    required: true
  path:
    description: Folder of the artifact. It must be new or empty, or hold an artifact that was made before.
    type: path
    required: true
  log:
    description: File that the output of the programs is added to.
    type: path
"""

    # The options of module_utils/_module/arguments.py ROOT
    ROOT = r"""
options:
  database:
    description:
      - Folder of rpm's database in the root, as the release has it. For example V(/var/lib/rpm) for EL 9,
        V(/usr/lib/sysimage/rpm) for EL 10.
    type: str
    default: /var/lib/rpm
  timeout:
    description: Seconds that one program may take.
    type: float
    default: 3600.0
"""
