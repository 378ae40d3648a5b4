# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""rdoinfo from wherever the options of the fragment rdo.releng._rdoinfo say: a folder, a repository, a URL."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import os
import typing as t

from ..._git.snapshot import Snapshot, is_url, take_snapshot
from ..._koji.session import Hub
from ..._koji.state import read_builds
from ..._module.documents import read_yaml
from ..._module.errors import InvalidInput, NotFound
from ..._module.table import text_table
from ..._release.rdoinfo import Cache, Files, Folder, Rdoinfo
from ..._release.rdoinfo_difference import difference, is_empty, matching
from ..._release.rdoinfo_lint import RULES, lint


def rdoinfo_files(options: t.Mapping[str, t.Any], revision: str | None = None) -> Files:
    """The files that ``options`` name.

    :param revision: read this one instead of the one that ``options`` name.
    """
    source, cache = options["rdoinfo"], cache_folder(options)
    revision = revision or options["rdoinfo_revision"]
    if revision or is_url(source):
        return take_snapshot(source, revision or "HEAD", cache, options["git_timeout"])
    return Folder(source)


def read_rdoinfo(options: t.Mapping[str, t.Any], files: Files | None = None) -> Rdoinfo:
    """The rdoinfo that ``options`` name, from the cache if none of its files has changed."""
    cache = Cache(cache_folder(options))
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
        raise NotFound(f"{tag!r} is not a tag of {info.description}. There is: {', '.join(info.tags)}.", tag=tag)
    packages = info.tagged(tag) if tag else info.packages()
    return [
        {key: value for key, value in package.items() if key != "buildsys-tags"}
        for package in matching(packages, filters).values()
    ]


def check_rdoinfo(options: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What the module rdoinfo_lint returns; raises InvalidInput with the same as data if there are findings."""
    unknown = sorted(set(options["ignore"]) - set(RULES))
    if unknown:
        raise InvalidInput(f"{', '.join(unknown)} in ignore is not a rule. There is: {', '.join(RULES)}.")
    series = read_yaml(options["series_status"], "series_status.yaml") if options["series_status"] else []
    missing = functools.partial(_missing_builds, Hub.to_read(options["hub"])) if options["hub"] else None
    found = lint(rdoinfo_files(options), _day(options["date"]), options["rdoinfo_entry"], series or [], missing)
    findings = [dataclasses.asdict(finding) for finding in found if finding.rule not in options["ignore"]]
    rows = [(f"{row['file']}:{row['line']}", row["rule"], row["message"], row["suggestion"]) for row in findings]
    result = {"findings": findings, "table": text_table(("where", "rule", "finding", "suggestion"), rows)}
    if findings and options["fail_on_findings"]:
        raise InvalidInput(f"{len(findings)} findings in {options['rdoinfo']}:\n{result['table']}", **result)
    return result


def _missing_builds(hub: Hub, nvrs: t.Sequence[str]) -> dict[str, str]:
    """Which of the builds ``hub`` lacks, and why each of them is none to list."""
    states = {nvr: build.state if build else None for nvr, build in read_builds(hub, nvrs).items()}
    return {
        nvr: f"{hub.address} has it as {state}" if state else f"{hub.address} has no such build"
        for nvr, state in states.items()
        if state != "COMPLETE"
    }


def _day(text: str | None) -> datetime.date:
    if text is None:
        return datetime.datetime.now(datetime.timezone.utc).date()
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"{text!r} is not a date such as 2026-07-15.") from None


def cache_folder(options: t.Mapping[str, t.Any]) -> str:
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return options["cache_dir"] or os.path.join(home, "rdo.releng")
