#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: koji_signature
version_added: 0.1.0
short_description: Sign the builds of a tag on a Koji hub
description:
  - For sites that do their own signing. Fetches what is not signed by the key, compares it with what the hub recorded,
    signs it here and gives the hub the signatures, which are some kilobytes each. The hub then writes signed copies.
  - The hub is asked what is signed, so a run that was killed goes on where it stopped.
  - Neither the key nor the passphrase leaves this host. The hub asks for the permission C(sign).
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
  - rdo.releng._attributes.ACTIONGROUP_KOJI
  - rdo.releng._koji
  - rdo.releng._signing
options:
  tag:
    description: All builds of this tag.
    type: str
  latest:
    description: Of O(tag), only the latest build of each package.
    type: bool
    default: true
  builds:
    description: These builds, by NVR.
    type: list
    elements: str
    default: []
  debuginfo:
    description: Sign packages of debug information as well.
    type: bool
    default: true
  write_copies:
    description: Have the hub write signed copies, from which M(rdo.releng.koji_dist_repo) makes a repository.
    type: bool
    default: true
  work_dir:
    description: Folder for the files while they are signed. If not set, that of the system.
    type: path
  log:
    description: File that the output of rpmsign is added to.
    type: path
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Sign a release
  rdo.releng.koji_signature:
    koji: ours
    tag: cloud9s-openstack-epoxy-release
    key: 97C5BAA3402F8C68FC4D70D62E0CCB0E91BC4464
    gnupg_home: /srv/keys
    passphrase_file: /run/credentials/signing
"""

RETURN = r"""
actions:
  description: What was done, or would be, one sentence each.
  returned: success
  type: list
  elements: str
  sample: ["sign 12 of 650 RPMs with 97C5BAA3402F8C68FC4D70D62E0CCB0E91BC4464", "write 12 signed copies"]
rpms:
  description: How many RPMs there are.
  returned: success
  type: int
signed:
  description: Names of the files that were signed, or would be.
  returned: success
  type: list
  elements: str
sigkey:
  description: What the hub calls the key, the last eight digits of what signs. M(rdo.releng.koji_dist_repo) takes it.
  returned: success
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import KOJI, SIGNING
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run_change
from ansible_collections.rdo.releng.plugins.module_utils._service.hub.hub_signature import HubSignature


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **KOJI,
            **SIGNING,
            "tag": {"type": "str"},
            "latest": {"type": "bool", "default": True},
            "builds": {"type": "list", "elements": "str", "default": []},
            "debuginfo": {"type": "bool", "default": True},
            "write_copies": {"type": "bool", "default": True},
            "work_dir": {"type": "path"},
            "log": {"type": "path"},
        },
        mutually_exclusive=[("passphrase", "passphrase_file")],
        supports_check_mode=True,
    )
    run_change(module, HubSignature(module.params))


if __name__ == "__main__":
    main()
