#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: rpm_signature
version_added: 0.1.0
short_description: Sign RPM files
description:
  - Signs the RPM files in and below a folder with gpg, in place. Each is replaced whole or not at all. A run that was
    killed is finished by the next one.
  - What is already signed by the key is left alone. Whether a file is signed is judged as
    M(rdo.releng.rpm_signature_info) does, before and after.
  - Neither the key nor the passphrase is on a command line or in a log.
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
  - rdo.releng._signing
options:
  path:
    description: A folder, or an RPM file.
    type: path
    required: true
  replace:
    description: Sign again what another key has signed. Otherwise that is an error, and nothing is signed.
    type: bool
    default: false
  log:
    description: File that the output of rpmsign is added to.
    type: path
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Sign a release
  rdo.releng.rpm_signature:
    path: /srv/release/Packages
    key: 97C5BAA3402F8C68FC4D70D62E0CCB0E91BC4464
    gnupg_home: /srv/keys
    passphrase_file: /run/credentials/signing
    signed_at: 1775044800
"""

RETURN = r"""
actions:
  description: What was done, or would be, one sentence each.
  returned: success
  type: list
  elements: str
  sample: ["sign 650 of 650 packages with 97C5BAA3402F8C68FC4D70D62E0CCB0E91BC4464"]
packages:
  description: How many RPM files there are. When it failed, the verdicts on those that are not signed.
  returned: success
  type: raw
signed:
  description: The files that were signed, or would be.
  returned: success
  type: list
  elements: str
already_signed:
  description: How many were signed before.
  returned: success
  type: int
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import SIGNING
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run_change
from ansible_collections.rdo.releng.plugins.module_utils._rpm.signed_packages import SignedPackages


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **SIGNING,
            "path": {"type": "path", "required": True},
            "replace": {"type": "bool", "default": False},
            "log": {"type": "path"},
        },
        mutually_exclusive=[("passphrase", "passphrase_file")],
        supports_check_mode=True,
    )
    run_change(module, SignedPackages(module.params))


if __name__ == "__main__":
    main()
