#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: event_work
version_added: 0.1.0
short_description: Work on the messages that wait in an inbox
description:
  - Works on the messages of an inbox under a lock, the oldest first. A message goes to C(done), waits again when its
    command failed, or goes to C(failed) when that happened too often.
  - A message is a hint that something happened. The command reads the truth where it is kept, and must be safe to
    repeat. If this is killed between the work and its note, the work is done again. While the command of a killed run
    is still running, no other one begins.
  - What a message says comes from strangers. A command gets its path, never its text; do not hand it to Ansible as
    variables, which would be taken for templates.
options:
  inbox:
    description: Folder of the inbox.
    type: path
    required: true
  handlers:
    description:
      - What is done with messages of which topics. The first that matches has the message; a message that none matches
        is done.
      - Give work that may fail on its own account an inbox of its own.
    type: list
    elements: dict
    required: true
    suboptions:
      topics:
        description: Patterns of topics as of AMQP, with V(*) for a word and V(#) for any number of words.
        type: list
        elements: str
        required: true
      command:
        description: Program and arguments. V({event}) becomes the path of the message.
        type: list
        elements: str
        required: true
      together:
        description:
          - Whether it runs once for all messages that wait, as a reconcile does that reads the truth elsewhere.
        type: bool
        default: false
  tries:
    description: How often work that fails is tried, each time this module runs.
    type: int
    default: 3
  again:
    description: Ids of failed messages that should be tried again.
    type: list
    elements: str
    default: []
  keep_days:
    description: Days for which messages that are done are known. One that comes later with the same id is new.
    type: float
    default: 30.0
  timeout:
    description: Seconds that one command may take.
    type: float
    default: 3600.0
  wait_timeout:
    description: Seconds to wait for another worker of the inbox.
    type: float
    default: 300.0
  log:
    description: File that the output of the commands is added to.
    type: path
seealso:
  - module: rdo.releng.event_inbox_info
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Decide on what is pending, once for all that came
  rdo.releng.event_work:
    inbox: /var/lib/releng/inbox
    handlers:
      - topics: ['#.buildsys.tag', '#.buildsys.untag']
        command: [ansible-playbook, rdo.releng.pending, -e, '@/etc/releng/pending.yml']
        together: true
    log: /var/log/releng/work.log
"""

RETURN = r"""
actions:
  description: What was done, or would be, one sentence each.
  returned: success
  type: list
  elements: str
  sample: [work on 0d6f9d5c-8d0c-4a52-9d3c-6a1f3a2f5c11]

done:
  description: Ids of messages that were worked on. Empty in check mode, as the next three.
  returned: success
  type: list
  elements: str
again:
  description: Messages that wait again, with C(id) and C(reason).
  returned: success
  type: list
  elements: dict
failed:
  description: Messages that are not tried again, with C(id) and C(reason).
  returned: success
  type: list
  elements: dict
ignored:
  description: Ids of messages that no handler took.
  returned: success
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._events.worker import Work
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform, run


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "inbox": {"type": "path", "required": True},
            "handlers": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "topics": {"type": "list", "elements": "str", "required": True},
                    "command": {"type": "list", "elements": "str", "required": True},
                    "together": {"type": "bool", "default": False},
                },
            },
            "tries": {"type": "int", "default": 3},
            "again": {"type": "list", "elements": "str", "default": []},
            "keep_days": {"type": "float", "default": 30.0},
            "timeout": {"type": "float", "default": 3600.0},
            "wait_timeout": {"type": "float", "default": 300.0},
            "log": {"type": "path"},
        },
        supports_check_mode=True,
    )
    run(module, lambda: perform(Work(module.params), module.check_mode, module._diff))


if __name__ == "__main__":
    main()
