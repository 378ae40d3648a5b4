#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: rpm_from_wheel
version_added: 0.1.0
short_description: Make an RPM of each Python wheel
description:
  - Lays out every wheel as an RPM C(python3-NAME) would have it. What the RPM provides and requires is read from the
    wheel by RPM's own generator, so that C(python3dist()) means what it means in a distribution.
  - For stand-in repositories, where the RPMs of a distribution are not at hand. None of the wheel's code is run.
options:
  wheels:
    description: Wheels, and folders whose wheels are all taken.
    type: list
    elements: path
    required: true
  destination:
    description:
      - Folder that the RPMs are put in.
      - It also gets a file C(wheels.json), which says which wheel each RPM was made of.
    type: path
    required: true
  log_dir:
    description: Folder for the log of each build.
    type: path
    required: true
  jobs:
    description: How many are built at the same time.
    type: int
    default: 2
  purge:
    description: Remove RPMs from O(destination) that this module made of other wheels.
    type: bool
    default: false
requirements:
  - rpmbuild, with RPM's generator for Python, C(pythondistdeps.py)
  - The Python libraries installer and packaging
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Make RPMs of all wheels that were downloaded
  rdo.releng.rpm_from_wheel:
    wheels: [/var/tmp/wheels]
    destination: /var/tmp/base
    log_dir: /var/tmp/logs/wheels
"""

RETURN = r"""
actions:
  description: What was done, or would be; one sentence for each RPM.
  returned: success
  type: list
  elements: str
  sample: ["make python3-wrapt-2.0.1-1.x86_64.rpm of wrapt-2.0.1-cp311-cp311-manylinux_2_17_x86_64.whl"]
rpms:
  description: Paths of the RPMs of all given wheels.
  returned: success
  type: list
  elements: str
  sample: [/var/tmp/base/python3-wrapt-2.0.1-1.x86_64.rpm]
log_dir:
  description: Folder with a log for each wheel that was built.
  returned: success
  type: str
  sample: /var/tmp/logs/wheels
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._build.wheel_package import WheelPackages
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run_change


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "wheels": {"type": "list", "elements": "path", "required": True},
            "destination": {"type": "path", "required": True},
            "log_dir": {"type": "path", "required": True},
            "jobs": {"type": "int", "default": 2},
            "purge": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    run_change(module, WheelPackages(**module.params))


if __name__ == "__main__":
    main()
