# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""One program in a clean root, with everything it printed in a log and a word for why it failed."""

from __future__ import annotations

import contextlib
import os
import stat
import typing as t

from ..._module.command import find_program
from ..._module.errors import InvalidInput, NotFound
from ..._module.runner import Change, Plan
from ..._sandbox.confine import BUILDING, Bind, Limits, Sandbox, confined, fresh_folder, hand_over
from ..._sandbox.take import Bounds, take
from .diagnosed_command import run_diagnosed

# What is left by tests is for people to read: more than this nobody reads.
BOUNDS = Bounds(count=1000, size=2**30, total=4 * 2**30)


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
            check_bind(p["root"], bind["source"], bind["destination"], p["writable"])
        for result in p["results"]:
            check_bind(p["root"], None, result["folder"], p["writable"])
            check_result(result)
        action = f"Run {' '.join(p['command'])} in {p['root']}"
        return Plan({}, {"command": p["command"]}, [action], {"log": p["log"]})

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        p = self._params
        root = os.stat(p["root"])
        with contextlib.ExitStack() as stack:
            # What it may write is a folder that nobody else knows; the host has copies of what it left there.
            folders = [stack.enter_context(fresh_folder()) for _result in p["results"]]
            given = stack.enter_context(fresh_folder())
            sources = [readable(bind["source"], os.path.join(given, str(n))) for n, bind in enumerate(p["binds"])]
            sandbox = Sandbox(
                root=p["root"],
                writable=p["writable"],
                network=p["network"],
                binds=(
                    *(Bind(source, bind["destination"]) for source, bind in zip(sources, p["binds"])),
                    *(Bind(folder, result["folder"], writable=True) for folder, result in zip(folders, p["results"])),
                ),
                environment={str(name): str(value) for name, value in p["environment"].items()},
                cwd=p["cwd"],
                capabilities=BUILDING,
                limits=Limits(seconds=p["timeout"]),
            )
            try:
                return run_diagnosed(
                    p["command"],
                    f"{p['command'][0]} in {p['root']}",
                    log=p["log"],
                    timeout=p["timeout"] or None,
                    expected=p["expected_status"],
                    run=lambda argv, **options: confined(argv, sandbox, **options),
                )
            finally:
                # Where the root was removed, a later run was told to begin anew, maybe in the same folders.
                for folder, result in zip(folders, p["results"]) if is_still(p["root"], root) else ():
                    take_results(folder, result)


def is_still(path: str, was: os.stat_result) -> bool:
    """Whether a folder is the one that it was."""
    try:
        return os.path.samestat(os.stat(path), was)
    except FileNotFoundError:
        return False


def readable(source: str, copy: str) -> str:
    """``source``, or a copy of it that a confined program can read."""
    paths = [source]
    for folder, folders, files in os.walk(source):
        paths += [os.path.join(folder, name) for name in (*folders, *files)]
    if all(os.path.islink(path) or os.stat(path).st_mode & stat.S_IROTH for path in paths):
        return source
    hand_over(source, copy)
    return copy


def take_results(folder: str, result: t.Mapping[str, t.Any]) -> None:
    """Copy what a program left in ``folder`` to where the caller wants it.

    :raises Refused: it is nothing that can be taken.
    """
    os.makedirs(result["destination"], exist_ok=True)
    take(
        folder, result["patterns"], result["destination"], bounds=BOUNDS, name=result["name"], replace=result["replace"]
    )


def check_result(result: t.Mapping[str, t.Any]) -> None:
    """:raises InvalidInput: a name that is none, or one for several files."""
    name = result["name"]
    if name and ("/" in name or name.startswith(".")):
        raise InvalidInput(f"{name!r} is not a name of a file.")
    if name and (len(result["patterns"]) != 1 or any(sign in result["patterns"][0] for sign in "*?[")):
        raise InvalidInput(f"{name!r} can be the name of one file; {result['patterns']} may be several.")


def check_bind(root: str, source: str | None, destination: str, writable: bool) -> None:
    """:raises InvalidInput: the source is not there, or the destination is nothing that can be bound to."""
    if source is not None and not os.path.exists(source):
        raise InvalidInput(f"{source} is not there and cannot be bound to {destination}.")
    if not destination.startswith("/") or ".." in destination.split("/"):
        raise InvalidInput(f"{destination!r} must be an absolute path in the root, without '..'.")
    inside = os.path.join(root, destination.lstrip("/"))
    if not (writable or destination.startswith("/tmp/") or os.path.exists(inside)):  # noqa: S108 (the root's own)
        raise InvalidInput(
            f"The root has no {destination} that {source or 'results'} could be bound to, and is not writable. Use a "
            "folder that is there, or one below /tmp."
        )
