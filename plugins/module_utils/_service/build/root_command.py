# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""One program in a clean root, with everything it printed in a log and a word for why it failed."""

from __future__ import annotations

import os
import typing as t

from ..._build.clean_root import bubblewrap
from ..._module.command import find_program
from ..._module.errors import InvalidInput, NotFound
from ..._module.runner import Change, Plan
from .diagnosed_command import run_diagnosed


class RootCommand(Change):
    """Run a program in a root.

    :param params: as the options of the module clean_root_command.
    """

    def __init__(self, params: t.Mapping[str, t.Any]) -> None:
        self._params = params

    def plan(self) -> Plan:
        p = self._params
        find_program("bwrap")
        if not os.path.isdir(p["root"]):
            raise NotFound(f"There is no root {p['root']}. Make it with rdo.releng.clean_root.")
        if not p["command"]:
            raise InvalidInput("The command is empty: it needs a program, and may have arguments.")
        for bind in p["binds"]:
            check_bind(p["root"], bind, p["writable"])
        action = f"Run {' '.join(p['command'])} in {p['root']}"
        return Plan({}, {"command": p["command"]}, [action], {"log": p["log"]})

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        p = self._params
        argv = bubblewrap(
            p["root"],
            p["command"],
            writable=p["writable"],
            network=p["network"],
            binds=[(bind["source"], bind["destination"], bind["writable"]) for bind in p["binds"]],
            environment={str(name): str(value) for name, value in p["environment"].items()},
            cwd=p["cwd"],
        )
        return run_diagnosed(
            argv,
            f"{p['command'][0]} in {p['root']}",
            log=p["log"],
            timeout=p["timeout"] or None,
            expected=p["expected_status"],
            command=p["command"],
        )


def check_bind(root: str, bind: t.Mapping[str, t.Any], writable: bool) -> None:
    """:raises InvalidInput: the source is not there, or the destination is nothing that can be bound to."""
    source, destination = bind["source"], bind["destination"]
    if not os.path.exists(source):
        raise InvalidInput(f"{source} is not there and can not be bound to {destination}.")
    if not destination.startswith("/") or ".." in destination.split("/"):
        raise InvalidInput(f"{destination!r} must be an absolute path in the root, without '..'.")
    inside = os.path.join(root, destination.lstrip("/"))
    if not (writable or destination.startswith("/tmp/") or os.path.exists(inside)):  # noqa: S108 (the root's own)
        raise InvalidInput(
            f"The root has no {destination} that {source} could be bound to, and is not writable. Use a folder that is "
            "there, or one below /tmp."
        )
