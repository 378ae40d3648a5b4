#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: base_change_info
version_added: 0.1.0
short_description: Say what another base would break in a candidate
description:
  - Compares a candidate with the same one on another base, see M(rdo.releng.candidate_base). Says which packages of the
    base changed, which packages of the candidate would newly lack something or could newly not be installed, and which
    change of the base brings that about. It takes seconds, and no machine boots for it.
  - A base that drops packages is refused, whether anybody requires them or not; what a scenario installs is in no
    package's requirements. O(accept_dropped) names those that may go.
  - If the base before is gone, as composes are after some weeks, everything that is broken on the new one counts.
options:
  before:
    description: Lockfile of the candidate on the base that it is known to be good on.
    type: path
    required: true
  after:
    description: Lockfile of the same candidate on the other base.
    type: path
    required: true
  installability:
    description: Whether each package must also be installable together with everything it needs.
    type: bool
    default: true
  waivers:
    description: Files of waivers for what is known to be broken, see O(rdo.releng.repoclosure#module:waivers).
    type: list
    elements: path
    default: []
  accept_dropped:
    description: Names of packages that may be dropped, with C(*) and C(?).
    type: list
    elements: str
    default: []
  fail_on_broken:
    description: Whether the task fails when the new base is refused.
    type: bool
    default: true
seealso:
  - module: rdo.releng.candidate_base
  - module: rdo.releng.compose_info
  - module: rdo.releng.repoclosure
extends_documentation_fragment:
  - rdo.releng._repositories
  - rdo.releng._attributes.INFO
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: See what the next compose would break
  rdo.releng.base_change_info:
    before: promoted.json
    after: next.json
    accept_dropped: ["*-debuginfo"]
"""

RETURN = r"""
good:
  description: Whether everything that would break is waived, and everything that would be dropped is accepted.
  returned: always
  type: bool
changes:
  description:
    - What changed in the base, by name and architecture, under C(added), C(removed), C(upgraded), C(downgraded) and
      C(rebuilt), as M(rdo.releng.rpm_repository_diff_info) has it. Null where the base before is gone.
  returned: always
  type: dict
broken:
  description:
    - What would newly be broken, with C(package), C(source), C(requirement), C(kind), C(reason) as
      M(rdo.releng.repoclosure) has it. C(introduced_by) are the source packages of the base that bring it about, and
      what came in their place.
  returned: always
  type: list
  elements: dict
  sample:
    - package: python3-nova-30.0.0-1.el9.noarch
      source: openstack-nova-30.0.0-1.el9
      requirement: libvirt-python < 11
      kind: closure
      reason: nothing provides libvirt-python < 11
      introduced_by: libvirt-python-10.9.0-1.el9 -> libvirt-python-11.0.0-1.el9
dropped:
  description: >-
    Packages that the new base does not have under any version. C(dependents) are packages of the candidate that require
    something of it, and C(accepted) says whether it may go.
  returned: always
  type: list
  elements: dict
fixed:
  description: What is broken now and would no longer be, with the keys of RV(broken).
  returned: always
  type: list
  elements: dict
waived:
  description: What would newly be broken and is waived.
  returned: always
  type: list
  elements: dict
summary:
  description: All of it in one sentence.
  returned: always
  type: str
  sample: base packages 12 upgraded, 1 removed; breaks python3-nova-30.0.0-1.el9.noarch; drops libfoo.
heads:
  description: Heads of RV(rows).
  returned: always
  type: list
  elements: str
rows:
  description: What would be broken or dropped, for a summary.
  returned: always
  type: list
  elements: list
table:
  description: The same for people.
  returned: always
  type: str
notes:
  description: What a reader should know, such as that a repository has changed since it was pinned.
  returned: always
  type: list
  elements: str
seconds:
  description: How long it took.
  returned: always
  type: float
"""

import platform

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import REPOSITORIES
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run
from ansible_collections.rdo.releng.plugins.module_utils._service.repository.base_change import base_change


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **REPOSITORIES,
            "before": {"type": "path", "required": True},
            "after": {"type": "path", "required": True},
            "installability": {"type": "bool", "default": True},
            "waivers": {"type": "list", "elements": "path", "default": []},
            "accept_dropped": {"type": "list", "elements": "str", "default": []},
            "fail_on_broken": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    params = {**module.params, "arch": module.params["arch"] or platform.machine()}
    run(module, lambda: base_change(params, module.check_mode))


if __name__ == "__main__":
    main()
