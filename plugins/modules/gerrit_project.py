#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: gerrit_project
short_description: A project in Gerrit
version_added: 0.1.0
description:
  - Creates a project with an empty first commit, so that changes can be proposed for it. One that is there stays as it
    is.
  - A project that the user may not see is as one that is not there. Gerrit then refuses to create it.
author:
  - RDO release engineering (@rdo-infra)
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
  - rdo.releng._attributes.ACTIONGROUP_GERRIT
  - rdo.releng._gerrit
  - rdo.releng._http
options:
  project:
    description: Name of the project, for example V(openstack/oslo-widget-distgit).
    type: str
    required: true
  branch:
    description: Branch that it begins with.
    type: str
    default: rpm-master
  description:
    description: What it is.
    type: str
    default: ""
  parent:
    description: Project that it has its rights from. If not set, as Gerrit has it.
    type: str
"""

EXAMPLES = r"""
- name: Make a distgit
  rdo.releng.gerrit_project:
    gerrit_url: https://review.rdoproject.org/r
    project: openstack/oslo-widget-distgit
    description: Packaging of oslo.widget
"""

RETURN = r"""
actions:
  description: What was done, or would be.
  type: list
  elements: str
  returned: success
  sample: ["create the project openstack/oslo-widget-distgit"]
existed:
  description: Whether it was there before.
  type: bool
  returned: success
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._gerrit.client import GerritClient
from ansible_collections.rdo.releng.plugins.module_utils._gerrit.projects import ProjectPresent
from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import GERRIT
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform, run

OWN = {
    "project": {"type": "str", "required": True},
    "branch": {"type": "str", "default": "rpm-master"},
    "description": {"type": "str", "default": ""},
    "parent": {"type": "str"},
}


def main() -> None:
    module = AnsibleModule(argument_spec={**GERRIT, **OWN}, supports_check_mode=True)

    def work() -> dict[str, object]:
        own = {name: module.params[name] for name in OWN}
        change = ProjectPresent(client=GerritClient.from_params(module.params), **own)
        return perform(change, module.check_mode, diff=module._diff)

    run(module, work)


if __name__ == "__main__":
    main()
