# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What happened in a hub's tags, as hints in an inbox: the way that works without any message."""

from __future__ import annotations

import contextlib
import typing as t

from ..._events.spool import keep, known
from ..._events.watermark import as_lines, read_watermark, write_watermark
from ..._koji.session import Hub
from ..._module.errors import InvalidInput, NotFound
from ..._module.runner import Change, Plan


class WatchedTags(Change):
    """Put what was tagged and untagged since the last look into an inbox.

    The watermark moves after the hints are on disk, so a run that is killed loses none. Hints that are known are not
    put there again.
    """

    def __init__(self, params: dict[str, t.Any]) -> None:
        self._hub = Hub.from_params(params)
        self._tags: list[str] = params["tags"]
        self._inbox, self._path = params["inbox"], params["watermark"]
        self._overlap: float = params["overlap"]
        self._prefix: str = params["topic_prefix"]
        if not self._tags:
            raise InvalidInput("Name the tags to watch.")
        if self._overlap < 0:
            raise InvalidInput(f"overlap is {self._overlap:g} seconds: it cannot be negative.")
        self._of = f"{self._hub.address} {' '.join(sorted(self._tags))}"

    def plan(self) -> Plan:
        with contextlib.closing(self._hub):
            # First how far it goes, then what there is: what comes between is found by the next look.
            last = self._hub.read("getLastEvent")
            mark = read_watermark(self._path, self._of)
            start = mark.start(self._overlap)
            events = [one for tag in self._tags for one in self._of_tag(tag, start)]
        events = [one for one in events if not known(self._inbox, one["id"])]
        self._mark = mark.looked(int(last["id"]), float(last["ts"]), self._overlap)
        actions = [f"keep {line}" for line in as_lines(events)]
        if start is None:
            actions.append(f"begin to watch at event {last['id']}")
        return Plan({"event": start}, {"event": last["id"]}, actions, {"events": events, "event": int(last["id"])})

    def _of_tag(self, tag: str, start: int | None) -> list[dict[str, t.Any]]:
        found = self._hub.read("getTag", tag, about={"tag": tag})
        if found is None:
            raise NotFound(f"The hub {self._hub.address} has no tag {tag}.", tag=tag)
        if start is None:
            return []
        rows = self._hub.read("queryHistory", tables=["tag_listing"], tag=tag, afterEvent=start, about={"tag": tag})[
            "tag_listing"
        ]
        events = []
        for row in rows:
            for what, key in (("tag", "create_event"), ("untag", "revoke_event")):
                if row[key] is not None and row[key] > start:
                    events.append(self._event(what, int(row[key]), found, row))
        return sorted(events, key=lambda one: one["body"]["event"])

    def _event(self, what: str, event: int, tag: dict[str, t.Any], row: dict[str, t.Any]) -> dict[str, t.Any]:
        nvr = f"{row['name']}-{row['version']}-{row['release']}"
        body = {"build_id": row["build_id"], "nvr": nvr, "name": row["name"], "version": row["version"]}
        body.update(release=row["release"], tag=tag["name"], tag_id=tag["id"], event=event)
        ident = f"koji-{what}-{tag['id']}-{row['build_id']}-{event}"
        return {"id": ident, "topic": f"{self._prefix}{what}", "body": body}

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        for one in plan.result["events"]:
            keep(self._inbox, one["id"], one["topic"], one["body"])
        write_watermark(self._path, self._of, self._mark)
        return {}
