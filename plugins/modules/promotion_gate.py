#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: promotion_gate
version_added: 0.1.0
short_description: Decide whether a candidate may be promoted
description:
  - Compares the votes on a candidate with criteria and waivers, and returns a decision that explains itself. The same
    candidate, criteria, votes and waivers at the same moment give the same decision, byte for byte.
  - Only votes that are bound to the candidate by its id count, unless the criteria say C(accept_unbound); votes of
    another candidate never do. The newest vote of a job counts, unless the criteria say C(any_success); of two in the
    same second, the failure counts. A job that is still in progress has not voted. A success from more than an hour
    after the moment of evaluation does not count.
  - What cannot be read or understood (a service that does not answer, malformed criteria, votes or waivers) means that
    there is no promotion. The module then fails, and the decision on file says why.
  - Needs no credentials; those of the action group are not used.
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
  - rdo.releng._attributes.ACTIONGROUP_DLRN
  - rdo.releng._dlrn
  - rdo.releng._http
options:
  candidate:
    description:
      - The candidate's lockfile, as a path or as its content.
      - A list of them decides on several distributions together, one candidate for each. Either all of them may be
        promoted, or none.
    type: raw
    required: true
  criteria:
    description:
      - The criteria, as the path of a YAML file or as its content.
      - C(promotions) maps each target to C(criteria), a list in which an entry is the name of a job, C(any) or C(all)
        with a list, or C(at_least) with C(count) and C(of); and perhaps to C(alternative_criteria), which maps a job to
        jobs that can stand in for it, C(candidate_label), C(max_age) (of votes, such as V(36h)), C(distros),
        C(any_success) and C(accept_unbound).
      - Files of rdo-infra's promoter, component and podified pipelines are understood as they are. In component files,
        the criteria of all components of the candidate are put together.
    type: raw
    required: true
  target:
    description: Label that the candidate should be promoted to.
    type: str
    required: true
  waivers:
    description:
      - A path, a waiver, or a list of both. A file holds a list of waivers.
      - A waiver has C(waives) (the job), either C(candidate) (an id) or C(label) (the target), C(owner), C(reason),
        C(until) (a day or a moment) and perhaps C(bug). Those with C(package) are for dependency closure; they are
        ignored.
      - A job that is waived counts as if it had succeeded, wherever it is asked for by its own name.
    type: raw
  directory:
    description:
      - Folder that votes are kept in, see M(rdo.releng.dlrn_vote), in place of O(api_url); or a list of them, such as
        those of the jobs that a candidate of Koji went through.
    type: list
    elements: path
  trunk_urls:
    description:
      - Addresses that the candidate's own repositories and files must lie below. A candidate from other places is
        refused.
      - What is left out here, and in O(scenarios), O(base) and O(dependencies), is taken from the candidate's lockfile,
        and RV(not_confirmed) has it. A lockfile that comes from elsewhere could name tests that always pass.
    type: list
    elements: str
    default: []
  scenarios:
    description: The scenarios that the lockfile may name, each with the address of its repository.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the scenario.
        type: str
        required: true
      repository:
        description: Address of its git repository.
        type: str
        required: true
      version:
        description: Taken so that the list of M(rdo.releng.dlrn_candidate) can be given; it decides nothing here.
        type: str
  base:
    description: The base repositories that the lockfile may name.
    type: list
    elements: dict
    default: []
    suboptions:
      id:
        description: Id of the repository.
        type: str
        required: true
      url:
        description: Its address.
        type: str
        required: true
      drift:
        description: Taken so that the list of M(rdo.releng.dlrn_candidate) can be given; it decides nothing here.
        type: str
  dependencies:
    description: Address of the repository of dependencies that the lockfile may name.
    type: str
  votes:
    description:
      - The votes themselves, as M(rdo.releng.dlrn_vote_info) returns them, in place of O(api_url).
      - Each has C(job), C(success), C(timestamp), and perhaps C(candidate), C(url) and C(in_progress).
    type: list
    elements: dict
  path:
    description:
      - File for the decision. It is not written again within ten minutes as long as it says the same but for the moment
        of evaluation.
    type: path
  evaluated_at:
    description:
      - The moment to decide for, in seconds since 1970; ages of votes and ends of waivers are counted from it.
      - If not set, it is now.
    type: float
  fail_unless_promoted:
    description: Fail, after the decision was written, when the candidate may not be promoted.
    type: bool
    default: true
  api_url:
    description:
      - Address of the DLRN API server, without C(/api), for example V(https://trunk.rdoproject.org/api-centos9-master-uc).
      - The server that the lockfile names is never asked. The one named here must know the lockfile's aggregate hash as
        that of the candidate's components, all of them, before a vote on it counts.
      - Required unless O(directory) or O(votes) is given, or the environment variable E(DLRNAPI_URL) is set.
    type: str
seealso:
  - module: rdo.releng.dlrn_candidate
  - module: rdo.releng.dlrn_vote
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Decide by the votes that DLRN has
  rdo.releng.promotion_gate:
    api_url: https://trunk.rdoproject.org/api-centos9-master-uc
    candidate: candidate.json
    criteria: criteria.yaml
    target: current-passed-ci
    waivers: waivers.yaml
    path: decision.json

- name: Look at two distributions together, with the criteria beside
  rdo.releng.promotion_gate:
    candidate: [candidate-el9.json, candidate-el10.json]
    directory: logs/votes
    target: current-passed-ci
    criteria:
      promotions:
        current-passed-ci:
          distros: [el9, el10]
          max_age: 7d
          criteria:
            - unit-tests
            - any: [packstack-scenario001, puppet-scenario001]
            - at_least: {count: 2, of: [tempest-api, tempest-scenario, tempest-slow]}
    fail_unless_promoted: false
  register: gate

- name: Say why, or why not
  ansible.builtin.debug:
    msg: "{{ gate.table.splitlines() }}"
"""

RETURN = r"""
promote:
  description: Whether the candidate may be promoted.
  returned: when a decision was made
  type: bool
summary:
  description: The decision in one line.
  returned: when a decision was made
  type: str
  sample: "Promote 8f4c7183b1a3 to current-passed-ci: 3 satisfied, 1 waived."
table:
  description: The decision as a table, what stands in the way first.
  returned: when a decision was made
  type: str
heads:
  description: Heads of the columns of RV(rows).
  returned: when a decision was made
  type: list
  elements: str
  sample: [requirement, distro, result, why, log]
rows:
  description: The table as lists of cells.
  returned: when a decision was made
  type: list
  elements: list
unused_keys:
  description: Keys of the criteria that are known and mean nothing here, such as those of rdo-infra's promoter.
  returned: when a decision was made
  type: list
  elements: str
not_confirmed:
  description: What the candidate names and no option says, with its address.
  returned: when a decision was made
  type: list
  elements: str
  sample: ["scenario packstack https://opendev.org/x/packstack"]
decision:
  description: The decision, C(rdo.releng/decision/1), as O(path) has it.
  returned: when a decision was made
  type: dict
  contains:
    schema:
      description: V(rdo.releng/decision/1).
      type: str
    promote:
      description: Whether the candidate may be promoted.
      type: bool
    target:
      description: Label that it is about.
      type: str
    candidate:
      description: The candidate's id; null when there are several.
      type: str
    candidates:
      description: C(id) and C(distro) of each candidate.
      type: list
      elements: dict
    evaluated_at:
      description: The moment that it was decided for, in UTC.
      type: str
    valid_until:
      description:
        - The last moment that a decision to promote holds, in UTC. After it a vote is older than the criteria allow, or
          a waiver has ended, and M(rdo.releng.dlrn_promotion) refuses. Null where nothing can run out.
      type: str
    satisfied:
      description: Requirements that are met, with C(requirement), C(distro), C(candidate), C(explanation) and C(votes).
      type: list
      elements: dict
    unsatisfied:
      description:
        - Requirements that are not met, with the same keys and C(reason), which is V(failed), V(stale),
          V(unbound) or V(missing).
      type: list
      elements: dict
    waived:
      description: Requirements that are not met and were waived, with the same keys and C(waivers).
      type: list
      elements: dict
    expired_waivers:
      description: Waivers for this candidate or target that have ended.
      type: list
      elements: dict
    unused_waivers:
      description: Waivers for this candidate or target that were not needed, or name a job that is not asked for.
      type: list
      elements: dict
    errors:
      description: What kept the gate from judging; only on file, as the module fails then.
      type: list
      elements: str
"""

import time
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import DLRN
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run
from ansible_collections.rdo.releng.plugins.module_utils._service.promote.gate import Gate

NAMED = {"type": "str", "required": True}
SCENARIO = {"name": NAMED, "repository": NAMED, "version": {"type": "str"}}
BASE = {"id": NAMED, "url": NAMED, "drift": {"type": "str"}}

SPECIFICATION: dict[str, t.Any] = {
    "argument_spec": {
        **DLRN,
        "candidate": {"type": "raw", "required": True},
        "criteria": {"type": "raw", "required": True},
        "target": {"type": "str", "required": True},
        "waivers": {"type": "raw"},
        "directory": {"type": "list", "elements": "path"},
        "trunk_urls": {"type": "list", "elements": "str", "default": []},
        "scenarios": {"type": "list", "elements": "dict", "options": SCENARIO, "default": []},
        "base": {"type": "list", "elements": "dict", "options": BASE, "default": []},
        "dependencies": {"type": "str"},
        "votes": {"type": "list", "elements": "dict"},
        "path": {"type": "path"},
        "evaluated_at": {"type": "float"},
        "fail_unless_promoted": {"type": "bool", "default": True},
    },
    "mutually_exclusive": [["directory", "votes"]],
}


def work(params: dict[str, t.Any], check_mode: bool, diff: bool) -> dict[str, t.Any]:
    moment = params["evaluated_at"]
    return Gate(params, time.time() if moment is None else moment).run(check_mode, diff)


def main() -> None:
    module = AnsibleModule(**SPECIFICATION, supports_check_mode=True)
    run(module, lambda: work(module.params, module.check_mode, module._diff))


if __name__ == "__main__":
    main()
