#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: event_mail
version_added: 0.1.0
short_description: Put a mail in the outbox
description:
  - Writes a mail to the outbox, from which M(rdo.releng.event_delivery) sends it. What was said is known by its
    content, so a receiver is told once, however often a playbook says it.
options:
  sender:
    description: Address that it comes from.
    type: str
    required: true
  receivers:
    description: Addresses that it goes to.
    type: list
    elements: str
    required: true
  subject:
    description: One line.
    type: str
    required: true
  text:
    description: What it says.
    type: str
    required: true
seealso:
  - module: rdo.releng.event_message
  - module: rdo.releng.event_webhook
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
  - rdo.releng._outbox
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Tell the packager why a build is held
  rdo.releng.event_mail:
    outbox: /var/lib/releng/outbox
    sender: releng@example.org
    receivers: [packager@example.org]
    subject: alpha-1.1-1.el9 is held back
    text: It requires nosuch-thing, which nothing provides.
"""

RETURN = r"""
actions:
  description: What was done, or would be, one sentence each.
  returned: success
  type: list
  elements: str
  sample: [say mail to packager@example.org (5f0c61...)]

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
        "sender": {"type": "str", "required": True},
        "receivers": {"type": "list", "elements": "str", "required": True},
        "subject": {"type": "str", "required": True},
        "text": {"type": "str", "required": True},
    },
}


def work(params: dict[str, t.Any], check_mode: bool, diff: bool) -> dict[str, t.Any]:
    return perform(Say.mail(params), check_mode, diff)


def main() -> None:
    module = AnsibleModule(**SPECIFICATION, supports_check_mode=True)
    run(module, lambda: work(module.params, module.check_mode, module._diff))


if __name__ == "__main__":
    main()
