# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: from_here
short_description: A path as the caller of a playbook means it
version_added: 0.1.0
description:
  - Puts the folder that Ansible was called in before a relative path. Ansible itself would take it from the folder of
    the playbook, which for playbooks of a collection is nowhere that a person works in.
  - What is not a relative path stays as it is. That is an absolute path, a path that begins with C(~), an address such
    as C(https://…) or C(user@host:path), no text at all, and data.
options:
  _input:
    description: A path or an address, or data that can stand in its place.
    type: raw
    required: true
"""

EXAMPLES = r"""
- name: Decide on the lockfile that the caller named
  ansible.builtin.include_role:
    name: rdo.releng.gate
  vars:
    gate_candidate: "{{ candidate | rdo.releng.from_here }}"
"""

RETURN = r"""
_value:
  description: The absolute path, or what was given.
  type: raw
"""

import os
import re
import typing as t

ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://|[^/]+@[^/]+:")


def from_here(path: t.Any) -> t.Any:
    """``path`` below the folder that Ansible was called in, if it is a relative path."""
    if not isinstance(path, str) or not path or path.startswith("~") or ADDRESS.match(path):
        return path
    return os.path.normpath(os.path.join(os.environ.get("PWD") or os.getcwd(), path))


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"from_here": from_here}
