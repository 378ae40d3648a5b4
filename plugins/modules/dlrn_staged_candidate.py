#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: dlrn_staged_candidate
version_added: 0.1.0
short_description: The candidate that is staged and was not decided on yet
description:
  - Finds the lockfile of what a staging label holds, so that a run can go on with it rather than stage something else.
    Whoever staged it has voted for it with the lockfile as notes, as role P(rdo.releng.candidate#role) does.
  - There is none to go on with when nothing is staged, when it was promoted or something else was promoted after it was
    staged, when nobody kept its lockfile, when it is too old, or when a repository is not the one that the lockfile
    names any more, which only O(trunk_url) tells. RV(reason) says which.
  - Only reads from DLRN's API, and needs no credentials; those of the action group are not used.
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
  - rdo.releng._attributes.ACTIONGROUP_DLRN
  - rdo.releng._dlrn
  - rdo.releng._http
options:
  label:
    description: Label that candidates are staged under.
    type: str
    required: true
  target:
    description: Label that they are promoted to.
    type: str
    required: true
  job:
    description: Name of the job that votes with the lockfile.
    type: str
    required: true
  trunk_url:
    description: Address of the folder that has the labels in it. See M(rdo.releng.dlrn_promotion_info).
    type: str
  max_age_hours:
    description: Hours since the candidate was resolved, after which it is left alone. If not set, it may be of any age.
    type: float
  path:
    description: File that the lockfile is written to, if there is a candidate. If not set, it is only returned.
    type: path
seealso:
  - module: rdo.releng.dlrn_candidate
  - module: rdo.releng.dlrn_vote
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Go on with what was staged yesterday, if it is not decided on
  rdo.releng.dlrn_staged_candidate:
    api_url: https://trunk.rdoproject.org/api-centos9-master-uc
    label: current-passed-ci-testing
    target: current-passed-ci
    job: candidate-master-centos9
    max_age_hours: 48
    path: candidate.json
  register: staged

- name: Say why
  ansible.builtin.debug:
    var: staged.reason
"""

RETURN = r"""
actions:
  description: What was done, or would be.
  returned: success
  type: list
  elements: str
  sample: ["write candidate 8f4c71... to candidate.json"]
candidate:
  description: The content of the lockfile, C(rdo.releng/candidate/1); null if there is none to go on with.
  returned: success
  type: dict
reason:
  description: Why there is one, or none, in a sentence.
  returned: success
  type: str
  sample: Candidate 8f4c7183b1a3 of 2026-01-31T12:00:00Z is not decided on yet.
target_components:
  description:
    - What the target label holds now, as M(rdo.releng.dlrn_promotion_info) returns C(components).
    - What a promotion at the end of the run has to expect.
  returned: success
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._dlrn.client import DlrnClient
from ansible_collections.rdo.releng.plugins.module_utils._dlrn.staged import StagedCandidate
from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import DLRN
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run_change


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **DLRN,
            "label": {"type": "str", "required": True},
            "target": {"type": "str", "required": True},
            "job": {"type": "str", "required": True},
            "trunk_url": {"type": "str"},
            "max_age_hours": {"type": "float"},
            "path": {"type": "path"},
        },
        supports_check_mode=True,
    )
    own = {name: module.params[name] for name in ("label", "target", "job", "trunk_url", "path")}
    hours = module.params["max_age_hours"]
    max_age = None if hours is None else hours * 3600
    run_change(module, StagedCandidate(lambda: DlrnClient.from_params(module.params), max_age=max_age, **own))


if __name__ == "__main__":
    main()
