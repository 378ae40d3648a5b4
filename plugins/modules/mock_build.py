#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: mock_build
version_added: 0.1.0
short_description: Build packages with mock
description:
  - Builds one or several source RPMs, a chain of them where each needs those before, or a spec file with its sources,
    in a configuration of mock.
  - Nothing is built when the result directory already has what the same files and options made.
options:
  root:
    description: Name of mock's configuration, or the path of one that ends with C(.cfg).
    type: str
    required: true
  srpms:
    description: Paths of source RPMs. Mutually exclusive with O(spec).
    type: list
    elements: path
    default: []
  spec:
    description: Path of a spec file. Needs O(sources).
    type: path
  sources:
    description: Folder with the archives and patches of O(spec), or one file.
    type: path
  chain:
    description: Build O(srpms) in their order; each finds what was built before.
    type: bool
    default: false
  keep_going:
    description: In a chain, go on after a failure and try what failed again when the others are built.
    type: bool
    default: false
  result_dir:
    description:
      - Folder for packages and logs; of a chain, for a repository with them. The group C(mock) must be able to write.
    type: path
    required: true
  isolation:
    description: How mock isolates the build.
    type: str
    choices: [auto, nspawn, simple]
    default: auto
  repositories:
    description: Addresses of more repositories to install from.
    type: list
    elements: str
    default: []
  enable_repos:
    description: Repositories of the configuration to enable.
    type: list
    elements: str
    default: []
  disable_repos:
    description: Repositories of the configuration to disable.
    type: list
    elements: str
    default: []
  with_options:
    description: Conditions of the spec file to switch on, as with C(--with).
    type: list
    elements: str
    default: []
  without_options:
    description: Conditions of the spec file to switch off, as with C(--without).
    type: list
    elements: str
    default: []
  defines:
    description: Macros and their values.
    type: dict
    default: {}
  config_opts:
    description: Options that override those of mock's configuration.
    type: dict
    default: {}
  config_dir:
    description: Folder with mock's configurations.
    type: path
  unique_ext:
    description: A suffix for the name of the root, so that several builds can go on at the same time.
    type: str
  network:
    description: Whether the build has network.
    type: bool
    default: false
  offline:
    description: Whether packages must come from the cache.
    type: bool
    default: false
  check:
    description: Whether C(%check) runs.
    type: bool
    default: true
  install_check:
    description: Whether the packages are installed in the root after the build.
    type: bool
    default: false
  clean:
    description: Whether the build begins with a clean root.
    type: bool
    default: true
  clean_after:
    description: Whether the root is removed after the build.
    type: bool
    default: true
  timeout:
    description: Seconds that rpmbuild may take for one package; V(0) means no limit.
    type: int
    default: 14400
  time_limit:
    description:
      - Seconds that mock may take for each package as a whole, with installing its root. Then mock and all that it
        started are killed. V(0) means no limit.
    type: int
    default: 21600
  log:
    description: File that mock's output is appended to.
    type: path
    required: true
requirements:
  - mock
  - rpm
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Rebuild a source RPM
  rdo.releng.mock_build:
    root: centos-stream-9-x86_64
    srpms: [/srv/src/python-oslo-i18n-6.9.0-1.el9.src.rpm]
    result_dir: /srv/results/oslo-i18n
    log: /srv/logs/oslo-i18n.log

- name: Build two packages of which the second needs the first
  rdo.releng.mock_build:
    root: centos-stream-9-x86_64
    srpms:
      - /srv/src/python-oslo-i18n-6.9.0-1.el9.src.rpm
      - /srv/src/python-oslo-utils-10.2.0-1.el9.src.rpm
    chain: true
    result_dir: /srv/results/oslo
    log: /srv/logs/oslo.log

- name: Build a spec file without its tests
  rdo.releng.mock_build:
    root: centos-stream-9-x86_64
    spec: /srv/distgit/python-oslo-i18n.spec
    sources: /srv/distgit
    check: false
    result_dir: /srv/results/oslo-i18n
    log: /srv/logs/oslo-i18n.log
"""

RETURN = r"""
actions:
  description: What is built; empty when it is there already.
  returned: success
  type: list
  elements: str
source_packages:
  description: The source RPMs in the result directory.
  returned: success
  type: list
  elements: dict
  contains:
    nevra:
      description: Full name of the package.
      type: str
      sample: python-oslo-i18n-6.9.0-1.el9.src
    path:
      description: Its file.
      type: str
packages:
  description: The RPMs in the result directory.
  returned: success
  type: list
  elements: dict
  contains:
    nevra:
      description: Full name of the package.
      type: str
      sample: python3-oslo-i18n-6.9.0-1.el9.noarch
    path:
      description: Its file.
      type: str
logs:
  description: Paths of mock's logs.
  returned: always, but for errors before the build
  type: list
  elements: str
failure:
  description: Why the build failed.
  returned: when it was run and failed
  type: dict
  contains:
    class:
      description: One of the classes that M(rdo.releng.dlrn_build) names.
      type: str
    lines:
      description: The lines of the log that say so.
      type: list
      elements: str
    missing:
      description: What was looked for and not found.
      type: list
      elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._module.runner import run_change
from ..module_utils._service.build.mock_build import MockBuild


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "root": {"type": "str", "required": True},
            "srpms": {"type": "list", "elements": "path", "default": []},
            "spec": {"type": "path"},
            "sources": {"type": "path"},
            "chain": {"type": "bool", "default": False},
            "keep_going": {"type": "bool", "default": False},
            "result_dir": {"type": "path", "required": True},
            "isolation": {"type": "str", "choices": ["auto", "nspawn", "simple"], "default": "auto"},
            "repositories": {"type": "list", "elements": "str", "default": []},
            "enable_repos": {"type": "list", "elements": "str", "default": []},
            "disable_repos": {"type": "list", "elements": "str", "default": []},
            "with_options": {"type": "list", "elements": "str", "default": []},
            "without_options": {"type": "list", "elements": "str", "default": []},
            "defines": {"type": "dict", "default": {}},
            "config_opts": {"type": "dict", "default": {}},
            "config_dir": {"type": "path"},
            "unique_ext": {"type": "str"},
            "network": {"type": "bool", "default": False},
            "offline": {"type": "bool", "default": False},
            "check": {"type": "bool", "default": True},
            "install_check": {"type": "bool", "default": False},
            "clean": {"type": "bool", "default": True},
            "clean_after": {"type": "bool", "default": True},
            "timeout": {"type": "int", "default": 14400},
            "time_limit": {"type": "int", "default": 21600},
            "log": {"type": "path", "required": True},
        },
        required_by={"spec": "sources"},
        supports_check_mode=True,
    )
    run_change(module, MockBuild(module.params))


if __name__ == "__main__":
    main()
