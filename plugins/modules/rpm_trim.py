#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: rpm_trim
version_added: 0.1.0
short_description: Remove from a folder the RPM files of builds that a release does not keep
description:
  - Does for a folder what M(rdo.releng.rpm_trim_info) says. What is there is read from the RPM files in and below the
    folder, source RPMs among them.
  - Where the folder has metadata, it is published again without the builds that go, as M(rdo.releng.rpm_repository)
    does; only then are files removed. A run that was killed is finished by the next one.
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
    description: Files of further metadata by its kind, as for M(rdo.releng.rpm_repository).
    type: dict
  keep:
    description: Seconds that replaced metadata stays readable.
    type: int
    default: 86400
extends_documentation_fragment:
  - rdo.releng._repositories.TRIM
  - rdo.releng._repositories
  - rdo.releng._attributes.CHANGE
seealso:
  - module: rdo.releng.rpm_trim_info
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Leave in the folder what the release is made of and needs
  rdo.releng.rpm_trim:
    path: /var/lib/repositories/epoxy
    provide: [/var/lib/repositories/base]
    roots: [openstack-nova, python-oslo-config]
"""

RETURN = r"""
actions:
  description: What was done, or would be.
  returned: success
  type: list
  elements: str
  sample: ["remove noarch/python3-oslo-config-9.5.0-1.el9s.noarch.rpm"]
path:
  description: The folder.
  returned: success
  type: str
  sample: /var/lib/repositories/epoxy
keep:
  description: The builds that stay, sorted.
  returned: success
  type: list
  elements: dict
  contains:
    build:
      description: Its NVR.
      type: str
      returned: always
      sample: python-oslo-config-9.6.0-1.el9s
    kind:
      description:
        - V(root) when the release is made of it.
        - V(needed) when a requirement of what stays names it.
        - V(proof) when only the solver misses it.
      type: str
      returned: always
      sample: needed
    reason:
      description: Why it stays, in words.
      type: str
      returned: always
      sample: python3-nova-31.0.0-1.el9s.noarch requires python3dist(oslo-config)
    chain:
      description: From the build to a root, each C(package) with its C(requirement).
      type: list
      elements: dict
      returned: always
remove:
  description: The builds that go, sorted.
  returned: success
  type: list
  elements: dict
  contains:
    build:
      description: Its NVR.
      type: str
      returned: always
    kind:
      description: V(superseded) when a newer build of its source package stays; else V(not-needed).
      type: str
      returned: always
      sample: superseded
    reason:
      description: Why it goes, in words.
      type: str
      returned: always
      sample: python-oslo-config-9.6.0-1.el9s is newer, and nothing that stays requires this
keep_builds:
  description: NVRs of the builds that stay, as O(rdo.releng.koji_tag_builds#module:builds) wants them for a tag.
  returned: success
  type: list
  elements: str
remove_builds:
  description: NVRs of the builds that go.
  returned: success
  type: list
  elements: str
absent:
  description: Roots that there is no build of.
  returned: success
  type: list
  elements: str
unresolved:
  description: What stays unresolved, as it is before.
  returned: success
  type: list
  elements: str
proofs:
  description: How often the proof was asked for, until it held.
  returned: success
  type: int
  sample: 2
repositories:
  description: What was read, with C(id), C(url) and C(repomd_sha256).
  returned: success
  type: list
  elements: dict
table:
  description: Every build, whether it stays, and why.
  returned: success
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import TRIM
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run_change
from ansible_collections.rdo.releng.plugins.module_utils._service.repository.trimming import TrimmedFolder


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "compression": {"type": "str", "choices": ["bz2", "gz", "xz", "zstd"], "default": "gz"},
            "extra": {"type": "dict"},
            "keep": {"type": "int", "default": 86400},
            **TRIM,
        },
        supports_check_mode=True,
    )
    run_change(module, TrimmedFolder(module.params, module.check_mode))


if __name__ == "__main__":
    main()
