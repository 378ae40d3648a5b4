#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: koji_tag_info
version_added: 0.1.0
short_description: What is in tags of a Koji hub, and what they inherit
description:
  - Describes tags. The builds of a tag carry both what the hub takes for the latest of a package, which is what was
    tagged last, and what is highest by epoch, version and release.
options:
  tags:
    description: Names of the tags. Each must be there.
    type: list
    elements: str
    required: true
  gather:
    description: What to return of each, besides its own settings.
    type: list
    elements: str
    choices: [builds, external_repos, groups, history, inheritance, packages]
    default: [builds, inheritance]
  inherited:
    description: Whether builds, packages and external repositories that are inherited are returned too.
    type: bool
    default: false
  package:
    description: Only builds and history of this package.
    type: str
extends_documentation_fragment:
  - rdo.releng._attributes.INFO
  - rdo.releng._attributes.ACTIONGROUP_KOJI
  - rdo.releng._koji
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: See whether the hub's latest is the newest
  rdo.releng.koji_tag_info:
    koji: cbs
    tags: [cloud9s-openstack-epoxy-testing]
  register: tags

- name: Name packages whose order is wrong
  ansible.builtin.debug:
    msg: "{{ tags.tags[0].wrong_order }}"
"""

RETURN = r"""
tags:
  description: The tags, in the order they were asked for.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
    id:
      description: Its number.
      type: int
    arches:
      description: Its architectures.
      type: str
    locked:
      description: Whether it is locked.
      type: bool
    perm:
      description: The permission that guards it.
      type: str
    extra:
      description: Its configuration.
      type: dict
    builds:
      description:
        - Builds, newest tagging first, with C(nvr), C(package), C(epoch), C(build_id), C(tag), C(event),
          C(latest_by_hub) and C(latest_by_evr).
      type: list
      elements: dict
    wrong_order:
      description: Packages whose latest build by the hub is not the highest.
      type: list
      elements: str
    inheritance:
      description: All tags that it inherits from, as the hub resolves it, with C(name), C(depth) and C(priority).
      type: list
      elements: dict
    external_repos:
      description: External repositories, with C(name), C(url), C(priority), C(merge_mode), C(arches) and C(tag).
      type: list
      elements: dict
    packages:
      description: Its package list, with C(name), C(owner), C(blocked) and C(tag).
      type: list
      elements: dict
    groups:
      description: Groups by name, each with its packages.
      type: dict
    history:
      description:
        - What was tagged and listed, oldest first, with C(what) (V(build) or V(package)), C(name), C(event), C(at),
          C(by), and the same of its end, C(end_event), C(end_at), C(end_by).
      type: list
      elements: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._koji.query import tag_info
from ansible_collections.rdo.releng.plugins.module_utils._koji.session import Hub
from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import KOJI
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **KOJI,
            "tags": {"type": "list", "elements": "str", "required": True},
            "gather": {
                "type": "list",
                "elements": "str",
                "choices": ["builds", "external_repos", "groups", "history", "inheritance", "packages"],
                "default": ["builds", "inheritance"],
            },
            "inherited": {"type": "bool", "default": False},
            "package": {"type": "str"},
        },
        supports_check_mode=True,
    )
    names = ("tags", "gather", "inherited", "package")
    options = {name: module.params[name] for name in names}
    run(module, lambda: tag_info(Hub.from_params(module.params), **options))


if __name__ == "__main__":
    main()
