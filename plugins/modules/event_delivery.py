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
  - Sends messages to an AMQP broker and mails to a mail server. An entry leaves the outbox when the broker has
    confirmed that it is in a queue, or the mail server that it has it. What cannot be sent stays, and this fails.
  - A message that no queue is bound for stays as well; a broker would drop it without a word.
  - If this is killed after the broker has confirmed and before that is noted, the message is sent again with the same
    id, and a mail with the same C(Message-ID).
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
    description: Whether the connection to it is to be encrypted.
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
  wait_timeout:
    description: Seconds to wait for another delivery of the outbox.
    type: float
    default: 60.0
seealso:
  - module: rdo.releng.event_message
  - module: rdo.releng.event_mail
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
"""

RETURN = r"""
actions:
  description: What was done, or would be, a sentence each.
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

from ansible.module_utils.basic import AnsibleModule, env_fallback

from ansible_collections.rdo.releng.plugins.module_utils._events.delivery import Delivery
from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import AMQP
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform, run


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
            "wait_timeout": {"type": "float", "default": 60.0},
        },
        supports_check_mode=True,
    )
    run(module, lambda: perform(Delivery(module.params), module.check_mode, module._diff))


if __name__ == "__main__":
    main()
