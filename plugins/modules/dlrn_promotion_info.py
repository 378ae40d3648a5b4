#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: dlrn_promotion_info
version_added: 0.1.0
short_description: What a label of DLRN holds, and what was promoted to it
description:
  - Returns the newest promotion of each component of a label, as DLRN's API has them, and whether the tree of
    repositories says the same.
  - Needs no credentials; those of the action group are not used.
extends_documentation_fragment:
  - rdo.releng._attributes.INFO
  - rdo.releng._attributes.ACTIONGROUP_DLRN
  - rdo.releng._dlrn
  - rdo.releng._http
options:
  label:
    description: The label. C(current) and C(consistent) are not promoted; M(rdo.releng.dlrn_candidate) resolves them.
    type: str
    required: true
  trunk_url:
    description:
      - Address of the folder that has the labels in it. If set, the label's files there are compared with the API's
        answer; a component that was taken from the label on DLRN's host does not count.
      - Without it, all promotions that the label ever had are read, 100 in a request.
    type: str
  limit:
    description: How many promotions to return in RV(history).
    type: int
    default: 20
seealso:
  - module: rdo.releng.dlrn_promotion
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: See what a label holds
  rdo.releng.dlrn_promotion_info:
    api_url: https://trunk.rdoproject.org/api-centos9-master-uc
    trunk_url: https://trunk.rdoproject.org/centos9-master
    label: current-passed-ci
  register: held

- name: Stop if DLRN was killed in a promotion
  ansible.builtin.assert:
    that: held.disagreements | length == 0
    fail_msg: "{{ held.disagreements | join('; ') }}"
"""

RETURN = r"""
label:
  description: The label.
  returned: success
  type: str
  sample: current-passed-ci
exists:
  description: Whether it holds anything.
  returned: success
  type: bool
aggregate_hash:
  description: The name that DLRN gives to the components together. Null without components.
  returned: success
  type: str
  sample: 3c1e9f4dbb3cde3ecb0a4d5ebd1be13c
components:
  description: What it holds.
  returned: success
  type: list
  elements: dict
  contains: &promotion
    component:
      description: The component. Null where DLRN runs without.
      type: str
    commit_hash:
      description: Hash of the source's commit.
      type: str
    distro_hash:
      description: Hash of the distgit's commit.
      type: str
    extended_hash:
      description: Of commits that have one.
      type: str
    aggregate_hash:
      description: Of the promotion that was the last of a batch.
      type: str
    timestamp:
      description: When it was promoted, in seconds since 1970.
      type: int
    user:
      description: Who promoted it; null where DLRN does not know.
      type: str
disagreements:
  description:
    - Where the tree shows something else, one sentence each. Then a promotion is running, or DLRN's API was killed in
      one, and M(rdo.releng.dlrn_repair) mends it.
  returned: success
  type: list
  elements: str
history:
  description: Promotions to the label, the newest first.
  returned: success
  type: list
  elements: dict
  contains: *promotion
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._dlrn.client import DlrnClient
from ansible_collections.rdo.releng.plugins.module_utils._dlrn.promotion import label_info
from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import DLRN
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run

SPECIFICATION: dict[str, t.Any] = {
    "argument_spec": {
        **DLRN,
        "label": {"type": "str", "required": True},
        "trunk_url": {"type": "str"},
        "limit": {"type": "int", "default": 20},
    },
}


def work(params: dict[str, t.Any], check_mode: bool, diff: bool) -> dict[str, t.Any]:
    return label_info(DlrnClient.from_params(params), params["label"], params["trunk_url"], params["limit"])


def main() -> None:
    module = AnsibleModule(**SPECIFICATION, supports_check_mode=True)
    run(module, lambda: work(module.params, module.check_mode, module._diff))


if __name__ == "__main__":
    main()
