#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: monitoring_files
version_added: 0.1.0
short_description: Grafana dashboards and Prometheus alert rules, out of the release definitions
description:
  - Writes a dashboard for all releases, one for each release, one for a release's GA, and alert rules. They use the
    figures of M(rdo.releng.releng_metrics).
  - A dashboard of a release that has no definition any more is removed. Other files in the folder are left alone.
  - The same definitions give the same bytes.
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
options:
  site:
    description: File of the site, as M(rdo.releng.zuul_jobs) has it.
    type: path
    required: true
  releases:
    description: Files of the release definitions.
    type: list
    elements: path
    required: true
  dashboards:
    description: Folder for the dashboards, one that Grafana is provisioned with.
    type: path
  rules:
    description: File for the alert rules, one of Prometheus's C(rule_files).
    type: path
  limits:
    description: When an alert fires.
    type: dict
    default: {}
    suboptions:
      label_days:
        description: Days since a release's target label was promoted; 7 if not set.
        type: float
      gate_hours:
        description: Hours for which the gate has refused; 48 if not set.
        type: float
      writer_hours:
        description: Hours since figures were written; 3 if not set.
        type: float
      waiver_days:
        description: Days until a waiver ends; 3 if not set.
        type: float
      inbox_minutes:
        description: Minutes that an entry has waited in an inbox or outbox; 30 if not set.
        type: float
      mirror_hours:
        description: Hours that a place is behind the newest push; 6 if not set.
        type: float
      held_back_days:
        description: Days for which a package has held C(consistent) back; 3 if not set.
        type: float
seealso:
  - module: rdo.releng.releng_metrics
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Write the dashboards and rules of all releases
  rdo.releng.monitoring_files:
    site: site.yml
    releases: "{{ query('ansible.builtin.fileglob', '/srv/config/releases/*.yml') }}"
    dashboards: /var/lib/grafana/dashboards/releng
    rules: /etc/prometheus/rules/releng.yml
    limits:
      label_days: 3
"""

RETURN = r"""
actions:
  description: What was done, or would be.
  returned: success
  type: list
  elements: str
  sample: [write /etc/prometheus/rules/releng.yml]
files:
  description: All files that the definitions make.
  returned: success
  type: list
  elements: str
  sample: [/etc/prometheus/rules/releng.yml]
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run_change
from ansible_collections.rdo.releng.plugins.module_utils._service.report.monitoring import LIMITS, WriteMonitoring

ARGUMENTS: dict[str, t.Any] = {
    "site": {"type": "path", "required": True},
    "releases": {"type": "list", "elements": "path", "required": True},
    "dashboards": {"type": "path"},
    "rules": {"type": "path"},
    "limits": {"type": "dict", "default": {}, "options": {name: {"type": "float"} for name in LIMITS}},
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, required_one_of=[["dashboards", "rules"]], supports_check_mode=True)
    run_change(module, WriteMonitoring(module.params))


if __name__ == "__main__":
    main()
