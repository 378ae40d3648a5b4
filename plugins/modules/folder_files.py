#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: folder_files
version_added: 0.1.0
short_description: Write the files of a service's folder in one step
description:
  - Brings the files of one folder to the given content and mode, and makes the folders that should be there.
  - Each file is written whole or not at all. Nothing else in the folder is touched, except what is in O(empty_folders).
  - For a set of small files this is one step where M(ansible.builtin.template) and M(ansible.builtin.copy) take several
    for each file; on the host that Ansible runs on, no Python needs to be started for it.
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
options:
  path:
    description: The folder; created if needed.
    type: path
    required: true
  folders:
    description: Folders below O(path) that should be there. A new one has mode C(0755), others keep theirs.
    type: list
    elements: str
    default: []
  empty_folders:
    description: Folders below O(path) that should be there with nothing in them; what is in them is removed.
    type: list
    elements: str
    default: []
  files:
    description: Files below O(path).
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Path below O(path).
        type: str
        required: true
      content:
        description: What the file should hold.
        type: str
        required: true
      mode:
        description: Permissions as octal digits, quoted.
        type: str
        default: '0644'
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Configure a DLRN worker
  rdo.releng.folder_files:
    path: /srv/dlrn
    folders: [data/repos]
    files:
      - name: conf/projects.ini
        content: |
          [DEFAULT]
          datadir=/srv/dlrn/data
      - name: conf/build_srpm.sh
        content: "{{ lookup('ansible.builtin.template', 'build_srpm.sh.j2') }}"
        mode: '0755'
"""

RETURN = r"""
actions:
  description: What was made and written, or would be in check mode.
  type: list
  elements: str
  returned: success
  sample: [make /srv/dlrn/data/repos, write /srv/dlrn/conf/projects.ini]
path:
  description: The folder.
  type: str
  returned: success
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform, run
from ansible_collections.rdo.releng.plugins.module_utils._service.report.folder_files import WriteFiles

SPECIFICATION: dict[str, t.Any] = {
    "argument_spec": {
        "path": {"type": "path", "required": True},
        "folders": {"type": "list", "elements": "str", "default": []},
        "empty_folders": {"type": "list", "elements": "str", "default": []},
        "files": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {
                "name": {"type": "str", "required": True},
                "content": {"type": "str", "required": True},
                "mode": {"type": "str", "default": "0644"},
            },
        },
    },
}


def work(params: dict[str, t.Any], check_mode: bool, diff: bool) -> dict[str, t.Any]:
    return perform(WriteFiles(**params), check_mode, diff)


def main() -> None:
    module = AnsibleModule(**SPECIFICATION, supports_check_mode=True)
    run(module, lambda: work(module.params, module.check_mode, module._diff))


if __name__ == "__main__":
    main()
