# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""The text of a spec file: where its tags stand, and lines that are replaced, added or removed.

Nothing is expanded here and nothing is run: this is for finding the line that must change, and for leaving all others
as they are, byte for byte. What a spec means for a distro is :mod:`.spec_parser`'s to say.
"""

from __future__ import annotations

import dataclasses
import os
import re
import typing as t

from .._module.documents import write_atomically
from .._module.errors import InvalidInput
from .._module.files import decode, read_input

# The largest spec files that distributions have (kernel, texlive) are smaller.
MOST_BYTES = 16 * 1024 * 1024
_SECTION = re.compile(
    r"%(package|description|prep|generate_buildrequires|conf|build|install|check|clean|files|changelog|sourcelist|"
    r"patchlist|pre|post|preun|postun|pretrans|posttrans|preuntrans|postuntrans|verifyscript|trigger\w+|"
    r"filetrigger\w+|transfiletrigger\w+)(?![\w}])"
)
_CONDITION = re.compile(r"\s*%(if\w*|else|elif\w*|endif)\b")
_TAG = re.compile(
    r"(?P<head>\s*(?P<name>[A-Za-z]\w*)(?:\((?P<qualifier>[^)]*)\))?[ \t]*:[ \t]*)(?P<value>\S.*?)?[ \t\r]*"
)
_DEFINITION = re.compile(
    r"\s*%(?:global|define)\s+(?P<name>\w+)(?P<options>\([^)]*\))?(?:[ \t]+(?P<body>.*?))?[ \t\r]*"
)


@dataclasses.dataclass(frozen=True)
class Tag:
    """A line such as ``Requires(post): python3-pbr >= 2.0.0``.

    :param line: its index in the lines of the text.
    :param section: the line that its section begins with, as ``%package -n python3-x``; empty for the preamble.
    :param conditions: indexes of the lines with the ``%if`` around it.
    :param head: everything before the value.
    """

    line: int
    section: str
    conditions: tuple[int, ...]
    name: str
    qualifier: str | None
    head: str
    value: str


@dataclasses.dataclass(frozen=True)
class Definition:
    """A line with ``%global`` or ``%define``; ``body`` is its first line."""

    line: int
    conditions: tuple[int, ...]
    name: str
    body: str


class SpecText:
    """A spec file as text.

    :ivar tags: those of the preamble and of ``%package`` sections, in order.
    :ivar definitions: macros that the spec defines, in order, wherever they stand.
    :ivar sections: index of each line that begins a section, with that line.
    """

    def __init__(self, text: str, name: str = "the spec file") -> None:
        self.name = name
        self.lines = text.split("\n")
        self._scan()

    @classmethod
    def read(cls, path: str) -> SpecText:
        """The spec file at ``path``.

        :raises NotFound: there is none.
        :raises InvalidInput: it cannot be read, is not UTF-8, or is larger than any spec file.
        """
        text = decode(read_input(path, "spec file", MOST_BYTES, follow=False), f"The spec file {path}")
        if "\0" in text:
            raise InvalidInput(f"{path} is not a spec file: it has zero bytes in it.", path=path)
        return cls(text, os.path.basename(path))

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def write(self, path: str) -> None:
        write_atomically(path, self.text.encode(), os.stat(path).st_mode & 0o777)

    def preamble(self, name: str) -> list[Tag]:
        """The tags ``name`` of the main package, in any case of letters."""
        return [tag for tag in self.tags if not tag.section and tag.name.lower() == name.lower()]

    def defined(self, name: str) -> list[Definition]:
        return [definition for definition in self.definitions if definition.name == name]

    def section(self, name: str) -> int | None:
        """The index of the first line with the section ``%name``, or None."""
        return next((line for line, text in self.sections if text.split()[0] == f"%{name}"), None)

    def edit(self, changes: t.Mapping[int, t.Sequence[str]]) -> None:
        """Put other lines in the place of some; all indexes are those before any change.

        :param changes: index → the lines that should stand there; none: the line goes.
        """
        for line in sorted(changes, reverse=True):
            self.lines[line : line + 1] = list(changes[line])
        self._scan()

    def _scan(self) -> None:
        self.tags: list[Tag] = []
        self.definitions: list[Definition] = []
        self.sections: list[tuple[int, str]] = []
        section = ""
        has_tags = True
        conditions: list[int] = []
        inside = 0  # braces that a macro of several lines has open
        continued = False
        for number, line in enumerate(self.lines):
            goes_on, continued = continued, has_tags and line.endswith("\\")
            if not has_tags and "%" not in line:
                continue
            if (inside or goes_on) and not _SECTION.match(line):
                inside = max(0, inside + _braces(line)) if inside else 0
                continue
            inside = 0
            start = line.lstrip()[:1]
            if start == "%":
                condition = _CONDITION.match(line)
                definition = None if condition else _DEFINITION.fullmatch(line)
                if condition:
                    _enter(conditions, condition[1], number)
                elif definition:
                    inside = max(0, _braces(line)) if has_tags else 0
                    if definition["options"] is None:
                        found = Definition(number, tuple(conditions), definition["name"], definition["body"] or "")
                        self.definitions.append(found)
                elif _SECTION.match(line):
                    section = line.strip()
                    has_tags = section.startswith("%package")
                    self.sections.append((number, section))
                elif has_tags:
                    inside = max(0, _braces(line))
            elif has_tags and start not in ("#", ""):
                tag = _TAG.fullmatch(line)
                if tag and tag["value"]:
                    place = number, section, tuple(conditions)
                    self.tags.append(Tag(*place, tag["name"], tag["qualifier"], tag["head"], tag["value"]))


def _enter(conditions: list[int], what: str, number: int) -> None:
    if what.startswith("if"):
        conditions.append(number)
    elif what == "endif" and conditions:
        conditions.pop()


def _braces(line: str) -> int:
    """How many more braces a line opens than it closes."""
    return line.count("{") - line.count("}")
