# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action group is those who say they belong to it."""

from __future__ import annotations

import ast
import pathlib

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
GROUPS = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["action_groups"]


def documented(path: pathlib.Path) -> dict:
    """A module's DOCUMENTATION."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "DOCUMENTATION":  # type: ignore[attr-defined]
            return yaml.safe_load(ast.literal_eval(node.value))
    raise AssertionError(f"{path.name} has no DOCUMENTATION")


@pytest.mark.parametrize("group", sorted(GROUPS))
def test_an_action_group_lists_exactly_its_members(group):
    fragment = f"rdo.releng._attributes.ACTIONGROUP_{group.upper()}"
    options = f"rdo.releng._{group}"
    members, takers = set(), set()
    for path in (ROOT / "plugins" / "modules").glob("*.py"):
        fragments = documented(path).get("extends_documentation_fragment", [])
        members.update({path.stem} if fragment in fragments else ())
        takers.update({path.stem} if options in fragments else ())
    assert sorted(GROUPS[group]) == sorted(members)
    assert takers == members
    assert list(GROUPS[group]) == sorted(GROUPS[group])
