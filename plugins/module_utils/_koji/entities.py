# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Tags, their inheritance and package lists, targets and external repositories: brought to what an option says.

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
    """What is, what is to be, and the steps between."""

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
        before = {link["name"]: _rule(link) for link in links}
        held = before.get(parent)
        if self.params["state"] == "absent":
            after = {name: rule for name, rule in before.items() if name != parent}
            gone = [{**_wire(link), "delete link": True} for link in links if link["name"] == parent]
            step = Step(f"remove parent {parent} of {child}", call("setInheritanceData", child, gone, about=about))
            return Outline(before, after, [step] if gone else [])
        given = {name: self.params[name] for name in ("priority", *RULE) if self.params[name] is not None}
        if "maxdepth" in given:
            given["maxdepth"] = _depth(given["maxdepth"])
        rule = {**UNLIMITED, **(held or {}), **given}
        if "priority" not in rule:
            raise InvalidInput(f"{parent} is no parent of {child} yet; to make it one, priority must be set.")
        if held == rule:
            return Outline(before, before, [])
        # Of two parents of one priority the hub wants to hear nothing: the new one takes the place.
        others = [link for link in links if link["priority"] == rule["priority"] and link["name"] != parent]
        data = [{**_wire(link), "delete link": True} for link in others]
        data.append({"parent_id": self.tag_id(parent), **rule})
        names = [link["name"] for link in others]
        after = {name: one for name, one in before.items() if name not in names}
        verb = "change" if held else "add"
        instead = f" instead of {names[0]}" if names else ""
        sentence = f"{verb} parent {parent} of {child}, {_describe(rule)}{instead}"
        after[parent] = rule
        return Outline(before, after, [Step(sentence, call("setInheritanceData", child, data, about=about))])


class PackagesEntity(Entity):
    """Some packages of a tag's list; the others are left alone."""

    kind = "packages"

    def outline(self) -> Outline:
        tag, state = self.params["tag"], self.params["state"]
        rows = self.hub.read("listPackages", tagID=tag, about={"tag": tag}) if self.tag_id(tag) else []
        held = {row["package_name"]: row for row in rows}
        before = _packages(rows)
        if state in ("present", "absent"):
            wanted = _owners(self.params["packages"])
            steps = _list_steps(tag, wanted, held) if state == "present" else _unlist_steps(tag, wanted, held)
        else:
            steps = _block_steps(tag, self.params["blocked_packages"], held, state == "blocked")
        after = {name: dict(package) for name, package in before.items()}
        for step in steps:
            _foresee(step, after)
        return Outline(before, after, steps)


