# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hub's state and its calls, by the names and arguments they have on the wire."""

from __future__ import annotations

import base64
import datetime
import fnmatch
import hashlib
import inspect
import itertools
import pathlib
import re
import time
import typing as t
import xmlrpc.client
import zlib

import koji
import yaml

RECORDING = pathlib.Path(__file__).parents[1] / "recording.yaml"
STATES = {"FREE": 0, "OPEN": 1, "CLOSED": 2, "CANCELED": 3, "ASSIGNED": 4, "FAILED": 5}
BUILD_STATES = ["BUILDING", "COMPLETE", "DELETED", "FAILED", "CANCELED"]
# Calls that change nothing; every other one is a write.
READS = {
    "checkTagPackage", "checkUpload", "downloadTaskOutput", "getAPIVersion", "getBuild", "getBuildLogs",
    "getBuildTarget", "getBuildTargets", "getEvent", "getExternalRepo", "getExternalRepoList", "getFullInheritance",
    "getInheritanceData", "getKojiVersion", "getLastEvent", "getLatestBuilds", "getLatestRPMS", "getLoggedInUser",
    "getPackage", "getPackageConfig", "getPackageID", "getPerms", "getRPM", "getRepo", "getTag",
    "getTagExternalRepos", "getTagGroups", "getTaskDescendents", "getTaskInfo", "getTaskResult", "getUser",
    "listBuildRPMs", "listBuilds", "listPackages", "listRPMs", "listTagged", "listTaggedRPMS", "listTags",
    "listTaskOutput", "login", "logout", "multiCall", "queryHistory", "queryRPMSigs", "repoInfo", "showSession",
    "tagChangedSinceEvent",
}  # fmt: skip
Row = dict[str, t.Any]


def everything_read_in_source() -> list[str]:
    """All calls and faults that the double can give without a recording."""
    with open(RECORDING, encoding="utf-8") as file:
        read = yaml.safe_load(file)["read_in_source"]
    return [*read["calls"], *read["faults"]]


class NotRecorded(Exception):
    """Something that the recording does not say."""


class User(t.NamedTuple):
    id: int
    name: str
    password: str
    permissions: set[str]


class Recipe(t.NamedTuple):
    """What comes of a source that is built.

    :param seconds: of the hub's time that it takes.
    :param rpms: name and architecture of the RPMs beside the source RPM.
    :param requires: builds that the build tag's repository must show when it begins.
    :param fails: how often it does first.
    """

    nvr: str
    seconds: float = 0.0
    rpms: tuple[tuple[str, str], ...] = ()
    requires: tuple[str, ...] = ()
    fails: int = 0


def when(ts: float) -> str:
    """A time as the hub writes it."""
    return datetime.datetime.fromtimestamp(ts, datetime.timezone.utc).isoformat(" ", "microseconds")


