# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""The report of a run, made from the files that its steps left: a text for the terminal and a page."""

from __future__ import annotations

import os
import re
import typing as t
import urllib.parse

from ..._module.documents import write_atomically
from ..._module.errors import InvalidInput
from ..._module.runner import Change, Plan
from ..._module.table import text_table
from .report_page import render_page
from .run_steps import STAGES, format_time, parse_time, read_steps

# How a step's status is called where people read it.
LABELS = {
    "done": "done",
    "waiting": "waiting",
    "failed": "failed",
    "skipped": "skipped",
    "started": "not finished",
    None: "not reached",
}
# What stands for several steps of one stage, and for a run: the first that any of them has.
WORST = ("failed", "started", "waiting", "done", "skipped")
# What the step of another stage does where no step of its own does it.
WITHIN = {"vote": "scenario"}
UNFINISHED = "It began and never said how it ended: it may have been killed, or be still at work."
# Rows of a step's table that the text shows; the page has all.
TEXT_ROWS = 20
# A cell that is nothing but addresses, for example those of a requirement's votes.
ADDRESSES = re.compile(r"(?:https?|file)://\S+(?: (?:https?|file)://\S+)*")


class WriteReport(Change):
    """Make both forms of the report in one go.

    :param folder: the run's folder, with the documents of its steps.
    :param page: file for the page.
    :param text: file for the text.
    :param root: folder that is published together with the page; if not set, ``folder``.
    """

    def __init__(self, folder: str, title: str, page: str, text: str, root: str | None = None) -> None:
        self.folder = os.path.abspath(folder)
        self.root = os.path.abspath(root or folder)
        self.title = title
        self.files = {"page": os.path.abspath(page), "text": os.path.abspath(text)}
        if root and os.path.commonpath([self.files["page"], self.root]) != self.root:
            raise InvalidInput(
                f"The page {self.files['page']} is not below {self.root} (root), which is published with it."
            )
        self.contents: dict[str, str] = {}

    def plan(self) -> Plan:
        steps = read_steps(self.folder)
        report = summarize(self.title, steps)
        self.contents = {
            "page": render_page(shape_for_page(report, self.files["page"], self.folder, self.root)),
            "text": render_text(report, self.files["page"]),
        }
        before = {name: _read_text(path) for name, path in self.files.items()}
        actions = [f"write {path}" for name, path in self.files.items() if before[name] != self.contents[name]]
        result = {
            **self.files,
            "status": report["status"],
            "table": report["table"],
            "report": self.contents["text"],
            "stages": report["stages"],
            "steps": steps,
        }
        return Plan(before, self.contents, actions, result)

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        for name, path in self.files.items():
            if plan.before[name] != self.contents[name]:
                write_atomically(path, self.contents[name].encode())
        return {}


def summarize(title: str, steps: list[dict[str, t.Any]]) -> dict[str, t.Any]:
    """What both forms tell.

    :returns: title, status, started_at, seconds, stages (name, status, label, seconds, first step), failures, steps.
    """
    reached = max((STAGES.index(step["stage"]) for step in steps if step["stage"]), default=-1)
    present = {step["stage"] for step in steps if step["stage"]}
    stages = []
    for number, name in enumerate(STAGES):
        of_stage = [step for step in steps if step["stage"] == name]
        status = _worst(of_stage)
        stages.append(
            {
                "name": name,
                "status": status or "not-reached",
                "label": LABELS[status] if of_stage else _label_without_step(name, number < reached, present),
                "seconds": _total(of_stage),
                "step": of_stage[0]["step"] if of_stage else None,
            }
        )
    rows = [[step["step"], LABELS[step["status"]], _duration(step["seconds"]), step["summary"]] for step in steps]
    starts = [parse_time(step["started_at"]) for step in steps]
    known = [start for start in starts if start > 0] or [0.0]
    ends = [start + (step["seconds"] or 0) for start, step in zip(starts, steps)]
    status = _worst(steps)
    where = next((f" at {step['step']}" for step in steps if step["status"] == status and status == "failed"), "")
    return {
        "title": title,
        "status": status,
        "label": LABELS[status] + where,
        "started_at": format_time(min(known)),
        "seconds": round(max(0.0, max(ends, default=0.0) - min(known)), 1),
        "stages": stages,
        "table": text_table(["step", "status", "took", "summary"], rows),
        "failures": [
            {**step, "summary": step["summary"] or (UNFINISHED if step["status"] == "started" else "")}
            for step in steps
            if step["status"] in ("failed", "started")
        ],
        "stand_ins": [step for step in steps if step["stand_in"]],
        "steps": steps,
    }


def render_text(report: dict[str, t.Any], page: str | None) -> str:
    """The report for a terminal: each step's table, then all steps, then what went wrong as the last thing.

    :param page: where the same is as a page, if it is one.
    """
    parts = []
    for step in report["steps"]:
        for title, table in [(step["step"].upper(), step), *((one["title"], one) for one in step["tables"])]:
            if table["rows"]:
                parts.append(f"{title}\n{_short_table(table)}")
    took = f" after {_duration(report['seconds'])}" if report["seconds"] is not None else ""
    parts.append(f"{report['title']}: {report['label']}{took}\n{report['table']}")
    if report["stand_ins"]:
        lines = [f"  {step['step']}: {step['stand_in']}" for step in report["stand_ins"]]
        parts.append("\n".join(["Stand-ins, not the real thing:", *lines]))
    links = [[step["step"], link["text"], link["target"]] for step in report["steps"] for link in step["links"]]
    links += [["", "this report as a page", page]] if page else []
    if links:
        parts.append(text_table(["step", "what", "where"], links))
    for step in report["failures"]:
        lines = [f"{step['step']} {LABELS[step['status']]}: {step['summary']}".rstrip(": ")]
        parts.append("\n".join([*lines, *(f"  {line}" for line in step["details"].splitlines())]))
    return _printable("\n\n".join(parts)) + "\n"


