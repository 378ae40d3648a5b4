#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: artifact_repository
version_added: 0.1.0
short_description: Make a repository of exactly the packages of a manifest
description:
  - Copies the packages of a manifest to C(Packages) and makes C(repodata) with createrepo_c.
  - It is made when it is not there yet, was made of another manifest, or is no longer whole. The same manifest makes
    the same bytes.
  - What is in it is read back out of it; if that is not what the manifest says, this fails and the artifact does not
    get its name.
seealso:
  - module: rdo.releng.artifact_image
  - module: rdo.releng.artifact_ostree
  - module: rdo.releng.push_snapshot
requirements:
  - createrepo_c
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
  - rdo.releng._from_manifest
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Make the repository
  rdo.releng.artifact_repository:
    manifest: manifests/epoxy-base.json
    packages: [/srv/packages]
    path: /srv/compose/repository
"""

RETURN = r"""
actions:
  description: What was done, or would be, one sentence each.
  returned: success
  type: list
  elements: str
  sample: ["make epoxy-base in /srv/compose/base: 183 packages"]
files:
  description: The files of the artifact with C(path), C(size) and C(sha256). Empty in check mode if it would be made.
  returned: success
  type: list
  elements: dict
manifest:
  description: Id of the manifest.
  returned: success
  type: str
path:
  description: Folder of the artifact.
  returned: success
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._compose.repository import Repository
from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import ARTIFACT
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform, run


def main() -> None:
    module = AnsibleModule(
        argument_spec=ARTIFACT,
        supports_check_mode=True,
    )
    run(module, lambda: perform(Repository(module.params), module.check_mode, module._diff))


if __name__ == "__main__":
    main()
