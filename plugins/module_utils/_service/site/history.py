# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What is kept of a trunk between runs: DLRN purges, and answers only so much at once.

``rdo.releng/history/1``: ``{schema, release, distro, candidates, commits}`` as dlrn_history_info returns them, and
``decisions`` by the name of the candidate. What a run brings is added to what earlier ones brought.
"""

from __future__ import annotations

import os
import typing as t

from ..._gate.decision import SCHEMA as DECISION
from ..._gate.decision import TABLE_HEADS, sentence, table_rows
from ..._module.documents import check_schema, read_document
from ..._module.errors import InvalidInput

SCHEMA = "rdo.releng/history/1"
# More than a year of a busy trunk.
MOST_CANDIDATES, MOST_COMMITS = 2000, 20000
Document = dict[str, t.Any]


def read_history(path: str, release: str, distro: str) -> Document:
    """What was kept so far; nothing, if there is no file yet.

    :raises InvalidInput: the file is of something else.
    """
    empty: Document = {"schema": SCHEMA, "release": release, "distro": distro}
    empty.update(candidates=[], commits=[], decisions={})
    if not os.path.exists(path):
        return empty
    kept = read_document(path, SCHEMA, "history")
    if set(kept) != set(empty) or (kept["release"], kept["distro"]) != (release, distro):
        raise InvalidInput(f"The history {path} is not that of {release} {distro}. Name another folder.", path=path)
    return kept


def add_history(kept: Document, candidates: t.Iterable[Document], commits: t.Iterable[Document]) -> None:
    """Add what a run read: newer words replace older ones, and what is known is never forgotten for a null."""
    by_name = {one["name"]: one for one in kept["candidates"]}
    for new in candidates:
        old = by_name.get(new["name"], {})
        one = {key: old.get(key) if value is None else value for key, value in new.items()}
        one["components"] = _joined(old.get("components", []), new["components"], _part)
        one["votes"] = sorted(
            _joined(old.get("votes", []), new["votes"], _vote), key=lambda vote: (vote["timestamp"], vote["job"])
        )
        by_name[new["name"]] = one
    ordered = sorted(by_name.values(), key=lambda one: (-moved(one), one["name"]))
    kept["candidates"] = ordered[:MOST_CANDIDATES]
    joined = _joined(kept["commits"], commits, lambda one: (_part(one), one["status"], one["built_at"]))
    kept["commits"] = sorted(joined, key=lambda one: str(one["built_at"]), reverse=True)[:MOST_COMMITS]
    kept["decisions"] = {name: text for name, text in kept["decisions"].items() if name in by_name}


def add_decision(kept: Document, given: t.Any) -> None:
    """Keep what the gate said of a candidate, unless none that is kept has votes that name it, or the file is gone.

    :param given: a document ``rdo.releng/decision/1``, or the path of its file.
    """
    if isinstance(given, str) and not os.path.exists(given):
        return
    told = read_document(given, DECISION, "decision") if isinstance(given, str) else given
    decision = check_schema(told, DECISION, "decision")
    about = decision["candidate"]
    for one in kept["candidates"] if about else ():
        if about in [vote.get("candidate") for vote in one["votes"]]:
            rows = table_rows(decision)
            kept["decisions"][one["name"]] = {"summary": sentence(decision), "heads": [*TABLE_HEADS], "rows": rows}


def moved(candidate: t.Mapping[str, t.Any]) -> float:
    """When a candidate was staged or promoted last."""
    return max(candidate["staged_at"] or 0, candidate["promoted_at"] or 0)


def _part(one: t.Mapping[str, t.Any]) -> tuple[t.Any, ...]:
    return tuple(one[key] for key in ("component", "commit_hash", "distro_hash", "extended_hash"))


def _vote(one: t.Mapping[str, t.Any]) -> tuple[t.Any, ...]:
    return tuple(one[key] for key in ("job", "timestamp", "success", "in_progress", "url"))


def _joined(old: t.Iterable[Document], new: t.Iterable[Document], key: t.Callable[[Document], t.Any]) -> list[Document]:
    """Both, each once; what is null in the new one stays as it was."""
    found = {key(one): one for one in old}
    for one in new:
        before = found.get(key(one), {})
        found[key(one)] = {name: before.get(name) if value is None else value for name, value in one.items()}
    return list(found.values())
