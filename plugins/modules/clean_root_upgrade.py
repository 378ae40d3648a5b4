#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: clean_root_upgrade
version_added: 0.1.0
short_description: Upgrade the packages of a clean root
description:
  - Installs with dnf what repositories have newer than the packages of a root that M(rdo.releng.clean_root) made, in
    one transaction, C(dnf upgrade). All else in the root stays, for example databases and configuration of services
    that ran in it. So operators upgrade a host.
  - Nothing but O(repositories) and O(repo_files) is looked at. What the root was made from no longer counts, unless
    it is among them. They need other ids than those that the root was made from, if it should be told where each
    package comes from.
  - A package that cannot be upgraded to the newest version there is makes the transaction fail, and is not skipped.
  - If a repository has an older version of a package than the root, that is an error, because dnf upgrade leaves the
    newer one in place. The root then has a mixture of both.
  - What still runs in the root is killed first. Scriptlets run in the sandbox, as M(rdo.releng.clean_root) says.
  - An upgraded root is no longer clean. M(rdo.releng.clean_root) makes it anew.
options:
  log:
    description: File that dnf's output is appended to.
    type: path
    required: true
requirements:
  - bubblewrap
  - dnf
  - rpm
  - root
seealso:
  - module: rdo.releng.clean_root
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
  - rdo.releng._clean_root
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Upgrade what was promoted to the candidate
  rdo.releng.clean_root_upgrade:
    path: /srv/roots/cloud
    repositories:
      - id: base
        baseurl: https://mirror.stream.centos.org/9-stream/BaseOS/x86_64/os/
      - id: candidate
        baseurl: file:///srv/dlrn/data/repos/component/common/12/34/1234_5678
        priority: 1
    log: /srv/logs/upgrade.log
"""

RETURN = r"""
actions:
  description: What is done; empty when it was upgraded to what these repositories hold before.
  returned: success
  type: list
  elements: str
changes:
  description:
    - The packages that are others than before. Empty in check mode, and when the repositories have nothing newer.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the package.
      type: str
    change:
      description: V(upgraded), V(installed) or V(removed).
      type: str
    before:
      description: Version and release that it had.
      type: str
    after:
      description: Version and release that it has.
      type: str
installed:
  description: The packages in the root.
  returned: success
  type: list
  elements: dict
  contains:
    nevra:
      description: Full name of the package.
      type: str
      sample: python3-oslo-utils-10.2.0-0.20260201000000.1234567.el9.noarch
    repository:
      description: >-
        Id of the repository that has it. If none of the repositories has just this package, the one that it once came
        from.
      type: str
unchecked:
  description: Repositories whose packages' signatures are not checked.
  returned: success
  type: list
  elements: str
failure:
  description: Why dnf could not upgrade the packages; as M(rdo.releng.clean_root_command) returns it.
  returned: when dnf failed, or a repository has an older package
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._module.arguments import CLEAN_ROOT
from ..module_utils._module.runner import run_change
from ..module_utils._service.build.diagnosed_root import DiagnosedUpgrade


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **CLEAN_ROOT,
            "log": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    run_change(module, DiagnosedUpgrade(module.params))


if __name__ == "__main__":
    main()
