# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Figures of trunk: labels, lead times, votes, what holds consistent back.

The shapes are those that dlrn_history_info, dlrn_commit_info and promotion_gate return. Moments are seconds since 1970
or, where those modules say so, texts such as ``2026-11-29T10:00:00Z``.
"""

from __future__ import annotations

import collections
import datetime
import typing as t

from .._module.errors import InvalidInput
from .figures import Figures

#: stages of a commit's way, in order
STAGES = ("built", "staged", "tested", "promoted")
Document = t.Mapping[str, t.Any]


def moment(value: t.Any) -> float | None:
    """Seconds since 1970 of a moment as modules write it; None for None.

    :raises InvalidInput: it is none.
    """
    if value is None or isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    try:
        parsed = datetime.datetime.fromisoformat(str(value).replace("Z", "+00:00"))
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=datetime.timezone.utc)).timestamp()
    except (ValueError, OverflowError) as error:
        raise InvalidInput(f"{str(value)[:80]!r} is not a moment such as 2026-11-29T10:00:00Z.") from error


def label_figures(
    figures: Figures, labels: t.Mapping[str, str], candidates: t.Sequence[Document], since: float
) -> None:
    """When labels moved, how often, and how old what they hold is.

    :param labels: name of the staging and the target label by ``staged_at`` and ``promoted_at``.
    """
    for key, label in labels.items():
        moved = sorted((one for one in candidates if one[key]), key=lambda one: one[key])
        figures.set("releng_label_promotions", sum(one[key] >= since for one in moved), label=label)
        if moved:
            figures.set("releng_label_promoted_timestamp_seconds", moved[-1][key], label=label)
            newest = [moment(one.get("committed_at")) for one in moved[-1]["components"]]
            known = [one for one in newest if one is not None]
            if known:
                figures.set("releng_label_newest_commit_timestamp_seconds", max(known), label=label)


def lead_times(figures: Figures, commits: t.Sequence[Document], candidates: t.Sequence[Document], since: float) -> None:
    """How long commits took from upstream to each stage.

    A repository that DLRN built for one commit holds everything of its component that was built before, so a commit
    has reached a stage with the first candidate whose commit of that component was built no earlier. A candidate is
    tested when its last vote arrived.

    :param commits: built ones with ``built_at`` and ``committed_at``; others do not count.
    """
    built = {
        (one["component"], one["commit_hash"], one["distro_hash"], one["extended_hash"]): moment(one["built_at"])
        for one in commits
    }
    reached: dict[str, dict[t.Any, list[tuple[float, float]]]] = {stage: {} for stage in STAGES[1:]}
    for candidate in candidates:
        votes = [vote["timestamp"] for vote in candidate["votes"] if not vote["in_progress"]]
        times = {
            "staged": candidate["staged_at"],
            "tested": max(votes) if votes else None,
            "promoted": candidate["promoted_at"],
        }
        for part in candidate["components"]:
            key = (part["component"], part["commit_hash"], part["distro_hash"], part["extended_hash"])
            up_to = built.get(key)
            for stage, at in times.items():
                if up_to is not None and at is not None:
                    reached[stage].setdefault(part["component"], []).append((up_to, at))
    took: dict[tuple[str | None, str], list[float]] = collections.defaultdict(list)
    for one in commits:
        began, done = moment(one["committed_at"]), moment(one["built_at"])
        if one["status"] != "SUCCESS" or began is None or done is None or done < since:
            continue
        took[one["component"], "built"].append(max(0.0, done - began))
        for stage, ways in reached.items():
            times_of = [at for up_to, at in ways.get(one["component"], ()) if up_to >= done and at >= done]
            if times_of:
                took[one["component"], stage].append(max(0.0, min(times_of) - began))
    for (component, stage), values in took.items():
        figures.spread("releng_lead_time_seconds", values, component=component, stage=stage)


def vote_figures(figures: Figures, candidates: t.Sequence[Document], since: float) -> None:
    """How often each job passes, how long it takes, and how often it turns green on what it called red."""
    judged: dict[str, list[bool]] = collections.defaultdict(list)
    turned: dict[str, list[bool]] = collections.defaultdict(list)
    for candidate in candidates:
        of_job: dict[str, list[Document]] = collections.defaultdict(list)
        for vote in sorted(candidate["votes"], key=lambda one: (one["timestamp"], one["success"])):
            of_job[vote["job"]].append(vote)
        for job, votes in of_job.items():
            final = [vote for vote in votes if not vote["in_progress"] and vote["timestamp"] >= since]
            judged[job] += [vote["success"] for vote in final]
            figures.spread("releng_job_duration_seconds", _durations(votes, since), job=job)
            if final:
                results = [vote["success"] for vote in final]
                turned[job].append(False in results and True in results[results.index(False) :])
    for job, results in judged.items():
        if results:
            figures.set("releng_job_votes", sum(results), job=job, result="success")
            figures.set("releng_job_votes", len(results) - sum(results), job=job, result="failure")
            figures.set("releng_job_pass_ratio", sum(results) / len(results), job=job)
            figures.set("releng_job_flake_ratio", sum(turned[job]) / len(turned[job]), job=job)


def _durations(votes: t.Iterable[Document], since: float) -> t.Iterator[float]:
    """From each mark that a job has begun to the next vote of that job."""
    began = None
    for vote in votes:
        if vote["in_progress"]:
            began = vote["timestamp"]
        elif began is not None:
            if vote["timestamp"] >= since:
                yield vote["timestamp"] - began
            began = None


def holding_back(figures: Figures, rows: t.Sequence[Document], now: float) -> None:
    """What keeps consistent where it is. A package that was never built holds it back as long as anybody looks."""
    for row in rows:
        since = moment(row["since"])
        figures.set(
            "releng_held_back_since_timestamp_seconds",
            now if since is None else since,
            package=row["project"],
            component=row["component"],
            status=row["status"],
        )


def gate_figures(figures: Figures, decision: Document) -> None:
    """What the gate said last."""
    target = decision["target"]
    figures.set("releng_gate_promote", float(decision["promote"]), target=target)
    evaluated = moment(decision["evaluated_at"])
    if evaluated is not None:
        figures.set("releng_gate_evaluated_timestamp_seconds", evaluated, target=target)
    for outcome in ("satisfied", "unsatisfied", "waived"):
        figures.set("releng_gate_requirements", len(decision[outcome]), target=target, outcome=outcome)
