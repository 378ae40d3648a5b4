# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What a hub knows of tags and builds, as plain data."""

from __future__ import annotations

import typing as t

from .._module.errors import NotFound
from .plan import Build
from .session import Call, Hub, HubFault, call
from .state import BUILD_STATES

Row = dict[str, t.Any]


def tag_info(
    hub: Hub, tags: t.Sequence[str], gather: t.Collection[str], inherited: bool, package: str | None
) -> dict[str, t.Any]:
    """What the module koji_tag_info returns; one request a tag."""
    return {"tags": [_tag(hub, name, gather, inherited, package) for name in tags]}


def _tag(hub: Hub, name: str, gather: t.Collection[str], inherited: bool, package: str | None) -> Row:
    about = {"tag": name}
    of_package = {"package": package} if package else {}
    history: Row = {"tables": ["tag_listing", "tag_packages"], "tag": name, **of_package}
    calls = {
        "tag": call("getTag", name, about=about),
        "builds": call("listTagged", name, inherit=inherited, about=about, **of_package),
        "external_repos": call("getExternalRepoList" if inherited else "getTagExternalRepos", name, about=about),
        "groups": call("getTagGroups", name, about=about),
        "history": call("queryHistory", about=about, **history),
        "inheritance": call("getFullInheritance", name, about=about),
        "packages": call("listPackages", tagID=name, inherited=inherited, about=about),
    }
    asked = ["tag", *(key for key in calls if key in gather)]
    answers: Row = dict(zip(asked, hub.read_many([calls[key] for key in asked])))
    if answers["tag"] is None:
        raise NotFound(f"The hub {hub.address} has no tag {name}.", tag=name)
    for answer in answers.values():
        if isinstance(answer, HubFault):
            raise answer
    tag = answers.pop("tag")
    info = {key: tag[key] for key in ("name", "id", "arches", "locked", "perm", "extra")}
    for key, answer in answers.items():
        info.update(_SHAPES[key](answer))
    return info


def _builds(rows: list[Row]) -> Row:
    """Builds in the hub's order, the first of a package being its latest."""
    first: dict[str, str] = {}
    highest: dict[str, Build] = {}
    for row in rows:
        build = Build(row["nvr"], row["name"], int(row["epoch"] or 0), "")
        first.setdefault(build.name, build.nvr)
        if build.name not in highest or build.evr > highest[build.name].evr:
            highest[build.name] = build
    builds = [
        {
            "nvr": row["nvr"],
            "package": row["name"],
            "epoch": int(row["epoch"] or 0),
            "build_id": row["build_id"],
            "tag": row["tag_name"],
            "event": row["create_event"],
            "latest_by_hub": first[row["name"]] == row["nvr"],
            "latest_by_evr": highest[row["name"]].nvr == row["nvr"],
        }
        for row in rows
    ]
    return {"builds": builds, "wrong_order": sorted(name for name, nvr in first.items() if highest[name].nvr != nvr)}


def _history(tables: dict[str, list[Row]]) -> Row:
    events = []
    for row in [*tables["tag_listing"], *tables["tag_packages"]]:
        build = "version" in row
        name = "{name}-{version}-{release}".format(**row) if build else row["package.name"]
        event = {"what": "build" if build else "package", "name": name}
        event.update(event=row["create_event"], at=row["create_ts"], by=row["creator_name"])
        event.update(end_event=row["revoke_event"], end_at=row["revoke_ts"], end_by=row["revoker_name"])
        events.append(event)
    return {"history": sorted(events, key=lambda event: event["event"])}


def _external_repos(rows: list[Row]) -> Row:
    names = {"external_repo_name": "name", "tag_name": "tag"}
    keys = ("external_repo_name", "url", "priority", "merge_mode", "arches", "tag_name")
    return {"external_repos": [{names.get(key, key): row[key] for key in keys} for row in rows]}


def _packages(rows: list[Row]) -> Row:
    keys = {"package_name": "name", "owner_name": "owner", "blocked": "blocked", "tag_name": "tag"}
    return {"packages": [{ours: row[theirs] for theirs, ours in keys.items()} for row in rows]}


_SHAPES: dict[str, t.Callable[[t.Any], Row]] = {
    "builds": _builds,
    "external_repos": _external_repos,
    "groups": lambda rows: {"groups": {row["name"]: [one["package"] for one in row["packagelist"]] for row in rows}},
    "history": _history,
    "inheritance": lambda rows: {
        "inheritance": [{"name": row["name"], "depth": row["currdepth"], "priority": row["priority"]} for row in rows]
    },
    "packages": _packages,
}


def build_info(
    hub: Hub, builds: t.Sequence[str] | None, package: str | None, gather: t.Collection[str]
) -> dict[str, t.Any]:
    """What the module koji_build_info returns."""
    builds = builds or ()
    found = hub.read_many([call("getBuild", nvr, about={"build": nvr}) for nvr in builds])
    for answer in found:
        if isinstance(answer, HubFault):
            raise answer
    missing = [nvr for nvr, build in zip(builds, found) if build is None]
    rows = [build for build in found if build is not None]
    if package:
        rows += hub.read("listBuilds", packageID=package, about={"package": package})
    infos = [_build(row) for row in rows]
    for key, method in (("tags", "listTags"), ("rpms", "listBuildRPMs")):
        if key in gather:
            for info, answer in zip(infos, hub.read_many([_of_build(method, info["nvr"]) for info in infos])):
                if isinstance(answer, HubFault):
                    raise answer
                info[key] = [tag["name"] for tag in answer] if key == "tags" else [_rpm(rpm) for rpm in answer]
    return {"builds": infos, "missing": missing}


def _of_build(method: str, nvr: str) -> Call:
    about = {"build": nvr}
    return call(method, build=nvr, about=about) if method == "listTags" else call(method, nvr, about=about)


def _build(row: Row) -> Row:
    return {
        "nvr": row["nvr"],
        "build_id": row["build_id"],
        "package": row["package_name"],
        "epoch": int(row["epoch"] or 0),
        "state": BUILD_STATES[row["state"]],
        "owner": row["owner_name"],
        "task_id": row["task_id"],
        "source": row["source"],
        "completed_at": row["completion_time"],
    }


def _rpm(row: Row) -> Row:
    filename = f"{row['name']}-{row['version']}-{row['release']}.{row['arch']}.rpm"
    return {"name": row["name"], "arch": row["arch"], "size": row["size"], "filename": filename}
