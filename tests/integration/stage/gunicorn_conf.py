# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration of gunicorn for DLRN's API under test: which requests came, and a death at a chosen step.

``requests.log`` in the folder STAGE_API gets a line for each request before it is worked on. If the folder has a file
``kill_at`` (of JSON, with ``step`` and ``server``), the worker is killed with SIGKILL right before that step of the
next POST, and the server with it if ``server`` is true; otherwise that starts another worker. Steps are each link,
rename and removal, each file opened for writing (before, and again when it is there and empty), and each commit to the
database.
"""

from __future__ import annotations

import builtins
import json
import os
import pathlib
import signal
import threading

FOLDER = pathlib.Path(os.environ["STAGE_API"])
_request = threading.local()


def pre_request(worker, request):
    _request.left = None
    kill_at = FOLDER / "kill_at"
    if request.method == "POST" and kill_at.exists():
        switch = json.loads(kill_at.read_text())
        _request.left, _request.server = switch["step"], switch["server"]
    with open(FOLDER / "requests.log", "a") as log:
        log.write(f"{request.method} {request.uri}\n")


def step() -> None:
    left = getattr(_request, "left", None)
    if left is None:
        return
    _request.left = left - 1
    if left == 1:
        (FOLDER / "kill_at").unlink()
        os.kill(0 if _request.server else os.getpid(), signal.SIGKILL)


def counted(function):
    def call(*args, **kwargs):
        step()
        return function(*args, **kwargs)

    return call


def counted_open(file, mode="r", *args, **kwargs):
    if "w" not in mode:
        return builtins.open(file, mode, *args, **kwargs)
    step()
    opened = builtins.open(file, mode, *args, **kwargs)  # noqa: SIM115
    step()
    return opened


def post_worker_init(worker):
    import dlrn.api.dlrn_api
    import dlrn.utils
    import sqlalchemy.orm

    for name in ("symlink", "rename", "remove"):
        setattr(os, name, counted(getattr(os, name)))
    dlrn.utils.open = counted_open
    sqlalchemy.orm.Session.commit = counted(sqlalchemy.orm.Session.commit)
