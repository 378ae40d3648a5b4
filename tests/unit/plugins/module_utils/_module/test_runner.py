# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One plan for check mode, the difference and the real run; errors as sentences."""

from __future__ import annotations

import os
import subprocess

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._module.errors import NotFound
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import Change, Plan, perform, run


class Ended(Exception):
    """A module has come to its end."""


class Module:
    def exit_json(self, **result):
        raise Ended(result)

    def fail_json(self, **result):
        raise Ended({"failed": True, **result})


def ended(work):
    with pytest.raises(Ended) as caught:
        run(Module(), work)
    return caught.value.args[0]


class Written(Change):
    def __init__(self, actions):
        self.actions, self.applied = actions, 0

    def plan(self):
        return Plan({"a": 1}, {"a": 2}, self.actions, {"path": "x", "size": None})

    def apply(self, plan):
        self.applied += 1
        return {"size": 7}


@pytest.mark.parametrize(
    ("actions", "check", "applied"), [(["write x"], False, 1), (["write x"], True, 0), ([], False, 0)]
)
def test_only_a_plan_with_actions_is_applied_and_not_in_check_mode(actions, check, applied):
    change = Written(actions)
    result = perform(change, check, diff=True)
    assert change.applied == applied
    assert (result["changed"], result["actions"], result["size"]) == (bool(actions), actions, 7 if applied else None)
    assert result["diff"] == {"before": {"a": 1}, "after": {"a": 2}}


def test_a_plan_knows_best_whether_something_changes():
    change = Written(["wait"])
    change.plan = lambda: Plan({}, {}, ["wait"], {"changed": False})
    assert perform(change, False, diff=False) == {"changed": False, "actions": ["wait"], "size": 7}


def fail(error):
    raise error


def test_an_error_is_a_sentence_with_what_is_known():
    result = ended(lambda: fail(NotFound("There is no x.", path="x")))
    assert (result["msg"], result["path"], result["failed"]) == ("There is no x.", "x", True)
    assert "NotFound" in result["exception"]


def test_what_the_host_refuses_is_said_too(tmp_path):
    result = ended((tmp_path / "none").read_text)
    assert result["msg"] == f"This host does not let it be done: [Errno 2] No such file or directory: '{tmp_path}/none'"


@pytest.mark.parametrize("call", [open, os.stat, lambda name: subprocess.run([name], check=False)])
def test_a_zero_byte_in_any_name_is_a_sentence(call):
    assert "zero byte" in ended(lambda: {"x": call("a\0b")})["msg"]


def test_a_mistake_of_ours_is_not_hidden():
    with pytest.raises(KeyError):
        run(Module(), lambda: fail(KeyError("x")))
    assert ended(dict) == {"changed": False}
