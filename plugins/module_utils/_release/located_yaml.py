# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""YAML as plain data that knows which line it is on, for findings that people can go to."""

from __future__ import annotations

import typing as t

from .._module.errors import InvalidInput
from .._module.libraries import load_library
from .._module.yaml_text import YamlReader


class Mapping(dict[t.Any, t.Any]):
    """A mapping, its own line, the line of each key, and the keys that came again, with their lines."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[t.Any, int] = {}
        self.repeated: list[tuple[t.Any, int]] = []


class Sequence(list[t.Any]):
    """A list, and the line of each item."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[int] = []


def read_located(content: bytes, name: str) -> t.Any:
    """The data in ``content`` with mappings as :class:`Mapping` and lists as :class:`Sequence`.

    :raises InvalidInput: no YAML, with ``line`` as data.
    """
    reader = YamlReader()
    root = reader.compose(content, name)
    yaml = load_library("yaml")

    def convert(node: t.Any) -> t.Any:
        if isinstance(node, yaml.MappingNode):
            mapping = Mapping(node.start_mark.line + 1)
            for key_node, value_node in node.value:
                key, line = convert(key_node), key_node.start_mark.line + 1
                if isinstance(key, (dict, list)):
                    raise InvalidInput(f"{name}, line {line}: a key is not a scalar.", file=name, line=line)
                if key in mapping:
                    mapping.repeated.append((key, line))
                mapping[key] = convert(value_node)
                mapping.lines[key] = line
            return mapping
        if isinstance(node, yaml.SequenceNode):
            sequence = Sequence()
            for item in node.value:
                sequence.append(convert(item))
                sequence.lines.append(item.start_mark.line + 1)
            return sequence
        return node.value if node.tag == yaml.resolver.Resolver.DEFAULT_SCALAR_TAG else reader.scalar(node, name)

    return None if root is None else convert(root)
