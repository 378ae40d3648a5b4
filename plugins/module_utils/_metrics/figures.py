# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""The figures there are: name, type, meaning and labels, and the samples of a run. Pure: no I/O, no clock of its own.

::

    figures = Figures(release="epoxy", distro="el9s")
    figures.set("releng_label_promoted_timestamp_seconds", 1795247300, label="current-passed-ci")
    figures.spread("releng_lead_time_seconds", [3600.0, 7200.0], component="common", stage="promoted")

Names and units follow Prometheus's conventions: base units, the unit last, moments as ``_timestamp_seconds`` so that
an age is ``time() - figure`` and goes on growing when nobody writes any more.
"""

from __future__ import annotations

import dataclasses
import math
import typing as t

from .._module.errors import InvalidInput

#: quantiles of a summary
QUANTILES = (0.5, 0.9)
#: every sample carries these first
COMMON = ("release", "distro")


@dataclasses.dataclass(frozen=True)
class Kind:
    """What a figure is.

    :param type: ``gauge``, or ``summary``, which has quantiles, a sum and a count.
    :param labels: besides :data:`COMMON`.
    """

    name: str
    type: str
    meaning: str
    labels: tuple[str, ...] = ()


_KINDS = (
    Kind("releng_written_timestamp_seconds", "gauge", "When these figures were written."),
    Kind("releng_label_promoted_timestamp_seconds", "gauge", "When a label was moved last.", ("label",)),
    Kind(
        "releng_label_newest_commit_timestamp_seconds", "gauge", "Time of the newest commit a label holds.", ("label",)
    ),
    Kind("releng_label_promotions", "gauge", "Promotions to a label within the window.", ("label",)),
    Kind(
        "releng_lead_time_seconds",
        "summary",
        "From upstream's commit until it was built, staged, tested and promoted, for commits within the window.",
        ("component", "stage"),
    ),
    Kind("releng_job_votes", "gauge", "Votes within the window by their result.", ("job", "result")),
    Kind("releng_job_pass_ratio", "gauge", "Share of votes within the window that are successes.", ("job",)),
    Kind(
        "releng_job_flake_ratio",
        "gauge",
        "Share of the candidates that a job judged within the window on which it failed first and passed later.",
        ("job",),
    ),
    Kind("releng_job_duration_seconds", "summary", "From a job's start until it voted, within the window.", ("job",)),
    Kind(
        "releng_held_back_since_timestamp_seconds",
        "gauge",
        "Since when a package holds consistent back.",
        ("package", "component", "status"),
    ),
    Kind(
        "releng_ftbfs_since_timestamp_seconds",
        "gauge",
        "Since when a package does not build.",
        ("package", "failure_class"),
    ),
    Kind("releng_gate_promote", "gauge", "1 if the gate would promote, 0 if not.", ("target",)),
    Kind("releng_gate_evaluated_timestamp_seconds", "gauge", "When the gate decided last.", ("target",)),
    Kind(
        "releng_gate_requirements", "gauge", "Requirements of the gate by what became of them.", ("target", "outcome")
    ),
    Kind("releng_waiver_until_timestamp_seconds", "gauge", "When a waiver ends.", ("waives", "owner")),
    Kind("releng_constraints", "gauge", "Projects by how they stand to upper constraints.", ("status",)),
    Kind("releng_tag_actions", "gauge", "Actions that a tag is away from what is wanted.", ("tag", "action")),
    Kind("releng_pending_builds", "gauge", "Builds of a pending batch by what was decided.", ("tag", "decision")),
    Kind("releng_queue_entries", "gauge", "Entries that wait in an inbox or outbox.", ("queue",)),
    Kind("releng_queue_failed_entries", "gauge", "Entries of an inbox that are not tried again.", ("queue",)),
    Kind("releng_queue_oldest_timestamp_seconds", "gauge", "Arrival of the oldest waiting entry.", ("queue",)),
    Kind("releng_push_timestamp_seconds", "gauge", "When a place switched to its newest push.", ("place",)),
    Kind("releng_ga_seconds", "gauge", "Whose time a release took.", ("whose",)),
    Kind("releng_ga_stage_seconds", "gauge", "Whose time a stage of a release took.", ("stage", "whose")),
)
#: all figures by name, in the order in which they are documented
KINDS = {kind.name: kind for kind in _KINDS}

Labels = tuple[tuple[str, str], ...]


class Figures:
    """The samples of one release and distro.

    ``samples`` has, by figure, a value or a list of observations by labels.
    """

    def __init__(self, release: str, distro: str) -> None:
        self.common = {"release": release, "distro": distro}
        self.samples: dict[str, dict[Labels, float]] = {}
        self.spreads: dict[str, dict[Labels, list[float]]] = {}

    def set(self, name: str, value: float, **labels: str | None) -> None:
        """One value; a later one of the same labels replaces it."""
        self.samples.setdefault(name, {})[self._labels(name, "gauge", labels)] = _finite(name, value)

    def spread(self, name: str, observations: t.Iterable[float], **labels: str | None) -> None:
        """Observations of a summary; none leave no trace."""
        values = [_finite(name, value) for value in observations]
        if values:
            self.spreads.setdefault(name, {}).setdefault(self._labels(name, "summary", labels), []).extend(values)

    def _labels(self, name: str, type_: str, labels: t.Mapping[str, str | None]) -> Labels:
        kind = KINDS[name]
        if kind.type != type_ or set(kind.labels) != set(labels):
            raise KeyError(f"{name} is a {kind.type} with the labels {kind.labels}")
        return tuple({**self.common, **{key: labels[key] or "" for key in kind.labels}}.items())


def quantile(ordered: t.Sequence[float], share: float) -> float:
    """The smallest observation that at least ``share`` of all are not above (nearest rank)."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _finite(name: str, value: float) -> float:
    if not math.isfinite(value):
        raise InvalidInput(f"The figure {name} is {value}, which is not a number that anybody can draw.")
    return float(value)
