#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: announcement
version_added: 0.1.0
short_description: Write the announcement of a release
description:
  - Fills a template that people own with facts. These are the highlights and counts of upstream's deliverables, links,
    and whatever else is given. The words are the template's.
  - The template is Jinja2. It has C(release), C(series), C(links) and the keys of O(variables); with O(deliverables)
    also C(highlights) (project → texts), C(counts) (type → number) and C(deliverables). A variable that is not there is
    an error.
  - Only the file is written. M(rdo.releng.event_mail) sends it.
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
options:
  template:
    description: The template.
    type: path
    required: true
  path:
    description: File for the text. Its first line is the subject.
    type: path
    required: true
  release:
    description: Release of rdoinfo.
    type: str
    required: true
  series:
    description: Name of upstream's series. If not set, O(release).
    type: str
  deliverables:
    description: The folder C(deliverables) of a checkout of openstack/releases.
    type: path
  links:
    description: Addresses by name.
    type: dict
    default: {}
  variables:
    description: More for the template.
    type: dict
    default: {}
requirements:
  - jinja2
  - PyYAML
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Write the announcement
  rdo.releng.announcement:
    template: /srv/ga/announcement.txt.j2
    path: /srv/ga/epoxy/announcement.txt
    release: epoxy
    deliverables: /srv/releases/deliverables
    links:
      repository: https://mirror.stream.centos.org/SIGs/9-stream/cloud/x86_64/openstack-epoxy/
"""

RETURN = r"""
actions:
  description: What was written, or would be in check mode.
  returned: success
  type: list
  elements: str
path:
  description: The file.
  returned: success
  type: str
text:
  description: The announcement.
  returned: success
  type: str
subject:
  description: Its first line.
  returned: success
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run_change
from ansible_collections.rdo.releng.plugins.module_utils._service.release.announcement import Announcement


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "template": {"type": "path", "required": True},
            "path": {"type": "path", "required": True},
            "release": {"type": "str", "required": True},
            "series": {"type": "str"},
            "deliverables": {"type": "path"},
            "links": {"type": "dict", "default": {}},
            "variables": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    run_change(module, Announcement(module.params))


if __name__ == "__main__":
    main()
