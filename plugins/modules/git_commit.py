#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: git_commit
version_added: 0.1.0
short_description: Bring a branch of a local git repository to a given content
description:
  - Makes one commit when the content of the branch's head differs from the given content, and none when it does not.
    The repository and the branch are made when they are not there.
  - The work tree follows the branch; what was in it and not committed is removed.
  - The user's git configuration is not read. Nothing is pushed.
options:
  repository:
    description: Folder of the repository.
    type: path
    required: true
  branch:
    description: Branch that the commit goes to.
    type: str
    default: master
  source:
    description: Folder, or source distribution (a tar file with one folder at its top), whose content it should be.
    type: path
  exclude:
    description: Paths of O(source) that are left out, as patterns of the shell.
    type: list
    elements: str
    default: []
  edits:
    description: More files; the path and the whole text of each. One of O(source) and O(edits) is required.
    type: dict
  appends:
    description: Text that is put at the end of files of O(source); the path and the text of each.
    type: dict
    default: {}
  commit_message:
    description: Message of the commit.
    type: str
    required: true
  tag:
    description: Name of an annotated tag for the commit with this content. A tag that is there already is left alone.
    type: str
  once:
    description: Do nothing when the repository has O(tag), whatever the branch holds now.
    type: bool
    default: false
  date:
    description: Date of author and committer, as git reads dates. Now, if not set.
    type: str
  author_name:
    description: Name of author and committer.
    type: str
    default: rdo.releng
  author_email:
    description: Address of author and committer.
    type: str
    default: releng@example.com
requirements:
  - git
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Make a trunk of a source distribution
  rdo.releng.git_commit:
    repository: /var/tmp/upstream/stevedore
    source: /var/tmp/sdists/stevedore-5.9.1.tar.gz
    exclude: [PKG-INFO, "*.egg-info"]
    commit_message: stevedore 5.9.1
    tag: 5.9.1
    once: true

- name: Commit a spec file
  rdo.releng.git_commit:
    repository: /var/tmp/distgit/python-stevedore
    branch: rpm-master
    source: /var/tmp/specs/python-stevedore
    commit_message: Package stevedore
"""

RETURN = r"""
actions:
  description: What was done, or would be.
  returned: success
  type: list
  elements: str
  sample: ["commit 'stevedore 5.9.1' to master of /var/tmp/upstream/stevedore"]
head:
  description: Hash of the commit at the head of the branch; in check mode the one that is there before.
  returned: success
  type: str
  sample: 4e1243bd22c66e76c2ba9eddc1f91394e57f9f83
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._git.repository import CommittedContent
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform, run

SPECIFICATION: dict[str, t.Any] = {
    "argument_spec": {
        "repository": {"type": "path", "required": True},
        "branch": {"type": "str", "default": "master"},
        "source": {"type": "path"},
        "exclude": {"type": "list", "elements": "str", "default": []},
        "edits": {"type": "dict"},
        "appends": {"type": "dict", "default": {}},
        "commit_message": {"type": "str", "required": True},
        "tag": {"type": "str"},
        "once": {"type": "bool", "default": False},
        "date": {"type": "str"},
        "author_name": {"type": "str", "default": "rdo.releng"},
        "author_email": {"type": "str", "default": "releng@example.com"},
    },
    "required_if": [("once", True, ("tag",))],
    "required_one_of": [("source", "edits")],
}


def work(params: dict[str, t.Any], check_mode: bool, diff: bool) -> dict[str, t.Any]:
    return perform(CommittedContent(**params), check_mode, diff)


def main() -> None:
    module = AnsibleModule(**SPECIFICATION, supports_check_mode=True)
    run(module, lambda: work(module.params, module.check_mode, module._diff))


if __name__ == "__main__":
    main()
