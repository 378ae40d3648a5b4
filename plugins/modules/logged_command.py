#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: logged_command
version_added: 0.1.0
short_description: Run somebody else's program with a log, a time limit, and a reason when it fails
description:
  - Runs one program, for example upstream's own C(run_tests.sh), with exactly the variables that are given.
  - All that it prints is in the log. When it fails, the log says why, in one of a few classes.
  - It ends with this module, however that ends, and with it all that it has started, unless O(processes) are shared.
  - It is not confined otherwise. What a stranger wrote runs on a host that has no secret and is thrown away.
options:
  command:
    description: The program, by its path (absolute, or in O(cwd)) or name, and its arguments. No shell is involved.
    type: list
    elements: str
    required: true
  cwd:
    description: Folder that it starts in.
    type: path
    required: true
  environment:
    description:
      - The variables that it has, besides O(keep).
      - A diff shows them, so a secret has to come in a file.
    type: dict
    default: {}
  keep:
    description: Variables that it has from this process, where they are set.
    type: list
    elements: str
    default: [HOME, LANG, LOGNAME, PATH, USER, http_proxy, https_proxy, no_proxy]
  processes:
    description:
      - V(own) is a table of processes of its own. The program sees no process of the host, and nothing of theirs, such
        as a password in the environment of the Ansible that runs it. Nothing that it started is left when it ends, but
        for services of the host.
      - V(shared) is the host's table. What makes itself independent goes on then.
      - V(auto) is V(own) for root, and V(shared) for others, who cannot have it otherwise.
    type: str
    choices: [auto, own, shared]
    default: auto
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
seealso:
  - module: rdo.releng.clean_root_command
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
- name: Run upstream's tests
  rdo.releng.logged_command:
    command: [./run_tests.sh]
    cwd: /srv/results/source
    environment:
      SCENARIO: scenario001
      MANAGE_REPOS: "false"
    timeout: 7200
    log: /srv/results/logs/run_tests.log
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

from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run_change
from ansible_collections.rdo.releng.plugins.module_utils._service.build.diagnosed_command import LoggedCommand

KEPT = ["HOME", "LANG", "LOGNAME", "PATH", "USER", "http_proxy", "https_proxy", "no_proxy"]


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "command": {"type": "list", "elements": "str", "required": True},
            "cwd": {"type": "path", "required": True},
            "environment": {"type": "dict", "default": {}},
            "keep": {"type": "list", "elements": "str", "default": KEPT},
            "processes": {"type": "str", "choices": ["auto", "own", "shared"], "default": "auto"},
            "timeout": {"type": "float", "default": 3600.0},
            "log": {"type": "path", "required": True},
            "expected_status": {"type": "list", "elements": "int", "default": [0]},
        },
        supports_check_mode=True,
    )
    run_change(module, LoggedCommand(module.params))


if __name__ == "__main__":
    main()
