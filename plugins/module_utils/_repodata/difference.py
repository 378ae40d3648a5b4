# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What changed between two sets of repositories, package by package and commit by commit."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from .._module.csv_text import read_rows
from .._module.errors import NotFound
from .._module.text import redacted
from .._rpm.nevra import Evr
from .download import Transport

_SHA = re.compile(r"[0-9a-f]{7,64}")
# Columns of DLRN's versions.csv (dlrn/shell.py) that are used.
_COLUMNS = ("Project", "Source Repo", "Source Sha", "Dist Repo", "Dist Sha", "Pkg NVR")


@dataclasses.dataclass(frozen=True)
class Package:
    """One package as it is compared.

    :param checksum: of the file, so that a rebuild under the same version is seen.
    """

    name: str
    arch: str
    evr: str
    source: str
    checksum: str


@dataclasses.dataclass(frozen=True)
class Commits:
    """What DLRN built a source package of: upstream's and the distgit's repository and commit."""

    project: str
    source_repository: str
    source_commit: str
    distgit_repository: str
    distgit_commit: str


def read_commits(roots: t.Iterable[str], transport: Transport) -> dict[str, Commits]:
    """By NVR of the source package, from the versions.csv of those repositories that have one.

    :param roots: where each repository lies: the address of the folder that holds its repodata.
    :raises InvalidInput: there is one, and it is not DLRN's.
    """
    found: dict[str, Commits] = {}
    for root in roots:
        location = f"{root.rstrip('/')}/versions.csv"
        try:
            text = transport.read_text(location, f"The file {location}")
        except NotFound:
            continue
        for row in read_rows(text, redacted(location), _COLUMNS):
            values = dict(zip(_COLUMNS, row))
            if _SHA.fullmatch(values["Source Sha"]) and _SHA.fullmatch(values["Dist Sha"]):
                nvr = values.pop("Pkg NVR")
                found[nvr] = Commits(*values.values())
    return found


def compare(
    before: t.Mapping[tuple[str, str], Package], after: t.Mapping[tuple[str, str], Package]
) -> dict[str, list[dict[str, t.Any]]]:
    """Packages ``added``, ``removed``, ``upgraded``, ``downgraded`` and ``rebuilt`` (another file of that version)."""
    result: dict[str, list[dict[str, t.Any]]] = {
        kind: [] for kind in ("added", "removed", "upgraded", "downgraded", "rebuilt")
    }
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key), after.get(key)
        kind = _kind(old, new)
        if kind:
            result[kind].append(
                {
                    "name": key[0],
                    "arch": key[1],
                    "before": old.evr if old else None,
                    "after": new.evr if new else None,
                    "source_before": old.source if old else None,
                    "source_after": new.source if new else None,
                }
            )
    return result


def _kind(old: Package | None, new: Package | None) -> str | None:
    if old is None:
        return "added"
    if new is None:
        return "removed"
    order = Evr.parse(new.evr).compare(Evr.parse(old.evr))
    if order:
        return "upgraded" if order > 0 else "downgraded"
    return "rebuilt" if old.checksum != new.checksum else None


def commit_ranges(
    changes: t.Mapping[str, list[dict[str, t.Any]]],
    before: t.Mapping[str, Commits],
    after: t.Mapping[str, Commits],
) -> list[dict[str, t.Any]]:
    """From which commits to which, once for each source package that changed and that DLRN knows on both sides."""
    ranges = {}
    for change in (change for kind in changes.values() for change in kind):
        old, new = before.get(change["source_before"]), after.get(change["source_after"])
        if old is None or new is None or old == new:
            continue
        ranges[new.project, change["source_after"]] = {
            "project": new.project,
            "source_before": change["source_before"],
            "source_after": change["source_after"],
            "repository": new.source_repository,
            "from": old.source_commit,
            "to": new.source_commit,
            "distgit_repository": new.distgit_repository,
            "distgit_from": old.distgit_commit,
            "distgit_to": new.distgit_commit,
        }
    return [ranges[key] for key in sorted(ranges)]
