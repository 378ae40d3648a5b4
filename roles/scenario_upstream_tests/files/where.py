# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fail unless the modules named by the arguments are imported from where RPMs install them; print that folder last."""

from __future__ import annotations

import importlib
import os
import sys

SITE_PACKAGES = f"/usr/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"

for name in sys.argv[1:]:
    path = os.path.realpath(importlib.import_module(name).__file__ or "")
    print(name, path)
    if not path.startswith(SITE_PACKAGES + "/"):
        sys.exit(
            f"{name} is imported from {path}, not from {SITE_PACKAGES}: "
            "what would be tested is not the installed package."
        )
print(SITE_PACKAGES)
