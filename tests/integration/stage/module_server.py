# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs modules one after the other, each in a fork of this process, so that each finds its libraries loaded.

Reads a line of JSON for each run (module, standard input, environment) and answers with one (status, output, errors).
"""

from __future__ import annotations

import importlib
import io
import json
import os
import sys
import tempfile
import traceback


def run(main, given, files):
    """In the fork: be a process that was started for this module alone."""
    for number, file in enumerate(files):
        os.dup2(file.fileno(), number)
    sys.stdin = io.TextIOWrapper(open(0, "rb", closefd=False))  # noqa: SIM115
    sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115
    os.environ.update(given["environment"])
    status = 1
    try:
        main()
    except SystemExit as end:
        status = end.code or 0
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


for line in sys.stdin:
    given = json.loads(line)
    module = importlib.import_module(f"ansible_collections.rdo.releng.plugins.modules.{given['module']}")
    for library in given["libraries"]:
        importlib.import_module(library)
    with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        stdin.write(given["stdin"].encode())
        stdin.seek(0)
        child = os.fork()
        if child == 0:
            run(module.main, given, (stdin, stdout, stderr))
        _pid, status = os.waitpid(child, 0)
        stdout.seek(0)
        stderr.seek(0)
        answer = {"status": status, "output": stdout.read().decode(), "errors": stderr.read().decode()}
    print(json.dumps(answer), flush=True)
