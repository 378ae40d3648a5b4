#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: release_package
version_added: 0.1.0
short_description: Make the package by which people get a release's repositories
description:
  - Writes a C(.repo) file and an RPM with it, for example C(centos-release-openstack-epoxy). The same options give the
    same bytes.
  - At a release's end make it once more, with addresses of the archive and a higher O(version), and publish it before
    the mirrors are emptied.
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
options:
  name:
    description: Name of the package.
    type: str
    required: true
  version:
    description: Its version.
    type: str
    required: true
  release:
    description: Its release, without what distinguishes distributions.
    type: str
    default: '1'
  dist:
    description: What distinguishes distributions, for example V(.el9s).
    type: str
    default: ''
  summary:
    description: One line on what it is.
    type: str
    required: true
  license:
    description: License of the package.
    type: str
    default: GPL-2.0-or-later
  url:
    description: Where people can read more.
    type: str
  path:
    description: Folder that both files are written to.
    type: path
    required: true
  repositories:
    description: What the C(.repo) file holds.
    type: list
    elements: dict
    required: true
    suboptions:
      id:
        description: Its id.
        type: str
        required: true
      name:
        description: What people read.
        type: str
        required: true
      baseurl:
        description: Its address, with C($basearch) and the like.
        type: str
        required: true
      enabled:
        description: Whether it is enabled.
        type: bool
        default: true
      gpgcheck:
        description: Whether packages must be signed.
        type: bool
        default: true
      repo_gpgcheck:
        description: Whether the metadata must be signed.
        type: bool
        default: false
      gpgkey:
        description: Address of the public key, for example C(file:///etc/pki/rpm-gpg/RPM-GPG-KEY-CentOS-SIG-Cloud).
        type: str
      module_hotfixes:
        description: Whether its packages are seen whatever modules say.
        type: bool
        default: true
  key_files:
    description: Public keys that are installed below C(/etc/pki/rpm-gpg), under their own names.
    type: list
    elements: path
    default: []
  requires:
    description: What the package requires.
    type: list
    elements: str
    default: []
  conflicts:
    description: What it conflicts with, those of other series for example.
    type: list
    elements: str
    default: []
  obsoletes:
    description: What it replaces.
    type: list
    elements: str
    default: []
  source_date:
    description: The time of the package and its files, in seconds since 1970.
    type: int
    required: true
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Make the release's package
  rdo.releng.release_package:
    name: centos-release-openstack-epoxy
    version: "1"
    summary: Repositories of OpenStack Epoxy
    path: /srv/ga/epoxy/release
    source_date: 1743602400
    key_files: [/srv/keys/RPM-GPG-KEY-CentOS-SIG-Cloud]
    conflicts: [centos-release-openstack-dalmatian]
    repositories:
      - id: centos-openstack-epoxy
        name: OpenStack Epoxy
        baseurl: https://mirror.stream.centos.org/SIGs/9-stream/cloud/$basearch/openstack-epoxy/
        gpgkey: file:///etc/pki/rpm-gpg/RPM-GPG-KEY-CentOS-SIG-Cloud
"""

RETURN = r"""
actions:
  description: What was written, or would be in check mode.
  returned: success
  type: list
  elements: str
package:
  description: The RPM.
  returned: success
  type: str
sha256:
  description: Its checksum.
  returned: success
  type: str
repo_file:
  description: The C(.repo) file.
  returned: success
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._build.release_package import ReleasePackage
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run_change


def main() -> None:
    named = {"type": "str", "required": True}
    words = {"type": "list", "elements": "str", "default": []}
    yes, no = {"type": "bool", "default": True}, {"type": "bool", "default": False}
    module = AnsibleModule(
        argument_spec={
            "name": named,
            "version": named,
            "release": {"type": "str", "default": "1"},
            "dist": {"type": "str", "default": ""},
            "summary": named,
            "license": {"type": "str", "default": "GPL-2.0-or-later"},
            "url": {"type": "str"},
            "path": {"type": "path", "required": True},
            "repositories": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "id": named,
                    "name": named,
                    "baseurl": named,
                    "enabled": yes,
                    "gpgcheck": yes,
                    "repo_gpgcheck": no,
                    "gpgkey": {"type": "str", "no_log": False},
                    "module_hotfixes": yes,
                },
            },
            "key_files": {"type": "list", "elements": "path", "default": [], "no_log": False},
            "requires": words,
            "conflicts": words,
            "obsoletes": words,
            "source_date": {"type": "int", "required": True},
        },
        supports_check_mode=True,
    )
    run_change(module, ReleasePackage(module.params))


if __name__ == "__main__":
    main()
