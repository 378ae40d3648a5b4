# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Every candidate that was staged or promoted lately, with its votes: what figures and pages are made of.

DLRN has no list of candidates. It has promotions, one row for each component, of which only the last of a batch names
the aggregate. So what a label held after each such row is a candidate, and the same aggregate at two labels is the
same candidate.
"""

from __future__ import annotations

import concurrent.futures
import typing as t

from .client import DlrnClient
from .commits import read_commits
from .promotion import Promoted, check_label, read_label
from .votes import DlrnVoteStore, Vote

AT_A_TIME = 4


def history_info(params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What the module dlrn_history_info returns for its options."""
    client = DlrnClient.from_params(params)
    commits = read_commits(client, params["commits"])
    found: dict[str, dict[str, t.Any]] = {}
    for name, key in ((params["staging"], "staged_at"), (params["label"], "promoted_at")):
        label = read_label(client, check_label(name)) if name else None
        for candidate in held_over_time(label.rows if label else ()):
            one = found.setdefault(candidate["name"], {"staged_at": None, "promoted_at": None, **candidate})
            one[key] = candidate["at"]
    known = {_hashes(commit): commit for commit in commits}
    # DLRN counts in seconds: of two of the same second, the one that came as far as the label is the later one.
    ordered = sorted(
        found.values(),
        key=lambda one: (-max(one["staged_at"] or 0, one["promoted_at"] or 0), one["promoted_at"] is None),
    )
    candidates = [_finished(one, known) for one in ordered[: params["limit"]]]
    for candidate, votes in zip(candidates, _votes(client, candidates)):
        candidate["votes"] = [vote.document() for vote in votes]
    return {"candidates": candidates, "commits": commits}


def held_over_time(rows: t.Sequence[Promoted]) -> list[dict[str, t.Any]]:
    """What a label held after each batch of promotions, oldest first.

    :param rows: of one label, newest first.
    :returns: ``name``, ``aggregate_hash``, ``at``, ``user`` and ``parts``, the promotion of each component.
    """
    held: dict[str | None, Promoted] = {}
    found = []
    for row in reversed(rows):
        if row.component is not None:
            # From before DLRN ran with components.
            held.pop(None, None)
        held[row.component] = row
        if row.component is not None and row.aggregate_hash is None:
            continue  # not the last of its batch
        parts = [held[component] for component in sorted(held, key=str)]
        name = row.aggregate_hash or "_".join(part for part in row_hashes(row).values() if part)
        found.append(
            {"name": name, "aggregate_hash": row.aggregate_hash, "at": row.timestamp, "user": row.user, "parts": parts}
        )
    return found


def row_hashes(row: Promoted) -> dict[str, str | None]:
    """What a commit is known by."""
    return {"commit_hash": row.commit_hash, "distro_hash": row.distro_hash, "extended_hash": row.extended_hash}


def _hashes(one: t.Mapping[str, t.Any]) -> tuple[t.Any, ...]:
    return tuple(one[key] for key in ("component", "commit_hash", "distro_hash", "extended_hash"))


def _finished(one: dict[str, t.Any], known: t.Mapping[tuple[t.Any, ...], dict[str, t.Any]]) -> dict[str, t.Any]:
    components = []
    for part in one["parts"]:
        component = {"component": part.component, **row_hashes(part)}
        commit = known.get(_hashes(component), {})
        components.append(
            {**component, **{key: commit.get(key) for key in ("project", "committed_at", "built_at", "directory")}}
        )
    return {
        "name": one["name"],
        "aggregate_hash": one["aggregate_hash"],
        "staged_at": one["staged_at"],
        "promoted_at": one["promoted_at"],
        "promoted_by": one["user"] if one["promoted_at"] else None,
        "components": components,
    }


def _votes(client: DlrnClient, candidates: t.Sequence[dict[str, t.Any]]) -> list[list[Vote]]:
    store = DlrnVoteStore(client)

    def read(candidate: dict[str, t.Any]) -> list[Vote]:
        if candidate["aggregate_hash"]:
            return store.filed_under({"aggregate_hash": candidate["aggregate_hash"]})
        keys = ("commit_hash", "distro_hash", "extended_hash")
        return store.filed_under({key: value for key in keys if (value := candidate["components"][0][key])})

    with concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as pool:
        return [sorted(votes, key=lambda vote: vote.timestamp) for votes in pool.map(read, candidates)]
