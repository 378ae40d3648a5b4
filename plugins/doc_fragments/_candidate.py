# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.

from __future__ import annotations


class ModuleDocFragment:
    # The options of module_utils/_module/arguments.py CANDIDATE
    DOCUMENTATION = r"""
options:
  path:
    description:
      - File that the lockfile is written to. If not set, the candidate is only returned.
      - A file that holds the same candidate is left alone; one that is not a valid lockfile is never overwritten.
    type: path
  dependencies:
    description: Address of the repository of what else the builds need.
    type: str
  base:
    description: Repositories of the distribution.
    type: list
    elements: dict
    default: []
    suboptions:
      id:
        description: Id for the repository.
        type: str
        required: true
      url:
        description: Address of the folder that has C(repodata) in it.
        type: str
        required: true
      drift:
        description:
          - What to do about it when the repository has changed after it was pinned. V(fail) refuses to use it.
          - With V(record) the run goes on, and says in its vote what it used.
        type: str
        choices: [fail, record]
        default: fail
  scenarios:
    description: Repositories of the tests that the candidate goes through.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the scenario.
        type: str
        required: true
      repository:
        description: Address of its git repository.
        type: str
        required: true
      version:
        description: Branch, tag, name below C(refs/), or full hash of a commit.
        type: str
        required: true
"""
