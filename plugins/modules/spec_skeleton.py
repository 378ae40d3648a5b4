#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: spec_skeleton
short_description: A first spec file for a Python project
version_added: 0.1.0
description:
  - Writes a spec file with pyproject macros from what upstream's sources say about the project. That is its name,
    summary, licence, modules, commands and tests.
  - The package gets the name that pymod2pkg has for it. C(Version) and C(Release) are V(XXX), which trunk builds fill
    in and M(rdo.releng.spec_version) replaces.
  - A distgit that already has a spec file is left alone. A package that Fedora already has is refused, with its
    address.
  - What the sources do not say is in RV(decide) for a person.
  - What is written has been parsed by rpm first, for each distro, in a sandbox.
author:
  - RDO release engineering (@rdo-infra)
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
  - rdo.releng._http
  - rdo.releng._spec
options:
  path:
    description: Folder of the distgit.
    type: path
    required: true
  upstream:
    description: Folder of upstream's sources, local git repository, or URL of one.
    type: str
    required: true
  revision:
    description: Branch, tag or hash of the repository. If not set, a folder is read as it lies there.
    type: str
  package:
    description: Name of the source package, if it is another than pymod2pkg says.
    type: str
  license:
    description: Its licence in the words of SPDX, where upstream does not say it.
    type: str
  source:
    description:
      - Address of the archives of versions, with C(%{upstream_version}).
      - If not set, what https://tarballs.openstack.org has.
    type: str
  excluded_build_requirements:
    description: Names on PyPI that no build requirement is generated for.
    type: list
    elements: str
    default: [doc8, bandit, pre-commit, hacking, flake8-import-order]
  fedora:
    description: Address that is there if Fedora has a package, with C({name}). If empty, Fedora is not asked.
    type: str
    default: https://src.fedoraproject.org/rpms/{name}
  git_timeout:
    description: Seconds that fetching from a URL may take.
    type: float
    default: 120.0
  cache_dir:
    description:
      - Folder for what was fetched by git.
      - If not set, C(rdo.releng) below E(XDG_CACHE_HOME) or C(~/.cache) is used.
    type: path
requirements:
  - bubblewrap and rpmspec (packages C(bubblewrap), and C(rpm) or C(rpm-build))
  - pymod2pkg
  - tomli (with Python before 3.11)
"""

EXAMPLES = r"""
- name: Begin a distgit
  rdo.releng.spec_skeleton:
    path: /srv/distgit/oslo-widget
    upstream: https://opendev.org/openstack/oslo.widget
  register: skeleton

- name: Show what is left to decide
  ansible.builtin.debug:
    msg: "{{ skeleton.decide }}"
"""

RETURN = r"""
actions:
  description: What was done, or would be.
  type: list
  elements: str
  returned: success
  sample: ["write /srv/distgit/oslo-widget/python-oslo-widget.spec"]
package:
  description: Name of the source package.
  type: str
  returned: success
  sample: python-oslo-widget
upstream_name:
  description: Name that upstream gives itself.
  type: str
  returned: success
  sample: oslo.widget
spec:
  description: Path of the spec file.
  type: str
  returned: success
decide:
  description: What a person must take care of, as sentences.
  type: list
  elements: str
  returned: success
patch:
  description: The spec file as a unified diff. Empty where there is one already.
  type: str
  returned: success
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import HTTP, SPEC
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run_change
from ansible_collections.rdo.releng.plugins.module_utils._service.distgit.skeleton import SpecSkeleton

EXCLUDED = ["doc8", "bandit", "pre-commit", "hacking", "flake8-import-order"]


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **HTTP,
            "path": {"type": "path", "required": True},
            "upstream": {"type": "str", "required": True},
            "revision": {"type": "str"},
            "package": {"type": "str"},
            "license": {"type": "str"},
            "source": {"type": "str"},
            "excluded_build_requirements": {"type": "list", "elements": "str", "default": EXCLUDED},
            "fedora": {"type": "str", "default": "https://src.fedoraproject.org/rpms/{name}"},
            **SPEC,
            "git_timeout": {"type": "float", "default": 120.0},
            "cache_dir": {"type": "path"},
        },
        supports_check_mode=True,
    )
    run_change(module, SpecSkeleton(module.params))


if __name__ == "__main__":
    main()
