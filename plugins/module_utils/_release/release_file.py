# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""A YAML file that each release has one of: made as a copy of another release's, and some of its values set in place.

Words and values are changed in the text, so that every other byte stays: comments, order and style are people's.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import os
import re
import typing as t

from .._module.documents import write_atomically
from .._module.errors import InvalidInput, NotFound
from .._module.files import decode, read_input
from .._module.runner import Change, Plan
from .._module.text import shown
from .._module.yaml_text import YamlReader


@dataclasses.dataclass
class ReleaseFile(Change):
    """A file, and what it should say.

    :param copy_of: the file that it is a copy of where it is not there yet; one that is there is left alone then.
        None: the file must be there.
    :param words: whole words to replace in all of its text, in their order.
    :param values: dotted path of keys → the value that a scalar should have.
    :param items: dotted path of keys → texts that a list should have.
    """

    path: str
    copy_of: str | None
    words: t.Mapping[str, str]
    values: t.Mapping[str, t.Any]
    items: t.Mapping[str, t.Sequence[str]] = dataclasses.field(default_factory=dict)

    def plan(self) -> Plan:
        there = os.path.lexists(self.path)
        if there and self.copy_of:
            return Plan({}, {}, result={"patch": ""})
        source = self.copy_of or self.path
        if not os.path.lexists(source):
            raise NotFound(f"There is no file {source}.", path=source)
        text = decode(read_input(source, "file of a release", follow=False), source)
        before = text if there else ""
        for word, other in self.words.items():
            text = replace_word(text, str(word), str(other))
        name = os.path.basename(self.path)
        self._after = add_items(set_values(text, self.values, name), self.items, name)
        if self._after == before:
            return Plan({name: before}, {name: before}, result={"patch": ""})
        verb = f"make {self.path} as a copy of {self.copy_of}" if self.copy_of else f"change {self.path}"
        lines = difflib.unified_diff(before.splitlines(), self._after.splitlines(), name, name, n=0, lineterm="")
        return Plan({name: before}, {name: self._after}, [verb], {"patch": "\n".join(lines)})

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        mode = os.stat(self.path).st_mode & 0o777 if os.path.exists(self.path) else 0o644
        os.makedirs(os.path.dirname(os.path.abspath(self.path)), exist_ok=True)
        write_atomically(self.path, self._after.encode(), mode)
        return {}


def replace_word(text: str, word: str, other: str) -> str:
    """``text`` with a word in the place of another, also where both are capitalized; parts of words stay."""
    for one, new in ((word, other), (word.capitalize(), other.capitalize())):
        text = re.sub(rf"(?<![A-Za-z0-9]){re.escape(one)}(?![A-Za-z0-9])", new.replace("\\", r"\\"), text)
    return text


def set_values(text: str, values: t.Mapping[str, t.Any], name: str) -> str:
    """``text`` with other values of scalars in its mappings.

    :param values: dotted path of keys → text, number or boolean.
    :raises InvalidInput: no YAML, a key that is not there, a value that is not a scalar, or one of several lines.
    """
    reader = YamlReader()
    for path, value in values.items():
        expected = _with_value(reader.read(text, name), path.split("."), value, f"{name}: {path}")
        node = reader.compose(text, name)
        for key in path.split("."):
            held = [one for found, one in node.value if found.value == key]
            if len(held) != 1:
                how = "is there twice" if held else "is merged from elsewhere"
                raise InvalidInput(f"{name}: {key} of {path} {how}, and is not edited in place.", file=name)
            node = held[0]
        start, end = node.start_mark, node.end_mark
        lines = text.splitlines(keepends=True)
        if isinstance(node.value, list) or start.line != end.line:
            raise InvalidInput(f"{name}: {path} is not a value on one line, and is not edited in place.", file=name)
        line = lines[start.line]
        space = "" if line[: start.column].endswith(" ") or not start.column else " "
        lines[start.line] = f"{line[: start.column]}{space}{_scalar(value, reader)}{line[end.column :]}"
        text = "".join(lines)
        if reader.read(text, name) != expected:
            raise InvalidInput(f"{name}: {path} is written in a way that cannot be edited in place.", file=name)
    return text


def add_items(text: str, items: t.Mapping[str, t.Sequence[str]], name: str) -> str:
    """``text`` with more items in its lists, behind those that are there.

    :param items: dotted path of keys → texts that the list should have.
    :raises InvalidInput: no YAML, a key that is not there, no list, or one that cannot be edited in place.
    """
    reader = YamlReader()
    for path, wanted in items.items():
        held, node = reader.read(text, name), reader.compose(text, name)
        for key in path.split("."):
            held = held.get(key) if isinstance(held, dict) else None
            node = (
                next((value for found, value in node.value if found.value == key), None) if held is not None else None
            )
        if not isinstance(held, list):
            raise InvalidInput(f"{name}: {path} is not a list that items could be added to.", file=name)
        new = [item for item in wanted if item not in held]
        scalars = [_scalar(item, reader) for item in new]
        lines = text.splitlines(keepends=True)
        if not new:
            continue
        if node.flow_style:
            line, column = lines[node.end_mark.line], node.end_mark.column - 1
            before = f"{line[:column].rstrip()}{', ' if held else ''}"
            lines[node.end_mark.line] = f"{before}{', '.join(scalars)}{line[column:]}"
        else:
            last = node.value[-1].end_mark
            place = last.line + (1 if last.column else 0)
            indent = " " * node.start_mark.column
            lines[place:place] = [f"{indent}- {scalar}\n" for scalar in scalars]
        text = "".join(lines)
        if not _has(reader.read(text, name), path.split("."), [*held, *new]):
            raise InvalidInput(f"{name}: {path} is written in a way that cannot be edited in place.", file=name)
    return text


def _has(data: t.Any, keys: t.Sequence[str], wanted: list[t.Any]) -> bool:
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return bool(data == wanted)


def _with_value(data: t.Any, keys: t.Sequence[str], value: t.Any, where: str) -> t.Any:
    # Copied along the path alone: what else an alias stands for is not to change.
    changed = place = dict(data) if isinstance(data, dict) else {}
    for key in keys[:-1]:
        place[key] = dict(place[key]) if isinstance(place.get(key), dict) else {}
        place = place[key]
    if keys[-1] not in place:
        raise InvalidInput(f"{where} is not there to be set. There is: {', '.join(map(str, place)) or 'no mapping'}.")
    if not isinstance(value, (str, int, float)):
        raise InvalidInput(f"{where} cannot be set to {shown(value)}: a text, a number or a boolean is needed.")
    place[keys[-1]] = value
    return changed


def _scalar(value: t.Any, reader: YamlReader) -> str:
    """``value`` as YAML, in quotes where a text would be read as something else."""
    if not isinstance(value, str):
        return json.dumps(value)
    plain = re.fullmatch(r"[A-Za-z0-9/][\w./:@%+-]*", value) and not value.endswith(":")
    return value if plain and reader.read(value, "a value") == value else json.dumps(value, ensure_ascii=False)
