#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: spec_pyproject
short_description: Bring a spec file to the pyproject macros
version_added: 0.1.0
description:
  - Brings a spec file from C(%py3_build) and C(%py3_install) to C(%pyproject_wheel) and C(%pyproject_install). Build
    requirements are then generated from upstream's metadata and tox.ini.
  - Dependencies on Python distributions that are generated from then on are removed. These are all C(BuildRequires)
    outside conditions, and the C(Requires) of the package that has the metadata. RV(removed) has them.
  - What the file alone does not tell is left as it is, and is in RV(decide) for a person. Examples are documentation,
    tests that are run in another way, dependencies in conditions, and those of other packages.
  - A spec file that already has the macros is left as it is.
  - What is written has been parsed by rpm first, for each distro, in a sandbox.
author:
  - RDO release engineering (@rdo-infra)
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
  - rdo.releng._spec
options:
  spec:
    description: Path of the spec file.
    type: path
    required: true
  excluded_build_requirements:
    description:
      - Names on PyPI that no build requirement is generated for, for example linters. They become the macro
        C(excluded_brs), and are taken out of the files with requirements of tests and documentation while it is built.
    type: list
    elements: str
    default: []
  excluded_requirements:
    description: Names on PyPI that the packages must not require, as the macro C(excluded_reqs).
    type: list
    elements: str
    default: []
  tox:
    description:
      - Whether the requirements of upstream's tests are generated as tox.ini has them, and tests are run by tox. Uses
        C(%{default_toxenv}) of C(openstack-macros).
    type: bool
    default: true
requirements:
  - bubblewrap and rpmspec (packages C(bubblewrap), and C(rpm) or C(rpm-build))
"""

EXAMPLES = r"""
- name: Bring the spec file to pyproject
  rdo.releng.spec_pyproject:
    spec: /srv/distgit/oslo-config/python-oslo-config.spec
    excluded_build_requirements: [doc8, bandit, pre-commit, hacking, flake8-import-order]
  register: pyproject

- name: Show what is left to decide
  ansible.builtin.debug:
    msg: "{{ pyproject.decide }}"
"""

RETURN = r"""
actions:
  description: What was changed, or would be.
  type: list
  elements: str
  returned: success
  sample: ["%py3_build becomes %pyproject_wheel"]
removed:
  description: Dependencies that are generated from now on.
  type: list
  elements: dict
  returned: success
  contains:
    line:
      description: The line that it stood on.
      type: int
    kind:
      description: C(BuildRequires) or C(Requires).
      type: str
    value:
      description: What was required.
      type: str
decide:
  description: What a person must look at, with its line in the new file.
  type: list
  elements: dict
  returned: success
  contains:
    line:
      description: The line.
      type: int
    text:
      description: What stands there.
      type: str
    why:
      description: Why it has to be looked at.
      type: str
patch:
  description: The change as a unified diff without context.
  type: str
  returned: success
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import SPEC
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run_change
from ansible_collections.rdo.releng.plugins.module_utils._service.distgit.spec_pyproject import SpecPyproject


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "spec": {"type": "path", "required": True},
            "excluded_build_requirements": {"type": "list", "elements": "str", "default": []},
            "excluded_requirements": {"type": "list", "elements": "str", "default": []},
            "tox": {"type": "bool", "default": True},
            **SPEC,
        },
        supports_check_mode=True,
    )
    run_change(module, SpecPyproject(module.params))


if __name__ == "__main__":
    main()
