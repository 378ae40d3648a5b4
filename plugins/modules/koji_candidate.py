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
  path:
    description: The lockfile. If not set, it is only returned.
    type: path
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
  dependencies:
    description: Address of the repository of what the builds need besides.
    type: str
  base:
    description: Repositories of the distribution.
    type: list
    elements: dict
    default: []
    suboptions:
      id:
        description: Id for the repository.
        type: str
        required: true
      url:
        description: Address of the folder that has C(repodata) in it.
        type: str
        required: true
      drift:
        description: Whether to refuse it (V(fail)) or say so (V(record)) when it has changed after it was pinned.
        type: str
        choices: [fail, record]
        default: fail
  scenarios:
    description: Repositories of the tests that the candidate goes through.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the scenario.
        type: str
        required: true
      repository:
        description: Its git repository.
        type: str
        required: true
      version:
        description: Branch, tag or commit hash of it.
        type: str
        required: true
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
  - rdo.releng._attributes.ACTIONGROUP_KOJI
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
  description: What was done, or would be, a sentence each.
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

from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import KOJI
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run_change
from ansible_collections.rdo.releng.plugins.module_utils._service.tagged_candidate import TaggedCandidate


def main() -> None:
    named = {"type": "str", "required": True}
    drift = {"type": "str", "choices": ["fail", "record"], "default": "fail"}
    base = {"id": named, "url": named, "drift": drift}
    scenario = {"name": named, "repository": named, "version": named}
    module = AnsibleModule(
        argument_spec={
            **KOJI,
            "path": {"type": "path"},
            "tag": {"type": "str", "required": True},
            "event": {"type": "int"},
            "repository": {"type": "str"},
            "arch": {"type": "str", "default": "x86_64"},
            "release": {"type": "str", "required": True},
            "distro": {"type": "str", "required": True},
            "dependencies": {"type": "str"},
            "base": {"type": "list", "elements": "dict", "options": base, "default": []},
            "scenarios": {"type": "list", "elements": "dict", "options": scenario, "default": []},
        },
        supports_check_mode=True,
    )
    run_change(module, TaggedCandidate(module.params))


if __name__ == "__main__":
    main()
