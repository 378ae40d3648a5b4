#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: koji_tag_watch
version_added: 0.1.0
short_description: Put what happened in a hub's tags into an inbox
description:
  - Reads what was tagged and untagged since the last look, and puts a hint for each into an inbox, for
    M(rdo.releng.event_work). A timer that runs this finds what no message told.
  - The hub draws the number of an event inside a transaction, so a slow one appears with a number below others that
    were seen. Each look therefore reads O(overlap) seconds of the past again; hints that are known are not put there
    again.
  - The first look only begins the watermark.
options:
  tags:
    description: Names of the tags.
    type: list
    elements: str
    required: true
  inbox:
    description: Folder of the inbox.
    type: path
    required: true
  watermark:
    description: File that keeps how far the history was read.
    type: path
    required: true
  overlap:
    description: Seconds of the past that are read again; longer than any transaction of the hub takes.
    type: float
    default: 900.0
  topic_prefix:
    description: What the topics of hints begin with; V(tag) or V(untag) follows.
    type: str
    default: buildsys.
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
  - rdo.releng._attributes.ACTIONGROUP_KOJI
  - rdo.releng._koji
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: See what came since the last look
  rdo.releng.koji_tag_watch:
    koji: cbs
    tags: [cloud9s-openstack-epoxy-pending]
    inbox: /var/lib/releng/inbox
    watermark: /var/lib/releng/epoxy.json
"""

RETURN = r"""
actions:
  description: What was done, or would be, one sentence each.
  returned: success
  type: list
  elements: str
  sample: ["keep buildsys.tag: alpha-1.1-1.el9 in cloud9-pending (event 75)"]

event:
  description: Number of the hub's last event.
  returned: success
  type: int
events:
  description: The hints that are new, with C(id), C(topic) and C(body).
  returned: success
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import KOJI
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform, run
from ansible_collections.rdo.releng.plugins.module_utils._service.react.tag_watch import WatchedTags


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **KOJI,
            "tags": {"type": "list", "elements": "str", "required": True},
            "inbox": {"type": "path", "required": True},
            "watermark": {"type": "path", "required": True},
            "overlap": {"type": "float", "default": 900.0},
            "topic_prefix": {"type": "str", "default": "buildsys."},
        },
        supports_check_mode=True,
    )
    run(module, lambda: perform(WatchedTags(module.params), module.check_mode, module._diff))


if __name__ == "__main__":
    main()
