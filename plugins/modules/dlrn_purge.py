#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: dlrn_purge
version_added: 0.1.0
short_description: Remove DLRN's old builds, but none that a label holds
description:
  - Runs C(dlrn-purge) on DLRN's host, as DLRN's user, and has it keep the builds of every label that it finds, so that
    a candidate under test is still there when it should be promoted.
  - The newest build of each package is kept in any case.
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
options:
  config:
    description: DLRN's C(projects.ini). Relative paths in it are taken from the folder that it lies in.
    type: path
    required: true
  older_than:
    description: Builds of at least this many days are removed.
    type: int
    required: true
  keep:
    description:
      - Labels that must be there. If one is not, or its repository is gone, that is an error and nothing is removed.
      - Whether they are named here or not, all labels are kept but those of O(forget).
    type: list
    elements: str
    default: []
  forget:
    description: Labels that need not be kept.
    type: list
    elements: str
    default: []
  executable:
    description: The program C(dlrn-purge), by name or path.
    type: str
    default: dlrn-purge
  lock:
    description:
      - The same file as O(rdo.releng.dlrn_promotion#module:lock), so that no candidate is staged between looking for
        labels and removing what they do not hold.
    type: path
  lock_timeout:
    description: Seconds to wait for whoever holds O(lock).
    type: float
    default: 60.0
  time_limit:
    description: Seconds that C(dlrn-purge) may take, to look and to remove each; V(0) means no limit.
    type: float
    default: 14400.0
  log:
    description: File that the output of C(dlrn-purge) is appended to.
    type: path
seealso:
  - module: rdo.releng.dlrn_promotion
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Remove builds of two months, but no candidate
  rdo.releng.dlrn_purge:
    config: /home/centos9-master-uc/projects.ini
    executable: /home/centos9-master-uc/.venv/bin/dlrn-purge
    older_than: 60
    keep: [current-passed-ci, current-passed-ci-testing]
    lock: /home/centos9-master-uc/promotion.lock
    log: /home/centos9-master-uc/purge.log
  become: true
  become_user: centos9-master-uc
"""

RETURN = r"""
removed:
  description: Folders that were removed, in check mode that would be.
  returned: success
  type: list
  elements: str
kept_labels:
  description: Labels whose builds were kept.
  returned: success
  type: list
  elements: str
  sample: [consistent, current, current-passed-ci-testing]
exclude_dirs:
  description: What C(dlrn-purge) was given to keep.
  returned: success
  type: list
  elements: str
actions:
  description: What was done, in check mode what would be done, one sentence for each step.
  returned: success
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._dlrn.purge import Purge
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run_change


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "config": {"type": "path", "required": True},
            "older_than": {"type": "int", "required": True},
            "keep": {"type": "list", "elements": "str", "default": []},
            "forget": {"type": "list", "elements": "str", "default": []},
            "executable": {"type": "str", "default": "dlrn-purge"},
            "lock": {"type": "path"},
            "lock_timeout": {"type": "float", "default": 60.0},
            "time_limit": {"type": "float", "default": 14400.0},
            "log": {"type": "path"},
        },
        supports_check_mode=True,
    )
    run_change(module, Purge(**module.params, check_mode=module.check_mode))


if __name__ == "__main__":
    main()
