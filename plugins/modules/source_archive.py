#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: source_archive
short_description: Fetch upstream's archive of a version, and prove that it is upstream's
version_added: 0.1.0
description:
  - Fetches an archive, checks its checksum, its signature, and that its metadata names the expected project and
    version, and writes it only then.
  - An archive or signature that is not published yet is not an error. The module returns C(waiting) and writes nothing.
  - A signature counts if it was made by the primary key O(key), or a subkey of it, and by no other key of the keyring,
    while that key was valid. A key that expired afterwards does no harm.
  - The keyring and the signature are read in a sandbox.
author:
  - RDO release engineering (@rdo-infra)
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
  - rdo.releng._http
options:
  url:
    description: Address of the archive.
    type: str
    required: true
  dest:
    description: Path of the file that it is written to.
    type: path
    required: true
  checksum:
    description: What it must have, as V(sha256:…) or V(sha512:…).
    type: str
  key:
    description: Fingerprint of the primary key that must have signed it. If not set, no signature is asked for.
    type: str
  keyring:
    description: Path or address of the public key. Needed with O(key).
    type: str
  signature_url:
    description: Address of the detached signature. If not set, that of the archive with C(.asc).
    type: str
  name:
    description: The project that the archive's own metadata must name, for example V(nova).
    type: str
  version:
    description: The version that the archive's own metadata must name.
    type: str
  force:
    description: Whether another file at O(dest) may be replaced.
    type: bool
    default: false
  companions:
    description:
      - Whether the signature (O(dest) with C(.asc)) and the key (by the last part of O(keyring)) are written next to
        it. Spec files that verify their sources need them.
    type: bool
    default: false
requirements:
  - bubblewrap, gpg and gpgv, where there is a key
"""

EXAMPLES = r"""
- name: Fetch the release candidate's archive as soon as it is there
  rdo.releng.source_archive:
    url: https://tarballs.openstack.org/nova/nova-27.0.0.0rc1.tar.gz
    dest: /srv/distgit/nova/nova-27.0.0.0rc1.tar.gz
    key: "0xa63ea142678138d1bb15f2e303bdfd64dd164087"
    keyring: https://releases.openstack.org/_static/0xa63ea142678138d1bb15f2e303bdfd64dd164087.txt
    name: nova
    version: 27.0.0.0rc1
  register: archive

- name: Go on with what is there
  ansible.builtin.debug:
    msg: "{{ 'It is not published yet.' if archive.waiting else archive.signature.made_at }}"
"""

RETURN = r"""
actions:
  description: What was written, or would be.
  type: list
  elements: str
  returned: success
  sample: ["write /srv/distgit/nova/nova-27.0.0.0rc1.tar.gz"]
waiting:
  description: Whether the archive or its signature is not published yet.
  type: bool
  returned: success
waits_for:
  description: The address that is waited for, or null.
  type: str
  returned: success
dest:
  description: Path of the file.
  type: str
  returned: success
sha256:
  description: Checksum of the archive, or null while it is waited for.
  type: str
  returned: success
size:
  description: Its size in bytes, or null.
  type: int
  returned: success
made_at:
  description: When it was signed, otherwise when its content says that it was made, in UTC. Null if nothing says so.
  type: str
  returned: success
  sample: "2023-03-17T10:12:31+00:00"
signature:
  description: Who signed it and when, or null where there is no key or nothing to check yet.
  type: dict
  returned: success
  contains:
    key:
      description: Fingerprint of the primary key.
      type: str
    signing_key:
      description: Fingerprint of the key that made the signature, which is often a subkey.
      type: str
    made_at:
      description: When it was made, in UTC.
      type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._distgit.archive import SourceArchive
from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import HTTP
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run_change
from ansible_collections.rdo.releng.plugins.module_utils._module.waiter import Deadline
from ansible_collections.rdo.releng.plugins.module_utils._module.web import Web


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "url": {"type": "str", "required": True},
            "dest": {"type": "path", "required": True},
            "checksum": {"type": "str"},
            "key": {"type": "str", "no_log": False},
            "keyring": {"type": "str", "no_log": False},
            "signature_url": {"type": "str"},
            "name": {"type": "str"},
            "version": {"type": "str"},
            "force": {"type": "bool", "default": False},
            "companions": {"type": "bool", "default": False},
            **HTTP,
        },
        supports_check_mode=True,
    )
    given = dict(module.params)
    web = Web(Deadline(given.pop("deadline")), given.pop("timeout"), given.pop("retries"), given.pop("ca_path"))
    run_change(module, SourceArchive(**given, web=web))


if __name__ == "__main__":
    main()
