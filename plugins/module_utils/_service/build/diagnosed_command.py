# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Somebody else's program with everything it printed in a log, and a word for why it failed."""

from __future__ import annotations

import functools
import os
import signal
import time
import typing as t

from ..._diagnosis.failures import diagnose_file
from ..._module.command import find_program, run_command
from ..._module.errors import CommandFailed, InvalidInput, NotFound, TimedOut
from ..._module.progress import say
from ..._module.runner import Change, Plan

# Seconds after which a program that prints something is heard of.
PAUSE = 10.0


def run_diagnosed(
    argv: t.Sequence[str],
    what: str,
    *,
    log: str,
    timeout: float | None,
    expected: t.Container[int],
    run: t.Callable[..., t.Any] | None = None,
    **options: t.Any,
) -> dict[str, t.Any]:
    """Run a program and return what a module returns of it.

    :param what: what runs, and where, for messages.
    :param run: what runs it, with the arguments and results of :func:`run_command`, which it is if not given.
    :param options: more of those.
    :raises CommandFailed: with ``failure``, as :class:`Diagnosis` has it.
    :raises TimedOut: the same.
    """
    say(f"{what} runs; log: {log}")
    start = os.path.getsize(log) if os.path.exists(log) else 0
    try:
        if run is None:
            options["timeout"] = timeout
        done = (run or run_command)(argv, log=log, expected=expected, watch=Listener(), **options)
    except (CommandFailed, TimedOut) as error:
        error.data["cmd"] = list(argv)
        error.data["failure"] = diagnose_file(log, start).as_dict()
        how = f"was ended after {timeout:g} s" if isinstance(error, TimedOut) else _end(error.data["rc"])
        error.message = f"{what} {how} ({error.data['failure']['class']}). Log: {log}"
        raise
    # Ansible takes a status other than 0 for a failure unless it is told.
    return {"failed": False, "rc": done.rc, "output": _text(done.output), "seconds": round(done.seconds, 1)}


def _text(output: str | bytes) -> str:
    return output if isinstance(output, str) else output.decode(errors="replace")


def _end(rc: int) -> str:
    if rc < 0:
        return f"was killed by signal {-rc}, {signal.strsignal(-rc)}"
    return f"ended with status {rc}"


class Listener:
    """Says the newest line of output, but not more often than every few seconds."""

    def __init__(self, clock: t.Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last = clock()
        self._lines = 0

    def __call__(self, line: str) -> None:
        self._lines += 1
        if line.strip() and self._clock() - self._last >= PAUSE:
            self._last = self._clock()
            say(f"line {self._lines}: {line[:160]}")


# A program as the first of processes of its own: it sees no other, and all that it started end with it. What it mounts
# is the host's, as the services that it starts are. The shell collects those whose parents have ended.
OWN_PROCESSES = (
    *("setpriv", "--pdeathsig", "KILL", "--", "unshare", "--pid", "--fork", "--kill-child", "--mount-proc"),
    *("--propagation", "unchanged", "--", "/bin/sh", "-c", 'unset PWD OLDPWD SHLVL; "$@"; exit $?', "sh"),
)


def run_with_own_processes(argv: t.Sequence[str], **options: t.Any) -> t.Any:
    """As :func:`run_command`; an end by a signal, which the shell tells as a status above 128, is one here as well."""
    for name in "setpriv", "unshare":
        find_program(name)
    try:
        return run_command([*OWN_PROCESSES, *argv], **options)
    except (CommandFailed, TimedOut) as error:
        if error.data["rc"] - 128 in {one.value for one in signal.Signals}:
            error.data["rc"] = 128 - error.data["rc"]
        raise


def own_processes(wanted: str) -> bool:
    """Whether a program gets processes of its own, which only root can give it.

    :raises InvalidInput: it has to, and cannot.
    """
    if wanted == "own" and os.geteuid() != 0:
        raise InvalidInput(
            "Only root can give a program processes of its own: become root, or say processes=shared, and see that no "
            "process of this user has a secret."
        )
    return wanted != "shared" and os.geteuid() == 0


class LoggedCommand(Change):
    """Run a program of the host.

    :param params: as the options of the module logged_command.
    """

    def __init__(self, params: t.Mapping[str, t.Any]) -> None:
        self._params = params

    def plan(self) -> Plan:
        command, cwd = self._params["command"], self._params["cwd"]
        if not command:
            raise InvalidInput("The command is empty: it needs a program, and may have arguments.")
        if not os.path.isdir(cwd):
            raise NotFound(f"There is no folder {cwd} that {command[0]} could be started in.")
        if "/" not in command[0]:
            find_program(command[0])
        elif not os.access(os.path.join(cwd, command[0]), os.X_OK):
            raise NotFound(f"There is no program {command[0]} in {cwd} that this user may run.")
        own_processes(self._params["processes"])
        after = {"command": command, "environment": self._environment()}
        return Plan({}, after, [f"Run {' '.join(command)} in {cwd}"], {"log": self._params["log"]})

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        p = self._params
        options = {"cwd": p["cwd"], "environment": self._environment()}
        if own_processes(p["processes"]):
            options.update(run=functools.partial(run_with_own_processes, timeout=p["timeout"] or None))
        return run_diagnosed(
            p["command"],
            p["command"][0],
            log=p["log"],
            timeout=p["timeout"] or None,
            expected=p["expected_status"],
            **options,
        )

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in self._params["keep"] if name in os.environ}
        return {**kept, **{str(name): str(value) for name, value in self._params["environment"].items()}}
