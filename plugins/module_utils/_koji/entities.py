# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What hangs on tags, brought to what options say: targets, external repositories, one parent of a tag.

An option that is not given leaves alone what it is about. The steps are worked out from what the hub shows, so when
an answer is lost they are worked out again: what is still among them was not done.
"""

from __future__ import annotations

import abc
import functools
import typing as t

from .._module.errors import InvalidInput, NotFound
from .._module.runner import Change, Plan
from .session import Call, Hub, call

RULE = ("maxdepth", "intransitive", "noconfig", "pkg_filter")
UNLIMITED: dict[str, t.Any] = {"maxdepth": None, "intransitive": False, "noconfig": False, "pkg_filter": ""}


class Step(t.NamedTuple):
    sentence: str
    call: Call


class Outline(t.NamedTuple):
    """What is, what should be, and the steps between."""

    before: dict[str, t.Any]
    after: dict[str, t.Any]
    steps: list[Step]


class Entity(Change):
    """Something on a hub that a module brings about.

    :param params: the module's options.
    :param check_mode: things that an earlier task would have made need not be there.
    """

    # The key under which the module returns what is there in the end.
    kind: str

    def __init__(self, params: t.Mapping[str, t.Any], check_mode: bool) -> None:
        self.params, self.check_mode = params, check_mode

    @abc.abstractmethod
    def outline(self) -> Outline:
        """Read the hub and say what would be done."""

    def plan(self) -> Plan:
        self.hub = Hub.from_params(self.params)
        self._outline = self.outline()
        before, after, steps = self._outline
        return Plan(before, after, [step.sentence for step in steps], {self.kind: after or None})

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        try:
            for step in self._outline.steps:
                self.hub.write(step.call, happened=functools.partial(self._happened, step))
            return {self.kind: self.outline().before or None}
        finally:
            self.hub.close()

    def _happened(self, step: Step) -> bool | None:
        return None if step.sentence in [left.sentence for left in self.outline().steps] else True

    def tag_id(self, name: str) -> int:
        """The number of a tag; 0 in check mode for one that is not there yet.

        :raises NotFound: it is not there.
        """
        tag = self.hub.read("getTag", name, about={"tag": name})
        if tag is None and not self.check_mode:
            raise NotFound(f"The hub {self.hub.address} has no tag {name}.", tag=name)
        return tag["id"] if tag else 0


class TargetEntity(Entity):
    """A build target: where builds take their requirements from, and where they go."""

    kind = "target"

    def outline(self) -> Outline:
        name, hub = self.params["name"], self.hub
        about = {"target": name}
        found = hub.read("getBuildTarget", name, about=about)
        keys = ("build_tag", "dest_tag")
        before = {"name": name, **{key: found[f"{key}_name"] for key in keys}} if found else {}
        if self.params["state"] == "absent":
            steps = [Step(f"delete target {name}", call("deleteBuildTarget", name, about=about))] if found else []
            return Outline(before, {}, steps)
        after = {**before, "name": name, **{key: self.params[key] for key in keys if self.params[key]}}
        if not found:
            missing = [key for key in keys if key not in after]
            if missing:
                raise InvalidInput(f"The target {name} is not there; to make it, {' and '.join(missing)} must be set.")
            values = (after["build_tag"], after["dest_tag"])
            sentence = f"create target {name} from {values[0]} to {values[1]}"
            return Outline(before, after, [Step(sentence, call("createBuildTarget", name, *values, about=about))])
        changes = [f"{key} from {before[key]} to {after[key]}" for key in keys if before[key] != after[key]]
        edit = call("editBuildTarget", name, name, after["build_tag"], after["dest_tag"], about=about)
        return Outline(before, after, [Step(f"set {' and '.join(changes)}", edit)] if changes else [])


class ExternalRepoEntity(Entity):
    """A repository that is not the hub's own."""

    kind = "external_repo"

    def outline(self) -> Outline:
        name = self.params["name"]
        about = {"external repository": name}
        before = self.hub.read("getExternalRepo", name, about=about) or {}
        if self.params["state"] == "absent":
            deletion = Step(f"delete external repository {name}", call("deleteExternalRepo", name, about=about))
            return Outline(before, {}, [deletion] if before else [])
        if not self.params["url"]:
            if not before:
                raise InvalidInput(f"The external repository {name} is not there; to make it, url must be set.")
            return Outline(before, before, [])
        # The hub adds the slash; without it here every run would change the address again.
        url = self.params["url"].rstrip("/") + "/"
        after = {**before, "name": name, "url": url}
        if not before:
            creation = call("createExternalRepo", name, url, about=about)
            return Outline(before, after, [Step(f"create external repository {name} at {url}", creation)])
        edit = Step(f"set url of {name} to {url}", call("editExternalRepo", name, url=url, about=about))
        return Outline(before, after, [edit] if before["url"] != url else [])


