#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: koji_external_repo
version_added: 0.1.0
short_description: Manage an external repository of a Koji hub
description:
  - Creates, changes and deletes an external repository. M(rdo.releng.koji_tag) puts it on tags.
options:
  name:
    description: Name of the repository.
    type: str
    required: true
  url:
    description:
      - Its address, with C($arch) where the architecture goes. Needed to create it.
      - The hub adds a slash at the end; it makes no difference here.
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
- name: Know BaseOS of CentOS Stream 9
  rdo.releng.koji_external_repo:
    koji: cbs
    name: centos9s-baseos
    url: https://mirror.stream.centos.org/9-stream/BaseOS/$arch/os/
"""

RETURN = r"""
actions:
  description: What was done, or would be, one sentence each.
  returned: success
  type: list
  elements: str
  sample: ["create external repository centos9s-baseos at https://mirror.stream.centos.org/9-stream/BaseOS/$arch/os/"]
external_repo:
  description: The repository with C(id), C(name) and C(url); null if it is absent.
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._koji.entities import ExternalRepoEntity
from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import KOJI, STATE
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run_change


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **KOJI,
            **STATE,
            "name": {"type": "str", "required": True},
            "url": {"type": "str"},
        },
        supports_check_mode=True,
    )
    run_change(module, ExternalRepoEntity(module.params, module.check_mode))


if __name__ == "__main__":
    main()
