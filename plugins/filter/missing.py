# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: missing
version_added: 0.1.0
short_description: What a playbook cannot do without and was not given, a sentence each
description:
  - For an assertion at the beginning of a playbook that says everything at once.
options:
  _input:
    description:
      - What is needed. C(name) is a variable, or several of which one is enough, separated by C(or). C(env) is a
        variable of the environment that does as well, or several likewise. C(example) is shown.
    type: list
    elements: dict
    required: true
  names:
    description: The variables that are there, as P(ansible.builtin.varnames#lookup) lists them.
    type: list
    elements: str
    required: true
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: See that nothing is missing
  ansible.builtin.assert:
    that: missing | length == 0
    fail_msg: "{{ missing | join(' ') }}"
  vars:
    needed:
      - {name: candidate, example: -e candidate=candidate.json}
      - {name: dlrnapi_url, env: DLRNAPI_URL, example: export DLRNAPI_URL=https://trunk.example.org/api-centos9-master}
    missing: "{{ needed | rdo.releng.missing(query('ansible.builtin.varnames', '.+')) }}"
"""

RETURN = r"""
_value:
  description: What is missing, with the example.
  type: list
  elements: str
"""

import os
import typing as t


def missing(needed: list[dict[str, str]], names: t.Collection[str]) -> list[str]:
    """A sentence for each entry of ``needed`` that neither a variable nor the environment gives."""
    found = []
    for one in needed:
        given = any(name in names for name in one["name"].split(" or "))
        if not given and not any(map(os.environ.get, one.get("env", "").split(" or "))):
            found.append(f"{one['name']} is missing, for example: {one['example']}")
    return found


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"missing": missing}
