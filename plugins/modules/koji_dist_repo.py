#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: koji_dist_repo
version_added: 0.1.0
short_description: Make a repository of a tag's signed builds on a Koji hub
description:
  - Makes a dist-repo of a tag, with every option that the hub's task looks for, because the task fails if one is
    missing.
  - A dist-repo that is newer than the last change of the tag is left alone. The hub does not say with which keys it was
    made. Set O(force) after builds were signed.
extends_documentation_fragment:
  - rdo.releng._attributes
  - rdo.releng._attributes.ACTIONGROUP_KOJI
  - rdo.releng._koji
  - rdo.releng._wait
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - With O(force=true) a new one is made each time.
options:
  tag:
    description: The tag.
    type: str
    required: true
  keys:
    description: Keys as the hub calls them, the last eight digits, the preferred one first.
    type: list
    elements: str
    required: true
  arches:
    description: Architectures.
    type: list
    elements: str
    required: true
  force:
    description: Make one in any case.
    type: bool
    default: false
  event:
    description: The tag as it was at this event.
    type: int
  inherit:
    description: Builds of the tags that it inherits from as well.
    type: bool
    default: false
  latest:
    description: Only the latest build of each package.
    type: bool
    default: true
  split_debuginfo:
    description: A repository of its own for debug information.
    type: bool
    default: false
  allow_missing_signatures:
    description: Take what no key of O(keys) has signed.
    type: bool
    default: false
  skip_missing_signatures:
    description: Leave out what no key of O(keys) has signed.
    type: bool
    default: false
  write_signed_rpms:
    description: Write signed copies that are not there.
    type: bool
    default: false
  multilib:
    description: Path of a configuration of multilib on this host, uploaded before, as the hub wants it. Usually none.
    type: str
  comp:
    description: Name of a comps file among the uploads.
    type: str
  volume:
    description: Volume that it is written to.
    type: str
  zck:
    description: Metadata in zchunk as well.
    type: bool
    default: false
  zck_dict_dir:
    description: Folder of zchunk's dictionaries, on the builders.
    type: str
  skip_stat:
    description: Do not look at each file when metadata is made.
    type: bool
    default: false
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Make the repository of a release
  rdo.releng.koji_dist_repo:
    koji: ours
    tag: cloud9s-openstack-epoxy-release
    keys: [91bc4464]
    arches: [x86_64, aarch64]
"""

RETURN = r"""
actions:
  description: What was done, or would be, one sentence each.
  returned: success
  type: list
  elements: str
repo:
  description: The repository with C(id), C(event), C(created_at) and C(url). Null in check mode if there is none yet.
  returned: success
  type: dict
task_id:
  description: The task that made it.
  returned: when it was made
  type: int
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._koji.dist_repo import DistRepo
from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import KOJI, WAIT
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run_change


def main() -> None:
    yes_or_no = {"type": "bool", "default": False}
    strings = {"type": "list", "elements": "str", "required": True}
    module = AnsibleModule(
        argument_spec={
            **KOJI,
            **WAIT,
            "tag": {"type": "str", "required": True},
            "keys": {**strings, "no_log": False},
            "arches": strings,
            "event": {"type": "int"},
            "latest": {"type": "bool", "default": True},
            "multilib": {"type": "str"},
            "comp": {"type": "str"},
            "volume": {"type": "str"},
            "zck_dict_dir": {"type": "str"},
            "force": yes_or_no,
            "inherit": yes_or_no,
            "split_debuginfo": yes_or_no,
            "allow_missing_signatures": yes_or_no,
            "skip_missing_signatures": yes_or_no,
            "write_signed_rpms": yes_or_no,
            "zck": yes_or_no,
            "skip_stat": yes_or_no,
        },
        supports_check_mode=True,
    )
    run_change(module, DistRepo(module.params))


if __name__ == "__main__":
    main()
