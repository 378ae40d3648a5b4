# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""The few macros of a spec file that its own text is enough to expand."""

from __future__ import annotations

import re
import typing as t

from .spec_text import SpecText

_MACRO = re.compile(r"%\{(?P<how>[!?]*)(?P<name>\w+)(?::(?P<value>[^{}]*))?\}|%(?P<bare>\w+)")
# What RDO's specs write for the first letters of a commit.
_SHORTENED = re.compile(r"%\(\s*c=%\{?commit\}?\s*;\s*echo\s+\$\{c:0:(\d+)\}\s*\)")
# rpm itself stops at 64 levels.
_DEEPEST = 16


def expand(spec: SpecText, text: str, other: t.Mapping[str, str | None] | None = None) -> str | None:
    """``text`` with the macros that ``spec`` defines, as rpm expands it; None if only rpm can say.

    A macro with a question mark that the spec does not define is nothing, as it is for rpm, where no system defines
    it; ``%{?dist}`` is not asked about here.

    :param other: macros with another value than in the spec; None: that are not defined.
    """
    values = {definition.name: definition.body for definition in spec.definitions if not definition.conditions}
    values.update({tag.name.lower(): tag.value for tag in spec.tags if not tag.section})
    depends = {definition.name for definition in spec.definitions if definition.conditions} - set(other or ())
    for name, value in (other or {}).items():
        values.pop(name, None)
        if value is not None:
            values[name] = value
    for _level in range(_DEEPEST):
        text = _SHORTENED.sub(lambda match: values.get("commit", "")[: int(match[1])], text)
        if "%" not in text:
            return text
        if any((match["name"] or match["bare"]) in depends for match in _MACRO.finditer(text)):
            return None
        text = _MACRO.sub(lambda match: _value(match, values), text)
        if "%(" in text and not _SHORTENED.search(text):
            return None
    return None


def _value(match: re.Match[str], values: dict[str, str]) -> str:
    name, how = match["name"] or match["bare"], match["how"] or ""
    known = name in values
    if match["value"] is not None:
        return match["value"] if known != ("!" in how) else ""
    if known:
        return "" if "!" in how else values[name]
    return "" if how else match[0]
