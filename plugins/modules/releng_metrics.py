#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: releng_metrics
version_added: 0.1.0
short_description: Figures of a release for Prometheus
description:
  - Makes figures of what other modules returned and writes them in Prometheus's text format, for the textfile collector
    of its node exporter, or pushes them to a Pushgateway. Each option is optional, and adds its figures.
  - The file is replaced by way of a rename, so nobody reads half of it. The role P(rdo.releng.monitoring#role) has the
    dashboards and alert rules that go with it; the guide C(docs/monitoring.md) lists all figures.
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
      - The moment at which the figures were written is one of them. With O(now) set, the same input gives the same
        bytes and changes nothing. A gateway is pushed to in any case.
options:
  release:
    description: Value of the label C(release) of every figure.
    type: str
    required: true
  distro:
    description: Value of the label C(distro) of every figure.
    type: str
    required: true
  path:
    description: File to write, C(releng-epoxy-el9s.prom) for example. The collector reads names that end in C(.prom).
    type: path
  gateway:
    description: Address of a Pushgateway. The figures replace those of the same release and distro there.
    type: str
  window:
    description: How many days counts and shares go back.
    type: float
    default: 14
  now:
    description: The moment of the figures, in seconds since 1970. If not set, the time of the run.
    type: float
  history:
    description: What M(rdo.releng.dlrn_history_info) returned. Gives labels, lead times and jobs.
    type: dict
  label:
    description: The label that candidates of O(history) were promoted to.
    type: str
  staging:
    description: The label that candidates of O(history) were staged under.
    type: str
  holding_back:
    description: RV(rdo.releng.dlrn_commit_info#module:holding_back) of M(rdo.releng.dlrn_commit_info).
    type: list
    elements: dict
  decision:
    description: RV(rdo.releng.promotion_gate#module:decision) of M(rdo.releng.promotion_gate).
    type: dict
  waivers:
    description: "Waivers: files, waivers, or a list of both."
    type: raw
  ftbfs:
    description: RV(rdo.releng.ftbfs_info#module:packages) of M(rdo.releng.ftbfs_info).
    type: list
    elements: dict
  pins:
    description: RV(rdo.releng.upper_constraints_info#module:pins) of M(rdo.releng.upper_constraints_info).
    type: list
    elements: dict
  tag_plans:
    description:
      - Plans that M(rdo.releng.koji_tag_builds) returned. C(tags), a list of names that may be added to a plan, gives a
        zero to each tag that is in order.
    type: list
    elements: dict
  pending:
    description: Decisions on pending batches, by their tag.
    type: dict
  queues:
    description: Inboxes and outboxes, each with C(name), C(entries) and C(oldest_at), the arrival of the oldest entry.
    type: list
    elements: dict
  inboxes:
    description: What M(rdo.releng.event_inbox_info) returned of each inbox, by the name that it should have.
    type: dict
  pushes:
    description: Places that were pushed to, each with C(name) and C(switched_at).
    type: list
    elements: dict
  journal:
    description:
      - Journal of a release, as M(rdo.releng.run_journal) writes it. It says whose time the release took, in all and by
        stage. A release that goes on takes time until O(now). A file that is not there yet has no figures.
    type: path
  chronometer:
    description:
      - The same in figures, in place of O(journal).
      - Whose time a release took. C(whose) has seconds by V(ours), V(hub), V(distribution) and V(people); C(stages)
        has rows with C(stage), C(whose) and C(seconds).
    type: dict
requirements:
  - prometheus-client
seealso:
  - module: rdo.releng.dlrn_history_info
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

- name: Write the figures for the node exporter
  rdo.releng.releng_metrics:
    path: /var/lib/prometheus/node-exporter/releng-master-el9s.prom
    release: master
    distro: el9s
    history: "{{ history }}"
    staging: current-passed-ci-testing
    label: current-passed-ci
"""

RETURN = r"""
actions:
  description: What was done, or would be.
  returned: success
  type: list
  elements: str
  sample: [write /var/lib/prometheus/node-exporter/releng-master-el9s.prom]
path:
  description: The file.
  returned: success
  type: str
text:
  description: The figures as they are written.
  returned: success
  type: str
"""

import time
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run_change
from ansible_collections.rdo.releng.plugins.module_utils._service.report.metrics import WriteFigures

DICT: dict[str, t.Any] = {"type": "dict"}
DICTS: dict[str, t.Any] = {"type": "list", "elements": "dict"}
ARGUMENTS: dict[str, t.Any] = {
    "release": {"type": "str", "required": True},
    "distro": {"type": "str", "required": True},
    "path": {"type": "path"},
    "gateway": {"type": "str"},
    "window": {"type": "float", "default": 14},
    "now": {"type": "float"},
    "label": {"type": "str"},
    "staging": {"type": "str"},
    "waivers": {"type": "raw"},
    "journal": {"type": "path"},
    **dict.fromkeys(("history", "decision", "pending", "inboxes", "chronometer"), DICT),
    **dict.fromkeys(("holding_back", "ftbfs", "pins", "tag_plans", "queues", "pushes"), DICTS),
}


def main() -> None:
    module = AnsibleModule(
        argument_spec=ARGUMENTS,
        required_one_of=[["path", "gateway"]],
        required_by={"history": ["label"]},
        mutually_exclusive=[["journal", "chronometer"]],
        supports_check_mode=True,
    )
    now = module.params["now"]
    run_change(module, WriteFigures(module.params, time.time() if now is None else now))


if __name__ == "__main__":
    main()
