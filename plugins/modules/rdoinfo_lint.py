#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: rdoinfo_lint
short_description: Mistakes in rdoinfo
version_added: 0.1.0
description:
  - Looks for mistakes in rdoinfo and all the files that it imports, and fails if there are any.
  - The rules are V(yaml), V(repeated-key), V(unknown-key), V(missing-key), V(repeated-project), V(repeated-name),
    V(undescribed-project), V(unresolved), V(maintainer), V(component), V(release), V(buildsys-tag), V(wrong-file),
    V(nvr), V(nvr-name), V(nvr-dist), V(repeated-build), V(untested-release), V(missing-build), V(pin), V(pin-release),
    V(status), V(copied-name). C(docs/release-data.md) says what each of them means.
author:
  - RDO release engineering (@rdo-infra)
extends_documentation_fragment:
  - rdo.releng._attributes.INFO
  - rdo.releng._rdoinfo
options:
  series_status:
    description:
      - The file C(data/series_status.yaml) of the repository openstack/releases.
      - With it, the rule V(status) compares the status of each release with upstream's.
    type: path
  hub:
    description:
      - A Koji hub, as its address or a profile of the client's configuration. It is only read, by nobody in particular.
      - With it, the rule V(missing-build) asks for each build whether the hub has it complete.
    type: str
  date:
    description: Day that upstream's dates are compared with, for example V(2026-07-15). Today, if not set.
    type: str
  ignore:
    description: Rules that are not looked at.
    type: list
    elements: str
    default: []
  fail_on_findings:
    description: Whether findings make the task fail.
    type: bool
    default: true
requirements:
  - koji, with O(hub)
"""

EXAMPLES = r"""
- name: Check a change of rdoinfo
  rdo.releng.rdoinfo_lint:
    rdoinfo: "{{ zuul.project.src_dir }}"

- name: List what is wrong in rdoinfo
  rdo.releng.rdoinfo_lint:
    rdoinfo: https://github.com/redhat-openstack/rdoinfo
    series_status: /srv/releases/data/series_status.yaml
    hub: https://cbs.centos.org/kojihub
    fail_on_findings: false
  register: lint

- name: Show it
  ansible.builtin.debug:
    msg: "{{ lint.table.splitlines() }}"
"""

RETURN = r"""
findings:
  description: What is wrong, by file and line.
  type: list
  elements: dict
  returned: always, unless rdoinfo could not be read
  contains:
    file:
      description: Path in rdoinfo.
      type: str
    line:
      description: Line in the file, from 1.
      type: int
    rule:
      description: Name of the rule.
      type: str
    message:
      description: What is wrong.
      type: str
    suggestion:
      description: What to do about it, or null.
      type: str
  sample:
    - file: tags/antelope.yml
      line: 86
      rule: unknown-key
      message: source_branch is not a key of a package with the tag antelope
      suggestion: write source-branch
table:
  description: The same as text.
  type: str
  returned: always, unless rdoinfo could not be read
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import RDOINFO
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run
from ansible_collections.rdo.releng.plugins.module_utils._service.release.rdoinfo_query import check_rdoinfo


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **RDOINFO,
            "series_status": {"type": "path"},
            "hub": {"type": "str"},
            "date": {"type": "str"},
            "ignore": {"type": "list", "elements": "str", "default": []},
            "fail_on_findings": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    run(module, lambda: check_rdoinfo(module.params))


if __name__ == "__main__":
    main()
