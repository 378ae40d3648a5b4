# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""How every module runs: read, plan, apply, show the difference.

A module that only reads calls :func:`run` with a function. A module that changes something calls
:func:`run_change` with a :class:`Change`: the plan is made once and serves check mode, the diff and the real run,
so check mode cannot promise anything else than what would be done.

What a module returns is clean: no control characters, no passwords in addresses, and a message is not endless.
"""

from __future__ import annotations

import abc
import dataclasses
import traceback
import typing as t

from ansible.module_utils.basic import AnsibleModule

from .errors import RelengError
from .progress import begin
from .text import cut, message, presentable


@dataclasses.dataclass
class Plan:
    """What is, what should be, and the steps between.

    :param before: the state as it was read; with ``after`` it makes the diff.
    :param after: the state when all of ``actions`` have been done.
    :param actions: one sentence for each step, in order. No action: nothing to change, and nothing is called.
    :param result: what the module returns besides, known before anything is done.
    """

    before: dict[str, t.Any]
    after: dict[str, t.Any]
    actions: list[str] = dataclasses.field(default_factory=list)
    result: dict[str, t.Any] = dataclasses.field(default_factory=dict)


class Change(abc.ABC):
    """One thing that a module brings about."""

    @abc.abstractmethod
    def plan(self) -> Plan:
        """Read what is there and say what would be done. Writes nothing, needs no credentials."""

    @abc.abstractmethod
    def apply(self, plan: Plan) -> dict[str, t.Any]:
        """Do what ``plan`` says; called only when it has actions and check mode is off.

        :returns: what the module returns besides the plan's own result; wins over it.
        """


def run(module: AnsibleModule, work: t.Callable[[], dict[str, t.Any]]) -> t.NoReturn:
    """Call ``work`` and end the module with what it returns, or with the error it raised."""
    begin()
    try:
        result = work()
    except (RelengError, OSError) as error:
        module.fail_json(exception=presentable(cut(traceback.format_exc())), **failure(error))
    except ValueError as error:
        # What Python says of a zero byte in any name or argument that the host is to be given; all else is our mistake.
        if not str(error).startswith("embedded null"):
            raise
        text = "A name or an argument has a zero byte in it, which no host takes."
        module.fail_json(exception=presentable(cut(traceback.format_exc())), msg=text)
    module.exit_json(**{"changed": False, **presentable(result)})


def failure(error: RelengError | OSError) -> dict[str, t.Any]:
    """What a task returns that ended with ``error``."""
    if isinstance(error, RelengError):
        return {**presentable(error.data), "msg": message(error.message)}
    # What no room has foreseen: a disk that is full, a file that is somebody else's.
    return {"msg": message(f"This host does not let it be done: {error}")}


def run_change(module: AnsibleModule, change: Change) -> t.NoReturn:
    """Plan ``change``, apply it unless in check mode or there is nothing to do, and end the module."""
    run(module, lambda: perform(change, module.check_mode, diff=module._diff))


def perform(change: Change, check_mode: bool, diff: bool) -> dict[str, t.Any]:
    """Plan ``change``, apply it unless in check mode or there is nothing to do, and return what the module does."""
    plan = change.plan()
    result = {"changed": bool(plan.actions), "actions": plan.actions, **plan.result}
    if diff:
        result["diff"] = {"before": plan.before, "after": plan.after}
    if plan.actions and not check_mode:
        result.update(change.apply(plan))
    return result
