# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.

from __future__ import annotations


class ModuleDocFragment:
    # The options of module_utils/_module/arguments.py REPOSITORIES
    DOCUMENTATION = r"""
options:
  variables:
    description:
      - Values of C($NAME) in C(.repo) files, C(releasever) for example.
      - C(basearch) and C(arch) are O(arch) unless given.
      - A variable without a value is an error.
    type: dict
    default: {}
  arch:
    description: Architecture of the machine that would install the packages. If not set, that of this one.
    type: str
  cache_dir:
    description:
      - Folder for repositories that were read, one file each. Several processes may share it.
      - If not set, C(rdo.releng/repositories) below E(XDG_CACHE_HOME), or below C(~/.cache).
      - In check mode it is read and not written.
    type: path
  cache_size:
    description: MiB that the folder may hold. The repositories not used for the longest time are removed first.
    type: int
    default: 1024
  ca_path:
    description: File of certificates of authorities that servers are checked with.
    type: path
  timeout:
    description: Seconds to wait for a server's next answer.
    type: float
    default: 30.0
  deadline:
    description: Seconds that all reading may take together, retries and pauses included.
    type: float
    default: 600.0
  retries:
    description: How often a read that failed in passing is tried again.
    type: int
    default: 3
requirements:
  - The Python libraries solv and zstandard
  - createrepo_c, for folders of RPM files without metadata
"""

    # The options of module_utils/_module/arguments.py TRIM, besides those
    TRIM = r"""
options:
  roots:
    description:
      - What the release is made of. The name of a source package stands for its newest build; the NVR of a build for
        that build.
    type: list
    elements: str
    required: true
  provide:
    description:
      - Repositories that a client has besides, given like C(check) of M(rdo.releng.repoclosure). What they give need
        not stay here.
    type: list
    elements: raw
    default: []
  installability:
    description: Whether the proof is also that every package that stays can still be installed.
    type: bool
    default: true
  allow_absent:
    description: Whether a root that there is no build of is only returned; otherwise it is an error.
    type: bool
    default: false
"""
