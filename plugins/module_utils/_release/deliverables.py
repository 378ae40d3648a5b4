# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What upstream released in a series, by the deliverables of openstack/releases, and how far a release has it."""

from __future__ import annotations

import dataclasses
import os
import re
import typing as t
import urllib.parse

from .._module.documents import read_yaml
from .._module.errors import InvalidInput, NotFound
from .._module.libraries import load_library
from .._module.text import shown
from .._rpm.nevra import Nevra
from .constraints_compare import newest, status_of

INDEPENDENT = "_independent"
_VERSION = re.compile(r"v?\d+(\.\d+)+.*|\d{1,6}")
_RELEASED = re.compile(r"\d+(\.\d+)*((a|b|rc)\d+)?(\.post\d+)?(\.dev\d+)?", re.ASCII)


@dataclasses.dataclass(frozen=True)
class Deliverable:
    """What one repository released in one series.

    :param repository: as ``openstack/nova``.
    :param model: release model, for example cycle-with-rc; ``independent`` for those that follow no cycle.
    :param version: the highest release that is not a pre-release, or None.
    :param pre_release: the highest release of all where it is a pre-release.
    :param file: path of the deliverable in the folder that was read.
    :param branch: the series' stable branch, as ``stable/2025.2``; None: there is none, or none yet.
    """

    name: str
    repository: str
    model: str
    type: str
    version: str | None
    pre_release: str | None
    file: str
    branch: str | None = None


def read_deliverables(folder: str, series: str) -> dict[str, Deliverable]:
    """The deliverables of ``series``, and those that follow no cycle, by repository; a series' own win.

    :param folder: ``deliverables`` of openstack/releases.
    :raises NotFound: it has no such series.
    :raises InvalidInput: a file that is not a deliverable.
    """
    if not os.path.isdir(os.path.join(folder, series)):
        there = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir()) if os.path.isdir(folder) else []
        raise NotFound(f"{folder} has no series {series}. There is: {', '.join(there) or 'nothing'}.", series=series)
    found: dict[str, Deliverable] = {}
    for name in (INDEPENDENT, series):
        path = os.path.join(folder, name)
        if os.path.isdir(path):
            for file in sorted(os.listdir(path)):
                if file.endswith(".yaml"):
                    found.update(_read(os.path.join(path, file), f"{name}/{file}"))
    return found


def _read(path: str, file: str) -> dict[str, Deliverable]:
    data = read_yaml(path, "deliverable")
    if not isinstance(data, dict):
        raise InvalidInput(f"The deliverable {file} is not a mapping: is it cut off or empty?", file=file)
    releases = data.get("releases") or []
    settings = data.get("repository-settings") or {}
    if not isinstance(releases, list) or not isinstance(settings, dict):
        raise InvalidInput(f"The deliverable {file} has no list of releases, or no mapping of repositories.", file=file)
    parse = load_library("packaging.version").parse
    branches = data.get("branches") or []
    if not isinstance(branches, list):
        raise InvalidInput(f"The deliverable {file} has no list of branches: {shown(branches)}.", file=file)
    allowed = _allowed(branches, file)
    versions: dict[str, list[str]] = {repository: [] for repository in settings}
    for release in releases:
        if not isinstance(release, dict) or "version" not in release:
            raise InvalidInput(f"A release of the deliverable {file} has no version: {shown(release)}.", file=file)
        projects = release.get("projects") or []
        for project in projects if isinstance(projects, list) else [projects]:
            if not isinstance(project, dict) or not isinstance(project.get("repo"), str):
                raise InvalidInput(f"A project of the deliverable {file} has no repo: {shown(project)}.", file=file)
            held = versions.setdefault(project["repo"], [])
            # What ends a series is tagged as well: 2024.1-eom, zed-last, ussuri-em.
            if _RELEASED.fullmatch(str(release["version"])) and allowed(str(release["version"])):
                held.append(str(release["version"]))
    independent = file.startswith(INDEPENDENT)
    model = data.get("release-model") or ("independent" if independent else "cycle-with-intermediary")
    found = {}
    for repository, released in versions.items():
        released = sorted(released, key=parse)
        final = [version for version in released if not is_pre_release(version)]
        found[repository] = Deliverable(
            name=os.path.basename(path)[: -len(".yaml")],
            repository=repository,
            model=str(model),
            type=str(data.get("type") or "other"),
            version=final[-1] if final else None,
            pre_release=released[-1] if released and is_pre_release(released[-1]) else None,
            file=file,
            branch=None if independent else next(iter(_stable(branches)), None),
        )
    return found


def _stable(branches: t.Sequence[t.Any]) -> dict[str, str]:
    """Where the branches of a series begin, by their names."""
    found = {str(one.get("name")): str(one.get("location")) for one in branches if isinstance(one, dict)}
    return {name: place for name, place in found.items() if name.startswith(("stable/", "unmaintained/"))}


def _allowed(branches: t.Any, file: str) -> t.Callable[[str], bool]:
    """Whether the stable branch of a series can have a version: after it was made there is no new major version."""
    parse = load_library("packaging.version").parse
    locations = [place for place in _stable(branches or ()).values() if _RELEASED.fullmatch(place)]
    if len(locations) != 1 or file.startswith(INDEPENDENT):
        return lambda version: True
    highest = parse(locations[0])
    return lambda version: parse(version).release[0] == highest.release[0] or parse(version) <= highest


