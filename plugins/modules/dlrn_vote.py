#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: dlrn_vote
version_added: 0.1.0
short_description: Report a job's result on a candidate
description:
  - Reports to DLRN's API, or to a directory, that a job succeeded or failed with a candidate. Report every result,
    whatever it is.
  - DLRN keeps votes by hash; the candidate's id goes along in the first line of the vote's notes
    (C(candidate:) and the id), which binds the vote to exactly these bits.
  - A candidate with an aggregate hash is voted for by that, and has to be staged under a label before. One without
    components is voted for by its commit.
  - A vote that is there already is not written again. If the answer to a write is lost, it looks whether the vote has
    arrived before it writes again.
options:
  candidate:
    description: The candidate's lockfile.
    type: path
    required: true
  job:
    description: Name of the job.
    type: str
    required: true
  success:
    description: Whether it succeeded.
    type: bool
    required: true
  url:
    description: Where its logs are.
    type: str
    default: ""
  notes:
    description: Free text.
    type: str
    default: ""
  timestamp:
    description:
      - When the job ended, in seconds since 1970. The same result at another time is another vote.
      - If not set, it is now, and the vote is not written if the job's newest vote on this candidate says the same.
    type: int
  directory:
    description:
      - Folder that votes are kept in, one per file, in place of O(api_url); for candidates that DLRN does not know.
    type: path
seealso:
  - module: rdo.releng.dlrn_vote_info
  - module: rdo.releng.dlrn_candidate
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
  - rdo.releng._attributes.ACTIONGROUP_DLRN
  - rdo.releng._dlrn
  - rdo.releng._http
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Report a success to DLRN
  rdo.releng.dlrn_vote:
    api_url: https://trunk.rdoproject.org/api-centos9-master-uc
    username: ciuser
    password: "{{ vault_dlrn_password }}"
    candidate: candidate.json
    job: scenario001
    success: true
    url: https://logs.example.org/scenario001/17

- name: Keep the vote with the logs
  rdo.releng.dlrn_vote:
    directory: logs/votes
    candidate: candidate.json
    job: scenario001
    success: false
"""

RETURN = r"""
actions:
  description: What was done, or would be.
  returned: success
  type: list
  elements: str
  sample: ["report success of scenario001 on candidate 8f4c71..."]
vote:
  description: The vote as it is kept, C(rdo.releng/vote/1).
  returned: success
  type: dict
  sample:
    schema: rdo.releng/vote/1
    job: scenario001
    candidate: 8f4c7183b1a34d3f77a1fd0cc6fd9d17e74d34e35e8bd0b8a0ba2df02b0b5b9b
    hashes: {aggregate_hash: 9d0a8a43b1c1b9ea1b1b29d9c7bba47c}
    success: true
    timestamp: 1795247300
    url: https://logs.example.org/scenario001/17
    notes: ""
    in_progress: false
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._dlrn.report import ReportedVote
from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import DLRN
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform, run

SPECIFICATION: dict[str, t.Any] = {
    "argument_spec": {
        **DLRN,
        "candidate": {"type": "path", "required": True},
        "job": {"type": "str", "required": True},
        "success": {"type": "bool", "required": True},
        "url": {"type": "str", "default": ""},
        "notes": {"type": "str", "default": ""},
        "timestamp": {"type": "int"},
        "directory": {"type": "path"},
    },
}


def work(params: dict[str, t.Any], check_mode: bool, diff: bool) -> dict[str, t.Any]:
    return perform(ReportedVote.from_params(params), check_mode, diff)


def main() -> None:
    module = AnsibleModule(**SPECIFICATION, supports_check_mode=True)
    run(module, lambda: work(module.params, module.check_mode, module._diff))


if __name__ == "__main__":
    main()
