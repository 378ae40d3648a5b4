#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: artifact_manifest_info
version_added: 0.1.0
short_description: Say what artifacts would be made of, without making them
description:
  - Solves from the metadata of repositories which packages an image, an OSTree commit or a repository would hold.
    Nothing is installed and no package is downloaded. That takes milliseconds for each artifact.
  - The manifest of each has the NEVRAs with the checksums of their files, the configuration and the versions of the
    tools. Its C(id) names all of that, so that an artifact needs to be made only when the id differs.
  - Whatever makes the artifact takes exactly those files, and resolves nothing a second time.
extends_documentation_fragment:
  - rdo.releng._artifacts
  - rdo.releng._repositories
  - rdo.releng._attributes.INFO
seealso:
  - module: rdo.releng.artifact_plan_info
  - module: rdo.releng.artifact_image
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Solve what an image is made of
  rdo.releng.artifact_manifest_info:
    artifacts:
      - name: controller
        kind: image
        packages: [openstack-nova-api, python3-openstackclient]
        configuration: {filesystem: ext4, size: 4G}
        tools: {mke2fs: "1.47.0", rpm: null}
    repositories:
      - https://trunk.rdoproject.org/centos9-master/current/delorean.repo
      - {id: baseos, baseurl: "https://mirror.stream.centos.org/9-stream/BaseOS/x86_64/os"}
  register: solved

- name: Keep the manifest, which names exactly what is installed
  ansible.builtin.copy:
    content: "{{ solved.manifests.controller | to_nice_json }}"
    dest: /var/lib/releng/controller.json
    mode: "0644"
"""

RETURN = r"""
manifests:
  description: The manifest C(rdo.releng/manifest/1) of each artifact that can be made, by its name.
  returned: always
  type: dict
  sample:
    controller:
      schema: rdo.releng/manifest/1
      artifact: controller
      kind: image
      packages:
        - nevra: bash-5.1.8-9.el9.x86_64
          sha256: 5f4dcc3b5aa765d61d8327deb882cf995f4dcc3b5aa765d61d8327deb882cf99
      configuration: 6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d
      tools: {mke2fs: "1.47.0", rpm: "4.16.1.3"}
      id: 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
broken:
  description: The artifacts that cannot be made, each C(artifact) with its C(reasons).
  returned: always
  type: list
  elements: dict
notes:
  description: What was found in C(.repo) files and is ignored.
  returned: always
  type: list
  elements: str
table:
  description: The same, for people.
  returned: always
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import ARTIFACTS
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run
from ansible_collections.rdo.releng.plugins.module_utils._service.repository.manifest import manifest_info


def main() -> None:
    module = AnsibleModule(ARTIFACTS, supports_check_mode=True)
    run(module, lambda: manifest_info(module.params, module.check_mode))


if __name__ == "__main__":
    main()
