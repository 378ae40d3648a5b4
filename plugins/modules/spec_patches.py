#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: spec_patches
short_description: Bring the patches of a distgit to another version of upstream
version_added: 0.1.0
description:
  - Applies the patches that a spec file names, in their order, to upstream's sources at a version.
  - A patch that applies stays as it is. One that applies only by a three-way merge is rewritten. One that upstream has
    merged is removed, with its lines C(Patch) and C(%patch), and the commit that merged it is named. The others keep
    their numbers, so that their lines stay as they are.
  - A patch that does none of these is a conflict, and nothing is written.
author:
  - RDO release engineering (@rdo-infra)
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
options:
  spec:
    description: Path of the spec file. Its patches are next to it.
    type: path
    required: true
  upstream:
    description: Local git repository of upstream, or URL of one.
    type: str
    required: true
  base:
    description: The version that the patches are for now. Upstream's commits are looked through from there.
    type: str
    required: true
  version:
    description: The version that they are brought to. The tag is this, or this with a C(v) before it.
    type: str
    required: true
  git_timeout:
    description: Seconds that fetching upstream's history may take.
    type: float
    default: 600.0
  cache_dir:
    description:
      - Folder for what was fetched by git.
      - If not set, C(rdo.releng) below E(XDG_CACHE_HOME) or C(~/.cache) is used.
    type: path
"""

EXAMPLES = r"""
- name: Bring the patches to the new version
  rdo.releng.spec_patches:
    spec: /srv/distgit/nova/openstack-nova.spec
    upstream: https://opendev.org/openstack/nova
    base: 27.0.0
    version: 27.1.0
"""

RETURN = r"""
actions:
  description: What was changed, or would be.
  type: list
  elements: str
  returned: success
  sample: ["drop 0001-Fix-it.patch, which upstream took in with 5b2c1fa0dd94b71cd9ea2a7ce1a3a9ce7dd83d0d"]
patches:
  description: What became of each patch.
  type: list
  elements: dict
  returned: always
  contains:
    patch:
      description: The tag in the spec file.
      type: str
      sample: Patch0001
    file:
      description: Its file.
      type: str
    status:
      description: V(kept), V(rebased), V(merged) or V(conflict).
      type: str
    commit:
      description: Commit of upstream that merged it, or null.
      type: str
    subject:
      description: Its subject, or null.
      type: str
    reason:
      description: Where it is in conflict, or null.
      type: str
patch:
  description: The change of the spec file as a unified diff without context.
  type: str
  returned: success
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run_change
from ansible_collections.rdo.releng.plugins.module_utils._service.distgit.patches import RebasedPatches


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "spec": {"type": "path", "required": True},
            "upstream": {"type": "str", "required": True},
            "base": {"type": "str", "required": True},
            "version": {"type": "str", "required": True},
            "git_timeout": {"type": "float", "default": 600.0},
            "cache_dir": {"type": "path"},
        },
        supports_check_mode=True,
    )
    run_change(module, RebasedPatches(module.params))


if __name__ == "__main__":
    main()
