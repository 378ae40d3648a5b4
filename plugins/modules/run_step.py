#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: run_step
version_added: 0.1.0
short_description: Record a step of a run for its report
description:
  - Writes one small JSON document, C(step-<name>.json), into the folder of a run.
  - Call it with O(status=started) when a step begins and again when it ended; the time between is how long it took.
    A step that was killed stays V(started), and the report says so.
  - M(rdo.releng.run_report) makes a table and a page of what lies in the folder. Use a new folder for each run, or
    remove the documents of the last one first.
extends_documentation_fragment:
  - rdo.releng._attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - With O(status=started) the step begins again each time.
options:
  path:
    description: Folder of the run; created if needed.
    type: path
    required: true
  step:
    description: Name of the step, also part of the file's name.
    type: str
    required: true
  stage:
    description:
      - Part of the pipeline that the step belongs to; the report's picture shows it. Several steps can belong to one.
      - If not set, it is O(step), when that is the name of a stage; otherwise the step is a preparation.
    type: str
    choices: [build, closure, candidate, scenario, vote, gate, promotion]
  status:
    description: How it went.
    type: str
    choices: [started, done, waiting, failed, skipped]
    required: true
  summary:
    description: One sentence on what was done, or on what was wrong.
    type: str
    default: ''
  heads:
    description: Heads of the columns of O(rows).
    type: list
    elements: str
    default: []
  rows:
    description:
      - A table of what the step did. A cell is a text or a number, or a mapping of C(text) and C(target) for a link.
    type: list
    elements: list
    default: []
  tables:
    description: More tables, each with a title of its own; for example which packages changed since the last promotion.
    type: list
    elements: dict
    default: []
    suboptions:
      title:
        description: What is in it.
        type: str
        required: true
      heads:
        description: As O(heads).
        type: list
        elements: str
        default: []
      rows:
        description: As O(rows).
        type: list
        elements: list
        default: []
  links:
    description: Logs, repositories and pages that the step left.
    type: list
    elements: dict
    default: []
    suboptions:
      text:
        description: What is there.
        type: str
        required: true
      target:
        description: A path, or an address that begins with C(http://), C(https://) or C(file://).
        type: str
        required: true
  details:
    description: Lines that say more, for example those of a log that tell the cause of a failure.
    type: str
    default: ''
  stand_in:
    description: What of this step is not the real thing, in one sentence; the report labels it.
    type: str
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Say that the builds begin
  rdo.releng.run_step:
    path: /tmp/run
    step: build
    status: started

- name: Say what came of them
  rdo.releng.run_step:
    path: /tmp/run
    step: build
    status: done
    summary: 2 commits built
    heads: [package, status, log]
    rows:
      - [python3-oslo-i18n, SUCCESS, {text: log, target: /tmp/run/logs/oslo-i18n.log}]
      - [python3-oslo-utils, SUCCESS, {text: log, target: /tmp/run/logs/oslo-utils.log}]
    links:
      - text: DLRN's report
        target: /tmp/dlrn/data/repos/report.html
"""

RETURN = r"""
actions:
  description: What was written, or would be in check mode.
  type: list
  elements: str
  returned: success
path:
  description: The document's file.
  type: str
  returned: success
  sample: /tmp/run/step-build.json
step:
  description: The document.
  type: dict
  returned: success
  contains:
    schema:
      description: V(rdo.releng/step/1).
      type: str
    step:
      description: Name of the step.
      type: str
    stage:
      description: The stage it belongs to, or null.
      type: str
    status:
      description: V(started), V(done), V(waiting), V(failed) or V(skipped).
      type: str
    started_at:
      description: When it began, in UTC.
      type: str
      sample: '2026-11-21T09:45:30.120Z'
    seconds:
      description: How long it took; null until it ended, and where its start was not recorded.
      type: float
    summary:
      description: As given.
      type: str
    heads:
      description: As given.
      type: list
      elements: str
    rows:
      description: As given.
      type: list
      elements: list
    tables:
      description: As given.
      type: list
      elements: dict
    links:
      description: As given.
      type: list
      elements: dict
    details:
      description: As given.
      type: str
    stand_in:
      description: As given.
      type: str
"""

import time
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform, run
from ansible_collections.rdo.releng.plugins.module_utils._service.report.run_steps import STAGES, STATUSES, RecordStep

SPECIFICATION: dict[str, t.Any] = {
    "argument_spec": {
        "path": {"type": "path", "required": True},
        "step": {"type": "str", "required": True},
        "stage": {"type": "str", "choices": list(STAGES)},
        "status": {"type": "str", "choices": list(STATUSES), "required": True},
        "summary": {"type": "str", "default": ""},
        "heads": {"type": "list", "elements": "str", "default": []},
        "rows": {"type": "list", "elements": "list", "default": []},
        "tables": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {
                "title": {"type": "str", "required": True},
                "heads": {"type": "list", "elements": "str", "default": []},
                "rows": {"type": "list", "elements": "list", "default": []},
            },
        },
        "links": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {"text": {"type": "str", "required": True}, "target": {"type": "str", "required": True}},
        },
        "details": {"type": "str", "default": ""},
        "stand_in": {"type": "str"},
    },
}


def work(params: dict[str, t.Any], check_mode: bool, diff: bool) -> dict[str, t.Any]:
    content = {name: value for name, value in params.items() if name != "path"}
    return perform(RecordStep(params["path"], content, time.time()), check_mode, diff)


def main() -> None:
    module = AnsibleModule(**SPECIFICATION, supports_check_mode=True)
    run(module, lambda: work(module.params, module.check_mode, module._diff))


if __name__ == "__main__":
    main()
