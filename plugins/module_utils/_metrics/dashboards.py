# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Grafana's dashboards: what is on them, and their JSON. Pure; the same input gives the same text.

Grafana's JSON model at schema version 36, with the few keys that differ from its defaults.
"""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t

SCHEMA_VERSION = 36
WIDTH, HEIGHT = 24, 8
SOURCE = {"type": "prometheus", "uid": "${source}"}


@dataclasses.dataclass(frozen=True)
class Panel:
    """One picture.

    :param query: in PromQL; ``SELECT`` stands for the labels that the dashboard is about.
    :param kind: stat, timeseries, table or bargauge.
    :param legend: names of labels, or Grafana's own form with braces.
    """

    title: str
    query: str
    legend: str
    kind: str = "timeseries"
    unit: str = "short"


Rows = t.Sequence[tuple[str, t.Sequence[Panel]]]

TRUNK: Rows = (
    (
        "Promotions",
        (
            Panel(
                "Age of labels",
                "time() - releng_label_promoted_timestamp_seconds{SELECT}",
                "release distro label",
                "stat",
                "s",
            ),
            Panel(
                "Commit to promotion, nine of ten",
                'releng_lead_time_seconds{SELECT,quantile="0.9",stage="promoted"}',
                "release distro component",
                unit="s",
            ),
            Panel(
                "Commit to each stage, median",
                'max by (stage) (releng_lead_time_seconds{SELECT,quantile="0.5"})',
                "stage",
                unit="s",
            ),
        ),
    ),
    (
        "Jobs",
        (
            Panel("Share that passes", "releng_job_pass_ratio{SELECT}", "release distro job", unit="percentunit"),
            Panel(
                "Red first, green later on the same candidate",
                "releng_job_flake_ratio{SELECT}",
                "release distro job",
                unit="percentunit",
            ),
            Panel(
                "Requirements of the gate",
                "sum by (release, distro, outcome) (releng_gate_requirements{SELECT})",
                "release distro outcome",
            ),
        ),
    ),
    (
        "Builds",
        (
            Panel(
                "Holding consistent back, for",
                "time() - releng_held_back_since_timestamp_seconds{SELECT}",
                "release distro package status",
                "table",
                "s",
            ),
            Panel(
                "Failures to build",
                "count by (failure_class) (releng_ftbfs_since_timestamp_seconds{SELECT})",
                "failure_class",
            ),
            Panel(
                "Oldest failure to build",
                "max by (release, distro) (time() - releng_ftbfs_since_timestamp_seconds{SELECT})",
                "release distro",
                "stat",
                "s",
            ),
        ),
    ),
    (
        "Release data",
        (
            Panel("Projects beside upper constraints", "sum by (status) (releng_constraints{SELECT})", "status"),
            Panel("Tags out of order", "sum by (tag, action) (releng_tag_actions{SELECT})", "tag action"),
            Panel(
                "Waivers end in",
                "releng_waiver_until_timestamp_seconds{SELECT} - time()",
                "waives owner",
                "table",
                "s",
            ),
        ),
    ),
    (
        "Services",
        (
            Panel(
                "Oldest entry of inboxes and outboxes",
                "time() - releng_queue_oldest_timestamp_seconds{SELECT}",
                "queue",
                unit="s",
            ),
            Panel("Entries that are not tried again", "releng_queue_failed_entries{SELECT}", "queue", "stat"),
            Panel("Age of the newest push", "time() - releng_push_timestamp_seconds{SELECT}", "place", unit="s"),
            Panel(
                "Age of the figures",
                "time() - releng_written_timestamp_seconds{SELECT}",
                "release distro",
                "stat",
                "s",
            ),
        ),
    ),
)

GA: Rows = (
    (
        "Whose time it took",
        (
            Panel("In all", "sum by (whose) (releng_ga_seconds{SELECT})", "whose", "stat", "s"),
            Panel(
                "By stage", "sum by (stage, whose) (releng_ga_stage_seconds{SELECT})", "stage whose", "bargauge", "s"
            ),
        ),
    ),
    (
        "What is left",
        (
            Panel("Tags out of order", "sum by (tag, action) (releng_tag_actions{SELECT})", "tag action"),
            Panel("Pending builds", "sum by (tag, decision) (releng_pending_builds{SELECT})", "tag decision"),
        ),
    ),
)


def dashboards(releases: t.Sequence[str]) -> dict[str, str]:
    """JSON by the name of its file: one for all releases, one for each, and one for their GA."""
    found = {
        "releng-releases.json": _dashboard("rdo-releng", "All releases", TRUNK, None),
        "releng-ga.json": _dashboard("rdo-releng-ga", "General availability", GA, None),
    }
    for release in sorted(set(releases)):
        uid = f"rdo-releng-{re.sub('[^a-z0-9-]', '-', release.lower())}"[:40]
        found[f"releng-release-{release}.json"] = _dashboard(uid, f"Release {release}", TRUNK, release)
    return found


def _dashboard(uid: str, title: str, rows: Rows, release: str | None) -> str:
    chosen = f"release={json.dumps(release)}" if release else 'release=~"$release"'
    selection = f'{chosen},distro=~"$distro"'
    of_release = f"{{{chosen}}}" if release else ""
    variables: list[dict[str, t.Any]] = [
        {"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"}
    ]
    for name in ("distro",) if release else ("release", "distro"):
        query = f"label_values(releng_written_timestamp_seconds{of_release}, {name})"
        variables.append(_variable(name, query))
    document = {
        "uid": uid,
        "title": title,
        "tags": ["rdo.releng"],
        "schemaVersion": SCHEMA_VERSION,
        "refresh": "5m",
        "time": {"from": "now-30d", "to": "now"},
        "timezone": "utc",
        "editable": False,
        "templating": {"list": variables},
        "panels": list(_panels(rows, selection)),
    }
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


def _variable(name: str, query: str) -> dict[str, t.Any]:
    return {
        "name": name,
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": query, "refId": name},
        "definition": query,
        "multi": True,
        "includeAll": True,
        "current": {"text": ["All"], "value": ["$__all"]},
        "refresh": 2,
        "sort": 1,
    }


def _panels(rows: Rows, selection: str) -> t.Iterator[dict[str, t.Any]]:
    number, top = 0, 0
    for title, panels in rows:
        number += 1
        place = {"x": 0, "y": top, "w": WIDTH, "h": 1}
        yield {"id": number, "type": "row", "title": title, "collapsed": False, "panels": [], "gridPos": place}
        width = WIDTH // len(panels)
        for column, panel in enumerate(panels):
            number += 1
            yield {
                "id": number,
                "type": panel.kind,
                "title": panel.title,
                "datasource": SOURCE,
                "gridPos": {"x": column * width, "y": top + 1, "w": width, "h": HEIGHT},
                "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": []},
                "targets": [_target(panel, selection)],
            }
        top += 1 + HEIGHT


def _target(panel: Panel, selection: str) -> dict[str, t.Any]:
    at_once = panel.kind in ("table", "stat", "bargauge")
    return {
        "refId": "A",
        "datasource": SOURCE,
        "expr": panel.query.replace("SELECT", selection),
        "legendFormat": " ".join(f"{{{{{label}}}}}" for label in panel.legend.split()),
        "instant": at_once,
        "range": not at_once,
        "format": "table" if panel.kind == "table" else "time_series",
    }
