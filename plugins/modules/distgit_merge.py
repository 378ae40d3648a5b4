#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: distgit_merge
short_description: Bring into a distgit what another distgit of the same package has
version_added: 0.1.0
description:
  - Merges what others changed in their distgit into a checkout of ours, three ways. Only the clean part is taken. Where
    both changed the same lines, ours stay, and the change is in RV(rejected) for a person.
  - Both come from the commit of theirs at our version whose spec file differs least from ours, or from O(base).
  - Version, Release and the changelog are not merged. The spec file is brought to the version of theirs as
    M(rdo.releng.spec_version) does it.
  - Files that the spec file names, and C(sources), come and go as theirs did. One whose content differs between the two
    stays.
  - A distgit that is ahead of theirs is left alone.
  - Their repository is only read. What is written has been parsed by rpm first, for each distro, in a sandbox.
author:
  - RDO release engineering (@rdo-infra)
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
  - rdo.releng._spec
options:
  path:
    description: Checkout of our distgit, with one spec file.
    type: path
    required: true
  theirs:
    description: Folder or address of their git repository.
    type: str
    required: true
  theirs_branch:
    description: Branch of it.
    type: str
    default: rawhide
  theirs_spec:
    description: Name of their spec file, if it is not that of ours.
    type: str
  version:
    description: The version to bring ours to. If not set, the one that their branch is at.
    type: str
  base:
    description: Whole hash of the commit of theirs that ours comes from. If not set, it is found.
    type: str
  author_name:
    description: Name in the changelog entry.
    type: str
    default: RDO
  author_email:
    description: Address in the changelog entry.
    type: str
    default: dev@lists.rdoproject.org
  git_timeout:
    description: Seconds that fetching may take.
    type: float
    default: 120.0
requirements:
  - git
  - bubblewrap and rpmspec (packages C(bubblewrap), and C(rpm) or C(rpm-build))
  - packaging
"""

EXAMPLES = r"""
- name: Follow Fedora with a dependency
  rdo.releng.distgit_merge:
    path: /srv/distgit/python-tenacity
    theirs: https://src.fedoraproject.org/rpms/python-tenacity
    version: 9.0.0
  register: merge

- name: Show what a person has to look at
  ansible.builtin.debug:
    msg: "{{ merge.rejected }}"
"""

RETURN = r"""
actions:
  description: What was done, or would be.
  type: list
  elements: str
  returned: success
  sample: ["merge python-tenacity.spec of 5b2c1fa0dd94", "Version: 8.2.3 becomes 9.0.0"]
status:
  description: V(merged), V(equal) where theirs has nothing that ours lacks and can take, or V(ahead).
  type: str
  returned: success
version_before:
  description: The version that ours is at.
  type: str
  returned: success
version:
  description: The version of theirs, or ours where that is ahead.
  type: str
  returned: success
commit:
  description: The commit of theirs that was merged.
  type: str
  returned: success
day:
  description: The day of that commit.
  type: str
  returned: success
  sample: "2026-03-04"
base:
  description: The commit of theirs that both come from. Null where ours is ahead.
  type: str
  returned: success
fork:
  description: Whether ours has changes of its own. They all stay. Null where ours is ahead.
  type: bool
  returned: success
rejected:
  description: What they changed and ours did not take.
  type: list
  elements: dict
  returned: success
  contains:
    file:
      description: Path of the file.
      type: str
    hunk:
      description: Lines before and after, or why the file as a whole was not taken.
      type: str
left_alone:
  description: What was not touched on purpose, as sentences.
  type: list
  elements: str
  returned: success
patch:
  description: The change as unified diffs without context.
  type: str
  returned: success
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import SPEC
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run_change
from ansible_collections.rdo.releng.plugins.module_utils._service.distgit.merge import DistgitMerge


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "theirs": {"type": "str", "required": True},
            "theirs_branch": {"type": "str", "default": "rawhide"},
            "theirs_spec": {"type": "str"},
            "version": {"type": "str"},
            "base": {"type": "str"},
            "author_name": {"type": "str", "default": "RDO"},
            "author_email": {"type": "str", "default": "dev@lists.rdoproject.org"},
            **SPEC,
            "git_timeout": {"type": "float", "default": 120.0},
        },
        supports_check_mode=True,
    )
    run_change(module, DistgitMerge(module.params))


if __name__ == "__main__":
    main()
