#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: image_train
version_added: 0.1.0
short_description: Try a tool's candidate with what every downstream makes of it
description:
  - Runs each downstream's command with the released wheel of a tool and with a candidate, and says who is to blame. Red
    only with the candidate means that the tool regressed; red with both means that the downstream did.
  - Everything runs without a network and sees nothing of the host but its programs. What it needs is in the wheelhouse
    or in the downstream's folder, so neither mirrors nor other downstreams have a say in it.
  - The candidate is a lockfile of M(rdo.releng.files_candidate). The votes are for M(rdo.releng.dlrn_vote) with a
    directory, and M(rdo.releng.promotion_gate) decides; who holds the gate is a matter of the criteria.
options:
  candidate:
    description: Lockfile that pins the candidate's wheel.
    type: path
    required: true
  wheel:
    description: The candidate's wheel.
    type: path
    required: true
  released:
    description: The released wheel.
    type: path
    required: true
  wheelhouse:
    description: Folder with the wheels that either needs.
    type: path
    required: true
  downstreams:
    description: Those who use the tool.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name; the vote's job is C(train-) and this.
        type: str
        required: true
      path:
        description:
          - Folder with what the downstream has of its own, such as elements. It is seen at C(/tmp/work-downstream).
        type: path
        required: true
      command:
        description:
          - Program and arguments. The tool's programs are in its path; it may write to C(/tmp/work/out).
          - Either this or O(downstreams[].image) is needed.
        type: list
        elements: str
        default: []
      image:
        description:
          - An image of a manifest's packages, in which the tool, a diskimage-builder, runs elements of the downstream,
            as in M(rdo.releng.artifact_image). C(disk-image-create) as a O(downstreams[].command) would ask for sudo
            and mounts, and there are none.
          - O(downstreams[].path) is the folder with the elements, and O(downstreams[].environment) has their variables.
            The image is kept in O(folder).
        type: dict
        suboptions:
          manifest:
            description: File with the manifest.
            type: path
            required: true
          packages:
            description: Folders in which its packages lie.
            type: list
            elements: path
            required: true
          elements:
            description: Names of elements.
            type: list
            elements: str
            required: true
          formats:
            description: What is made of the tree.
            type: list
            elements: str
            choices: [raw, qcow2, squashfs]
            default: [raw]
          database:
            description: Folder of rpm's database in the image.
            type: str
            default: /var/lib/rpm
      environment:
        description: Variables of the command.
        type: dict
        default: {}
      results:
        description: Patterns of files that it must leave, such as V(*.tar). They are kept in O(folder).
        type: list
        elements: str
        default: []
  folder:
    description: Folder for logs and results.
    type: path
    required: true
  timeout:
    description: Seconds that one command may take.
    type: float
    default: 1800.0
seealso:
  - module: rdo.releng.files_candidate
  - module: rdo.releng.promotion_gate
requirements:
  - bubblewrap, and Python's venv
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: none
    details:
      - Each time it tries everything again.
extends_documentation_fragment:
  - rdo.releng._attributes
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Try the candidate
  rdo.releng.image_train:
    candidate: train/candidate.json
    wheel: dist/diskimage_builder-3.44.0-py3-none-any.whl
    released: released/diskimage_builder-3.43.0-py3-none-any.whl
    wheelhouse: wheelhouse
    downstreams:
      - name: octavia
        path: downstreams/octavia/elements
        image:
          manifest: downstreams/octavia/manifest.json
          packages: [/srv/packages]
          elements: [amphora-agent]
      - name: edge
        path: downstreams/edge
        command: [./check-elements, /tmp/work/out]
        results: ['*.log']
    folder: train
  register: train
"""

RETURN = r"""
actions:
  description: What was run, or would be.
  returned: success
  type: list
  elements: str
candidate:
  description: Id of the candidate.
  returned: success
  type: str
results:
  description:
    - Of each downstream, C(verdict) (V(good), V(tool regressed), V(downstream regressed), V(mended by the candidate)),
      C(reason) and C(logs). Empty in check mode.
  returned: success
  type: list
  elements: dict
votes:
  description: A vote of each downstream, with C(job), C(success) and C(notes). Empty in check mode.
  returned: success
  type: list
  elements: dict
summary:
  description: One sentence.
  returned: success
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run
from ansible_collections.rdo.releng.plugins.module_utils._service.react.image_train import run_train


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "candidate": {"type": "path", "required": True},
            "wheel": {"type": "path", "required": True},
            "released": {"type": "path", "required": True},
            "wheelhouse": {"type": "path", "required": True},
            "downstreams": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "name": {"type": "str", "required": True},
                    "path": {"type": "path", "required": True},
                    "command": {"type": "list", "elements": "str", "default": []},
                    "image": {
                        "type": "dict",
                        "options": {
                            "manifest": {"type": "path", "required": True},
                            "packages": {"type": "list", "elements": "path", "required": True},
                            "elements": {"type": "list", "elements": "str", "required": True},
                            "formats": {
                                "type": "list",
                                "elements": "str",
                                "choices": ["raw", "qcow2", "squashfs"],
                                "default": ["raw"],
                            },
                            "database": {"type": "str", "default": "/var/lib/rpm"},
                        },
                    },
                    "environment": {"type": "dict", "default": {}},
                    "results": {"type": "list", "elements": "str", "default": []},
                },
                "mutually_exclusive": [["command", "image"]],
                "required_one_of": [["command", "image"]],
            },
            "folder": {"type": "path", "required": True},
            "timeout": {"type": "float", "default": 1800.0},
        },
        supports_check_mode=True,
    )
    run(module, lambda: run_train(module.params, module.check_mode))


if __name__ == "__main__":
    main()
