#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: event_message
version_added: 0.1.0
short_description: Put a message for the bus in the outbox
description:
  - Writes a message to the outbox, from which M(rdo.releng.event_delivery) sends it. What was said is known by its
    content; saying the same again does nothing.
options:
  topic:
    description: Topic of the message.
    type: str
    required: true
  body:
    description: What it says.
    type: dict
    required: true
  severity:
    description:
      - How much it matters, as fedora-messaging counts. 10 is for debugging, 20 informs, 30 warns, 40 is an error.
    type: int
    default: 20
seealso:
  - module: rdo.releng.event_mail
  - module: rdo.releng.event_webhook
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
  - rdo.releng._outbox
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Tell the bus that a push is shown
  rdo.releng.event_message:
    outbox: /var/lib/releng/outbox
    topic: org.example.releng.push
    body:
      id: "{{ push_result.id }}"
"""

RETURN = r"""
actions:
  description: What was done, or would be, one sentence each.
  returned: success
  type: list
  elements: str
  sample: [say org.example.releng.push (5f0c61...)]

id:
  description: The sha256 of what is said, by which it is known.
  returned: success
  type: str
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._events.outbox import Say
from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import OUTBOX
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform, run

SPECIFICATION: dict[str, t.Any] = {
    "argument_spec": {
        **OUTBOX,
        "topic": {"type": "str", "required": True},
        "body": {"type": "dict", "required": True},
        "severity": {"type": "int", "default": 20},
    },
}


def work(params: dict[str, t.Any], check_mode: bool, diff: bool) -> dict[str, t.Any]:
    return perform(Say.message(params), check_mode, diff)


def main() -> None:
    module = AnsibleModule(**SPECIFICATION, supports_check_mode=True)
    run(module, lambda: work(module.params, module.check_mode, module._diff))


if __name__ == "__main__":
    main()
