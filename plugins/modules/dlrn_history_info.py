#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: dlrn_history_info
version_added: 0.1.0
short_description: The candidates of a DLRN, what was voted on them, and what they were built of
description:
  - Returns each candidate that was staged or promoted, with its votes, and the newest commits.
    M(rdo.releng.releng_metrics) makes figures of it.
  - DLRN has no list of candidates. What a label held after each batch of promotions is one, and the same aggregate at
    two labels is the same candidate.
  - Needs no credentials; those of the action group are not used.
extends_documentation_fragment:
  - rdo.releng._attributes.INFO
  - rdo.releng._attributes.ACTIONGROUP_DLRN
  - rdo.releng._dlrn
  - rdo.releng._http
options:
  label:
    description: The label that candidates are promoted to.
    type: str
    required: true
  staging:
    description: The label that candidates are staged under before they are tested.
    type: str
  limit:
    description: How many candidates to return, the newest first.
    type: int
    default: 100
  commits:
    description: How many commits to return, the newest first.
    type: int
    default: 1500
seealso:
  - module: rdo.releng.releng_metrics
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Read what was tested and promoted lately
  rdo.releng.dlrn_history_info:
    api_url: https://trunk.rdoproject.org/api-centos9-master-uc
    staging: current-passed-ci-testing
    label: current-passed-ci
  register: history

- name: Show how many candidates were tested in vain
  ansible.builtin.debug:
    msg: "{{ history.candidates | rejectattr('promoted_at') | length }} of {{ history.candidates | length }}"
"""

RETURN = r"""
candidates:
  description:
    - The candidates, the newest first. C(name) is the aggregate's hash, or the commit's hashes where DLRN runs without
      components; C(staged_at) and C(promoted_at) are seconds since 1970, or null.
    - C(components) says what it holds. C(project), C(committed_at), C(built_at) and C(directory) are null for commits
      that are older than those of RV(commits).
    - C(votes) are as M(rdo.releng.dlrn_vote_info) has them, the oldest first.
  returned: success
  type: list
  elements: dict
  sample:
    - name: 3c1e9f4dbb3cde3ecb0a4d5ebd1be13c
      aggregate_hash: 3c1e9f4dbb3cde3ecb0a4d5ebd1be13c
      staged_at: 1795240000
      promoted_at: 1795247400
      promoted_by: ci
      components:
        - component: common
          commit_hash: 4e1243bd22c66e76c2ba9eddc1f91394e57f9f83
          distro_hash: 1d6c8f6d8b9e5b1c5ac4c6ba6a3a8a1c0e7e2f55
          extended_hash: null
          project: python-oslo-config
          committed_at: "2026-11-20T10:00:00Z"
          built_at: "2026-11-20T11:00:00Z"
          directory: component/common/4e/12/4e1243bd22c66e76c2ba9eddc1f91394e57f9f83_1d6c8f6d
      votes:
        - job: scenario001
          success: true
          timestamp: 1795247300
commits:
  description: The newest commits, as M(rdo.releng.dlrn_commit_info) has them.
  returned: success
  type: list
  elements: dict
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._dlrn.history import history_info
from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import DLRN
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run

ARGUMENTS: dict[str, t.Any] = {
    **DLRN,
    "label": {"type": "str", "required": True},
    "staging": {"type": "str"},
    "limit": {"type": "int", "default": 100},
    "commits": {"type": "int", "default": 1500},
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    run(module, lambda: history_info(module.params))


if __name__ == "__main__":
    main()
