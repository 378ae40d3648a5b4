#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: dlrn_promotion
version_added: 0.1.0
short_description: Stage or promote a candidate to a label
description:
  - Makes a label of DLRN hold exactly a candidate's commits, all components in one request. If it holds them already,
    nothing is done.
  - The label must hold what O(expected) says, or nothing is done. Afterwards the label is read back and compared,
    component by component.
  - A candidate whose components are not those that the label holds is refused, because DLRN would go on serving the old
    build of a component that is left out.
  - A commit that DLRN has purged, or has built again since the candidate was pinned, is refused before anything is
    written.
  - DLRN itself has no lock. O(lock) keeps the promotions of one host apart. Those of two hosts find out when they read
    back, and say so; a semaphore of Zuul is better.
  - A request without an answer is sent again only after looking at what came of it.
  - A candidate that has an aggregate hash must come out with the same. One that has none gets it written into its
    lockfile; its id stays the same.
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
  - rdo.releng._attributes.ACTIONGROUP_DLRN
  - rdo.releng._dlrn
  - rdo.releng._http
options:
  label:
    description: Label to promote to. C(current) and C(consistent) belong to DLRN's builder.
    type: str
    required: true
  candidate:
    description: The candidate, as the path of its lockfile or as its content.
    type: raw
    required: true
  expected:
    description:
      - What the label must hold now. V(absent), if nothing was ever promoted to it.
      - Or the candidate that it holds, as the path of its lockfile or as its content.
      - Or a list of dictionaries with C(component), C(commit_hash), C(distro_hash) and C(extended_hash), such as
        RV(rdo.releng.dlrn_promotion_info#module:components) returns when the run begins.
    type: raw
    required: true
  trunk_url:
    description:
      - Address of the folder that has the labels in it. If set, the label's files there are compared as well, before
        and after. If they and the API do not say the same, nothing is done.
      - It must show what DLRN's host has, without delay.
      - Without it, all promotions that the label ever had are read, 100 in a request.
    type: str
  allow_older:
    description:
      - Promote although a component was built before the one that the label holds. Those are returned in RV(older).
    type: bool
    default: false
  decision:
    description:
      - The decision on the candidate, as the path of the file that M(rdo.releng.promotion_gate) wrote or as its
        content. It must say to promote exactly this candidate to O(label), and must still be valid if that has yet to
        be done.
    type: raw
  decision_max_age_hours:
    description:
      - Hours since O(decision) was made, after which it is refused where there is something to promote. Votes may have
        come since. V(0) for any age.
    type: float
    default: 24.0
  lock:
    description:
      - A file on the host that the module runs on. One process at a time holds it, and writes into it who it is.
    type: path
  lock_timeout:
    description: Seconds to wait for whoever holds O(lock).
    type: float
    default: 0.0
seealso:
  - module: rdo.releng.dlrn_promotion_info
  - module: rdo.releng.dlrn_repair
  - module: rdo.releng.dlrn_purge
  - module: rdo.releng.promotion_gate
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: See what the label holds before the run begins
  rdo.releng.dlrn_promotion_info:
    api_url: https://trunk.rdoproject.org/api-centos9-master-uc
    label: current-passed-ci-testing
  register: before

- name: Stage the candidate, so that votes can name its aggregate
  rdo.releng.dlrn_promotion:
    api_url: https://trunk.rdoproject.org/api-centos9-master-uc
    username: ci
    password: "{{ dlrn_password }}"
    trunk_url: https://trunk.rdoproject.org/centos9-master
    label: current-passed-ci-testing
    candidate: candidate.json
    expected: "{{ before.components }}"
    lock: /run/lock/centos9-master.promotion

- name: Promote it, as was decided
  rdo.releng.dlrn_promotion:
    api_url: https://trunk.rdoproject.org/api-centos9-master-uc
    username: ci
    password: "{{ dlrn_password }}"
    trunk_url: https://trunk.rdoproject.org/centos9-master
    label: current-passed-ci
    candidate: candidate.json
    expected: promoted-last.json
    decision: decision.json
    lock: /run/lock/centos9-master.promotion
"""

RETURN = r"""
label:
  description: The label.
  returned: success
  type: str
  sample: current-passed-ci
candidate:
  description: The candidate's id.
  returned: success
  type: str
  sample: 8f4c7183b1a34d3f77a1fd0cc6fd9d17e74d34e35e8bd0b8a0ba2df02b0b5b9b
components:
  description: What the label holds now, in check mode what it held; as M(rdo.releng.dlrn_promotion_info) returns it.
  returned: success
  type: list
  elements: dict
  sample:
    - component: compute
      commit_hash: 12e4d142ae1572c51838e261fc1bd6c82fae4548
      distro_hash: 6ee7a61f4f6a2d6d1b0e6a4e0c8a3d5f7b9c1e2d
      extended_hash: null
      aggregate_hash: 3c1e9f4dbb3cde3ecb0a4d5ebd1be13c
      timestamp: 1795247947
      user: ci
aggregate_hash:
  description: The name that DLRN gives to the components together. Null without components.
  returned: success
  type: str
  sample: 3c1e9f4dbb3cde3ecb0a4d5ebd1be13c
older:
  description: Components that were built before what the label held. Filled only with O(allow_older).
  returned: success
  type: list
  elements: dict
  contains:
    component:
      description: Its name.
      type: str
    built_at:
      description: When the candidate's was built.
      type: str
    label_built_at:
      description: When the label's was built.
      type: str
actions:
  description: What was done, in check mode what would be done, one sentence for each step.
  returned: success
  type: list
  elements: str
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import DLRN
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform, run
from ansible_collections.rdo.releng.plugins.module_utils._service.promote.promotion import PromotedCandidate

SPECIFICATION: dict[str, t.Any] = {
    "argument_spec": {
        **DLRN,
        "label": {"type": "str", "required": True},
        "candidate": {"type": "raw", "required": True},
        "expected": {"type": "raw", "required": True},
        "trunk_url": {"type": "str"},
        "allow_older": {"type": "bool", "default": False},
        "decision": {"type": "raw"},
        "decision_max_age_hours": {"type": "float", "default": 24.0},
        "lock": {"type": "path"},
        "lock_timeout": {"type": "float", "default": 0.0},
    },
}


def work(params: dict[str, t.Any], check_mode: bool, diff: bool) -> dict[str, t.Any]:
    return perform(PromotedCandidate.from_params(params), check_mode, diff)


def main() -> None:
    module = AnsibleModule(**SPECIFICATION, supports_check_mode=True)
    run(module, lambda: work(module.params, module.check_mode, module._diff))


if __name__ == "__main__":
    main()
