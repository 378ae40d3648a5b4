#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ostree_ref
version_added: 0.1.0
short_description: Merge, promote and tag refs of an OSTree repository
description:
  - Brings refs of a repository to the commits that are asked for, prunes it, and writes one summary. A client that
    knows a summary of the same second finds no new ref; therefore everything that belongs to one push goes into one
    call.
  - A merge from another repository does nothing if what the ref has was made of the same manifest.
  - A commit that is bound to other refs is refused, as clients refuse it.
  - In the end each ref is pulled as a client does it, with signatures checked. If that does not work, this fails.
options:
  repo:
    description: The repository, of the mode C(archive).
    type: path
    required: true
  refs:
    description: What the refs should be.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The ref.
        type: str
        required: true
      source:
        description: Repository to merge it from. If not set, O(refs[].commit) is in O(repo) already.
        type: path
      commit:
        description:
          - A commit, or another ref, as for a promotion. If not set, what O(refs[].source) has under the same name.
        type: str
      expected:
        description: The commit that the ref has until now, or V(none). If it has another one, nothing is changed.
        type: str
      tag:
        description: Whether it is a tag, which is never moved.
        type: bool
        default: false
  depth:
    description: How many commits before each ref are kept. If not set, nothing is pruned.
    type: int
  key:
    description: Id of the GPG key that signs commits and the summary. If not set, nothing is signed.
    type: str
  gpg_home:
    description: Folder of GnuPG's keys. If not set, that of the user.
    type: path
  public_key:
    description: File of the public key that clients have. Needed with O(key).
    type: path
  timeout:
    description: Seconds that one call of ostree may take.
    type: float
    default: 3600.0
  wait_timeout:
    description: Seconds to wait for whoever else changes the repository with this module.
    type: float
    default: 300.0
  log:
    description: File that the output of ostree is added to.
    type: path
seealso:
  - module: rdo.releng.artifact_ostree
requirements:
  - ostree
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Bring the new commit to those who test it
  rdo.releng.ostree_ref:
    repo: /srv/ostree/repo
    refs:
      - name: epoxy/x86_64/pending
        source: /srv/compose/ostree/repo

- name: Promote it, keep it under a name, and forget what is old
  rdo.releng.ostree_ref:
    repo: /srv/ostree/repo
    refs:
      - name: epoxy/x86_64/stable
        commit: epoxy/x86_64/pending
        expected: "{{ stable_before }}"
    depth: 3
"""

RETURN = r"""
actions:
  description: What was done, or would be, one sentence each.
  returned: success
  type: list
  elements: str
  sample: ["merge epoxy/x86_64/pending: none -> 5f0c61..."]
refs:
  description: The commit of each ref of O(refs).
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform, run
from ansible_collections.rdo.releng.plugins.module_utils._publish.ostree_ref import Refs


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "repo": {"type": "path", "required": True},
            "refs": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "name": {"type": "str", "required": True},
                    "source": {"type": "path"},
                    "commit": {"type": "str"},
                    "expected": {"type": "str"},
                    "tag": {"type": "bool", "default": False},
                },
            },
            "depth": {"type": "int"},
            "key": {"type": "str", "no_log": False},
            "gpg_home": {"type": "path"},
            "public_key": {"type": "path", "no_log": False},
            "timeout": {"type": "float", "default": 3600.0},
            "wait_timeout": {"type": "float", "default": 300.0},
            "log": {"type": "path"},
        },
        required_by={"key": ["public_key"]},
        supports_check_mode=True,
    )
    run(module, lambda: perform(Refs(module.params), module.check_mode, module._diff))


if __name__ == "__main__":
    main()
