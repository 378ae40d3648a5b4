#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: run_summary
version_added: 0.1.0
short_description: Sum up what a playbook did
description:
  - Makes one text of the facts that roles leave (C(gate_report), C(promotion_report) and so on) for the terminal, and
    writes the same as JSON and as an HTML page where that is asked for.
  - In check mode the text says that it is a plan, and no file is written.
extends_documentation_fragment:
  - rdo.releng._attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: none
    details:
      - The files say when they were written.
options:
  title:
    description: What was done, in a few words.
    type: str
    required: true
  steps:
    description: The steps, in their order.
    type: list
    elements: dict
    required: true
    suboptions:
      step:
        description: Name of the step.
        type: str
        required: true
      stage:
        description: Part of the pipeline that the step belongs to, as M(rdo.releng.run_step) has it.
        type: str
      status:
        description:
          - How it went. V(waiting) is for a run that waits for somebody and goes on when it is run again.
          - If not set, it is what O(steps[].report) says; without that it is done when there is a report, and was not
            reached otherwise.
        type: str
        choices: [done, waiting, failed, skipped]
      report:
        description:
          - C(status), C(summary), C(heads), C(rows), C(tables), C(links), C(details) and C(stand_in), as
            M(rdo.releng.run_step) takes them; empty if the step was not reached.
          - C(parts) are steps that were done within this one, as the vote is within a scenario. Each has C(step),
            C(stage), C(status) and the same keys.
        type: dict
        default: {}
  page:
    description: File for the page.
    type: path
  json:
    description: File for the report as JSON, C(rdo.releng/report/1).
    type: path
requirements:
  - jinja2, for O(page)
seealso:
  - module: rdo.releng.run_report
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Sum up
  rdo.releng.run_summary:
    title: Promotion
    steps:
      - {step: gate, report: "{{ gate_report | default({}) }}"}
      - {step: promotion, report: "{{ promotion_report | default({}) }}"}
    page: promotion.html
  register: summary

- name: Say what was done
  ansible.builtin.debug:
    msg: "{{ summary.lines }}"
"""

RETURN = r"""
actions:
  description: Which files were written, or would be.
  returned: success
  type: list
  elements: str
text:
  description: The summary.
  returned: success
  type: str
lines:
  description: The lines of RV(text).
  returned: success
  type: list
  elements: str
status:
  description: V(failed) if any step failed, V(waiting) if any waits, V(done) if any was done, otherwise V(skipped).
  returned: success
  type: str
"""

import time
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform, run
from ansible_collections.rdo.releng.plugins.module_utils._service.report.run_summary import Summarize

STEP: dict[str, t.Any] = {
    "step": {"type": "str", "required": True},
    "stage": {"type": "str"},
    "status": {"type": "str", "choices": ["done", "waiting", "failed", "skipped"]},
    "report": {"type": "dict", "default": {}},
}
SPECIFICATION: dict[str, t.Any] = {
    "argument_spec": {
        "title": {"type": "str", "required": True},
        "steps": {"type": "list", "elements": "dict", "required": True, "options": STEP},
        "page": {"type": "path"},
        "json": {"type": "path"},
    },
}


def work(params: dict[str, t.Any], check_mode: bool, diff: bool) -> dict[str, t.Any]:
    return perform(Summarize(params, time.time(), check_mode), check_mode, diff)


def main() -> None:
    module = AnsibleModule(**SPECIFICATION, supports_check_mode=True)
    run(module, lambda: work(module.params, module.check_mode, module._diff))


if __name__ == "__main__":
    main()
