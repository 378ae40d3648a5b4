#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: rpm_trim_info
version_added: 0.1.0
short_description: Say which builds of a repository a release keeps, and which can go
description:
  - A repository that packages were built in for months holds much that a release does not need. This says which builds
    stay, each with its reason, and which can go. Builds are kept or go whole.
  - The newest build of each root stays, together with everything that it needs, directly or indirectly, and that
    O(provide) does not give. An older build stays if some package requires its version, unlike with C(dnf repomanage
    --old).
  - The proof is asked for independently. With all others gone nothing is newly unresolved, and everything that stays
    can still be installed. What the proof misses stays too.
options:
  repository:
    description: The repository, given like one of C(check) of M(rdo.releng.repoclosure).
    type: raw
    required: true
extends_documentation_fragment:
  - rdo.releng._repositories.TRIM
  - rdo.releng._repositories
  - rdo.releng._attributes.INFO
seealso:
  - module: rdo.releng.rpm_trim
  - module: rdo.releng.koji_tag_builds
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: See what a release needs of its testing repository
  rdo.releng.rpm_trim_info:
    repository: {id: testing, baseurl: "https://cbs.centos.org/repos/cloud9s-openstack-epoxy-testing/x86_64/os"}
    provide: ["https://mirror.stream.centos.org/9-stream/BaseOS/x86_64/os"]
    roots: [openstack-nova, python-oslo-config]
  register: trim

- name: Let the release's tag hold exactly that
  rdo.releng.koji_tag_builds:
    builds: {cloud9s-openstack-epoxy-release: "{{ trim.keep_builds }}"}
    exclusive: true
"""

RETURN = r"""
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
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run
from ansible_collections.rdo.releng.plugins.module_utils._service.repository.trimming import trim_info


def main() -> None:
    module = AnsibleModule({"repository": {"type": "raw", "required": True}, **TRIM}, supports_check_mode=True)
    run(module, lambda: trim_info(module.params, module.check_mode))


if __name__ == "__main__":
    main()
