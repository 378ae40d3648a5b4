#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: files_candidate
version_added: 0.1.0
short_description: Pin files of somebody else's making as a candidate
description:
  - Writes a candidate lockfile of kind C(files). A wheel, an image, or the C(repomd.xml) of a repository that others
    make goes the same way as what is built here. It is pinned, tested by scenarios, voted on, gated and waived.
  - Each file is read to its end for its checksum, and nothing of it is kept. Large images may need a longer
    O(deadline).
  - DLRN knows nothing of these files, so their votes are kept in a directory. M(rdo.releng.dlrn_candidate) with
    O(rdo.releng.dlrn_candidate#module:verify=true) sees whether they are still what they were.
options:
  files:
    description: The files.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: What the file is called, in the lockfile and in messages.
        type: str
        required: true
      url:
        description:
          - Address of the file (file, http or https).
          - A whole repository is pinned by the address of its C(repodata/repomd.xml), which has the checksums of all
            else in it.
        type: str
        required: true
      sha256:
        description: Checksum that it must have, if its maker has published it. If not set, it is what is found.
        type: str
  release:
    description: Release that the candidate belongs to.
    type: str
    required: true
  distro:
    description: Distribution that it is for.
    type: str
    required: true
seealso:
  - module: rdo.releng.dlrn_candidate
  - module: rdo.releng.dlrn_vote
  - module: rdo.releng.promotion_gate
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
  - rdo.releng._candidate
  - rdo.releng._http
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Pin an image and the wheel that tests it
  rdo.releng.files_candidate:
    files:
      - name: cirros
        url: https://images.example.org/cirros/0.6.3/cirros-0.6.3-x86_64-disk.img
        sha256: 7d6355852aeb6dbcd191bcda7cd74f1536cfe5cbf8a10495a7283a8396e4b75b
      - name: tempest
        url: https://wheels.example.org/tempest-42.0.0-py3-none-any.whl
    release: master
    distro: centos9
    path: candidate.json

- name: Keep the vote of a job
  rdo.releng.dlrn_vote:
    directory: logs/votes
    candidate: candidate.json
    job: image-boots
    success: true

- name: Decide on it
  rdo.releng.promotion_gate:
    candidate: candidate.json
    directory: logs/votes
    target: images-passed-ci
    criteria:
      promotions:
        images-passed-ci:
          criteria: [image-boots]
"""

RETURN = r"""
actions:
  description: What was done, or would be.
  returned: success
  type: list
  elements: str
  sample: ["write candidate 0f2b77... to candidate.json"]
candidate:
  description: The content of the lockfile, C(rdo.releng/candidate/1).
  returned: success
  type: dict
  sample:
    schema: rdo.releng/candidate/1
    id: 0f2b77d2f2b5a3c1d9a1d5c4b7c8e9f00112233445566778899aabbccddeeff0
    kind: files
    release: master
    distro: centos9
    resolved_at: "2026-01-31T12:00:00Z"
    source: {}
    aggregate_hash: null
    files:
      - name: tempest
        url: https://wheels.example.org/tempest-42.0.0-py3-none-any.whl
        sha256: 60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752
    dependencies: null
    base: []
    scenarios: []
id:
  description: The candidate's id.
  returned: success
  type: str
  sample: 0f2b77d2f2b5a3c1d9a1d5c4b7c8e9f00112233445566778899aabbccddeeff0
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import CANDIDATE, HTTP
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run_change
from ansible_collections.rdo.releng.plugins.module_utils._service.candidate.pinned_files import PinnedFiles

NAMED = {"type": "str", "required": True}
FILE = {"name": NAMED, "url": NAMED, "sha256": {"type": "str"}}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **HTTP,
            **CANDIDATE,
            "files": {"type": "list", "elements": "dict", "options": FILE, "required": True},
            "release": NAMED,
            "distro": NAMED,
        },
        supports_check_mode=True,
    )
    run_change(module, PinnedFiles(module.params))


if __name__ == "__main__":
    main()
