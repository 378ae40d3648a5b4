#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: koji_tag
version_added: 0.1.0
short_description: Manage a tag of a Koji hub
description:
  - Creates, changes and deletes a tag, with its inheritance, external repositories, packages and groups.
  - An option that is not given, or an empty string, is left as it is. A list or mapping that is given is the whole of
    it, even if it is empty. M(rdo.releng.koji_tag_inheritance) and M(rdo.releng.koji_tag_packages) change a part.
options:
  name:
    description: Name of the tag.
    type: str
    required: true
  arches:
    description: Architectures, with spaces between. Their order matters, as the first one's source RPM is kept.
    type: str
  perm:
    description: Permission that is needed to change what is in the tag, its name or number. V(false) is none.
    type: raw
  locked:
    description: Whether nothing may be changed in the tag.
    type: bool
  maven_support:
    description: Whether Maven repositories are made for the tag.
    type: bool
  maven_include_all:
    description: Whether these hold every build of the tag, not only the latest.
    type: bool
  extra:
    description: All of the tag's configuration.
    type: dict
  inheritance:
    description:
      - All parents. A list of mappings with V(parent) and V(priority), and optionally V(maxdepth), V(intransitive),
        V(noconfig) and V(pkg_filter).
    type: raw
  external_repos:
    description:
      - All external repositories. A list of mappings with V(repo) and V(priority), and optionally V(merge_mode) and
        V(arches), which are left as they are when not given.
    type: raw
  packages:
    description:
      - All packages of the tag's own list, by owner. A package that is inherited is listed by that, whoever owns it.
      - Packages that are blocked are a matter of O(blocked_packages).
    type: raw
  blocked_packages:
    description: All packages that are blocked in the tag. One that is in O(packages) too is listed first.
    type: raw
  groups:
    description: All groups of the tag itself, each with its packages. What is inherited is neither added nor removed.
    type: raw
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
  - rdo.releng._attributes.ACTIONGROUP_KOJI
  - rdo.releng._koji
  - rdo.releng._state
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: A tag for what is tested
  rdo.releng.koji_tag:
    koji: cbs
    name: cloud9s-openstack-epoxy-testing
    arches: x86_64 aarch64
    packages:
      jane: [openstack-nova, openstack-glance]

- name: A tag to build with
  rdo.releng.koji_tag:
    koji: cbs
    name: cloud9s-openstack-epoxy-el9s-build
    arches: x86_64
    inheritance:
      - parent: cloud9s-openstack-epoxy-candidate
        priority: 10
    external_repos:
      - repo: centos9s-baseos
        priority: 5
        merge_mode: bare
"""

RETURN = r"""
actions:
  description: What was done, or would be, one sentence each.
  returned: success
  type: list
  elements: str
  sample: ["create tag cloud9s-openstack-epoxy-testing"]
tag:
  description: The tag with what the options name; null if it is absent.
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._koji.tag import TagEntity
from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import KOJI, STATE
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run_change


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **KOJI,
            **STATE,
            "name": {"type": "str", "required": True},
            "arches": {"type": "str"},
            "perm": {"type": "raw"},
            "locked": {"type": "bool"},
            "maven_support": {"type": "bool"},
            "maven_include_all": {"type": "bool"},
            "extra": {"type": "dict"},
            "inheritance": {"type": "raw"},
            "external_repos": {"type": "raw"},
            "packages": {"type": "raw"},
            "blocked_packages": {"type": "raw"},
            "groups": {"type": "raw"},
        },
        supports_check_mode=True,
    )
    run_change(module, TagEntity(module.params, module.check_mode))


if __name__ == "__main__":
    main()
