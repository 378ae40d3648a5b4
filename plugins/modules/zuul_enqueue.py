#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: zuul_enqueue
version_added: 0.1.0
short_description: Have Zuul run a pipeline for a revision, once
description:
  - Asks Zuul over its REST interface to run a pipeline for a reference of a project at a revision. If Zuul runs that
    already, or has run it, nothing is asked.
  - It waits until Zuul lists what it was asked for, so that a second call knows of it.
options:
  zuul_url:
    description: Address of Zuul's web server, without C(/api).
    type: str
    required: true
  tenant:
    description: Name of the tenant.
    type: str
    required: true
  project:
    description: Name of the project.
    type: str
    required: true
  pipeline:
    description: Name of the pipeline.
    type: str
    required: true
  ref:
    description: The reference, for example V(refs/heads/main).
    type: str
    required: true
  newrev:
    description: Hash of the commit that it has now.
    type: str
    required: true
  oldrev:
    description:
      - Hash of the commit that it had before. What changed between the two is what the jobs' file patterns see.
      - If not set, they see what the newest commit changed.
    type: str
  token:
    description:
      - The token that C(zuul-admin create-auth-token) makes for the tenant.
      - If not set, the environment variable E(ZUUL_TOKEN) is used. It is needed only when there is something to ask
        for.
    type: str
  wait_timeout:
    description: Seconds to wait until Zuul lists it.
    type: float
    default: 120.0
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
  - rdo.releng._http
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Let Zuul build what was merged
  rdo.releng.zuul_enqueue:
    zuul_url: https://zuul.example.org
    tenant: rdo
    project: openstack/nova-distgit
    pipeline: trunk
    ref: refs/heads/rpm-master
    newrev: 0d6f9d5c8d0c4a529d3c6a1f3a2f5c118d0c4a52
    token: "{{ vault_zuul_token }}"
"""

RETURN = r"""
actions:
  description: What was asked for, or would be.
  returned: success
  type: list
  elements: str
  sample: ["enqueue trunk for refs/heads/rpm-master of openstack/nova-distgit at 0d6f9d..."]
buildsets:
  description: What Zuul runs or has run for it, with C(uuid) and C(result), which is null while it runs.
  returned: success
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule, env_fallback

from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import HTTP
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform, run
from ansible_collections.rdo.releng.plugins.module_utils._zuul.enqueue import Enqueued


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **HTTP,
            "zuul_url": {"type": "str", "required": True},
            "tenant": {"type": "str", "required": True},
            "project": {"type": "str", "required": True},
            "pipeline": {"type": "str", "required": True},
            "ref": {"type": "str", "required": True},
            "newrev": {"type": "str", "required": True},
            "oldrev": {"type": "str"},
            "token": {"type": "str", "no_log": True, "fallback": (env_fallback, ["ZUUL_TOKEN"])},
            "wait_timeout": {"type": "float", "default": 120.0},
        },
        supports_check_mode=True,
    )
    run(module, lambda: perform(Enqueued(module.params), module.check_mode, module._diff))


if __name__ == "__main__":
    main()
