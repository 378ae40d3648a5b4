# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""From what is wanted in a hub's tags and what is there, the actions between: pure, no I/O.

A release has its tags in an order that means something: build, candidate, testing, release. Its map says which of them
a build is in when it has come to one of these phases.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from .._module.documents import digest
from .._module.errors import InvalidInput
from .._rpm.nevra import Evr, Nevra

SCHEMA = "rdo.releng/tag-plan/1"
# By the place of the tag that a build is wanted in: the places it should be in. As rdoinfo's users have it.
TAG_MAPS: dict[str, dict[int, tuple[int, ...]]] = {
    "separated_buildreqs": {0: (0,), 1: (1,), 2: (2,), 3: (2, 3)},
    "unified_buildreqs": {0: (0,), 1: (0, 1), 2: (0, 1, 2)},
}
PHASES: dict[str, tuple[str, ...]] = {
    "separated_buildreqs": ("build", "candidate", "testing", "release"),
    "unified_buildreqs": ("candidate", "testing", "release"),
}
COMPLETE = "COMPLETE"
# Kinds of actions, in the order in which they are done.
KINDS = ("register", "tag", "retag", "untag")
_DIST = re.compile(r"\.(el|fc)([0-9]+)")


@dataclasses.dataclass(frozen=True)
class Line:
    """The tags of a release on a distro, in their order.

    :param distro: as ``el9s``.
    :param tag_map: a key of :data:`TAG_MAPS`.
    """

    release: str
    distro: str
    tags: tuple[str, ...]
    tag_map: str

    @property
    def phases(self) -> dict[str, str]:
        """Tag → phase; tags behind the map's last place have none."""
        return dict(zip(self.tags, PHASES[self.tag_map]))

    def before_release(self, tag: str) -> str | None:
        """For the tag of the phase release, the tag of the phase testing."""
        phases = {phase: name for name, phase in self.phases.items()}
        return phases["testing"] if phases.get("release") == tag else None


@dataclasses.dataclass
class Wanted:
    """What should be.

    :param source: where it was read from.
    :param rows: tag → package → NVR; a tag with none is looked at too.
    :param lines: releases that the tags belong to; may name more tags than ``rows``.
    """

    source: str
    rows: dict[str, dict[str, str]]
    lines: t.Sequence[Line] = ()


class Build(t.NamedTuple):
    """A build as the hub has it."""

    nvr: str
    name: str
    epoch: int
    state: str

    @property
    def evr(self) -> Evr:
        nevra = Nevra.parse_nvr(self.nvr)
        return Evr(self.epoch, nevra.version, nevra.release)


@dataclasses.dataclass
class Tag:
    """A tag as the hub has it.

    :param builds: newest tagging first, the order that makes the first of a package its latest.
    :param packages: those that may be in it, by inheritance too: name → blocked.
    """

    name: str
    id: int
    locked: bool
    permission: str | None
    builds: list[Build]
    packages: dict[str, bool]

    def of_package(self, package: str) -> list[Build]:
        return [build for build in self.builds if build.name == package]

    def has(self, nvr: str) -> bool:
        return any(build.nvr == nvr for build in self.builds)


@dataclasses.dataclass
class State:
    """What the hub was read to hold.

    :param event: the hub's last event before it was read.
    :param tags: by name; None for one that is not there.
    :param builds: wanted builds that are in none of ``tags``; None for one that is not there.
    """

    event: int
    tags: dict[str, Tag | None]
    builds: dict[str, Build | None]


@dataclasses.dataclass(frozen=True)
class Rules:
    """What may be done.

    :param owner: who owns packages that are registered; None: none is.
    :param exclusive: a build that nothing wants in a tag is taken out of it.
    :param permissions: that the user has, so that tags guarded by them are not refused.
    :param cut_short: (tag, build) of retags that may have ended between taking the build out and putting it back.
    """

    owner: str | None = None
    allow_downgrade: bool = False
    exclusive: bool = False
    permissions: t.Collection[str] = ()
    cut_short: t.Collection[tuple[str, str]] = ()


