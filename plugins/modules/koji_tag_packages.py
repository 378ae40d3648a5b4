#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: koji_tag_packages
version_added: 0.1.0
short_description: Manage some packages of a Koji tag
description:
  - Lists, removes, blocks and unblocks packages of a tag. Packages that are not named are left alone.
options:
  tag:
    description: Name of the tag.
    type: str
    required: true
  packages:
    description: Packages by owner. With O(state=absent) the owner does not matter.
    type: dict
  blocked_packages:
    description: Packages to block or unblock.
    type: list
    elements: str
  state:
    description: What should become of the packages.
    type: str
    choices: [present, absent, blocked, unblocked]
    default: present
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
  - rdo.releng._attributes.ACTIONGROUP_KOJI
  - rdo.releng._koji
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Let the tag have nova and glance
  rdo.releng.koji_tag_packages:
    koji: cbs
    tag: cloud9s-openstack-epoxy-candidate
    packages:
      jane: [openstack-nova, openstack-glance]

- name: Keep a package out
  rdo.releng.koji_tag_packages:
    koji: cbs
    tag: cloud9s-openstack-epoxy-release
    state: blocked
    blocked_packages: [openstack-nova]
"""

RETURN = r"""
actions:
  description: What was done, or would be, one sentence each.
  returned: success
  type: list
  elements: str
  sample: ["add package openstack-nova to cloud9s-openstack-epoxy-candidate, owner jane"]
packages:
  description: The tag's own list by package, each with C(owner) and C(blocked); null if it is empty.
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._koji.package_list import PackagesEntity
from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import KOJI
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run_change


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **KOJI,
            "tag": {"type": "str", "required": True},
            "packages": {"type": "dict"},
            "blocked_packages": {"type": "list", "elements": "str"},
            "state": {"type": "str", "choices": ["present", "absent", "blocked", "unblocked"], "default": "present"},
        },
        required_if=[
            ("state", "present", ["packages"]),
            ("state", "absent", ["packages"]),
            ("state", "blocked", ["blocked_packages"]),
            ("state", "unblocked", ["blocked_packages"]),
        ],
        supports_check_mode=True,
    )
    run_change(module, PackagesEntity(module.params, module.check_mode))


if __name__ == "__main__":
    main()
