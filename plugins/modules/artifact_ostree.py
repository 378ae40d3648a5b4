#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: artifact_ostree
version_added: 0.1.0
short_description: Make an OSTree commit of exactly the packages of a manifest
description:
  - Lays out the packages of a manifest in an empty root with rpm, which resolves nothing, and commits the root to an
    OSTree repository of its own, C(repo). rpm and the packages' scriptlets run without a network, and see nothing of
    the host but its programs.
  - Every ref that the commit may ever be found by is bound to it now. Clients refuse it under any other, and the server
    cannot see that.
  - M(rdo.releng.ostree_ref) brings the commit to the repository that clients pull from, and signs it there.
  - It is made when it is not there yet, was made of another manifest, or is no longer whole. The same manifest makes
    the same bytes.
  - What is in it is read back out of it; if that is not what the manifest says, this fails and the artifact does not
    get its name.
options:
  ref:
    description: The ref that the commit is made for.
    type: str
    required: true
  bind:
    description: Other refs that it may get, by promotion or as tags.
    type: list
    elements: str
    default: []
  collection:
    description: Id of the collection that the repository belongs to.
    type: str
seealso:
  - module: rdo.releng.ostree_ref
  - module: rdo.releng.artifact_image
requirements:
  - rpm, ostree, bubblewrap
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
  - rdo.releng._from_manifest
  - rdo.releng._from_manifest.ROOT
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Make the commit, for now and for when it is promoted
  rdo.releng.artifact_ostree:
    manifest: manifests/epoxy-ostree.json
    packages: [/srv/packages]
    path: /srv/compose/ostree
    ref: epoxy/x86_64/pending
    bind: [epoxy/x86_64/stable]
"""

RETURN = r"""
actions:
  description: What was done, or would be, one sentence each.
  returned: success
  type: list
  elements: str
  sample: ["make epoxy-base in /srv/compose/base: 183 packages"]
files:
  description: The files of the artifact with C(path), C(size) and C(sha256). Empty in check mode if it would be made.
  returned: success
  type: list
  elements: dict
manifest:
  description: Id of the manifest.
  returned: success
  type: str
path:
  description: Folder of the artifact.
  returned: success
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._compose.ostree import OstreeCommit
from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import ARTIFACT, ROOT
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform, run


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **ARTIFACT,
            "ref": {"type": "str", "required": True},
            "bind": {"type": "list", "elements": "str", "default": []},
            "collection": {"type": "str"},
            **ROOT,
        },
        supports_check_mode=True,
    )
    run(module, lambda: perform(OstreeCommit(module.params), module.check_mode, module._diff))


if __name__ == "__main__":
    main()
