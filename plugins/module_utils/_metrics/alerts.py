# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Alert rules for Prometheus: when somebody should look. Pure; the same input gives the same text."""

from __future__ import annotations

import dataclasses
import json
import typing as t

# How often a gate that refuses is looked at again before it counts as stuck, and others as more than a blink.
SETTLED = "30m"


@dataclasses.dataclass(frozen=True)
class Limits:
    """From when on somebody is told."""

    label_days: float = 7
    gate_hours: float = 48
    writer_hours: float = 3
    waiver_days: float = 3
    inbox_minutes: float = 30
    mirror_hours: float = 6
    held_back_days: float = 3


def alert_rules(labels: t.Mapping[str, str], limits: Limits) -> str:
    """A file of rules. It is JSON, which is YAML to Prometheus.

    :param labels: by release, the label whose age counts.
    """
    by_label: dict[str, list[str]] = {}
    for release, label in sorted(labels.items()):
        by_label.setdefault(label, []).append(release)
    old = " or ".join(
        f"time() - releng_label_promoted_timestamp_seconds{{release={_text(release)},label={_text(label)}}}"
        f" > {_seconds(limits.label_days, 86400)}"
        for label, releases in by_label.items()
        for release in releases
    )
    rules = [
        _rule(
            "FiguresAreOld",
            f"time() - releng_written_timestamp_seconds > {_seconds(limits.writer_hours, 3600)}",
            "critical",
            "Nobody writes figures of {{ $labels.release }} {{ $labels.distro }}: the last are "
            "{{ $value | humanizeDuration }} old",
        ),
        _rule(
            "NoFigures", "absent(releng_written_timestamp_seconds)", "critical", "Nobody writes figures of any release"
        ),
        _rule(
            "GateIsStuck",
            "releng_gate_promote == 0",
            "warning",
            "{{ $labels.release }} {{ $labels.distro }}: nothing may be promoted to {{ $labels.target }} since "
            f"{limits.gate_hours:g} hours",
            f"{_seconds(limits.gate_hours, 3600)}s",
        ),
        _rule(
            "WaiverEnds",
            f"releng_waiver_until_timestamp_seconds - time() < {_seconds(limits.waiver_days, 86400)}"
            " and releng_waiver_until_timestamp_seconds - time() > 0",
            "info",
            "The waiver of {{ $labels.owner }} for {{ $labels.waives }} ends in {{ $value | humanizeDuration }}",
        ),
        _rule(
            "InboxIsOld",
            f"time() - releng_queue_oldest_timestamp_seconds > {_seconds(limits.inbox_minutes, 60)}",
            "critical",
            "An entry of {{ $labels.queue }} has waited for {{ $value | humanizeDuration }}",
        ),
        _rule(
            "MirrorIsBehind",
            "scalar(max(releng_push_timestamp_seconds)) - releng_push_timestamp_seconds > "
            + _seconds(limits.mirror_hours, 3600),
            "warning",
            "{{ $labels.place }} is {{ $value | humanizeDuration }} behind the newest push",
        ),
        _rule(
            "PackageHoldsBack",
            f"time() - releng_held_back_since_timestamp_seconds > {_seconds(limits.held_back_days, 86400)}",
            "warning",
            "{{ $labels.package }} ({{ $labels.status }}) has held {{ $labels.release }} {{ $labels.distro }} back for "
            "{{ $value | humanizeDuration }}",
        ),
    ]
    if old:
        summary = "{{ $labels.label }} of {{ $labels.release }} {{ $labels.distro }} was promoted "
        rules.insert(0, _rule("LabelIsOld", old, "warning", summary + "{{ $value | humanizeDuration }} ago"))
    return json.dumps({"groups": [{"name": "rdo.releng", "rules": rules}]}, indent=1) + "\n"


def _rule(name: str, expression: str, severity: str, summary: str, settled: str = SETTLED) -> dict[str, t.Any]:
    return {
        "alert": name,
        "expr": expression,
        "for": settled,
        "labels": {"severity": severity},
        "annotations": {"summary": summary},
    }


def _text(value: str) -> str:
    """A string of PromQL, which has JSON's escapes."""
    return json.dumps(value)


def _seconds(amount: float, unit: int) -> str:
    return f"{amount * unit:.0f}"
