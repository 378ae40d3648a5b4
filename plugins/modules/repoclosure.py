#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: repoclosure
version_added: 0.1.0
short_description: Check that every requirement of every package has a provider
description:
  - Reads the metadata of repositories and looks for requirements that nothing provides, as C(dnf repoclosure --newest)
    does, but also right for rich dependencies with C(and), C(if) and C(unless).
  - What is seen is what dnf would see. That is, of each repository, the newest version of a name and architecture;
    packages for the machine's architectures; module streams that are active; no package that C(excludepkgs) names; of
    packages of one name those of the repository with the lowest C(priority).
  - Repositories that were read are kept in a cache, so that asking again takes a fraction of a second.
options:
  check:
    description:
      - Repositories whose packages are checked. They also provide.
      - Each is the path or address of a C(.repo) file, which may name several repositories; or of a folder with
        C(repodata); or a folder of RPM files without metadata; or a mapping with C(id) and the keys C(baseurl) (one or
        a list), C(metalink), C(mirrorlist), C(priority), C(excludepkgs), C(includepkgs) and C(module_hotfixes), which
        mean what they mean to dnf.
      - Signatures are not checked; the checksums in C(repomd.xml) are.
      - Required unless O(candidate) is given.
    type: list
    elements: raw
    default: []
  provide:
    description: Repositories that only provide, given like those of O(check).
    type: list
    elements: raw
    default: []
  candidate:
    description:
      - Candidate lockfile of DLRN. Its components are checked, its dependencies and base repositories provide, besides
        those of O(check) and O(provide). Components win over other repositories by priority.
      - What is read must have the checksum that the lockfile pins; a base repository that may drift is noted.
    type: path
  add:
    description:
      - What if these packages were added? Paths of RPM files, and repositories given like those of O(check).
      - With O(add), O(remove) or O(replace) the task fails for what would newly be unresolved, and only for that.
    type: list
    elements: raw
    default: []
  replace:
    description: Like O(add), and all packages of source packages of the same names leave.
    type: list
    elements: raw
    default: []
  remove:
    description: What if these packages were removed? NVRs of source packages and NEVRAs of packages.
    type: list
    elements: str
    default: []
  into:
    description: Id of the repository that O(add) and O(replace) change. If not set, the one that is checked.
    type: str
  installability:
    description:
      - Whether each package must also be installable together with everything it needs. Finds conflicts, versions that
        cannot meet, and what is missing further down.
    type: bool
    default: false
  waivers:
    description:
      - Files of waivers for what is known to be broken, which is then no reason to fail. Each waives a requirement
        (C(waives)) for a C(package), by its name, NEVRA, or the name or NVR of its source package; or for a
        C(candidate).
      - An expired waiver waives nothing. One for a package that covers nothing any more is returned as stale.
    type: list
    elements: path
    default: []
  newest:
    description: Whether only the newest version in each repository is seen; otherwise all are.
    type: bool
    default: true
  priorities:
    description:
      - With V(shadow), a package hides those of its name in repositories with a higher number of C(priority), so that
        what a trunk does not build right is not mended by an older or newer version below it.
      - With V(prefer), it does not, as with dnf, which prefers it but takes the other where it must.
    type: str
    choices: [shadow, prefer]
    default: shadow
  modules:
    description: Module streams to enable, as V(NAME:STREAM). Modules that are not named have their default stream.
    type: list
    elements: str
    default: []
  fail_on_unresolved:
    description: Whether the task fails when something is unresolved that no waiver covers.
    type: bool
    default: true
extends_documentation_fragment:
  - rdo.releng._repositories
  - rdo.releng._attributes.INFO
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Check the trunk repository against its base
  rdo.releng.repoclosure:
    check:
      - https://trunk.rdoproject.org/centos9-master/current/delorean.repo
    provide:
      - https://trunk.rdoproject.org/centos9-master/delorean-deps.repo
      - id: baseos
        baseurl: https://mirror.stream.centos.org/9-stream/BaseOS/x86_64/os
    variables:
      releasever: "9"

- name: Ask what a new build would break before its tag changes
  rdo.releng.repoclosure:
    check: [{id: trunk, baseurl: "https://trunk.rdoproject.org/centos9-master/current"}]
    provide: [/var/lib/repositories/base]
    replace: [/var/lib/builds/python3-oslo-utils-8.0.0-1.el9.noarch.rpm]
    remove: [python-oslo-db-15.0.0-1.el9]
    waivers: [/etc/releng/closure-waivers.yml]

- name: Check a candidate, down to whether each package installs
  rdo.releng.repoclosure:
    candidate: /var/lib/releng/candidate.json
    installability: true

- name: See what is unresolved in a folder of RPM files, without failing
  rdo.releng.repoclosure:
    check: [/var/lib/builds/rpms]
    provide: [/var/lib/repositories/base]
    fail_on_unresolved: false
  register: closure
