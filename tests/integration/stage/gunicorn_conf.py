# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration of gunicorn for DLRN's API under test: which requests came, and a death at a chosen step.

``requests.log`` in the folder STAGE_API gets a line for each request before it is worked on. If the folder has a file
``kill_at``, the server and its worker are killed with SIGKILL right before the n-th step of a POST: each link, rename
and removal, each file opened for writing (before, and again when it is there and empty), each commit to the database.
"""

from __future__ import annotations

import builtins
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
        _request.left = int(kill_at.read_text())
    with open(FOLDER / "requests.log", "a") as log:
        log.write(f"{request.method} {request.uri}\n")


def step() -> None:
    left = getattr(_request, "left", None)
    if left is None:
        return
    _request.left = left - 1
    if left == 1:
        (FOLDER / "kill_at").unlink()
        os.killpg(0, signal.SIGKILL)


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
