#!/usr/bin/python
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: koji_tag_builds
version_added: 0.1.0
short_description: Plan and apply which builds are in a hub's tags
description:
  - Reads what is wanted, from rdoinfo or as given, and what the hub holds, and makes a plan of the actions between.
    In check mode the plan is returned; nothing logs in.
  - Builds are added, confirmed by reading back, and only then removed elsewhere. Every step is in a journal, and a run
    that was killed is finished by the next one.
  - Each tag of a release has a place that means something, V(build), V(candidate), V(testing), V(release), and the
    release's C(tags_map) says in which of them a build is when it has come to one. A row that is written wins over what
    the map implies.
  - What must not happen is refused by name. A refusal judges an action; what is on the hub already is left alone.
    Tagging is refused when the tag or the build is unknown (V(unknown-tag), V(unknown-build)), the build is not
    complete (V(incomplete-build)) or made for another distro (V(other-distro)), the tag is locked (V(locked-tag)) or
    guarded (V(guarded-tag)), the package is blocked (V(blocked-package)) or not listed and no O(owner) given
    (V(unregistered-package)), the hub's latest is newer (V(downgrade)), and when a build would come to the release's
    tag that is not in its testing tag (V(not-in-testing)). Untagging what nothing wanted explains is refused
    (V(unexplained)); that alone does not fail the task.
options:
  rdoinfo:
    description:
      - Where rdoinfo is, whose C(buildsys-tags) are wanted. A folder, a local git repository or the URL of one.
      - With O(builds), only the order of tags and their map are taken from it.
    type: str
    required: false
  release:
    description: Release of rdoinfo. If not set, all.
    type: str
  distro:
    description: Distro of the release, for example V(el9s). If not set, all.
    type: str
  phase:
    description: Only the tags of this phase.
    type: str
    choices: [build, candidate, testing, release]
  tags:
    description: Only these tags.
    type: list
    elements: str
    default: []
  builds:
    description: What is wanted, given directly. The NVRs of each tag, one per package. It wins over rdoinfo's rows.
    type: dict
  moves:
    description:
      - What moves, build by build, as a decision names it, instead of what is wanted in whole tags. C(build) is its
        NVR. It comes to C(to), if that is given, and only then leaves C(from), if that is given.
      - What is not named stays where it is, even if it came after the decision. A build that is in neither tag any more
        is refused (V(left)).
      - A plan in a file is refused when builds of the named packages have changed in these tags since, and not when
        others have.
    type: list
    elements: dict
    default: []
  owner:
    description: Who should own packages that a tag does not list yet. If not set, none is registered.
    type: str
  allow_downgrade:
    description: Allow an older build to become a tag's latest.
    type: bool
    default: false
  exclusive:
    description: Take out of the tags what nothing wants there.
    type: bool
    default: false
  permissions:
    description: Permissions that the user has; tags guarded by them are not refused.
    type: list
    elements: str
    default: []
  state:
    description:
      - V(applied) brings the tags to what is wanted. With O(plan), does what the plan says, and refuses if the hub has
        moved since.
      - V(planned) writes the plan to O(plan).
    type: str
    choices: [applied, planned]
    default: applied
  plan:
    description: File of the plan.
    type: path
  closure:
    description:
      - Prove that the tags' repositories lose nothing that is required there. A plan that breaks something is refused.
      - Nothing is regenerated for it. The metadata is that of the repositories as they are. A build that a tag's
        repository does not show, because it has yet to come or has come since, is taken from another tag's repository
        or from O(closure.offers), or by the headers of its RPMs from where the hub serves them, below O(topurl).
      - A plan in a file carries the question, and it is asked again when the plan is applied. What is given here then
        wins over it.
    type: dict
    suboptions:
      repositories:
        description: >-
          The repository of each tag, a folder or URL with C(repodata) in it. For a tag that is not named, the hub's own
          below O(topurl). A tag that holds no build needs none.
        type: dict
        default: {}
      base:
        description: Repositories that provide, as C(provide) of M(rdo.releng.repoclosure).
        type: list
        elements: raw
        default: []
      offers:
        description: Repositories, or folders of RPMs, with builds that are in no tag's repository.
        type: list
        elements: raw
        default: []
      waivers:
        description: Files of waivers. What they cover does not refuse the plan. See M(rdo.releng.repoclosure).
        type: list
        elements: path
        default: []
      arch:
        description: Architecture. If not set, that of the host.
        type: str
  fail_on_refused:
    description: Fail, when all else is done, if something wanted was refused.
    type: bool
    default: true
  method:
    description:
      - V(task) queues a task of the hub for each build that is tagged, as everybody may.
      - V(direct) tags in the call, which needs the permission C(tag); a retag is one step then.
    type: str
    choices: [task, direct]
    default: task
  batch_size:
    description: How many actions are done between two looks at the hub.
    type: int
    default: 50
  task_timeout:
    description: Seconds until the tasks of a batch must have ended.
    type: float
    default: 3600.0
  lock_timeout:
    description:
      - Seconds that another run on this host that tags on the same hub is waited for, before anything is read. One that
        a killed playbook left behind goes on with its batch.
    type: float
    default: 3600.0
  journal_dir:
    description: Folder of the journals. If not set, C(rdo.releng/koji) below E(XDG_STATE_HOME) or C(~/.local/state).
    type: path
