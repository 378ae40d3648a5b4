#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: dnf_other_repositories
version_added: 0.1.0
short_description: Find what a host would install from besides a candidate
description:
  - Lists the repositories that other .repo files of the host turn on. A candidate whose base must not drift says
    exactly what is installed; other repositories of the host would win over it, or be mixed with it.
  - With such a candidate they are refused or turned off. Without one, they are only listed.
options:
  path:
    description: Folder of the .repo files.
    type: path
    default: /etc/yum.repos.d
  ours:
    description: Names of files there that were written for the candidate.
    type: list
    elements: str
    default: []
  candidate:
    description: Lockfile on the host, as M(rdo.releng.dlrn_candidate) writes it.
    type: path
    required: true
  others:
    description:
      - What becomes of other repositories that are on, where one of the candidate's base repositories must not drift.
      - With V(refuse) the task fails and names all of them. With V(disable) they get C(enabled=0), and every other line
        of their files stays. With V(keep) they are only listed.
    type: str
    choices: [refuse, disable, keep]
    default: refuse
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Let the host install from the candidate alone
  rdo.releng.dnf_other_repositories:
    candidate: /srv/run/candidate.json
    ours: [rdo-releng.repo]
    others: disable
"""

RETURN = r"""
actions:
  description: What was done, or would be.
  returned: success
  type: list
  elements: str
  sample: ["disable appstream of /etc/yum.repos.d/centos.repo"]
others:
  description: The repositories of others that are on, or were.
  returned: always
  type: list
  elements: dict
  contains:
    id:
      description: The repository.
      type: str
      returned: always
      sample: appstream
    file:
      description: The file that names it.
      type: str
      returned: always
      sample: /etc/yum.repos.d/centos.repo
exact:
  description: Whether the candidate says exactly what is installed.
  returned: success
  type: bool
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform, run
from ansible_collections.rdo.releng.plugins.module_utils._service.repository.other_repositories import OtherRepositories


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "default": "/etc/yum.repos.d"},
            "ours": {"type": "list", "elements": "str", "default": []},
            "candidate": {"type": "path", "required": True},
            "others": {"type": "str", "choices": ["refuse", "disable", "keep"], "default": "refuse"},
        },
        supports_check_mode=True,
    )
    run(module, lambda: perform(OtherRepositories(**module.params), module.check_mode, module._diff))


if __name__ == "__main__":
    main()
