# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""A tag as a whole: its settings, parents, external repositories, packages and groups."""

from __future__ import annotations

import typing as t

from .._module.errors import InvalidInput
from .entities import RULE, UNLIMITED, Entity, Outline, Step, depth_of, mappings_of, rule_of
from .package_list import PackageList, foresee, owners_of
from .session import call

Values = dict[str, t.Any]


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
        after = {key: params[key] for key in (*self.plain, "extra") if self._given(key) is not None}
        if str(after.get("perm")).lower() in ("false", "no"):
            after["perm"] = None
        steps = self._edit_steps(name, found, after) if found else self._create_steps(name, after)
        after = {**before, "name": name, **after}
        for part in (self._inheritance, self._external_repos, self._package_list, self._groups):
            held, wanted, more = part(name, found)
            if found:
                before.update(held)
            after.update(wanted)
            steps += more
        return Outline(before, after, steps)

    def _given(self, option: str) -> t.Any:
        """As with ktdreyer.koji_ansible, an empty string is nothing said; an empty list or mapping is none wanted."""
        return None if self.params[option] == "" else self.params[option]

    def _create_steps(self, name: str, values: Values) -> list[Step]:
        about = {"tag": name}
        given = {key: value for key, value in values.items() if value is not None}
        # Only a change finds a permission by its name; createTag would hand the name to the database as a number.
        perm = given.pop("perm", None)
        steps = [Step(f"create tag {name}", call("createTag", name, about=about, **given))]
        if perm is not None:
            steps.append(
                Step(f"set perm from None to {perm!r} of {name}", call("editTag2", name, about=about, perm=perm))
            )
        return steps

    def _edit_steps(self, name: str, found: Values, values: Values) -> list[Step]:
        if isinstance(values.get("perm"), int) and values["perm"] == found["perm_id"]:
            values["perm"] = found["perm"]
        edits = {key: value for key, value in values.items() if found[key] != value}
        if not edits:
            return []
        words = [f"{key} from {found[key]!r} to {value!r}" for key, value in edits.items()]
        gone = sorted(set(found["extra"]) - set(values["extra"])) if "extra" in values else []
        if gone:
            edits["remove_extra"] = gone
        return [Step(f"set {', '.join(words)} of {name}", call("editTag2", name, about={"tag": name}, **edits))]

    def _inheritance(self, name: str, found: Values | None) -> tuple[Values, Values, list[Step]]:
        """All parents, and no others."""
        wanted = self._given("inheritance")
        if wanted is None:
            return {}, {}, []
        links = self.hub.read("getInheritanceData", name, about={"tag": name}) if found else []
        held = {link["name"]: rule_of(link) for link in links}
        rules: dict[str, Values] = {}
        for item in mappings_of(wanted, "inheritance", ("parent", "priority")):
            given = {key: item[key] for key in RULE if item.get(key) is not None}
            if "maxdepth" in given:
                given["maxdepth"] = depth_of(given["maxdepth"])
            rules[item["parent"]] = {**UNLIMITED, **given, "priority": int(item["priority"])}
        steps = []
        if rules != held:
            data = [{"parent_id": self.tag_id(parent), **rule} for parent, rule in rules.items()]
            words = ", ".join(f"{parent} ({rule['priority']})" for parent, rule in rules.items()) or "nothing"
            change = call("setInheritanceData", name, data, clear=True, about={"tag": name})
            steps.append(Step(f"let {name} inherit from {words}", change))
        return {"inheritance": held}, {"inheritance": rules}, steps

    def _external_repos(self, name: str, found: Values | None) -> tuple[Values, Values, list[Step]]:
        """All external repositories, and no others; of each, what is not given is left as it is."""
        wanted = self._given("external_repos")
        if wanted is None:
            return {}, {}, []
        keys = ("priority", "merge_mode", "arches")
        rows = self.hub.read("getTagExternalRepos", name, about={"tag": name}) if found else []
        held = {row["external_repo_name"]: {key: row[key] for key in keys} for row in rows}
        after: dict[str, Values] = {}
        for item in mappings_of(wanted, "external_repos", ("repo", "priority")):
            given = {key: item[key] for key in keys if item.get(key) is not None}
            after[item["repo"]] = {**held.get(item["repo"], {"merge_mode": "koji", "arches": None}), **given}
        steps = _external_repo_steps(name, held, after)
        return {"external_repos": held}, {"external_repos": after}, steps

    def _package_list(self, name: str, found: Values | None) -> tuple[Values, Values, list[Step]]:
        """All packages, and all that are blocked; what only one option is about, the other leaves alone."""
        packages, blocked = self._given("packages"), self._given("blocked_packages")
        if packages is None and blocked is None:
            return {}, {}, []
        if blocked is not None and not isinstance(blocked, list):
            raise InvalidInput(f"blocked_packages must be a list, not {blocked!r}.")
        owners = None if packages is None else owners_of(packages)
        about = {"tag": name}
        rows = self.hub.read("listPackages", tagID=name, inherited=True, about=about) if found else []
        held = PackageList(name, rows)
        steps = held.whole(owners, blocked)
        before = held.of([*(owners or ()), *(blocked or ())])
        shown = [option for option in ("packages", "blocked_packages") if self._given(option) is not None]

        def options(state: dict[str, Values]) -> Values:
            listed = {package: row["owner"] for package, row in state.items() if not row["blocked"]}
            lists = {"packages": listed, "blocked_packages": sorted(set(state) - set(listed))}
            return {option: lists[option] for option in shown}

        return options(before), options(foresee(steps, before)), steps

    def _groups(self, name: str, found: Values | None) -> tuple[Values, Values, list[Step]]:
        """All groups of the tag itself and their packages; what is inherited is there anyway, and stays."""
        wanted = self._given("groups")
        if wanted is None:
            return {}, {}, []
        if not isinstance(wanted, dict):
            raise InvalidInput(f"groups must be a mapping of groups to lists of packages, not {wanted!r}.")
        about = {"tag": name}
        rows = self.hub.read("getTagGroups", name, about=about) if found else []
        own_id = found["id"] if found else None
        before: dict[str, list[str]] = {}
        own: dict[str, list[str]] = {}
        steps: list[Step] = []
        for row in rows:
            before[row["name"]] = sorted(one["package"] for one in row["packagelist"])
            own[row["name"]] = sorted(one["package"] for one in row["packagelist"] if one["tag_id"] == own_id)
            if row["tag_id"] == own_id and row["name"] not in wanted:
                # Its packages first: the hub keeps them, and shows them again when the group comes back.
                steps += _member_steps("remove", name, row["name"], own[row["name"]])
                gone = call("groupListRemove", name, row["name"], about=about)
                steps.append(Step(f"remove group {row['name']} from {name}", gone))
        after = {row["name"]: before[row["name"]] for row in rows if row["tag_id"] != own_id}
        for group, members in wanted.items():
            needed, there = members or [], before.get(group, [])
            if group not in before:
                steps.append(Step(f"add group {group} to {name}", call("groupListAdd", name, group, about=about)))
            extra = [one for one in own.get(group, []) if one not in needed]
            steps += _member_steps("remove", name, group, extra)
            steps += _member_steps("add", name, group, [one for one in needed if one not in there])
            after[group] = sorted({*there, *needed} - set(extra))
        return {"groups": before}, {"groups": after}, steps