extends_documentation_fragment:
  - rdo.releng._attributes.CHANGE
  - rdo.releng._attributes.ACTIONGROUP_KOJI
  - rdo.releng._koji
  - rdo.releng._rdoinfo
author:
  - RDO release engineering (@rdo-infra)
"""

EXAMPLES = r"""
- name: See what differs between rdoinfo and the hub
  rdo.releng.koji_tag_builds:
    koji: cbs
    rdoinfo: https://github.com/redhat-openstack/rdoinfo
    release: epoxy
    distro: el9s
  check_mode: true
  register: drift

- name: Write a plan for people to look at
  rdo.releng.koji_tag_builds:
    koji: cbs
    rdoinfo: /var/tmp/rdoinfo
    release: epoxy
    state: planned
    plan: /var/tmp/epoxy-plan.json

- name: Apply that plan
  rdo.releng.koji_tag_builds:
    koji: cbs
    plan: /var/tmp/epoxy-plan.json

- name: Bring one build to testing
  rdo.releng.koji_tag_builds:
    koji: cbs
    builds:
      cloud9s-openstack-epoxy-testing: [openstack-nova-31.0.0-1.el9s]

- name: Do what a decision says, and nothing else
  rdo.releng.koji_tag_builds:
    koji: cbs
    moves:
      - build: openstack-nova-31.0.0-1.el9s
        from: cloud9s-openstack-epoxy-candidate
        to: cloud9s-openstack-epoxy-testing
      - build: python-old-1.0-1.el9s
        from: cloud9s-openstack-epoxy-testing
"""

RETURN = r"""
actions:
  description: What was done, or would be, one sentence each.
  returned: success
  type: list
  elements: str
  sample: ["tag openstack-nova-31.0.0-1.el9s into cloud9s-openstack-epoxy-testing: wanted"]
plan:
  description:
    - The plan, schema C(rdo.releng/tag-plan/1).
  returned: success
  type: dict
  contains:
    schema:
      description: The schema's name.
      type: str
    hub:
      description: Address of the hub.
      type: str
    event:
      description: The hub's last event before it was read.
      type: int
    desired:
      description: Where what is wanted was read from.
      type: str
    actions:
      description: The actions, with C(id), C(action), C(tag), C(package), C(build), C(reason) and C(after).
      type: list
      elements: dict
    refused:
      description: What was refused, with C(action), C(tag), C(build), C(rule) and C(reason).
      type: list
      elements: dict
    closure:
      description:
        - What the tags' repositories would gain and lose. Null if it was not asked for.
        - C(tags) has for each tag what it C(gains) and C(loses), and the builds that are in it and C(not_shown_yet) by
          its repository. C(before) and C(after) count unmet requirements; C(introduced), C(fixed) and C(waived) list
          them, and C(expired_waivers) waivers that waive nothing. C(asked) is the question.
      type: dict
    state:
      description: What the hub held where the plan acts.
      type: dict
refused:
  description: What was refused, by name.
  returned: success
  type: list
  elements: dict
  sample:
    - action: tag
      build: openstack-nova-30.0.0-1.el9s
      tag: cloud9s-openstack-epoxy-testing
      rule: downgrade
      reason: the hub's latest is openstack-nova-31.0.0-1.el9s, which is newer; allow_downgrade is not set
done:
  description: The actions that were done by this run.
  returned: success
  type: list
  elements: dict
failed_actions:
  description: The actions that failed, each with its C(error).
  returned: success
  type: list
  elements: dict
table:
  description: The plan as a table.
  returned: success
  type: str
journal:
  description: File of the journal.
  returned: success
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rdo.releng.plugins.module_utils._module.arguments import KOJI, RDOINFO
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import run_change
from ansible_collections.rdo.releng.plugins.module_utils._service.hub.tag_plan import TagBuilds


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **KOJI,
            **RDOINFO,
            "rdoinfo": {"type": "str"},
            "release": {"type": "str"},
            "distro": {"type": "str"},
            "phase": {"type": "str", "choices": ["build", "candidate", "testing", "release"]},
            "tags": {"type": "list", "elements": "str", "default": []},
            "builds": {"type": "dict"},
            "moves": {"type": "list", "elements": "dict", "default": []},
            "owner": {"type": "str"},
            "allow_downgrade": {"type": "bool", "default": False},
            "exclusive": {"type": "bool", "default": False},
            "permissions": {"type": "list", "elements": "str", "default": []},
            "state": {"type": "str", "choices": ["applied", "planned"], "default": "applied"},
            "plan": {"type": "path"},
            "closure": {
                "type": "dict",
                "options": {
                    "repositories": {"type": "dict", "default": {}},
                    "base": {"type": "list", "elements": "raw", "default": []},
                    "offers": {"type": "list", "elements": "raw", "default": []},
                    "waivers": {"type": "list", "elements": "path", "default": []},
                    "arch": {"type": "str"},
                },
            },
            "fail_on_refused": {"type": "bool", "default": True},
            "method": {"type": "str", "choices": ["task", "direct"], "default": "task"},
            "batch_size": {"type": "int", "default": 50},
            "task_timeout": {"type": "float", "default": 3600.0},
            "lock_timeout": {"type": "float", "default": 3600.0},
            "journal_dir": {"type": "path"},
        },
        supports_check_mode=True,
    )
    run_change(module, TagBuilds(module.params, module.check_mode))


if __name__ == "__main__":
    main()
