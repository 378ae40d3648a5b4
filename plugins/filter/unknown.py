# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: unknown
version_added: 0.1.0
short_description: Names that are not among the known ones, a sentence each with the closest that are
description:
  - For an assertion before any work starts, so that a misspelt name is not found out hours later.
options:
  _input:
    description: The names that were given.
    type: list
    elements: str
    required: true
  known:
    description: The names that there are.
    type: list
    elements: str
    required: true
  what:
    description: What they are names of.
    type: str
    default: name
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: See that the packages are known
  ansible.builtin.assert:
    that: unknown | length == 0
    fail_msg: "{{ unknown | join(' ') }}"
  vars:
    unknown: "{{ ['python-novaclent'] | rdo.releng.unknown(['python-novaclient', 'openstack-nova'], 'package') }}"
"""

RETURN = r"""
_value:
  description: A sentence for each name that is not known.
  type: list
  elements: str
  sample: ["There is no package 'python-novaclent'. Did you mean python-novaclient?"]
"""

import difflib
import typing as t

# As many known names as anybody reads in one sentence.
MOST = 12


def unknown(names: t.Iterable[str], known: t.Iterable[str], what: str = "name") -> list[str]:
    """A sentence for each of ``names`` that is not among ``known``."""
    there = sorted(set(known))
    return [f"There is no {what} {name!r}. {_way_out(name, there)}" for name in names if name not in there]


def _way_out(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.8)
    if close:
        return f"Did you mean {' or '.join(close)}?"
    if not known:
        return "There are none at all."
    more = f" and {len(known) - MOST} more" if len(known) > MOST else ""
    return f"There are: {', '.join(known[:MOST])}{more}."


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"unknown": unknown}
