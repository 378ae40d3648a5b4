#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: push_snapshot
version_added: 0.1.0
short_description: Make several artifacts of one push visible together
description:
  - Copies artifacts into a folder of their own below C(push) of a site, verifies every file by its sha256, and lets the
    link C(current) of the site point there. Whenever this is killed, a reader sees either the whole old push or the
    whole new one; running it again finishes it.
  - The folder is named by the push's id, the sha256 of what it shows. Files that the push before has as well are hard
    links to it.
  - Files of the push before that are not in the new one stay next to it for one more push, so that whoever read the old
    metadata just before the switch finds what it names.
  - With mirrors, stage here, stage there with M(rdo.releng.push_mirror), then switch here and there; the role
    P(rdo.releng.push#role) does that.
options:
  site:
    description: Folder of the site. What is below its C(current) is what readers see.
    type: path
    required: true
  artifacts:
    description: What the push consists of. Without it, O(push) names one that was staged before.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of its folder in the push.
        type: str
        required: true
      path:
        description: Folder, or file, that it lies in. Only regular files may be in it.
        type: path
        required: true
      manifest:
        description: Id of the manifest that it was made of.
        type: str
      retain:
        description: Whether its files of the push before stay readable for one more push.
        type: bool
        default: true
  push:
    description:
      - Id of a push that the site has. With O(state=current) this is how one goes back to an earlier one.
      - With O(artifacts), the id that they must make.
    type: str
  state:
    description:
      - V(staged) means that it is there, whole and verified, and not shown.
      - V(current) means that it is shown as well, and that old pushes are removed.
    type: str
    choices: [staged, current]
    default: current
  previous:
    description:
      - Id of the push that is shown until now, or V(none). If another one is, nothing is changed.
      - If not set, it does not matter.
    type: str
  keep:
    description: How many pushes stay besides the one that is shown. Those that were staged last do.
    type: int
    default: 3
  wait_timeout:
    description: Seconds to wait for another push of the site.
    type: float
    default: 60.0
seealso:
  - module: rdo.releng.push_mirror
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Show a repository and the image made of it together
  rdo.releng.push_snapshot:
    site: /srv/mirror/epoxy
    artifacts:
      - name: x86_64
        path: /srv/compose/repository
      - name: images
        path: /srv/compose/image

- name: Go back to what was shown before
  rdo.releng.push_snapshot:
    site: /srv/mirror/epoxy
    push: 8f4c7183b1a34d3f77a1fd0cc6fd9d17e74d34e35e8bd0b8a0ba2df02b0b5b9b
"""

RETURN = r"""
actions:
  description: What was done, or would be, one sentence each.
  returned: success
  type: list
  elements: str
  sample: ["show push 8f4c71... in place of none"]
id:
  description: Id of the push.
  returned: success
  type: str
path:
  description: Folder of the push.
  returned: success
  type: str
previous:
  description: Id of the push that was shown before, or V(none).
  returned: success
  type: str
push:
  description: The push, C(rdo.releng/push/1). The file C(push.json) in its folder says the same.
  returned: success
  type: dict
  contains:
    schema:
      description: V(rdo.releng/push/1).
      type: str
    id:
      description: The sha256 of what it shows.
      type: str
    artifacts:
      description:
        - Its artifacts with C(name), C(manifest), C(files) and C(retained); a file has C(path), C(size) and C(sha256).
      type: list
      elements: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform, run
from ansible_collections.rdo.releng.plugins.module_utils._publish.snapshot import Snapshot


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "site": {"type": "path", "required": True},
            "artifacts": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "name": {"type": "str", "required": True},
                    "path": {"type": "path", "required": True},
                    "manifest": {"type": "str"},
                    "retain": {"type": "bool", "default": True},
                },
            },
            "push": {"type": "str"},
            "state": {"type": "str", "choices": ["staged", "current"], "default": "current"},
            "previous": {"type": "str"},
            "keep": {"type": "int", "default": 3},
            "wait_timeout": {"type": "float", "default": 60.0},
        },
        supports_check_mode=True,
    )
    run(module, lambda: perform(Snapshot(module.params), module.check_mode, module._diff))


if __name__ == "__main__":
    main()
