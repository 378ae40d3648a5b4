# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""YAML of strangers as plain data: bounded in bytes, depth, aliases and time, three times as fast as a safe load.

Most of a safe load's time goes into nodes that are made only to be thrown away, and into finding out again for each
scalar whether it is a number. Here values come straight from libyaml's events, and each different scalar is looked at
once. What needs more than that (anchors, tags, merge keys, keys that are not scalars) is surveyed first, as the library
itself has no limits: it crashes on 100,000 brackets, and follows aliases of aliases until memory is full.
"""

from __future__ import annotations

import dataclasses
import math
import typing as t

from .errors import InvalidInput
from .files import decode
from .json_text import NO_TEXT
from .libraries import load_library

_NO_KEY = object()
# Longer than any number or date. Python itself takes hours for a number of a million digits.
_NUMBER = 400
_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq")}


@dataclasses.dataclass(frozen=True)
class Limits:
    """What a text may have.

    :param depth: of lists and mappings within each other.
    :param nodes: scalars, lists and mappings, those behind each alias counted anew; each 64 characters count as one.
    """

    bytes: int = 16 << 20
    depth: int = 100
    nodes: int = 1_000_000


class _Fault(Exception):
    """Something wrong at a place of the text."""

    def __init__(self, problem: str, mark: t.Any = None) -> None:
        super().__init__(problem)
        self.problem, self.problem_mark = problem, mark


class YamlReader:
    """Reads any number of YAML texts; scalars are shared between them.

    :param unique_keys: a mapping with the same key twice is an error; otherwise the last one counts, as with any YAML
        library.
    """

    def __init__(self, limits: Limits = Limits(), unique_keys: bool = False) -> None:
        self._yaml = load_library("yaml")
        self._limits, self._unique_keys = limits, unique_keys
        self._loader = _loader_class(self._yaml, unique_keys)
        self._scalars: dict[str, t.Any] = {}

    def read(self, content: bytes | str, name: str) -> t.Any:
        """The data of the one document in ``content``; None where there is none.

        :param name: of the file, for the messages.
        :raises InvalidInput: no YAML of plain data, more than one document, no UTF-8, or not within the limits.
        """
        documents = self.read_all(content, name, one=True)
        return documents[0] if documents else None

    def read_all(self, content: bytes | str, name: str, one: bool = False) -> list[t.Any]:
        """The data of each document in ``content``; with ``one``, a second one is an error, too."""
        text = self._text(content, name)
        try:
            found = self._from_events(text, one)
            if found is None:
                self._survey(text)
                found = self._by_library(text, one)
            return found
        except Exception as error:
            # The library lets out whatever Python says of a date that is none, a number without digits and so on.
            raise _invalid(error, name) from error

    def compose(self, content: bytes | str, name: str) -> t.Any:
        """The root node of the one document in ``content``, or None where it is empty; errors as of :meth:`read`."""
        text = self._text(content, name)
        try:
            self._survey(text)
            return self._yaml.compose(text, Loader=self._loader)
        except Exception as error:
            raise _invalid(error, name) from error

    def scalar(self, node: t.Any, name: str) -> t.Any:
        """The value of a scalar of :meth:`compose`."""
        loader = self._loader("")
        try:
            return loader.construct_object(node)
        except Exception as error:
            raise _invalid(_Fault(_problem(error), node.start_mark), name) from error
        finally:
            loader.dispose()

    def _text(self, content: bytes | str, name: str) -> str:
        if len(content) > self._limits.bytes:
            raise InvalidInput(f"{name} is larger than the {self._limits.bytes} bytes that are allowed.", file=name)
        if isinstance(content, str):
            return content
        try:
            return decode(content, name)
        except InvalidInput as error:
            raise InvalidInput(error.message, file=name, line=1) from error

    def _from_events(self, text: str, one: bool) -> list[t.Any] | None:
        """The documents of ``text``, or None if the library itself must read it."""
        events = self._yaml.events
        scalar, start_mapping, start_sequence = events.ScalarEvent, events.MappingStartEvent, events.SequenceStartEvent
        ends = (events.MappingEndEvent, events.SequenceEndEvent)
        depth, left, unique_keys = self._limits.depth, self._limits.nodes, self._unique_keys
        documents: list[t.Any] = []
        container: t.Any = documents
        key: t.Any = None
        is_mapping = False
        stack: list[tuple[t.Any, bool, t.Any]] = []
        scalars = self._scalars
        loader = self._loader(text)
        try:
            while True:
                event = loader.get_event()
                kind = type(event)
                if kind is scalar:
                    if event.anchor or event.tag or event.value == "<<":
                        return None
                    value = event.value
                    if event.implicit[0]:
                        try:
                            value = scalars[value]
                        except KeyError:
                            value = scalars[value] = self._plain_scalar(loader, event)
                    elif NO_TEXT.search(value):
                        raise _no_text(event)
                elif kind is start_mapping or kind is start_sequence:
                    if event.anchor or event.tag or (is_mapping and key is _NO_KEY):
                        return None
                    if len(stack) >= depth:
                        raise _too_deep(depth, event)
                    value = {} if kind is start_mapping else []
                elif kind in ends:
                    container, is_mapping, key = stack.pop()
                    continue
                elif kind is events.AliasEvent:
                    return None
                elif kind is events.StreamEndEvent:
                    return documents
                elif one and documents and kind is events.DocumentStartEvent:
                    return None
                else:
                    continue
                left -= 1
                if left < 0:
                    raise _too_large(self._limits.nodes, event)
                if not is_mapping:
                    container.append(value)
                elif key is _NO_KEY:
                    if unique_keys and value in container:
                        raise _Fault(f"the key {event.value[:60]!r} stands twice", event.start_mark)
                    key = value
                    continue
                else:
                    container[key] = value
                    key = _NO_KEY
                if kind is not scalar:
                    stack.append((container, is_mapping, key))
                    container, is_mapping, key = value, kind is start_mapping, _NO_KEY
        finally:
            loader.dispose()

    def _plain_scalar(self, loader: t.Any, event: t.Any) -> t.Any:
        """What an unquoted scalar means by YAML 1.1: a string, number, boolean, date or null."""
        text = event.value
        tag = loader.resolve(self._yaml.ScalarNode, text, (True, False))
        if tag == loader.DEFAULT_SCALAR_TAG:
            return text
        try:
            return loader.construct_object(self._yaml.ScalarNode(tag, text))
        except Exception as error:
            raise _Fault(_problem(error), event.start_mark) from error

    def _survey(self, text: str) -> None:
        """Look at each event of ``text`` and raise :class:`_Fault` where the library must not build what they say."""
        events, limits = self._yaml.events, self._limits
        anchors: dict[str, int | None] = {}
        stack: list[tuple[str | None, int]] = []
        size = 0
        loader = self._loader(text)
        try:
            while True:
                event = loader.get_event()
                if isinstance(event, events.StreamEndEvent):
                    return
                if isinstance(event, events.DocumentStartEvent):
                    anchors.clear()
                elif isinstance(event, events.AliasEvent):
                    behind = anchors.get(event.anchor)
                    if behind is None:
                        raise _Fault(f"*{event.anchor[:60]} stands for nothing that ends before it", event.start_mark)
                    size += behind
                elif isinstance(event, events.CollectionEndEvent):
                    anchor, start = stack.pop()
                    if anchor:
                        anchors[anchor] = size - start
                elif isinstance(event, (events.ScalarEvent, events.CollectionStartEvent)):
                    if event.tag and event.tag != "!" and event.tag not in _TAGS:
                        raise _Fault(f"{event.tag[:60]!r} is not for plain data", event.start_mark)
                    weight = 1
                    if isinstance(event, events.ScalarEvent):
                        weight += len(event.value) // 64
                        if NO_TEXT.search(event.value):
                            raise _no_text(event)
                    elif len(stack) >= limits.depth:
                        raise _too_deep(limits.depth, event)
                    else:
                        stack.append((event.anchor, size))
                    if event.anchor:
                        anchors[event.anchor] = weight if isinstance(event, events.ScalarEvent) else None
                    size += weight
                if size > limits.nodes:
                    raise _too_large(limits.nodes, event)
        finally:
            loader.dispose()

    def _by_library(self, text: str, one: bool) -> list[t.Any]:
        loader = self._loader(text)
        try:
            if one:
                data = loader.get_single_data()
                return [] if data is None else [data]
            documents = []
            while loader.check_data():
                documents.append(loader.get_data())
            return documents
        finally:
            loader.dispose()


def _loader_class(yaml: t.Any, unique_keys: bool) -> t.Any:
    """libyaml's safe loader, or Python's where there is none, with numbers that are finite and of a length."""
    base: t.Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):
        def construct_mapping(self, node: t.Any, deep: bool = False) -> t.Any:
            seen = set()
            for key, _value in node.value if unique_keys else ():
                name = (key.tag, key.value) if isinstance(key, yaml.ScalarNode) else None
                if name in seen:
                    raise _Fault(f"the key {key.value[:60]!r} stands twice", key.start_mark)
                seen.add(name or key)
            return super().construct_mapping(node, deep)

        def construct_number(self, node: t.Any) -> t.Any:
            if len(node.value) > _NUMBER:
                raise _Fault(f"a number of {len(node.value)} digits", node.start_mark)
            kind = node.tag.rpartition(":")[2]
            number = getattr(self, f"construct_yaml_{kind}")(node)
            if isinstance(number, float) and not math.isfinite(number):
                raise _Fault(f"{node.value!r} is not a finite number", node.start_mark)
            return number

    for kind in ("int", "float"):
        Loader.add_constructor(f"tag:yaml.org,2002:{kind}", Loader.construct_number)
    return Loader


def load_yaml(content: bytes | str, name: str, limits: Limits = Limits()) -> t.Any:
    """The data of the one document in ``content``; see :meth:`YamlReader.read`."""
    return YamlReader(limits).read(content, name)


def _too_deep(depth: int, event: t.Any) -> _Fault:
    return _Fault(f"lists and mappings lie more than {depth} deep within each other", event.start_mark)


def _too_large(nodes: int, event: t.Any) -> _Fault:
    return _Fault(f"it holds more than {nodes} values, aliases counted in full", event.start_mark)


def _no_text(event: t.Any) -> _Fault:
    return _Fault("a text has a NUL or half a character in it", event.start_mark)


def _problem(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or error
    return str(problem) or type(error).__name__


def _invalid(error: Exception, name: str) -> InvalidInput:
    mark = getattr(error, "problem_mark", None)
    line = mark.line + 1 if mark else None
    problem = _problem(error)
    place = f"{name}, line {line}," if line else name
    return InvalidInput(f"{place} is not valid YAML: {problem}.", file=name, line=line, problem=problem)
