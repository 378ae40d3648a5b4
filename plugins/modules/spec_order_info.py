#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: spec_order_info
short_description: In which order spec files are built
version_added: 0.1.0
description:
  - Reads spec files as text, without running anything of them, and says which of them need each other.
author:
  - RDO release engineering (@rdo-infra)
extends_documentation_fragment:
  - rdo.releng._attributes.INFO
options:
  specs:
    description: Paths of spec files by the names that the answer has for them.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: See what is built first
  rdo.releng.spec_order_info:
    specs:
      oslo-config: /srv/distgit/oslo-config/python-oslo-config.spec
      nova: /srv/distgit/nova/openstack-nova.spec
  register: order
"""

RETURN = r"""
order:
  description: The names, each after everything that it needs.
  type: list
  elements: str
  returned: success
  sample: [oslo-config, nova]
waves:
  description: The same in groups that need nothing of each other.
  type: list
  elements: list
  returned: success
  sample: [[oslo-config], [nova]]
needs:
  description: By name, which of the others it needs to be built or installed.
  type: dict
  returned: success
  sample: {oslo-config: [], nova: [oslo-config]}
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run
from ansible_collections.rdo.releng.plugins.module_utils._service.distgit.source_rpm import order_specs


def main() -> None:
    module = AnsibleModule(argument_spec={"specs": {"type": "dict", "required": True}}, supports_check_mode=True)
    run(module, lambda: order_specs(module.params))


if __name__ == "__main__":
    main()
