# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands in for pip's bootstrap script, which ansible-test would fetch: installs pip from a wheel that lies beside it.

Without compiling, as each of ansible-test's many environments uses it once.
"""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

folder = pathlib.Path(os.environ["GET_PIP"]).parent
arguments = [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]
(wanted,) = (argument for argument in arguments if argument.startswith("pip=="))
wheel = str(folder / f"{wanted.replace('==', '-')}-py3-none-any.whl")
arguments[arguments.index(wanted)] = wheel
sys.exit(subprocess.call([sys.executable, f"{wheel}/pip", "install", "--no-compile", *arguments]))