@dataclasses.dataclass
class Action:
    """One step.

    :param action: one of :data:`KINDS`.
    :param build: its NVR; for register None.
    :param after: ids of the actions that must have been done before.
    """

    id: int
    action: str
    tag: str
    package: str
    build: str | None
    reason: str
    after: list[int] = dataclasses.field(default_factory=list)
    owner: str | None = None

    def as_data(self) -> dict[str, t.Any]:
        return {key: value for key, value in dataclasses.asdict(self).items() if value is not None}

    def __str__(self) -> str:
        if self.action == "register":
            return f"register {self.package} in {self.tag}, owner {self.owner}"
        words = {"tag": "tag {} into {}", "retag": "retag {} in {}", "untag": "untag {} from {}"}[self.action]
        return f"{words.format(self.build, self.tag)}: {self.reason}"


@dataclasses.dataclass
class TagPlan:
    """Steps in an order in which they can be done, and what must not be done."""

    actions: list[Action]
    refused: list[dict[str, t.Any]]


def make_plan(wanted: Wanted, state: State, rules: Rules) -> TagPlan:
    """The actions that lead from ``state`` to ``wanted``, and those that ``rules`` refuse."""
    return Planner(wanted, state, rules).plan()


def implied_rows(wanted: Wanted) -> dict[str, dict[str, str]]:
    """The rows that ``wanted`` has and those that its releases' maps add; a row that is written wins."""
    rows = {tag: dict(packages) for tag, packages in wanted.rows.items()}
    for line in wanted.lines:
        for place, places in TAG_MAPS[line.tag_map].items():
            if place >= len(line.tags):
                break
            for other in places:
                if other != place and line.tags[other] in rows:
                    for package, nvr in wanted.rows.get(line.tags[place], {}).items():
                        rows[line.tags[other]].setdefault(package, nvr)
    return rows


def fingerprint(tag: Tag, touched: t.Collection[str], packages: t.Collection[str] | None = None) -> str:
    """A checksum of a tag less the builds that a plan acts on: what the plan itself never changes.

    :param packages: only builds of these matter to the plan.
    """
    others = [
        build.nvr for build in tag.builds if build.nvr not in touched and (not packages or build.name in packages)
    ]
    return digest([tag.locked, tag.permission, others])


