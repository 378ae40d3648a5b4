# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of the role ``push`` in one process that can be killed: site, mirror, then name=path of each artifact."""

from __future__ import annotations

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / ".build"))

from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform
from ansible_collections.rdo.releng.plugins.module_utils._publish.mirror import MirroredPush
from ansible_collections.rdo.releng.plugins.module_utils._publish.snapshot import Snapshot


def push(site: str, mirror: str, artifacts: dict[str, str], **mirror_options: object) -> str:
    given = [{"name": name, "path": path, "manifest": None, "retain": True} for name, path in artifacts.items()]
    local = {"site": site, "artifacts": given, "push": None, "previous": None, "keep": 2, "wait_timeout": 20.0}
    staged = perform(Snapshot({**local, "state": "staged"}), False, False)
    remote = {"site": site, "mirror": mirror, "push": staged["id"], "previous": None, "prune": True, "password": None}
    remote.update(rsync_options=[], timeout=10.0, deadline=60.0, log=None)
    remote.update(mirror_options)
    perform(MirroredPush({**remote, "state": "staged"}), False, False)
    perform(Snapshot({**local, "artifacts": [], "push": staged["id"], "state": "current"}), False, False)
    perform(MirroredPush({**remote, "state": "current"}), False, False)
    return staged["id"]


if __name__ == "__main__":
    print(push(sys.argv[1], sys.argv[2], dict(one.split("=") for one in sys.argv[3:]), rsync_options=["--bwlimit=4m"]))
