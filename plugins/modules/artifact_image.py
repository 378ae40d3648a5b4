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
  - With O(elements), a site's elements change the root before images are made of it. No package may come or go by
    that.
  - There is no boot loader in the images.
  - It is made when it is not there yet, was made of another manifest or with other elements, or is no longer whole. The
    same manifest makes the same bytes; with O(elements) as long as they write the same into their files each time.
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
  elements:
    description:
      - Elements that diskimage-builder runs in the root before images are made of it, in the order of its phases. Those
        that they depend on are added. C(base) is not among them unless it is named.
      - They run as root of a sandbox, without a network and without the right to mount. An element that sets up an
        operating system, such as C(centos-minimal), does not belong here, because the manifest's packages are that.
      - C(install-packages) is there for elements. It installs nothing, and fails for what is not in the manifest.
      - diskimage-builder's own folders are made where the manifest's packages have none. C(/usr/local/bin) is one.
    type: list
    elements: str
    default: []
  elements_path:
    description: Folders with elements of one's own. The first that has an element counts.
    type: list
    elements: path
    default: []
  environment:
    description:
      - Variables for the elements, for example C(DIB_RELEASE) and C(DISTRO_NAME). They are kept in C(artifact.json), so
        there must be no secret among them.
    type: dict
    default: {}
  builder:
    description:
      - diskimage-builder's program. It lies in a virtual environment, or below C(/usr) where the distribution has it.
    type: str
    default: disk-image-create
seealso:
  - module: rdo.releng.artifact_ostree
  - module: rdo.releng.artifact_repository
requirements:
  - rpm, e2fsprogs, qemu-img for V(qcow2), squashfs-tools for V(squashfs), bubblewrap
  - diskimage-builder for O(elements)
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

- name: Make it with the site's elements
  rdo.releng.artifact_image:
    manifest: manifests/epoxy-image.json
    packages: [/srv/packages]
    path: /srv/compose/image
    elements: [site-motd]
    elements_path: [/srv/elements]
    environment: {DIB_RELEASE: 9-stream, DISTRO_NAME: centos}
    builder: /opt/diskimage-builder/bin/disk-image-create
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
failure:
  description:
    - Why a program failed, for example an element, with C(class) and C(lines), as in
      M(rdo.releng.logged_command).
  returned: failure
  type: dict
lines:
  description: The last lines that diskimage-builder and its elements printed.
  returned: when an element failed
  type: list
  elements: str
differences:
  description: The packages that came, went or changed, if what is in the artifact is not what the manifest says.
  returned: failure
  type: list
  elements: str
known:
  description: The elements that there are, if one that was named is not.
  returned: failure
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import ARTIFACT, ROOT
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform, run
from ansible_collections.rdo.releng.plugins.module_utils._service.build.diagnosed_image import DiagnosedImage


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
            "elements": {"type": "list", "elements": "str", "default": []},
            "elements_path": {"type": "list", "elements": "path", "default": []},
            "environment": {"type": "dict", "default": {}},
            "builder": {"type": "str", "default": "disk-image-create"},
            **ROOT,
        },
        supports_check_mode=True,
    )
    run(module, lambda: perform(DiagnosedImage(module.params), module.check_mode, module._diff))


if __name__ == "__main__":
    main()
