#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: work_folder
version_added: 0.1.0
short_description: Make a temporary folder that no killed run leaves behind for ever
description:
  - Makes an empty folder for this run of a playbook, readable by its user alone.
  - Use it as M(ansible.builtin.tempfile), and remove the folder with M(ansible.builtin.file) when the work is done. If
    the run is killed before that, the next use of this module below the same O(parent) removes the folder.
  - Folders of other users, of runs that still go on, and of processes that cannot be seen from here (in a container, or
    on another host that reaches this one over SSH) are left alone.
extends_documentation_fragment:
  - rdo.releng._attributes
attributes:
  check_mode:
    support: full
    details:
      - A role that needs the folder in check mode as well sets C(check_mode=false) for the task.
  diff_mode:
    support: none
  idempotent:
    support: none
    details:
      - Each use makes a new folder.
options:
  purpose:
    description: What the folder is for, in lower case letters and hyphens. It becomes part of the folder's name.
    type: str
    required: true
  parent:
    description: The folder to make it in. If not set, it is C(TMPDIR), or C(/tmp).
    type: path
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Work in a folder of one's own
  block:
    - name: Make a folder for the checkouts
      rdo.releng.work_folder:
        purpose: checkouts
      register: folder

    - name: Get the distgit
      ansible.builtin.git:
        repo: https://review.rdoproject.org/r/openstack/nova-distgit
        dest: "{{ folder.path }}/nova-distgit"
        version: rpm-master
  always:
    - name: Remove the folder
      ansible.builtin.file:
        path: "{{ folder.path }}"
        state: absent
"""

RETURN = r"""
path:
  description: The new folder; null in check mode.
  type: str
  returned: success
  sample: /tmp/rdo-releng.checkouts.4026531836-1234-567890.x1y2z3w4
removed:
  description: Folders of killed runs that were removed.
  type: list
  elements: str
  returned: success
"""

import re
import tempfile
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run
from ansible_collections.rdo.releng.plugins.module_utils._module.work_folder import folder_of_the_run, remove_leftovers

SPECIFICATION: dict[str, t.Any] = {
    "argument_spec": {"purpose": {"type": "str", "required": True}, "parent": {"type": "path"}}
}


def work(params: dict[str, t.Any], check_mode: bool, diff: bool) -> dict[str, t.Any]:
    if not re.fullmatch("[a-z-]+", params["purpose"]):
        raise InvalidInput(f"{params['purpose']!r} is not a purpose: use lower case letters and hyphens only.")
    if check_mode:
        return {"changed": True, "path": None, "removed": []}
    parent = params["parent"] or tempfile.gettempdir()
    removed = remove_leftovers(parent)
    return {"changed": True, "path": folder_of_the_run(params["purpose"], parent), "removed": removed}


def main() -> None:
    module = AnsibleModule(**SPECIFICATION, supports_check_mode=True)
    run(module, lambda: work(module.params, module.check_mode, module._diff))


if __name__ == "__main__":
    main()
