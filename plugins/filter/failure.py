# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: failure
short_description: Why a task failed
version_added: 0.1.0
description:
  - Says what a person wants to read about C(ansible_failed_result), and how the failure was classified.
  - For a loop it says so for each item that failed, and not only that one or more items did.
author:
  - RDO release engineering (@rdo-infra)
options:
  _input:
    description: What the failed task returned.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Build, and say what is in the way
  block:
    - name: Build
      ansible.builtin.include_role:
        name: rdo.releng.trunk_build
  rescue:
    - name: Say why it does not build
      ansible.builtin.debug:
        msg: "{{ (ansible_failed_result | rdo.releng.failure).reason }}"
"""

RETURN = r"""
_value:
  description: The failure.
  type: dict
  contains:
    reason:
      description: >-
        Why it failed. For a loop, one paragraph for each item that failed, with the item's label if the loop gives it a
        short one.
      type: str
    diagnosis:
      description: >-
        Class, lines and what was missing, as modules that run programs return it; empty if nothing was classified. For
        a loop, that of the first item that failed.
      type: dict
"""

import typing as t

WITHOUT_MEANING = "non-zero return code"  # what Ansible says of any command


def failure(result: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Reason and diagnosis of a failed task's result."""
    failed = [item for item in result.get("results") or [] if item.get("failed")]
    if not failed:
        return {"reason": _reason(result), "diagnosis": result.get("failure") or {}}
    return {"reason": "\n".join(map(_labelled, failed)), "diagnosis": failed[0].get("failure") or {}}


def _reason(result: t.Mapping[str, t.Any]) -> str:
    said = result.get("msg") or result.get("reason") or ""
    if said == WITHOUT_MEANING and result.get("stderr_lines"):
        # The last line of a command's errors says more than that there were some.
        said = result["stderr_lines"][-1]
    return str(said) or "a task failed without saying why"


def _labelled(item: t.Mapping[str, t.Any]) -> str:
    label = item.get("_ansible_item_label", item.get("item"))
    reason = _reason(item)
    # A name says which of them it was, and a whole mapping does not.
    return f"{label}: {reason}" if isinstance(label, str) and label else reason


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"failure": failure}
