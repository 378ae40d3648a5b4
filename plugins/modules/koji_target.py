#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: koji_target
version_added: 0.1.0
short_description: Manage a build target of a Koji hub
description:
  - Creates, changes and deletes a build target. An option that is not given is left as it is.
options:
  name:
    description: Name of the target.
    type: str
    required: true
  build_tag:
    description: Tag that builds take what they require from. Needed to create the target.
    type: str
  dest_tag:
    description: Tag that finished builds go to. Needed to create the target.
    type: str
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
  - rdo.releng._attributes.ACTIONGROUP_KOJI
  - rdo.releng._koji
  - rdo.releng._state
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Build for epoxy on CentOS Stream 9
  rdo.releng.koji_target:
    koji: cbs
    name: cloud9s-openstack-epoxy-el9s
    build_tag: cloud9s-openstack-epoxy-el9s-build
    dest_tag: cloud9s-openstack-epoxy-candidate
"""

RETURN = r"""
actions:
  description: What was done, or would be, one sentence each.
  returned: success
  type: list
  elements: str
  sample: ["create target cloud9s-openstack-epoxy-el9s from a-build to a-candidate"]
target:
  description: The target with C(name), C(build_tag) and C(dest_tag); null if it is absent.
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._koji.entities import TargetEntity
from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import KOJI, STATE
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run_change


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **KOJI,
            **STATE,
            "name": {"type": "str", "required": True},
            "build_tag": {"type": "str"},
            "dest_tag": {"type": "str"},
        },
        supports_check_mode=True,
    )
    run_change(module, TargetEntity(module.params, module.check_mode))


if __name__ == "__main__":
    main()
