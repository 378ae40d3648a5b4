#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: dlrn_repair
short_description: Find and mend what DLRN leaves behind when it is killed
version_added: 0.1.0
description:
  - DLRN, its API server and its purge change links, files and rows of the database one after the other. When one of
    them is killed in between, these no longer agree, and a leftover link makes every later build or promotion fail.
  - This module runs on DLRN's host as DLRN's user. It looks for each such piece, says what it is, and mends it.
  - Where it is not known what was asked for, it goes back to what was finished last. A label's links are put back to
    what the newest rows of the promotions table say; promote again after that.
  - What may have been done on purpose, such as a link that no promotion made, is reported and left alone, unless its
    label is named in O(labels).
requirements:
  - dlrn, for the Python that O(dlrn_python) names. Through it every kind of database that DLRN knows is read, and an
    aggregate gets the hash that DLRN would give it.
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
options:
  config:
    description:
      - DLRN's C(projects.ini). Relative paths in it are taken from the folder that it lies in.
    type: path
    required: true
  dlrn_python:
    description:
      - The Python that DLRN is installed for. If not set, the one that runs this module.
    type: path
  labels:
    description:
      - Labels that are known to be made by promotions alone. Their links are also mended when there is no finished
        promotion to go back to (they are removed), or, without components, when the link is gone (it is made again).
    type: list
    elements: str
    default: []
  lock:
    description:
      - The same file as O(rdo.releng.dlrn_promotion#module:lock), so that no promotion runs meanwhile.
    type: path
  lock_timeout:
    description:
      - Seconds to wait for O(lock), and for the lock that DLRN's builder holds while it files a build.
    type: float
    default: 60.0
  settle:
    description:
      - The API server takes no lock. What it changed less than this many seconds ago may be work that still goes on, so
        the module waits until it is that old and looks again. It waits only when it found something.
      - V(0) is right only when the server is stopped.
    type: float
    default: 30.0
seealso:
  - module: rdo.releng.dlrn_promotion
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Mend what a killed DLRN left behind
  rdo.releng.dlrn_repair:
    config: /home/centos9-master-uc/projects.ini
    dlrn_python: /home/centos9-master-uc/.venv/bin/python
    lock: /home/centos9-master-uc/promotion.lock
    labels: [current-passed-ci, current-passed-ci-testing]
  become: true
  become_user: centos9-master-uc

- name: Only look
  rdo.releng.dlrn_repair:
    config: /home/centos9-master-uc/projects.ini
    dlrn_python: /home/centos9-master-uc/.venv/bin/python
  check_mode: true
"""

RETURN = r"""
found:
  description: All wreckage, in the order in which it was mended.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description:
        - C(left-link) is a link that was made and not renamed.
        - C(half-repository) is a commit marked SUCCESS without a whole repository. The newest of its project is marked
          RETRY, so that DLRN builds it again; an older one is marked as purged, so that nobody promotes it.
        - C(no-commit-yaml) is a repository that lacks only its C(commit.yaml).
        - C(current-behind) and C(consistent-behind) are a newest build that did not become C(current) or C(consistent).
        - C(no-consistent-vote) is a consistent build without DLRN's own vote.
        - C(label-moved), C(label-missing) and C(label-without-row) are a label's link that is not what the newest
          promotion says.
        - C(aggregate-stale) is an aggregate that is not that of its components' links.
        - C(aggregate-row) is a promotion whose aggregate hash is not that of what it promoted.
      type: str
      sample: label-moved
    path:
      description: The file or link, if it is one.
      type: str
      sample: /home/centos9-master-uc/data/repos/component/compute/current-passed-ci
    commit:
      description: The source commit, if it is about one.
      type: str
      sample: 842719df795a4addf1794aec3fdf1aa99c5ebd70
    what:
      description: What is wrong, and what is done about it.
      type: str
    mended:
      description: Whether it was mended; in check mode, whether it would be.
      type: bool
actions:
  description: What was done, in check mode what would be done, one sentence for each step.
  returned: success
  type: list
  elements: str
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._dlrn.repair import Repair
from ansible_collections.rdo.releng.plugins.module_utils._module.interpreter import ensure_library
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run_change

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "config": {"type": "path", "required": True},
    "dlrn_python": {"type": "path"},
    "labels": {"type": "list", "elements": "str", "default": []},
    "lock": {"type": "path"},
    "lock_timeout": {"type": "float", "default": 60.0},
    "settle": {"type": "float", "default": 30.0},
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    ensure_library(module, "dlrn.db", module.params["dlrn_python"])
    run_change(module, Repair(module.params, module.check_mode))


if __name__ == "__main__":
    main()
