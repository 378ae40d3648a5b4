# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What a playbook says in the end: one summary for the terminal, and the same as JSON and as a page on request."""

from __future__ import annotations

import json
import os
import typing as t

from ..._module.documents import write_atomically
from ..._module.errors import InvalidInput
from ..._module.runner import Change, Plan
from .report_page import render_page
from .run_report import render_text, shape_for_page, summarize
from .run_steps import SCHEMA, check_step, format_time

REPORT_SCHEMA = "rdo.releng/report/1"
# What a role's report may say. ``parts`` are steps of their own that were done within it: the vote within a scenario.
KEYS = {"status", "summary", "heads", "rows", "tables", "links", "details", "stand_in"}
PARTS = "parts"


class Summarize(Change):
    """Sum up the steps of a playbook, and write the forms that were asked for.

    :param params: the options of the module run_summary.
    :param now: seconds since the epoch.
    :param planned: the playbook runs in check mode: all of it is what would be.
    """

    def __init__(self, params: dict[str, t.Any], now: float, planned: bool) -> None:
        self.params, self.now, self.planned = params, now, planned

    def plan(self) -> Plan:
        steps = [step for given in self.params["steps"] for step in self._steps(given)]
        report = summarize(self.params["title"], steps)
        files: dict[str, str] = {}
        page = self.params["page"]
        if page:
            page = os.path.abspath(page)
            files[page] = render_page(shape_for_page(report, page, os.path.dirname(page)))
        if self.params["json"]:
            document = {"schema": REPORT_SCHEMA, "title": self.params["title"], "planned": self.planned}
            document.update(status=report["status"], at=format_time(self.now), steps=steps)
            files[self.params["json"]] = json.dumps(document, indent=2, sort_keys=True) + "\n"
        text = render_text({**report, "seconds": None, "failures": []}, page)
        if self.planned:
            text += "\nThis was check mode: nothing was changed, and all of it is what would be.\n"
        actions = [f"write {path}" for path in files]
        before = dict.fromkeys(files, "")
        result = {"text": text, "lines": text.splitlines(), "status": report["status"]}
        return Plan(before, files, actions, result)

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        for path, text in plan.after.items():
            write_atomically(path, text.encode())
        return {}

    def _steps(self, given: dict[str, t.Any]) -> list[dict[str, t.Any]]:
        """A step's document and those of its parts."""
        report = given["report"]
        parts = report.get(PARTS, []) if isinstance(report, dict) else None
        if not isinstance(parts, list) or not all(isinstance(part, dict) and "step" in part for part in parts):
            raise InvalidInput(f"The report of {given['step']} is {report!r:.200}; a mapping with keys is needed.")
        own = {key: value for key, value in report.items() if key != PARTS}
        ends = [
            {
                "step": part["step"],
                "stage": part.get("stage"),
                "status": part.get("status"),
                "report": {key: value for key, value in part.items() if key not in ("step", "stage", "status")},
            }
            for part in parts
        ]
        return [self._step({**given, "report": own}), *map(self._step, ends)]

    def _step(self, given: dict[str, t.Any]) -> dict[str, t.Any]:
        """A step's document; one without a report was not reached."""
        report = given["report"]
        if set(report) - KEYS:
            raise InvalidInput(
                f"The report of {given['step']} is {report!r:.200}; keys may be {', '.join(sorted([*KEYS, PARTS]))}."
            )
        document = {
            "schema": SCHEMA,
            "step": given["step"],
            "stage": given["stage"],
            "started_at": format_time(self.now),
        }
        status = given["status"] or report.get("status") or ("done" if report else "skipped")
        summary = report.get("summary") or ("" if report else "not reached")
        return check_step({**document, **report, "status": status, "summary": summary}, "of this run")
