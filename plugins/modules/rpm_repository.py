#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: rpm_repository
version_added: 0.1.0
short_description: Make a folder of RPM files a repository
description:
  - Makes C(repodata) with createrepo_c, or brings it up to date, for all RPM files in and below a folder.
  - It is published so that no reader sees a mix. Files of metadata are named after their content, and C(repomd.xml) is
    put in place last, by renaming. What an older C(repomd.xml) names stays for O(keep) seconds.
  - The same files, by name, size and time, give the same bytes.
options:
  path:
    description: The folder.
    type: path
    required: true
  compression:
    description: How metadata is compressed.
    type: str
    choices: [bz2, gz, xz, zstd]
    default: gz
  extra:
    description:
      - Files of further metadata by its kind, C(modules) or C(group) for example.
      - A kind that is published already must be given again. It is never dropped silently.
    type: dict
  keep:
    description: Seconds that replaced metadata stays readable.
    type: int
    default: 86400
  allow_empty:
    description: Whether a folder without RPM files becomes a repository of no packages; otherwise it is an error.
    type: bool
    default: false
  allow_rivals:
    description: >-
      Whether files that are packages of one name, version and architecture may differ. dnf would install either of
      them, so otherwise it is an error, which names the files.
    type: bool
    default: false
requirements:
  - createrepo_c
  - The Python library zstandard, for the compression V(zstd)
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Publish what was built
  rdo.releng.rpm_repository:
    path: /var/lib/repositories/testing
    extra:
      modules: /var/lib/repositories/modules.yaml
"""

RETURN = r"""
actions:
  description: What was done, or would be.
  returned: success
  type: list
  elements: str
  sample: ["publish metadata of 12 packages in /var/lib/repositories/testing/repodata"]
path:
  description: The folder.
  returned: success
  type: str
  sample: /var/lib/repositories/testing
packages:
  description: How many RPM files there are.
  returned: success
  type: int
  sample: 12
repomd_sha256:
  description: Checksum of C(repomd.xml), which names this state of the repository.
  returned: success
  type: str
  sample: 5f4dcc3b5aa765d61d8327deb882cf995f4dcc3b5aa765d61d8327deb882cf99
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform, run
from ansible_collections.rdo.releng.plugins.module_utils._repodata.publication import PublishedRepository

SPECIFICATION: dict[str, t.Any] = {
    "argument_spec": {
        "path": {"type": "path", "required": True},
        "compression": {"type": "str", "choices": ["bz2", "gz", "xz", "zstd"], "default": "gz"},
        "extra": {"type": "dict"},
        "keep": {"type": "int", "default": 86400},
        "allow_empty": {"type": "bool", "default": False},
        "allow_rivals": {"type": "bool", "default": False},
    },
}


def work(params: dict[str, t.Any], check_mode: bool, diff: bool) -> dict[str, t.Any]:
    return perform(PublishedRepository(**params), check_mode, diff)


def main() -> None:
    module = AnsibleModule(**SPECIFICATION, supports_check_mode=True)
    run(module, lambda: work(module.params, module.check_mode, module._diff))


if __name__ == "__main__":
    main()
