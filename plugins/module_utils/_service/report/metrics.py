# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Figures of a release, written for Prometheus: out of what other modules returned."""

from __future__ import annotations

import os
import typing as t
import urllib.parse

from ..._gate.waivers import parse_waivers
from ..._journal.chronometer import measure
from ..._journal.journal import Line, read_journal
from ..._metrics.exposition import exposition
from ..._metrics.figures import Figures
from ..._metrics.release import (
    constraint_figures,
    ftbfs_figures,
    ga_figures,
    pending_figures,
    push_figures,
    queue_figures,
    tag_figures,
    waiver_figures,
)
from ..._metrics.trunk import gate_figures, holding_back, label_figures, lead_times, vote_figures
from ..._module.documents import read_yaml, write_atomically
from ..._module.errors import InvalidInput, Unavailable
from ..._module.runner import Change, Plan
from ..._module.web import Web

DAY = 86400.0
# What makes figures of each option, and whose result the option takes.
ORIGINS = {
    "history": "rdo.releng.dlrn_history_info",
    "holding_back": "holding_back of rdo.releng.dlrn_commit_info",
    "decision": "decision of rdo.releng.promotion_gate",
    "waivers": "a list of waivers",
    "ftbfs": "packages of rdo.releng.ftbfs_info",
    "pins": "pins of rdo.releng.upper_constraints_info",
    "tag_plans": "a list of plans of rdo.releng.koji_tag_builds",
    "pending": "a mapping of tags to decisions rdo.releng.pending/1",
    "queues": "a list of mappings with name, entries and oldest_at",
    "inboxes": "a mapping of names to what rdo.releng.event_inbox_info returned",
    "pushes": "a list of mappings with name and switched_at",
    "chronometer": "a mapping with whose and stages",
}


class WriteFigures(Change):
    """Write the figures to a file by way of a rename, push them to a gateway, or both.

    :param params: the options of the module releng_metrics.
    :param now: seconds since 1970.
    """

    def __init__(self, params: dict[str, t.Any], now: float) -> None:
        self.params, self.now = params, now

    def plan(self) -> Plan:
        text = exposition([self.figures()])
        path, gateway = self.params["path"], self.params["gateway"]
        actions = []
        before = _read(path) if path else ""
        if path and before != text:
            actions.append(f"write {path}")
        if gateway:
            actions.append(f"push to {self._address()}")
        return Plan({"figures": before}, {"figures": text}, actions, {"text": text, "path": path})

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        text = plan.after["figures"]
        if self.params["path"] and plan.before["figures"] != text:
            write_atomically(self.params["path"], text.encode())
        if self.params["gateway"]:
            answer = Web().call(self._address(), method="PUT", data=text.encode())
            if answer.status not in (200, 202):
                said = answer.reason or f"status {answer.status}: {answer.body[:200].decode(errors='replace').strip()}"
                raise Unavailable(f"The gateway {self._address()} did not take the figures: {said}.")
        return {}

    def _address(self) -> str:
        parts = ("job", "rdo_releng", "release", self.params["release"], "distro", self.params["distro"])
        return f"{self.params['gateway'].rstrip('/')}/metrics/{'/'.join(urllib.parse.quote(one, '') for one in parts)}"

    def figures(self) -> Figures:
        """All figures that what was given makes.

        :raises InvalidInput: an option is not what it is said to be.
        """
        figures = Figures(self.params["release"], self.params["distro"])
        figures.set("releng_written_timestamp_seconds", self.now)
        for option, make in self._makers(figures).items():
            given = self.params[option]
            if given is None:
                continue
            try:
                make(given)
            except (KeyError, TypeError, AttributeError, ValueError) as error:
                raise InvalidInput(f"{option} is not {ORIGINS[option]}: {type(error).__name__} {error}.") from error
        if self.params["journal"]:
            lines, _damaged = read_journal(self.params["journal"])
            # A release that has not begun took nobody's time.
            if lines:
                ga_figures(figures, _chronometer(lines, self.now))
        return figures

    def _makers(self, figures: Figures) -> dict[str, t.Callable[[t.Any], None]]:
        since = self.now - self.params["window"] * DAY
        held_back = self.params["holding_back"] or []

        def history(given: t.Any) -> None:
            labels = {"staged_at": self.params["staging"], "promoted_at": self.params["label"]}
            named = {key: label for key, label in labels.items() if label}
            label_figures(figures, named, given["candidates"], since)
            lead_times(figures, given["commits"], given["candidates"], since)
            vote_figures(figures, given["candidates"], since)

        def pending(given: t.Any) -> None:
            for tag, decision in given.items():
                pending_figures(figures, tag, decision)

        return {
            "history": history,
            "holding_back": lambda given: holding_back(figures, given, self.now),
            "decision": lambda given: gate_figures(figures, given),
            "waivers": lambda given: waiver_figures(figures, _waivers(given)),
            "ftbfs": lambda given: ftbfs_figures(figures, given, held_back, self.now),
            "pins": lambda given: constraint_figures(figures, given, self.params["distro"]),
            "tag_plans": lambda given: tag_figures(figures, given),
            "pending": pending,
            "queues": lambda given: queue_figures(figures, given),
            "inboxes": lambda given: queue_figures(figures, [_queue(name, given[name], self.now) for name in given]),
            "pushes": lambda given: push_figures(figures, given),
            "chronometer": lambda given: ga_figures(figures, given),
        }


def _queue(name: str, inbox: dict[str, t.Any], now: float) -> dict[str, t.Any]:
    """An inbox as figures want it, of what event_inbox_info returned."""
    oldest = inbox["oldest"]
    at = None if oldest is None else now - oldest["seconds"]
    return {"name": name, "entries": inbox["counts"]["new"], "failed": inbox["counts"]["failed"], "oldest_at": at}


def _chronometer(lines: t.Sequence[Line], now: float) -> dict[str, t.Any]:
    """Whose time a journal's run took; one that goes on takes it until now."""
    times = measure(lines)
    times = measure(lines, now) if times.open else times
    return {
        "whose": {whose: milliseconds / 1000 for whose, milliseconds in times.sums.items()},
        "stages": [
            {"stage": one.stage, "whose": one.whose, "seconds": (one.ended - one.began) / 1000}
            for one in times.intervals
        ],
    }


def _waivers(given: t.Any) -> list[dict[str, t.Any]]:
    """Waivers of files and of the option itself, as the gate reads them."""
    found = []
    for one in given if isinstance(given, list) else [given]:
        content, source = (read_yaml(one, "waivers file"), one) if isinstance(one, str) else (one, "waivers")
        entries = parse_waivers(content if isinstance(content, list) else [content], source)
        found += [{"waives": waiver.waives, "owner": waiver.owner, "until": waiver.ends} for waiver in entries]
    return found


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise InvalidInput(f"The figures {path} cannot be read: {error}", path=os.path.abspath(path)) from error
