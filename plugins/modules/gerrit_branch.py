#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: gerrit_branch
short_description: A branch of a project in Gerrit, and the tag that it ends in
version_added: 0.1.0
description:
  - Creates a branch at a commit, tags its last commit, or deletes it.
  - A branch that has gone on since it was created is fine, as long as the commit is in it.
  - A branch whose commits are in no other branch and no tag is not deleted, unless O(tag) keeps them, or O(force).
  - If Gerrit refuses because somebody else was faster, the module looks again and accepts what is as it should be.
author:
  - RDO release engineering (@rdo-infra)
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
  - rdo.releng._attributes.ACTIONGROUP_GERRIT
  - rdo.releng._gerrit
  - rdo.releng._http
options:
  project:
    description: Name of the project, for example V(openstack/nova-distgit).
    type: str
    required: true
  branch:
    description: Name of the branch, for example V(flamingo-rdo).
    type: str
    required: true
  state:
    description: Whether it should be there.
    type: str
    choices: [present, absent]
    default: present
  revision:
    description:
      - Whole hash of the commit that a new branch begins at. Needed where there is none yet, unless O(from_branch) is.
      - With O(state=absent) the commit that the branch must be at.
    type: str
  from_branch:
    description: The branch at whose head a new one begins, if O(revision) is not set.
    type: str
  tag:
    description:
      - A tag that the branch's last commit should have, for example V(bobcat-eol). It is made before the branch is
        deleted.
    type: str
  tag_message:
    description: Message of the tag. If not set, the tag has none of its own.
    type: str
  force:
    description: Whether a branch whose commits are nowhere else may be deleted.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Begin the branch of a series
  rdo.releng.gerrit_branch:
    gerrit_url: https://review.rdoproject.org/r
    project: openstack/nova-distgit
    branch: flamingo-rdo
    revision: 5b2c1fa0dd94b71cd9ea2a7ce1a3a9ce7dd83d0d

- name: End it
  rdo.releng.gerrit_branch:
    gerrit_url: https://review.rdoproject.org/r
    project: openstack/nova-distgit
    branch: bobcat-rdo
    tag: bobcat-eol
    state: absent
"""

RETURN = r"""
actions:
  description: What was done, or would be.
  type: list
  elements: str
  returned: success
  sample: ["create flamingo-rdo of openstack/nova-distgit at 5b2c1fa0dd94b71cd9ea2a7ce1a3a9ce7dd83d0d"]
revision:
  description: The commit that the branch is at, or null.
  type: str
  returned: success
tag_revision:
  description: The commit that the tag is at, or null.
  type: str
  returned: success
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._gerrit.client import GerritClient
from ansible_collections.rdo.releng.plugins.module_utils._gerrit.references import BranchChange
from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import GERRIT, STATE
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform, run

OWN = {
    "project": {"type": "str", "required": True},
    "branch": {"type": "str", "required": True},
    "revision": {"type": "str"},
    "from_branch": {"type": "str"},
    "tag": {"type": "str"},
    "tag_message": {"type": "str"},
    "force": {"type": "bool", "default": False},
    **STATE,
}


def main() -> None:
    module = AnsibleModule(argument_spec={**GERRIT, **OWN}, supports_check_mode=True)

    def work() -> dict[str, object]:
        own = {name: module.params[name] for name in OWN}
        change = BranchChange(client=GerritClient.from_params(module.params), **own)
        return perform(change, module.check_mode, diff=module._diff)

    run(module, work)


if __name__ == "__main__":
    main()
