#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: deliverable_info
short_description: What upstream released, and how far a release has it
version_added: 0.1.0
description:
  - Reads the deliverables of openstack/releases for a series, and compares each package of a release with what upstream
    released, what it is pinned to, what is built and what is tagged.
  - A C(status) is V(ready), V(not-tagged) (built, and not in the tag), V(not-built), V(not-released) (in rdoinfo, and
    upstream has no release in the series), V(unpinned) (upstream follows no cycle or is not OpenStack, so that only a
    pin can say what belongs in the release), V(unknown) (pinned to a commit or branch), V(pin-behind) or V(pin-ahead)
    (pinned to an older or newer version than upstream released in the series; what is pinned ahead and tagged is
    V(ready)).
  - Where a distro has no tag for O(phase) yet, it has one row with the C(status) V(no-tag).
  - A version is what reads as one. Tags that end a series, such as C(2024.1-eom), are none. The highest counts that the
    series' stable branch can have.
author:
  - RDO release engineering (@rdo-infra)
extends_documentation_fragment:
  - rdo.releng._attributes.INFO
  - rdo.releng._rdoinfo
options:
  deliverables:
    description: The folder C(deliverables) of a checkout of openstack/releases.
    type: path
    required: true
  release:
    description: Release of rdoinfo.
    type: str
    required: true
  series:
    description: Name of upstream's series. If not set, O(release).
    type: str
  distros:
    description: Distros to look at, for example V(el9s). If not set, all of the release.
    type: list
    elements: str
  phase:
    description: Tag of the build system that packages should get to, by its last word. If not set, the release's last.
    type: str
    choices: [candidate, testing, release]
  builds:
    description: >-
      NVRs of builds by distro, in addition to those that rdoinfo's tags list. For example everything that a hub has.
    type: dict
    default: {}
  tagged:
    description: NVRs by tag, instead of those that rdoinfo lists. For example what a hub has in its tags.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: See what is missing for general availability
  rdo.releng.deliverable_info:
    rdoinfo: /srv/rdoinfo
    deliverables: /srv/releases/deliverables
    release: flamingo
    distros: [el9s]
  register: status

- name: Show it
  ansible.builtin.debug:
    msg: "{{ status.table.splitlines() }}"
"""

RETURN = r"""
packages:
  description: One row for each package and distro.
  type: list
  elements: dict
  returned: success
  sample:
    - project: nova
      package: openstack-nova
      distro: el9s
      deliverable: flamingo/nova.yaml
      model: cycle-with-rc
      released: 32.2.0
      pre_release:
      branch: stable/2025.2
      pin:
      wanted: 32.2.0
      built: 32.0.0
      tagged: 32.0.0
      status: not-built
      reason: 32.2.0 is not built for el9s
ready:
  description: Whether nothing is missing.
  type: bool
  returned: success
counts:
  description: Packages by distro and status.
  type: dict
  returned: success
  sample: {el9s: {ready: 200, not-built: 3}}
not_packaged:
  description: What upstream released in the series and the release does not have.
  type: list
  elements: dict
  returned: success
  sample:
    - deliverable: flamingo/adjutant.yaml
      repository: openstack/adjutant
      type: service
      released: 10.0.0
tags:
  description: The tag that packages should get to, by distro. Null where there is none yet.
  type: dict
  returned: success
  sample: {el9s: cloud9s-openstack-flamingo-testing}
table:
  description: What is not ready, as text.
  type: str
  returned: success
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import RDOINFO
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run
from ansible_collections.rdo.releng.plugins.module_utils._service.release.deliverables import compare_deliverables


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **RDOINFO,
            "deliverables": {"type": "path", "required": True},
            "release": {"type": "str", "required": True},
            "series": {"type": "str"},
            "distros": {"type": "list", "elements": "str"},
            "phase": {"type": "str", "choices": ["candidate", "testing", "release"]},
            "builds": {"type": "dict", "default": {}},
            "tagged": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    run(module, lambda: compare_deliverables(module.params))


if __name__ == "__main__":
    main()
