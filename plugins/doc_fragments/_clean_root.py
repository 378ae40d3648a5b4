# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.

from __future__ import annotations


class ModuleDocFragment:
    # The options of module_utils/_module/arguments.py CLEAN_ROOT
    DOCUMENTATION = r"""
options:
  path:
    description: Folder of the root.
    type: path
    required: true
  repositories:
    description:
      - Repositories to install from. Each has an C(id), an address as C(baseurl), C(metalink) or C(mirrorlist), and any
        other option of dnf.
      - Where a C(gpgkey) is given, the signatures of its packages are checked, unless C(gpgcheck) says otherwise.
      - With C(repomd_sha256), as lockfiles have it, nothing is installed from there but what that C(repomd.xml) lists,
        whatever becomes of the repository meanwhile.
    type: list
    elements: dict
    default: []
  repo_files:
    description: More repositories, as .repo files on the host.
    type: list
    elements: path
    default: []
  releasever:
    description: Value of C($releasever) in the addresses, which dnf always wants.
    type: str
    default: "9"
  cache:
    description:
      - Folder for dnf's metadata and downloaded packages. Several roots can share one. If not set, one with the name of
        the root and C(.cache).
    type: path
  timeout:
    description: Seconds that dnf may take; V(0) means no limit.
    type: float
    default: 3600.0
"""
