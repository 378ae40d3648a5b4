#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: source_rpm
short_description: Make the source package of a distgit
version_added: 0.1.0
description:
  - Makes a source package of a spec file, the files next to it and other sources, with rpmbuild in a sandbox.
  - The same files make the same bytes, so nothing changes when it is made again.
  - In check mode it is made, to see that it can be, and thrown away.
author:
  - RDO release engineering (@rdo-infra)
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
options:
  spec:
    description: Path of the spec file. Files next to it are sources.
    type: path
    required: true
  sources:
    description: Folder with more sources, such as upstream's archive. Its files win.
    type: path
  dest:
    description: Folder that the source package is written to.
    type: path
    required: true
  distro:
    description: Distro whose macros count, for example in the release.
    type: str
    default: el9s
  pythons:
    description: Version of Python by distro, for a distro that the collection does not know.
    type: dict
    default: {}
requirements:
  - bubblewrap and rpmbuild (packages C(bubblewrap), and C(rpm) or C(rpm-build))
"""

EXAMPLES = r"""
- name: Make the source package of the new version
  rdo.releng.source_rpm:
    spec: /srv/distgit/nova/openstack-nova.spec
    sources: /srv/sources/nova
    dest: /srv/srpms
  register: package
"""

RETURN = r"""
actions:
  description: What was written, or would be.
  type: list
  elements: str
  returned: success
  sample: ["write /srv/srpms/openstack-nova-27.0.0-0.1.0rc1.el9s.src.rpm"]
path:
  description: Path of the source package.
  type: str
  returned: success
nvr:
  description: Its name, version and release.
  type: str
  returned: success
  sample: openstack-nova-27.0.0-0.1.0rc1.el9s
sha256:
  description: Its checksum.
  type: str
  returned: success
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform, run
from ansible_collections.rdo.releng.plugins.module_utils._service.distgit.source_rpm import source_rpm


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "spec": {"type": "path", "required": True},
            "sources": {"type": "path"},
            "dest": {"type": "path", "required": True},
            "distro": {"type": "str", "default": "el9s"},
            "pythons": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    run(module, lambda: perform(source_rpm(module.params), module.check_mode, diff=module._diff))


if __name__ == "__main__":
    main()
