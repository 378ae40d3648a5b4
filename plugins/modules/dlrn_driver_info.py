#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: dlrn_driver_info
version_added: 0.1.0
short_description: Tell which build driver a host can build with
description:
  - Says which of DLRN's build drivers a host takes, and fails if something that it needs is missing, with all that is
    missing and how to get it.
  - DLRN takes a program that is not there, or a user who cannot use it, for a failure of the commit, and tries no
    commit twice.
options:
  driver:
    description: The driver. V(auto) is V(mock) where mock is installed, and V(chroot) elsewhere.
    type: str
    choices: [auto, mock, chroot]
    default: auto
  user:
    description: Whether the user of this task is the one that builds, and is looked at as well.
    type: bool
    default: true
extends_documentation_fragment:
  - rdo.releng._attributes.INFO
seealso:
  - module: rdo.releng.dlrn_build
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: See that this host can build, before anything is set up
  rdo.releng.dlrn_driver_info:
  register: worker
  become: true

- name: Say how
  ansible.builtin.debug:
    msg: "Packages are built with the driver {{ worker.driver }}."
"""

RETURN = r"""
driver:
  description: The driver that is taken, V(mock) or V(chroot).
  returned: success
  type: str
programs:
  description: What it runs on the host.
  returned: success
  type: list
  elements: str
  sample: [bwrap, createrepo_c, dnf, git, rpmbuild, setpriv, tar]
problems:
  description: What is missing, one sentence each.
  returned: when something is
  type: list
  elements: str
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._dlrn.drivers import choose_driver, require_usable
from ..module_utils._module.runner import run


def work(params: dict[str, t.Any]) -> dict[str, t.Any]:
    driver = choose_driver(params["driver"])
    require_usable(driver, params["user"])
    return {"driver": driver.name, "programs": list(driver.programs)}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "driver": {"type": "str", "choices": ["auto", "mock", "chroot"], "default": "auto"},
            "user": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    run(module, lambda: work(module.params))


if __name__ == "__main__":
    main()
