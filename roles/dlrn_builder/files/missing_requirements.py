# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Prints which of the pinned requirements of its argument the Python that runs this has not."""

from __future__ import annotations

import importlib.metadata
import sys


def installed(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


missing = [
    line for line in sys.argv[1].split() if "==" in line and installed(line.split("==")[0]) != line.split("==")[1]
]
print("\n".join(missing))
