#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: clean_root_command
version_added: 0.1.0
short_description: Run a program in a clean root
description:
  - Runs one program with bubblewrap in a root that M(rdo.releng.clean_root) made. It sees the root and nothing of the
    host, no process, no user and, unless told so, no network.
  - It is root in there, and nobody on the host. Its memory, processes, disk and output are limited.
  - C(/tmp) is empty and writable, and is the home. The rest cannot be written unless O(writable). What it leaves for
    the host has to be a regular file in one of the folders of O(results).
  - All that it prints is in the log. It ends with this module, however that ends, and with it all it has started.
options:
  root:
    description: Folder of the root.
    type: path
    required: true
  command:
    description: The program, by its path or name in the root, and its arguments. No shell is involved.
    type: list
    elements: str
    required: true
  environment:
    description:
      - The variables that it has besides E(PATH), E(HOME) and E(LANG). It has nothing of the host's.
    type: dict
    default: {}
  cwd:
    description: Folder in the root that it starts in.
    type: str
    default: /
  binds:
    description: Folders and files of the host that it sees.
    type: list
    elements: dict
    default: []
    suboptions:
      source:
        description: Path on the host.
        type: path
        required: true
      destination:
        description: Path in the root. It must be there, or be below C(/tmp), unless the root is writable.
        type: str
        required: true
  results:
    description: Folders that it writes its results to, and what is taken out of them when it has ended, in any way.
    type: list
    elements: dict
    default: []
    suboptions:
      folder:
        description:
          - Path in the root, as O(binds[].destination). It is empty when the program starts, and gone at the end.
        type: str
        required: true
      patterns:
        description:
          - Paths below it that are taken, in which each part can have C(*) and C(?). What matches has to be a regular
            file, no link and of less than a gibibyte, or the module fails; it may also not be there.
        type: list
        elements: str
        default: ["*"]
      destination:
        description: Folder of the host that gets the copies, by their names alone.
        type: path
        required: true
      name:
        description: Name of the copy, where O(results[].patterns) is the path of one file.
        type: str
      replace:
        description: Whether a copy takes the place of what has its name in the folder. It is a failure otherwise.
        type: bool
        default: true
  network:
    description: Whether it has the host's network.
    type: bool
    default: false
  writable:
    description: Whether it may change the root, which is then no longer clean.
    type: bool
    default: false
  timeout:
    description: Seconds that it may take; V(0) means no limit.
    type: float
    default: 3600
  log:
    description: File that its output is appended to.
    type: path
    required: true
  expected_status:
    description: Exit statuses that are not a failure.
    type: list
    elements: int
    default: [0]
requirements:
  - bubblewrap
extends_documentation_fragment:
  - rdo.releng._attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: none
    details:
      - What the program does is its own business, so it always runs and counts as a change.
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Run the tests of an installed package
  rdo.releng.clean_root_command:
    root: /srv/roots/unit
    command: [python3, -m, unittest, discover, -s, /usr/lib/python3.9/site-packages/oslo_utils/tests]
    results:
      - folder: /tmp/results
        patterns: ["*.xml"]
        destination: /srv/results/oslo.utils
    cwd: /tmp/results
    log: /srv/logs/oslo.utils.log
    timeout: 600
"""

RETURN = r"""
actions:
  description: What is run.
  returned: success
  type: list
  elements: str
rc:
  description: The exit status; negative is the signal that ended it.
  returned: when it was run
  type: int
output:
  description: The last part of what it printed.
  returned: when it was run
  type: str
seconds:
  description: How long it took.
  returned: when it ended as expected
  type: float
log:
  description: Path of the log.
  returned: always
  type: str
failure:
  description: Why it failed.
  returned: when it was run and failed
  type: dict
  contains:
    class:
      description: One of the classes that M(rdo.releng.dlrn_build) names.
      type: str
    lines:
      description: The lines of its output that say so.
      type: list
      elements: str
    missing:
      description: What was looked for and not found.
      type: list
      elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._module.runner import run_change
from ..module_utils._service.build.root_command import RootCommand


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "root": {"type": "path", "required": True},
            "command": {"type": "list", "elements": "str", "required": True},
            "environment": {"type": "dict", "default": {}},
            "cwd": {"type": "str", "default": "/"},
            "binds": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "source": {"type": "path", "required": True},
                    "destination": {"type": "str", "required": True},
                },
            },
            "results": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "folder": {"type": "str", "required": True},
                    "patterns": {"type": "list", "elements": "str", "default": ["*"]},
                    "destination": {"type": "path", "required": True},
                    "name": {"type": "str"},
                    "replace": {"type": "bool", "default": True},
                },
            },
            "network": {"type": "bool", "default": False},
            "writable": {"type": "bool", "default": False},
            "timeout": {"type": "float", "default": 3600.0},
            "log": {"type": "path", "required": True},
            "expected_status": {"type": "list", "elements": "int", "default": [0]},
        },
        supports_check_mode=True,
    )
    run_change(module, RootCommand(module.params))


if __name__ == "__main__":
    main()
