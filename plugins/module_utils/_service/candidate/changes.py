# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What changed since another candidate, or since what a label holds, as a playbook asks for it."""

from __future__ import annotations

import dataclasses
import typing as t

from ..._dlrn.candidate import Candidate, read_candidate
from ..._dlrn.client import DlrnClient
from ..._dlrn.difference import compare_candidates
from ..._dlrn.trunk import Trunk
from ..._module.errors import InvalidInput
from ..._module.table import text_table
from ..._module.web import Web
from .pinning import web_of

HEADS = ["package", "component", "change", "before", "after", "upstream", "packaging"]


def candidate_changes(params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What the module dlrn_candidate_diff_info returns for its options."""
    web, api = web_of(params)
    after = read_candidate(params["after"])
    if params["before"]:
        before = read_candidate(params["before"])
    else:
        before = _held(after, params["trunk_url"], params["label"], web, api)
    changes = compare_candidates(before, after, web)
    rows = [package_row(package) for package in changes["packages"]]
    return {
        **changes,
        "same": not changes["packages"] and not changes["inputs"],
        "before": before.document(),
        "summary": _summary(changes),
        "table": text_table(HEADS, rows),
        "heads": HEADS,
        "rows": [_linked(row, package["url"]) for row, package in zip(rows, changes["packages"])],
    }


def _held(after: Candidate, trunk_url: str, label: str, web: Web, api: DlrnClient | None) -> Candidate:
    """The candidate as if a label's packages had been in it; a label says nothing of the other inputs."""
    if after.kind != "dlrn":
        raise InvalidInput(f"A candidate of kind {after.kind} has no label of trunk; give a lockfile as before.")
    held = Trunk(trunk_url, web, api).label(label)
    source = {**after.source, "label": label}
    return dataclasses.replace(after, source=source, aggregate_hash=held.aggregate_hash, components=held.components)


def package_row(package: dict[str, t.Any]) -> list[str]:
    """A package that changed, under :data:`HEADS`."""
    return [
        package["project"],
        package["component"] or "",
        package["change"],
        package["before"] or "",
        package["after"] or "",
        _range(package["from"], package["to"]),
        _range(package["distgit_from"], package["distgit_to"]),
    ]


def _linked(row: list[str], url: str | None) -> list[t.Any]:
    """The row as a page shows it, with upstream's commits behind a link."""
    upstream = HEADS.index("upstream")
    return [{"text": cell, "target": url} if url and number == upstream else cell for number, cell in enumerate(row)]


def _range(before: str | None, after: str | None) -> str:
    """Two commits as people write them; one where it is the same, or the only one."""
    return "..".join(dict.fromkeys(commit[:7] for commit in (before, after) if commit))


def _summary(changes: dict[str, list[dict[str, t.Any]]]) -> str:
    kinds = [package["change"] for package in changes["packages"]]
    counts = [f"{kinds.count(kind)} {kind}" for kind in ("changed", "added", "removed") if kind in kinds]
    packages = f"packages: {', '.join(counts)}" if counts else "the same packages"
    others = [one["what"] for one in changes["inputs"] if not one["what"].startswith(("component ", "repository"))]
    return f"{packages}; other inputs: {', '.join(others)}" if others else packages
