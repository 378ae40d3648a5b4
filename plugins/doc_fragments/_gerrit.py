# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.

from __future__ import annotations


class ModuleDocFragment:
    # The options of module_utils/_module/arguments.py GERRIT, less those of rdo.releng._http
    DOCUMENTATION = r"""
options:
  gerrit_url:
    description:
      - Address of Gerrit, without C(/a), for example V(https://review.rdoproject.org/r).
      - If not set, the environment variable E(GERRIT_URL) is used; one of them is needed.
    type: str
  gerrit_username:
    description:
      - User of Gerrit. If not set, the environment variable E(GERRIT_USERNAME) is used.
      - Without a user only what everybody may see can be asked, and nothing can be changed.
    type: str
  gerrit_password:
    description:
      - The HTTP password or token of the user, from Gerrit's settings.
      - If not set, the environment variable E(GERRIT_PASSWORD) is used.
    type: str
"""
