#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: rpm_repository_diff_info
version_added: 0.1.0
short_description: Say what changed between two repositories
description:
  - Compares the newest version of each package and architecture of two repositories, or sets of them, or candidates;
    and says which other files differ.
  - Where the repositories are DLRN's, it also says from which upstream and distgit commits to which, by their
    C(versions.csv).
options:
  before:
    description:
      - What was. Each is a candidate lockfile (a path that ends in C(.json), C(.yml) or C(.yaml)), of which the
        components are compared, or a repository as O(rdo.releng.repoclosure#module:check) takes it.
    type: list
    elements: raw
    required: true
  after:
    description: What is, given like O(before).
    type: list
    elements: raw
    required: true
  arch:
    description: Architecture whose packages are compared, besides C(noarch). If not set, that of this machine.
    type: str
  variables:
    description: Values of C($NAME) in C(.repo) files.
    type: dict
    default: {}
  cache_dir:
    description: Folder for repositories that were read, see O(rdo.releng.repoclosure#module:cache_dir).
    type: path
requirements:
  - The Python libraries solv and zstandard
extends_documentation_fragment:
  - rdo.releng._attributes.INFO
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: See what changed since the last green
  rdo.releng.rpm_repository_diff_info:
    before: [https://trunk.rdoproject.org/centos9-master/current-passed-ci]
    after: [https://trunk.rdoproject.org/centos9-master/current]
  register: changes

- name: See what a candidate would bring
  rdo.releng.rpm_repository_diff_info:
    before: [/var/lib/releng/promoted.json]
    after: [/var/lib/releng/candidate.json]
"""

RETURN = r"""
added:
  description: Packages that were not there before.
  returned: success
  type: list
  elements: dict
  contains: &package
    name:
      description: Its name.
      type: str
      returned: always
      sample: python3-oslo-config
    arch:
      description: Its architecture.
      type: str
      returned: always
      sample: noarch
    before:
      description: Its epoch, version and release before; null when it was not there.
      type: str
      returned: always
      sample: 9.5.0-1.el9
    after:
      description: The same now; null when it is gone.
      type: str
      returned: always
      sample: 9.6.0-1.el9
    source_before:
      description: NVR of its source package before.
      type: str
      returned: always
      sample: python-oslo-config-9.5.0-1.el9
    source_after:
      description: NVR of its source package now.
      type: str
      returned: always
      sample: python-oslo-config-9.6.0-1.el9
removed:
  description: Packages that are gone.
  returned: success
  type: list
  elements: dict
  contains: *package
upgraded:
  description: Packages with a newer version or release.
  returned: success
  type: list
  elements: dict
  contains: *package
downgraded:
  description: Packages with an older version or release.
  returned: success
  type: list
  elements: dict
  contains: *package
rebuilt:
  description: Packages of the same version and release in another file.
  returned: success
  type: list
  elements: dict
  contains: *package
other_removed:
  description: >-
    NEVRAs of files that are gone or have another content, of packages that are not the newest one seen of their name
    and architecture. Those are older versions, packages of module streams that are not active, other architectures,
    source packages.
  returned: success
  type: list
  elements: str
other_added:
  description: NEVRAs of such files that were not there before, or with another content.
  returned: success
  type: list
  elements: str
commits:
  description: Ranges of commits of source packages that changed, where C(versions.csv) tells both ends.
  returned: success
  type: list
  elements: dict
  contains:
    project:
      description: DLRN's name of the project.
      type: str
      returned: always
      sample: python-oslo-config
    source_before:
      description: NVR before.
      type: str
      returned: always
    source_after:
      description: NVR now.
      type: str
      returned: always
    repository:
      description: Upstream's git repository.
      type: str
      returned: always
      sample: https://opendev.org/openstack/oslo.config
    from:
      description: Upstream's commit before.
      type: str
      returned: always
    to:
      description: Upstream's commit now.
      type: str
      returned: always
    distgit_repository:
      description: Git repository of the packaging.
      type: str
      returned: always
    distgit_from:
      description: Commit of the packaging before.
      type: str
      returned: always
    distgit_to:
      description: Commit of the packaging now.
      type: str
      returned: always
same:
  description: Whether nothing changed.
  returned: success
  type: bool
table:
  description: The same, for people.
  returned: success
  type: str
"""

import platform

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run
from ansible_collections.rdo.releng.plugins.module_utils._service.repository.repository_diff import RepositoryDiff


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "before": {"type": "list", "elements": "raw", "required": True},
            "after": {"type": "list", "elements": "raw", "required": True},
            "arch": {"type": "str"},
            "variables": {"type": "dict", "default": {}},
            "cache_dir": {"type": "path"},
        },
        supports_check_mode=True,
    )
    params = {**module.params, "arch": module.params["arch"] or platform.machine()}
    run(module, RepositoryDiff(check_mode=module.check_mode, **params).run)


if __name__ == "__main__":
    main()
