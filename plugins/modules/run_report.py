#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: run_report
version_added: 0.1.0
short_description: Make a table and a page of what a run did
description:
  - Reads the documents that the steps of a run left in a folder, see M(rdo.releng.run_step), and makes a text for the
    terminal and one HTML page of them. Both depend on these documents alone.
  - The page needs neither a network nor scripts. It shows the pipeline, what went wrong first, then each step with its
    table, logs and repositories, and labels what is a stand-in. What lies below O(root) is linked relatively, so that
    folder can be moved or published with all links alive. Other files of the host are named and not linked.
  - A run that failed or was killed is reported as such; the module itself fails only if there is nothing to report.
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
options:
  path:
    description: Folder of the run.
    type: path
    required: true
  title:
    description: What the run is called at the top.
    type: str
    default: Trunk to promotion
  page:
    description: File for the page. If not set, C(index.html) in O(path).
    type: path
  root:
    description:
      - The folder that is published together with the page, for example one above O(path) that has logs and
        repositories too. The page must be in it. If not set, O(path).
    type: path
  text:
    description: File for the text. If not set, C(report.txt) in O(path).
    type: path
requirements:
  - jinja2
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Record a step
  rdo.releng.run_step:
    path: /srv/nightly/run
    step: build
    status: done
    summary: 2 commits built

- name: Report the run
  rdo.releng.run_report:
    path: /srv/nightly/run
    root: /srv/nightly
    title: Nightly run
  register: run

- name: Show it
  ansible.builtin.debug:
    msg: "{{ run.report.splitlines() }}"
"""

RETURN = r"""
actions:
  description: Which files were written, or would be in check mode.
  type: list
  elements: str
  returned: success
page:
  description: File of the page.
  type: str
  returned: success
text:
  description: File of the text.
  type: str
  returned: success
status:
  description:
    - V(failed) if any step failed; otherwise V(started) if any did not finish; otherwise V(done), or V(skipped) if all
      were.
  type: str
  returned: success
table:
  description: One line for each step.
  type: str
  returned: success
report:
  description: The whole text, with what went wrong at the end.
  type: str
  returned: success
stages:
  description: The pipeline.
  type: list
  elements: dict
  returned: success
  contains:
    name:
      description: Name of the stage.
      type: str
    status:
      description: As RV(status), or V(not-reached).
      type: str
    label:
      description: The same as people read it.
      type: str
    seconds:
      description: How long its steps took together, or null.
      type: float
    step:
      description: Its first step, or null.
      type: str
steps:
  description: The documents of the steps, in the order of their start.
  type: list
  elements: dict
  returned: success
"""

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform, run
from ansible_collections.rdo.releng.plugins.module_utils._service.report.run_report import WriteReport

SPECIFICATION: dict[str, t.Any] = {
    "argument_spec": {
        "path": {"type": "path", "required": True},
        "title": {"type": "str", "default": "Trunk to promotion"},
        "page": {"type": "path"},
        "text": {"type": "path"},
        "root": {"type": "path"},
    },
}


def work(params: dict[str, t.Any], check_mode: bool, diff: bool) -> dict[str, t.Any]:
    folder = params["path"]
    page = params["page"] or os.path.join(folder, "index.html")
    text = params["text"] or os.path.join(folder, "report.txt")
    return perform(WriteReport(folder, params["title"], page, text, params["root"]), check_mode, diff)


def main() -> None:
    module = AnsibleModule(**SPECIFICATION, supports_check_mode=True)
    run(module, lambda: work(module.params, module.check_mode, module._diff))


if __name__ == "__main__":
    main()
