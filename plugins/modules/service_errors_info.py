#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: service_errors_info
version_added: 0.1.0
short_description: Say which of several services failed first
description:
  - Reads the logs of services that ran on one host and call each other, and finds the first error of each. The oldest
    of these says who failed first; the others may only have waited for that one.
  - Knows the logs of OpenStack's services, MariaDB, RabbitMQ, Open vSwitch and OVN, and exceptions that Python shows.
options:
  path:
    description: Folder of the logs; a service's has its name and ends with C(.log).
    type: path
    required: true
  ignored:
    description: File names of logs that belong to no service.
    type: list
    elements: str
    default: []
  expected:
    description:
      - Regular expressions of lines that a healthy service logs as well. Neither they nor their tracebacks are errors.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - rdo.releng._attributes.INFO
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: See which service of a cloud failed first
  rdo.releng.service_errors_info:
    path: /srv/results/tempest-cloud/logs
    ignored: [root.log, cloud.log, tempest.log]
  register: errors

- name: Name it
  ansible.builtin.debug:
    msg: "{{ errors.first }}"
"""

RETURN = r"""
services:
  description: The first error of each service that has one, the oldest first.
  returned: success
  type: list
  elements: dict
  contains:
    service:
      description: Name of the service.
      type: str
      sample: nova-compute
    at:
      description: When; empty if the log has no times before it.
      type: str
      sample: "2026-01-01 12:00:01.123"
    message:
      description: What it said.
      type: str
first:
  description: The oldest of them in one sentence; empty if there is none.
  returned: success
  type: str
  sample: "nova-compute had the first error, at 2026-01-01 12:00:01.123: Exception during message handling"
"""

import dataclasses
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._diagnosis.service_errors import first_errors
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run


def report(params: dict[str, t.Any]) -> dict[str, t.Any]:
    errors = first_errors(params["path"], params["ignored"], params["expected"])
    first = ""
    if errors:
        when = f", at {errors[0].at}" if errors[0].at else ""
        first = f"{errors[0].service} had the first error{when}: {errors[0].message}"
    return {"services": [dataclasses.asdict(error) for error in errors], "first": first}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "ignored": {"type": "list", "elements": "str", "default": []},
            "expected": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    run(module, lambda: report(module.params))


if __name__ == "__main__":
    main()
