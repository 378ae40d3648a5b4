#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: dlrn_candidate_diff_info
version_added: 0.1.0
short_description: What changed from one candidate to another
description:
  - Compares a candidate lockfile with another, or with what a label of trunk holds now, for example with what was
    promoted last. Says which packages changed, from which upstream and distgit commits to which, and which other inputs
    did.
  - Reads the C(versions.csv) of repositories that only one of the two has, and no package.
    M(rdo.releng.rpm_repository_diff_info) compares the packages themselves.
  - Needs no credentials; those of the action group are not used.
extends_documentation_fragment:
  - rdo.releng._attributes.INFO
  - rdo.releng._attributes.ACTIONGROUP_DLRN
  - rdo.releng._dlrn
  - rdo.releng._http
options:
  after:
    description: Lockfile of the candidate.
    type: path
    required: true
  before:
    description: Lockfile of the candidate that it is compared with. One of O(before) and O(label) is required.
    type: path
  label:
    description:
      - Label whose packages it is compared with. A label says nothing about dependencies, base and scenarios, so these
        are not compared.
      - O(api_url), if set, is asked for the labels there are when this one is missing.
    type: str
  trunk_url:
    description: Address of the folder that has the labels in it. Required with O(label).
    type: str
requirements:
  - PyYAML
seealso:
  - module: rdo.releng.dlrn_candidate
  - module: rdo.releng.rpm_repository_diff_info
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: See what a candidate brings that was not promoted yet
  rdo.releng.dlrn_candidate_diff_info:
    after: candidate.json
    trunk_url: https://trunk.rdoproject.org/centos9-master
    label: current-passed-ci
  register: changes

- name: Show it
  ansible.builtin.debug:
    msg: "{{ changes.table.splitlines() }}"
"""

RETURN = r"""
packages:
  description: Source packages that are not the same, by name.
  returned: success
  type: list
  elements: dict
  contains:
    project:
      description: DLRN's name of the project; for builds of Koji the package's.
      type: str
      sample: python-oslo-config
    component:
      description: Its component; null where there are none.
      type: str
      sample: common
    change:
      description: V(changed), V(added) or V(removed).
      type: str
    before:
      description: NVR before; null when it was not there.
      type: str
      sample: python-oslo-config-9.5.0-0.20260110104845.0689564.el9
    after:
      description: NVR now; null when it is gone.
      type: str
      sample: python-oslo-config-9.6.0-0.20260131104845.4e1243b.el9
    repository:
      description: Upstream's git repository; null for builds of Koji, as are the commits.
      type: str
      sample: https://opendev.org/openstack/oslo.config
    from:
      description: Upstream's commit before; null when it was not there.
      type: str
    to:
      description: Upstream's commit now; null when it is gone.
      type: str
    distgit_repository:
      description: Git repository of the packaging.
      type: str
    distgit_from:
      description: Commit of the packaging before.
      type: str
    distgit_to:
      description: Commit of the packaging now.
      type: str
    url:
      description: A page with upstream's commits between both; null where none is known.
      type: str
inputs:
  description: Parts of the lockfiles that are not the same. C(before) or C(after) is null where one does not have it.
  returned: success
  type: list
  elements: dict
  sample:
    - what: scenario packstack001
      before: https://opendev.org/x/packstack 0e2f1f3cd4a3f1d29a1ddc9d84ba9f0a9b3a4a6e
      after: https://opendev.org/x/packstack 7b1dfa3a9d7b8a6d2f9d60df5e3dd2c2a1e6ef10
same:
  description: Whether nothing changed.
  returned: success
  type: bool
before:
  description: The candidate that it was compared with.
  returned: success
  type: dict
summary:
  description: One sentence.
  returned: success
  type: str
  sample: "packages: 3 changed, 1 added; other inputs: dependencies"
table:
  description: The packages, for people.
  returned: success
  type: str
heads:
  description: Heads of that table.
  returned: success
  type: list
  elements: str
rows:
  description:
    - Its rows. Where a page has the commits, their cell is a mapping of C(text) and C(target), as
      M(rdo.releng.run_step) takes it.
  returned: success
  type: list
  elements: list
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import DLRN
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run
from ansible_collections.rdo.releng.plugins.module_utils._service.candidate.changes import candidate_changes


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **DLRN,
            "after": {"type": "path", "required": True},
            "before": {"type": "path"},
            "label": {"type": "str"},
            "trunk_url": {"type": "str"},
        },
        mutually_exclusive=[("before", "label")],
        required_one_of=[("before", "label")],
        required_together=[("label", "trunk_url")],
        supports_check_mode=True,
    )
    run(module, lambda: candidate_changes(module.params))


if __name__ == "__main__":
    main()
