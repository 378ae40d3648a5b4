#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: gerrit_change
short_description: Propose or amend one change in Gerrit
version_added: 0.1.0
description:
  - Brings one open change, found by O(project), O(branch), O(topic) and owner, to the content of the folder O(path).
  - It is opened if there is none. A new patch set is pushed only if what the change does, or its message, is different.
    If the folder is as the branch is, the change is abandoned, as nothing is left to propose.
  - The folder is only read. Nothing is committed in it.
  - More than one open change with the topic is an error that names them.
author:
  - RDO release engineering (@rdo-infra)
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
  - rdo.releng._attributes.ACTIONGROUP_GERRIT
  - rdo.releng._gerrit
  - rdo.releng._http
options:
  state:
    description: Whether there should be an open change, or none.
    type: str
    choices: [proposed, abandoned]
    default: proposed
  project:
    description: Project in Gerrit.
    type: str
    required: true
  branch:
    description: Branch that the change is for.
    type: str
    default: master
  topic:
    description: Topic that the change is known by. One change has it in a project and branch.
    type: str
    required: true
  path:
    description: Folder with the files as they should be, for example a checkout that was edited. Needed to propose.
    type: path
  commit_message:
    description: Message of the commit, without a Change-Id. Needed to propose.
    type: str
  hashtags:
    description: Hashtags that the change should have. Others stay.
    type: list
    elements: str
    default: []
  reviewers:
    description: >-
      Accounts or addresses that are asked to review, unless they were asked before; a reviewer who was taken off stays
      off.
    type: list
    elements: str
    default: []
  may_open:
    description: Whether a new change may be opened. If not, and there is none, RV(outcome) is V(skipped).
    type: bool
    default: true
  abandon_message:
    description: What is said when the change is abandoned.
    type: str
    default: Nothing is left to propose.
  git_url:
    description: Where to push, for example V(ssh://bot@review.rdoproject.org:29418/rdoinfo). If not set, HTTP is used.
    type: str
  ssh_key:
    description: File of the private key to push with by SSH.
    type: path
  ssh_known_hosts:
    description: File with the key of Gerrit's SSH server. If not set, the user's own is used.
    type: path
  git_timeout:
    description: Seconds that fetching or pushing may take.
    type: float
    default: 120.0
  author_name:
    description: Name of author and committer.
    type: str
    default: rdo.releng
  author_email:
    description: Address of author and committer. Gerrit accepts only addresses of the user.
    type: str
    default: releng@example.com
requirements:
  - git
"""

EXAMPLES = r"""
- name: Propose the pins that were changed in a checkout
  rdo.releng.gerrit_change:
    gerrit_url: https://review.rdoproject.org/r
    gerrit_username: bot
    gerrit_password: "{{ bot_password }}"
    project: rdoinfo
    topic: rdoinfo-uc-update-flamingo
    path: /srv/rdoinfo
    commit_message: |
      Pin flamingo to upper constraints

      sushy: 5.7.1 -> 5.7.2
    reviewers: [release-engineer@example.com]

- name: Withdraw it
  rdo.releng.gerrit_change:
    gerrit_url: https://review.rdoproject.org/r
    state: abandoned
    project: rdoinfo
    topic: rdoinfo-uc-update-flamingo
    abandon_message: The release is over.
"""

RETURN = r"""
outcome:
  description:
    - V(created), V(amended), V(unchanged), V(abandoned), V(nothing) (nothing to propose and no change), or V(skipped)
      (a change would have to be opened, and O(may_open) is not set).
  type: str
  returned: success
change:
  description: The change as Gerrit has it, or null. In check mode as it was before.
  type: dict
  returned: success
  sample:
    number: 54321
    url: https://review.rdoproject.org/r/c/rdoinfo/+/54321
    status: open
    subject: Pin flamingo to upper constraints
    topic: rdoinfo-uc-update-flamingo
    branch: master
    patch_set: 2
actions:
  description: What was done, or would be.
  type: list
  elements: str
  returned: success
patch:
  description: What the change does to the files.
  type: str
  returned: when something is proposed
refused_reviewers:
  description: Reviewers that Gerrit does not accept, and why.
  type: dict
  returned: success
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import GERRIT
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run_change
from ansible_collections.rdo.releng.plugins.module_utils._service.release.gerrit_change import ProposedChange


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **GERRIT,
            "state": {"type": "str", "choices": ["proposed", "abandoned"], "default": "proposed"},
            "project": {"type": "str", "required": True},
            "branch": {"type": "str", "default": "master"},
            "topic": {"type": "str", "required": True},
            "path": {"type": "path"},
            "commit_message": {"type": "str"},
            "hashtags": {"type": "list", "elements": "str", "default": []},
            "reviewers": {"type": "list", "elements": "str", "default": []},
            "may_open": {"type": "bool", "default": True},
            "abandon_message": {"type": "str", "default": "Nothing is left to propose."},
            "git_url": {"type": "str"},
            "ssh_key": {"type": "path", "no_log": False},
            "ssh_known_hosts": {"type": "path"},
            "git_timeout": {"type": "float", "default": 120.0},
            "author_name": {"type": "str", "default": "rdo.releng"},
            "author_email": {"type": "str", "default": "releng@example.com"},
        },
        required_if=[("state", "proposed", ("path", "commit_message"))],
        supports_check_mode=True,
    )
    run_change(module, ProposedChange(module.params))


if __name__ == "__main__":
    main()
