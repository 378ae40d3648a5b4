# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Pins, tags and builds changed in a file of rdoinfo so that every other byte of it stays as it was.

Where a change goes is found in the nodes of the parsed file, and the text is cut there; nothing is written anew by a
YAML library, whose idea of indentation and quotes is never quite the file's. That the outcome means what it should is
seen by reading it again.
"""

from __future__ import annotations

import copy
import dataclasses
import difflib
import os
import re
import typing as t

from .._module.documents import write_atomically
from .._module.errors import InvalidInput, NotFound
from .._module.runner import Change, Plan
from .._module.text import shown
from .._module.yaml_text import YamlReader

PIN = "source-branch"
SECTIONS = ("tags", "buildsys-tags")
_PROJECT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]*")
_VALUE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+~^/:-]*")


class TagFile:
    """The text of one file of packages and their tags, in block style, and changes to it.

    :param section: ``tags``, where a pin is the tag's attribute ``source-branch``, or ``buildsys-tags``, where it is
        the build.
    :raises InvalidInput: it is not YAML, or not of this shape.
    """

    def __init__(self, text: str, section: str, name: str) -> None:
        if section not in SECTIONS:
            raise InvalidInput(f"{section!r} is not a section of tags: {', '.join(SECTIONS)}.")
        self.text = text
        self._section = section
        self._name = name
        self._parse()

    def pin(self, project: str, tag: str, value: str | None) -> None:
        """Give ``project`` the tag with the pin ``value``, or with none; a row or tag that is missing is added."""
        _check_name(project, _PROJECT, "project")
        _check_name(tag, _PROJECT, "tag")
        if value is not None:
            _check_name(value, _VALUE, f"pin ({project})")
        expected = self._expected(project, tag, value)
        if expected == self._data:
            return
        row = self._rows.get(project)
        if row is None:
            self._insert_row(project, [f"  {self._section}:\n", *self._tag_lines(tag, value, 4)])
        else:
            self._pin_in_row(row, project, tag, value)
        self._parse()
        self._check(expected)

    def remove(self, project: str, tag: str) -> None:
        """Take ``tag`` from ``project``, and the whole row where nothing else is left in it."""
        tags = (self._data_of(project) or {}).get(self._section) or {}
        if tag not in tags:
            return
        expected = copy.deepcopy(self._data)
        own = next(row for row in expected["packages"] if row["project"] == project)
        del own[self._section][tag]
        row = self._rows[project]
        whole = not own[self._section]
        if whole:
            del own[self._section]
        if set(own) == {"project"}:
            expected["packages"].remove(own)
            if not expected["packages"]:
                expected["packages"] = None
            self._cut(row.start_mark.line, self._end_line(row))
        else:
            key, value = self._entry(row, self._section)
            if not whole:
                key, value = self._entry(value, tag)
            self._cut(key.start_mark.line, self._end_line(value))
        self._parse()
        self._check(expected)

    # What the file means

    def _parse(self) -> None:
        content = self.text.encode()
        reader = YamlReader()
        root = reader.compose(content, self._name)
        self._data = reader.read(content, self._name)
        rows = self._data.get("packages") if isinstance(self._data, dict) else self._data
        if not isinstance(self._data, dict) or "packages" not in self._data or not isinstance(rows, (list, type(None))):
            raise InvalidInput(f"{self._name} has no list of packages: is it cut off or empty?", file=self._name)
        self._lines = self.text.splitlines(keepends=True)
        self._rows: dict[str, t.Any] = {}
        self._key, packages = self._entry(root, "packages")
        for data, node in zip(rows or [], packages.value or []):
            project = data.get("project") if isinstance(data, dict) else None
            if project is None:
                raise InvalidInput(f"{self._name}, line {node.start_mark.line + 1}: a package has no project.")
            tags = data.get(self._section) or {}
            if not isinstance(project, str) or not isinstance(tags, dict) or not _are_attributes(tags, self._section):
                raise InvalidInput(
                    f"{self._name}, line {node.start_mark.line + 1}: the {self._section} of {shown(project)} are no "
                    "mapping of tags."
                )
            if project in self._rows:
                raise InvalidInput(f"{self._name}, line {node.start_mark.line + 1}: {project} is there twice.")
            self._rows[project] = node

    def _data_of(self, project: str) -> dict[str, t.Any] | None:
        return next((row for row in self._data["packages"] or [] if row["project"] == project), None)

    def _expected(self, project: str, tag: str, value: str | None) -> dict[str, t.Any]:
        expected = copy.deepcopy(self._data)
        expected["packages"] = expected["packages"] or []
        row = next((row for row in expected["packages"] if row["project"] == project), None)
        if row is None:
            row = {"project": project}
            expected["packages"].insert(self._position(project), row)
        tags = row[self._section] = row.get(self._section) or {}
        if self._section == "buildsys-tags":
            tags[tag] = value
            return expected
        attributes = {key: held for key, held in (tags.get(tag) or {}).items() if key != PIN or value is not None}
        if value is not None:
            attributes[PIN] = value
        tags[tag] = attributes or None
        return expected

    def _check(self, expected: t.Any) -> None:
        if self._data != expected:
            raise InvalidInput(
                f"{self._name} is written in a way that cannot be edited in place. Write its packages with one "
                "attribute a line, as the other files have them.",
                file=self._name,
            )

    # Where things are

    def _entry(self, mapping: t.Any, key: str) -> tuple[t.Any, t.Any]:
        """The nodes of a key and its value.

        :raises InvalidInput: the key is there twice: readers take the last one.
        """
        pairs = [pair for pair in getattr(mapping, "value", []) if isinstance(pair, tuple) and pair[0].value == key]
        if len(pairs) > 1:
            line = pairs[1][0].start_mark.line + 1
            raise InvalidInput(f"{self._name}, line {line}: {shown(key)} is there twice.", file=self._name, line=line)
        return pairs[0] if pairs else (None, None)

    def _end_line(self, node: t.Any) -> int:
        """The line after the last one of a value; comments and empty lines that follow are not its."""
        end: int = node.end_mark.line
        if end < len(self._lines) and self._lines[end][: node.end_mark.column].strip():
            end += 1  # It ends on this line, and not where the next thing begins.
        while end - 1 > node.start_mark.line and re.fullmatch(r"\s*(#.*)?\n?", self._lines[end - 1]):
            end -= 1
        return max(end, node.start_mark.line + 1)

    def _position(self, project: str) -> int:
        """Where a new row goes: before the first that comes after it in the order of names."""
        names = list(self._rows)
        return next((number for number, name in enumerate(names) if _order(name) > _order(project)), len(names))

    # Cutting the text

    def _pin_in_row(self, row: t.Any, project: str, tag: str, value: str | None) -> None:
        self._refuse_flow(row, project)
        key, tags = self._entry(row, self._section)
        indent = row.start_mark.column
        if key is None:
            self._insert(
                self._end_line(row), [" " * indent + f"{self._section}:\n", *self._tag_lines(tag, value, indent + 2)]
            )
            return
        self._refuse_flow(tags, project)
        tag_key, held = self._entry(tags, tag)
        if tag_key is None:
            if tags.value and not isinstance(tags.value, list):
                line = tags.start_mark.line + 1
                how = f"{self._name}, line {line}: the {self._section} of {project} are {shown(tags.value)}"
                raise InvalidInput(f"{how}, which is not edited in place. Remove that.", file=self._name, line=line)
            column = tags.value[0][0].start_mark.column if tags.value else indent + 2
            self._insert(self._end_line(tags), self._tag_lines(tag, value, column))
        elif self._section == "buildsys-tags":
            self._set_scalar(tag_key, held, value)
        elif not isinstance(held.value, list):
            self._insert(tag_key.start_mark.line + 1, self._pin_lines(value, tag_key.start_mark.column + 2))
        else:
            self._refuse_flow(held, project)
            pin_key, pin = self._entry(held, PIN)
            if pin_key is None:
                self._insert(self._end_line(held), self._pin_lines(value, held.value[0][0].start_mark.column))
            elif value is None:
                self._cut(pin_key.start_mark.line, self._end_line(pin))
            else:
                self._set_scalar(pin_key, pin, value)

    def _refuse_flow(self, node: t.Any, project: str) -> None:
        if getattr(node, "flow_style", False):
            raise InvalidInput(
                f"{self._name}, line {node.start_mark.line + 1}: {project} is written in braces, which are not edited "
                "in place. Write one attribute a line.",
                file=self._name,
                line=node.start_mark.line + 1,
            )

    def _set_scalar(self, key: t.Any, value: t.Any, text: str | None) -> None:
        """Put ``text`` in the place of a value on one line; what follows on the line stays."""
        line = key.start_mark.line
        if value.end_mark.line not in (line, line + 1) or value.start_mark.line != line and value.value:
            raise InvalidInput(f"{self._name}, line {line + 1}: a value of more than one line is not edited in place.")
        old = self._lines[line]
        start, end = value.start_mark.column, value.end_mark.column
        if not value.value or value.start_mark.line != line:
            start = end = old.index(":", key.end_mark.column) + 1
        new = f" {_scalar(text)}" if text is not None and start == end else _scalar(text) if text is not None else ""
        line_text = old[:start] + new + old[end:]
        self._lines[line] = (
            line_text if text is not None else re.sub(r": +(?=#|$)", ": ", line_text.rstrip()).rstrip() + "\n"
        )
        self.text = "".join(self._lines)

    def _tag_lines(self, tag: str, value: str | None, column: int) -> list[str]:
        if self._section == "buildsys-tags":
            return [" " * column + f"{tag}: {_scalar(value)}".rstrip() + "\n"]
        return [" " * column + f"{tag}:\n", *self._pin_lines(value, column + 2)]

    def _pin_lines(self, value: str | None, column: int) -> list[str]:
        return [" " * column + f"{PIN}: {_scalar(value)}\n"] if value is not None else []

    def _insert_row(self, project: str, lines: list[str]) -> None:
        names = list(self._rows)
        position = self._position(project)
        dash = self._rows[names[0]].start_mark.column - 2 if names else self._key.start_mark.column
        row = [" " * dash + f"- project: {project}\n", *(" " * dash + line for line in lines)]
        before = self._rows[names[position - 1]] if position else None
        self._insert(self._end_line(before) if before else self._key.start_mark.line + 1, row)

    def _insert(self, line: int, new: list[str]) -> None:
        if line and not self._lines[line - 1].endswith("\n"):
            self._lines[line - 1] += "\n"
        self._lines[line:line] = new
        self.text = "".join(self._lines)

    def _cut(self, start: int, end: int) -> None:
        del self._lines[start:end]
        self.text = "".join(self._lines)


@dataclasses.dataclass
class PinChange(Change):
    """Pins and tags of one file of rdoinfo.

    :param rdoinfo: its folder.
    :param file: path in it; None: the file that is named after the section and tag.
    :param pins: project → pin, or None for the tag without a pin.
    :param absent: projects that are not to have the tag.
    """

    rdoinfo: str
    section: str
    tag: str
    file: str | None
    pins: t.Mapping[str, t.Any]
    absent: t.Sequence[str]

    def plan(self) -> Plan:
        both = sorted(set(self.pins) & set(self.absent))
        if both:
            raise InvalidInput(f"{', '.join(both)} cannot be both in pins and absent.")
        _check_name(self.tag, _PROJECT, "tag")
        name = self.file or f"{self.section}/{self.tag}.yml"
        self._path = os.path.join(self.rdoinfo, os.path.normpath("/" + name).lstrip("/"))
        try:
            with open(self._path, encoding="utf-8", newline="") as file:
                before = file.read()
        except FileNotFoundError:
            raise NotFound(f"The rdoinfo {self.rdoinfo} has no file {name}.", file=name) from None
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidInput(f"{name} of the rdoinfo {self.rdoinfo} cannot be read: {error}", file=name) from error
        edited = TagFile(before, self.section, name)
        actions = []
        for project, value in sorted(self.pins.items(), key=lambda item: _order(item[0])):
            if value is None and self.section == "buildsys-tags":
                raise InvalidInput(f"{project} has no build for {self.tag}: name one, or list {project} in absent.")
            if value is not None and not isinstance(value, str):
                raise InvalidInput(f"The pin {value!r} of {project} is {type(value).__name__}: write it in quotes.")
            if _changed(edited, lambda: edited.pin(project, self.tag, value)):  # noqa: B023  # called at once
                actions.append(f"pin {project} to {value}" if value is not None else f"{project} has no pin")
        for project in sorted(self.absent, key=_order):
            if _changed(edited, lambda: edited.remove(project, self.tag)):  # noqa: B023  # called at once
                actions.append(f"take {self.tag} from {project}")
        self._after = edited.text
        lines = difflib.unified_diff(
            before.splitlines(), self._after.splitlines(), f"a/{name}", f"b/{name}", n=0, lineterm=""
        )
        result = {"file": name, "patch": "\n".join(lines)}
        return Plan({name: before}, {name: self._after}, actions, result)

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        write_atomically(self._path, self._after.encode(), os.stat(self._path).st_mode & 0o777)
        return {}


def _are_attributes(tags: dict[t.Any, t.Any], section: str) -> bool:
    return section != "tags" or all(isinstance(held or {}, dict) for held in tags.values())


def _changed(edited: TagFile, change: t.Callable[[], None]) -> bool:
    before = edited.text
    change()
    return edited.text != before


def _order(name: str) -> str:
    return name.lower()


def _scalar(value: str | None) -> str:
    """``value`` as YAML, in quotes where it would be read as something else."""
    if value is None:
        return ""
    return value if YamlReader().read(value.encode(), "a pin") == value else f"'{value}'"


def _check_name(value: t.Any, pattern: re.Pattern[str], what: str) -> None:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise InvalidInput(f"{value!r} cannot be a {what}.")
