#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: candidate_base
version_added: 0.1.0
short_description: Make a candidate with another base of a candidate
description:
  - Writes a lockfile that is the same as another one except for its base repositories or its dependencies. With a
    compose in the place of the base, it says in advance what a release will be on it.
  - The new repositories are pinned by the checksum of their C(repomd.xml). Such a candidate has another id, so votes on
    it are its own.
options:
  candidate:
    description: Lockfile of the candidate that it is made of.
    type: path
    required: true
  path:
    description:
      - File that the lockfile is written to. If not set, the candidate is only returned.
      - A file that holds the same candidate is left alone; one that is not a valid lockfile is never overwritten.
    type: path
  base:
    description: Repositories of the new base. If not set, the base stays. One of this and O(dependencies) is required.
    type: list
    elements: dict
    suboptions:
      id:
        description: Id for the repository.
        type: str
        required: true
      url:
        description: Address of the folder that has C(repodata) in it.
        type: str
        required: true
      drift:
        description: What to do about it when the repository has changed after it was pinned.
        type: str
        choices: [fail, record]
        default: fail
  dependencies:
    description: >-
      Address of the repository of the new dependencies, that of a Koji tag for example. If not set, they stay.
    type: str
seealso:
  - module: rdo.releng.compose_info
  - module: rdo.releng.base_change_info
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
  - rdo.releng._http
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Read the newest compose
  rdo.releng.compose_info:
    compose: https://composes.stream.centos.org/production/latest-CentOS-Stream
    variants: [BaseOS, AppStream, CRB]
  register: compose

- name: Put it below the promoted candidate
  rdo.releng.candidate_base:
    candidate: promoted.json
    base: "{{ compose.base }}"
    path: next.json
"""

RETURN = r"""
actions:
  description: What was done, or would be, one sentence each.
  returned: success
  type: list
  elements: str
candidate:
  description: The new lockfile's content.
  returned: success
  type: dict
id:
  description: The new candidate's id.
  returned: success
  type: str
"""

import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import CANDIDATE, HTTP
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run_change
from ansible_collections.rdo.releng.plugins.module_utils._module.waiter import Deadline
from ansible_collections.rdo.releng.plugins.module_utils._module.web import Web
from ansible_collections.rdo.releng.plugins.module_utils._service.candidate.another_base import AnotherBase


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **HTTP,
            "candidate": {"type": "path", "required": True},
            "path": {"type": "path"},
            "base": {"type": "list", "elements": "dict", "options": CANDIDATE["base"]["options"]},
            "dependencies": {"type": "str"},
        },
        required_one_of=[("base", "dependencies")],
        supports_check_mode=True,
    )
    given = module.params
    web = Web(Deadline(given["deadline"]), given["timeout"], given["retries"], given["ca_path"])
    run_change(
        module,
        AnotherBase(web, given["candidate"], given["path"], given["base"], given["dependencies"], time.time()),
    )


if __name__ == "__main__":
    main()
