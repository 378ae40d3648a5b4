#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: push_mirror
version_added: 0.1.0
short_description: Bring a push to a mirror by rsync, and prove that it is shown there
description:
  - Copies a push that M(rdo.releng.push_snapshot) staged to a mirror, next to what the mirror shows, and compares every
    file by its content. With O(state=current) it then lets the mirror's link C(current) point to the push and reads the
    push back through it.
  - Whenever this is killed, a reader of the mirror sees either the whole old push or the whole new one. Running it
    again goes on where it stopped.
  - Files that the mirror has in the push before are not sent again.
options:
  site:
    description: Folder of the site, as for M(rdo.releng.push_snapshot).
    type: path
    required: true
  mirror:
    description:
      - Where rsync writes to, for example V(rsync://mirror.example.org/releng/epoxy/), V(mirror.example.org:/srv/epoxy)
        or a folder. Folders that are missing are made.
      - The module of an rsync daemon must have C(munge symlinks = no); where it rewrites links, this fails and says so.
    type: str
    required: true
  push:
    description: Id of the push. If not set, the one that the site shows.
    type: str
  state:
    description:
      - V(staged) means that its content is there and compared, and not shown.
      - V(current) means that it is shown as well.
    type: str
    choices: [staged, current]
    default: current
  previous:
    description:
      - Id of the push that the mirror shows until now, or V(none). If it shows another one, nothing is changed.
      - If not set, it does not matter.
    type: str
  prune:
    description: Whether pushes that the site does not have any more are removed from the mirror, after the switch.
    type: bool
    default: true
  password:
    description:
      - The password for an rsync daemon. It is handed to rsync in its environment.
      - If not set, the environment variable E(RSYNC_PASSWORD) is used.
    type: str
  rsync_options:
    description: More options for rsync, for example V(--bwlimit=5m).
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds without any data after which the mirror is taken for unreachable.
    type: float
    default: 60.0
  deadline:
    description: Seconds that one run of rsync may take.
    type: float
    default: 14400.0
  log:
    description: File that the output of rsync is added to.
    type: path
seealso:
  - module: rdo.releng.push_snapshot
requirements:
  - rsync 3.1 or later here and on the mirror
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Have the content on the mirror before anything is switched
  rdo.releng.push_mirror:
    site: /srv/mirror/epoxy
    mirror: rsync://mirror.example.org/releng/epoxy/
    push: "{{ staged.id }}"
    state: staged

- name: Let the mirror show what the site shows
  rdo.releng.push_mirror:
    site: /srv/mirror/epoxy
    mirror: rsync://mirror.example.org/releng/epoxy/
"""

RETURN = r"""
actions:
  description: What was done, or would be, one sentence each.
  returned: success
  type: list
  elements: str
  sample: ["show push 8f4c71... at rsync://mirror.example.org/releng/epoxy/ in place of none"]
id:
  description: Id of the push.
  returned: success
  type: str
mirror:
  description: The mirror.
  returned: success
  type: str
previous:
  description: Id of the push that the mirror showed before, or V(none).
  returned: success
  type: str
"""

from ansible.module_utils.basic import AnsibleModule, env_fallback

from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform, run
from ansible_collections.rdo.releng.plugins.module_utils._publish.mirror import MirroredPush


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "site": {"type": "path", "required": True},
            "mirror": {"type": "str", "required": True},
            "push": {"type": "str"},
            "state": {"type": "str", "choices": ["staged", "current"], "default": "current"},
            "previous": {"type": "str"},
            "prune": {"type": "bool", "default": True},
            "password": {"type": "str", "no_log": True, "fallback": (env_fallback, ["RSYNC_PASSWORD"])},
            "rsync_options": {"type": "list", "elements": "str", "default": []},
            "timeout": {"type": "float", "default": 60.0},
            "deadline": {"type": "float", "default": 14400.0},
            "log": {"type": "path"},
        },
        supports_check_mode=True,
    )
    run(module, lambda: perform(MirroredPush(module.params), module.check_mode, module._diff))


if __name__ == "__main__":
    main()
