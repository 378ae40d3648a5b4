# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What the steps of a run leave behind: one small document a step, ``rdo.releng/step/1``.

The folder of a run holds ``step-<name>.json`` files. A step is written when it starts and again when it ended, so
that a run that was killed shows where.
"""

from __future__ import annotations

import datetime
import glob
import os
import re
import typing as t

from ..._module.documents import read_document, write_document
from ..._module.errors import InvalidInput, NotFound, RelengError
from ..._module.runner import Change, Plan

SCHEMA = "rdo.releng/step/1"
# The way of a package, as the picture in the report has it.
STAGES = ("build", "closure", "candidate", "scenario", "vote", "gate", "promotion")
# "waiting" is said by a run that has done what it could, and goes on when somebody else has done their part.
STATUSES = ("started", "done", "waiting", "failed", "skipped")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
TEXTS = ("summary", "details", "stand_in")
# What a document need not say.
DEFAULTS: dict[str, t.Any] = {
    "stage": None,
    "seconds": None,
    "summary": "",
    "details": "",
    "stand_in": None,
    "heads": [],
    "rows": [],
    "tables": [],
    "links": [],
}


class RecordStep(Change):
    """Write the document of one step.

    :param content: step, stage, status, summary, heads, rows, tables, links, details, stand_in as the module's options.
    :param now: the moment, in seconds since the epoch.
    """

    def __init__(self, folder: str, content: dict[str, t.Any], now: float) -> None:
        self.path = os.path.join(folder, f"step-{content['step']}.json")
        self.content = content
        self.now = now

    def plan(self) -> Plan:
        if not NAME.fullmatch(self.content["step"]):
            raise InvalidInput(
                f"The step is called {self.content['step']!r}; a name of letters, digits, dots, dashes and underscores "
                "is needed."
            )
        try:
            before = check_step(read_document(self.path, SCHEMA, "step document"), self.path)
        except (NotFound, InvalidInput):
            before = {}  # a damaged one is replaced
        after = self._after(before)
        actions = [] if after == before else [f"write {self.path}"]
        return Plan(before, after, actions, {"path": self.path, "step": after})

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        write_document(self.path, plan.after)
        return {}

    def _after(self, before: dict[str, t.Any]) -> dict[str, t.Any]:
        """The document to be. A step that ends keeps its start; the same end told again changes nothing."""
        stage = self.content["stage"] or (self.content["step"] if self.content["step"] in STAGES else None)
        after = {"schema": SCHEMA, **self.content, "stage": stage, "started_at": format_time(self.now), "seconds": None}
        if after["status"] != "started" and before:
            if before["status"] == "started":
                passed = self.now - parse_time(before["started_at"])
                after.update(started_at=before["started_at"], seconds=round(max(0.0, passed), 1))
            else:
                same_end = {**after, "started_at": before["started_at"], "seconds": before["seconds"]}
                after = before if same_end == before else after
        return check_step(after, self.path)


def read_steps(folder: str) -> list[dict[str, t.Any]]:
    """All steps of a run, in the order of their start. A damaged document is a failed step that says so.

    :raises NotFound: the folder has none.
    """
    paths = sorted(glob.glob(os.path.join(glob.escape(folder), "step-*.json")))
    if not paths:
        raise NotFound(
            f"There are no documents of steps (step-*.json) in {folder}: did the run write to it?", path=folder
        )
    steps = []
    for path in paths:
        try:
            steps.append(check_step(read_document(path, SCHEMA, "step document"), path))
        except RelengError as error:
            name = os.path.basename(path)[len("step-") : -len(".json")]
            steps.append(check_step(_damaged(name, error.message), path))
    order = {stage: number for number, stage in enumerate(STAGES)}
    return sorted(steps, key=lambda step: (step["started_at"], order.get(step["stage"], -1), step["step"]))


def check_step(data: dict[str, t.Any], source: str) -> dict[str, t.Any]:
    """``data`` with all keys, if it is a step's document.

    :raises InvalidInput: naming the file and the key.
    """

    def refuse(key: str, needed: str) -> t.NoReturn:
        raise InvalidInput(f"The step document {source}: {key} is {data.get(key)!r}; {needed} is needed.")

    if not isinstance(data.get("step"), str) or not NAME.fullmatch(data["step"]):
        refuse("step", "a name")
    if data.get("stage") is not None and data["stage"] not in STAGES:
        refuse("stage", f"one of {', '.join(STAGES)}")
    if data.get("status") not in STATUSES:
        refuse("status", f"one of {', '.join(STATUSES)}")
    for key in TEXTS:
        if not isinstance(data.get(key, ""), (str, type(None))):
            refuse(key, "a text")
    seconds = data.get("seconds")
    if seconds is not None and (not isinstance(seconds, (int, float)) or isinstance(seconds, bool) or seconds < 0):
        refuse("seconds", "a number")
    if not _is_list(data.get("heads"), str):
        refuse("heads", "a list of texts")
    if not _is_list(data.get("rows"), list):
        refuse("rows", "a list of lists")
    if not _is_list(data.get("tables"), dict) or not all(map(_is_table, data.get("tables") or [])):
        refuse("tables", "a list of mappings with title, heads and rows")
    if not _is_list(data.get("links"), dict) or not all(
        isinstance(link.get("text"), str) and isinstance(link.get("target"), str) for link in data.get("links") or []
    ):
        refuse("links", "a list of mappings with text and target")
    try:
        parse_time(data["started_at"])
    except (KeyError, TypeError, ValueError):
        refuse("started_at", "a time such as 2026-12-31T18:00:00.000Z")
    return {**DEFAULTS, **{key: value for key, value in data.items() if value is not None}}


def format_time(seconds: float) -> str:
    """Seconds since the epoch as text: UTC, to the millisecond."""
    moment = datetime.datetime.fromtimestamp(round(seconds, 3), datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"


def parse_time(text: str) -> float:
    """The seconds since the epoch that :func:`format_time` made ``text`` of; raises ValueError for another text."""
    moment = datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ")
    return moment.replace(tzinfo=datetime.timezone.utc).timestamp()


def _is_list(value: t.Any, kind: type) -> bool:
    return value is None or isinstance(value, list) and all(isinstance(item, kind) for item in value)


def _is_table(table: dict[str, t.Any]) -> bool:
    """Whether it is a table beside the step's own."""
    return (
        set(table) == {"title", "heads", "rows"}
        and isinstance(table["title"], str)
        and isinstance(table["rows"], list)
        and _is_list(table["heads"], str)
        and _is_list(table["rows"], list)
    )


def _damaged(name: str, message: str) -> dict[str, t.Any]:
    return {
        "schema": SCHEMA,
        "step": name if NAME.fullmatch(name) else "damaged",
        "stage": name if name in STAGES else None,
        "status": "failed",
        "summary": message,
        "started_at": format_time(0),
    }
