#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: test_results_info
version_added: 0.1.0
short_description: Results of tests
description:
  - Counts what is in the files that test runners leave, and lists what failed and what was skipped.
  - Understands subunit (version 2, as stestr and Tempest write it, and version 1) and JUnit's XML, and tells them apart
    by their content.
  - A file that is cut off or damaged is an error. A test that began and never ended has failed.
  - Does not fail when tests failed; look at RV(success).
options:
  paths:
    description:
      - The files; they are counted together.
      - A folder stands for all files C(*.subunit) and C(*.xml) in it and below; there may be none.
    type: list
    elements: path
    required: true
  most:
    description: How many failures, and how many skipped tests, are listed at most. All are counted.
    type: int
    default: 100
  groups:
    description:
      - Regular expressions of tests, by the name that those are counted under in RV(rows). The first that fits counts.
      - Without it, tests are counted by file.
    type: dict
    default: {}
  slowest:
    description: How many of the slowest tests are listed at most.
    type: int
    default: 10
requirements:
  - python-subunit, for subunit
extends_documentation_fragment:
  - rdo.releng._attributes.INFO
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Read the results of a run
  rdo.releng.test_results_info:
    paths: [logs/oslo.utils.subunit, logs/oslo.config.xml]
  register: results

- name: Show what failed
  ansible.builtin.debug:
    msg: "{{ results.failures }}"
  when: not results.success
"""

RETURN = r"""
success:
  description: Whether tests ran and none failed. Files without a test, or with only skipped ones, are not a success.
  returned: success
  type: bool
summary:
  description: The counts in one sentence.
  returned: success
  type: str
  sample: 18217 passed, 0 failed, 22 skipped
tests:
  description: How many tests there are.
  returned: success
  type: int
counts:
  description: The counts of all files together.
  returned: success
  type: dict
  contains:
    tests:
      description: How many tests there are.
      type: int
    passed:
      description: How many passed; this includes those that failed as expected.
      type: int
    failed:
      description: How many failed, errors and unexpected successes included.
      type: int
    skipped:
      description: How many were skipped.
      type: int
    seconds:
      description: How long the runs took; for JUnit, how long the tests took together.
      type: float
failures:
  description: What failed.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the test.
      type: str
    message:
      description: The end of its traceback or message.
      type: str
skips:
  description: What was skipped.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the test.
      type: str
    message:
      description: The reason.
      type: str
slowest:
  description: The tests that took longest, the longest first.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the test.
      type: str
    seconds:
      description: How long it took.
      type: float
files:
  description: The counts of each file.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: The file.
      type: str
    format:
      description: V(subunit) or V(junit).
      type: str
    tests:
      description: How many tests there are.
      type: int
    passed:
      description: How many passed.
      type: int
    failed:
      description: How many failed.
      type: int
    skipped:
      description: How many were skipped.
      type: int
    seconds:
      description: How long it took.
      type: float
    success:
      description: Whether tests ran and none failed.
      type: bool
table:
  description: The counts of each group, or of each file, as a table.
  returned: success
  type: str
heads:
  description: Heads of the columns of RV(rows).
  returned: success
  type: list
  elements: str
rows:
  description: The table as lists of cells.
  returned: success
  type: list
  elements: list
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._diagnosis.test_results import report_results
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run


def main() -> None:
    module = AnsibleModule(
        {
            "paths": {"type": "list", "elements": "path", "required": True},
            "most": {"type": "int", "default": 100},
            "groups": {"type": "dict", "default": {}},
            "slowest": {"type": "int", "default": 10},
        },
        supports_check_mode=True,
    )
    run(module, lambda: report_results(**module.params))


if __name__ == "__main__":
    main()
