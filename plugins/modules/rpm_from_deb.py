#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: rpm_from_deb
version_added: 0.1.0
short_description: Make one RPM of the programs of Debian packages that need not be installed
description:
  - Fetches Debian packages with C(apt-get) from where this host has its packages, and unpacks them. They are not
    installed, so no server starts, no user is made, and none of their scripts runs.
  - Makes an RPM of their programs and data, of those packages that they need and this host does not have, and of all
    shared libraries that they need. Python's libraries are left out, as each is an RPM of its own.
  - For stand-in repositories, in addition to the RPM of M(rdo.releng.rpm_from_host).
options:
  name:
    description: Name of the RPM.
    type: str
    required: true
  packages:
    description: Debian packages. The RPM has the version of the first.
    type: list
    elements: str
    required: true
  provides:
    description: Names of a distribution's packages that the RPM stands in for.
    type: list
    elements: str
    default: []
  destination:
    description:
      - Folder that the RPM is put in.
      - It also gets a file with the RPM's name and C(.json), which says what it was made of.
    type: path
    required: true
  cache:
    description: Folder for what is downloaded; several RPMs can share one, one after the other.
    type: path
    required: true
  log:
    description: File for what apt-get, dpkg-deb and rpmbuild print.
    type: path
    required: true
requirements:
  - apt-get and dpkg-deb, on a host of Debian's kind
  - rpmbuild
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Have a database server in clean roots, and none on this host
  rdo.releng.rpm_from_deb:
    name: stand-in-mariadb
    packages: [mariadb-server-core, mariadb-client-core]
    provides: [mariadb-server]
    destination: /var/tmp/base
    cache: /var/tmp/debs
    log: /var/tmp/logs/mariadb.log
"""

RETURN = r"""
actions:
  description: What was done, or would be.
  returned: success
  type: list
  elements: str
  sample: ["make stand-in-mariadb of the Debian packages mariadb-server-core, mariadb-client-core"]
rpm:
  description: Path of the RPM.
  returned: when it is there
  type: str
  sample: /var/tmp/base/stand-in-mariadb-10.11.14.0+deb12u2-1.x86_64.rpm
log:
  description: File with what the programs printed.
  returned: success
  type: str
  sample: /var/tmp/logs/mariadb.log
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._build.deb_package import DebPackage
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run_change


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "packages": {"type": "list", "elements": "str", "required": True},
            "provides": {"type": "list", "elements": "str", "default": []},
            "destination": {"type": "path", "required": True},
            "cache": {"type": "path", "required": True},
            "log": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    run_change(module, DebPackage(**module.params))


if __name__ == "__main__":
    main()
