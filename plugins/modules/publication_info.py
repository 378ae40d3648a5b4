#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: publication_info
version_added: 0.1.0
short_description: Say whether mirrors hold exactly what a tag holds, signed
description:
  - For a distribution that signs and mirrors after a build was tagged. Waits until each mirror's metadata is signed by
    the key and valid, names exactly the packages of the tag, and each package is signed by the key.
  - A mirror that lags, or that cannot be read, is not an error. RV(sentence) says what is missing, and where.
  - Packages are judged by their headers, which carry the signature and the digest of what was not fetched. What is
    signed is looked at once.
  - Source packages and debug information are published elsewhere, and not looked for.
extends_documentation_fragment:
  - rdo.releng._attributes.INFO
  - rdo.releng._attributes.ACTIONGROUP_KOJI
  - rdo.releng._koji
  - rdo.releng._wait
options:
  tag:
    description: Tag of the hub whose latest builds are expected.
    type: str
  packages:
    description: NEVRAs that are expected, if no hub is asked.
    type: list
    elements: str
  mirrors:
    description: Where they should be.
    type: list
    elements: dict
    required: true
    suboptions:
      url:
        description: Address, or folder, of a repository.
        type: str
        required: true
      arch:
        description: Its architecture.
        type: str
        required: true
  key_file:
    description: File with the public key.
    type: path
    required: true
  key:
    description: Fingerprint of the key, if the file holds several.
    type: str
  metadata_signed:
    description: Expect C(repomd.xml.asc).
    type: bool
    default: true
  packages_signed:
    description: Expect signed packages. A testing repository of CentOS has none.
    type: bool
    default: true
  fail_unless_published:
    description: Fail if it is not published when the time is over.
    type: bool
    default: false
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: See whether the release is on the mirror
  rdo.releng.publication_info:
    koji: cbs
    tag: cloud9s-openstack-epoxy-release
    mirrors:
      - url: https://mirror.stream.centos.org/SIGs/9-stream/cloud/x86_64/openstack-epoxy/
        arch: x86_64
      - url: https://mirror.stream.centos.org/SIGs/9-stream/cloud/aarch64/openstack-epoxy/
        arch: aarch64
    key_file: /etc/pki/rpm-gpg/RPM-GPG-KEY-CentOS-SIG-Cloud
    wait_timeout: 0
  register: publication
"""

RETURN = r"""
published:
  description: Whether all of it is there, signed, on each mirror.
  returned: success
  type: bool
sentence:
  description: What is missing. Empty if nothing is.
  returned: success
  type: str
  sample: "https://mirror.example.com/x86_64 (x86_64): 12 packages are not there, a-1-1.el9s.noarch for one"
packages:
  description: How many packages are expected, by architecture.
  returned: success
  type: dict
mirrors:
  description: What each mirror shows.
  returned: success
  type: list
  elements: dict
  contains:
    url:
      description: Its address.
      type: str
    arch:
      description: Its architecture.
      type: str
    published:
      description: Whether all of it is there, signed.
      type: bool
    missing:
      description: NEVRAs that are not there.
      type: list
      elements: str
    unexpected:
      description: NEVRAs that are there and not expected.
      type: list
      elements: str
    unsigned:
      description: Packages that the key has not signed, with C(package), C(status) and C(reason).
      type: list
      elements: dict
    problem:
      description: Why it could not be read, or what is wrong with its metadata. Null if nothing is.
      type: str
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import KOJI, WAIT
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import TimedOut
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run
from ansible_collections.rdo.releng.plugins.module_utils._service.release.publication import Publication


def main() -> None:
    named = {"type": "str", "required": True}
    yes = {"type": "bool", "default": True}
    module = AnsibleModule(
        argument_spec={
            **KOJI,
            **WAIT,
            "tag": {"type": "str"},
            "packages": {"type": "list", "elements": "str"},
            "mirrors": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {"url": named, "arch": named},
            },
            "key_file": {"type": "path", "required": True},
            "key": {"type": "str", "no_log": False},
            "metadata_signed": yes,
            "packages_signed": yes,
            "fail_unless_published": {"type": "bool", "default": False},
        },
        required_one_of=[("tag", "packages")],
        supports_check_mode=True,
    )

    def work() -> dict[str, t.Any]:
        result = Publication(module.params).info()
        if module.params["fail_unless_published"] and not result["published"]:
            raise TimedOut(f"It is not published: {result['sentence']}", **result)
        return result

    run(module, work)


if __name__ == "__main__":
    main()
