# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.

from __future__ import annotations


class ModuleDocFragment:
    # The options of module_utils/_module/arguments.py RDOINFO
    DOCUMENTATION = r"""
options:
  rdoinfo:
    description:
      - Where rdoinfo is. A folder, a local git repository or the URL of one.
      - A URL must not hold a password.
    type: str
    required: true
  rdoinfo_revision:
    description:
      - Branch, tag, other reference or hash of the git repository.
      - If not set, a folder is read as it lies there, and of a URL its default branch.
    type: str
  rdoinfo_entry:
    description: File that imports all others.
    type: str
    default: rdo-full.yml
  git_timeout:
    description: Seconds that fetching from a URL may take.
    type: float
    default: 120.0
  cache_dir:
    description:
      - Folder for what can be had again. What was fetched by git, and rdoinfo as it was put together.
      - If not set, C(rdo.releng) below E(XDG_CACHE_HOME) or C(~/.cache) is used.
    type: path
"""
