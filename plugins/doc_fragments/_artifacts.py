# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.

from __future__ import annotations


class ModuleDocFragment:
    # The options of module_utils/_module/arguments.py ARTIFACTS; those of REPOSITORIES are in rdo.releng._repositories
    DOCUMENTATION = r"""
options:
  artifacts:
    description: What is made. The order does not matter.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: What it is called.
        type: str
        required: true
      kind:
        description: What it is.
        type: str
        choices: [repository, ostree, image]
        required: true
      packages:
        description:
          - Names of packages that it holds, or what packages provide. What they require comes along; weak dependencies
            do not.
          - V(*) stands for all packages of the repositories.
        type: list
        elements: str
        required: true
      configuration:
        description: What else decides what it becomes.
        type: dict
      configuration_files:
        description: Files whose content does.
        type: list
        elements: path
        default: []
      tools:
        description:
          - The version of each program that makes it. Without a version the program is asked for it with C(--version).
        type: dict
        default: {}
      made_of:
        description: Names of other artifacts that it is made of. It is made again whenever one of them is.
        type: list
        elements: str
        default: []
  repositories:
    description: Where its packages come from, given like C(check) of M(rdo.releng.repoclosure).
    type: list
    elements: raw
    required: true
  fail_on_broken:
    description: Whether the task fails when an artifact cannot be made.
    type: bool
    default: true
"""
