#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: notice_info
version_added: 0.1.0
short_description: Say what is new in a trunk or a run
description:
  - Finds what somebody may want to be told. A candidate was promoted, a job turned red, a job has been red for a day,
    nothing was promoted for days although candidates wait, a run waits for somebody.
  - Nothing is remembered between two runs. Each notice has an id that is made of what it is about, so whoever takes it
    for O(rdo.releng.event_mail#module:once) says it only once, however often this is run. What became news before
    O(window_hours) is no longer news.
  - A notice says what was known when it became news, so that two runs find the same words.
options:
  name:
    description: What it is about, such as a release and its distribution. Each notice begins with it.
    type: str
    required: true
  history:
    description: >-
      What M(rdo.releng.dlrn_history_info) returned. It must reach back further than O(window_hours) and the hours of
      each kind together.
    type: dict
  label:
    description: The label that candidates of O(history) are promoted to.
    type: str
  journal:
    description: Journal of a run, as M(rdo.releng.run_journal) writes it. A file that is not there yet has no news.
    type: path
  kinds:
    description:
      - Which kinds of news are wanted.
      - V(promoted) is a candidate that got O(label).
      - V(red) is a job whose last word on a candidate is red, when it was green on the one before or is new.
      - V(still_red) is such a job after O(still_red_hours) without a green candidate.
      - V(stuck) is a label that nothing was promoted to for O(stuck_hours) although candidates were staged.
      - V(waiting) is a step of O(journal) that has waited for O(waiting_hours).
    type: list
    elements: str
    choices: [promoted, red, still_red, stuck, waiting]
    default: [promoted, red, still_red, stuck, waiting]
  window_hours:
    description: How long something is news.
    type: float
    default: 48
  still_red_hours:
    description: How long a job must be red for V(still_red).
    type: float
    default: 24
  stuck_hours:
    description: How long the first candidate since the last promotion must have waited for V(stuck).
    type: float
    default: 48
  waiting_hours:
    description: How long a step must have waited for V(waiting).
    type: float
    default: 1
  now:
    description: The moment of the look, in seconds since 1970. If not set, the time of the run.
    type: float
seealso:
  - module: rdo.releng.dlrn_history_info
  - module: rdo.releng.event_mail
  - module: rdo.releng.event_webhook
extends_documentation_fragment:
  - rdo.releng._attributes.INFO
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Read what was tested and promoted lately
  rdo.releng.dlrn_history_info:
    api_url: https://trunk.rdoproject.org/api-centos9-master-uc
    staging: current-passed-ci-testing
    label: current-passed-ci
  register: history

- name: Find what is new
  rdo.releng.notice_info:
    name: master el9s
    history: "{{ history }}"
    label: current-passed-ci
  register: news

- name: Say it, each notice once
  rdo.releng.event_webhook:
    outbox: /var/lib/releng/outbox
    webhook: releng
    title: "{{ item.subject }}"
    text: "{{ item.lines | join('\n') }}"
    once: "{{ item.id }}"
  loop: "{{ news.notices }}"
"""

RETURN = r"""
notices:
  description:
    - What is new, the oldest first. C(at) is when it became news. C(subject) is all of it in one line, and C(lines) are
      sentences that say more. C(url) leads to the log or the change, and is empty where there is none.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 5f0c61d9c7f9a7dc7b6b2e0a8b7e6a3b5a3c0e2f1d4b6a7980c1d2e3f4a5b6c7
      kind: red
      name: master el9s
      at: "2026-11-29T10:00:00Z"
      subject: "master el9s: scenario001 is red"
      lines: ["3c1e9f4d is the first that it was red on, at 2026-11-29 10:00 UTC.", It was green on 1a2b3c4d.]
      url: https://logs.example.org/scenario001/17
"""

import time
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run
from ansible_collections.rdo.releng.plugins.module_utils._service.report.notices import notices

KINDS = ["promoted", "red", "still_red", "stuck", "waiting"]
SPECIFICATION: dict[str, t.Any] = {
    "argument_spec": {
        "name": {"type": "str", "required": True},
        "history": {"type": "dict"},
        "label": {"type": "str"},
        "journal": {"type": "path"},
        "kinds": {"type": "list", "elements": "str", "choices": KINDS, "default": KINDS},
        "window_hours": {"type": "float", "default": 48},
        "still_red_hours": {"type": "float", "default": 24},
        "stuck_hours": {"type": "float", "default": 48},
        "waiting_hours": {"type": "float", "default": 1},
        "now": {"type": "float"},
    },
    "required_one_of": [["history", "journal"]],
    "required_by": {"history": ["label"]},
}


def work(params: dict[str, t.Any], check_mode: bool, diff: bool) -> dict[str, t.Any]:
    return notices(params, time.time() if params["now"] is None else params["now"])


def main() -> None:
    module = AnsibleModule(**SPECIFICATION, supports_check_mode=True)
    run(module, lambda: work(module.params, module.check_mode, module._diff))


if __name__ == "__main__":
    main()
