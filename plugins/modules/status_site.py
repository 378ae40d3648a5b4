#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: status_site
version_added: 0.1.0
short_description: A static site of releases, candidates and failures
description:
  - Writes a page for all releases with the age of their labels, one for each release and distribution, one for each
    candidate (votes with their logs, what is new since the last promotion, the decision), one for each package that
    does not build, and the time lines of releases. Trends are drawn into the pages.
  - The pages need neither a network nor scripts. They work from a folder as well as behind any web server.
  - What a hub has in a release's tags and what is open in Gerrit is shown if it is given.
  - What was read of DLRN is kept in O(data), because DLRN purges and forgets. Each run adds to it, and writes only the
    pages that differ.
extends_documentation_fragment:
  - rdo.releng._attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - The pages say when they were made. With O(now) set, the same input changes nothing.
options:
  path:
    description: Folder of the site.
    type: path
    required: true
  data:
    description: Folder for what is kept between runs, one file for each release and distribution.
    type: path
    required: true
  trunks:
    description: The releases and distributions.
    type: list
    elements: dict
    required: true
    suboptions:
      release:
        description: Name of the release.
        type: str
        required: true
      distro:
        description: Name of the distribution.
        type: str
        required: true
      label:
        description: The label that candidates are promoted to.
        type: str
        required: true
      other_labels:
        description:
          - More labels whose age and content the first page shows, such as those of stages before O(trunks[].label),
            each as M(rdo.releng.dlrn_promotion_info) returned it.
        type: list
        elements: dict
        default: []
      history:
        description: What M(rdo.releng.dlrn_history_info) returned.
        type: dict
        required: true
      holding_back:
        description: RV(rdo.releng.dlrn_commit_info#module:holding_back) of M(rdo.releng.dlrn_commit_info).
        type: list
        elements: dict
        default: []
      ftbfs:
        description: RV(rdo.releng.ftbfs_info#module:packages) of M(rdo.releng.ftbfs_info).
        type: list
        elements: dict
        default: []
      tags:
        description:
          - RV(rdo.releng.koji_tag_info#module:tags) of M(rdo.releng.koji_tag_info), with C(builds), in the order that
            builds go through them, for example candidate, testing and release. The pages show how many builds each
            has, what has not come to the next one, and the builds of packages that do not build in DLRN.
        type: list
        elements: dict
      tag_plan:
        description:
          - RV(rdo.releng.koji_tag_builds#module:plan) of M(rdo.releng.koji_tag_builds) for O(trunks[].tags), in check
            mode. It is how the hub differs from rdoinfo.
        type: dict
      changes:
        description:
          - RV(rdo.releng.gerrit_change_info#module:changes) of M(rdo.releng.gerrit_change_info), such as open changes
            for failures and new versions. Those of a package's distgit are also on its page if O(trunks[].ftbfs) says
            which distgit that is.
        type: list
        elements: dict
      decisions:
        description:
          - Decisions of M(rdo.releng.promotion_gate), each as the path of its file or as
            RV(rdo.releng.promotion_gate#module:decision).
          - A decision is shown on the page of the candidate whose votes name the same id, with what was waived, by whom
            and until when. One that no candidate here has votes for is left out, and so is a file that is not there.
        type: list
        elements: raw
        default: []
      trunk_url:
        description: Address of the folder that has the labels in it. Repositories and logs are linked below it.
        type: str
      commit_url:
        description:
          - Address of an upstream commit, with C({commit}) and C({project}) in it, for example
            V(https://review.opendev.org/q/{commit}).
        type: str
  time_lines:
    description: Releases whose time line is shown.
    type: list
    elements: dict
    default: []
    suboptions:
      title:
        description: What the release is called.
        type: str
        required: true
      journal:
        description: File of its journal.
        type: path
        required: true
  now:
    description: The moment of the site, in seconds since 1970. If not set, the time of the run.
    type: float
requirements:
  - jinja2
seealso:
  - module: rdo.releng.dlrn_history_info
  - module: rdo.releng.gerrit_change_info
  - module: rdo.releng.koji_tag_info
  - module: rdo.releng.run_time_line
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Read what was tested and promoted lately
  rdo.releng.dlrn_history_info:
    api_url: https://trunk.rdoproject.org/api-centos9-master-uc
    staging: current-passed-ci-testing
    label: current-passed-ci
  register: history

- name: Write the site
  rdo.releng.status_site:
    path: /var/www/status
    data: /var/lib/releng/status
    trunks:
      - release: master
        distro: el9s
        label: current-passed-ci
        history: "{{ history }}"
        trunk_url: https://trunk.rdoproject.org/centos9-master
        commit_url: https://review.opendev.org/q/{commit}
"""

RETURN = r"""
actions:
  description: Which pages were written and removed, or would be.
  returned: success
  type: list
  elements: str
  sample: [write master-el9s/index.html, write index.html]
pages:
  description: How many pages the site has.
  returned: success
  type: int
candidates:
  description: How many candidates are known.
  returned: success
  type: int
index:
  description: File of the first page.
  returned: success
  type: str
"""

import time
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run_change
from ansible_collections.rdo.releng.plugins.module_utils._service.site.status_site import WriteSite

ROWS: dict[str, t.Any] = {"type": "list", "elements": "dict", "default": []}
TEXT: dict[str, t.Any] = {"type": "str"}
NEEDED: dict[str, t.Any] = {"type": "str", "required": True}
TRUNK: dict[str, t.Any] = {
    **dict.fromkeys(("release", "distro", "label"), NEEDED),
    **dict.fromkeys(("trunk_url", "commit_url"), TEXT),
    **dict.fromkeys(("holding_back", "ftbfs", "other_labels"), ROWS),
    **dict.fromkeys(("tags", "changes"), {"type": "list", "elements": "dict"}),
    "history": {"type": "dict", "required": True},
    "tag_plan": {"type": "dict"},
    "decisions": {"type": "list", "elements": "raw", "default": []},
}
ARGUMENTS: dict[str, t.Any] = {
    "path": {"type": "path", "required": True},
    "data": {"type": "path", "required": True},
    "trunks": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": TRUNK,
        "required_by": {"tag_plan": ["tags"]},
    },
    "time_lines": {**ROWS, "options": {"title": NEEDED, "journal": {"type": "path", "required": True}}},
    "now": {"type": "float"},
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    now = module.params["now"]
    run_change(module, WriteSite(module.params, time.time() if now is None else now))


if __name__ == "__main__":
    main()