class TagEntity(Entity):
    """A tag, with as much of what hangs on it as the options name."""

    kind = "tag"
    plain = ("arches", "perm", "locked", "maven_support", "maven_include_all")

    def outline(self) -> Outline:
        name, params = self.params["name"], self.params
        about = {"tag": name}
        found = self.hub.read("getTag", name, about=about)
        before = {"name": name, "extra": found["extra"], **{key: found[key] for key in self.plain}} if found else {}
        if params["state"] == "absent":
            steps = [Step(f"delete tag {name}", call("deleteTag", name, about=about))] if found else []
            return Outline(before, {}, steps)
        after = {key: params[key] for key in (*self.plain, "extra") if params[key] is not None}
        if after.get("perm") == "":
            after["perm"] = None
        steps = self._edit_steps(name, found, after) if found else self._create_steps(name, after)
        after = {**before, "name": name, **after}
        for option, work in (
            ("inheritance", self._inheritance),
            ("external_repos", self._external_repos),
            ("packages", self._packages),
            ("blocked_packages", self._blocked_packages),
            ("groups", self._groups),
        ):
            # As with ktdreyer.koji_ansible, an empty string is nothing said; an empty list or mapping is none wanted.
            if params[option] not in (None, ""):
                held, wanted, more = work(name, bool(found), params[option])
                if found:
                    before[option] = held
                after[option] = wanted
                steps += more
        return Outline(before, after, steps)

    def _create_steps(self, name: str, values: dict[str, t.Any]) -> list[Step]:
        given = {key: value for key, value in values.items() if value is not None}
        return [Step(f"create tag {name}", call("createTag", name, about={"tag": name}, **given))]

    def _edit_steps(self, name: str, found: dict[str, t.Any], values: dict[str, t.Any]) -> list[Step]:
        if isinstance(values.get("perm"), int) and values["perm"] == found["perm_id"]:
            values["perm"] = found["perm"]
        edits = {key: value for key, value in values.items() if found[key] != value}
        if not edits:
            return []
        words = [f"{key} from {found[key]!r} to {value!r}" for key, value in edits.items()]
        gone = sorted(set(found["extra"]) - set(values.get("extra", found["extra"])))
        if gone:
            edits["remove_extra"] = gone
        return [Step(f"set {', '.join(words)} of {name}", call("editTag2", name, about={"tag": name}, **edits))]

    def _inheritance(self, name: str, there: bool, wanted: t.Any) -> tuple[t.Any, t.Any, list[Step]]:
        """All parents, and no others."""
        links = self.hub.read("getInheritanceData", name, about={"tag": name}) if there else []
        held = {link["name"]: _rule(link) for link in links}
        rules: dict[str, dict[str, t.Any]] = {}
        for item in _mappings(wanted, "inheritance", ("parent", "priority")):
            given = {key: item[key] for key in RULE if item.get(key) is not None}
            if "maxdepth" in given:
                given["maxdepth"] = _depth(given["maxdepth"])
            rules[item["parent"]] = {**UNLIMITED, **given, "priority": int(item["priority"])}
        if rules == held:
            return held, held, []
        data = [{"parent_id": self.tag_id(parent), **rule} for parent, rule in rules.items()]
        words = ", ".join(f"{parent} ({rule['priority']})" for parent, rule in rules.items()) or "nothing"
        change = call("setInheritanceData", name, data, clear=True, about={"tag": name})
        return held, rules, [Step(f"let {name} inherit from {words}", change)]

    def _external_repos(self, name: str, there: bool, wanted: t.Any) -> tuple[t.Any, t.Any, list[Step]]:
        """All external repositories, and no others; of each, what is not given is left as it is."""
        about = {"tag": name}
        rows = self.hub.read("getTagExternalRepos", name, about=about) if there else []
        keys = ("priority", "merge_mode", "arches")
        held = {row["external_repo_name"]: {key: row[key] for key in keys} for row in rows}
        items = {item["repo"]: item for item in _mappings(wanted, "external_repos", ("repo", "priority"))}
        steps = [
            Step(
                f"take external repository {repo} off {name}",
                call("removeExternalRepoFromTag", name, repo, about=about),
            )
            for repo in held
            if repo not in items
        ]
        after = {}
        for repo, item in items.items():
            given = {key: item[key] for key in keys if item.get(key) is not None}
            after[repo] = {**held.get(repo, {"merge_mode": "koji", "arches": None}), **given}
            if repo not in held:
                options = {key: value for key, value in given.items() if key != "priority"}
                add = call("addExternalRepoToTag", name, repo, given["priority"], about=about, **options)
                steps.append(Step(f"add external repository {repo} to {name}, priority {given['priority']}", add))
            elif after[repo] != held[repo]:
                edit = call("editTagExternalRepo", name, repo, about=about, **given)
                words = ", ".join(f"{key} {value}" for key, value in given.items())
                steps.append(Step(f"set {words} of external repository {repo} on {name}", edit))
        return held, after, steps

    def _packages(self, name: str, there: bool, wanted: t.Any) -> tuple[t.Any, t.Any, list[Step]]:
        """All packages, and no others; those that are blocked are another matter."""
        rows = self.hub.read("listPackages", tagID=name, about={"tag": name}) if there else []
        held = {row["package_name"]: row for row in rows}
        owners = _owners(wanted)
        steps = _list_steps(name, owners, held)
        left = {package: "" for package, row in held.items() if package not in owners and not row["blocked"]}
        steps += _unlist_steps(name, left, held)
        return {row["package_name"]: row["owner_name"] for row in rows if not row["blocked"]}, owners, steps

    def _blocked_packages(self, name: str, there: bool, wanted: t.Any) -> tuple[t.Any, t.Any, list[Step]]:
        """All packages that are blocked here, and no others."""
        if not isinstance(wanted, list):
            raise InvalidInput(f"blocked_packages must be a list, not {wanted!r}.")
        rows = self.hub.read("listPackages", tagID=name, about={"tag": name}) if there else []
        held = {row["package_name"]: row for row in rows}
        blocked = [package for package, row in held.items() if row["blocked"]]
        steps = _block_steps(name, wanted, held, True)
        steps += _block_steps(name, [package for package in blocked if package not in wanted], held, False)
        return sorted(blocked), sorted(wanted), steps

    def _groups(self, name: str, there: bool, wanted: t.Any) -> tuple[t.Any, t.Any, list[Step]]:
        """All groups of the tag itself and their packages; what is inherited is there anyway."""
        if not isinstance(wanted, dict):
            raise InvalidInput(f"groups must be a mapping of groups to lists of packages, not {wanted!r}.")
        about = {"tag": name}
        rows = self.hub.read("getTagGroups", name, inherit=False, about=about) if there else []
        held = {row["name"]: sorted(one["package"] for one in row["packagelist"]) for row in rows}
        steps = [
            Step(f"remove group {group} from {name}", call("groupListRemove", name, group, about=about))
            for group in held
            if group not in wanted
        ]
        for group, packages in wanted.items():
            there_now = held.get(group, [])
            if group not in held:
                steps.append(Step(f"add group {group} to {name}", call("groupListAdd", name, group, about=about)))
            for verb, method, names in (
                ("remove", "groupPackageListRemove", [one for one in there_now if one not in (packages or [])]),
                ("add", "groupPackageListAdd", [one for one in packages or [] if one not in there_now]),
            ):
                where = f"{'from' if verb == 'remove' else 'to'} group {group} of {name}"
                steps += [Step(f"{verb} {one} {where}", call(method, name, group, one, about=about)) for one in names]
        return held, {group: sorted(packages or []) for group, packages in wanted.items()}, steps


