# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts, stops and finds an API server that no init system looks after. Run by DLRN's own Python.

The server and its workers are known by a variable that they alone have in their environment, so one whose pid file is
lost or out of date is found, and no other process is ever taken for it. gunicorn replaces workers that die; a run of
the role replaces a gunicorn that died. Prints what is (``running``, ``outdated`` or ``stopped``), or what was done
(``started`` or ``ended``).

    control.py FOLDER status | stop | start ADDRESS SECONDS
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import urllib.request

FOLDER = pathlib.Path(sys.argv[1]).resolve()
VARIABLE = "DLRN_API_SERVER"
PID = FOLDER / "api.pid"
LOG = FOLDER / "logs" / "server.log"
# Requests that are worked on may end before the server is killed.
PATIENCE = 30.0


def processes() -> dict[int, str]:
    """Number of each process of the server, and the settings it was started with."""
    found = {}
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "environ").read_bytes().decode(errors="replace").split("\0")
        except OSError:  # it ended, or belongs to somebody else
            continue
        environment = dict(word.partition("=")[::2] for word in words)
        if environment.get(VARIABLE) == str(FOLDER):
            found[int(folder.name)] = environment.get("DLRN_API_SETTINGS", "")
    return found


def status() -> str:
    found = processes()
    if not found:
        return "stopped"
    as_it_should = set(found.values()) == {os.environ.get("DLRN_API_SETTINGS")}
    return "running" if as_it_should and not is_orphaned(found) else "outdated"


def is_orphaned(found: dict[int, str]) -> bool:
    """Whether these are workers whose first process, the one of the pid file, has died."""
    try:
        return int(PID.read_text()) not in found
    except (OSError, ValueError):  # lost, or the server is a service and has none
        return False


def stop() -> None:
    end = time.monotonic() + PATIENCE
    for number in processes():
        send(number, signal.SIGTERM)
    while processes():
        if time.monotonic() > end:
            for number in processes():
                send(number, signal.SIGKILL)
        time.sleep(0.1)
    # gunicorn does not start while a process has the number in it, whatever process that is.
    PID.unlink(missing_ok=True)


def send(number: int, what: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(number, what)


def start(address: str, seconds: float) -> None:
    """Start the server; on return it answers."""
    host, _colon, port = address.rpartition(":")
    plain = host.strip("[]")
    family = socket.AF_INET6 if ":" in plain else socket.AF_INET
    # Taken before the server is there: an address in use is an error here and now.
    try:
        listener = socket.create_server((plain, int(port)), family=family, backlog=64)
    except OSError as error:
        sys.exit(f"The API server cannot listen at {address}: {error.strerror}.")
    with listener, open(LOG, "ab") as log:
        process = subprocess.Popen(
            [
                *(pathlib.Path(sys.executable).with_name("gunicorn"), "--config", FOLDER / "gunicorn.conf.py"),
                *("--pid", PID, "--bind", f"fd://{listener.fileno()}", "dlrn.api:app"),
            ],
            pass_fds=[listener.fileno()],
            cwd=FOLDER,
            env={**os.environ, VARIABLE: str(FOLDER)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    wait(process, {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(plain, host), port, seconds)  # noqa: S104


def wait(process: subprocess.Popen[bytes], host: str, port: str, seconds: float) -> None:
    end = time.monotonic() + seconds
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    reason = "no answer"
    while process.poll() is None and time.monotonic() < end:
        try:
            with opener.open(f"http://{host}:{port}/api/health", timeout=5) as answer:
                json.load(answer)
                return
        except (OSError, ValueError) as error:
            reason = str(error)
            time.sleep(0.1)
    stop()
    lines = LOG.read_text(errors="replace").splitlines()[-20:]
    sys.exit("\n".join([f"The API server does not answer at {host}:{port} ({reason}). The end of {LOG}:", *lines]))


def main(command: str, *arguments: str) -> None:
    if command == "status":
        print(status())
        return
    # Two runs of the role at the same time start one server.
    with open(FOLDER / "control.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = status()
        if command == "stop":
            stop()
            print("ended" if found != "stopped" else found)
        elif found == "running":
            print(found)
        else:
            stop()
            start(arguments[0], float(arguments[1]))
            print("started")


if __name__ == "__main__":
    main(*sys.argv[2:])
