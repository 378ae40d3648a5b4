#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: artifact_plan_info
version_added: 0.1.0
short_description: Say which artifacts a change of packages affects
description:
  - Solves what each artifact is made of, as things are and after a change, and compares the manifests. An artifact is
    affected when its manifest is a different one, or when one that it is made of is affected.
  - Says for each the packages that make the difference, and which artifacts could not be made any more.
options:
  replace:
    description:
      - Builds that would come. Paths of RPM files, and repositories given like C(check) of M(rdo.releng.repoclosure).
        All packages of source packages of the same names leave.
    type: list
    elements: raw
    default: []
  remove:
    description: Builds that would go. NVRs of source packages and NEVRAs of packages.
    type: list
    elements: str
    default: []
  into:
    description: Id of the repository that O(replace) changes. If not set, the only one.
    type: str
  made:
    description:
      - The id of the manifest that each artifact was made of last, by its name. It is affected when its manifest after
        the change is another one.
      - If not set for an artifact, it was made of what is there now.
    type: dict
    default: {}
extends_documentation_fragment:
  - rdo.releng._artifacts
  - rdo.releng._repositories
  - rdo.releng._attributes.INFO
seealso:
  - module: rdo.releng.artifact_manifest_info
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: See which images the builds of a batch would change
  rdo.releng.artifact_plan_info:
    artifacts:
      - {name: controller, kind: image, packages: [openstack-nova-api]}
      - {name: all, kind: repository, packages: ["*"]}
    repositories: [{id: stable, baseurl: "https://cbs.centos.org/repos/cloud9s-openstack-epoxy-release/x86_64/os"}]
    replace: [{id: pending, baseurl: "https://cbs.centos.org/repos/cloud9s-openstack-epoxy-pending/x86_64/os"}]
    fail_on_broken: false
  register: plan
"""

RETURN = r"""
affected:
  description: The artifacts that have to be made again, each after those that it is made of.
  returned: always
  type: list
  elements: dict
  contains:
    artifact:
      description: Its name.
      type: str
      returned: always
      sample: controller
    kind:
      description: What it is.
      type: str
      returned: always
      sample: image
    id:
      description: The id of its new manifest.
      type: str
      returned: always
    added:
      description: NEVRAs that it would hold and does not hold now.
      type: list
      elements: str
      returned: always
    removed:
      description: NEVRAs that it holds now and would not hold.
      type: list
      elements: str
      returned: always
    changed:
      description: NEVRAs of which it would hold another file, for example signed again.
      type: list
      elements: str
      returned: always
    through:
      description: Affected artifacts that it is made of.
      type: list
      elements: str
      returned: always
unchanged:
  description: Names of the artifacts that stay as they are.
  returned: always
  type: list
  elements: str
broken:
  description: >-
    The artifacts that could not be made, each C(artifact) with its C(reasons), and whether that is C(already) so.
  returned: always
  type: list
  elements: dict
manifests:
  description: The manifest of each artifact after the change, by its name; see M(rdo.releng.artifact_manifest_info).
  returned: always
  type: dict
notes:
  description: What was found in C(.repo) files and is ignored.
  returned: always
  type: list
  elements: str
table:
  description: Every artifact, what becomes of it, and because of what.
  returned: always
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import ARTIFACTS
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run
from ansible_collections.rdo.releng.plugins.module_utils._service.repository.manifest import plan_info


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "replace": {"type": "list", "elements": "raw", "default": []},
            "remove": {"type": "list", "elements": "str", "default": []},
            "into": {"type": "str"},
            "made": {"type": "dict", "default": {}},
            **ARTIFACTS,
        },
        supports_check_mode=True,
    )
    run(module, lambda: plan_info(module.params, module.check_mode))


if __name__ == "__main__":
    main()
