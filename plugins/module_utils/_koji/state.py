# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Reading what a plan needs to know of a hub, in few requests."""

from __future__ import annotations

import typing as t

from .plan import Build, State, Tag
from .session import Call, Hub, HubFault, call

# The hub's numbers (koji.BUILD_STATES)
BUILD_STATES = ("BUILDING", "COMPLETE", "DELETED", "FAILED", "CANCELED")


def read_state(hub: Hub, tags: t.Iterable[str], nvrs: t.Collection[str] = ()) -> State:
    """What is in ``tags``, one request each, and of ``nvrs`` those that are in none, a request for each thousand."""
    event = hub.read("getLastEvent")["id"]
    found = {tag: read_tag(hub, tag) for tag in dict.fromkeys(tags)}
    seen = {build.nvr for tag in found.values() if tag for build in tag.builds}
    return State(event, found, read_builds(hub, [nvr for nvr in nvrs if nvr not in seen]))


def read_tag(hub: Hub, name: str) -> Tag | None:
    about = {"tag": name}
    calls = [
        call("getTag", name, about=about),
        call("listTagged", name, about=about),
        call("listPackages", tagID=name, inherited=True, about=about),
    ]
    tag, builds, packages = hub.read_many(calls)
    if tag is None:
        return None
    for answer in (tag, builds, packages):
        if isinstance(answer, HubFault):
            raise answer
    newest_first = sorted(builds, key=lambda build: -build["create_event"])
    return Tag(
        name,
        tag["id"],
        tag["locked"],
        tag["perm"],
        [_build(build) for build in newest_first],
        {row["package_name"]: row["blocked"] for row in packages},
    )


def read_builds(hub: Hub, nvrs: t.Sequence[str]) -> dict[str, Build | None]:
    """Builds by NVR; None for one that is not there, or has no name of a build."""
    answers = hub.read_many([call("getBuild", nvr, about={"build": nvr}) for nvr in nvrs])
    found: dict[str, Build | None] = {}
    for nvr, answer in zip(nvrs, answers):
        if isinstance(answer, HubFault) and "invalid format" not in answer.text:
            raise answer
        found[nvr] = _build(answer) if isinstance(answer, dict) else None
    return found


def tagged_now(hub: Hub, places: t.Sequence[tuple[str, str]]) -> list[list[str]]:
    """For each tag and package: the NVRs, newest tagging first."""
    calls: list[Call] = [
        call("listTagged", tag, package=package, about={"tag": tag, "package": package}) for tag, package in places
    ]
    answers = hub.read_many(calls)
    for answer in answers:
        if isinstance(answer, HubFault):
            raise answer
    return [[build["nvr"] for build in sorted(answer, key=lambda one: -one["create_event"])] for answer in answers]


def _build(data: t.Mapping[str, t.Any]) -> Build:
    return Build(data["nvr"], data["name"], int(data["epoch"] or 0), BUILD_STATES[data["state"]])
