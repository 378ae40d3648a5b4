#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: koji_build_info
version_added: 0.1.0
short_description: What a Koji hub knows of builds
description:
  - Describes builds by their NVR, or all builds of a package, with their RPMs and the tags they are in.
  - A build that is not there is not an error; it is named in RV(missing).
options:
  builds:
    description: NVRs. One of O(builds) and O(package) is required.
    type: list
    elements: str
  package:
    description: All builds of this package.
    type: str
  gather:
    description: What to return of each, besides its own attributes.
    type: list
    elements: str
    choices: [rpms, tags]
    default: [tags]
extends_documentation_fragment:
  - rdo.releng._attributes.INFO
  - rdo.releng._attributes.ACTIONGROUP_KOJI
  - rdo.releng._koji
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: See where a build is
  rdo.releng.koji_build_info:
    koji: cbs
    builds: [openstack-nova-31.0.0-1.el9s]
  register: found

- name: Stop if it is not in testing
  ansible.builtin.assert:
    that: "'cloud9s-openstack-epoxy-testing' in found.builds[0].tags"
"""

RETURN = r"""
builds:
  description: The builds that are there.
  returned: success
  type: list
  elements: dict
  contains:
    nvr:
      description: Name, version, release.
      type: str
    build_id:
      description: Its number.
      type: int
    package:
      description: Name of its package.
      type: str
    epoch:
      description: Its epoch.
      type: int
    state:
      description: Its state, for example V(COMPLETE).
      type: str
    owner:
      description: Who built it.
      type: str
    task_id:
      description: The task that built it; null for one that was imported.
      type: int
    source:
      description: What it was built from.
      type: str
    completed_at:
      description: When it was complete.
      type: str
    tags:
      description: Names of the tags it is in.
      type: list
      elements: str
    rpms:
      description: Its RPMs, with C(name), C(arch), C(size) and C(filename).
      type: list
      elements: dict
missing:
  description: NVRs that the hub has no build of.
  returned: success
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._koji.query import build_info
from ansible_collections.rdo.releng.plugins.module_utils._koji.session import Hub
from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import KOJI
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **KOJI,
            "builds": {"type": "list", "elements": "str"},
            "package": {"type": "str"},
            "gather": {"type": "list", "elements": "str", "choices": ["rpms", "tags"], "default": ["tags"]},
        },
        required_one_of=[("builds", "package")],
        supports_check_mode=True,
    )
    options = {name: module.params[name] for name in ("builds", "package", "gather")}
    run(module, lambda: build_info(Hub.from_params(module.params), **options))


if __name__ == "__main__":
    main()
