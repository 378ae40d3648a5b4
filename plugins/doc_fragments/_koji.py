# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.

from __future__ import annotations


class ModuleDocFragment:
    # The options of module_utils/_module/arguments.py KOJI
    DOCUMENTATION = r"""
options:
  koji:
    description:
      - Profile of the Koji client's configuration, for example V(cbs). It says where the hub is and how to log in; the
        other options win over it.
      - If not set, the environment variable E(KOJI_PROFILE) is used.
    type: str
    aliases: [profile]
  server:
    description:
      - Address of the hub, for example V(https://cbs.centos.org/kojihub).
      - If not set, the environment variable E(KOJI_HUB_URL) is used, then the profile.
    type: str
  topurl:
    description: Address that the hub's files are served at, with V(repos) and V(work) below it.
    type: str
  authtype:
    description:
      - How to log in. Nothing logs in before there is something to write.
      - If not set, V(ssl) when there is a O(cert), V(password) when there is a O(user), V(kerberos) when there is a
        O(principal) or O(keytab).
    type: str
    choices: [ssl, password, kerberos]
  user:
    description:
      - User name, for O(authtype=password).
      - If not set, the environment variable E(KOJI_USER) is used.
    type: str
  password:
    description:
      - The user's password, for O(authtype=password).
      - If not set, the environment variable E(KOJI_PASSWORD) is used.
    type: str
  cert:
    description:
      - File of the client's certificate and its key, for O(authtype=ssl).
      - If not set, the environment variable E(KOJI_CERT) is used.
    type: path
  serverca:
    description: File of certificates of authorities that the hub's certificate is checked with.
    type: path
  principal:
    description: Kerberos principal, for O(authtype=kerberos). If not set, that of the ticket at hand.
    type: str
  keytab:
    description: File of the principal's keys, for O(authtype=kerberos).
    type: path
  timeout:
    description: Seconds to wait for one answer of the hub.
    type: float
    default: 120.0
  deadline:
    description: Seconds that one call may take, retries and pauses included.
    type: float
    default: 600.0
  retries:
    description:
      - How often a call that is safe to repeat is tried again. Reads are; a write is when it can be seen whether it was
        done.
    type: int
    default: 5
requirements:
  - The Python library koji; for Kerberos also requests-gssapi
"""
