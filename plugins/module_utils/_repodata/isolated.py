# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Work in a process of its own, so that what a hostile file does to a library in C ends there."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import typing as t

from .._module import errors
from .._module.json_text import load_json


def run_isolated(work: t.Callable[[], None], what: str) -> None:
    """Call ``work`` in a copy of this process and wait for its end. What it leaves are files; nothing is returned.

    :param what: what is worked on, for the message about a crash.
    :raises RelengError: what ``work`` raised, of the same class.
    :raises InvalidInput: the process was ended by a signal.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reader)
            work()
            status = 0
        except errors.RelengError as error:
            report = {"kind": type(error).__name__, "message": error.message, "data": error.data}
            os.write(writer, json.dumps(report).encode())
        except MemoryError:
            os.write(writer, json.dumps({"kind": "InvalidInput", "message": f"{what} needs too much memory."}).encode())
        except BaseException as error:
            os.write(writer, json.dumps({"kind": "RelengError", "message": f"{what}: {error!r}"}).encode())
        finally:
            # Not sys.exit: nothing of the parent's may be run or flushed twice.
            os._exit(status)
    os.close(writer)
    try:
        with open(reader, "rb") as pipe:
            answer = pipe.read()
        _pid, status = os.waitpid(child, 0)
    except BaseException:
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        raise
    if os.WIFSIGNALED(status):
        name = signal.Signals(os.WTERMSIG(status)).name
        raise errors.InvalidInput(f"{what} cannot be read: the reader was ended by {name}. Is it damaged?")
    if answer:
        report = load_json(answer, f"What the reader of {what} says")
        raise getattr(errors, report["kind"])(report["message"], **report.get("data", {}))
    if status != 0:
        raise errors.RelengError(f"{what} cannot be read: the reader ended with status {os.WEXITSTATUS(status)}.")
