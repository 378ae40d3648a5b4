#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: rdoinfo_release
short_description: Begin a series in rdoinfo, add its release tags, end it
version_added: 0.1.0
description:
  - Edits the files of rdoinfo and changes only the lines that must change.
  - A series begins as a copy of the one before it, under its own name. That is its distros, repositories, tags and list
    of packages. The one before becomes maintained, on its stable branches.
  - Nothing is written if the linter then finds a mistake that was not there before, or copied.
author:
  - RDO release engineering (@rdo-infra)
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
options:
  rdoinfo:
    description: Folder of rdoinfo.
    type: path
    required: true
  release:
    description: Name of the series, for example V(gazpacho).
    type: str
    required: true
  state:
    description:
      - V(begun), it is there and in development. V(released), its distros have the build system's tag that ends in
        C(-release). V(ended), it has O(status).
    type: str
    choices: [begun, released, ended]
    default: begun
  identifier:
    description: Identifier of the series, for example V(2026.1). Needed with O(state=begun).
    type: str
  previous:
    description: The series that it is a copy of. If not set, the one in development.
    type: str
  distros:
    description: Distros that get a release tag with O(state=released). If not set, all of the series.
    type: list
    elements: str
    default: []
  status:
    description: Status of a series that ended.
    type: str
    choices: [eol, extended_maintenance]
    default: eol
  entry:
    description: File that rdoinfo begins with.
    type: str
    default: rdo-full.yml
requirements:
  - PyYAML
"""

EXAMPLES = r"""
- name: Begin a series
  rdo.releng.rdoinfo_release:
    rdoinfo: /srv/rdoinfo
    release: gazpacho
    identifier: "2026.1"

- name: Add its release tag when it is generally available
  rdo.releng.rdoinfo_release:
    rdoinfo: /srv/rdoinfo
    release: gazpacho
    state: released
    distros: [el10s]

- name: End one that upstream does not maintain any more
  rdo.releng.rdoinfo_release:
    rdoinfo: /srv/rdoinfo
    release: bobcat
    state: ended
"""

RETURN = r"""
actions:
  description: What was changed, or would be.
  type: list
  elements: str
  returned: success
  sample: ["begin gazpacho (2026.1) as a copy of flamingo"]
files:
  description: Paths of the files that were changed or made, in rdoinfo.
  type: list
  elements: str
  returned: success
  sample: ["rdo.yml", "tags.yml", "tags/gazpacho.yml"]
patch:
  description: The change as a unified diff without context. Empty when there is none.
  type: str
  returned: success
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run_change
from ansible_collections.rdo.releng.plugins.module_utils._release.rdoinfo import ENTRY
from ansible_collections.rdo.releng.plugins.module_utils._release.rdoinfo_series import STATES, SeriesChange


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "rdoinfo": {"type": "path", "required": True},
            "release": {"type": "str", "required": True},
            "state": {"type": "str", "choices": list(STATES), "default": "begun"},
            "identifier": {"type": "str"},
            "previous": {"type": "str"},
            "distros": {"type": "list", "elements": "str", "default": []},
            "status": {"type": "str", "choices": ["eol", "extended_maintenance"], "default": "eol"},
            "entry": {"type": "str", "default": ENTRY},
        },
        supports_check_mode=True,
    )
    run_change(module, SeriesChange(**module.params))


if __name__ == "__main__":
    main()
