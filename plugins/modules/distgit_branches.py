#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: distgit_branches
short_description: The branch of a series in the distgits of all its packages
version_added: 0.1.0
description:
  - Creates a branch in the project in Gerrit of each package that rdoinfo has in a release, where it is not there yet.
  - A package that fails does not stop the others. It is listed in RV(failed_packages), and the next run tries it again.
  - Branches that are there stay as they are. To end them, use M(rdo.releng.gerrit_branch).
author:
  - RDO release engineering (@rdo-infra)
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
  - rdo.releng._attributes.ACTIONGROUP_GERRIT
  - rdo.releng._gerrit
  - rdo.releng._http
  - rdo.releng._rdoinfo
options:
  release:
    description: Release of rdoinfo whose packages get the branch.
    type: str
    required: true
  branch:
    description: Name of the branch, for example V(flamingo-rdo).
    type: str
    required: true
  from_branch:
    description: The branch at whose head new ones begin.
    type: str
    default: rpm-master
  revisions:
    description: Whole hashes of commits that the branches of single packages begin at, by the package's name.
    type: dict
    default: {}
  packages:
    description: Names of packages to look at. If none are named, all of the release.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Begin the stable branches of a series
  rdo.releng.distgit_branches:
    gerrit_url: https://review.rdoproject.org/r
    rdoinfo: https://github.com/redhat-openstack/rdoinfo
    release: flamingo
    branch: flamingo-rdo
    deadline: 1800
  register: branches

- name: Show what was made
  ansible.builtin.debug:
    msg: "{{ branches.table.splitlines() }}"
"""

RETURN = r"""
actions:
  description: What was done, or would be.
  type: list
  elements: str
  returned: success
  sample: ["create flamingo-rdo of openstack/nova-distgit at 5b2c1fa0dd94b71cd9ea2a7ce1a3a9ce7dd83d0d"]
branches:
  description: One row per package.
  type: list
  elements: dict
  returned: success
  contains:
    package:
      description: Its name.
      type: str
    project:
      description: Its project in Gerrit, or null.
      type: str
    outcome:
      description: V(created), V(present), V(failed), or V(none) where rdoinfo names no project.
      type: str
    revision:
      description: The commit that the branch is at, or begins at.
      type: str
    reason:
      description: Why it failed, or null.
      type: str
counts:
  description: Packages by outcome.
  type: dict
  returned: success
  sample: {created: 240, present: 8, failed: 1}
failed_packages:
  description: Names of the packages that failed.
  type: list
  elements: str
  returned: success
table:
  description: What was not there before, as text.
  type: str
  returned: success
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import GERRIT, RDOINFO
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run_change
from ansible_collections.rdo.releng.plugins.module_utils._service.distgit.branches import SeriesBranches


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **GERRIT,
            **RDOINFO,
            "release": {"type": "str", "required": True},
            "branch": {"type": "str", "required": True},
            "from_branch": {"type": "str", "default": "rpm-master"},
            "revisions": {"type": "dict", "default": {}},
            "packages": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    run_change(module, SeriesBranches(module.params))


if __name__ == "__main__":
    main()
