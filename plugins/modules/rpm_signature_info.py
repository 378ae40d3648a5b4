#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: rpm_signature_info
version_added: 0.1.0
short_description: Say for each RPM file whether it is signed by exactly one key
description:
  - Judges each file by the lines that rpm prints about it, with a database that knows no other key. The exit status of
    C(rpmkeys) is not looked at. It is the number of failures modulo 256, and 0 for a file that nobody signed.
  - A file is V(signed) when the signature of its header is good and by O(key_file)'s key or one of its subkeys, made
    while that key was valid, and when the payload is what the header says. Otherwise it is V(unsigned), V(foreign)
    (signed by another key), V(expired) (signed when the key was not valid), V(incomplete) (the payload is not
    covered), V(damaged) or V(unreadable).
extends_documentation_fragment:
  - rdo.releng._attributes.INFO
options:
  paths:
    description: RPM files, or folders with RPM files in and below them.
    type: list
    elements: path
    required: true
  key_file:
    description: File with the public key, armored or not.
    type: path
    required: true
  key:
    description: Fingerprint of the key. Needed if the file holds several; if it holds one, it must be this.
    type: str
  fail_unless_signed:
    description: Fail if any file is not V(signed).
    type: bool
    default: false
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Stop unless everything is signed by the SIG's key
  rdo.releng.rpm_signature_info:
    paths: [/srv/release/Packages]
    key_file: /etc/pki/rpm-gpg/RPM-GPG-KEY-CentOS-SIG-Cloud
    fail_unless_signed: true
"""

RETURN = r"""
key:
  description: The key, with its C(fingerprint), C(user), C(subkeys) and whether it has C(expired) by now.
  returned: success
  type: dict
signed:
  description: Whether all files are signed.
  returned: success
  type: bool
counts:
  description: How many files have each status.
  returned: success
  type: dict
  sample: {signed: 648, unsigned: 2}
packages:
  description: A verdict for each file.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: The file.
      type: str
    status:
      description: See the description of this module.
      type: str
    reason:
      description: Why it is not V(signed).
      type: str
    issuer:
      description: Who signed it, by what the file itself says. Null if nobody did.
      type: str
    signed_at:
      description: When, in seconds since 1970.
      type: int
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.errors import RelengError
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run
from ansible_collections.rdo.releng.plugins.module_utils._rpm.signed_packages import signature_info


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "paths": {"type": "list", "elements": "path", "required": True},
            "key_file": {"type": "path", "required": True},
            "key": {"type": "str", "no_log": False},
            "fail_unless_signed": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )

    def work() -> dict[str, t.Any]:
        result = signature_info(module.params)
        if module.params["fail_unless_signed"] and not result["signed"]:
            first = next(one for one in result["packages"] if one["status"] != "signed")
            raise RelengError(
                f"Not everything is signed by {result['key']['fingerprint']}: {result['counts']}. The first: "
                f"{first['path']} is {first['status']}. {first['reason']}".strip(),
                **result,
            )
        return result

    run(module, work)


if __name__ == "__main__":
    main()
