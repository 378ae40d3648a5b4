#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: event_delivery
version_added: 0.1.0
short_description: Send what waits in the outbox
description:
  - Sends messages to an AMQP broker, mails to a mail server and notices to webhooks. An entry leaves the outbox when
    the broker has confirmed that it is in a queue, or the server that it has it. What cannot be sent stays, and this
    fails.
  - A message that no queue is bound for stays as well; a broker would drop it without a word.
  - If this is killed after the broker has confirmed and before that is noted, the message is sent again with the same
    id, and a mail with the same C(Message-ID). Matrix shows it once, Slack twice.
options:
  outbox:
    description: Folder of the outbox.
    type: path
    required: true
  exchange:
    description: Exchange that messages are published to.
    type: str
  smtp_host:
    description: The mail server.
    type: str
  smtp_port:
    description: Its port.
    type: int
    default: 25
  smtp_starttls:
    description: Whether the connection to it should be encrypted.
    type: bool
    default: false
  smtp_user:
    description: User to log in as.
    type: str
  smtp_password:
    description:
      - The user's password.
      - If not set, the environment variable E(SMTP_PASSWORD) is used.
    type: str
  message_id_domain:
    description: Right side of the mails' C(Message-ID). If not set, O(smtp_host).
    type: str
  webhooks:
    description: Rooms and channels that M(rdo.releng.event_webhook) names.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: What it is called.
        type: str
        required: true
      shape:
        description:
          - What is posted. V(slack) is an incoming webhook of Slack, or of one of the many that understand the same,
            such as Mattermost or Matrix's hookshot. V(matrix) writes to a room as a user.
          - V(json) posts C(id), C(title) and C(text) to a program of your own.
        type: str
        choices: [slack, matrix, json]
        required: true
      address:
        description: Address of the webhook, or of the homeserver for V(matrix).
        type: str
        required: true
      room:
        description: Id of the room, such as V(!ol5qfKuzSEyaX:example.org). Required for V(matrix), and only there.
        type: str
      token:
        description: Access token of the user, sent as a C(Bearer). Required for V(matrix).
        type: str
  wait_timeout:
    description: Seconds to wait for another delivery of the outbox.
    type: float
    default: 60.0
seealso:
  - module: rdo.releng.event_message
  - module: rdo.releng.event_mail
  - module: rdo.releng.event_webhook
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
  - rdo.releng._attributes.ACTIONGROUP_AMQP
  - rdo.releng._amqp
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Send what is to be said
  rdo.releng.event_delivery:
    outbox: /var/lib/releng/outbox
    amqp_url: "{{ vault_amqp_url }}"
    exchange: amq.topic
    smtp_host: localhost
    webhooks:
      - name: releng
        shape: slack
        address: "{{ vault_slack_webhook }}"
"""

RETURN = r"""
actions:
  description: What was done, or would be, one sentence each.
  returned: success
  type: list
  elements: str
  sample: [send org.example.releng.push]

sent:
  description: Ids of what was sent. Empty in check mode.
  returned: success, and when something stays
  type: list
  elements: str
kept:
  description: What stays, with C(id) and C(reason).
  returned: success, and when something stays
  type: list
  elements: dict
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule, env_fallback

from ansible_collections.rdo.releng.plugins.module_utils._events.delivery import Delivery
from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import AMQP
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform, run

WEBHOOK: dict[str, t.Any] = {
    "name": {"type": "str", "required": True},
    "shape": {"type": "str", "choices": ["slack", "matrix", "json"], "required": True},
    "address": {"type": "str", "required": True, "no_log": True},
    "room": {"type": "str"},
    "token": {"type": "str", "no_log": True},
}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **AMQP,
            "outbox": {"type": "path", "required": True},
            "exchange": {"type": "str"},
            "smtp_host": {"type": "str"},
            "smtp_port": {"type": "int", "default": 25},
            "smtp_starttls": {"type": "bool", "default": False},
            "smtp_user": {"type": "str"},
            "smtp_password": {"type": "str", "no_log": True, "fallback": (env_fallback, ["SMTP_PASSWORD"])},
            "message_id_domain": {"type": "str"},
            "webhooks": {"type": "list", "elements": "dict", "default": [], "options": WEBHOOK},
            "wait_timeout": {"type": "float", "default": 60.0},
        },
        supports_check_mode=True,
    )
    run(module, lambda: perform(Delivery(module.params), module.check_mode, module._diff))


if __name__ == "__main__":
    main()
