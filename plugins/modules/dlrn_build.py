#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: dlrn_build
version_added: 0.1.0
short_description: Build what is new in trunk with DLRN
description:
  - Runs DLRN for what upstream or a distgit has new since it was last built, in the order in which the packages need
    each other, as often as it takes until nothing is left.
  - The order is read from the spec files. One that cannot be read is built as well, and DLRN records the failure.
  - What failed because it needs something that was built after it is built again.
  - A build that fails does not fail the module; RV(ignore:failures) has it. The module fails when DLRN cannot work at
    all, or a git repository cannot be read.
  - What cannot work is refused before the first build, as DLRN would take it for the commits' failure. That is a
    program of the build driver that is missing, or a user that cannot use it.
  - Other runs for the same data directory wait. When this module is killed, DLRN and its builds end, and the next run
    builds what they had not finished.
  - In check mode it says which packages would be built, and why. Only DLRN can say of how many commits, once it has
    fetched them.
options:
  config_file:
    description: DLRN's C(projects.ini); M(rdo.releng.dlrn_build) reads its data directory and scripts directory.
    type: path
    required: true
  virtualenv:
    description: Virtual environment that DLRN is installed in. If not set, the program C(dlrn) is found by E(PATH).
    type: path
  info_repo:
    description:
      - Folder with rdoinfo, instead of the address in O(config_file).
      - DLRN keeps what it got from an address for an hour, so that changes of rdoinfo are not seen before.
    type: path
  packages:
    description: Names of packages to build.
    type: list
    elements: str
    default: []
  components:
    description: Components whose packages are built. With neither these nor O(packages), everything is.
    type: list
    elements: str
    default: []
  head_only:
    description: Build only the newest commit of each package, not those between.
    type: bool
    default: false
  rebuild_failed:
    description: Also build again what failed last time.
    type: bool
    default: false
  infrastructure_tries:
    description:
      - How often, over all runs, a commit is built again automatically after its build failed because of the
        infrastructure, such as a repository that could not be reached. DLRN itself never tries a commit twice. V(0) for
        never.
    type: int
    default: 3
  timeout:
    description: Seconds that all of it may take. Then DLRN and its builds are killed.
    type: float
    default: 14400
  log:
    description: File that all of DLRN's output is appended to. Each build also has a log of its own.
    type: path
requirements:
  - DLRN
  - git
  - rpm
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
seealso:
  - name: Role rdo.releng.dlrn_builder
    description: Installs and configures DLRN.
    link: https://github.com/rdo-infra/rdo.releng/tree/main/roles/dlrn_builder
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Build all that is new
  rdo.releng.dlrn_build:
    config_file: /srv/dlrn/conf/projects.ini
    virtualenv: /srv/dlrn/venv
    log: /srv/dlrn/dlrn.log
  register: trunk

- name: Stop when something does not build
  ansible.builtin.assert:
    that: trunk.failures | length == 0
    fail_msg: "{{ trunk.failures | map(attribute='package') | join(', ') }}"

- name: Try the failed builds of one component again
  rdo.releng.dlrn_build:
    config_file: /srv/dlrn/conf/projects.ini
    virtualenv: /srv/dlrn/venv
    components: [common]
    rebuild_failed: true
"""

RETURN = r"""
actions:
  description: One sentence for each package that is built, with the reason.
  returned: success
  type: list
  elements: str
  sample: ["Build python-oslo-utils: it was never built"]
waves:
  description: Names of packages that are built together; those of a wave need nothing of it or of a later one.
  returned: success
  type: list
  elements: list
  sample: [[python-oslo-i18n], [python-oslo-utils]]
commits:
  description: What was built, one entry for each commit.
  returned: always, but for errors before the first build
  type: list
  elements: dict
  contains:
    package:
      description: Name of the package.
      type: str
    component:
      description: Its component, or null.
      type: str
    status:
      description: DLRN's word. With V(RETRY) DLRN has given up for now, for a reason that it takes for passing.
      type: str
      sample: SUCCESS
    commit_hash:
      description: Commit of upstream.
      type: str
    distro_hash:
      description: Commit of the distgit.
      type: str
    extended_hash:
      description: DLRN's extended hash, or null.
      type: str
    repository:
      description: Folder of the repository that the build made.
      type: str
    repo_url:
      description: Address of that repository.
      type: str
    packages:
      description: NEVRA of each package, the source package among them.
      type: list
      elements: str
      sample: [python3-oslo-i18n-6.9.0-0.20260201000000.1234567.el9.noarch]
    logs:
      description: Paths of the logs by their names.
      type: dict
    failure:
      description: Null after a success.
      type: dict
      contains:
        class:
          description:
            - What kind of failure it is.
            - One of V(missing-requirement), V(patch-conflict), V(source-missing), V(packaging), V(tests-failed),
              V(not-installable), V(service-failed), V(timeout), V(infrastructure) and V(unknown).
          type: str
        lines:
          description: The lines of the log that say so.
          type: list
          elements: str
        missing:
          description: What was looked for and not found.
          type: list
          elements: str
failures:
  description: The entries of RV(commits) that did not succeed.
  returned: always, but for errors before the first build
  type: list
  elements: dict
components:
  description: State of each component; one entry without a name where there are none.
  returned: success
  type: list
  elements: dict
  contains:
    component:
      description: Its name, or null.
      type: str
    current:
      description: Name of the repository's folder that C(current) is, or null.
      type: str
    consistent:
      description: The same for C(consistent).
      type: str
    held_back_by:
      description: Packages for which C(consistent) is not moved.
      type: list
      elements: dict
      contains:
        package:
          description: Name of the package.
          type: str
        status:
          description: How its newest build ended; V(NO_BUILD) when there is none.
          type: str
        commit_hash:
          description: First commit that failed since the last success, or null.
          type: str
        since:
          description: When that was, in seconds since 1970, or null.
          type: int
        failure:
          description: As in RV(commits), for its newest commit, whichever run built that; null when there is none.
          type: dict
        log:
          description: Path of that build's log, or null.
          type: str
        way_out:
          description: What helps, in a sentence.
          type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._module.runner import run_change
from ..module_utils._service.trunk.trunk_build import TrunkBuild


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "config_file": {"type": "path", "required": True},
            "virtualenv": {"type": "path"},
            "info_repo": {"type": "path"},
            "packages": {"type": "list", "elements": "str", "default": []},
            "components": {"type": "list", "elements": "str", "default": []},
            "head_only": {"type": "bool", "default": False},
            "rebuild_failed": {"type": "bool", "default": False},
            "infrastructure_tries": {"type": "int", "default": 3},
            "timeout": {"type": "float", "default": 14400.0},
            "log": {"type": "path"},
        },
        supports_check_mode=True,
    )
    run_change(module, TrunkBuild(module.params))


if __name__ == "__main__":
    main()
