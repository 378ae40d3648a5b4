#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: spec_info
version_added: 0.1.0
short_description: Ask rpm about a spec file
description:
  - Says what C(rpmspec --query) says about a spec file, its source package, or all packages that it makes.
  - A spec file is a program. rpm reads it with bubblewrap, without a network, without this process's environment and
    without any file of the host but its programs, so that a stranger's spec file can be asked where secrets are.
options:
  path:
    description: The spec file. A link is refused.
    type: path
    required: true
  macros:
    description: Macros that are defined before it is read, such as C(dist). Null undefines one.
    type: dict
    default: {}
  queryformat:
    description: What is asked, in rpm's own format.
    type: str
    default: "%{name}-%{version}-%{release}"
  packages:
    description: Whether the source package is asked, or what is built from it.
    type: str
    choices: [source, built]
    default: source
  sources:
    description: Whether the files next to the spec file can be read, for one that includes them.
    type: bool
    default: false
requirements:
  - bubblewrap
  - rpmspec
extends_documentation_fragment:
  - rdo.releng._attributes
  - rdo.releng._attributes.INFO
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Read what the build of a distgit will be called
  rdo.releng.spec_info:
    path: /srv/distgit/python-oslo-utils.spec
    macros:
      dist: .el9
  register: source

- name: Show it
  ansible.builtin.debug:
    msg: "{{ source.lines | first }}"
"""

RETURN = r"""
lines:
  description: What rpm says, line by line.
  returned: success
  type: list
  elements: str
  sample: [python-oslo-utils-10.2.0-1.el9]
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._module.runner import run
from ..module_utils._sandbox.spec import View, query


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "macros": {"type": "dict", "default": {}},
            "queryformat": {"type": "str", "default": "%{name}-%{version}-%{release}"},
            "packages": {"type": "str", "choices": ["source", "built"], "default": "source"},
            "sources": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    p = module.params

    def work() -> dict[str, object]:
        macros = {str(name): None if value is None else str(value) for name, value in p["macros"].items()}
        view = View("this host", macros)
        form = p["queryformat"] + "\n"
        said = query(p["path"], form, [view], source=p["packages"] == "source", sources=p["sources"])
        return {"lines": said[view.name].splitlines()}

    run(module, work)


if __name__ == "__main__":
    main()
