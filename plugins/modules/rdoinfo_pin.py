#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: rdoinfo_pin
short_description: Set and remove pins and tags in rdoinfo
version_added: 0.1.0
description:
  - Changes what packages are pinned to in a release, which packages a release has, and which builds belong in a tag of
    the build system.
  - Works on one file of a checkout. Only the lines that must change are changed. Comments, order and style of all
    others stay.
  - New packages are put in the order of names. The file must have one attribute per line, as rdoinfo's files have.
author:
  - RDO release engineering (@rdo-infra)
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
options:
  rdoinfo:
    description: Folder of rdoinfo.
    type: path
    required: true
  section:
    description: Whether the tag is one of rdoinfo's own, for example a release, or one of the build system.
    type: str
    choices:
      - tags
      - buildsys-tags
    default: tags
  tag:
    description: The tag, for example V(epoxy) or V(cloud9s-openstack-epoxy-testing).
    type: str
    required: true
  file:
    description:
      - Path of the file in rdoinfo.
      - If not set, it is the file of O(section) that is named after O(tag), for example C(tags/epoxy.yml).
    type: str
  pins:
    description:
      - Project, and what it is pinned to. A version, branch or hash, or the NVR of its build where O(section) is
        V(buildsys-tags).
      - With no value the project has the tag and no pin.
      - Projects that are not named are left as they are.
    type: dict
    default: {}
  absent:
    description: Projects that must not have the tag.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Pin two clients in epoxy, and follow the branch of a third
  rdo.releng.rdoinfo_pin:
    rdoinfo: /srv/rdoinfo
    tag: epoxy
    pins:
      aodhclient: 3.7.1
      barbicanclient: 7.0.0
      nova:

- name: List a build for testing
  rdo.releng.rdoinfo_pin:
    rdoinfo: /srv/rdoinfo
    section: buildsys-tags
    tag: cloud9s-openstack-epoxy-testing
    pins:
      nova: openstack-nova-31.0.0-1.el9s

- name: Drop a package from a release
  rdo.releng.rdoinfo_pin:
    rdoinfo: /srv/rdoinfo
    tag: flamingo
    absent: [karbor]
"""

RETURN = r"""
actions:
  description: What was changed, or would be.
  type: list
  elements: str
  returned: success
  sample: ["pin aodhclient to 3.7.1"]
file:
  description: Path of the file in rdoinfo.
  type: str
  returned: success
  sample: tags/epoxy.yml
patch:
  description: The change as a unified diff without context. Empty when there is none.
  type: str
  returned: success
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run_change
from ansible_collections.rdo.releng.plugins.module_utils._release.rdoinfo_edit import SECTIONS, PinChange


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "rdoinfo": {"type": "path", "required": True},
            "section": {"type": "str", "choices": list(SECTIONS), "default": "tags"},
            "tag": {"type": "str", "required": True},
            "file": {"type": "str"},
            "pins": {"type": "dict", "default": {}},
            "absent": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    run_change(module, PinChange(**module.params))


if __name__ == "__main__":
    main()
