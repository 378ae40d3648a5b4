#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: compose_info
version_added: 0.1.0
short_description: Say which repositories a distribution's compose has
description:
  - Reads C(composeinfo.json) of a compose and returns its repositories as the base of a candidate, pinned to this
    compose, whatever its mirrors hold tomorrow.
options:
  compose:
    description: >-
      Where the compose lies, a folder or an address. That of the compose itself, of C(compose) in it, or of its
      C(composeinfo.json).
    type: str
    required: true
  variants:
    description: Names of the variants whose repositories are wanted. If not set, all that have the architecture.
    type: list
    elements: str
    default: []
  arch:
    description: Architecture. If not set, that of this machine.
    type: str
extends_documentation_fragment:
  - rdo.releng._http
  - rdo.releng._attributes.INFO
seealso:
  - module: rdo.releng.dlrn_candidate
  - module: rdo.releng.repoclosure
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Read the newest compose
  rdo.releng.compose_info:
    compose: https://composes.stream.centos.org/production/latest-CentOS-Stream
    variants: [BaseOS, AppStream, CRB]
    arch: x86_64
  register: compose

- name: See what of a release the compose would break, before any machine boots
  rdo.releng.repoclosure:
    check: [https://trunk.rdoproject.org/centos9-epoxy/current-passed-ci/delorean.repo]
    provide: "{{ compose.repositories }}"
    installability: true
"""

RETURN = r"""
id:
  description: What the compose is called.
  returned: success
  type: str
  sample: CentOS-Stream-9-20251110.0
url:
  description: Where it lies, below which its repositories and its C(metadata) are.
  returned: success
  type: str
  sample: https://composes.example.org/production/CentOS-Stream-9-20251110.0/compose
type:
  description: What kind of compose it is.
  returned: success
  type: str
  sample: production
date:
  description: The day that it was made.
  returned: success
  type: str
  sample: "20251110"
respin:
  description: Which compose of that day it is.
  returned: success
  type: int
  sample: 0
label:
  description: What else the distribution calls it; null if nothing.
  returned: success
  type: str
release:
  description: The distribution and its version.
  returned: success
  type: str
  sample: CentOS Stream 9
variants:
  description: The names of all its variants.
  returned: success
  type: list
  elements: str
  sample: [AppStream, BaseOS, CRB]
base:
  description: The repositories as C(base) of M(rdo.releng.dlrn_candidate) takes them.
  returned: success
  type: list
  elements: dict
  sample:
    - id: baseos
      url: https://composes.example.org/production/CentOS-Stream-9-20251110.0/compose/BaseOS/x86_64/os
      drift: fail
repositories:
  description: The same as C(provide) of M(rdo.releng.repoclosure) takes them, each with C(id) and C(baseurl).
  returned: success
  type: list
  elements: dict
"""

import platform

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import HTTP
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run
from ansible_collections.rdo.releng.plugins.module_utils._repodata.compose import compose_info


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "compose": {"type": "str", "required": True},
            "variants": {"type": "list", "elements": "str", "default": []},
            "arch": {"type": "str"},
            **HTTP,
        },
        supports_check_mode=True,
    )
    params = {**module.params, "arch": module.params["arch"] or platform.machine()}
    run(module, lambda: compose_info(params))


if __name__ == "__main__":
    main()
