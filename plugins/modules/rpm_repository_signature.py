#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: rpm_repository_signature
version_added: 0.1.0
short_description: Sign a repository's metadata
description:
  - Makes C(repodata/repomd.xml.asc), which clients with C(repo_gpgcheck=1) ask for. A good signature by the key is left
    alone.
  - C(repomd.xml) and its signature are two files. A reader between the two sees a bad signature and tries again. So
    sign a repository before it is published.
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
  - rdo.releng._signing
options:
  path:
    description: Folder of the repository.
    type: path
    required: true
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Make the metadata
  rdo.releng.rpm_repository:
    path: /srv/release

- name: Sign it
  rdo.releng.rpm_repository_signature:
    path: /srv/release
    key: 97C5BAA3402F8C68FC4D70D62E0CCB0E91BC4464
    gnupg_home: /srv/keys
"""

RETURN = r"""
actions:
  description: What was done, or would be, one sentence each.
  returned: success
  type: list
  elements: str
signature:
  description: The file.
  returned: success
  type: str
key:
  description: Fingerprint of the key.
  returned: success
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import SIGNING
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run_change
from ansible_collections.rdo.releng.plugins.module_utils._repodata.signed_metadata import SignedMetadata


def main() -> None:
    module = AnsibleModule(
        argument_spec={**SIGNING, "path": {"type": "path", "required": True}},
        mutually_exclusive=[("passphrase", "passphrase_file")],
        supports_check_mode=True,
    )
    run_change(module, SignedMetadata(module.params))


if __name__ == "__main__":
    main()
