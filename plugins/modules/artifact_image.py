#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: artifact_image
version_added: 0.1.0
short_description: Make images of exactly the packages of a manifest
description:
  - Lays out the packages of a manifest in an empty root with rpm, which resolves nothing, and makes images of it. rpm
    and the packages' scriptlets run without a network, and see nothing of the host but its programs.
  - There is no boot loader in the images.
  - It is made when it is not there yet, was made of another manifest, or is no longer whole. The same manifest makes
    the same bytes.
  - What is in it is read back out of it; if that is not what the manifest says, this fails and the artifact does not
    get its name.
options:
  formats:
    description: Images to make. V(raw) and V(qcow2) hold an ext4 file system.
    type: list
    elements: str
    choices: [raw, qcow2, squashfs]
    default: [qcow2]
  size:
    description: Size of the ext4 file system in MiB. 0 means what the root needs and a third more.
    type: int
    default: 0
seealso:
  - module: rdo.releng.artifact_ostree
  - module: rdo.releng.artifact_repository
requirements:
  - rpm, e2fsprogs, qemu-img for V(qcow2), squashfs-tools for V(squashfs), bubblewrap
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
  - rdo.releng._from_manifest
  - rdo.releng._from_manifest.ROOT
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Make the image
  rdo.releng.artifact_image:
    manifest: manifests/epoxy-image.json
    packages: [/srv/packages]
    path: /srv/compose/image
    formats: [qcow2, squashfs]
    log: logs/image.log
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

from ansible_collections.rdo.releng.plugins.module_utils._compose.image import Image
from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import ARTIFACT, ROOT
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform, run


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **ARTIFACT,
            "formats": {
                "type": "list",
                "elements": "str",
                "choices": ["raw", "qcow2", "squashfs"],
                "default": ["qcow2"],
            },
            "size": {"type": "int", "default": 0},
            **ROOT,
        },
        supports_check_mode=True,
    )
    run(module, lambda: perform(Image(module.params), module.check_mode, module._diff))


if __name__ == "__main__":
    main()