def _external_repo_steps(name: str, held: t.Mapping[str, Values], after: t.Mapping[str, Values]) -> list[Step]:
    """The hub takes no two of one priority, not even for a moment: one that goes to another's place is added anew."""
    about = {"tag": name}
    places = {held[repo]["priority"]: repo for repo in held if repo in after}
    anew = [repo for repo in after if repo in held and places.get(after[repo]["priority"], repo) != repo]
    steps = [
        Step(f"take external repository {repo} off {name}", call("removeExternalRepoFromTag", name, repo, about=about))
        for repo in held
        if repo not in after or repo in anew
    ]
    for repo, values in after.items():
        if repo in held and repo not in anew and values != held[repo]:
            changed = {key: value for key, value in values.items() if value != held[repo][key]}
            words = ", ".join(f"{key} {value}" for key, value in changed.items())
            edit = call("editTagExternalRepo", name, repo, about=about, **changed)
            steps.append(Step(f"set {words} of external repository {repo} on {name}", edit))
    for repo, values in after.items():
        if repo not in held or repo in anew:
            options = {key: values[key] for key in ("merge_mode", "arches") if values[key] is not None}
            add = call("addExternalRepoToTag", name, repo, values["priority"], about=about, **options)
            steps.append(Step(f"add external repository {repo} to {name}, priority {values['priority']}", add))
    return steps


def _member_steps(verb: str, name: str, group: str, packages: t.Iterable[str]) -> list[Step]:
    method, where = {"add": ("groupPackageListAdd", "to"), "remove": ("groupPackageListRemove", "from")}[verb]
    return [
        Step(f"{verb} {one} {where} group {group} of {name}", call(method, name, group, one, about={"tag": name}))
        for one in packages
    ]