"""

RETURN = r"""
closed:
  description: Whether nothing is unresolved but what is waived, after the change where one was asked about.
  returned: always
  type: bool
unresolved:
  description: Requirements that are not met and not waived, after the change where one was asked about.
  returned: always
  type: list
  elements: dict
  contains:
    package:
      description: NEVRA of the package that requires it.
      type: str
      returned: always
      sample: python3-oslo-config-9.6.0-1.el9.noarch
    source:
      description: NVR of its source package; empty where the metadata does not say.
      type: str
      returned: always
      sample: python-oslo-config-9.6.0-1.el9
    repository:
      description: Id of its repository.
      type: str
      returned: always
      sample: delorean
    requirement:
      description: What it requires.
      type: str
      returned: always
      sample: python3dist(rfc3986) >= 1.2
    kind:
      description:
        - V(closure) when nothing provides it.
        - V(installability) when the package cannot be installed with all it needs.
      type: str
      returned: always
      sample: closure
    reason:
      description: What is wrong, in words.
      type: str
      returned: always
      sample: nothing provides python3dist(rfc3986) >= 1.2
    introduced_by:
      description: NVRs of the source packages whose coming or going brings it about; null where it is not new.
      type: str
      returned: always
introduced:
  description: Those of RV(unresolved) that the change would bring about, with the same keys.
  returned: always
  type: list
  elements: dict
fixed:
  description: What is unresolved now and would no longer be, with the keys of RV(unresolved).
  returned: always
  type: list
  elements: dict
waived:
  description: What is unresolved and waived, with the keys of RV(unresolved) and the C(waiver).
  returned: always
  type: list
  elements: dict
stale_waivers:
  description: Waivers for packages that cover nothing any more.
  returned: always
  type: list
  elements: dict
expired_waivers:
  description: Waivers whose time is over.
  returned: always
  type: list
  elements: dict
lost:
  description: Packages that would be gone, with no other version in their place.
  returned: always
  type: list
  elements: dict
  contains:
    package:
      description: Its NEVRA.
      type: str
      returned: always
    dependents:
      description: NEVRAs of the checked packages that require something it provides.
      type: list
      elements: str
      returned: always
downgraded:
  description: Packages that would be there in an older version.
  returned: always
  type: list
  elements: dict
  contains:
    package:
      description: The NEVRA now.
      type: str
      returned: always
    to:
      description: The NEVRA then.
      type: str
      returned: always
    dependents:
      description: NEVRAs of the checked packages that require something it provides.
      type: list
      elements: str
      returned: always
checked:
  description: How many packages were checked.
  returned: always
  type: int
  sample: 2968
repositories:
  description: The repositories as they were read.
  returned: always
  type: list
  elements: dict
  contains:
    id:
      description: What it is called.
      type: str
      returned: always
      sample: delorean
    url:
      description: Where its metadata was read from.
      type: str
      returned: always
      sample: https://trunk.rdoproject.org/centos9-master/current
    repomd_sha256:
      description: Checksum of its C(repomd.xml); null for RPM files without metadata.
      type: str
      returned: always
      sample: 5f4dcc3b5aa765d61d8327deb882cf995f4dcc3b5aa765d61d8327deb882cf99
    packages:
      description: How many packages it has.
      type: int
      returned: always
      sample: 2968
    checked:
      description: Whether its packages were checked, or only provide.
      type: bool
      returned: always
notes:
  description: What was found in C(.repo) files and is ignored.
  returned: always
  type: list
  elements: str
  sample: ["delorean.repo: gpgcheck of delorean is ignored: signatures are not checked."]
table:
  description: What is unresolved, for people; where a change was asked about, what it would bring about.
  returned: always
  type: str
seconds:
  description: How long it took.
  returned: always
  type: float
  sample: 0.21
"""

import platform

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import REPOSITORIES
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run
from ansible_collections.rdo.releng.plugins.module_utils._service.repository.closure import check_closure


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "check": {"type": "list", "elements": "raw", "default": []},
            "provide": {"type": "list", "elements": "raw", "default": []},
            "candidate": {"type": "path"},
            "add": {"type": "list", "elements": "raw", "default": []},
            "replace": {"type": "list", "elements": "raw", "default": []},
            "remove": {"type": "list", "elements": "str", "default": []},
            "into": {"type": "str"},
            "installability": {"type": "bool", "default": False},
            "waivers": {"type": "list", "elements": "path", "default": []},
            "newest": {"type": "bool", "default": True},
            "priorities": {"type": "str", "choices": ["shadow", "prefer"], "default": "shadow"},
            "modules": {"type": "list", "elements": "str", "default": []},
            "fail_on_unresolved": {"type": "bool", "default": True},
            **REPOSITORIES,
        },
        supports_check_mode=True,
    )
    params = {**module.params, "arch": module.params["arch"] or platform.machine()}
    run(module, lambda: check_closure(params, module.check_mode))


if __name__ == "__main__":
    main()
