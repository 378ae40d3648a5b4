# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.

from __future__ import annotations


class ModuleDocFragment:
    # The options of module_utils/_module/arguments.py DLRN, less those of rdo.releng._http
    DOCUMENTATION = r"""
options:
  api_url:
    description:
      - Address of the DLRN API server, without C(/api), for example V(https://trunk.rdoproject.org/api-centos9-master-uc).
      - If not set, the environment variable E(DLRNAPI_URL) is used.
    type: str
  username:
    description:
      - User that the API knows. Only asked for when there is something to write.
      - If not set, the environment variable E(DLRNAPI_USERNAME) is used.
    type: str
  password:
    description:
      - The user's password. Only asked for when there is something to write.
      - If not set, the environment variable E(DLRNAPI_PASSWORD) is used.
    type: str
"""
