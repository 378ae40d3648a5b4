#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: gerrit_change_info
short_description: Changes in Gerrit
version_added: 0.1.0
description:
  - Returns the changes that match a query.
author:
  - RDO release engineering (@rdo-infra)
extends_documentation_fragment:
  - rdo.releng._attributes.INFO
  - rdo.releng._attributes.ACTIONGROUP_GERRIT
  - rdo.releng._gerrit
  - rdo.releng._http
options:
  query:
    description: Query in Gerrit's words, for example V(project:rdoinfo status:open topic:rdo-FTBFS).
    type: str
    required: true
  limit:
    description: The largest number of changes to return.
    type: int
    default: 500
"""

EXAMPLES = r"""
- name: Find what is open for packages that do not build
  rdo.releng.gerrit_change_info:
    gerrit_url: https://review.rdoproject.org/r
    query: status:open topic:rdo-FTBFS
  register: failures

- name: List it
  ansible.builtin.debug:
    msg: "{{ item.project }}: {{ item.subject }} ({{ item.url }})"
  loop: "{{ failures.changes }}"
  loop_control:
    label: "{{ item.number }}"
"""

RETURN = r"""
changes:
  description: The changes, the last updated first.
  type: list
  elements: dict
  returned: success
  contains:
    number:
      description: Gerrit's number.
      type: int
    id:
      description: Gerrit's id of it.
      type: str
    change_id:
      description: The Change-Id of its commits.
      type: str
    project:
      description: Project.
      type: str
    branch:
      description: Branch.
      type: str
    topic:
      description: Topic, or null.
      type: str
    status:
      description: One of V(open), V(merged) and V(abandoned).
      type: str
    subject:
      description: First line of the message.
      type: str
    message:
      description: The whole message.
      type: str
    owner:
      description: Who proposed it.
      type: str
    revision:
      description: Hash of the current patch set's commit.
      type: str
    reference:
      description: Where git finds it.
      type: str
    patch_set:
      description: Number of the current patch set.
      type: int
    hashtags:
      description: Hashtags.
      type: list
      elements: str
    reviewers:
      description: User names and addresses of its reviewers.
      type: list
      elements: str
    labels:
      description: For each label the vote that counts, the lowest where there is one below zero.
      type: dict
    updated:
      description: When it was last changed, in UTC.
      type: str
    url:
      description: Its page.
      type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import GERRIT
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run
from ansible_collections.rdo.releng.plugins.module_utils._service.release.gerrit_change import find_changes


def main() -> None:
    module = AnsibleModule(
        argument_spec={**GERRIT, "query": {"type": "str", "required": True}, "limit": {"type": "int", "default": 500}},
        supports_check_mode=True,
    )
    run(module, lambda: find_changes(module.params))


if __name__ == "__main__":
    main()
