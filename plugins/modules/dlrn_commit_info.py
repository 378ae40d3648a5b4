#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: dlrn_commit_info
version_added: 0.1.0
short_description: Commits that DLRN has built, and what holds consistent back
description:
  - Lists commits with their state, the newest first, and the packages for which DLRN leaves the label C(consistent)
    where it is, with the time since when.
  - Takes one request for up to 1500 commits. What holds C(consistent) back takes one request that the server answers
    for all packages, and one more for each 15 packages that are not built. The API's GraphQL answers 100 commits per
    question, but many questions per request, and filters at the server; the pages of its REST interface have neither
    commits nor failures.
  - Needs no credentials; those of the action group are not used.
options:
  project:
    description: Only commits of this package, for example V(python-oslo-config).
    type: str
  component:
    description: Only commits of this component, and what holds back this component.
    type: str
  status:
    description: Only commits in this state.
    type: str
    choices: [SUCCESS, FAILED, RETRY]
  commit_hash:
    description: Only commits with this hash of the source.
    type: str
  distro_hash:
    description: Only commits with this hash of the distgit.
    type: str
  limit:
    description: How many commits to return at most.
    type: int
    default: 100
  holding_back:
    description: Whether to look for what holds C(consistent) back. The server reads its release data for that.
    type: bool
    default: true
extends_documentation_fragment:
  - rdo.releng._attributes.INFO
  - rdo.releng._attributes.ACTIONGROUP_DLRN
  - rdo.releng._dlrn
  - rdo.releng._http
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: What does not build
  rdo.releng.dlrn_commit_info:
    api_url: https://trunk.rdoproject.org/api-centos9-master-uc
    status: FAILED
  register: failed

- name: Show what holds consistent back
  ansible.builtin.debug:
    msg: "{{ item.project }} is {{ item.status }} since {{ item.since }}"
  loop: "{{ failed.holding_back }}"
"""

RETURN = r"""
commits:
  description:
    - Commits, the newest first. C(directory) is the hashed directory below the repositories; C(purged) says that it is
      gone. C(notes) has the error of a commit that was not built.
  returned: success
  type: list
  elements: dict
  sample:
    - project: python-oslo-config
      component: common
      status: SUCCESS
      commit_hash: 4e1243bd22c66e76c2ba9eddc1f91394e57f9f83
      distro_hash: 1d6c8f6d8b9e5b1c5ac4c6ba6a3a8a1c0e7e2f55
      extended_hash: null
      branch: master
      committed_at: "2026-01-31T10:00:00Z"
      built_at: "2026-01-31T11:00:00Z"
      directory: component/common/4e/12/4e1243bd22c66e76c2ba9eddc1f91394e57f9f83_1d6c8f6d
      packages: [python3-oslo-config-9.8.0-0.20260131110000.4e1243b.el9.noarch.rpm]
      notes: OK
      purged: false
holding_back:
  description:
    - Packages whose newest commit is not built, the longest waiting first. C(since) is when the first commit was tried
      after the last success; it is null for a package that was never built (V(NO_BUILD)), whose component the API does
      not say. C(commit) is the newest commit, as in C(commits).
    - Empty means that the next build makes the repository consistent.
  returned: success and O(holding_back=true)
  type: list
  elements: dict
  sample:
    - project: python-oslo-utils
      component: common
      status: FAILED
      since: "2026-01-30T08:00:00Z"
      commit: {project: python-oslo-utils, status: FAILED}
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._dlrn.commits import commit_info
from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import DLRN
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **DLRN,
            "project": {"type": "str"},
            "component": {"type": "str"},
            "status": {"type": "str", "choices": ["SUCCESS", "FAILED", "RETRY"]},
            "commit_hash": {"type": "str"},
            "distro_hash": {"type": "str"},
            "limit": {"type": "int", "default": 100},
            "holding_back": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    run(module, lambda: commit_info(module.params))


if __name__ == "__main__":
    main()