def _rule(link: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {name: link[name] for name in ("priority", *RULE)}


def _wire(link: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {"parent_id": link["parent_id"], **_rule(link)}


def _describe(rule: t.Mapping[str, t.Any]) -> str:
    words = [f"priority {rule['priority']}"]
    words += [f"{name} {rule[name]}" for name in RULE if rule[name] != UNLIMITED[name]]
    return ", ".join(words)


def _depth(value: t.Any) -> int | None:
    """A depth as given; an empty string is no limit."""
    if value == "":
        return None
    try:
        return int(value)
    except (TypeError, ValueError):
        raise InvalidInput(f"maxdepth must be a number, or an empty string for no limit, not {value!r}.") from None


def _mappings(value: t.Any, option: str, needed: t.Sequence[str]) -> list[dict[str, t.Any]]:
    """``value`` if it is a list of mappings that have the keys ``needed``."""
    good = isinstance(value, list) and all(
        isinstance(item, dict) and all(item.get(key) is not None for key in needed) for item in value
    )
    if not good:
        raise InvalidInput(f"{option} must be a list of mappings with {' and '.join(needed)}, not {value!r}.")
    return list(value)


def _owners(packages: t.Any) -> dict[str, str]:
    """owner → packages, as given, turned round."""
    if not isinstance(packages, dict) or not all(isinstance(names, list) for names in packages.values()):
        raise InvalidInput(f"packages must be a mapping of owners to lists of packages, not {packages!r}.")
    return {str(name): owner for owner, names in packages.items() for name in names}


def _packages(rows: t.Iterable[t.Mapping[str, t.Any]]) -> dict[str, dict[str, t.Any]]:
    return {row["package_name"]: {"owner": row["owner_name"], "blocked": row["blocked"]} for row in rows}


def _list_steps(tag: str, wanted: dict[str, str], held: dict[str, dict[str, t.Any]]) -> list[Step]:
    steps = []
    for package, owner in wanted.items():
        about = {"tag": tag, "package": package}
        if package not in held:
            add = call("packageListAdd", tag, package, owner, about=about)
            steps.append(Step(f"add package {package} to {tag}, owner {owner}", add))
        elif held[package]["owner_name"] != owner:
            # Adding it again would change nothing, and say nothing of it.
            change = call("packageListSetOwner", tag, package, owner, about=about)
            steps.append(Step(f"set owner of package {package} in {tag} to {owner}", change))
    return steps


def _unlist_steps(tag: str, names: t.Iterable[str], held: dict[str, dict[str, t.Any]]) -> list[Step]:
    return [
        Step(
            f"remove package {package} from {tag}",
            call("packageListRemove", tag, package, about={"tag": tag, "package": package}),
        )
        for package in names
        if package in held
    ]


def _block_steps(tag: str, names: t.Iterable[str], held: dict[str, dict[str, t.Any]], block: bool) -> list[Step]:
    verb, method = ("block", "packageListBlock") if block else ("unblock", "packageListUnblock")
    return [
        Step(f"{verb} package {package} in {tag}", call(method, tag, package, about={"tag": tag, "package": package}))
        for package in names
        if (package in held and held[package]["blocked"]) != block
    ]


def _foresee(step: Step, packages: dict[str, dict[str, t.Any]]) -> None:
    """What a step makes of a package list."""
    package = step.call.args[1]
    if step.call.method == "packageListRemove":
        packages.pop(package, None)
    elif step.call.method in ("packageListAdd", "packageListSetOwner"):
        packages[package] = {**packages.get(package, {"blocked": False}), "owner": step.call.args[2]}
    else:
        packages[package] = {**packages.get(package, {"owner": None}), "blocked": step.call.method.endswith("Block")}
