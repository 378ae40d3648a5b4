# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""A new package in rdoinfo: one row more, and every other byte as it was."""

from __future__ import annotations

import dataclasses
import datetime
import difflib
import os
import re
import typing as t

from .._module.documents import write_atomically
from .._module.errors import InvalidInput, Refused
from .._module.runner import Change, Plan
from .._module.yaml_text import YamlReader
from .rdoinfo import ENTRY, Folder, Rdoinfo
from .rdoinfo_lint import lint
from .rdoinfo_series import Overlay

_PROJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
_VALUE = re.compile(r"[\w.@:/%()+~-]+", re.ASCII)
#: What a row may say besides its tags, in the order in which rows say it.
ATTRIBUTES = ("conf", "name", "upstream", "component", "maintainers")


@dataclasses.dataclass
class PackageRow(Change):
    """A row of a file of rdoinfo.

    :param attributes: those of :data:`ATTRIBUTES` that are not those of its configuration.
    :param tags: that it has, without attributes.
    """

    rdoinfo: str
    file: str
    project: str
    attributes: t.Mapping[str, t.Any]
    tags: t.Sequence[str]
    entry: str = ENTRY

    def plan(self) -> Plan:
        self._check()
        files = Folder(self.rdoinfo)
        row = {"project": self.project, **{key: self.attributes[key] for key in ATTRIBUTES if self.attributes.get(key)}}
        if self.tags:
            row["tags"] = dict.fromkeys(self.tags)
        held = self._rows(Overlay(files).text(self.file)).get(self.project)
        info = Rdoinfo.read(files, self.entry)
        if held is None and self.project in info.projects:
            raise Refused(f"{self.project} is in rdoinfo already, in another file than {self.file}.")
        if held is not None:
            differing = sorted(key for key in row if key != "tags" and held.get(key) != row[key])
            if differing:
                raise Refused(f"{self.file} has {self.project} already, with another {', '.join(differing)}.")
            return Plan({}, {}, result={"patch": ""})
        overlay = Overlay(files)
        before = overlay.text(self.file)
        self._after = _inserted(before, _lines(row), self.file)
        overlay.put(self.file, self._after)
        if self._rows(self._after) != {**self._rows(before), self.project: row}:
            raise InvalidInput(f"{self.file} is written in a way that cannot be edited in place.", file=self.file)
        self._see_that_nothing_is_wrong(files, overlay)
        lines = difflib.unified_diff(
            before.splitlines(), self._after.splitlines(), self.file, self.file, n=0, lineterm=""
        )
        action = f"add {self.project} to {self.file}"
        return Plan({self.file: before}, {self.file: self._after}, [action], {"patch": "\n".join(lines)})

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        path = os.path.join(self.rdoinfo, self.file)
        write_atomically(path, self._after.encode(), os.stat(path).st_mode & 0o777)
        return {}

    def _check(self) -> None:
        maintainers = self.attributes.get("maintainers") or []
        values = [value for key, value in self.attributes.items() if key != "maintainers" and value]
        for value in [*values, *maintainers, *self.tags]:
            if not isinstance(value, str) or not _VALUE.fullmatch(value):
                raise InvalidInput(f"{value!r} cannot be an attribute of a package.", project=self.project)
        if not _PROJECT.fullmatch(self.project):
            raise InvalidInput(f"{self.project!r} cannot be a project.", project=self.project)

    def _rows(self, text: str) -> dict[str, t.Any]:
        data = YamlReader().read(text, self.file)
        rows = data.get("packages") if isinstance(data, dict) else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) and "project" in row for row in rows):
            raise InvalidInput(f"{self.file} has no list of packages with a project each.", file=self.file)
        return {row["project"]: row for row in rows}

    def _see_that_nothing_is_wrong(self, files: Folder, overlay: Overlay) -> None:
        today = datetime.date.today()
        known = {(one.rule, one.file, one.message) for one in lint(files, today, self.entry)}
        new = [one for one in lint(overlay, today, self.entry) if (one.rule, one.file, one.message) not in known]
        new = [one for one in new if self.project in one.message or not re.search(r"\bline \d", one.message)]
        if new:
            said = "; ".join(one.message for one in new[:5])
            raise Refused(f"Nothing was written, as the linter finds {len(new)} new mistakes: {said}")


def _inserted(text: str, new: t.Sequence[str], name: str) -> str:
    """``text`` with a row behind the last one of its packages."""
    root = YamlReader().compose(text, name)
    rows = next((value for key, value in root.value if key.value == "packages"), None)
    if rows is None or not rows.value or rows.flow_style:
        raise InvalidInput(f"{name} has no packages with one attribute a line.", file=name)
    lines = text.split("\n")
    last, indent = rows.value[-1], " " * (rows.value[-1].start_mark.column - 2)
    end = last.end_mark.line
    # A block ends where the next thing begins; comments and empty lines before that are not its.
    while end > last.start_mark.line + 1 and re.fullmatch(r"\s*(#.*)?", lines[end - 1]):
        end -= 1
    return "\n".join([*lines[:end], *(indent + line for line in new), *lines[end:]])


def _lines(row: t.Mapping[str, t.Any]) -> list[str]:
    lines: list[str] = []
    for key, value in row.items():
        head = "- " if not lines else "  "
        if isinstance(value, list):
            lines += [f"{head}{key}:", *(f"  - {item}" for item in value)]
        elif isinstance(value, dict):
            lines += [f"{head}{key}:", *(f"    {tag}:" for tag in value)]
        else:
            lines.append(f"{head}{key}: {value}")
    return lines
