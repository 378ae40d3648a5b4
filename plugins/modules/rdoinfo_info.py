#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: rdoinfo_info
short_description: What belongs in a release, from rdoinfo
version_added: 0.1.0
description:
  - Reads rdoinfo with all the files that it imports, and returns its packages as they are after defaults,
    configurations and tags have been applied, its releases, components, tags and builds.
  - With O(compare_to), also what changed between two revisions.
author:
  - RDO release engineering (@rdo-infra)
extends_documentation_fragment:
  - rdo.releng._attributes.INFO
  - rdo.releng._rdoinfo
options:
  tag:
    description:
      - Return only packages that have this tag, for example the name of a release, with the attributes that the tag
        changes.
    type: str
  filters:
    description:
      - Attribute of a package, and a regular expression that must be found in it. With V(~) in front it must not be
        found. Of lists one item, of tags one name must match. A package without the attribute does not match.
      - This is what C(rdopkg info) does with C(attribute:expression).
    type: dict
    default: {}
  gather:
    description: What to return. The packages' own C(buildsys-tags) are only under V(buildsys_tags), by tag.
    type: list
    elements: str
    choices:
      - packages
      - releases
      - components
      - tags
      - buildsys_tags
    default:
      - packages
      - releases
      - components
      - tags
  compare_to:
    description: Earlier revision of the same repository. What changed from it is returned as RV(difference).
    type: str
seealso:
  - plugin: rdo.releng.rdoinfo
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Find the packages of the component compute in epoxy
  rdo.releng.rdoinfo_info:
    rdoinfo: https://github.com/redhat-openstack/rdoinfo
    tag: epoxy
    filters:
      component: ^compute$
    gather: [packages]
  register: rdoinfo

- name: Show what they are pinned to
  ansible.builtin.debug:
    msg: "{{ item.name }} {{ item['source-branch'] | default('is not pinned') }}"
  loop: "{{ rdoinfo.packages }}"
  loop_control:
    label: "{{ item.name }}"

- name: See what the last change of a checkout did
  rdo.releng.rdoinfo_info:
    rdoinfo: /srv/rdoinfo
    rdoinfo_revision: HEAD
    compare_to: HEAD~1
    gather: []
"""

RETURN = r"""
source:
  description: What was read. A folder, or a repository and the full hash of the commit.
  type: str
  returned: success
  sample: https://github.com/redhat-openstack/rdoinfo at 3b18e5ff0dff5b3f7b9c5a7f4b0a3a9d9c2b7e11
revision:
  description: The full hash of the commit, or null if a folder was read as it lies there.
  type: str
  returned: success
packages:
  description: The packages that match, with all their attributes, in the order of the files.
  type: list
  elements: dict
  returned: when O(gather) has V(packages)
  sample:
    - project: nova
      name: openstack-nova
      conf: rpmfactory-core
      component: compute
      source-branch: 31.0.0
      upstream: https://opendev.org/openstack/nova
      maintainers: [somebody@example.com]
      tags: {epoxy: {source-branch: 31.0.0}}
releases:
  description: The releases, newest first, with their distros as C(repos).
  type: list
  elements: dict
  returned: when O(gather) has V(releases)
components:
  description: Names of the components.
  type: list
  elements: str
  returned: when O(gather) has V(components)
tags:
  description: Every tag that some package has.
  type: list
  elements: str
  returned: when O(gather) has V(tags)
buildsys_tags:
  description: For each tag of the build system, the NVR of each package.
  type: dict
  returned: when O(gather) has V(buildsys_tags)
  sample:
    cloud9s-openstack-epoxy-testing:
      openstack-nova: openstack-nova-31.0.0-1.el9s
difference:
  description: What changed since O(compare_to).
  type: dict
  returned: when O(compare_to) is given
  contains:
    packages:
      description: Projects that were RV(ignore:added) and RV(ignore:removed), and attributes that were
        RV(ignore:changed), with C(project), C(attribute), C(before) and C(after).
      type: dict
    tags:
      description: Tags of packages, with C(project), C(tag), C(change) (added, removed, changed), C(before), C(after).
      type: list
      elements: dict
    buildsys_tags:
      description: The same for tags of the build system. C(before) and C(after) are NVRs.
      type: list
      elements: dict
    releases:
      description: Releases, with C(release), C(change), C(before) and C(after).
      type: list
      elements: dict
    empty:
      description: Whether nothing changed.
      type: bool
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import RDOINFO
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run
from ansible_collections.rdo.releng.plugins.module_utils._service.release.rdoinfo_query import query_rdoinfo

GATHER = ["packages", "releases", "components", "tags", "buildsys_tags"]


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **RDOINFO,
            "tag": {"type": "str"},
            "filters": {"type": "dict", "default": {}},
            "gather": {"type": "list", "elements": "str", "choices": GATHER, "default": GATHER[:-1]},
            "compare_to": {"type": "str"},
        },
        supports_check_mode=True,
    )
    run(module, lambda: query_rdoinfo(module.params))


if __name__ == "__main__":
    main()