class Hub:
    """A hub with the users kojiadmin (permission admin) and alice (none), whose password is their name.

    :param read_in_source: calls and faults that are given though they were not recorded, but read in the hub's source.
    :param task_delay: requests until a queued task is worked on; None: nobody works on tasks.
    """

    def __init__(self, read_in_source: t.Iterable[str] = (), task_delay: int | None = 2) -> None:
        with open(RECORDING, encoding="utf-8") as file:
            self.recording = yaml.safe_load(file)
        self.read_in_source, self.task_delay = set(read_in_source), task_delay
        self.raised: set[str] = set()
        self.policies: dict[str, str] = {"no-tagging-here": "policy says no", "*-locked-by-policy": ""}
        self.now = 1795248639.0
        self.event = 0
        self.events: list[float] = [self.now]
        self.counters: dict[str, t.Iterator[int]] = {}
        self.users: dict[str, User] = {}
        self.sessions: dict[int, Row] = {}
        self.tags: dict[int, Row] = {}
        self.inheritance: dict[int, list[Row]] = {}
        self.packages: dict[str, int] = {}
        self.listings: dict[int, list[Row]] = {}  # rows of tag_packages by tag
        self.listed: dict[int, dict[str, Row]] = {}  # the active ones by tag and package
        self.builds: dict[int, Row] = {}
        self.nvrs: dict[str, int] = {}
        self.rpms: list[Row] = []
        self.taggings: dict[int, list[Row]] = {}  # rows of tag_listing by tag
        self.tagged: dict[int, dict[int, Row]] = {}  # the active ones by tag and build
        self.changes: dict[int, int] = {}  # last event that changed a tag
        self.targets: dict[str, Row] = {}
        self.repos: dict[str, Row] = {}
        self.tag_repos: dict[int, list[Row]] = {}
        self.groups: dict[int, set[str]] = {}
        self.group_packages: dict[int, dict[str, list[str]]] = {}  # they outlive their group
        self.tasks: dict[int, Row] = {}
        self.build_logs: dict[int, list[tuple[str, str]]] = {}  # folder and name of those that are kept of a build
        self.uploads: dict[tuple[str, str], bytes] = {}
        self.imported: set[tuple[str, str]] = set()
        self.yum_repos: list[Row] = []
        self.signatures: dict[int, dict[str, bytes]] = {}  # signature headers by RPM and key
        self.written: set[tuple[int, str]] = set()  # signed copies
        self.topdir: pathlib.Path | None = None  # where files lie, for tests that serve them
        self.recipes: dict[str, Recipe] = {}
        self.builders: int | None = None
        self.regenerates: dict[str, float] = {}  # seconds of a new repository, by tags that get one after each change
        self.speed: float | None = None
        self.began = (self.now, time.monotonic())
        for name, permissions in (("kojiadmin", {"admin"}), ("alice", set())):
            self.add_user(name, permissions)

    # Seeding, for tests: what a person did long before.

    def add_user(self, name: str, permissions: t.Iterable[str] = ()) -> None:
        self.users[name] = User(self.next_id("user"), name, name, set(permissions))

    def seed_tag(self, name: str, parents: t.Sequence[str] = (), **values: t.Any) -> int:
        tag = self.make_tag(name, **values)
        for priority, parent in enumerate(parents):
            self.link(tag, self.tag(parent)["id"], priority)
        return tag

    def seed_build(self, nvr: str, state: int = 1, epoch: int | None = None) -> int:
        name, version, release = nvr.rsplit("-", 2)
        return self.make_build(name, version, release, epoch, self.users["kojiadmin"], state)

    def seed_packages(self, tag: str, packages: t.Iterable[str], owner: str = "alice", blocked: bool = False) -> None:
        tag_id = self.tag(tag)["id"]
        for package in packages:
            self.list_package(tag_id, package, self.users[owner], blocked, None, self.users["kojiadmin"])

    def seed_tagging(self, tag: str, *nvrs: str) -> None:
        """Tag ``nvrs``, the last one newest; builds and packages that are not there yet are made."""
        tag_id = self.tag(tag)["id"]
        for nvr in nvrs:
            build = self.nvrs.get(nvr) or self.seed_build(nvr)
            if self.package_config(tag_id, self.builds[build]["name"]) is None:
                self.seed_packages(tag, [self.builds[build]["name"]])
            self.add_tagging(tag_id, build, self.users["kojiadmin"])

    def seed_rpm(self, nvr: str, arch: str, name: str | None = None, size: int = 0) -> None:
        """An RPM of a build; ``name``: of a subpackage."""
        build = self.builds[self.nvrs[nvr]]
        self.add_rpm(build, name or build["name"], arch, size, 0)

    def builds_of(self, tag: str, package: str | None = None) -> list[str]:
        """NVRs in ``tag``, newest tagging first, hidden ones included."""
        rows = sorted(self.tagged[self.tag(tag)["id"]].values(), key=lambda row: -row["create_event"])
        return [self.builds[row["build_id"]]["nvr"] for row in rows
                if package in (None, self.builds[row["build_id"]]["name"])]  # fmt: skip

    # The machinery

    def next_id(self, kind: str) -> int:
        return next(self.counters.setdefault(kind, itertools.count(1)))

    def fault(self, which: str, **values: t.Any) -> xmlrpc.client.Fault:
        recorded = self.recording["faults"].get(which)
        if recorded is None:
            if which not in self.read_in_source:
                raise NotRecorded(f"the fault {which}, which was only read in the hub's source")
            recorded = self.recording["read_in_source"]["faults"][which]
        self.raised.add(which)
        return xmlrpc.client.Fault(recorded["code"], recorded["text"].format(**values))

    def answer(self, shape: str, values: Row) -> Row:
        """``values``, if they are exactly what was recorded of this answer."""
        keys = self.recording["answers"][shape]
        if values.keys() != set(keys):
            raise NotRecorded(f"{shape}: {sorted(values.keys() ^ set(keys))}")
        return values

    def pick(self, shape: str, values: Row) -> Row:
        """The recorded keys of this answer out of ``values``."""
        return {key: values[key] for key in self.recording["answers"][shape]}

    def new_event(self, *tags: int) -> int:
        self.event += 1
        self.tick()
        self.events.append(self.now)
        for tag in tags:
            self.changes[tag] = self.event
        return self.event

    def dispatch(self, method: str, params: t.Sequence[t.Any], user: User | None) -> t.Any:
        """One call; keyword arguments are the last struct, marked by ``__starstar``."""
        args = list(params)
        kwargs: Row = {}
        if args and isinstance(args[-1], dict) and args[-1].pop("__starstar", False):
            kwargs = args.pop()
        handler = getattr(self, "do_" + method.replace(".", "_"), None)
        if handler is None:
            if method in ("noSuchMethod", "tagHistory", "listTagOperations"):
                raise self.fault("invalid-method", method=method)
            raise NotRecorded(f"the call {method}")
        if method in self.recording["read_in_source"]["calls"] and method not in self.read_in_source:
            raise NotRecorded(f"the call {method}, which was only read in the hub's source")
        try:
            inspect.signature(handler).bind(user, *args, **kwargs)
        except TypeError as error:
            raise self.argument_error(method, str(error)) from None
        return handler(user, *args, **kwargs)

    def argument_error(self, method: str, text: str) -> Exception:
        # The hub names its function, not the call; only getTag's is recorded.
        recorded = {
            "missing a required argument: 'tagInfo'": "get_tag() missing 1 required positional argument: 'tagInfo'",
            "got an unexpected keyword argument 'bogus'": "get_tag() got an unexpected keyword argument 'bogus'",
        }
        if method != "getTag" or text not in recorded:
            return NotRecorded(f"{method}: {text}")
        return self.fault("parameter", text=recorded[text])

    def need(self, user: User | None, *permissions: str) -> User:
        """``user``, if it has one of ``permissions``, or admin."""
        if user and user.permissions & {"admin", *permissions}:
            return user
        if user is None:
            raise self.fault("permission-anonymous", permission=permissions[0])
        raise self.fault("permission", permission=permissions[0], user=user.name)

    def need_login(self, user: User | None) -> User:
        if user is None:
            raise self.fault("not-logged-in")
        return user

    def check_policy(self, policy: str, user: User, tag: str) -> None:
        if "admin" in user.permissions:
            return
        if policy == "package_list":
            raise self.fault("policy", policy=policy)
        for pattern, message in self.policies.items():
            if fnmatch.fnmatch(tag, pattern):
                if message:
                    raise self.fault("policy-says", policy=policy, message=message)
                raise self.fault("policy", policy=policy)

    # Sessions

    def do_getAPIVersion(self, user):
        return 1

    def do_getKojiVersion(self, user):
        return self.recording["recorded"]["hub"]

    def do_showSession(self, user):
        if user:
            raise NotRecorded("showSession when logged in")
        return "session: not logged in (no session header or session args)"

    def do_login(self, user, name, password, opts=None, renew=False, exclusive=False):
        found = self.users.get(name)
        if found is None or found.password != password:
            raise self.fault("bad-login")
        number = self.next_id("session")
        key = f"{number}-{zlib.crc32(str(number).encode()):08x}"
        self.sessions[number] = {"user": name, "key": key, "expired": False, "exclusive": False, "callnum": None}
        return self.answer("login", {"session-id": number, "session-key": key, "header-auth": True})

    def do_logout(self, user, session_id=None):
        return None

    def do_logoutChild(self, user, session_id):
        return None

    def do_getLoggedInUser(self, user):
        if user is None:
            return None
        return self.answer(
            "getLoggedInUser",
            {"authtype": 0, "id": user.id, "krb_principal": None, "krb_principals": [], "name": user.name, "status": 0}
            | {"usertype": 0},
        )

    def do_getPerms(self, user):
        return sorted(self.need_login(user).permissions)

    def do_getUser(self, user, userInfo=None, strict=False):
        found = self.users.get(userInfo)
        if found is None:
            if strict:
                raise self.fault("no-user", user=userInfo)
            return None
        return self.answer(
            "getUser", {"id": found.id, "krb_principals": [], "name": found.name, "status": 0, "usertype": 0}
        )

    def do_createUser(self, user, username):
        self.need(user, "admin")
        if username in self.users:
            raise self.fault("user-exists", user=username)
        raise NotRecorded("createUser of a new user")

    def do_grantPermission(self, user, userinfo, permission):
        self.need(user, "admin")
        self.users[userinfo].permissions.add(permission)

    # Events

    def do_getLastEvent(self, user):
        return self.answer("getEvent", {"id": self.event, "ts": self.events[self.event]})

    def do_getEvent(self, user, id):
        return self.answer("getEvent", {"id": id, "ts": self.events[id]})

    def do_tagChangedSinceEvent(self, user, event, taglist):
        return any(self.changes.get(tag, 0) > event for tag in taglist)

    # Tags

    def find_tag(self, info: t.Any) -> Row | None:
        if isinstance(info, int):
            return self.tags.get(info)
        return next((tag for tag in self.tags.values() if tag["name"] == info), None)

    def tag(self, info: t.Any) -> Row:
        found = self.find_tag(info)
        if found is None:
            raise self.fault("no-tag", tag=info)
        return found

    def make_tag(self, name, arches=None, perm=None, locked=False, extra=None):
        tag_id = self.next_id("tag")
        self.tags[tag_id] = {
            "arches": arches or "", "extra": extra or {}, "id": tag_id, "locked": locked, "maven_include_all": False,
            "maven_support": False, "name": name, "perm": perm, "perm_id": {None: None}.get(perm, 3),
        }  # fmt: skip
        for table in (self.inheritance, self.listings, self.taggings, self.tag_repos):
            table[tag_id] = []
        for table in (self.listed, self.tagged, self.group_packages):
            table[tag_id] = {}
        self.groups[tag_id] = set()
        self.new_event(tag_id)
        return tag_id

    def check_arches(self, arches: str | None) -> None:
        if arches and not all(re.fullmatch(r"[a-zA-Z0-9_-]+", arch) for arch in arches.split()):
            raise self.fault("bad-arch")

    def do_createTag(
        self, user, name, parent=None, arches=None, perm=None, locked=False, maven_support=False,
        maven_include_all=False, extra=None
    ):  # fmt: skip
        self.need(user, "tag")
        if not re.fullmatch(r"[A-Za-z0-9/_.+-]+", name):
            raise self.fault("bad-name", name=name)
        if self.find_tag(name):
            raise self.fault("tag-exists", tag=name)
        if isinstance(perm, str):
            raise NotRecorded("createTag with a permission's name: the hub gives it to the database as a number")
        self.check_arches(arches)
        above = None
        if parent:
            above = self.find_tag(parent)
            if above is None:
                raise self.fault("no-parent", tag=parent)
        tag_id = self.make_tag(name, arches, perm, locked, extra)
        self.tags[tag_id].update(maven_support=maven_support, maven_include_all=maven_include_all)
        if above:
            self.link(tag_id, above["id"], 0)
        return tag_id

    def do_editTag2(self, user, tagInfo, **kwargs):
        self.need(user, "tag")
        tag = self.tag(tagInfo)
        if "arches" in kwargs:
            self.check_arches(kwargs["arches"])
        for key, value in kwargs.items():
            if key == "extra":
                tag["extra"] = {**tag["extra"], **value}
            elif key == "remove_extra":
                tag["extra"] = {name: one for name, one in tag["extra"].items() if name not in value}
            elif key == "perm":
                tag.update(perm=value, perm_id=None if value is None else 3)
            elif key in ("arches", "locked", "maven_support", "maven_include_all"):
                tag[key] = value
            else:
                raise NotRecorded(f"editTag2 with {key}")
        self.new_event(tag["id"])

    def do_deleteTag(self, user, tagInfo):
        self.need(user, "tag")
        tag = self.tag(tagInfo)
        del self.tags[tag["id"]]
        for table in (self.listed, self.tagged, self.inheritance):
            table[tag["id"]] = type(table[tag["id"]])()
        self.new_event(tag["id"])

    def do_getTag(self, user, tagInfo, strict=False, event=None, blocked=False):
        tag = self.find_tag(tagInfo)
        if tag is None:
            if strict:
                raise self.fault("no-tag", tag=tagInfo)
            return None
        return self.answer("getTag", dict(tag))

    def do_listTags(self, user, build=None, package=None, perms=True, queryOpts=None, pattern=None):
        if package is not None or queryOpts:
            raise NotRecorded("listTags of a package")
        tags = list(self.tags.values())
        if build is not None:
            found = self.build(build)["id"]
            tags = [tag for tag in tags if found in self.tagged[tag["id"]]]
        if pattern is not None:
            tags = [tag for tag in tags if fnmatch.fnmatch(tag["name"], pattern)]
        return [self.pick("listTags", tag) for tag in tags]

    # Inheritance

    def link(self, child: int, parent: int, priority: int, **values: t.Any) -> None:
        rule = {"child_id": child, "intransitive": False, "maxdepth": None, "noconfig": False, "parent_id": parent}
        rule.update({"pkg_filter": "", "priority": priority, **values})
        rules = [one for one in self.inheritance[child] if one["parent_id"] != parent]
        self.inheritance[child] = sorted([*rules, rule], key=lambda one: one["priority"])
        self.new_event(child)

    def do_getInheritanceData(self, user, tag, event=None):
        return [
            self.answer("getInheritanceData", {**rule, "name": self.tags[rule["parent_id"]]["name"]})
            for rule in self.inheritance[self.tag(tag)["id"]]
        ]

    def do_setInheritanceData(self, user, tag, data, clear=False):
        self.need(user, "tag")
        child = self.tag(tag)["id"]
        links = {} if clear else {rule["parent_id"]: rule for rule in self.inheritance[child]}
        for given in data:
            if given.get("delete link"):
                links.pop(given["parent_id"], None)
                continue
            for key in ("parent_id", "priority", "maxdepth", "intransitive", "noconfig", "pkg_filter"):
                if key not in given:
                    raise self.fault("no-maxdepth", key=key)
            links[given["parent_id"]] = given
        for priority in {rule["priority"] for rule in links.values()}:
            parents = sorted(parent for parent, rule in links.items() if rule["priority"] == priority)
            if len(parents) > 1:
                names = ", ".join(map(str, parents))
                raise self.fault("same-priority", parents=f"[{names}]", priority=priority, child=child)
        self.inheritance[child] = []
        names = ("maxdepth", "intransitive", "noconfig", "pkg_filter")
        for parent, rule in links.items():
            self.link(child, parent, rule["priority"], **{name: rule[name] for name in names})
        self.new_event(child)

    def ancestors(self, tag_id: int, depth: int = 1, seen: frozenset[int] = frozenset()) -> t.Iterator[Row]:
        for rule in self.inheritance[tag_id]:
            parent = rule["parent_id"]
            if parent in seen or (depth > 1 and rule["intransitive"]):
                continue
            pattern = [rule["pkg_filter"]] if rule["pkg_filter"] else []
            yield {**rule, "name": self.tags[parent]["name"], "currdepth": depth, "nextdepth": None, "filter": pattern}
            if rule["maxdepth"] != 0:
                yield from self.ancestors(parent, depth + 1, seen | {tag_id, parent})

    def line(self, tag_id: int) -> list[int]:
        """A tag and all it inherits from, nearest first."""
        return list(dict.fromkeys([tag_id, *(rule["parent_id"] for rule in self.ancestors(tag_id))]))

    def do_getFullInheritance(self, user, tag, event=None, reverse=False):
        return [self.answer("getFullInheritance", rule) for rule in self.ancestors(self.tag(tag)["id"])]

    # Targets

    def do_createBuildTarget(self, user, name, build_tag, dest_tag):
        self.need(user, "target")
        if name in self.targets:
            raise self.fault("target-exists", target=name)
        self.set_target(name, build_tag, dest_tag, self.next_id("target"))

    def set_target(self, name, build_tag, dest_tag, number):
        build, dest = self.find_tag(build_tag), self.find_tag(dest_tag)
        if build is None:
            raise self.fault("no-build-tag", tag=build_tag)
        if dest is None:
            raise self.fault("no-dest-tag", tag=dest_tag)
        self.targets[name] = {"build_tag": build["id"], "build_tag_name": build["name"], "dest_tag": dest["id"],
                              "dest_tag_name": dest["name"], "id": number, "name": name}  # fmt: skip
        self.new_event()

    def target(self, info: t.Any) -> Row:
        found = next((one for one in self.targets.values() if info in (one["id"], one["name"])), None)
        if found is None:
            raise self.fault("no-target", target=info)
        return found

    def do_editBuildTarget(self, user, buildTargetInfo, name, build_tag, dest_tag):
        self.need(user, "target")
        old = self.target(buildTargetInfo)
        del self.targets[old["name"]]
        self.set_target(name, build_tag, dest_tag, old["id"])

    def do_deleteBuildTarget(self, user, buildTargetInfo):
        self.need(user, "target")
        del self.targets[self.target(buildTargetInfo)["name"]]
        self.new_event()

    def do_getBuildTarget(self, user, info, event=None, strict=False):
        if info not in self.targets:
            if strict:
                raise self.fault("no-target", target=info)
            return None
        return self.answer("getBuildTarget", dict(self.targets[info]))

    def do_getBuildTargets(self, user):
        return [self.answer("getBuildTarget", dict(target)) for target in self.targets.values()]

    # External repositories

    def do_createExternalRepo(self, user, name, url):
        self.need(user, "admin")
        if name in self.repos:
            raise self.fault("repo-exists", repo=name)
        self.repos[name] = {"id": self.next_id("repo"), "name": name, "url": url.rstrip("/") + "/"}
        self.new_event()
        return self.answer("getExternalRepo", dict(self.repos[name]))

    def repo(self, info: t.Any) -> Row:
        found = next((one for one in self.repos.values() if info in (one["id"], one["name"])), None)
        if found is None:
            raise self.fault("no-repo", repo=info)
        return found

    def do_editExternalRepo(self, user, info, name=None, url=None):
        self.need(user, "admin")
        self.repo(info).update({} if url is None else {"url": url.rstrip("/") + "/"})
        self.new_event()

    def do_deleteExternalRepo(self, user, info):
        self.need(user, "admin")
        name = self.repo(info)["name"]
        del self.repos[name]
        for tag in self.tag_repos:
            self.tag_repos[tag] = [one for one in self.tag_repos[tag] if one["name"] != name]
        self.new_event()

    def do_getExternalRepo(self, user, info, strict=False, event=None):
        found = next((one for one in self.repos.values() if info in (one["id"], one["name"])), None)
        if found is None:
            if strict:
                raise self.fault("no-repo", repo=info)
            return None
        return self.answer("getExternalRepo", dict(found))

    def do_addExternalRepoToTag(self, user, tag_info, repo_info, priority, merge_mode="koji", arches=None):
        self.need(user, "tag")
        tag, repo = self.tag(tag_info), self.repo(repo_info)
        if any(one["name"] == repo["name"] for one in self.tag_repos[tag["id"]]):
            raise self.fault("repo-on-tag", tag=tag["name"], repo=repo["name"])
        if any(one["priority"] == priority for one in self.tag_repos[tag["id"]]):
            raise self.fault("repo-priority", tag=tag["name"], priority=priority)
        row = {"name": repo["name"], "priority": priority, "merge_mode": merge_mode, "arches": arches}
        self.tag_repos[tag["id"]].append(row)
        self.tag_repos[tag["id"]].sort(key=lambda one: one["priority"])
        self.new_event(tag["id"])

    def do_editTagExternalRepo(self, user, tag_info, repo_info, priority=None, merge_mode=None, arches=None):
        self.need(user, "tag")
        tag, repo = self.tag(tag_info), self.repo(repo_info)
        row = self.repo_on_tag(tag, repo)
        given = {"priority": priority, "merge_mode": merge_mode, "arches": arches}
        changed = {key: value for key, value in given.items() if value not in (None, row[key])}
        if not changed:
            return False
        self.do_removeExternalRepoFromTag(user, tag_info, repo_info)
        values = {key: changed.get(key, row[key]) for key in given}
        self.do_addExternalRepoToTag(user, tag_info, repo_info, **values)
        return True

    def repo_on_tag(self, tag: Row, repo: Row) -> Row:
        found = [one for one in self.tag_repos[tag["id"]] if one["name"] == repo["name"]]
        if not found:
            raise self.fault("repo-not-on-tag", repo=repo["name"], tag=tag["name"])
        return found[0]

    def do_removeExternalRepoFromTag(self, user, tag_info, repo_info):
        self.need(user, "tag")
        tag, repo = self.tag(tag_info), self.repo(repo_info)
        self.tag_repos[tag["id"]].remove(self.repo_on_tag(tag, repo))
        self.new_event(tag["id"])

    def do_getTagExternalRepos(self, user, tag_info=None, repo_info=None, event=None):
        tag = self.tag(tag_info)
        return [
            self.answer(
                "getTagExternalRepos",
                {"arches": row["arches"], "external_repo_id": self.repos[row["name"]]["id"]}
                | {"external_repo_name": row["name"], "merge_mode": row["merge_mode"], "priority": row["priority"]}
                | {"tag_id": tag["id"], "tag_name": tag["name"], "url": self.repos[row["name"]]["url"]},
            )
            for row in self.tag_repos[tag["id"]]
        ]

    def do_getExternalRepoList(self, user, tag_info, event=None):
        return [row for tag in self.line(self.tag(tag_info)["id"]) for row in self.do_getTagExternalRepos(user, tag)]

    # Groups: read in the source

    def merged_groups(self, tag_id: int) -> dict[str, Row]:
        """The groups of a tag and of those it inherits from, the nearest first, each with its packages likewise."""
        merged: dict[str, Row] = {}
        for one in self.line(tag_id):
            for name in sorted(self.groups[one]):
                merged.setdefault(name, {"tag_id": one, "packages": {}})
        for one in self.line(tag_id):
            for name, packages in self.group_packages[one].items():
                for package in packages if name in merged else ():
                    merged[name]["packages"].setdefault(package, one)
        return merged

    def do_getTagGroups(self, user, tag, event=None, inherit=True, incl_pkgs=True, incl_reqs=True, incl_blocked=False):
        if event or not inherit or incl_blocked:
            raise NotRecorded("getTagGroups other than of now, with what is inherited and is not blocked")
        defaults = {"biarchonly": False, "blocked": False, "description": None, "exported": True, "is_default": None}
        defaults |= {"grouplist": [], "langonly": None, "uservisible": True}
        member = {"basearchonly": None, "blocked": False, "requires": None, "type": "mandatory"}
        return [
            {**defaults, "name": name, "display_name": name, "group_id": self.group_id(name), "tag_id": group["tag_id"]}
            | {
                "packagelist": [
                    {**member, "package": package, "tag_id": one, "group_id": self.group_id(name)}
                    for package, one in group["packages"].items()
                ]
            }
            for name, group in self.merged_groups(self.tag(tag)["id"]).items()
        ]

    def group_id(self, name: str) -> int:
        return zlib.crc32(name.encode()) & 0xFFFF

    def do_groupListAdd(self, user, taginfo, grpinfo, block=False, force=False):
        self.need(user, "tag")
        tag_id = self.tag(taginfo)["id"]
        if grpinfo not in self.merged_groups(tag_id):
            self.groups[tag_id].add(grpinfo)
            self.new_event(tag_id)

    def do_groupListRemove(self, user, taginfo, grpinfo, force=False):
        self.need(user, "tag")
        tag = self.tag(taginfo)
        if grpinfo not in self.groups[tag["id"]]:
            raise self.fault("no-group", group=grpinfo, tag=tag["name"])
        self.groups[tag["id"]].remove(grpinfo)
        self.new_event(tag["id"])

    def do_groupPackageListAdd(self, user, taginfo, grpinfo, pkg_name, block=False, force=False):
        self.need(user, "tag")
        tag = self.tag(taginfo)
        merged = self.merged_groups(tag["id"])
        if grpinfo not in merged:
            raise self.fault("no-group-in-tag", group=grpinfo, tag=tag["name"])
        if pkg_name not in merged[grpinfo]["packages"]:
            self.group_packages[tag["id"]].setdefault(grpinfo, []).append(pkg_name)
            self.new_event(tag["id"])

    def do_groupPackageListRemove(self, user, taginfo, grpinfo, pkg_name):
        self.need(user, "tag")
        tag_id = self.tag(taginfo)["id"]
        packages = self.group_packages[tag_id].get(grpinfo, [])
        if pkg_name in packages:
            packages.remove(pkg_name)
            self.new_event(tag_id)

    # Package lists

    def list_package(self, tag_id, package, owner, blocked, extra_arches, creator):
        self.packages.setdefault(package, 0) or self.packages.update({package: self.next_id("package")})
        self.unlist_package(tag_id, package, creator)
        row = {"package": package, "owner": owner, "blocked": blocked, "extra_arches": extra_arches}
        row.update(create_event=self.new_event(tag_id), creator=creator, revoke_event=None, revoker=None)
        self.listings[tag_id].append(row)
        self.listed[tag_id][package] = row

    def unlist_package(self, tag_id, package, user):
        row = self.listed[tag_id].pop(package, None)
        if row:
            row.update(revoke_event=self.new_event(tag_id), revoker=user)

    def package_config(self, tag_id: int, package: str) -> tuple[int, Row] | None:
        """The tag in the line that lists a package first, and its row."""
        for tag in self.line(tag_id):
            if package in self.listed[tag]:
                return tag, self.listed[tag][package]
        return None

    def package_row(self, tag_id: int, row: Row) -> Row:
        return self.answer(
            "listPackages",
            {"blocked": row["blocked"], "extra_arches": row["extra_arches"], "owner_id": row["owner"].id}
            | {"owner_name": row["owner"].name, "package_id": self.packages[row["package"]]}
            | {"package_name": row["package"], "tag_id": tag_id, "tag_name": self.tags[tag_id]["name"]},
        )

    def known_package(self, package: str) -> str:
        if package not in self.packages:
            raise self.fault("no-entry", table="package", name=package)
        return package

    def do_packageListAdd(
        self, user, taginfo, pkginfo, owner=None, block=None, extra_arches=None, force=False, update=False
    ):
        self.need_login(user)
        tag = self.tag(taginfo)
        self.check_policy("package_list", user, tag["name"])
        if block is not None or force or update:
            raise NotRecorded("packageListAdd with block, force or update")
        if owner is None:
            raise self.fault("no-owner")
        if owner not in self.users:
            raise self.fault("no-user", user=owner)
        found = self.package_config(tag["id"], pkginfo)
        if found is None:
            self.list_package(tag["id"], pkginfo, self.users[owner], False, extra_arches, user)
        elif extra_arches not in (None, found[1]["extra_arches"]):
            raise NotRecorded("packageListAdd that changes the architectures")
        else:
            self.change_owner(tag["id"], pkginfo, self.users[owner])

    def change_owner(self, tag_id: int, package: str, owner: User) -> None:
        """An entry of the tag itself has another owner; where it is inherited, nobody sees a difference."""
        row = self.listed[tag_id].get(package)
        if row and row["owner"] is not owner:
            row["owner"] = owner
            self.new_event(tag_id)

    def do_packageListBlock(self, user, taginfo, pkginfo, force=False):
        self.need_login(user)
        tag = self.tag(taginfo)
        self.check_policy("package_list", user, tag["name"])
        found = self.package_config(tag["id"], self.known_package(pkginfo))
        if found is None:
            raise self.fault("not-in-listing", package=pkginfo, tag=tag["name"])
        if not found[1]["blocked"]:
            self.list_package(tag["id"], pkginfo, found[1]["owner"], True, found[1]["extra_arches"], user)

    def do_packageListUnblock(self, user, taginfo, pkginfo, force=False):
        self.need_login(user)
        tag = self.tag(taginfo)
        self.check_policy("package_list", user, tag["name"])
        found = self.package_config(tag["id"], self.known_package(pkginfo))
        if found is None:
            raise NotRecorded("packageListUnblock of a package that is not listed")
        if not found[1]["blocked"]:
            raise self.fault("not-blocked", package=pkginfo, tag=tag["name"])
        row = found[1]
        self.unlist_package(tag["id"], pkginfo, user)
        after = self.package_config(tag["id"], pkginfo)
        if after is None or after[1]["blocked"]:
            self.list_package(tag["id"], pkginfo, row["owner"], False, row["extra_arches"], user)

    def do_packageListRemove(self, user, taginfo, pkginfo, force=False):
        self.need_login(user)
        tag = self.tag(taginfo)
        self.check_policy("package_list", user, tag["name"])
        self.unlist_package(tag["id"], self.known_package(pkginfo), user)

    def do_packageListSetOwner(self, user, taginfo, pkginfo, owner, force=False):
        self.need_login(user)
        tag = self.tag(taginfo)
        self.check_policy("package_list", user, tag["name"])
        if owner not in self.users:
            raise self.fault("no-user", user=owner)
        if self.package_config(tag["id"], self.known_package(pkginfo)) is None:
            raise NotRecorded("packageListSetOwner of a package that is not listed")
        self.change_owner(tag["id"], pkginfo, self.users[owner])

    def do_listPackages(self, user, tagID=None, userID=None, pkgID=None, inherited=False):
        if tagID is None or userID is not None or pkgID is not None:
            raise NotRecorded("listPackages without a tag")
        tag = self.find_tag(tagID)
        if tag is None:
            raise self.fault("no-entry", table="tag", name=tagID)
        found: dict[str, Row] = {}
        for tag_id in self.line(tag["id"]) if inherited else [tag["id"]]:
            for package, row in self.listed[tag_id].items():
                if package not in found:
                    found[package] = self.package_row(tag_id, row)
        return list(found.values())

    def do_getPackageConfig(self, user, tag, pkg, event=None):
        found = self.package_config(self.tag(tag)["id"], pkg)
        return self.package_row(*found) if found else None

    def do_checkTagPackage(self, user, tag, pkg):
        found = self.package_config(self.tag(tag)["id"], pkg)
        return bool(found) and not found[1]["blocked"]

    def do_getPackage(self, user, info, strict=False):
        if info not in self.packages:
            if strict:
                raise self.fault("no-entry", table="package", name=info)
            return None
        return self.answer("getPackage", {"id": self.packages[info], "name": info})

    def do_getPackageID(self, user, name):
        return self.packages.get(name)

    # Builds and RPMs

    def make_build(self, name, version, release, epoch, owner, state=1):
        if name not in self.packages:
            self.packages[name] = self.next_id("package")
        number = self.next_id("build")
        start = self.now
        event = self.new_event()
        nvr = f"{name}-{version}-{release}"
        self.builds[number] = {
            "build_id": number, "cg_id": None, "cg_name": None, "completion_time": when(start), "completion_ts": start,
            "creation_event_id": event, "creation_time": when(self.now), "creation_ts": self.now, "draft": False,
            "epoch": epoch, "extra": None, "id": number, "name": name, "nvr": nvr, "owner_id": owner.id,
            "owner_name": owner.name, "package_id": self.packages[name], "package_name": name, "promoter_id": None,
            "promoter_name": None, "promotion_time": None, "promotion_ts": None, "release": release, "source": None,
            "start_time": when(start), "start_ts": start, "state": state, "task_id": None, "version": version,
            "volume_id": 0, "volume_name": "DEFAULT",
        }  # fmt: skip
        self.nvrs[nvr] = number
        return number

    def find_build(self, info: t.Any) -> Row | None:
        if isinstance(info, dict):
            info = "{name}-{version}-{release}".format(**info)
        if isinstance(info, int):
            return self.builds.get(info)
        if info.count("-") < 2:
            raise self.fault("bad-format", build=info)
        return self.builds.get(self.nvrs.get(info, 0))

    def build(self, info: t.Any) -> Row:
        found = self.find_build(info)
        if found is None:
            raise self.fault("no-build", build=info)
        return found

    def do_getBuild(self, user, buildInfo, strict=False):
        found = self.build(buildInfo) if strict else self.find_build(buildInfo)
        return None if found is None else self.answer("getBuild", dict(found))

    def do_createEmptyBuild(self, user, name, version, release, epoch, owner=None):
        self.need(user, "admin")
        return self.make_build(name, version, release, epoch, user)

    def do_deleteBuild(self, user, build, strict=True):
        self.need(user, "admin")
        found = self.build(build)
        tags = [{"name": self.tags[tag]["name"], "tag_id": tag} for tag, rows in self.tagged.items()
                if found["id"] in rows]  # fmt: skip
        if tags:
            raise self.fault("build-tagged", tags=tags)
        found["state"] = BUILD_STATES.index("DELETED")
        return True

    def do_listBuilds(self, user, packageID=None):
        return [self.pick("listBuilds", build) for build in self.builds.values() if build["name"] == packageID]

    def raw_upload(self, user, query: dict[str, str], body: bytes) -> Row:
        if user is None:
            raise NotRecorded("an upload without login")
        place = query["filepath"], query["filename"]
        if place in self.imported:
            raise self.fault("symlink", path=f"<topdir>/work/{'/'.join(place)}")
        offset = int(query["offset"])
        self.uploads[place] = (self.uploads.get(place, b"") if offset else b"")[:offset] + body
        digest = f"{zlib.adler32(body):08x}"
        return self.answer(
            "rawUpload",
            {"size": len(body), "fileverify": query["fileverify"], "offset": offset, "hexdigest": digest},
        )

    def do_checkUpload(self, user, path, name, verify=None):
        body = self.uploads.get((path, name))
        return None if body is None else self.answer("checkUpload", {"size": len(body), "mtime": self.now})

    def do_importRPM(self, user, path, basename):
        self.need(user, "admin")
        body = self.uploads[path, basename]
        nvr, arch, _rpm = basename.rsplit(".", 2)
        name, version, release = nvr.rsplit("-", 2)
        parts = {"name": name, "version": version, "release": release, "arch": arch}
        if any(all(rpm[key] == value for key, value in parts.items()) for rpm in self.rpms):
            raise self.fault("duplicate-rpm", **parts)
        self.imported.add((path, basename))
        source = arch == "src"
        if nvr not in self.nvrs:
            if not source:
                raise NotRecorded("importing an RPM before its source RPM")
            self.make_build(name, version, release, None, user)
        build = self.builds[self.nvrs[nvr]]
        rpm = self.add_rpm(build, name, arch, len(body), zlib.crc32(body))
        self.keep_file(build, rpm, body)
        common = {key: rpm[key] for key in self.recording["answers"]["importRPM"] if key in rpm}
        source_rpm = None if source else f"{nvr}.src.rpm"
        extra = {"brootid": None, "build": dict(build), "sourcepackage": 1 if source else None, "sourcerpm": source_rpm}
        return self.answer("importRPM", common | extra)

    def seed_file(self, nvr: str, path: pathlib.Path) -> None:
        """An RPM of a build that is there, with its file."""
        build, body = self.builds[self.nvrs[nvr]], path.read_bytes()
        name, arch = path.name.rsplit("-", 2)[0], path.name.rsplit(".", 2)[1]
        self.keep_file(build, self.add_rpm(build, name, arch, len(body), 0), body)

    def keep_file(self, build: Row, rpm: Row, body: bytes) -> None:
        """Where a hub has the file, and what it notes of it."""
        if self.topdir is None:
            return
        files = koji.PathInfo(topdir=str(self.topdir))
        target = pathlib.Path(files.build(build), files.rpm(rpm))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(body)
        rpm["payloadhash"] = koji.RawHeader(koji.rip_rpm_sighdr(str(target))).get(1004).hex()

    def add_rpm(self, build: Row, name: str, arch: str, size: int, payload: int) -> Row:
        version, release = build["version"], build["release"]
        number = self.next_id("rpm")
        self.signatures[number] = {"": b""}
        self.rpms.append({
            "arch": arch, "build_id": build["id"], "buildroot_id": None, "buildtime": int(self.now), "draft": False,
            "epoch": None, "external_repo_id": 0, "external_repo_name": "INTERNAL", "extra": None,
            "id": number, "metadata_only": False, "name": name, "nvr": f"{name}-{version}-{release}",
            "payloadhash": f"{payload:032x}", "release": release, "size": size, "version": version,
        })  # fmt: skip
        return self.rpms[-1]

    def do_listBuildRPMs(self, user, build):
        found = self.build(build)["id"]
        return [self.answer("listBuildRPMs", dict(rpm)) for rpm in self.rpms if rpm["build_id"] == found]

    def do_listRPMs(self, user, buildID=None, arches=None):
        if not isinstance(buildID, int):
            raise self.fault("no-integer", value=buildID)
        return [self.answer("listBuildRPMs", dict(rpm)) for rpm in self.rpms if rpm["build_id"] == buildID]

    def do_getRPM(self, user, rpminfo, strict=False):
        if isinstance(rpminfo, int):
            return self.pick("getRPM", self.rpm(rpminfo))
        nvr, arch = rpminfo.rsplit(".", 1)
        found = [rpm for rpm in self.rpms if (rpm["nvr"], rpm["arch"]) == (nvr, arch)]
        return self.pick("getRPM", found[0]) if found else None

    # Tagging

    def add_tagging(self, tag_id: int, build_id: int, user: User) -> None:
        row = {"build_id": build_id, "creator": user, "revoke_event": None, "revoker": None}
        row["create_event"] = self.new_event(tag_id)
        self.taggings[tag_id].append(row)
        self.tagged[tag_id][build_id] = row

    def remove_tagging(self, tag_id: int, build_id: int, user: User) -> None:
        self.tagged[tag_id].pop(build_id).update(revoke_event=self.new_event(tag_id), revoker=user)

    def check_tagging(self, user: User, tag: Row, build: Row, force: bool) -> None:
        """What the hub checks before a build may go into a tag, in a task or not."""
        if BUILD_STATES[build["state"]] != "COMPLETE":
            raise self.fault("not-complete", build=build["nvr"], state=BUILD_STATES[build["state"]])
        self.check_access(user, tag, force)

    def check_access(self, user: User, tag: Row, force: bool) -> None:
        if tag["locked"] and not (force and "admin" in user.permissions):
            raise self.fault("locked")
        if tag["perm"] and not user.permissions & {"admin", tag["perm"]}:
            raise self.fault("guarded", permission=tag["perm"])

    def do_tagBuildBypass(self, user, tag, build, force=False, notify=True):
        self.need(user, "tag")
        found, what = self.tag(tag), self.build(build)
        self.check_tagging(user, found, what, force)
        self.check_policy("tag", user, found["name"])
        if what["id"] in self.tagged[found["id"]]:
            if not force:
                raise self.fault("already-tagged", build=what["nvr"], tag=found["name"])
            self.remove_tagging(found["id"], what["id"], user)
        self.add_tagging(found["id"], what["id"], user)

    def do_untagBuildBypass(self, user, tag, build, strict=True, force=False, notify=True):
        self.need(user, "tag")
        self.untag(user, tag, build, strict, force)

    def do_untagBuild(self, user, tag, build, strict=True, force=False):
        self.untag(self.need_login(user), tag, build, strict, force)

    def untag(self, user, tag, build, strict, force):
        found, what = self.tag(tag), self.build(build)
        self.check_access(user, found, force)
        if what["id"] not in self.tagged[found["id"]]:
            if strict:
                raise self.fault("not-tagged", build=what["nvr"], tag=found["name"])
            return
        self.remove_tagging(found["id"], what["id"], user)

    def before_task(self, user: User, tag: Row, build: Row, force: bool) -> None:
        """What is checked before a task is queued."""
        listed = self.package_config(tag["id"], build["name"])
        if listed is None:
            raise self.fault("not-listed", package=build["name"], tag=tag["name"])
        if listed[1]["blocked"]:
            raise self.fault("blocked", package=build["name"], tag=tag["name"])
        self.check_tagging(user, tag, build, force)
        self.check_policy("tag", user, tag["name"])

    def do_tagBuild(self, user, tag, build, force=False, fromtag=None):
        self.need_login(user)
        found, what = self.tag(tag), self.build(build)
        self.before_task(user, found, what, force)
        origin = self.tag(fromtag)["id"] if fromtag else None
        return self.queue("tagBuild", [found["id"], what["id"], force, origin], user)

    def do_moveBuild(self, user, tag1, tag2, build, force=False):
        self.need_login(user)
        origin, found, what = self.tag(tag1), self.tag(tag2), self.build(build)
        self.before_task(user, found, what, force)
        return self.queue("tagBuild", [found["id"], what["id"], force, origin["id"]], user)

    def do_massTag(self, user, tag, builds):
        self.need(user, "tag")
        found, what = self.tag(tag), [self.build(build) for build in builds]
        for build in what:
            if build["id"] not in self.tagged[found["id"]]:
                self.add_tagging(found["id"], build["id"], user)

    # Reading tags

    def do_listTagged(
        self, user, tag, event=None, inherit=False, prefix=None, latest=False, package=None, owner=None, type=None
    ):
        if prefix is not None or type is not None:
            raise NotRecorded("listTagged by prefix or type")
        if latest and inherit and event:
            raise NotRecorded("listTagged of an event, with inheritance")
        found: list[Row] = []
        seen: set[int] = set()
        kept: dict[str, int] = {}
        tag_id = self.tag(tag)["id"]
        for one in self.line(tag_id) if inherit else [tag_id]:
            rows = self.taggings[one] if event is not None else list(self.tagged[one].values())
            if event is not None:
                rows = [row for row in rows
                        if row["create_event"] <= event < (row["revoke_event"] or event + 1)]  # fmt: skip
            for row in sorted(rows, key=lambda row: -row["create_event"]):
                build = self.builds[row["build_id"]]
                listed = self.package_config(tag_id, build["name"])
                hidden = listed is None or listed[1]["blocked"] or build["id"] in seen
                if hidden or package not in (None, build["name"]) or owner not in (None, build["owner_name"]):
                    continue
                seen.add(build["id"])
                kept[build["name"]] = kept.get(build["name"], 0) + 1
                if latest and kept[build["name"]] > int(latest):
                    continue
                values = {**build, "create_event": row["create_event"], "tag_id": one}
                found.append(self.pick("listTagged", {**values, "tag_name": self.tags[one]["name"]}))
        return found

    def do_getLatestBuilds(self, user, tag, event=None, package=None, type=None):
        return self.do_listTagged(user, tag, event, True, None, True, package)

    def do_getLatestRPMS(self, user, tag, package=None, arch=None):
        return self.with_rpms(self.do_getLatestBuilds(user, tag, None, package))

    def do_listTaggedRPMS(self, user, tag, event=None, inherit=False, latest=False, package=None):
        return self.with_rpms(self.do_listTagged(user, tag, event, inherit, None, latest, package))

    def with_rpms(self, builds: list[Row]) -> list[t.Any]:
        ids = {build["id"] for build in builds}
        return [[self.pick("getLatestRPMS", rpm) for rpm in self.rpms if rpm["build_id"] in ids], builds]

    def do_queryHistory(self, user, tables=None, tag=None, package=None, afterEvent=None):
        known = ("tag_listing", "tag_packages")
        for table in tables or []:
            if table == "nope":
                raise self.fault("no-history-table", table=table)
            if table not in known:
                raise NotRecorded(f"history of {table}")
        found = self.find_tag(tag)
        if found is None:
            raise self.fault("no-entry", table="tag", name=tag)
        answer = {}
        for table in tables or known:
            rows = self.taggings[found["id"]] if table == "tag_listing" else self.listings[found["id"]]
            made = [self.history_row(table, found, row) for row in rows]
            if afterEvent is not None:
                if "queryHistory afterEvent" not in self.read_in_source:
                    raise NotRecorded("queryHistory with afterEvent")
                made = [row for row in made if max(row["create_event"], row["revoke_event"] or 0) > afterEvent]
            answer[table] = [row for row in made if package in (None, row.get("name") or row.get("package.name"))]
        return answer

    def history_row(self, table: str, tag: Row, row: Row) -> Row:
        revoked, revoker = row["revoke_event"], row["revoker"]
        values: Row = {
            "active": None if revoked else True, "create_event": row["create_event"],
            "create_ts": self.events[row["create_event"]], "creator_id": row["creator"].id,
            "creator_name": row["creator"].name, "revoke_event": revoked,
            "revoke_ts": self.events[revoked] if revoked else None, "revoker_id": revoker.id if revoker else None,
            "revoker_name": revoker.name if revoker else None, "tag.name": tag["name"], "tag_id": tag["id"],
        }  # fmt: skip
        if table == "tag_listing":
            build = self.builds[row["build_id"]]
            values |= {"build.state": build["state"], "build_id": build["id"]}
            values |= {key: build[key] for key in ("name", "version", "release", "epoch")}
        else:
            values |= {"blocked": row["blocked"], "extra_arches": row["extra_arches"], "package.name": row["package"]}
            values |= {"package_id": self.packages[row["package"]]}
        return self.answer(table, values)

    # Tasks

    def queue(self, method: str, request: list[t.Any], user: User) -> int:
        number = self.next_id("task")
        self.tasks[number] = {
            "arch": "noarch", "awaited": None, "channel_id": 1, "completion_time": None, "completion_ts": None,
            "create_time": when(self.now), "create_ts": self.now, "host_id": None, "id": number, "label": None,
            "method": method, "owner": user.id, "parent": None, "priority": 10, "start_time": None, "start_ts": None,
            "state": STATES["FREE"], "waiting": None, "weight": 1.0,
            # Not on the wire:
            "request": request, "user": user, "age": 0, "result": None,
        }  # fmt: skip
        return number

    def tick(self) -> None:
        """Let time go on: with ``speed``, so many seconds of the hub for one of ours."""
        self.now += 0.01
        if self.speed:
            began, mark = self.began
            self.now = max(self.now, began + self.speed * (time.monotonic() - mark))

    def work(self) -> None:
        """What builder hosts do between two requests."""
        self.tick()
        for task in [task for task in self.tasks.values() if task["state"] == STATES["OPEN"]]:
            if self.now >= task["ends"]:
                self.finish(task)
        for tag in self.regenerates:
            self.regenerate(tag)
        for task in [task for task in self.tasks.values() if task["state"] == STATES["FREE"]]:
            task["age"] += 1
            if self.task_delay is None or task["age"] < self.task_delay or self.is_busy(task):
                continue
            task.update(start_time=when(self.now), start_ts=self.now, host_id=1)
            try:
                task["ends"] = self.begin(task)
            except xmlrpc.client.Fault as fault:
                self.end(task, "FAILED", fault)
                continue
            if task["ends"] is None:
                self.finish(task)
            else:
                task["state"] = STATES["OPEN"]

    def is_busy(self, task: Row) -> bool:
        """Whether all builders are at work."""
        building = [one for one in self.tasks.values() if one["method"] == "build" and one["state"] == STATES["OPEN"]]
        return task["method"] == "build" and self.builders is not None and len(building) >= self.builders

    def begin(self, task: Row) -> float | None:
        """When a task that takes time will end; None for one that is done at once."""
        if task["method"] == "newRepo":
            task["event"] = self.event
            return self.now + self.regenerates.get(task["request"][0], 0.0) if self.speed else None
        recipe = self.recipes.get(task["request"][0]) if task["method"] == "build" else None
        if recipe is None:
            return None
        existing = self.builds.get(self.nvrs.get(recipe.nvr, 0))
        if existing and BUILD_STATES[existing["state"]] in ("FAILED", "CANCELED"):
            existing.update(state=0, task_id=task["id"], start_time=when(self.now), start_ts=self.now)
        elif existing:
            raise NotRecorded("a second build of an NVR that is there")
        else:
            name, version, release = recipe.nvr.rsplit("-", 2)
            build = self.builds[self.make_build(name, version, release, None, task["user"], state=0)]
            build.update(task_id=task["id"], completion_time=None, completion_ts=None, source=task["request"][0])
        return self.now + recipe.seconds

    def finish(self, task: Row) -> None:
        try:
            self.end(task, "CLOSED", getattr(self, "run_" + task["method"])(task["user"], *task["request"]))
        except xmlrpc.client.Fault as fault:
            self.end(task, "FAILED", fault)

    def end(self, task: Row, state: str, result: t.Any) -> None:
        self.tick()
        task.update(state=STATES[state], result=result, completion_time=when(self.now), completion_ts=self.now)

    def regenerate(self, tag: str) -> None:
        """What kojira does: a new repository when the tag, or one that it inherits from, has changed."""
        line = self.line(self.tag(tag)["id"])
        repo = next((one for one in reversed(self.yum_repos) if one["tag_id"] == line[0] and not one["dist"]), None)
        changed = max(self.changes.get(one, 0) for one in line)
        running = any(one["method"] == "newRepo" and one["request"] == [tag] and one["state"] in (0, 1)
                      for one in self.tasks.values())  # fmt: skip
        if not running and (repo is None or changed > repo["begin_event"]):
            self.queue("newRepo", [tag], self.users["kojiadmin"])

    def run_tagBuild(self, user, tag_id, build_id, force, origin):
        tag, build = self.tags[tag_id], self.builds[build_id]
        if origin is not None and build_id not in self.tagged[origin]:
            raise self.fault("not-tagged", build=build["nvr"], tag=self.tags[origin]["name"])
        if build_id in self.tagged[tag_id]:
            raise self.fault("already-tagged", build=build["nvr"], tag=tag["name"])
        self.add_tagging(tag_id, build_id, user)
        if origin is not None:
            self.remove_tagging(origin, build_id, user)

    def run_newRepo(self, user, tag):
        mine = [one for one in self.tasks.values() if one["method"] == "newRepo" and one["request"] == [tag]]
        event = next((one["event"] for one in reversed(mine) if one["state"] == STATES["OPEN"]), self.event)
        self.new_event()
        options = {"debuginfo": False, "maven": False, "separate_src": False, "src": False}
        task = {"task_id": mine[-1]["id"] if mine else max(self.tasks), "task_state": STATES["CLOSED"]}
        begun = {"begin_event": event, "begin_ts": self.events[event]}
        return [self.add_repo(tag, **begun, opts=options, custom_opts={}, **task), self.event]

    def add_repo(self, tag: str, **values: t.Any) -> int:
        row, number = self.tag(tag), self.next_id("yum_repo")
        self.yum_repos.append({
            "begin_event": None, "begin_ts": None, "create_event": self.event, "create_ts": self.now,
            "creation_time": when(self.now), "creation_ts": self.now, "custom_opts": None, "dist": False,
            "end_event": None, "end_ts": None, "id": number, "opts": None, "state": 1, "state_time": when(self.now),
            "state_ts": self.now, "tag_id": row["id"], "tag_name": row["name"], "task_id": None, "task_state": None,
        } | values)  # fmt: skip
        return number

    def run_build(self, user, source, target, opts=None):
        if target is not None and target not in self.targets:
            raise self.fault("unknown-target", target=target)
        if "://" in source and "#" not in source:
            raise self.fault("bad-scm", url=source)
        recipe = self.recipes.get(source)
        if recipe is None:
            raise self.fault("dependency", task=max(self.tasks))
        build = self.builds[self.nvrs[recipe.nvr]]
        build.update(completion_time=when(self.now), completion_ts=self.now)
        tag = self.targets[target]["build_tag_name"]
        lacking = [nvr for nvr in recipe.requires if not self.is_shown(tag, nvr, build)]
        if recipe.fails or lacking:
            self.recipes[source] = recipe._replace(fails=max(0, recipe.fails - 1))
            build["state"] = BUILD_STATES.index("FAILED")
            raise self.fault("buildroot")
        build["state"] = BUILD_STATES.index("COMPLETE")
        for name, arch in ((build["name"], "src"), *recipe.rpms):
            self.add_rpm(build, name, arch, 0, 0)
        self.add_tagging(self.targets[target]["dest_tag"], build["id"], user)

    def is_shown(self, tag: str, nvr: str, build: Row) -> bool:
        """Whether the repository that a build began with showed another."""
        line = self.line(self.tag(tag)["id"])
        repos = [one for one in self.yum_repos if one["tag_id"] == line[0] and one["create_ts"] <= build["start_ts"]]
        event = repos[-1]["begin_event"] if repos else -1
        other = self.nvrs.get(nvr, 0)
        rows = [row for one in line for row in self.taggings[one] if row["build_id"] == other]
        return any(row["create_event"] <= event for row in rows)

    def do_newRepo(self, user, tag, event=None, src=False, debuginfo=False, separate_src=False):
        self.need(user, "regen-repo")
        return self.queue("newRepo", [self.tag(tag)["name"]], user)

    def do_getRepo(self, user, tag, state=None, event=None, dist=False, min_event=None):
        tag_id = self.tag(tag)["id"]
        found = [repo for repo in self.yum_repos if repo["tag_id"] == tag_id and repo["dist"] == dist]
        return self.answer("getRepo", dict(found[-1])) if found else None

    def do_repoInfo(self, user, repo_id, strict=False):
        found = [repo for repo in self.yum_repos if repo["id"] == repo_id]
        return self.answer("getRepo", dict(found[0])) if found else None

    def do_repo_request(self, user, tag, min_event=None, at_event=None, opts=None, priority=None, force=False):
        self.need_login(user)
        repo = self.do_getRepo(user, tag)
        if repo is None or self.changes.get(repo["tag_id"], 0) > repo["begin_event"]:
            raise NotRecorded("a request for a repository that is not there yet: it needs kojira")
        return self.answer("repo.request", {"duplicate": False, "repo": repo, "request": None})

    def do_build(self, user, src, target, opts=None, priority=None, channel=None):
        return self.queue("build", [src, target, opts or {}], self.need_login(user))

    def do_getTaskInfo(self, user, task_id, request=False, strict=False):
        task = self.tasks.get(task_id)
        if task is None:
            if strict:
                raise self.fault("no-row")
            return None
        info = self.pick("getTaskInfo", task)
        return {**info, "request": task["request"]} if request else info

    def do_getTaskResult(self, user, taskId, raise_fault=True):
        task = self.tasks.get(taskId)
        if task is None:
            raise self.fault("no-task")
        if task["state"] == STATES["CANCELED"]:
            raise self.fault("canceled-task", task=taskId)
        if task["state"] in (STATES["FREE"], STATES["OPEN"]):
            raise self.fault("unfinished-task", task=taskId)
        if isinstance(task["result"], xmlrpc.client.Fault):
            if raise_fault:
                raise task["result"]
            return {"faultCode": task["result"].faultCode, "faultString": task["result"].faultString}
        return task["result"]

    def do_cancelTask(self, user, task_id, recurse=True):
        self.need_login(user)
        self.tasks[task_id].update(state=STATES["CANCELED"], completion_time=when(self.now), completion_ts=self.now)

    # Signatures and what carries them

    def rpm(self, info: t.Any) -> Row:
        found = next((rpm for rpm in self.rpms if rpm["id"] == info), None)
        if found is None:
            raise self.fault("no-rpm", rpm=info)
        return found

    def do_queryRPMSigs(self, user, rpm_id=None, sigkey=None, queryOpts=None):
        if queryOpts or (rpm_id is None and sigkey is None):
            raise NotRecorded("queryRPMSigs of all, or with options")
        return [
            self.answer("queryRPMSigs", {"rpm_id": rpm, "sighash": hashlib.md5(header).hexdigest(), "sigkey": key})
            for rpm, headers in self.signatures.items()
            for key, header in headers.items()
            if rpm_id in (None, rpm) and sigkey in (None, key)
        ]

    def do_addRPMSig(self, user, an_rpm, data):
        self.need(user, "sign")
        rpm, header = self.rpm(an_rpm), base64.b64decode(data)
        if not header.startswith(b"\x8e\xad\xe8"):
            raise self.fault("bad-header", magic=header[:3])
        key = koji.get_sighdr_key(header) or ""
        if key in self.signatures.setdefault(an_rpm, {}):
            raise self.fault("signature-exists", rpm=f"{rpm['nvr']}.{rpm['arch']}", key=key)
        self.signatures[an_rpm][key] = header

    def do_writeSignedRPM(self, user, an_rpm, sigkey, force=False):
        self.need(user, "sign")
        rpm = self.rpm(an_rpm)
        if sigkey not in self.signatures.get(an_rpm, {}):
            raise self.fault("no-signature", rpm=f"{rpm['nvr']}.{rpm['arch']}", key=sigkey)
        self.written.add((an_rpm, sigkey))
        if self.topdir:
            files = koji.PathInfo(topdir=str(self.topdir))
            place = files.build(self.builds[rpm["build_id"]])
            target = pathlib.Path(place, files.signed(rpm, sigkey))
            target.parent.mkdir(parents=True, exist_ok=True)
            koji.splice_rpm_sighdr(self.signatures[an_rpm][sigkey], f"{place}/{files.rpm(rpm)}", dst=str(target))

    def do_distRepo(self, user, tag, keys, **task_opts):
        return self.queue("distRepo", [self.tag(tag)["name"], keys, task_opts], self.need_login(user))

    def run_distRepo(self, user, tag, keys, options):
        needed = {"comp", "delta", "event", "volume", "inherit", "latest", "multilib", "split_debuginfo", "arch"}
        needed |= {"skip_missing_signatures", "allow_missing_signatures", "zck", "zck_dict_dir", "write_signed_rpms"}
        if not needed | {"skip_stat"} <= options.keys():
            # The text of the recording names the hub's own files.
            raise xmlrpc.client.Fault(1, "<Fault 1: 'Traceback (most recent call last):\n")
        found = self.do_listTagged(user, tag, None, options["inherit"], None, options["latest"])
        builds = {build["id"] for build in found}
        unsigned = [
            rpm for rpm in self.rpms if rpm["build_id"] in builds and not set(keys) & {*self.signatures[rpm["id"]]}
        ]
        if unsigned and not options["allow_missing_signatures"]:
            raise self.fault("unsigned-packages")
        self.new_event()
        return f"Dist repository #{self.add_repo(tag, dist=True)} successfully generated"

    def do_getTaskDescendents(self, user, task_id, request=False):
        children = [self.pick("getTaskInfo", task) for task in self.tasks.values() if task["parent"] == task_id]
        found = {str(task_id): children}
        for child in children:
            found.update(self.do_getTaskDescendents(user, child["id"]))
        return found

    def seed_child(self, parent: int, method: str, label: str, fault=None, output=None, waited=60.0, worked=6.0) -> int:
        """A task that another started, as a builder host leaves it when it has ended.

        :param fault: how it failed; None: it did not.
        :param output: content of the files it left, by their names.
        """
        number = self.queue(method, [], self.users["kojiadmin"])
        created = self.now
        self.now += waited
        start = self.now
        self.now += worked
        self.tasks[number].update(
            parent=parent, label=label, awaited=False, priority=19, host_id=1, create_ts=created, start_ts=start,
            start_time=when(start), completion_ts=self.now, completion_time=when(self.now),
            state=STATES["FAILED" if fault else "CLOSED"], result=fault, output=dict(output or {}),
        )  # fmt: skip
        return number

    def do_listTaskOutput(self, user, taskID):
        return list(self.tasks[taskID].get("output", {}))

    def do_downloadTaskOutput(self, user, taskID, fileName, offset=0, size=-1):
        content = self.tasks[taskID]["output"][fileName]
        return base64.b64encode(content[offset : None if size < 0 else offset + size]).decode()

    def do_getBuildLogs(self, user, build):
        found = self.build(build)
        place = f"packages/{found['name']}/{found['version']}/{found['release']}/data/logs"
        return [
            {"dir": arch, "name": name, "path": f"{place}/{arch}/{name}"}
            for arch, name in self.build_logs.get(found["id"], ())
        ]
