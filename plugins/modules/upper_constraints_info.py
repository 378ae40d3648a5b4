#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: upper_constraints_info
short_description: Compare upper constraints with pins, repositories and builds
version_added: 0.1.0
description:
  - Compares OpenStack's upper constraints with what rdoinfo pins in a release, and, where they are given, with the
    packages of repositories and with builds.
  - Markers are evaluated for the Python of each distro. Where the distros of a release need different versions, one pin
    in rdoinfo cannot serve, and that is returned as a conflict instead of a pin.
  - A C(status) is V(equal), V(bump) (older than the constraint), V(ahead) (newer), V(missing) (there is none) or
    V(hold) (it should not follow constraints).
author:
  - RDO release engineering (@rdo-infra)
extends_documentation_fragment:
  - rdo.releng._attributes.INFO
  - rdo.releng._rdoinfo
options:
  constraints:
    description: Path or URL of the constraints file.
    type: str
    required: true
  release:
    description: Release of rdoinfo, for its distros.
    type: str
    required: true
  tag:
    description: Tag whose packages and pins are compared, for example V(flamingo-uc). If not set, O(release).
    type: str
  distros:
    description: Distros to compare, for example V(el9s). If not set, all of the release.
    type: list
    elements: str
  pythons:
    description:
      - Version of Python by distro, for distros that the collection does not know or that use another one.
      - Known are V(el8s) with 3.6, V(el9s) with 3.9 and V(el10s) with 3.12.
    type: dict
    default: {}
  names:
    description:
      - YAML file with the project of rdoinfo for names on PyPI that are not found otherwise, or no value for a name
        that should not be compared.
    type: path
  repositories:
    description: Repositories by distro, as O(rdo.releng.repoclosure#module:check) takes them.
    type: dict
    default: {}
  builds:
    description: NVRs by distro, for example all builds in a tag.
    type: dict
    default: {}
  skip_invalid:
    description: Whether lines that are not constraints are returned as RV(invalid_lines) instead of being an error.
    type: bool
    default: false
  timeout:
    description: Seconds to wait for one answer of a server.
    type: float
    default: 30.0
  deadline:
    description: Seconds that reading from servers may take altogether.
    type: float
    default: 600.0
requirements:
  - packaging
  - pymod2pkg
  - solv (with O(repositories))
"""

EXAMPLES = r"""
- name: Compare flamingo's pins with 2025.2
  rdo.releng.upper_constraints_info:
    rdoinfo: /srv/rdoinfo
    release: flamingo
    tag: flamingo-uc
    constraints: https://releases.openstack.org/constraints/upper/2025.2
  register: constraints

- name: Pin what can be pinned
  rdo.releng.rdoinfo_pin:
    rdoinfo: /srv/rdoinfo
    tag: flamingo-uc
    pins: "{{ constraints.proposals }}"

- name: See what would break in the repository if its packages were as constrained
  rdo.releng.upper_constraints_info:
    rdoinfo: /srv/rdoinfo
    release: epoxy
    distros: [el9s]
    constraints: /srv/requirements/upper-constraints.txt
    repositories:
      el9s: https://trunk.rdoproject.org/centos9-epoxy/puppet-passed-ci
"""

RETURN = r"""
pins:
  description: One row for each project and distro that has a constraint.
  type: list
  elements: dict
  returned: success
  sample:
    - project: openstacksdk
      name: openstacksdk
      distro: el9s
      constraint: 4.5.0
      line: 465
      pin: 4.6.0
      status: ahead
      reason:
proposals:
  description: Pins to set, project and version. What is pinned to a commit or branch, or version-locked, is left alone.
  type: dict
  returned: success
  sample: {sushy: 5.7.2}
conflicts:
  description: Projects for which the distros need different versions.
  type: list
  elements: dict
  returned: success
  sample:
    - project: openstacksdk
      name: openstacksdk
      pin: 4.6.0
      versions: {el9s: 4.5.0, el10s: 4.7.2}
      reason: one pin cannot be 4.5.0 for el9s (line 465), 4.7.2 for el10s (line 466)
repositories:
  description: Constraints compared with the C(python3dist()) that packages of O(repositories) provide.
  type: list
  elements: dict
  returned: success
  sample:
    - name: oslo.config
      distro: el9s
      constraint: 10.0.0
      line: 300
      version: 9.8.0
      package: python3-oslo-config-9.8.0-1.el9s.noarch
      status: bump
breaks:
  description:
    - Requirements in O(repositories) that are met now and would not be if every package were as constrained.
    - Packages that can be installed now and could not be then as well, with the reason in place of the requirement.
  type: list
  elements: dict
  returned: success
  sample:
    - distro: el9s
      names: [oslo.config]
      package: python3-example-1.0-1.el9s.noarch
      requirement: (python3dist(oslo-config) >= 9 with python3dist(oslo-config) < 10)
builds:
  description: Constraints compared with O(builds).
  type: list
  elements: dict
  returned: success
invalid_lines:
  description: Lines that are not constraints, with O(skip_invalid).
  type: list
  elements: str
  returned: success
reasons:
  description: A sentence for each of RV(proposals) that names the lines of the constraints, for a commit message.
  type: list
  elements: str
  returned: success
  sample: ["sushy: 5.7.1 -> 5.7.2 (el9s, el10s: sushy, line 70)"]
table:
  description: Pins that are not as the constraints say, and conflicts, as text.
  type: str
  returned: success
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import RDOINFO
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run
from ansible_collections.rdo.releng.plugins.module_utils._service.release.constraints import compare_constraints


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **RDOINFO,
            "constraints": {"type": "str", "required": True},
            "release": {"type": "str", "required": True},
            "tag": {"type": "str"},
            "distros": {"type": "list", "elements": "str"},
            "pythons": {"type": "dict", "default": {}},
            "names": {"type": "path"},
            "repositories": {"type": "dict", "default": {}},
            "builds": {"type": "dict", "default": {}},
            "skip_invalid": {"type": "bool", "default": False},
            "timeout": {"type": "float", "default": 30.0},
            "deadline": {"type": "float", "default": 600.0},
        },
        supports_check_mode=True,
    )
    run(module, lambda: compare_constraints(module.params))


if __name__ == "__main__":
    main()
