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
  - Upstream's needs are read from C(pyproject.toml), otherwise C(setup.cfg), otherwise C(requirements.txt).
  - A minimum that upstream allows is never lowered, an epoch stays, and no line is added inside a condition.
  - A difference that exists for only some of the distros is returned and not applied, because it needs a condition in
    the spec file. A line that already stands in a condition is changed if all distros that see it agree.
  - If repositories are given, dependencies get the names under which packages of these provide them.
  - rpm parses the spec file once for each distro, in a sandbox, and what would be written is parsed once more before it
    is written.
  - Where a spec file has C(%generate_buildrequires), only what it writes out itself is compared.
  - In check mode nothing is changed, so use it to only compare.
author:
  - RDO release engineering (@rdo-infra)
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
  - rdo.releng._http
  - rdo.releng._spec
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
  changes:
    description:
      - Which differences to apply. V(missing) adds dependencies, V(minimum) raises their lowest versions, V(excess)
        removes what neither upstream nor its extras need.
    type: list
    elements: str
    choices: [missing, minimum, excess]
    default: [missing, minimum]
  build_minimums:
    description: Whether all C(BuildRequires) get lowest versions. Those that have one are raised in any case.
    type: bool
    default: false
  names:
    description:
      - YAML file with the names that spec files have for distributions of PyPI, for example C(pyyaml) as
        C(python3-yaml), where it is not what pymod2pkg says. What is null there is not compared.
    type: path
  repositories:
    description:
      - Repositories whose packages say how dependencies are called, by what they provide as C(python3dist()), and which
        epoch they have.
      - Each is a folder, the address of a .repo file, or a mapping with C(id) and C(baseurl), as for
        M(rdo.releng.repoclosure).
    type: list
    elements: raw
    default: []
  arch:
    description: Architecture of the packages in O(repositories).
    type: str
    default: x86_64
  variables:
    description: Values of variables in addresses of O(repositories), for example C(releasever).
    type: dict
    default: {}
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
  - bubblewrap and rpmspec (packages C(bubblewrap), and C(rpm) or C(rpm-build))
  - packaging
  - pymod2pkg
  - solv, where repositories are given
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
      description:
        - One of V(missing), V(minimum), V(excess) and V(limit).
        - A V(limit) is what upstream says about highest or exact versions and about extras, and the spec file does not.
          It is never applied.
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
    specifier:
      description: All that upstream says about the version, as C(<2,>=1.0), or null.
      type: str
    extras:
      description: Extras that upstream asks for; of a V(limit) those that no dependency is for.
      type: list
      elements: str
    package:
      description: The package that has the dependency, for example C(python3-oslo-config), or null.
      type: str
    line:
      description: Its line in the spec file, or null.
      type: int
    provided:
      description: Whether a package of O(repositories) provides what upstream needs. Null where none are given.
      type: bool
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

from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import HTTP, SPEC
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run_change
from ansible_collections.rdo.releng.plugins.module_utils._service.distgit.spec_requirements import SpecRequirements


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "spec": {"type": "path", "required": True},
            "upstream": {"type": "str", "required": True},
            "revision": {"type": "str"},
            **SPEC,
            "changes": {
                "type": "list",
                "elements": "str",
                "choices": ["missing", "minimum", "excess"],
                "default": ["missing", "minimum"],
            },
            "build_minimums": {"type": "bool", "default": False},
            "names": {"type": "path"},
            "repositories": {"type": "list", "elements": "raw", "default": []},
            "arch": {"type": "str", "default": "x86_64"},
            "variables": {"type": "dict", "default": {}},
            **HTTP,
            "git_timeout": {"type": "float", "default": 120.0},
            "cache_dir": {"type": "path"},
        },
        supports_check_mode=True,
    )
    run_change(module, SpecRequirements(module.params))


if __name__ == "__main__":
    main()
