# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""In which order packages must be built, read from their spec files. Nothing of a spec is executed.

A spec is read as text: rpm's own parser runs the shell commands in it, wants the macros of the system that it is
written for, and gives nothing at all for a spec with one mistake.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

_DEFINE = re.compile(r"^\s*%(?:define|global)\s+(\w+)(?:\([^)]*\))?\s+(.*)$")
_PACKAGE = re.compile(r"^%package\s+(-n\s+)?(\S+)")
_TAG = re.compile(r"^(Name|Provides|BuildRequires|Requires)(?:\([^)]*\))?\s*:\s*(.+)$", re.IGNORECASE)
_MACRO = re.compile(r"%\{(!?\??)(\w+)(?::([^{}]*))?\}|%(\w+)")
_PYTHON = re.compile(r"python3(?:\.\d+)?dist\(([^)\[]+)(?:\[[^\]]*\])?\)", re.IGNORECASE)


@dataclasses.dataclass
class Spec:
    """What one spec file makes and needs.

    :param provides: names of its packages and what they say to provide.
    :param build_requires: what must be there to build it.
    :param requires: what its packages need, those named C(-tests) left out.
    """

    provides: set[str] = dataclasses.field(default_factory=set)
    build_requires: set[str] = dataclasses.field(default_factory=set)
    requires: set[str] = dataclasses.field(default_factory=set)


def read_spec(text: str) -> Spec:
    """What can be understood of a spec file; what cannot is left out."""
    spec = Spec()
    macros: dict[str, str] = {}
    current = ""
    for line in text.splitlines():
        define = _DEFINE.match(line)
        if define:
            macros.setdefault(define[1], define[2].strip())
            continue
        line = _expand(line, macros)
        package = _PACKAGE.match(line)
        tag = _TAG.match(line)
        if package:
            current = package[2] if package[1] else f"{macros.get('name', '')}-{package[2]}"
            spec.provides.add(current)
        elif tag:
            name, values = tag[1].lower(), _capabilities(tag[2])
            if name == "name":
                macros["name"] = tag[2].strip()
                spec.provides.add(macros["name"])
            elif name == "provides":
                spec.provides |= values
            elif name == "buildrequires":
                spec.build_requires |= values
            elif not current.endswith("-tests"):
                spec.requires |= values
    return spec


def _expand(text: str, macros: t.Mapping[str, str], depth: int = 0) -> str:
    """``text`` with the macros that the spec itself defines; others are left out or left as they are."""

    def value(match: re.Match[str]) -> str:
        how, name, alternative = match[1] or "", match[2] or match[4], match[3]
        known = name in macros
        if how.startswith("!"):
            return "" if known else alternative or ""
        if alternative is not None:
            return alternative if known else ""
        return macros[name] if known else "" if how else match[0]

    expanded = _MACRO.sub(value, text)
    return expanded if expanded == text or depth > 9 else _expand(expanded, macros, depth + 1)


def _capabilities(text: str) -> set[str]:
    """The names in a list of dependencies, without versions; of a condition in parentheses all names."""
    text = re.sub(r"\s*(?:[<>]=?|=)\s*[^\s,)]+", "", text)
    names = re.findall(r"[^\s,()]+(?:\([^\s,()]*\))*", text)
    return {name for name in names if name not in ("and", "or", "if", "else", "with", "without", "unless")}


def _key(capability: str) -> str:
    """One name for what is called C(python3dist(oslo.utils)) here and C(python3-oslo-utils) there."""
    match = _PYTHON.fullmatch(capability)
    name = f"python3-{match[1]}" if match else capability
    return re.sub(r"[-_.]+", "-", name).lower()


def waves(specs: t.Mapping[str, Spec]) -> list[list[str]]:
    """The names in ``specs`` in groups: nothing in a group needs anything of it or of a later one.

    What a package needs to be installed counts as well as what it needs to be built, as both are tried after the
    build; where that makes a circle the latter decides, and what is still a circle is one group.
    """
    build, both = _needed(specs)
    left = set(specs)
    order = []
    while left:
        ready = [name for name in left if not both[name] & left] or [name for name in left if not build[name] & left]
        if not ready:
            fewest = min(len(build[name] & left) for name in left)
            ready = [name for name in left if len(build[name] & left) == fewest]
        order.append(sorted(ready))
        left -= set(ready)
    return order


def needs_of(specs: t.Mapping[str, Spec]) -> dict[str, list[str]]:
    """By name, which others of ``specs`` it needs to be built or installed."""
    return {name: sorted(needed) for name, needed in _needed(specs)[1].items()}


def _needed(specs: t.Mapping[str, Spec]) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """By name, the others that it needs to be built; and those that it needs to be built or installed."""
    makers: dict[str, set[str]] = {}
    for name, spec in specs.items():
        for capability in {name, *spec.provides}:
            makers.setdefault(_key(capability), set()).add(name)

    def needed(name: str, capabilities: t.Iterable[str]) -> set[str]:
        return {maker for item in capabilities for maker in makers.get(_key(item), ())} - {name}

    build = {name: needed(name, spec.build_requires) for name, spec in specs.items()}
    return build, {name: build[name] | needed(name, spec.requires) for name, spec in specs.items()}