class InheritanceEntity(Entity):
    """One parent of a tag; its other parents are left alone."""

    kind = "inheritance"

    def outline(self) -> Outline:
        child, parent = self.params["child_tag"], self.params["parent_tag"]
        about = {"tag": child, "parent": parent}
        links = self.hub.read("getInheritanceData", child, about=about) if self.tag_id(child) else []
        before = {link["name"]: rule_of(link) for link in links}
        held = before.get(parent)
        if self.params["state"] == "absent":
            after = {name: rule for name, rule in before.items() if name != parent}
            gone = [{**wire_of(link), "delete link": True} for link in links if link["name"] == parent]
            step = Step(f"remove parent {parent} of {child}", call("setInheritanceData", child, gone, about=about))
            return Outline(before, after, [step] if gone else [])
        given = {name: self.params[name] for name in ("priority", *RULE) if self.params[name] is not None}
        if "maxdepth" in given:
            given["maxdepth"] = depth_of(given["maxdepth"])
        rule = {**UNLIMITED, **(held or {}), **given}
        if "priority" not in rule:
            raise InvalidInput(f"{parent} is not a parent of {child} yet; to make it one, priority must be set.")
        if held == rule:
            return Outline(before, before, [])
        # Of two parents of one priority the hub wants to hear nothing: the new one takes the place.
        others = [link for link in links if link["priority"] == rule["priority"] and link["name"] != parent]
        data = [{**wire_of(link), "delete link": True} for link in others]
        data.append({"parent_id": self.tag_id(parent), **rule})
        names = [link["name"] for link in others]
        after = {name: one for name, one in before.items() if name not in names}
        verb = "change" if held else "add"
        instead = f" instead of {names[0]}" if names else ""
        sentence = f"{verb} parent {parent} of {child}, {describe_rule(rule)}{instead}"
        after[parent] = rule
        return Outline(before, after, [Step(sentence, call("setInheritanceData", child, data, about=about))])


def rule_of(link: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {name: link[name] for name in ("priority", *RULE)}


def wire_of(link: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {"parent_id": link["parent_id"], **rule_of(link)}


def describe_rule(rule: t.Mapping[str, t.Any]) -> str:
    words = [f"priority {rule['priority']}"]
    words += [f"{name} {rule[name]}" for name in RULE if rule[name] != UNLIMITED[name]]
    return ", ".join(words)


def depth_of(value: t.Any) -> int | None:
    """A depth as given; an empty string means no limit."""
    if value == "":
        return None
    try:
        return int(value)
    except (TypeError, ValueError):
        raise InvalidInput(f"maxdepth must be a number, or an empty string for no limit, not {value!r}.") from None


def mappings_of(value: t.Any, option: str, needed: t.Sequence[str]) -> list[dict[str, t.Any]]:
    """``value`` if it is a list of mappings that have the keys ``needed``."""
    good = isinstance(value, list) and all(
        isinstance(item, dict) and all(item.get(key) is not None for key in needed) for item in value
    )
    if not good:
        raise InvalidInput(f"{option} must be a list of mappings with {' and '.join(needed)}, not {value!r}.")
    return list(value)