class Planner:
    """One plan in the making."""

    def __init__(self, wanted: Wanted, state: State, rules: Rules) -> None:
        self.wanted, self.state, self.rules = wanted, state, rules
        self.rows = implied_rows(wanted)
        self.lines = {tag: line for line in reversed(wanted.lines) for tag in line.tags}
        self.actions: list[Action] = []
        self.refused: list[dict[str, t.Any]] = []
        self.added: dict[tuple[str, str], int] = {}  # (tag, build) → id of the action that puts it there, or mends it
        self.kept_out: set[tuple[str, str]] = set()  # (tag, build) that was refused
        self._there = {name: tag for name, tag in state.tags.items() if tag is not None}
        self.known: dict[str, Build | None] = dict(state.builds)
        for held in self._there.values():
            self.known.update({build.nvr: build for build in held.builds})
        self.by_package = {name: _by_package(tag.builds) for name, tag in self._there.items() if name in self.rows}

    def plan(self) -> TagPlan:
        tags = self._in_order()
        for tag in tags:
            if tag not in self._there and self.rows[tag]:
                self._refuse("tag", tag, "unknown-tag", f"the hub has no such tag; {len(self.rows[tag])} builds")
        there = [tag for tag in tags if tag in self._there]
        for tag in there:
            for package, nvr in sorted(self.rows[tag].items()):
                self._bring_in(tag, package, nvr)
        for tag in there:
            self._take_out(tag)
        self.actions.sort(key=lambda action: KINDS.index(action.action))
        return TagPlan(self.actions, self.refused)

    def _in_order(self) -> list[str]:
        """The tags, testing before release."""
        lined = [tag for line in self.wanted.lines for tag in line.tags if tag in self.rows]
        return list(dict.fromkeys([*lined, *sorted(self.rows)]))

    def _act(self, action: str, tag: str, package: str, build: str | None, reason: str, **more: t.Any) -> int:
        self.actions.append(Action(len(self.actions) + 1, action, tag, package, build, reason, **more))
        return len(self.actions)

    def _refuse(self, action: str, tag: str, rule: str, reason: str, build: str | None = None) -> None:
        refusal = {"action": action, "tag": tag, "rule": rule, "reason": reason}
        self.refused.append({**refusal, "build": build} if build else refusal)
        if build and action != "untag":
            self.kept_out.add((tag, build))

    def _bring_in(self, tag_name: str, package: str, nvr: str) -> None:
        """Have ``nvr`` in the tag, as the latest of its package."""
        tag = self._there[tag_name]
        held = self.by_package[tag_name].get(package, [])
        if held and held[0].nvr == nvr:
            return
        action = "retag" if any(build.nvr == nvr for build in held) else "tag"
        build = self.known.get(nvr)
        objection = self._objection(action, tag, package, nvr, build, held[0] if held else None)
        if objection:
            self._refuse(action, tag_name, *objection, build=nvr)
            return
        after = []
        if package not in tag.packages:
            reason = "the tag does not list the package"
            after.append(self._act("register", tag_name, package, None, reason, owner=self.rules.owner))
        testing = self._testing_of(tag_name)
        if testing and (testing, nvr) in self.added:
            after.append(self.added[testing, nvr])
        if action == "retag":
            reason = f"the hub's latest is {held[0].nvr}, tagged after it; tagging it anew makes it the newest"
        elif action == "tag" and (tag_name, nvr) in self.rules.cut_short:
            reason = "it was taken out to be tagged anew, by a run that ended before it was put back"
        elif self.wanted.rows.get(tag_name, {}).get(package) == nvr:
            reason = "wanted" + (f" instead of {held[0].nvr}" if held else "")
        else:
            reason = f"implied by {self.lines[tag_name].tag_map}"
        self.added[tag_name, nvr] = self._act(action, tag_name, package, nvr, reason, after=after)

    def _objection(
        self, action: str, tag: Tag, package: str, nvr: str, build: Build | None, latest: Build | None
    ) -> tuple[str, str] | None:
        """The rule against bringing a build in, and its reason."""
        if build is None:
            return "unknown-build", "the hub has no such build"
        if build.state != COMPLETE:
            return "incomplete-build", f"the build is {build.state}, not {COMPLETE}"
        closed = self._closed(tag)
        if closed:
            return closed
        if tag.packages.get(package):
            return "blocked-package", f"the package {package} is blocked in the tag"
        put_back = action == "tag" and (tag.name, nvr) in self.rules.cut_short
        if not put_back:  # otherwise it was judged when it was taken out
            other = self._other_distro(tag.name, nvr)
            if other and action == "tag":
                return "other-distro", other
            if latest and not self.rules.allow_downgrade and latest.evr > build.evr:
                return "downgrade", f"the hub's latest is {latest.nvr}, which is newer; allow_downgrade is not set"
            testing = self._testing_of(tag.name)
            if testing and action == "tag" and not self._comes_by(testing, nvr):
                return "not-in-testing", f"it is not in {testing}"
        if package not in tag.packages and not self.rules.owner:
            return "unregistered-package", f"the tag does not list the package {package}, and no owner is given"
        return None

    def _closed(self, tag: Tag) -> tuple[str, str] | None:
        if tag.locked:
            return "locked-tag", "the tag is locked"
        if tag.permission and tag.permission not in self.rules.permissions:
            return "guarded-tag", f"the tag needs the permission {tag.permission}"
        return None

    def _other_distro(self, tag: str, nvr: str) -> str | None:
        line = self.lines.get(tag)
        ours = re.fullmatch(r"([a-z]+)([0-9]+)s?", line.distro) if line else None
        if line is None or ours is None:
            return None
        found = _DIST.findall(nvr.rsplit("-", 1)[-1])
        if found and ours.groups() not in found:
            return f"it was built for {' and '.join(''.join(one) for one in found)}, the tag is for {line.distro}"
        return None

    def _testing_of(self, tag: str) -> str | None:
        line = self.lines.get(tag)
        return line.before_release(tag) if line else None

    def _comes_by(self, tag_name: str, nvr: str) -> bool:
        """In a tag, now or by this plan; it counts too if this plan takes it out in the end."""
        if (tag_name, nvr) in self.added:
            return True
        return tag_name in self._there and self._there[tag_name].has(nvr)

    def _take_out(self, tag_name: str) -> None:
        """What is in a tag and should be there no longer."""
        tag = self._there[tag_name]
        rows = self.rows[tag_name]
        for build in tag.builds:
            nvr, package = build.nvr, build.name
            if rows.get(package) == nvr:
                continue
            why = self._superseded(tag_name, build) if package in rows else self._moved_on(tag_name, nvr, package)
            if why is None and package in rows:
                continue  # what was to replace it was refused
            if why is None and not self.rules.exclusive:
                reason = "nothing that is wanted explains why it would leave; exclusive is not set"
                self._refuse("untag", tag_name, "unexplained", reason, nvr)
                continue
            closed = self._closed(tag)
            if closed:
                self._refuse("untag", tag_name, *closed, build=nvr)
                continue
            reason, after = why or ("not wanted in the tag, which is exclusive", [])
            self._act("untag", tag_name, package, nvr, reason, after=sorted({*after, *self._elsewhere(tag_name, nvr)}))

    def _elsewhere(self, tag_name: str, nvr: str) -> list[int]:
        """The actions that put a build into other tags of its release: it must have come there before it leaves."""
        line = self.lines.get(tag_name)
        return [self.added[tag, nvr] for tag in line.tags if (tag, nvr) in self.added] if line else []

    def _superseded(self, tag_name: str, build: Build) -> tuple[str, list[int]] | None:
        new = self.rows[tag_name][build.name]
        if (tag_name, new) in self.kept_out:
            return None
        added = self.added.get((tag_name, new))
        return f"replaced by {new}", [added] if added else []

    def _moved_on(self, tag_name: str, nvr: str, package: str) -> tuple[str, list[int]] | None:
        """A build that is wanted further on in its release leaves the tags that the map does not keep it in."""
        line = self.lines.get(tag_name)
        if line is None:
            return None
        place = line.tags.index(tag_name)
        wanted_in = [at for at, tag in enumerate(line.tags) if self.rows.get(tag, {}).get(package) == nvr]
        further = [at for at in wanted_in if at > place and at in TAG_MAPS[line.tag_map]]
        if not further or any(place in TAG_MAPS[line.tag_map][at] for at in further):
            return None
        tags = [line.tags[at] for at in further]
        if not any(self._comes_by(tag, nvr) for tag in tags):
            return None
        return f"it has gone on to {tags[-1]} ({line.tag_map})", []


def _by_package(builds: t.Iterable[Build]) -> dict[str, list[Build]]:
    found: dict[str, list[Build]] = {}
    for build in builds:
        found.setdefault(build.name, []).append(build)
    return found


def check_rows(builds: t.Mapping[str, t.Any]) -> dict[str, dict[str, str]]:
    """tag → NVRs, as given, as rows.

    :raises InvalidInput: no list of NVRs, or two of one package.
    """
    rows: dict[str, dict[str, str]] = {}
    for tag, nvrs in builds.items():
        if not isinstance(nvrs, list):
            raise InvalidInput(f"The builds of tag {tag} are {type(nvrs).__name__}, not a list of NVRs.", tag=tag)
        rows[tag] = {}
        for nvr in nvrs:
            package = Nevra.parse_nvr(str(nvr)).name
            other = rows[tag].setdefault(package, str(nvr))
            if other != nvr:
                raise InvalidInput(f"{package} has two builds in tag {tag}: {other} and {nvr}.", tag=tag)
    return rows
