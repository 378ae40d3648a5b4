# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.

from __future__ import annotations


class ModuleDocFragment:
    # The options of module_utils/_module/arguments.py HTTP
    DOCUMENTATION = r"""
options:
  ca_path:
    description: File of certificates of authorities that the server's certificate is checked with.
    type: path
  timeout:
    description: Seconds to wait for one answer of the server.
    type: float
    default: 30.0
  deadline:
    description: Seconds that all calls of one task may take together, retries and pauses included.
    type: float
    default: 300.0
  retries:
    description: How often a call that is safe to repeat is tried again after no answer, or a 429, 500, 502, 503 or 504.
    type: int
    default: 5
"""
