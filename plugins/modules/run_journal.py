#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: run_journal
version_added: 0.1.0
short_description: Write down what a run does, and whose time it takes
description:
  - Adds one line to the journal of a run, a file of JSON lines with the schema C(rdo.releng/journal/1). The line is on
    disk when the task ends. What a killed run left of its last line does no harm.
  - A journal is for people and for M(rdo.releng.run_time_line). No module asks it what to do.
  - A line that says the same as the last one of its stage is not written again, so a resumed run still knows since when
    something has been waited for. Work that another O(run) begins is written.
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
options:
  path:
    description: File of the journal. A link there is not followed.
    type: path
    required: true
  stage:
    description: Stage of the run.
    type: str
    required: true
  what:
    description: What of the stage, where several things go on in it at the same time.
    type: str
    default: ''
  state:
    description: V(begun) and V(waiting) begin a stretch of time, V(done) and V(failed) end it.
    type: str
    choices: [begun, waiting, done, failed]
    required: true
  whose:
    description: Whose time it is. That of V(distribution) is its signing and mirroring; V(people) review and decide.
    type: str
    choices: [ours, hub, distribution, people]
    default: ours
  detail:
    description: One sentence for people.
    type: str
    default: ''
  url:
    description: Where people can look, or act.
    type: str
    default: ''
  at:
    description:
      - When it happened, for example V(2026-04-01T12:00:00Z), if not now.
      - A run begins when upstream announced its release, which is before anybody here has done anything.
    type: str
  run:
    description: >-
      Name of this run of the playbook. What a run had begun when it was killed ended with the run's last line; in the
      time until the next run goes on, nobody was at work.
    type: str
    default: ''
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Begin when upstream announced the release
  rdo.releng.run_journal:
    path: /srv/ga/epoxy/journal.jsonl
    stage: announced
    state: done
    whose: people
    at: "2025-04-02T14:00:00Z"

- name: Say that the mirrors are waited for
  rdo.releng.run_journal:
    path: /srv/ga/epoxy/journal.jsonl
    stage: published
    state: waiting
    whose: distribution
    detail: 12 of 650 packages are not on the mirror
    url: https://mirror.example.com/cloud/openstack-epoxy/
"""

RETURN = r"""
actions:
  description: What was written, or would be in check mode.
  type: list
  elements: str
  returned: success
line:
  description: The line; that which was there before if nothing was written.
  type: dict
  returned: success
since:
  description: Since when the stage is in this state, in UTC.
  type: str
  returned: success
  sample: "2025-04-02T14:00:00Z"
"""

import time
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._journal.journal import STATES, WHOSE, WriteLine, moment
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform, run

SPECIFICATION: dict[str, t.Any] = {
    "argument_spec": {
        "path": {"type": "path", "required": True},
        "stage": {"type": "str", "required": True},
        "what": {"type": "str", "default": ""},
        "state": {"type": "str", "choices": list(STATES), "required": True},
        "whose": {"type": "str", "choices": list(WHOSE), "default": "ours"},
        "detail": {"type": "str", "default": ""},
        "url": {"type": "str", "default": ""},
        "at": {"type": "str"},
        "run": {"type": "str", "default": ""},
    },
}


def work(params: dict[str, t.Any], check_mode: bool, diff: bool) -> dict[str, t.Any]:
    content = {name: value for name, value in params.items() if name not in ("path", "at")}
    at = moment(params["at"]) if params["at"] else time.time()
    return perform(WriteLine(params["path"], content, at), check_mode, diff)


def main() -> None:
    module = AnsibleModule(**SPECIFICATION, supports_check_mode=True)
    run(module, lambda: work(module.params, module.check_mode, module._diff))


if __name__ == "__main__":
    main()
