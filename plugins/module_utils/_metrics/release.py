# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Figures of a release: failures to build, constraints, tags, waivers, queues, pushes, whose time it took.

The shapes are those that ftbfs_info, upper_constraints_info, koji_tag_builds and the journals have.
"""

from __future__ import annotations

import collections
import typing as t

from .figures import Figures
from .trunk import Document, moment


def ftbfs_figures(
    figures: Figures, packages: t.Sequence[Document], held_back: t.Sequence[Document], now: float
) -> None:
    """Since when what does not build has not built, by class.

    :param held_back: rows of dlrn_commit_info, which say since when.
    """
    since = {row["project"]: moment(row["since"]) for row in held_back}
    for row in packages:
        if row["class"] is not None:
            at = since.get(row["package"], since.get(row["project"]))
            figures.set(
                "releng_ftbfs_since_timestamp_seconds",
                now if at is None else at,
                package=row["package"],
                failure_class=row["class"],
            )


def constraint_figures(figures: Figures, pins: t.Sequence[Document], distro: str) -> None:
    """How many projects are ahead of, behind or as upper constraints say."""
    counts = collections.Counter(row["status"] for row in pins if row["distro"] in (distro, None))
    for status, count in counts.items():
        figures.set("releng_constraints", count, status=status)


def tag_figures(figures: Figures, plans: t.Sequence[Document]) -> None:
    """How many actions each plan holds; a tag that is as it should be has a zero."""
    counts: collections.Counter[tuple[str, str]] = collections.Counter()
    for plan in plans:
        for tag in plan.get("tags") or ():
            counts[tag, "tag"] += 0
        counts.update((action["tag"], action["action"]) for action in plan["actions"])
        counts.update((refused["tag"], "refused") for refused in plan["refused"])
    for (tag, action), count in counts.items():
        figures.set("releng_tag_actions", count, tag=tag, action=action)


def waiver_figures(figures: Figures, waivers: t.Sequence[Document]) -> None:
    """When each waiver ends; of two of the same owner for one thing, the later end."""
    for waiver in sorted(waivers, key=lambda one: moment(one["until"]) or 0.0):
        until = moment(waiver["until"])
        if until is not None:
            figures.set("releng_waiver_until_timestamp_seconds", until, waives=waiver["waives"], owner=waiver["owner"])


def pending_figures(figures: Figures, tag: str, decision: Document) -> None:
    """How many builds of a batch move on and how many are held."""
    for name in ("moves", "held"):
        figures.set("releng_pending_builds", len(decision[name]), tag=tag, decision=name)


def queue_figures(figures: Figures, queues: t.Sequence[Document]) -> None:
    """How much waits and since when, and what was given up; an empty queue has no oldest entry."""
    for queue in queues:
        figures.set("releng_queue_entries", queue["entries"], queue=queue["name"])
        if queue.get("failed") is not None:
            figures.set("releng_queue_failed_entries", queue["failed"], queue=queue["name"])
        oldest = moment(queue.get("oldest_at"))
        if oldest is not None:
            figures.set("releng_queue_oldest_timestamp_seconds", oldest, queue=queue["name"])


def push_figures(figures: Figures, places: t.Sequence[Document]) -> None:
    """When each place, here or on a mirror, switched last."""
    for place in places:
        at = moment(place["switched_at"])
        if at is not None:
            figures.set("releng_push_timestamp_seconds", at, place=place["name"])


def ga_figures(figures: Figures, chronometer: Document) -> None:
    """Whose time a release took, in all and by stage.

    :param chronometer: ``whose`` (seconds by ours, hub, distribution and people) and ``stages`` (rows with ``stage``,
        ``whose`` and ``seconds``).
    """
    for whose, seconds in chronometer["whose"].items():
        figures.set("releng_ga_seconds", seconds, whose=whose)
    totals: collections.Counter[tuple[str, str]] = collections.Counter()
    for row in chronometer["stages"]:
        totals[row["stage"], row["whose"]] += row["seconds"]
    for (stage, whose), seconds in totals.items():
        figures.set("releng_ga_stage_seconds", seconds, stage=stage, whose=whose)
