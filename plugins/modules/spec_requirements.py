#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: spec_requirements
short_description: Bring a spec file's dependencies to what upstream says
version_added: 0.1.0
description:
  - Compares the C(Requires) and C(BuildRequires) of a spec file with what upstream's sources need, for the Python of
    each distro, and changes the spec file in place. Lines that need no change stay as they are.
  - Upstream's needs are read from C(pyproject.toml), else C(setup.cfg), else C(requirements.txt).
  - A difference that is there for some of the distros only is returned and not applied, as it needs a condition in the
    spec file.
  - Where a spec file has C(%generate_buildrequires), only what it writes out itself is compared.
  - In check mode nothing is changed, which is how to only compare.
author:
  - RDO release engineering (@rdo-infra)
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
options:
  spec:
    description: Path of the spec file.
    type: path
    required: true
  upstream:
    description: Folder of upstream's sources, local git repository, or URL of one.
    type: str
    required: true
  revision:
    description: Branch, tag or hash of the repository. If not set, a folder is read as it lies there.
    type: str
  distros:
    description: Distros that the spec file is for.
    type: list
    elements: str
    default: [el9s, el10s]
  pythons:
    description: Version of Python by distro, for distros that the collection does not know.
    type: dict
    default: {}
  changes:
    description:
      - Which differences to apply. V(missing) adds dependencies, V(minimum) sets their lowest versions, V(excess)
        removes what upstream does not need.
    type: list
    elements: str
    choices: [missing, minimum, excess]
    default: [missing, minimum]
  names:
    description:
      - YAML file with what spec files call distributions of PyPI, for example C(pyyaml) as C(python3-yaml), where it is
        not what pymod2pkg says. What is null there is not compared.
    type: path
  git_timeout:
    description: Seconds that fetching from a URL may take.
    type: float
    default: 120.0
  cache_dir:
    description:
      - Folder for what was fetched by git.
      - If not set, C(rdo.releng) below E(XDG_CACHE_HOME) or C(~/.cache) is used.
    type: path
requirements:
  - packaging
  - pymod2pkg
  - specfile, and rpm's Python bindings
  - tomli (with Python before 3.11)
"""

EXAMPLES = r"""
- name: Bring the spec file to what upstream's branch says
  rdo.releng.spec_requirements:
    spec: /srv/distgit/oslo-config/python-oslo-config.spec
    upstream: https://opendev.org/openstack/oslo.config
    revision: stable/2025.1
    distros: [el9s]
    names: /srv/names.yml
  register: requirements

- name: Show what a person has to look at
  ansible.builtin.debug:
    msg: "{{ requirements.differences | rejectattr('applies') }}"
"""

RETURN = r"""
actions:
  description: What was changed, or would be.
  type: list
  elements: str
  returned: success
  sample: ["add Requires: python3-netaddr >= 0.7.18"]
differences:
  description: Everything that differs from what upstream says.
  type: list
  elements: dict
  returned: success
  contains:
    status:
      description: One of V(missing), V(minimum) and V(excess).
      type: str
    kind:
      description: C(Requires) or C(BuildRequires).
      type: str
    name:
      description: The dependency, as in the spec file or as it would be added.
      type: str
    upstream:
      description: Name of the distribution that upstream needs, or null.
      type: str
    wanted:
      description: Lowest version that upstream needs, or null.
      type: str
    have:
      description: Lowest version that the spec file needs, or null.
      type: str
    section:
      description: The part of the spec file, for example C(package -n python3-oslo-config).
      type: str
    source:
      description: File, and line where there is one, of upstream that says so.
      type: str
    distros:
      description: For which distros this is so.
      type: list
      elements: str
    applies:
      description: Whether it can be applied, that is, is so for all distros and stands on a line of its own.
      type: bool
generates_buildrequires:
  description: Whether the spec file has C(%generate_buildrequires).
  type: bool
  returned: success
patch:
  description: The change as a unified diff without context.
  type: str
  returned: success
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run_change
from ansible_collections.rdo.releng.plugins.module_utils._service.distgit.spec_requirements import UpstreamSpecChange


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "spec": {"type": "path", "required": True},
            "upstream": {"type": "str", "required": True},
            "revision": {"type": "str"},
            "distros": {"type": "list", "elements": "str", "default": ["el9s", "el10s"]},
            "pythons": {"type": "dict", "default": {}},
            "changes": {
                "type": "list",
                "elements": "str",
                "choices": ["missing", "minimum", "excess"],
                "default": ["missing", "minimum"],
            },
            "names": {"type": "path"},
            "git_timeout": {"type": "float", "default": 120.0},
            "cache_dir": {"type": "path"},
        },
        supports_check_mode=True,
    )
    run_change(module, UpstreamSpecChange(module.params))


if __name__ == "__main__":
    main()
