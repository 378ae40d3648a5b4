#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: koji_candidate
version_added: 0.1.0
short_description: Pin a tag of a Koji hub as a candidate
description:
  - Writes a candidate lockfile of kind C(koji). A tag at an event, with its latest builds and the checksum of its
    repository, so that what is tested is what will be tagged.
  - The tag's repository is the base repository of the tag's name. Gate and votes work as for trunk, with votes kept in
    a directory. M(rdo.releng.dlrn_candidate) with O(rdo.releng.dlrn_candidate#module:verify=true) sees whether it is
    still as it was.
options:
  tag:
    description: Name of the tag.
    type: str
    required: true
  event:
    description:
      - Event of the hub. If not set, the one that the hub's repository shows, or the last one when O(repository) is
        given.
    type: int
  repository:
    description: Address of the tag's repository. If not set, the hub's own below O(topurl).
    type: str
  arch:
    description: Architecture of the hub's own repository.
    type: str
    default: x86_64
  release:
    description: Release that the candidate belongs to.
    type: str
    required: true
  distro:
    description: Distribution that it is built for.
    type: str
    required: true
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
  - rdo.releng._attributes.ACTIONGROUP_KOJI
  - rdo.releng._candidate
  - rdo.releng._koji
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Pin what is in testing
  rdo.releng.koji_candidate:
    koji: cbs
    tag: cloud9s-openstack-epoxy-testing
    repository: https://buildlogs.centos.org/centos/9-stream/cloud/x86_64/openstack-epoxy
    release: epoxy
    distro: centos9
    path: /var/tmp/run/candidate.json
"""

RETURN = r"""
actions:
  description: What was done, or would be, one sentence each.
  returned: success
  type: list
  elements: str
  sample: ["write candidate 4bf7c8 to /var/tmp/run/candidate.json"]
candidate:
  description: The lockfile's content, schema C(rdo.releng/candidate/1).
  returned: success
  type: dict
id:
  description: Its id.
  returned: success
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import CANDIDATE, KOJI
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run_change
from ansible_collections.rdo.releng.plugins.module_utils._service.hub.tagged_candidate import TaggedCandidate


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **KOJI,
            **CANDIDATE,
            "tag": {"type": "str", "required": True},
            "event": {"type": "int"},
            "repository": {"type": "str"},
            "arch": {"type": "str", "default": "x86_64"},
            "release": {"type": "str", "required": True},
            "distro": {"type": "str", "required": True},
        },
        supports_check_mode=True,
    )
    run_change(module, TaggedCandidate(module.params))


if __name__ == "__main__":
    main()
