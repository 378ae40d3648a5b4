#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: koji_build
version_added: 0.1.0
short_description: Build a package on a Koji hub
description:
  - Builds a source RPM, or a revision of a repository, for a target, and waits for it with progress.
  - An NVR that is there and complete is not a change. One that is being built is waited for.
  - A build that fails returns its class, the lines of its logs that say why, and where the logs are.
options:
  source:
    description: A file C(*.src.rpm) on this host, or the address of a repository followed by C(#REVISION).
    type: str
    required: true
  target:
    description: Build target.
    type: str
    required: true
  nvr:
    description: >-
      NVR that is built. For a source RPM it is read from the file's name; for a repository it is needed, unless
      O(scratch=true).
    type: str
  scratch:
    description: Build without keeping the result. Such a build is always made.
    type: bool
    default: false
  arches:
    description: Only these architectures. If not set, those of the target's build tag.
    type: list
    elements: str
    default: []
  wait:
    description: Wait for the build to end.
    type: bool
    default: true
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
  - rdo.releng._attributes.ACTIONGROUP_KOJI
  - rdo.releng._koji
  - rdo.releng._wait
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Build what was reviewed
  rdo.releng.koji_build:
    koji: cbs
    source: git+https://review.rdoproject.org/r/deps/python-foo.git#4e1243bd22c66e76c2ba9eddc1f91394e57f9f83
    nvr: python-foo-1.2.0-1.el9s
    target: cloud9s-openstack-epoxy-el9s

- name: See whether a source RPM builds
  rdo.releng.koji_build:
    koji: cbs
    source: /var/tmp/python-foo-1.2.0-1.el9s.src.rpm
    target: cloud9s-openstack-epoxy-el9s
    scratch: true
"""

RETURN = r"""
actions:
  description: What was done, or would be, one sentence each.
  returned: success
  type: list
  elements: str
  sample: ["build python-foo-1.2.0-1.el9s for cloud9s-openstack-epoxy-el9s"]
build:
  description:
    - The build, as M(rdo.releng.koji_build_info) has it, with its C(rpms). Null for a scratch build, and when it is not
      there yet.
  returned: success
  type: dict
task_id:
  description: The task that builds it; null if it was imported, and in check mode.
  returned: success
  type: int
logs:
  description:
    - Addresses of the logs. When a build fails, those of the tasks that failed, as the build's own task has none.
    - Empty if it is not known where the hub serves its files (O(topurl)).
  returned: always, when there is a task
  type: list
  elements: str
task_logs:
  description:
    - The same logs with C(task), C(method), C(label), C(name) and C(url), which is null if it is not known. The hub
      hands them out by task and name as well (C(koji download-logs)).
  returned: when the build failed
  type: list
  elements: dict
times:
  description:
    - Where the time went, C(total_seconds), C(worked_seconds) in which a host was at work, and C(queued_seconds) in
      which the build waited for one.
    - Null if the task has not ended.
  returned: when a task was waited for
  type: dict
  sample: {total_seconds: 219.4, worked_seconds: 84.1, queued_seconds: 135.3}
failure_class:
  description: The class of the failure, for example V(missing-requirement).
  returned: when the build failed
  type: str
lines:
  description: The lines of the logs that say so.
  returned: when the build failed
  type: list
  elements: str
fault:
  description: What the hub says of the failure.
  returned: when the build failed
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import KOJI, WAIT
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run_change
from ansible_collections.rdo.releng.plugins.module_utils._service.hub.hub_build import HubBuild


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **KOJI,
            **WAIT,
            "source": {"type": "str", "required": True},
            "target": {"type": "str", "required": True},
            "nvr": {"type": "str"},
            "scratch": {"type": "bool", "default": False},
            "arches": {"type": "list", "elements": "str", "default": []},
            "wait": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    run_change(module, HubBuild(module.params))


if __name__ == "__main__":
    main()
