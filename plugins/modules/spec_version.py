#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: spec_version
short_description: Bring a spec file to an upstream version
version_added: 0.1.0
description:
  - Changes the lines of a spec file that a new upstream version changes, as RDO's distgits have them, and no others.
    These are C(Version), C(Release), C(%global milestone), C(sources_gpg_sign), C(patches_base) and a changelog entry
    in the file's own style.
  - A release candidate such as 27.0.0.0rc1 makes C(Release) V(0.1%{?milestone}%{?dist}), the next one
    V(0.2%{?milestone}%{?dist}), and general availability V(1%{?dist}).
  - A spec file that cannot be changed safely is refused, with the line. It has several lines with C(Version), or one
    that is a macro or stands in a condition, or a C(Release) that is not a number.
  - What is written has been parsed by rpm first, for each distro, in a sandbox.
author:
  - RDO release engineering (@rdo-infra)
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
  - rdo.releng._spec
options:
  spec:
    description: Path of the spec file.
    type: path
    required: true
  version:
    description: The version as upstream writes it, for example V(27.1.0) or V(27.0.0.0rc1).
    type: str
    required: true
  key:
    description:
      - Fingerprint of the key that the version's sources are signed by, for C(sources_gpg_sign).
      - If not set, the spec file's own stays.
    type: str
  changes:
    description: Lines of the changelog entry below the one that names the version.
    type: list
    elements: str
    default: []
  author_name:
    description: Name in the changelog entry.
    type: str
    default: RDO
  author_email:
    description: Address in the changelog entry.
    type: str
    default: dev@lists.rdoproject.org
  date:
    description: Day of the changelog entry, as V(2026-04-15). If not set, today by UTC.
    type: str
  allow_older:
    description: Whether the version may be older than the spec file's.
    type: bool
    default: false
requirements:
  - bubblewrap and rpmspec (packages C(bubblewrap), and C(rpm) or C(rpm-build))
  - packaging
"""

EXAMPLES = r"""
- name: Bring the spec file to the release candidate
  rdo.releng.spec_version:
    spec: /srv/distgit/nova/openstack-nova.spec
    version: 27.0.0.0rc1
    key: "0xa63ea142678138d1bb15f2e303bdfd64dd164087"
  register: version

- name: Show what a person should know
  ansible.builtin.debug:
    msg: "{{ version.left_alone }}"
"""

RETURN = r"""
actions:
  description: What was changed, or would be.
  type: list
  elements: str
  returned: success
  sample: ["Version: 26.1.0 becomes 27.0.0"]
evr:
  description: Epoch, version and release without the distro. Null where only rpm can say, as with C(%autorelease).
  type: str
  returned: success
  sample: 1:27.0.0-0.1.0rc1
version_before:
  description: The version that the spec file was at, or null for one that was never at any, as with C(XXX).
  type: str
  returned: success
  sample: 26.1.0
left_alone:
  description: What was not touched on purpose, as sentences.
  type: list
  elements: str
  returned: success
  sample: ["Its changelog is made when it is built."]
sources:
  description: Addresses and names of the version's sources, macros expanded.
  type: list
  elements: str
  returned: success
  sample: ["https://tarballs.openstack.org/nova/nova-27.0.0.0rc1.tar.gz"]
patch:
  description: The change as a unified diff without context.
  type: str
  returned: success
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import SPEC
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run_change
from ansible_collections.rdo.releng.plugins.module_utils._service.distgit.spec_version import SpecVersion


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "spec": {"type": "path", "required": True},
            "version": {"type": "str", "required": True},
            "key": {"type": "str", "no_log": False},
            "changes": {"type": "list", "elements": "str", "default": []},
            "author_name": {"type": "str", "default": "RDO"},
            "author_email": {"type": "str", "default": "dev@lists.rdoproject.org"},
            "date": {"type": "str"},
            "allow_older": {"type": "bool", "default": False},
            **SPEC,
        },
        supports_check_mode=True,
    )
    run_change(module, SpecVersion(module.params))


if __name__ == "__main__":
    main()