def is_pre_release(version: str) -> bool:
    """Whether a version is an alpha, beta, candidate or development one, as 32.0.0.0rc1 is."""
    return re.search(r"(a|b|rc|dev)\d+$", version) is not None


def repository_of(package: t.Mapping[str, t.Any]) -> str | None:
    """The path of a package's upstream, as ``openstack/nova``."""
    upstream = package.get("upstream")
    if not upstream:
        return None
    return urllib.parse.urlsplit(str(upstream)).path.strip("/").removesuffix(".git")


def readiness(
    packages: t.Mapping[str, t.Mapping[str, t.Any]],
    deliverables: t.Mapping[str, Deliverable],
    distro: str,
    built: t.Sequence[str],
    tagged: t.Sequence[str],
    tag: str,
) -> list[dict[str, t.Any]]:
    """How far each package of a release is on its way into ``tag``.

    :param packages: those of the release, with its pins, by project.
    :param built: NVRs of all builds for the distro.
    :param tagged: NVRs in ``tag``.
    :returns: rows with ``status``: ``ready``; ``not-tagged``, a build of what was released is there and not in the tag;
        ``not-built``; ``not-released``, upstream has no release in the series; ``unpinned``, nothing but a pin can say
        which version belongs in the release, and there is none; ``unknown``, the package is pinned to a commit or
        branch that no version can be compared with; ``pin-behind``, it is pinned to an older version than upstream
        released in the series; ``pin-ahead``, to a newer one, and that is not tagged.
    """
    builds, in_tag = _versions(built), _versions(tagged)
    rows = []
    for project, package in sorted(packages.items()):
        name = package["name"]
        deliverable = deliverables.get(repository_of(package) or "")
        newest_build, newest_tagged = newest(builds.get(name, {})), newest(in_tag.get(name, {}))
        wanted, status, reason = _wanted(package, deliverable)
        if status in (None, "pin-ahead"):
            short = None
            if status_of(newest_build, wanted) in ("missing", "bump"):
                short = "not-built", f"{wanted} is not built for {distro}"
            elif status_of(newest_tagged, wanted) in ("missing", "bump"):
                short = "not-tagged", f"{builds[name][str(newest_build)]} is not in {tag}"
            if short is None:
                status, reason = "ready", None
            elif status is None:
                status, reason = short
            else:
                reason = f"{reason}, and {short[1]}"
        rows.append(
            {
                "project": project,
                "package": name,
                "distro": distro,
                "deliverable": deliverable.file if deliverable else None,
                "model": deliverable.model if deliverable else None,
                "released": deliverable.version if deliverable else None,
                "pre_release": deliverable.pre_release if deliverable else None,
                "branch": deliverable.branch if deliverable else None,
                "pin": package.get("source-branch"),
                "wanted": wanted or None,
                "built": newest_build,
                "tagged": newest_tagged,
                "status": status,
                "reason": reason,
            }
        )
    return rows


def _wanted(package: t.Mapping[str, t.Any], deliverable: Deliverable | None) -> tuple[str, str | None, str | None]:
    """The version that belongs in the release; or nothing, with the status and reason that say why there is none."""
    pin = package.get("source-branch")
    version = str(pin) if pin is not None and _VERSION.fullmatch(str(pin)) else None
    if deliverable is None or deliverable.model in ("independent", "abandoned"):
        if version:
            return version.removeprefix("v"), None, None
        what = f"upstream is {deliverable.model}" if deliverable else "it is not a deliverable of OpenStack"
        if pin is None:
            return "", "unpinned", f"{what}, and it is not pinned"
        return "", "unknown", f"{what}, and it is pinned to {pin}"
    if deliverable.version is None:
        if deliverable.model == "untagged":
            return "", "unknown", "upstream makes no releases of it"
        only = f"only {deliverable.pre_release}" if deliverable.pre_release else "nothing"
        return "", "not-released", f"upstream released {only} in the series"
    if version and status_of(version.removeprefix("v"), deliverable.version) != "equal":
        behind = status_of(version.removeprefix("v"), deliverable.version) == "bump"
        reason = f"it is pinned to {version}, and upstream released {deliverable.version} in the series"
        wanted = deliverable.version if behind else version.removeprefix("v")
        return wanted, "pin-behind" if behind else "pin-ahead", reason
    return deliverable.version, None, None


def _versions(nvrs: t.Iterable[str]) -> dict[str, dict[str, str]]:
    """Package → version → NVR."""
    found: dict[str, dict[str, str]] = {}
    for nvr in nvrs:
        build = Nevra.parse_nvr(nvr)
        found.setdefault(build.name, {})[build.version] = nvr
    return found


def not_packaged(
    packages: t.Mapping[str, t.Mapping[str, t.Any]], deliverables: t.Mapping[str, Deliverable]
) -> list[dict[str, t.Any]]:
    """What upstream released in the series and the release does not have."""
    repositories = {repository_of(package) for package in packages.values()}
    return [
        {"deliverable": one.file, "repository": one.repository, "type": one.type, "released": one.version}
        for one in sorted(deliverables.values(), key=lambda one: one.repository)
        if one.version and one.repository not in repositories and not one.file.startswith(INDEPENDENT)
    ]
