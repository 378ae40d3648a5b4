#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: koji_repo
version_added: 0.1.0
short_description: Bring a tag's repository on a Koji hub up to date
description:
  - Makes sure that the hub's own repository of a tag shows what the tag holds, by waiting for it or by asking for a new
    one.
options:
  tag:
    description: Name of the tag.
    type: str
    required: true
  builds:
    description: NVRs that must be in it. They must be in the tag, or in one that it inherits from.
    type: list
    elements: str
    default: []
  event:
    description:
      - Event of the hub that it must show.
      - Without this and O(builds), the last change of the tag or of one that it inherits from.
    type: int
  regenerate:
    description: Ask for a new one, which needs the permission C(regen-repo). Otherwise wait for whoever makes it.
    type: bool
    default: true
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
  - rdo.releng._attributes.ACTIONGROUP_KOJI
  - rdo.releng._koji
  - rdo.releng._wait
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Have a build in the build root
  rdo.releng.koji_repo:
    koji: cbs
    tag: cloud9s-openstack-epoxy-el9s-build
    builds: [python-oslo-config-9.7.0-1.el9s]
    regenerate: false
"""

RETURN = r"""
actions:
  description: What was done, or would be, one sentence each.
  returned: success
  type: list
  elements: str
  sample: ["regenerate the repository of a-build: it shows event 68, and event 75 is needed"]
event:
  description: The event that had to be in it.
  returned: success
  type: int
repo:
  description: The repository with C(id), C(event), C(created_at) and C(url). Null in check mode if there is none yet.
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._koji.repo import CurrentRepo
from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import KOJI, WAIT
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run_change


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **KOJI,
            **WAIT,
            "tag": {"type": "str", "required": True},
            "builds": {"type": "list", "elements": "str", "default": []},
            "event": {"type": "int"},
            "regenerate": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    run_change(module, CurrentRepo(module.params))


if __name__ == "__main__":
    main()
