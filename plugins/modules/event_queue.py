#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: event_queue
version_added: 0.1.0
short_description: Declare the queue that messages arrive in
description:
  - Declares a topic exchange, a quorum queue bound to it, and the queue for dead letters. Do it before anything is
    published, as a broker drops what no queue is bound for.
  - A message that is given back more than O(delivery_limit) times becomes a dead letter, so that a message that nobody
    can work on does not block the others.
  - AMQP does not tell which bindings there are. They are made again each time the queue or an exchange is declared; a
    new topic for a queue that is there needs O(bind).
  - When a queue was declared, the module ends two seconds later. RabbitMQ notes a new quorum queue on disk only after
    it has said that the queue is there, and one that is killed before loses the queue and what was sent to it.
options:
  queue:
    description: Name of the queue.
    type: str
    required: true
  exchange:
    description: Name of the topic exchange.
    type: str
    default: amq.topic
  topics:
    description: Patterns of topics that should arrive, with V(*) for a word and V(#) for any number of words.
    type: list
    elements: str
    required: true
  bind:
    description:
      - Whether the queue is bound for all O(topics) again even if everything is there. That counts as a change.
    type: bool
    default: false
  dead_letters:
    description: Name of the queue for dead letters, and of the exchange before it. If not set, O(queue) with C(.dead).
    type: str
  delivery_limit:
    description: How often a message is delivered again before it is a dead letter.
    type: int
    default: 5
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
  - rdo.releng._attributes.ACTIONGROUP_AMQP
  - rdo.releng._amqp
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Have a queue for what is tagged
  rdo.releng.event_queue:
    amqp_url: "{{ vault_amqp_url }}"
    queue: releng
    topics: ['#.buildsys.tag', '#.buildsys.untag']
"""

RETURN = r"""
actions:
  description: What was done, or would be, one sentence each.
  returned: success
  type: list
  elements: str
  sample: [declare queue releng]

queue:
  description: Name of the queue.
  returned: success
  type: str
dead_letters:
  description: Name of the queue for dead letters.
  returned: success
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._events.broker import Queue
from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import AMQP
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform, run


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **AMQP,
            "queue": {"type": "str", "required": True},
            "exchange": {"type": "str", "default": "amq.topic"},
            "topics": {"type": "list", "elements": "str", "required": True},
            "bind": {"type": "bool", "default": False},
            "dead_letters": {"type": "str"},
            "delivery_limit": {"type": "int", "default": 5},
        },
        supports_check_mode=True,
    )
    run(module, lambda: perform(Queue(module.params), module.check_mode, module._diff))


if __name__ == "__main__":
    main()
