# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module says it requires is really required: Ansible takes an option with a default for one that was given."""

from __future__ import annotations

import importlib
import pathlib

import pytest

MODULES = sorted((pathlib.Path(__file__).resolve().parents[2] / "plugins" / "modules").glob("*.py"))


class _Seen(Exception):
    """The arguments with which a module makes its AnsibleModule."""


def _see(argument_spec, **rules):
    raise _Seen(argument_spec, rules)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_no_option_that_is_required_in_some_case_has_a_default(path, monkeypatch):
    module = importlib.import_module(f"ansible_collections.rdo.releng.plugins.modules.{path.stem}")
    monkeypatch.setattr(module, "AnsibleModule", _see)
    with pytest.raises(_Seen) as seen:
        module.main()
    options, rules = seen.value.args
    named = {name for names in rules.get("required_one_of", ()) for name in names}
    named |= {name for _option, _value, names, *_any in rules.get("required_if", ()) for name in names}
    assert {name for name in named if options[name].get("default") is not None} == set()
