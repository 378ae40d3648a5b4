#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: zuul_jobs
version_added: 0.1.0
short_description: Zuul's jobs and the criteria of releases, out of their definitions
description:
  - Renders semaphores, jobs, templates, periodic pipelines and criteria for each release definition
    (C(rdo.releng/release/1)) and the site that they share (C(rdo.releng/site/1)), and writes what differs.
  - Files that it rendered for a release that has no definition any more are removed. Files that it did not render
    are never touched.
  - The same definitions give the same bytes. In check mode with a diff, a job can show that what is committed is what
    the definitions say.
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
options:
  site:
    description: File of the site.
    type: path
    required: true
  releases:
    description: Files of the release definitions, or folders whose C(*.yml) and C(*.yaml) are such files.
    type: list
    elements: path
    required: true
  destination:
    description: Checkout of the trusted project. Files go to its folders C(zuul.d) and C(criteria).
    type: path
    required: true
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: Render the jobs of all releases
  rdo.releng.zuul_jobs:
    site: site.yml
    releases: [/srv/config/releases]
    destination: /srv/config
"""

RETURN = r"""
actions:
  description: What was done, or would be.
  returned: success
  type: list
  elements: str
  sample: [write zuul.d/release-epoxy.yaml, remove zuul.d/release-zed.yaml]
files:
  description: All files that the definitions make.
  returned: success
  type: list
  elements: str
  sample: [criteria/epoxy.yml, zuul.d/release-epoxy.yaml]
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run_change
from ansible_collections.rdo.releng.plugins.module_utils._zuul.rendering import RenderedReleases


def main() -> None:
    path = {"type": "path", "required": True}
    module = AnsibleModule(
        argument_spec={
            "site": path,
            "releases": {"type": "list", "elements": "path", "required": True},
            "destination": path,
        },
        supports_check_mode=True,
    )
    run_change(module, RenderedReleases(**module.params))


if __name__ == "__main__":
    main()
