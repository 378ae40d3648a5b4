# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.

from __future__ import annotations


class ModuleDocFragment:
    # The options of module_utils/_module/arguments.py AMQP
    DOCUMENTATION = r"""
options:
  amqp_url:
    description:
      - Address of the broker with user, password and virtual host, as V(amqps://user:password@broker.example.org/%2Fpublic).
      - If not set, the environment variable E(AMQP_URL) is used.
    type: str
  ca_path:
    description: File of certificates of authorities that servers' certificates are checked with.
    type: path
  cert:
    description: File of the client's certificate.
    type: path
  key:
    description: File of the key of O(cert), if it is not in the same file.
    type: path
  timeout:
    description: Seconds to wait for a connection or an answer.
    type: float
    default: 30.0
requirements:
  - The Python library pika
"""
