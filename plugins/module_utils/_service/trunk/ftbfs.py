# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Packages that fail to build from source, and what should be done about each: read from DLRN and Gerrit each time."""

from __future__ import annotations

import hashlib
import re
import typing as t
import urllib.parse

from ..._diagnosis.failures import Diagnosis, FailureClass, diagnose
from ..._dlrn.client import DlrnClient
from ..._dlrn.commits import read_holding_back
from ..._dlrn.promotion import check_trunk
from ..._gerrit.client import GerritClient, Review
from ..._git.repository import REFERENCE
from ..._module.errors import InvalidInput, NotFound
from ..._module.table import text_table
from ..._release.rdoinfo import Rdoinfo
from ..release.rdoinfo_query import read_rdoinfo

_SIGNATURE = re.compile(r"^Failure-Signature: ([0-9a-f]{12})$", re.MULTILINE)
_MOST_LINES = 12


def plan_failures(options: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What the module ftbfs_info returns."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", options["topic"]):
        raise InvalidInput(f"{options['topic']!r} cannot be a topic.")
    if not REFERENCE.fullmatch(options["branch"]):
        raise InvalidInput(f"{options['branch']!r} cannot be a branch.")
    # It comes into messages of changes, which everybody can read.
    options = {**options, "trunk_url": check_trunk(options["trunk_url"])}
    info = read_rdoinfo(options)
    packages = _packages(info, options["tag"], options["packages"])
    dlrn = DlrnClient.from_params(options)
    waiting = {row["project"]: row for row in read_holding_back(dlrn)}
    changes = {
        review.project: review
        for review in GerritClient.from_params(options).query(
            f'topic:"{options["topic"]}" branch:{options["branch"]} status:open'
            + (" owner:self" if options["gerrit_username"] else "")
        )
    }
    rows = []
    left = options["limit"]
    for name, package in sorted(packages.items()):
        change = changes.get(_gerrit_project(package) or "")
        if name not in waiting:
            if change:
                rows.append(_row(package, "abandon", change, reason="it builds again"))
            continue
        row = _failure(package, waiting[name], change, dlrn, options)
        if row["action"] == "open":
            row["action"], left = ("open", left - 1) if left > 0 else ("defer", 0)
        rows.append(row)
    return {
        "packages": rows,
        "table": text_table(
            ("package", "action", "class", "reason", "change"),
            [[row["package"], row["action"], row["class"], row["reason"], row["url"]] for row in rows],
        ),
    }


def _packages(info: Rdoinfo, tag: str | None, names: t.Sequence[str]) -> dict[str, dict[str, t.Any]]:
    """By the name that DLRN knows them by: that of the package."""
    found = {package["name"]: package for package in info.packages(tag).values()}
    if not names:
        return found
    unknown = sorted(set(names) - set(found))
    if unknown:
        raise NotFound(f"{', '.join(unknown)} is not a package of {info.description}.", packages=unknown)
    return {name: found[name] for name in names}


def _failure(
    package: t.Mapping[str, t.Any],
    state: t.Mapping[str, t.Any],
    change: Review | None,
    dlrn: DlrnClient,
    options: t.Mapping[str, t.Any],
) -> dict[str, t.Any]:
    commit = state["commit"]
    if commit is None or state["status"] != "FAILED":
        reason = "it was never built" if commit is None else f"DLRN will try it again ({state['status']})"
        return _row(package, "wait", change, reason=reason)
    log, diagnosis = _diagnosis(commit, dlrn, options)
    values = {
        "class": diagnosis.failure_class.value,
        "lines": diagnosis.lines[:_MOST_LINES],
        "commit_hash": commit["commit_hash"],
        "upstream_commit": f"{str(package.get('upstream')).removesuffix('.git')}/commit/{commit['commit_hash']}",
        "log_url": log,
    }
    if diagnosis.failure_class is FailureClass.INFRASTRUCTURE:
        return _row(package, "recheck", change, reason="the failure is not the package's", **values)
    if _gerrit_project(package) is None:
        return _row(package, "unknown", change, reason="rdoinfo has no review-origin for it", **values)
    signature = _signature(diagnosis)
    values["message"] = _message(package, values, signature)
    held = _SIGNATURE.search(change.message) if change else None
    if change is None:
        return _row(package, "open", None, reason="it does not build", **values)
    if held and held[1] == signature:
        return _row(package, "keep", change, reason="it fails as the change says", **values)
    return _row(package, "amend", change, reason="it fails differently now", **values)


def _diagnosis(
    commit: t.Mapping[str, t.Any], dlrn: DlrnClient, options: t.Mapping[str, t.Any]
) -> tuple[str, Diagnosis]:
    """The log that says most about a failure, and what it says; DLRN's notes where no log can be read."""
    best: tuple[str, Diagnosis] | None = None
    for name in options["logs"]:
        url = f"{options['trunk_url']}/{commit['directory']}/{name}"
        try:
            log = dlrn.web.read(url, "log")
        except NotFound:
            continue
        found = diagnose(log.decode(errors="replace"))
        if best is None or best[1].failure_class is FailureClass.UNKNOWN:
            best = (url, found)
    if best:
        return best
    url = f"{options['trunk_url']}/{commit['directory']}/"
    found = diagnose(commit["notes"])
    return url, Diagnosis(found.failure_class, [*found.lines[:_MOST_LINES], "(no log can be read)"], found.missing)


def _signature(diagnosis: Diagnosis) -> str:
    """The same for failures that look the same: without hashes, numbers, times and folders."""
    words = diagnosis.missing or [re.sub(r"[0-9a-f]{7,}|\d+|/\S+", "", line) for line in diagnosis.lines]
    return hashlib.sha256("\n".join([diagnosis.failure_class.value, *sorted(words)]).encode()).hexdigest()[:12]


def _message(package: t.Mapping[str, t.Any], values: t.Mapping[str, t.Any], signature: str) -> str:
    lines = "\n".join(f"  {' '.join(line.split())[:160]}" for line in values["lines"])
    return (
        f"{package['project']}: does not build ({values['class']})\n\n"
        f"{values['upstream_commit']}\n"
        f"does not build. This change is amended when the package fails differently, and\n"
        f"abandoned when it builds again.\n\n{lines}\n\nLog: {values['log_url']}\n\nFailure-Signature: {signature}"
    )


def _gerrit_project(package: t.Mapping[str, t.Any]) -> str | None:
    """The project of the package's distgit in Gerrit, by its review-origin."""
    origin = package.get("review-origin")
    path = urllib.parse.urlsplit(str(origin or "")).path.strip("/").removesuffix(".git")
    return path.removeprefix("r/") or None


def _row(
    package: t.Mapping[str, t.Any], action: str, change: Review | None, reason: str, **values: t.Any
) -> dict[str, t.Any]:
    empty = dict.fromkeys(("class", "commit_hash", "upstream_commit", "log_url", "message"))
    return {
        "package": package["name"],
        "project": package["project"],
        "gerrit_project": _gerrit_project(package),
        "action": action,
        "reason": reason,
        "reviewers": list(package["maintainers"]),
        "number": change.number if change else None,
        "url": change.url if change else None,
        "lines": [],
        **empty,
        **values,
    }
