#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: log_collection
version_added: 0.1.0
short_description: Collect logs in a folder that can be published
description:
  - Copies logs and what programs say about the host, each file compressed, into one folder with a page C(index.html),
    which marks the first error and classifies it.
  - Secrets are masked. These are O(secrets), private keys, passwords in addresses, and values of names such as
    C(password) or C(token). Files that are not text are left out, because nothing in them can be masked. What does not
    look like a secret is not masked.
  - The size is bounded. If a file is too long, its middle is left out; when the folder is full, the rest is. The page
    says so.
  - The folder takes its place when it is whole.
options:
  path:
    description: Folder for the collection. One with an older collection is replaced, another is not.
    type: path
    required: true
  first:
    description: Logs of the run, files or folders, in which the first error is looked for. They are collected first.
    type: list
    elements: path
    default: []
  sources:
    description: More files and folders. Links in them are not followed.
    type: list
    elements: path
    default: []
  commands:
    description: Programs whose output is collected. One that is not installed is left out.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the file, without a suffix.
        type: str
        required: true
      command:
        description: The program and its arguments. It has 60 seconds.
        type: list
        elements: str
        required: true
  secrets:
    description: Words that are masked wherever they stand.
    type: list
    elements: str
    default: []
  max_file:
    description: Bytes that are kept of a file, before it is compressed.
    type: int
    default: 10000000
  max_total:
    description: Bytes of all compressed files together.
    type: int
    default: 200000000
  title:
    description: What the page is called.
    type: str
    default: Logs
  changes:
    description:
      - What changed since the last promotion, with the keys C(summary), C(heads) and C(rows) of
        M(rdo.releng.dlrn_candidate_diff_info).
    type: dict
requirements:
  - jinja2, for the page as it is meant; without it the page is plain, and nothing else is missing
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
      - Logs grow, so they are always collected again.
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Collect what a scenario left
  rdo.releng.log_collection:
    path: /srv/results/packstack-scenario001/collected
    first: [/srv/results/packstack-scenario001/logs]
    sources: [/var/log]
    commands:
      - name: packages
        command: [rpm, --query, --all]
"""

RETURN = r"""
actions:
  description: What is collected.
  type: list
  elements: str
  returned: success
path:
  description: Folder of the collection.
  type: str
  returned: success
index:
  description: File of the page.
  type: str
  returned: success
files:
  description: How many files it has.
  type: int
  returned: when collected
bytes:
  description: Their size together.
  type: int
  returned: when collected
left_out:
  description: What was left out.
  type: list
  elements: dict
  returned: when collected
  contains:
    source:
      description: The file, or the command.
      type: str
    reason:
      description: Why.
      type: str
first_error:
  description: The first error, or null.
  type: dict
  returned: when collected
  contains:
    file:
      description: File that it was found in.
      type: str
    number:
      description: Number of the line in what was kept of it.
      type: int
    line:
      description: The line.
      type: str
    excerpt:
      description: The line and those around it.
      type: str
    failure_class:
      description: One of the classes that M(rdo.releng.dlrn_build) names.
      type: str
"""

import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run_change
from ansible_collections.rdo.releng.plugins.module_utils._service.report.log_collection import CollectLogs


def main() -> None:
    command = {
        "name": {"type": "str", "required": True},
        "command": {"type": "list", "elements": "str", "required": True},
    }
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "first": {"type": "list", "elements": "path", "default": []},
            "sources": {"type": "list", "elements": "path", "default": []},
            "commands": {"type": "list", "elements": "dict", "default": [], "options": command},
            "secrets": {"type": "list", "elements": "str", "default": [], "no_log": True},
            "max_file": {"type": "int", "default": 10_000_000},
            "max_total": {"type": "int", "default": 200_000_000},
            "title": {"type": "str", "default": "Logs"},
            "changes": {"type": "dict"},
        },
        supports_check_mode=True,
    )
    run_change(module, CollectLogs(module.params, time.time()))


if __name__ == "__main__":
    main()
