#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: koji_builds
version_added: 0.1.0
short_description: Build many packages on a Koji hub, each as soon as it can be
description:
  - Queues builds in the order of their BuildRequires and waits for all of them. A build begins as soon as what it
    needs is in the hub's build repository. It waits only for a BuildRequires that is not met by what the build tag has
    already.
  - Of those that can begin, the one with the longest chain of builds behind it is first, by how long each package's
    last build took.
  - What is built is read from the hub, so a run that was killed goes on where it stopped. An NVR that is complete is
    not a change; one that is being built is waited for; one that failed before is tried once more.
  - A build that fails holds back only those that need it. When all else is done the task fails, with the class of each
    failure and the lines of the logs that say why.
options:
  builds:
    description: What should be built.
    type: list
    elements: dict
    required: true
    suboptions:
      nvr:
        description: NVR that is built.
        type: str
        required: true
      source:
        description: A file C(*.src.rpm) on this host, or the address of a repository followed by C(#REVISION).
        type: str
        required: true
      target:
        description: Build target. If not set, O(target).
        type: str
      build_requires:
        description: BuildRequires as rpm writes them, for example V(python3-oslo-config >= 9.0).
        type: list
        elements: str
        default: []
      provides:
        description: >-
          Names of packages that it makes, and what they provide, in addition to those that the package's last build
          made.
        type: list
        elements: str
        default: []
  target:
    description: Build target of all that name none.
    type: str
  arches:
    description: Only these architectures. If not set, those of the target's build tag.
    type: list
    elements: str
    default: []
  wait_for:
    description:
      - V(unmet) waits for a build only if a BuildRequires is not met without it.
      - V(all) waits for each build that a BuildRequires names, so that everything is built with what is newest.
    type: str
    choices: [unmet, all]
    default: unmet
  at_once:
    description: How many builds are queued or running at most.
    type: int
    default: 100
  regenerate:
    description: >-
      Ask for new build repositories where one is needed, which needs the permission C(regen-repo). Otherwise whoever
      does it for the hub (kojira) is waited for.
    type: bool
    default: false
  journal_dir:
    description: Folder of the journals. If not set, C(rdo.releng/koji) below E(XDG_STATE_HOME) or C(~/.local/state).
    type: path
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
  - rdo.releng._attributes.ACTIONGROUP_KOJI
  - rdo.releng._koji
  - rdo.releng._wait
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Build what is missing for a release
  rdo.releng.koji_builds:
    koji: cbs
    target: cloud9s-openstack-epoxy-el9s
    builds:
      - nvr: python-oslo-config-9.7.1-1.el9s
        source: git+https://example.org/distgit/oslo-config.git#4e1243bd22c66e76c2ba9eddc1f91394e57f9f83
        build_requires: [python3-devel, python3-oslo-i18n >= 3.15.3]
      - nvr: openstack-nova-31.0.0-1.el9s
        source: git+https://example.org/distgit/nova.git#9ed4f1a33a2d0bf1b53a6bb34a8ba9b1b07d4ed3
        build_requires: [python3-devel, python3-oslo-config >= 9.7.1]
"""

RETURN = r"""
actions:
  description: What was done, or would be, one sentence each, in the order in which builds would begin.
  returned: success
  type: list
  elements: str
  sample: ["build openstack-nova-31.0.0-1.el9s for cloud9s-el9s, after python-oslo-config-9.7.1-1.el9s"]
builds:
  description: The builds.
  returned: success
  type: list
  elements: dict
  contains:
    nvr:
      description: Its NVR.
      type: str
    state:
      description: V(done), V(failed), V(held) (it needs one that failed), V(building) or V(waiting).
      type: str
    task_id:
      description: The task that builds it. Null if it was there before.
      type: int
    seconds:
      description: How long the hub took, or null.
      type: float
    needs:
      description: NVRs that it waited for.
      type: list
      elements: str
    failure_class:
      description: The class of the failure, for example V(missing-requirement).
      type: str
    fault:
      description: What the hub says of the failure, or what holds it back.
      type: str
    lines:
      description: The lines of the logs that say why.
      type: list
      elements: str
    logs:
      description: Addresses of the logs. Empty if it is not known where the hub serves its files (O(topurl)).
      type: list
      elements: str
counts:
  description: How many builds are in each state.
  returned: success
  type: dict
requests:
  description: How many requests the hub was sent.
  returned: success
  type: int
own_seconds:
  description: How long this took apart from waiting.
  returned: success
  type: float
table:
  description: What is not done, as a table.
  returned: success
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import KOJI, WAIT
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run_change
from ansible_collections.rdo.releng.plugins.module_utils._service.hub.hub_builds import HubBuilds


def main() -> None:
    words = {"type": "list", "elements": "str", "default": []}
    module = AnsibleModule(
        argument_spec={
            **KOJI,
            **WAIT,
            "builds": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "nvr": {"type": "str", "required": True},
                    "source": {"type": "str", "required": True},
                    "target": {"type": "str"},
                    "build_requires": words,
                    "provides": words,
                },
            },
            "target": {"type": "str"},
            "arches": words,
            "wait_for": {"type": "str", "choices": ["unmet", "all"], "default": "unmet"},
            "at_once": {"type": "int", "default": 100},
            "regenerate": {"type": "bool", "default": False},
            "journal_dir": {"type": "path"},
        },
        supports_check_mode=True,
    )
    run_change(module, HubBuilds(module.params, module.check_mode))


if __name__ == "__main__":
    main()
