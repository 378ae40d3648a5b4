#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: rpm_from_host
version_added: 0.1.0
short_description: Pack programs of this host in one RPM, as the base of clean roots
description:
  - On a host with dpkg there is no repository of RPMs that a clean root could be installed from. This module packs the
    programs of named Debian packages, the host's Python with its standard library, and all shared libraries that they
    need, in one RPM.
  - It is a stand-in for the packages of a distribution, and its summary and vendor say so. It holds no Python
    distribution; M(rdo.releng.rpm_from_wheel) makes these.
options:
  name:
    description: Name of the RPM.
    type: str
    default: stand-in-base
  packages:
    description: Debian packages whose programs go into it. They must be installed.
    type: list
    elements: str
    required: true
  provides:
    description: Names of packages of a distribution that it stands in for.
    type: list
    elements: str
    default: []
  files:
    description: More files; the path in the root and the path on this host of each.
    type: dict
    default: {}
  destination:
    description: Folder that the RPM is put in, with a record of what it was made of next to it.
    type: path
    required: true
  log:
    description: File for rpmbuild's output.
    type: path
    required: true
requirements:
  - dpkg
  - rpmbuild
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Pack what a clean root needs
  rdo.releng.rpm_from_host:
    packages: [bash, coreutils, grep, sed, tar, gzip, rpm]
    provides: [bash, coreutils, rpm-build]
    files:
      /usr/lib/rpm/macros.d/macros.site: /etc/rpm/macros.site
    destination: /var/tmp/base
    log: /var/tmp/logs/base.log
"""

RETURN = r"""
actions:
  description: What was done, or would be.
  returned: success
  type: list
  elements: str
  sample: ["make stand-in-base-12-1.x86_64.rpm of 7 packages of the host"]
rpm:
  description: Path of the RPM.
  returned: success
  type: str
  sample: /var/tmp/base/stand-in-base-12-1.x86_64.rpm
log:
  description: File with rpmbuild's output.
  returned: success
  type: str
  sample: /var/tmp/logs/base.log
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._build.host_package import HostPackage
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform, run

SPECIFICATION: dict[str, t.Any] = {
    "argument_spec": {
        "name": {"type": "str", "default": "stand-in-base"},
        "packages": {"type": "list", "elements": "str", "required": True},
        "provides": {"type": "list", "elements": "str", "default": []},
        "files": {"type": "dict", "default": {}},
        "destination": {"type": "path", "required": True},
        "log": {"type": "path", "required": True},
    },
}


def work(params: dict[str, t.Any], check_mode: bool, diff: bool) -> dict[str, t.Any]:
    return perform(HostPackage(**params), check_mode, diff)


def main() -> None:
    module = AnsibleModule(**SPECIFICATION, supports_check_mode=True)
    run(module, lambda: work(module.params, module.check_mode, module._diff))


if __name__ == "__main__":
    main()
