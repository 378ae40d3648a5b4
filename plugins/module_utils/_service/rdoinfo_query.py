# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""rdoinfo from wherever the options of the fragment rdo.releng._rdoinfo say: a folder, a repository, a URL."""

from __future__ import annotations

import os
import typing as t

from .._git.snapshot import Snapshot, is_url, take_snapshot
from .._module.errors import InvalidInput, NotFound
from .._release.rdoinfo import Cache, Files, Folder, Rdoinfo
from .._release.rdoinfo_difference import difference, is_empty, matching


def rdoinfo_files(options: t.Mapping[str, t.Any], revision: str | None = None) -> Files:
    """The files that ``options`` name.

    :param revision: read this one instead of the one that ``options`` name.
    """
    source, cache = options["rdoinfo"], _cache_folder(options)
    revision = revision or options["rdoinfo_revision"]
    if revision or is_url(source):
        return take_snapshot(source, revision or "HEAD", cache, options["git_timeout"])
    return Folder(source)


def read_rdoinfo(options: t.Mapping[str, t.Any], files: Files | None = None) -> Rdoinfo:
    """The rdoinfo that ``options`` name, from the cache if none of its files has changed."""
    cache = Cache(_cache_folder(options))
    return Rdoinfo.read(files or rdoinfo_files(options), options["rdoinfo_entry"], cache)


def query_rdoinfo(options: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What the module rdoinfo_info returns."""
    files = rdoinfo_files(options)
    info = read_rdoinfo(options, files)
    gather = options["gather"]
    result: dict[str, t.Any] = {
        "source": files.description,
        "revision": files.commit if isinstance(files, Snapshot) else None,
    }
    if "packages" in gather:
        result["packages"] = packages_of(info, options["tag"], options["filters"])
    if "releases" in gather:
        result["releases"] = list(info.releases.values())
    for name in ("components", "tags", "buildsys_tags"):
        if name in gather:
            result[name] = getattr(info, name)
    if options["compare_to"]:
        if result["revision"] is None:
            raise InvalidInput("compare_to needs a git repository: give rdoinfo_revision, for example HEAD, or a URL.")
        found = difference(read_rdoinfo(options, rdoinfo_files(options, options["compare_to"])), info)
        result["difference"] = {**found, "empty": is_empty(found)}
    return result


def packages_of(info: Rdoinfo, tag: str | None, filters: t.Mapping[str, str]) -> list[dict[str, t.Any]]:
    """Packages with ``tag`` and what ``filters`` ask for, without their builds.

    :raises NotFound: there is no such tag.
    """
    if tag and tag not in info.tags:
        raise NotFound(f"{tag!r} is no tag of {info.description}. There is: {', '.join(info.tags)}.", tag=tag)
    packages = info.tagged(tag) if tag else info.packages()
    return [
        {key: value for key, value in package.items() if key != "buildsys-tags"}
        for package in matching(packages, filters).values()
    ]


def _cache_folder(options: t.Mapping[str, t.Any]) -> str:
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return options["cache_dir"] or os.path.join(home, "rdo.releng")
