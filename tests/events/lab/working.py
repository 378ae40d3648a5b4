# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker in a process that can be killed: inbox, then program and arguments."""

from __future__ import annotations

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / ".build"))

from ansible_collections.rdo.releng.plugins.module_utils._events.worker import Work
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform


def work(inbox: str, handlers: list[dict], **options: object) -> dict:
    params = {"inbox": inbox, "handlers": handlers, "tries": 3, "again": [], "keep_days": 30.0, "timeout": 30.0}
    params.update(wait_timeout=30.0, log=None)
    return perform(Work({**params, **options}), False, False)


if __name__ == "__main__":
    work(sys.argv[1], [{"topics": ["#"], "command": [*sys.argv[2:], "{event}"], "together": False}])
