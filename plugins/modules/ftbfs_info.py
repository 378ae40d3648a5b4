#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ftbfs_info
short_description: Packages that fail to build from source, and what to do about each
version_added: 0.1.0
description:
  - Asks DLRN which packages do not build, reads their logs for the class of failure, asks Gerrit which changes are open
    about them, and says what has to be done. The role P(rdo.releng.ftbfs#role) does it.
  - Nothing is remembered between runs.
author:
  - RDO release engineering (@rdo-infra)
extends_documentation_fragment:
  - rdo.releng._attributes.INFO
  - rdo.releng._attributes.ACTIONGROUP_DLRN
  - rdo.releng._attributes.ACTIONGROUP_GERRIT
  - rdo.releng._rdoinfo
  - rdo.releng._gerrit
  - rdo.releng._dlrn
  - rdo.releng._http
attributes:
  action_group:
    description: Use these groups in C(module_defaults) to set addresses and users once.
    membership:
      - rdo.releng.dlrn
      - rdo.releng.gerrit
options:
  trunk_url:
    description: Address of the folder with DLRN's repositories, where the logs are.
    type: str
    required: true
  topic:
    description: Topic of the changes in Gerrit.
    type: str
    default: rdo-FTBFS
  branch:
    description: Branch of the distgits that changes are proposed for.
    type: str
    default: rpm-master
  tag:
    description: Tag of rdoinfo whose attributes packages have, for example a release.
    type: str
  packages:
    description: Names of packages to look at. All, if none are named.
    type: list
    elements: str
    default: []
  limit:
    description: The largest number of changes to open. What goes beyond it is V(defer).
    type: int
    default: 10
  logs:
    description: Names of the logs that are read, the best first.
    type: list
    elements: str
    default: [rpmbuild.log, root.log]
"""

EXAMPLES = r"""
- name: See what fails to build
  rdo.releng.ftbfs_info:
    rdoinfo: https://github.com/redhat-openstack/rdoinfo
    api_url: https://trunk.rdoproject.org/api-centos9-master-uc
    trunk_url: https://trunk.rdoproject.org/centos9-master
    gerrit_url: https://review.rdoproject.org/r
  register: ftbfs

- name: Show it
  ansible.builtin.debug:
    msg: "{{ ftbfs.table.splitlines() }}"
"""

RETURN = r"""
packages:
  description: Packages that do not build, and those that do and still have an open change.
  type: list
  elements: dict
  returned: success
  contains:
    package:
      description: Name of the package.
      type: str
    project:
      description: Its project in rdoinfo.
      type: str
    gerrit_project:
      description: The project of its distgit in Gerrit, or null.
      type: str
    action:
      description:
        - V(open) a change, V(amend) it as the failure is another one now, V(keep) it, V(abandon) it as the package
          builds again, V(recheck) as the failure is one of infrastructure, V(defer) as O(limit) is reached, V(wait) as
          DLRN will try again, or V(unknown) as rdoinfo does not say where its distgit is.
      type: str
    reason:
      description: Why.
      type: str
    class:
      description: Class of the failure, or null.
      type: str
    lines:
      description: Lines of the log that say so.
      type: list
      elements: str
    commit_hash:
      description: Commit of upstream that does not build, or null.
      type: str
    upstream_commit:
      description: Its address.
      type: str
    log_url:
      description: Address of the log.
      type: str
    message:
      description: Message for the change, or null.
      type: str
    reviewers:
      description: The package's maintainers.
      type: list
      elements: str
    number:
      description: Number of the open change, or null.
      type: int
    url:
      description: Its page.
      type: str
table:
  description: The same as text.
  type: str
  returned: success
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import DLRN, GERRIT, RDOINFO
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run
from ansible_collections.rdo.releng.plugins.module_utils._service.trunk.ftbfs import plan_failures


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **RDOINFO,
            **GERRIT,
            **DLRN,
            "trunk_url": {"type": "str", "required": True},
            "topic": {"type": "str", "default": "rdo-FTBFS"},
            "branch": {"type": "str", "default": "rpm-master"},
            "tag": {"type": "str"},
            "packages": {"type": "list", "elements": "str", "default": []},
            "limit": {"type": "int", "default": 10},
            "logs": {"type": "list", "elements": "str", "default": ["rpmbuild.log", "root.log"]},
        },
        supports_check_mode=True,
    )
    run(module, lambda: plan_failures(module.params))


if __name__ == "__main__":
    main()
