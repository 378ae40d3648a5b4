#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: clean_root
version_added: 0.1.0
short_description: Install packages into a clean root
description:
  - Makes a folder that holds the given packages, what they require, and nothing else, with dnf from the given
    repositories alone. Nothing of the host's repositories, packages or configuration has a say in it.
  - The root is made again when a repository's C(repomd.xml), the packages or an option have changed. It is made next to
    the old one and takes its place when it is complete.
  - What still runs in a root that is replaced or removed is killed.
  - What it was made from is kept in a file next to it, with the name of the root and C(.json).
  - Packages bring programs along that run when they are installed. They run in the sandbox, with dnf, without a network
    and with nothing of the host but its C(/usr); what is needed from the network is downloaded first. In the sandbox
    they are root, on the host nobody, to whom the files of the root belong.
  - M(rdo.releng.clean_root_command) runs programs in it.
options:
  packages:
    description: Names, provides, files or paths of packages. Required unless O(state=absent).
    type: list
    elements: str
  log:
    description: File that dnf's output is appended to. Required unless O(state=absent).
    type: path
  state:
    description: Whether the root is there.
    type: str
    choices: [present, absent]
    default: present
requirements:
  - bubblewrap
  - dnf
  - rpm
  - root
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
  - rdo.releng._clean_root
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Install a candidate's packages
  rdo.releng.clean_root:
    path: /srv/roots/unit
    repositories:
      - id: base
        baseurl: https://mirror.stream.centos.org/9-stream/BaseOS/x86_64/os/
      - id: candidate
        baseurl: file:///srv/dlrn/data/repos/component/common/12/34/1234_5678
        priority: 1
    packages: [python3-oslo-utils-tests]
    log: /srv/logs/root.log
"""

RETURN = r"""
actions:
  description: What is done, with the reason; empty when the root is there as it should be.
  returned: success
  type: list
  elements: str
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
      description: Id of the repository that it comes from.
      type: str
unchecked:
  description: Repositories whose packages' signatures are not checked.
  returned: when the root is to be there
  type: list
  elements: str
failure:
  description: Why dnf could not install the packages; as M(rdo.releng.clean_root_command) returns it.
  returned: when dnf failed
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._module.arguments import CLEAN_ROOT
from ..module_utils._module.runner import run_change
from ..module_utils._service.build.diagnosed_root import DiagnosedRoot, NoRoot


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **CLEAN_ROOT,
            "packages": {"type": "list", "elements": "str"},
            "log": {"type": "path"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        required_if=[("state", "present", ["packages", "log"])],
        supports_check_mode=True,
    )
    run_change(module, DiagnosedRoot(module.params) if module.params["state"] == "present" else NoRoot(module.params))


if __name__ == "__main__":
    main()
