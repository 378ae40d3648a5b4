#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: rdoinfo_package
short_description: A new package in rdoinfo
version_added: 0.1.0
description:
  - Adds a row for a package behind the last one of a file of rdoinfo. Every other line stays as it is.
  - A package that is there with the same attributes is left alone. Its tags may have changed since. One that is there
    with others is refused.
  - Nothing is written if the linter then finds a mistake that was not there before.
author:
  - RDO release engineering (@rdo-infra)
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
options:
  rdoinfo:
    description: Folder of rdoinfo.
    type: path
    required: true
  project:
    description: Name of the project, for example V(oslo-widget).
    type: str
    required: true
  conf:
    description: The entry of rdoinfo's C(package-configs) that it is like, for example V(rpmfactory-lib).
    type: str
  name:
    description: Name of its source package, if it is not what O(conf) says.
    type: str
  upstream:
    description: Address of upstream's repository, if it is not what O(conf) says.
    type: str
  component:
    description: Its component, if it is not what O(conf) says.
    type: str
  maintainers:
    description: Addresses of its maintainers, if they are not those of O(conf).
    type: list
    elements: str
    default: []
  tags:
    description: Tags that it has.
    type: list
    elements: str
    default: [under-review]
  file:
    description: File of rdoinfo that lists the packages.
    type: str
    default: rdo.yml
  entry:
    description: File that rdoinfo begins with.
    type: str
    default: rdo-full.yml
requirements:
  - PyYAML
"""

EXAMPLES = r"""
- name: Add a library
  rdo.releng.rdoinfo_package:
    rdoinfo: /srv/rdoinfo
    project: oslo-widget
    conf: rpmfactory-lib
    upstream: https://opendev.org/openstack/oslo.widget
    maintainers: [alice@example.com]
"""

RETURN = r"""
actions:
  description: What was done, or would be.
  type: list
  elements: str
  returned: success
  sample: ["add oslo-widget to rdo.yml"]
patch:
  description: The change as a unified diff without context. Empty when there is none.
  type: str
  returned: success
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run_change
from ansible_collections.rdo.releng.plugins.module_utils._release.rdoinfo import ENTRY
from ansible_collections.rdo.releng.plugins.module_utils._release.rdoinfo_package import ATTRIBUTES, PackageRow


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "rdoinfo": {"type": "path", "required": True},
            "project": {"type": "str", "required": True},
            "conf": {"type": "str"},
            "name": {"type": "str"},
            "upstream": {"type": "str"},
            "component": {"type": "str"},
            "maintainers": {"type": "list", "elements": "str", "default": []},
            "tags": {"type": "list", "elements": "str", "default": ["under-review"]},
            "file": {"type": "str", "default": "rdo.yml"},
            "entry": {"type": "str", "default": ENTRY},
        },
        supports_check_mode=True,
    )
    own = {name: module.params[name] for name in ("rdoinfo", "file", "project", "tags", "entry")}
    run_change(module, PackageRow(attributes={name: module.params[name] for name in ATTRIBUTES}, **own))


if __name__ == "__main__":
    main()
