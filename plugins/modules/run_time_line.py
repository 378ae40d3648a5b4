#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: run_time_line
version_added: 0.1.0
short_description: Show where the time of a run went
description:
  - Reads the journal that M(rdo.releng.run_journal) wrote, and says whose each second was. The sums equal the time
    between the first line and the last.
  - A second belongs to the first of C(ours), C(hub) and C(distribution) that was at work in it, otherwise to
    C(people).
  - The page has the time line, a bar for each stage, the slowest builds and what was waived. It needs neither a network
    nor scripts.
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
options:
  journal:
    description: File of the journal.
    type: path
    required: true
  title:
    description: What the run is called.
    type: str
    default: A release
  page:
    description: File for the page. If not set, none is made.
    type: path
  text:
    description: File for the table. If not set, none is made.
    type: path
  builds:
    description: Builds with C(nvr), C(seconds) and, if there is one, C(url). The page shows the ten slowest.
    type: list
    elements: dict
    default: []
  waived:
    description: What was waived, one sentence each.
    type: list
    elements: str
    default: []
  until_now:
    description: Count until now. If not set, until the last line of the journal, which gives the same page each time.
    type: bool
    default: false
requirements:
  - jinja2
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Show where the time of a release went
  rdo.releng.run_time_line:
    journal: /srv/ga/epoxy/journal.jsonl
    title: RDO Epoxy
    page: /srv/ga/epoxy/index.html
  register: times

- name: Say it on the terminal
  ansible.builtin.debug:
    msg: "{{ times.table.splitlines() }}"
"""

RETURN = r"""
actions:
  description: Which files were written, or would be in check mode.
  type: list
  elements: str
  returned: success
began:
  description: The first line's time, in UTC.
  type: str
  returned: success
ended:
  description: The end, in UTC.
  type: str
  returned: success
seconds:
  description: The time between the two.
  type: float
  returned: success
sums:
  description: Seconds of C(ours), C(hub), C(distribution) and C(people). Together they are RV(seconds).
  type: dict
  returned: success
open:
  description: What goes on or is waited for, with C(stage), C(what), C(whose), C(since), C(detail) and C(url).
  type: list
  elements: dict
  returned: success
damaged_lines:
  description: How many lines of the journal could not be read.
  type: int
  returned: success
table:
  description: The stages and the sums as a text.
  type: str
  returned: success
"""

import time
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform, run
from ansible_collections.rdo.releng.plugins.module_utils._service.report.time_line import TimeLine

SPECIFICATION: dict[str, t.Any] = {
    "argument_spec": {
        "journal": {"type": "path", "required": True},
        "title": {"type": "str", "default": "A release"},
        "page": {"type": "path"},
        "text": {"type": "path"},
        "builds": {"type": "list", "elements": "dict", "default": []},
        "waived": {"type": "list", "elements": "str", "default": []},
        "until_now": {"type": "bool", "default": False},
    },
}


def work(params: dict[str, t.Any], check_mode: bool, diff: bool) -> dict[str, t.Any]:
    return perform(TimeLine(params, time.time() if params["until_now"] else None), check_mode, diff)


def main() -> None:
    module = AnsibleModule(**SPECIFICATION, supports_check_mode=True)
    run(module, lambda: work(module.params, module.check_mode, module._diff))


if __name__ == "__main__":
    main()
