# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run by the image's Python: what cannot be imported and which programs are missing, as JSON.

Arguments: the folder of the collections, and the libraries that modules load.
"""

from __future__ import annotations

import importlib
import json
import pathlib
import shutil
import sys

collections, *libraries = sys.argv[1:]
sys.path.insert(0, collections)
plugins = pathlib.Path(collections, "ansible_collections/rdo/releng/plugins")
ours = sorted(
    ".".join(path.relative_to(collections).with_suffix("").parts)
    for path in plugins.rglob("*.py")
    if path.name != "__init__.py"
)
missing = {}
for name in [*libraries, *ours]:
    try:
        importlib.import_module(name)
    except ImportError as error:
        missing[name] = str(error)

command = importlib.import_module("ansible_collections.rdo.releng.plugins.module_utils._module.command")
manager = "apt" if shutil.which("apt-get") else "dnf"
programs = [name for name, packages in command.PACKAGES.items() if manager in packages and not shutil.which(name)]
print(json.dumps({"imported": len(ours), "missing": missing, "programs": programs}))
