# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a user of DLRN's API: ``python make_user.py DATABASE NAME PASSWORD``, by DLRN's Python.

As DLRN makes one, but for the rounds of the password's hash: with DLRN's own, every request that writes would have the
server compute for a third of a second.
"""

from __future__ import annotations

import sys
import types

from dlrn import user

user.sha512_crypt = user.sha512_crypt.using(rounds=1000)
user.create_user(types.SimpleNamespace(username=sys.argv[2], password=sys.argv[3]), sys.argv[1])
