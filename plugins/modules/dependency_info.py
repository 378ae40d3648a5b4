#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: dependency_info
short_description: Compare dependencies with upper constraints and Fedora
version_added: 0.1.0
description:
  - Compares the builds of packages that rdoinfo has as dependencies with upper constraints, for the Python of each
    distro.
  - Of those that are behind, says which version Fedora's distgit is at, which version can be followed to, and what that
    would break in the repositories of maintained releases.
  - A C(status) is V(equal), V(bump) (older than the constraint), V(ahead) (newer) or V(missing) (there is no build).
author:
  - RDO release engineering (@rdo-infra)
extends_documentation_fragment:
  - rdo.releng._attributes.INFO
  - rdo.releng._rdoinfo
  - rdo.releng._http
options:
  release:
    description: Release of rdoinfo whose tags have our builds.
    type: str
    required: true
  constraints:
    description: Path or URL of the constraints file.
    type: str
    required: true
  tag:
    description: Tag of rdoinfo that dependencies have.
    type: str
    default: dependency
  distros:
    description: Distros to compare, for example V(el9s). If not set, all of the release.
    type: list
    elements: str
  pythons:
    description: Version of Python by distro, for distros that the collection does not know.
    type: dict
    default: {}
  names:
    description: YAML file with the project of rdoinfo for names on PyPI that are not found otherwise, or no value.
    type: path
  packages:
    description: Names of packages to compare. If none are named, all.
    type: list
    elements: str
    default: []
  forks:
    description: Names of packages that go their own way. They are compared, and nothing is proposed for them.
    type: list
    elements: str
    default: []
  builds:
    description: NVRs by distro, in addition to those that rdoinfo's tags list. For example everything that a hub has.
    type: dict
    default: {}
  fedora:
    description: Address of a spec file of Fedora, with C({name}) and C({branch}).
    type: str
    default: https://src.fedoraproject.org/rpms/{name}/raw/{branch}/f/{name}.spec
  fedora_branch:
    description: Branch of Fedora's distgits.
    type: str
    default: rawhide
  maintained:
    description: Releases that the updates would come to, whose repositories are looked at.
    type: list
    elements: dict
    default: []
    suboptions:
      release:
        description: Its name.
        type: str
        required: true
      distro:
        description: The distro.
        type: str
        required: true
      repositories:
        description: Its repositories, as O(rdo.releng.repoclosure#module:check) takes them.
        type: list
        elements: raw
        required: true
  skip_invalid:
    description: Whether lines that are not constraints are passed over instead of being an error.
    type: bool
    default: false
requirements:
  - packaging
  - pymod2pkg
  - PyYAML
  - solv, where O(maintained) is given
"""

EXAMPLES = r"""
- name: See which dependencies are behind, and what an update would break
  rdo.releng.dependency_info:
    rdoinfo: https://github.com/redhat-openstack/rdoinfo
    release: flamingo
    constraints: https://releases.openstack.org/constraints/upper/2025.2
    maintained:
      - release: epoxy
        distro: el9s
        repositories: [https://trunk.rdoproject.org/centos9-epoxy/puppet-passed-ci/delorean.repo]
  register: dependencies

- name: Show it
  ansible.builtin.debug:
    msg: "{{ dependencies.table.splitlines() }}"
"""

RETURN = r"""
dependencies:
  description: One row for each package that has a constraint, and distro.
  type: list
  elements: dict
  returned: success
  contains:
    project:
      description: Its project in rdoinfo.
      type: str
    package:
      description: Its name.
      type: str
    gerrit_project:
      description: Project in Gerrit that our distgit is.
      type: str
    fedora_name:
      description: What Fedora calls it.
      type: str
    upstream:
      description: Its name on PyPI, as the constraint has it.
      type: str
    distro:
      description: The distro.
      type: str
    constraint:
      description: The version that upper constraints have.
      type: str
    version:
      description: The newest version that we have built, or null.
      type: str
    build:
      description: That build.
      type: str
    status:
      description: How it stands to the constraint.
      type: str
    fedora:
      description: The version of Fedora's distgit, where ours is behind and it can be told. Otherwise null.
      type: str
    held:
      description: Why nothing is proposed, V(fork) or V(version-locked), or null.
      type: str
    proposal:
      description: The version that it can be brought to, or null.
      type: str
    breaks:
      description:
        - Requirements that would not be met any more, each with release, package and requirement.
        - Packages that could not be installed any more as well, with the reason in place of the requirement.
      type: list
      elements: dict
    reason:
      description: Why there is no proposal, or null.
      type: str
proposals:
  description: The rows that have a proposal.
  type: list
  elements: dict
  returned: success
counts:
  description: Packages by distro and status.
  type: dict
  returned: success
  sample: {el9s: {bump: 12, equal: 200}}
table:
  description: What is not as the constraints say, as text.
  type: str
  returned: success
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import HTTP, RDOINFO
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run
from ansible_collections.rdo.releng.plugins.module_utils._service.distgit.dependencies import compare_dependencies

MAINTAINED = {
    "release": {"type": "str", "required": True},
    "distro": {"type": "str", "required": True},
    "repositories": {"type": "list", "elements": "raw", "required": True},
}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **RDOINFO,
            **HTTP,
            "release": {"type": "str", "required": True},
            "constraints": {"type": "str", "required": True},
            "tag": {"type": "str", "default": "dependency"},
            "distros": {"type": "list", "elements": "str"},
            "pythons": {"type": "dict", "default": {}},
            "names": {"type": "path"},
            "packages": {"type": "list", "elements": "str", "default": []},
            "forks": {"type": "list", "elements": "str", "default": []},
            "builds": {"type": "dict", "default": {}},
            "fedora": {
                "type": "str",
                "default": "https://src.fedoraproject.org/rpms/{name}/raw/{branch}/f/{name}.spec",
            },
            "fedora_branch": {"type": "str", "default": "rawhide"},
            "maintained": {"type": "list", "elements": "dict", "options": MAINTAINED, "default": []},
            "skip_invalid": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    run(module, lambda: compare_dependencies(module.params))


if __name__ == "__main__":
    main()
