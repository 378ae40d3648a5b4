#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: dlrn_candidate
version_added: 0.1.0
short_description: Pin what a run tests in a candidate lockfile
description:
  - Resolves a label of trunk, or given commits, into a candidate, the exact set of bits that a run builds on, tests and
    votes for. It names each component's repository by its hashed directory and checksum, the dependencies and base
    repositories by the checksum of their C(repomd.xml), and the repositories of tests by the full hash of a commit.
  - The label is read once. What is returned and written no longer depends on it.
  - The candidate's C(id) is a checksum of all that. The same bits have the same id, however they were found.
  - With O(verify), an existing lockfile is compared with what is there now.
  - Only reads, over HTTP or from files, and needs no credentials; those of the action group are not used.
options:
  trunk_url:
    description:
      - Address of the folder that has the labels in it, for example V(https://trunk.rdoproject.org/centos9-master).
      - Required unless O(verify=true).
    type: str
  label:
    description:
      - Label to resolve, for example V(consistent).
      - O(api_url), if set, is asked for the labels there are when this one is missing.
      - One of O(label) and O(commits) is required unless O(verify=true).
    type: str
  commits:
    description: Commits that DLRN has built, in place of a label. Such a candidate has no aggregate hash.
    type: list
    elements: dict
    suboptions:
      commit_hash:
        description: Hash of the source's commit.
        type: str
        required: true
      distro_hash:
        description: Hash of the distgit's commit.
        type: str
        required: true
      extended_hash:
        description: Of commits that have one.
        type: str
      component:
        description: Where DLRN runs with components.
        type: str
  release:
    description: Release that the candidate belongs to, for example V(master). Required unless O(verify=true).
    type: str
  distro:
    description: Distribution that it is built for, for example V(centos9). Required unless O(verify=true).
    type: str
  verify:
    description:
      - Compare the lockfile at O(path), of any kind, with what is there now, and change nothing. Fails when a
        component, a file, the dependencies, a base repository that must not drift, or a scenario's commit has changed
        or is gone.
    type: bool
    default: false
  parts:
    description:
      - What O(verify) looks at. Files are read to their end. A host that only installs needs neither the scenarios'
        repositories nor git.
    type: list
    elements: str
    choices: [components, files, dependencies, base, scenarios]
    default: [components, files, dependencies, base, scenarios]
requirements:
  - git, for O(scenarios)
  - PyYAML
seealso:
  - module: rdo.releng.dlrn_vote
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
  - rdo.releng._attributes.ACTIONGROUP_DLRN
  - rdo.releng._candidate
  - rdo.releng._dlrn
  - rdo.releng._http
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Pin what is consistent now
  rdo.releng.dlrn_candidate:
    trunk_url: https://trunk.rdoproject.org/centos9-master
    api_url: https://trunk.rdoproject.org/api-centos9-master-uc
    label: consistent
    release: master
    distro: centos9
    base:
      - id: baseos
        url: https://mirror.stream.centos.org/9-stream/BaseOS/x86_64/os
        drift: record
    scenarios:
      - name: scenario001
        repository: https://review.opendev.org/openstack/puppet-openstack-integration
        version: master
    path: candidate.json
  register: pinned

- name: See that it is still what it was
  rdo.releng.dlrn_candidate:
    path: candidate.json
    verify: true
"""

RETURN = r"""
actions:
  description: What was done, or would be.
  returned: success and O(verify=false)
  type: list
  elements: str
  sample: ["write candidate 8f4c71... to candidate.json"]
candidate:
  description: The content of the lockfile, C(rdo.releng/candidate/1).
  returned: success
  type: dict
  sample:
    schema: rdo.releng/candidate/1
    id: 8f4c7183b1a34d3f77a1fd0cc6fd9d17e74d34e35e8bd0b8a0ba2df02b0b5b9b
    kind: dlrn
    release: master
    distro: centos9
    resolved_at: "2026-01-31T12:00:00Z"
    source: {api_url: "https://trunk.rdoproject.org/api-centos9-master-uc", label: consistent}
    aggregate_hash: 9d0a8a43b1c1b9ea1b1b29d9c7bba47c
    components:
      - component: common
        commit_hash: 4e1243bd22c66e76c2ba9eddc1f91394e57f9f83
        distro_hash: 1d6c8f6d8b9e5b1c5ac4c6ba6a3a8a1c0e7e2f55
        extended_hash: null
        built_at: "2026-01-31T11:00:00Z"
        repo_url: "https://trunk.rdoproject.org/centos9-master/component/common/4e/12/4e1243bd22c66e76c2ba9eddc1f91394e57f9f83_1d6c8f6d"
        repomd_sha256: 60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752
    dependencies: null
    base: []
    scenarios: []
drift:
  description:
    - What is not as it was pinned. C(found) is null where it is gone; C(drift) says whether it may be so.
    - Also returned when the module fails for it.
  returned: O(verify=true)
  type: list
  elements: dict
  sample:
    - what: base repository baseos
      url: https://mirror.stream.centos.org/9-stream/BaseOS/x86_64/os
      expected: 60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752
      found: fd61a03af4f77d870fc21e05e7e80678095c92d808cfb3b5c279ee04c74aca13
      drift: record
id:
  description: The candidate's id.
  returned: success
  type: str
  sample: 8f4c7183b1a34d3f77a1fd0cc6fd9d17e74d34e35e8bd0b8a0ba2df02b0b5b9b
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import CANDIDATE, DLRN
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform, run
from ansible_collections.rdo.releng.plugins.module_utils._service.candidate.pinning import (
    PARTS,
    PinnedCandidate,
    verify,
    web_of,
)

NAMED = {"type": "str", "required": True}
COMMIT = {
    "commit_hash": NAMED,
    "distro_hash": NAMED,
    "extended_hash": {"type": "str"},
    "component": {"type": "str"},
}
PINNED = {
    **CANDIDATE,
    "trunk_url": {"type": "str"},
    "label": {"type": "str"},
    "commits": {"type": "list", "elements": "dict", "options": COMMIT},
    "release": {"type": "str"},
    "distro": {"type": "str"},
}

SPECIFICATION: dict[str, t.Any] = {
    "argument_spec": {
        **DLRN,
        **PINNED,
        "verify": {"type": "bool", "default": False},
        "parts": {"type": "list", "elements": "str", "choices": [*PARTS], "default": [*PARTS]},
    },
    "mutually_exclusive": [("label", "commits")],
    "required_if": [
        ("verify", False, ("trunk_url", "release", "distro")),
        ("verify", False, ("label", "commits"), True),
        ("verify", True, ("path",)),
    ],
}


def work(params: dict[str, t.Any], check_mode: bool, diff: bool) -> dict[str, t.Any]:
    if params["verify"]:
        return verify(params["path"], web_of(params)[0], params["parts"])
    options = {name: params[name] for name in PINNED}
    return perform(PinnedCandidate(lambda: web_of(params), **options), check_mode, diff)


def main() -> None:
    module = AnsibleModule(**SPECIFICATION, supports_check_mode=True)
    run(module, lambda: work(module.params, module.check_mode, module._diff))


if __name__ == "__main__":
    main()
