# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.

from __future__ import annotations


class ModuleDocFragment:
    # The options of module_utils/_module/arguments.py SIGNING
    DOCUMENTATION = r"""
options:
  key:
    description: Fingerprint of the key, 40 hexadecimal digits. A shorter key ID can be forged, and is refused.
    type: str
    required: true
  gnupg_home:
    description: Folder of gpg with the secret key. If not set, E(GNUPGHOME) or C(~/.gnupg).
    type: path
  passphrase:
    description:
      - Passphrase of the key. gpg reads it from a pipe that exists while it signs.
      - Without it and O(passphrase_file) the key has none, or gpg-agent was given it before. Nobody is ever asked.
    type: str
  passphrase_file:
    description: File whose first line is the passphrase.
    type: path
  signed_at:
    description:
      - The time that signatures say, in seconds since 1970. The same file gets the same bytes each time then.
      - If not set, now.
    type: int
"""
