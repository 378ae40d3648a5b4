#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: dlrn_vote_info
version_added: 0.1.0
short_description: Votes on a candidate
description:
  - Returns the votes that DLRN's API, or a directory, has for a candidate's hashes, and says of each whether it is
    bound to the candidate. Two candidates can share a hash, for example when a commit was built again.
  - Takes one request.
  - Needs no credentials; those of the action group are not used.
options:
  candidate:
    description: The candidate's lockfile.
    type: path
    required: true
  job:
    description: Only votes of this job.
    type: str
  all_jobs:
    description:
      - Also list the names of all jobs that ever voted, on any candidate.
      - Takes one more request for each 2000 votes on aggregates, and for each 2000 on commits. Looks at the newest
        40000 of each.
    type: bool
    default: false
  directory:
    description: Folder that votes are kept in, in place of O(api_url).
    type: path
seealso:
  - module: rdo.releng.dlrn_vote
extends_documentation_fragment:
  - rdo.releng._attributes.INFO
  - rdo.releng._attributes.ACTIONGROUP_DLRN
  - rdo.releng._dlrn
  - rdo.releng._http
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Read the votes on a candidate
  rdo.releng.dlrn_vote_info:
    api_url: https://trunk.rdoproject.org/api-centos9-master-uc
    candidate: candidate.json
  register: voted

- name: Show the jobs that failed
  ansible.builtin.debug:
    msg: "{{ voted.votes | selectattr('bound') | rejectattr('success') | map(attribute='job') | unique }}"
"""

RETURN = r"""
candidate:
  description: The candidate's id.
  returned: success
  type: str
  sample: 8f4c7183b1a34d3f77a1fd0cc6fd9d17e74d34e35e8bd0b8a0ba2df02b0b5b9b
jobs:
  description: Names of all jobs that ever voted.
  returned: success and O(all_jobs=true)
  type: list
  elements: str
  sample: [scenario001, scenario002]
votes:
  description:
    - Votes on the candidate's hashes, the oldest first. Those with C(bound) are on exactly this candidate; C(candidate)
      of the others is the one they are bound to, or null.
    - One that is C(in_progress) only says that a job has begun.
  returned: success
  type: list
  elements: dict
  sample:
    - schema: rdo.releng/vote/1
      job: scenario001
      candidate: 8f4c7183b1a34d3f77a1fd0cc6fd9d17e74d34e35e8bd0b8a0ba2df02b0b5b9b
      bound: true
      hashes: {aggregate_hash: 9d0a8a43b1c1b9ea1b1b29d9c7bba47c}
      success: true
      timestamp: 1795247300
      url: https://logs.example.org/scenario001/17
      notes: ""
      in_progress: false
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._dlrn.report import vote_info
from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import DLRN
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run

SPECIFICATION: dict[str, t.Any] = {
    "argument_spec": {
        **DLRN,
        "candidate": {"type": "path", "required": True},
        "job": {"type": "str"},
        "all_jobs": {"type": "bool", "default": False},
        "directory": {"type": "path"},
    },
}


def work(params: dict[str, t.Any], check_mode: bool, diff: bool) -> dict[str, t.Any]:
    return vote_info(params)


def main() -> None:
    module = AnsibleModule(**SPECIFICATION, supports_check_mode=True)
    run(module, lambda: work(module.params, module.check_mode, module._diff))


if __name__ == "__main__":
    main()
