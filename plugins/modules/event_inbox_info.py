#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: event_inbox_info
version_added: 0.1.0
short_description: What is in an inbox, and how long the oldest message waits
description:
  - Counts the messages of an inbox, and says how long the oldest waits. That is what tells whether events are worked
    on; a process that runs may have been deaf for days.
options:
  inbox:
    description: Folder of the inbox.
    type: path
    required: true
  max_age:
    description: Seconds. If the oldest message waits longer, this fails.
    type: float
seealso:
  - module: rdo.releng.event_work
extends_documentation_fragment:
  - rdo.releng._attributes.INFO
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: See that nothing waits for more than ten minutes
  rdo.releng.event_inbox_info:
    inbox: /var/lib/releng/inbox
    max_age: 600
"""

RETURN = r"""
counts:
  description: How many messages are C(new), C(done) and C(failed).
  returned: success, and when the oldest waits too long
  type: dict
  sample: {new: 0, done: 17, failed: 1}
oldest:
  description: The message that waits longest, with C(id) and C(seconds). Null if none waits.
  returned: success, and when the oldest waits too long
  type: dict
failed:
  description: Messages that are not tried again, with C(id) and C(reason).
  returned: always
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._events.inbox import inbox_info
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run


def main() -> None:
    module = AnsibleModule(
        argument_spec={"inbox": {"type": "path", "required": True}, "max_age": {"type": "float"}},
        supports_check_mode=True,
    )
    run(module, lambda: inbox_info(module.params))


if __name__ == "__main__":
    main()