def safe_link(target: str, page: str, folder: str, root: str | None = None) -> str | None:
    """``target`` as an address that a page at ``page`` may link to; None for what no page should.

    What lies below ``root`` is linked relative to the page, so that all of it can be moved or published. Other paths of
    this host are not linked: to who reads the published page they would lead nowhere.

    :param folder: what a relative path begins at.
    :param root: the folder that is published; if not set, ``folder``.
    """
    root = root or folder
    scheme, colon, rest = target.partition("://")
    if colon and scheme.lower() in ("http", "https"):
        return target
    path = urllib.parse.unquote(rest) if colon else target
    if "\0" in path or (colon and (scheme.lower() != "file" or not path.startswith("/"))):
        return None
    path = os.path.normpath(os.path.join(folder, path))
    if os.path.commonpath([path, root]) != root:
        return None
    return urllib.parse.quote(os.path.relpath(path, os.path.dirname(page)))


def shape_for_page(report: dict[str, t.Any], page: str, folder: str, root: str | None = None) -> dict[str, t.Any]:
    """The report with all links made safe and all cells of one shape: a list of texts, each with its link or none.

    :param page: where the page will be.
    :param folder: what a relative path begins at.
    :param root: the folder that is published with the page; if not set, ``folder``.
    """

    def item(text: t.Any, href: str | None = None, place: str | None = None) -> dict[str, t.Any]:
        return {"text": text, "href": href, "place": place}

    def link(text: t.Any, target: str) -> dict[str, t.Any]:
        """A text with its link; where a page cannot lead is named beside the text."""
        href = safe_link(target, page, folder, root)
        return item(text, href, None if href else target)

    def cell(value: t.Any) -> list[dict[str, t.Any]]:
        text = _cell_text(value)
        if isinstance(value, dict):
            target = value.get("target")
            return [item(text, safe_link(target, page, folder, root) if isinstance(target, str) else None)]
        if not ADDRESSES.fullmatch(text):
            return [item(text)]
        found = [(target, safe_link(target, page, folder, root)) for target in text.split()]
        return [item(target if target.startswith("http") else href or target, href) for target, href in found]

    def table(data: dict[str, t.Any]) -> dict[str, t.Any]:
        rows = _even(data["rows"], data["heads"])
        return {"heads": data["heads"], "rows": [[cell(value) for value in row] for row in rows]}

    def shape(step: dict[str, t.Any]) -> dict[str, t.Any]:
        return {
            **step,
            "label": LABELS[step["status"]],
            "took": _duration(step["seconds"]),
            "links": [link(item["text"], item["target"]) for item in step["links"]],
            "details": _without_tables(step),
            **table(step),
            "tables": [{"title": one["title"], **table(one)} for one in step["tables"]],
        }

    stages = [{**stage, "took": _duration(stage["seconds"])} for stage in report["stages"]]
    shaped = {key: [shape(step) for step in report[key]] for key in ("steps", "failures", "stand_ins")}
    return {**report, **shaped, "stages": stages, "took": _duration(report["seconds"])}


def _short_table(table: dict[str, t.Any]) -> str:
    """The first rows of a table as text, and how many more there are."""
    rows = [[_cell_text(cell) for cell in row] for row in table["rows"]]
    more = [f"… and {len(rows) - TEXT_ROWS} more"] if len(rows) > TEXT_ROWS else []
    heads = table["heads"] or [""] * max(map(len, rows))
    return "\n".join([text_table(heads, _even(rows[:TEXT_ROWS], heads)), *more])


def _without_tables(step: dict[str, t.Any]) -> str:
    """A step's details less what its tables show already: reasons for a terminal bring them along as text."""
    details = step["details"]
    for table in [step, *step["tables"]]:
        if table["rows"] and table["heads"]:
            rows = [[_cell_text(cell) for cell in row] for row in table["rows"]]
            details = details.replace(text_table(table["heads"], _even(rows, table["heads"])), "")
    return details.strip("\n")


def _even(rows: t.Sequence[t.Sequence[t.Any]], heads: t.Sequence[str]) -> list[list[t.Any]]:
    """Rows with at least as many cells as there are heads, and all the same number."""
    width = max([len(heads), *map(len, rows)])
    return [[*row, *[""] * (width - len(row))] for row in rows]


def _cell_text(cell: t.Any) -> str:
    if isinstance(cell, dict):
        cell = cell.get("text")
    return "" if cell is None else str(cell)


def _label_without_step(stage: str, passed: bool, present: t.Collection[str]) -> str:
    """What is said of a stage that has no step of its own; ``passed``: later ones have."""
    if WITHIN.get(stage) in present:
        return f"within {WITHIN[stage]}"
    return "left out" if passed else LABELS[None]


def _worst(steps: t.Sequence[dict[str, t.Any]]) -> str | None:
    statuses = {step["status"] for step in steps}
    return next((status for status in WORST if status in statuses), None)


def _total(steps: t.Sequence[dict[str, t.Any]]) -> float | None:
    taken = [step["seconds"] for step in steps if step["seconds"] is not None]
    return round(sum(taken), 1) if taken else None


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s"


def _printable(text: str) -> str:
    """``text`` without what would steer a terminal."""
    return "".join(char if char.isprintable() or char == "\n" else "\N{REPLACEMENT CHARACTER}" for char in text)


def _read_text(path: str) -> str:
    """What is in a file now; empty where there is none."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise InvalidInput(f"The report {path} cannot be read: {error}", path=path) from error
