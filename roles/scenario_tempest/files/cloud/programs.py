# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs of a cloud: those that serve, and those that run to their end while all others live."""

from __future__ import annotations

import collections
import contextlib
import os
import pathlib
import shlex
import signal
import subprocess
import threading
import time
import typing as t

LOGS = pathlib.Path("/tmp/logs")  # noqa: S108 (the root's own)
# Lines of a service's log that are shown when it fails.
LAST_LINES = 60
# How often it is seen whether something has happened.
PAUSE = 0.1
# Seconds in which a service ends when it is asked to.
END_SECONDS = 60


class Stopped(Exception):
    """Why Tempest could not judge: one line."""


class Programs:
    """Runs programs, and sees meanwhile that services live and time is left. Threads share it.

    :param seconds: how long all of it may take.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.end = time.monotonic() + seconds
        self.services: dict[str, subprocess.Popen[bytes]] = {}
        # When each was last seen alive, in the time of the services' logs
        self._alive: dict[str, float] = {}
        self.stopped: Stopped | None = None
        self._lock = threading.Lock()

    def start(self, name: str, command: list[str], environment: dict[str, str]) -> None:
        """Start a service."""
        say(f"Starting {name}: {shlex.join(command)}")
        self._alive[name] = time.time()
        with open(LOGS / f"{name}.log", "ab") as log:
            self.services[name] = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **environment},
                start_new_session=True,
            )

    def run(self, command: list[str], environment: dict[str, str], log: str | None = None) -> None:
        """Run a program to its end; what it prints goes where ours does, or to the log of that name.

        :raises Stopped: another status, a service that ended, or no time left.
        """
        status = self.status(command, environment, log)
        if status != 0:
            if log:
                show_end_of(LOGS / f"{log}.log")
            raise Stopped(f"{command[0]} {how_it_ended(status)}: {shlex.join(command)}")

    def status(self, command: list[str], environment: dict[str, str], log: str | None = None) -> int:
        """As :meth:`run`, but any exit status is an answer."""
        say(f"+ {shlex.join(command)}")
        with contextlib.ExitStack() as stack:
            out = stack.enter_context(open(LOGS / f"{log}.log", "ab")) if log else None
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env={**os.environ, **environment},
                start_new_session=True,
            )
        self.wait(process, command[0])
        return t.cast(int, process.returncode)

    def wait(self, process: subprocess.Popen[bytes], what: str) -> None:
        """Wait for the end of a program that was started in a session of its own, and end it with what stops us."""
        try:
            while process.poll() is None:
                self.look(f"while {what} ran")
                time.sleep(PAUSE)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def end_services(self, names: t.Iterable[str]) -> None:
        """Ask services to end, and see them end.

        :raises Stopped: one of them did not.
        """
        ending = {name: self.services.pop(name) for name in list(names)}
        for process in ending.values():
            process.terminate()
        end = time.monotonic() + END_SECONDS
        for name, process in ending.items():
            say(f"Ending {name}")
            while process.poll() is None:
                if time.monotonic() > end:
                    show_end_of(LOGS / f"{name}.log")
                    raise Stopped(f"Service {name} did not end within {END_SECONDS} s of being asked to")
                time.sleep(PAUSE)

    def look(self, when: str) -> None:
        """See that all is well; once it was not, it never is again.

        :raises Stopped: a service ended, no time is left, or another thread was stopped.
        """
        with self._lock:
            if self.stopped is None:
                for name, process in list(self.services.items()):
                    if process.poll() is not None:
                        show_end_of(LOGS / f"{name}.log")
                        how = f"{how_it_ended(process.returncode)} {when}"
                        note_end(LOGS / f"{name}.log", self._alive[name], f"{name} {how}")
                        self.stopped = Stopped(f"Service {name} {how}")
                        break
                    self._alive[name] = time.time()
                else:
                    if time.monotonic() > self.end:
                        for name in self.services:
                            show_end_of(LOGS / f"{name}.log")
                        self.stopped = Stopped(f"timeout: ended after {self.seconds:g} s {when}")
            if self.stopped is not None:
                raise self.stopped

    def stop(self, why: Stopped) -> Stopped:
        """Stop all threads; returns why, which is the reason of the first that called this."""
        with self._lock:
            self.stopped = self.stopped or why
            return self.stopped


def how_it_ended(status: int) -> str:
    return f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"


def say(line: str) -> None:
    print(line, flush=True)


def note_end(log: pathlib.Path, alive: float, what: str) -> None:
    """Write into the log of a service that has ended what it could not write itself.

    :param alive: when it was last seen alive: what others say after that may come of its end.
    """
    at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(alive))
    with open(log, "a", encoding="utf-8") as file:
        file.write(f"{at}.{int(alive % 1 * 1000):03} {os.getpid()} ERROR scenario [-] {what}\n")


def show_end_of(log: pathlib.Path) -> None:
    lines = [f"The end of {log.name}:"]
    with open(log, encoding="utf-8", errors="replace") as file:
        lines += [line.rstrip() for line in collections.deque(file, LAST_LINES)]
    say("\n".join(lines))
