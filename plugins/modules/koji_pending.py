#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: koji_pending
version_added: 0.1.0
short_description: Decide which pending builds can go to stable together
description:
  - Of the builds in a pending tag and in quarantine, finds the largest set that can go to the stable tag together
    without breaking anything there, and says of each other build why it cannot, step by step down to the root.
  - Whole builds are decided on. Builds that need each other go together; if only one of two can go, it is the earlier
    one. What is in quarantine is decided on again each time, so a held build comes back once what it lacked is there.
  - It reads the headers of RPMs where the hub serves them, and the repository of the stable tag. Nothing is tagged; the
    moves of the decision are what O(rdo.releng.koji_tag_builds#module:moves) takes.
  - What may go to stable is pinned as a candidate, which jobs vote on and M(rdo.releng.promotion_gate) decides on.
options:
  pending:
    description: Tag that builds come to.
    type: str
    required: true
  stable:
    description: Tag that good builds go to.
    type: str
    required: true
  quarantine:
    description: Tag that held builds go to.
    type: str
    required: true
  release:
    description: Name of the release, for the candidate.
    type: str
    required: true
  distro:
    description: Name of the distribution, for the candidate.
    type: str
    required: true
  arch:
    description: Architecture that is decided for.
    type: str
    default: x86_64
  repository:
    description:
      - Repository of the stable tag. If not set, the hub's own below O(topurl).
      - It must show what the tag holds; see M(rdo.releng.koji_repo).
    type: str
  provide:
    description: More repositories that provide what the stable tag requires, as for M(rdo.releng.repoclosure).
    type: list
    elements: raw
    default: []
  checks:
    description:
      - What is checked. V(closure) is always part of the choice.
      - V(file-conflicts) compares the digests of files that two packages lay out at the same path.
      - V(signatures) holds builds with an RPM that O(public_key) has not signed.
      - V(rpmlint) holds builds in which rpmlint finds errors; warnings hold nothing. It reads whole RPMs, which takes
        its time.
    type: list
    elements: str
    choices: [closure, installability, upgrade-path, file-conflicts, signatures, rpmlint]
    default: [closure, installability, upgrade-path, file-conflicts]
  public_key:
    description: File of the key that signs, for the check V(signatures).
    type: path
  rpmlint_config:
    description: File with more configuration for rpmlint, in TOML, such as filters, for the check V(rpmlint).
    type: path
  waivers:
    description:
      - Files of waivers. One that waives V(pending-upgrade-path), V(pending-file-conflicts), V(pending-signatures) or
        V(pending-rpmlint) for a package lets its build pass that check.
    type: list
    elements: path
    default: []
  allow_stale:
    description: Whether it decides although the repository does not show what the stable tag holds.
    type: bool
    default: false
  path:
    description: File for the decision.
    type: path
  candidate:
    description: File for the lockfile of what may go.
    type: path
  cache_dir:
    description: Folder for repositories that were read. If not set, where the user's caches lie.
    type: path
seealso:
  - module: rdo.releng.koji_tag_builds
  - module: rdo.releng.promotion_gate
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
  - rdo.releng._attributes.ACTIONGROUP_KOJI
  - rdo.releng._koji
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: See what can go
  rdo.releng.koji_pending:
    koji: cbs
    topurl: https://cbs.centos.org/kojifiles
    pending: cloud9s-openstack-epoxy-pending
    stable: cloud9s-openstack-epoxy-testing
    quarantine: cloud9s-openstack-epoxy-quarantine
    release: epoxy
    distro: el9s
    provide: [https://mirror.stream.centos.org/9-stream/BaseOS/x86_64/os/]
    path: decision.json
    candidate: candidate.json
  register: pending

- name: Move what can go, and what is held
  rdo.releng.koji_tag_builds:
    koji: cbs
    moves: "{{ pending.decision.moves }}"
"""

RETURN = r"""
actions:
  description: What was written, or would be.
  returned: success
  type: list
  elements: str
candidate:
  description: Id of the candidate of what may go to the stable tag. Null if nothing may.
  returned: success
  type: str
decision:
  description: The decision, C(rdo.releng/pending/1).
  returned: success
  type: dict
  contains:
    schema:
      description: V(rdo.releng/pending/1).
      type: str
    batch:
      description: The sha256 of what was decided on.
      type: str
    moves:
      description: Builds that move, with C(build), C(from) and C(to).
      type: list
      elements: dict
    held:
      description:
        - Builds that are held, with C(build), the C(check), C(because) step by step, and what would C(mend) it.
      type: list
      elements: dict
    exact:
      description: Whether there is no better choice. If not, the search stopped before its end.
      type: bool
    lost:
      description: Packages that nothing of stable would have any more.
      type: list
      elements: str
    downgraded:
      description: Packages of which an older version would be seen.
      type: list
      elements: str
    checks:
      description: Of each check, the builds that it holds, and a note.
      type: dict
held:
  description: As in the decision, with the C(owner) of each build.
  returned: success
  type: list
  elements: dict
votes:
  description: A vote of each check on the candidate, with C(job), C(success) and C(notes).
  returned: success
  type: list
  elements: dict
summary:
  description: One sentence.
  returned: success
  type: str
expired_waivers:
  description: Waivers that waive nothing any more.
  returned: success
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import KOJI
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform, run
from ansible_collections.rdo.releng.plugins.module_utils._service.react.pending import CHECKS, PendingDecision


def main() -> None:
    named = {"type": "str", "required": True}
    module = AnsibleModule(
        argument_spec={
            **KOJI,
            "pending": named,
            "stable": named,
            "quarantine": named,
            "release": named,
            "distro": named,
            "arch": {"type": "str", "default": "x86_64"},
            "repository": {"type": "str"},
            "provide": {"type": "list", "elements": "raw", "default": []},
            "checks": {"type": "list", "elements": "str", "choices": list(CHECKS), "default": list(CHECKS[:4])},
            "public_key": {"type": "path", "no_log": False},
            "rpmlint_config": {"type": "path"},
            "waivers": {"type": "list", "elements": "path", "default": []},
            "allow_stale": {"type": "bool", "default": False},
            "path": {"type": "path"},
            "candidate": {"type": "path"},
            "cache_dir": {"type": "path"},
        },
        supports_check_mode=True,
    )
    run(module, lambda: perform(PendingDecision(module.params, module.check_mode), module.check_mode, module._diff))


if __name__ == "__main__":
    main()
