#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: release_file
short_description: A YAML file that each release has one of
version_added: 0.1.0
description:
  - Makes the file of a release as a copy of another release's, with words replaced and values set. Or replaces words
    and sets values in a file that is there.
  - Only what must change is changed. Comments, order and style stay.
  - A file that is there already is left alone where O(copy_of) is given, so that what people changed since then stays.
author:
  - RDO release engineering (@rdo-infra)
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
options:
  path:
    description: Path of the file.
    type: path
    required: true
  copy_of:
    description: The file that it is made as a copy of. If not set, the file must be there.
    type: path
  words:
    description:
      - What to write in the place of whole words, in all of the text and in this order. Capitalized words are replaced
        as well.
    type: dict
    default: {}
  values:
    description: Texts, numbers and booleans to set, by the path of their keys, as in C(labels.source).
    type: dict
    default: {}
  items:
    description: Texts that lists should have, by the path of their keys. They are added behind those that are there.
    type: dict
    default: {}
requirements:
  - PyYAML
"""

EXAMPLES = r"""
- name: Begin the release definition of a series
  rdo.releng.release_file:
    path: /srv/config/releases/gazpacho.yml
    copy_of: /srv/config/releases/flamingo.yml
    words: {flamingo: gazpacho}

- name: Bring the one before it to its stable branch
  rdo.releng.release_file:
    path: /srv/config/releases/flamingo.yml
    words: {centos9-master: centos9-flamingo}
    values:
      branch: flamingo-rdo
      upstream_branch: stable/2025.2
"""

RETURN = r"""
actions:
  description: What was done, or would be.
  type: list
  elements: str
  returned: success
  sample: ["make releases/gazpacho.yml as a copy of releases/flamingo.yml"]
patch:
  description: The change as a unified diff without context. Empty when there is none.
  type: str
  returned: success
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run_change
from ansible_collections.rdo.releng.plugins.module_utils._release.release_file import ReleaseFile


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "copy_of": {"type": "path"},
            "words": {"type": "dict", "default": {}},
            "values": {"type": "dict", "default": {}},
            "items": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    run_change(module, ReleaseFile(**module.params))


if __name__ == "__main__":
    main()
