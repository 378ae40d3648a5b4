#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: dlrn_candidate_bisect
version_added: 0.1.0
short_description: Find the component that turned a candidate red, try by try
description:
  - Given a candidate that is green and one that is red, writes the lockfile of a candidate that takes some components
    from one and the others from the other, for a scenario to run on. Told what came of it, it writes the next, until it
    knows which component is to blame. The role P(rdo.releng.bisect#role) does the running.
  - Halves the components that are not the same, and tries the last one by itself, so that one among six is found in
    three tries, with perhaps one more for the proof. If no single one explains it, it goes on to look for the smallest
    set that does.
  - Everything but the components, such as base repositories and scenarios, is that of the red candidate in every try.
    Where the green candidate has other such inputs, its vote proves nothing, and it is tried with those of the red one.
  - A try is red when it fails like the red candidate, with a failing test that both have, or with none where the
    scenario could not run. What fails otherwise is unclear, and another mix is tried. How the red candidate fails is
    known only if it was tried as well; with only a vote, any failure is red.
  - Called again without O(result), it returns the same try. Nothing is voted for a mixed candidate.
options:
  path:
    description: Folder of the bisection, with its record and a folder for each try.
    type: path
    required: true
  good:
    description: Lockfile of a candidate that is green, for example the one that was promoted last.
    type: path
    required: true
  bad:
    description: Lockfile of the candidate that is red.
    type: path
    required: true
  good_success:
    description: What the newest vote says of O(good), where there is one. Otherwise it is tried.
    type: bool
  bad_success:
    description: What the newest vote says of O(bad), where there is one. Otherwise it is tried.
    type: bool
  result:
    description: What came of the try that was returned last.
    type: dict
    suboptions:
      candidate:
        description: The id of its candidate.
        type: str
        required: true
      success:
        description: Whether the scenario succeeded.
        type: bool
        required: true
      failures:
        description: Names of the tests that failed.
        type: list
        elements: str
        default: []
      reason:
        description: Why the scenario did not run to its end, if it did not.
        type: str
        default: ""
  every:
    description: Whether to keep looking for what else turns it red once a component is found.
    type: bool
    default: false
  most:
    description: Tries that may be made.
    type: int
    default: 32
seealso:
  - module: rdo.releng.dlrn_candidate
  - module: rdo.releng.dlrn_candidate_diff_info
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
  - rdo.releng._attributes.ACTIONGROUP_DLRN
  - rdo.releng._dlrn
  - rdo.releng._http
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: See what to try first
  rdo.releng.dlrn_candidate_bisect:
    path: /srv/bisect
    good: promoted.json
    bad: candidate.json
  register: bisection

- name: Say what came of it
  rdo.releng.dlrn_candidate_bisect:
    path: /srv/bisect
    good: promoted.json
    bad: candidate.json
    result:
      candidate: "{{ bisection.next.candidate }}"
      success: false
      failures: [tempest.api.identity.v3.test_tokens.TokensV3Test.test_create_token]
  register: bisection
"""

RETURN = r"""
finished:
  description: Whether there is nothing more to try.
  returned: success
  type: bool
next:
  description: What to try next; null when it is finished.
  returned: success
  type: dict
  contains:
    number:
      description: Number of the try, from 1.
      type: int
    taken:
      description: Components that it takes from the red candidate.
      type: list
      elements: str
    candidate:
      description: Id of the mixed candidate.
      type: str
    lockfile:
      description: Its lockfile.
      type: str
    results:
      description: Folder for results and logs.
      type: str
findings:
  description: What was found; more than one only with O(every).
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description:
        - V(single), one component turns it red, or V(together), several do and none of them alone.
        - V(elsewhere), it is not green with all components as they were; V(gone), the red candidate is green now.
        - V(unclear), the tries that would tell fail for another reason; V(unfinished), O(most) tries were not enough.
      type: str
    components:
      description: The components.
      type: list
      elements: str
    sentence:
      description: The same in words.
      type: str
    packages:
      description: Packages of these components that changed, as M(rdo.releng.dlrn_candidate_diff_info) returns them.
      type: list
      elements: dict
    heads:
      description: Heads of the table of packages.
      type: list
      elements: str
    rows:
      description: Its rows.
      type: list
      elements: list
    table:
      description: The packages, for people.
      type: str
    note:
      description: Why the packages are not known, if they are not.
      type: str
components:
  description: The components that are not the same.
  returned: success
  type: list
  elements: str
inputs:
  description: Other parts of the candidates that are not the same.
  returned: success
  type: list
  elements: str
  sample: [dependencies]
summary:
  description: What was found, or what is tried next, in words.
  returned: success
  type: str
  sample: "network turns it red: it is red with this component alone from the red candidate."
actions:
  description: What was done, or in check mode would be.
  returned: success
  type: list
  elements: str
table:
  description: The tries, for people.
  returned: success
  type: str
heads:
  description: Heads of that table.
  returned: success
  type: list
  elements: str
rows:
  description: Its rows.
  returned: success
  type: list
  elements: list
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import DLRN
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run_change
from ansible_collections.rdo.releng.plugins.module_utils._service.candidate.bisection import CandidateBisection


def main() -> None:
    result = {
        "candidate": {"type": "str", "required": True},
        "success": {"type": "bool", "required": True},
        "failures": {"type": "list", "elements": "str", "default": []},
        "reason": {"type": "str", "default": ""},
    }
    module = AnsibleModule(
        argument_spec={
            **DLRN,
            "path": {"type": "path", "required": True},
            "good": {"type": "path", "required": True},
            "bad": {"type": "path", "required": True},
            "good_success": {"type": "bool"},
            "bad_success": {"type": "bool"},
            "result": {"type": "dict", "options": result},
            "every": {"type": "bool", "default": False},
            "most": {"type": "int", "default": 32},
        },
        supports_check_mode=True,
    )
    own = {name: module.params[name] for name in ("path", "good", "bad", "result", "every", "most")}
    voted = {"good": module.params["good_success"], "bad": module.params["bad_success"]}
    run_change(module, CandidateBisection(voted=voted, connection=module.params, **own))


if __name__ == "__main__":
    main()
