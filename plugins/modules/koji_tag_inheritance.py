#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: koji_tag_inheritance
version_added: 0.1.0
short_description: Manage one parent of a Koji tag
description:
  - Adds, changes and removes one parent of a tag. Its other parents are left alone, but for one of the same priority,
    whose place the parent takes.
  - An option that is not given is left as it is, or is the hub's default for a new parent.
options:
  child_tag:
    description: Tag that inherits.
    type: str
    required: true
  parent_tag:
    description: Tag that is inherited from.
    type: str
    required: true
  priority:
    description: Place among the parents; small numbers come first. Needed for a new parent.
    type: int
  maxdepth:
    description: How many generations above the parent are inherited from. An empty string means no limit.
    type: raw
  pkg_filter:
    description: Regular expression of the packages that are inherited. An empty string means all.
    type: str
  intransitive:
    description: Whether tags that inherit from the child do without this parent.
    type: bool
  noconfig:
    description: Whether the parent's configuration (extra) is not inherited.
    type: bool
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
  - rdo.releng._attributes.ACTIONGROUP_KOJI
  - rdo.releng._koji
  - rdo.releng._state
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Build epoxy with what candidate holds
  rdo.releng.koji_tag_inheritance:
    koji: cbs
    child_tag: cloud9s-openstack-epoxy-el9s-build
    parent_tag: cloud9s-openstack-epoxy-candidate
    priority: 10
"""

RETURN = r"""
actions:
  description: What was done, or would be, one sentence each.
  returned: success
  type: list
  elements: str
  sample: ["add parent a-candidate of a-build, priority 10"]
inheritance:
  description:
    - All parents by name, each with C(priority), C(maxdepth), C(intransitive), C(noconfig) and C(pkg_filter); null if
      there are none.
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._koji.entities import InheritanceEntity
from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import KOJI, STATE
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run_change


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **KOJI,
            **STATE,
            "child_tag": {"type": "str", "required": True},
            "parent_tag": {"type": "str", "required": True},
            "priority": {"type": "int"},
            "maxdepth": {"type": "raw"},
            "pkg_filter": {"type": "str"},
            "intransitive": {"type": "bool"},
            "noconfig": {"type": "bool"},
        },
        supports_check_mode=True,
    )
    run_change(module, InheritanceEntity(module.params, module.check_mode))


if __name__ == "__main__":
    main()
