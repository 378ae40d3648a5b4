# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands in for pip's bootstrap script, which ansible-test would fetch: the interpreter brings pip along."""

from __future__ import annotations

import ensurepip
import os
import subprocess
import sys

ensurepip.bootstrap()
if os.path.exists("/etc/ssl/certs/ca-certificates.crt"):
    os.environ.setdefault("PIP_CERT", "/etc/ssl/certs/ca-certificates.crt")  # ansible-test clears the environment
arguments = [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]
sys.exit(subprocess.call([sys.executable, "-m", "pip", "install", *arguments]))
