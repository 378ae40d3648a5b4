#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: event_webhook
version_added: 0.1.0
short_description: Put a notice for a chat room in the outbox
description:
  - Writes a notice to the outbox, from which M(rdo.releng.event_delivery) posts it to a room of Matrix, a channel of
    Slack, or any program that takes JSON. What was said is known by its content; saying the same again does nothing.
  - Only the name of the webhook is written. Its address, which is a secret, is an option of
    M(rdo.releng.event_delivery).
options:
  webhook:
    description: Name of the webhook, as O(rdo.releng.event_delivery#module:webhooks) has it.
    type: str
    required: true
  title:
    description: One line, which is shown before the text.
    type: str
    required: true
  text:
    description: What it says. It is shown as it is; no markup in it has any effect.
    type: str
    default: ""
seealso:
  - module: rdo.releng.event_mail
  - module: rdo.releng.event_message
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
  - rdo.releng._outbox
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Tell the room that a push is shown
  rdo.releng.event_webhook:
    outbox: /var/lib/releng/outbox
    webhook: releng
    title: epoxy was pushed
    text: "{{ push_result.id }}"
"""

RETURN = r"""
actions:
  description: What was done, or would be, one sentence each.
  returned: success
  type: list
  elements: str
  sample: [say to webhook releng (5f0c61...)]

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
        "webhook": {"type": "str", "required": True},
        "title": {"type": "str", "required": True},
        "text": {"type": "str", "default": ""},
    },
}


def work(params: dict[str, t.Any], check_mode: bool, diff: bool) -> dict[str, t.Any]:
    return perform(Say.webhook(params), check_mode, diff)


def main() -> None:
    module = AnsibleModule(**SPECIFICATION, supports_check_mode=True)
    run(module, lambda: work(module.params, module.check_mode, module._diff))


if __name__ == "__main__":
    main()
