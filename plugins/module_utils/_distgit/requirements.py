# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""A spec file's Requires and BuildRequires beside what upstream says, for each distro, and changes to them.

A minimum that satisfies upstream is never lowered, an epoch is never lost, and no line is added inside a condition.
"""

from __future__ import annotations

import collections
import dataclasses
import re
import typing as t

from .._module.errors import InvalidInput
from .._module.libraries import load_library
from .._rpm.nevra import compare_versions
from .names import RpmNames, extra_of, key_of, without_extra
from .spec_parser import ParsedSpec
from .spec_text import SpecText, Tag

_ITEM = re.compile(r"(?P<name>[^\s,<>=]+)(?:\s*(?P<operator>>=|<=|=|<|>)\s*(?P<version>[^\s,]+))?")
_EVR = re.compile(r"(?:(?P<epoch>\d+):)?(?P<version>[^-]+)(?:-(?P<release>.+))?")
_OTHER_PACKAGE = re.compile(r"(^|-)(docs?|tests?(-unit|-golang|-functional|-tempest)?|lang)$")
_PYTHON_VALUE = re.compile(r"(?P<prefix>python(?:3|%\{\w+\}))-|python3(?:\.\d+)?dist\(|%\{py3_dist ")
# What a package's version says about versions that a spec file does not.
_LIMITS = ("<", "<=", "==", "===", "~=")
STATUSES = ("missing", "minimum", "excess", "limit")


@dataclasses.dataclass(frozen=True)
class Wanted:
    """A distribution that upstream needs, for one distro; the fields are those of _release's Requirement."""

    name: str
    minimum: str | None
    specifier: str
    extras: tuple[str, ...]
    source: str

    @property
    def key(self) -> str:
        return key_of(self.name)


@dataclasses.dataclass(frozen=True)
class Needs:
    """What upstream needs for one distro, by key.

    :param run: to run.
    :param build: to build, and where the spec file runs tests also to run.
    :param optional: keys of what its extras need.
    """

    run: t.Mapping[str, Wanted]
    build: t.Mapping[str, Wanted]
    optional: t.Collection[str]


@dataclasses.dataclass(frozen=True)
class _Held:
    """One dependency of a spec file, as a distro has it.

    :param alone: whether its line has no other.
    :param keys: the distributions that it may mean.
    """

    line: int
    package: str
    kind: str
    name: str
    operator: str | None
    evr: str | None
    alone: bool
    keys: frozenset[str]

    @property
    def minimum(self) -> str | None:
        """The lowest version without its epoch, or None."""
        return _version(self.evr) if self.evr and self.operator in (">=", "=", ">") else None


def compare(spec: ParsedSpec, needs: Needs, names: RpmNames, build_minimums: bool = False) -> list[dict[str, t.Any]]:
    """Rows for what is ``missing``, in ``excess``, has too low a ``minimum``, or lacks a ``limit`` of upstream's.

    Where the spec generates its build requirements, those are not compared, and what it does not require by itself is
    not missing: rpm generates it from what is installed.

    :param build_minimums: whether BuildRequires without a minimum should get upstream's.
    """
    all_held = _read(spec, names)
    rows: list[dict[str, t.Any]] = []
    for kind, wanted in (("Requires", needs.run), ("BuildRequires", needs.build)):
        if kind == "BuildRequires" and spec.generates:
            continue
        held = [one for one in all_held if one.kind == kind]
        if kind == "Requires":
            held = [one for one in held if not _OTHER_PACKAGE.search(one.package)]
        matched: set[int] = set()
        for key, requirement in wanted.items():
            if names.is_ignored({key}):
                continue
            usual = key_of(names.rpm(requirement.name))
            found = [one for one in held if key in one.keys or key_of(one.name) == usual]
            matched.update(map(id, found))
            rows += _rows_of(requirement, found, kind, spec.generates, names, build_minimums or kind == "Requires")
        if kind == "Requires":
            for one in held:
                known = one.keys & set(needs.optional) or names.is_ignored(one.keys)
                if id(one) not in matched and one.alone and not known:
                    rows.append(_row("excess", kind, None, one, one.name))
    return rows


def _rows_of(
    requirement: Wanted, found: list[_Held], kind: str, generates: bool, names: RpmNames, minimums: bool
) -> t.Iterator[dict[str, t.Any]]:
    if not found and not generates:
        yield _row("missing", kind, requirement, None, names.rpm(requirement.name))
    lower = [one for one in found if one.operator not in ("<", "<=")]
    for one in lower:
        if one.alone and requirement.minimum and (one.minimum or minimums) and _is_lower(one.minimum, requirement):
            yield _row("minimum", kind, requirement, one, one.name)
    missing = [extra for extra in requirement.extras if all(extra_of(one.name) != extra for one in found)]
    limits = [part for part in requirement.specifier.split(",") if part.startswith(_LIMITS)]
    if kind == "Requires" and (missing or (limits and not _has_limit(found))):
        yield {
            **_row("limit", kind, requirement, next(iter(lower), None), names.rpm(requirement.name)),
            "extras": missing,
        }


def _has_limit(found: t.Iterable[_Held]) -> bool:
    return any(one.operator in ("<", "<=", "=") for one in found)


def _is_lower(have: str | None, requirement: Wanted) -> bool:
    """Whether upstream needs a newer version than ``have``; one that it allows is never touched."""
    if have is None:
        return True
    version = load_library("packaging.version").Version
    try:
        return bool(version(have.replace("~", "")) < version(str(requirement.minimum)))
    except ValueError:
        return compare_versions(have, _rpm_version(str(requirement.minimum))) < 0


def _read(spec: ParsedSpec, names: RpmNames) -> list[_Held]:
    """Dependencies on Python packages, but for those on the spec's own."""
    own = set(spec.packages)
    found = []
    for dependency in spec.dependencies:
        rich = dependency.value.startswith("(")
        text = (
            re.sub(r"\b(and|or|if|else|with|without|unless)\b", ",", dependency.value.replace(" (", " "))
            if rich
            else dependency.value
        )
        items = list(_ITEM.finditer(text.strip("()") if rich else text))
        for item in items:
            name = item["name"]
            keys = names.keys(name)
            if not keys or name in own or without_extra(name) in own:
                continue
            alone = len(items) == 1 and not rich
            entry = dependency.line, dependency.package, dependency.kind, name, item["operator"], item["version"]
            found.append(_Held(*entry, alone, frozenset(keys)))
    return found


def _row(status: str, kind: str, requirement: Wanted | None, one: _Held | None, name: str) -> dict[str, t.Any]:
    return {
        "status": status,
        "kind": kind,
        "name": name,
        "upstream": requirement.name if requirement else None,
        "wanted": requirement.minimum if requirement else None,
        "specifier": requirement.specifier if requirement else None,
        "extras": list(requirement.extras) if requirement else [],
        "have": one.minimum if one else None,
        "package": one.package if one else None,
        "source": requirement.source if requirement else None,
        "line": one.line if one else None,
        "epoch": _epoch(one.evr) if one else None,
    }


def merged(
    rows: t.Mapping[str, t.Sequence[dict[str, t.Any]]], active: t.Mapping[int, t.Collection[str]]
) -> list[dict[str, t.Any]]:
    """Equal rows of several distros as one, with ``distros``, and whether it ``applies``.

    :param rows: by distro.
    :param active: line → the distros for which it counts. What is so for all of these can be changed in the line;
        what should be added must be so for all distros.
    """
    found: dict[tuple[t.Any, ...], dict[str, t.Any]] = {}
    for distro, some in rows.items():
        for row in some:
            key = tuple(str(value) for value in row.values())
            found.setdefault(key, {**row, "distros": []})["distros"].append(distro)
    for row in found.values():
        line = row["line"]
        everywhere = row["distros"] == list(rows)
        here = line is not None and row["status"] == "minimum" and set(row["distros"]) >= set(active[line])
        row["applies"] = row["status"] != "limit" and (everywhere or here)
    return list(found.values())


class Editor:
    """Changes to the dependencies of a spec file, from rows that apply."""

    def __init__(self, spec: SpecText, names: RpmNames, build_minimums: bool = False) -> None:
        self._spec, self._build_minimums = spec, build_minimums
        self._names = names
        self._tags = {tag.line: tag for tag in spec.tags}
        self._epochs = _epochs(spec)

    def edited(self, rows: t.Sequence[dict[str, t.Any]]) -> tuple[SpecText, list[str]]:
        """The spec with ``rows`` applied, and a sentence for each; a row that cannot be applied gets ``applies`` off.

        :raises InvalidInput: nobody can say where the first dependency of its kind belongs.
        """
        changes: dict[int, list[str]] = {}
        actions = []
        for row in rows:
            if row["line"] is None:
                continue
            done = self._changed(self._tags[row["line"]], row)
            if done is None:
                row["applies"] = False
                continue
            changes[row["line"]], action = done
            actions.append(action)
        for kind in ("Requires", "BuildRequires"):
            added = [row for row in rows if row["status"] == "missing" and row["kind"] == kind]
            if added:
                place, new = self._added(kind, added)
                changes[place] = [*changes.get(place, [self._spec.lines[place]]), *new]
                actions += [f"add {kind}: {line.partition(':')[2].strip()}" for line in new]
        result = SpecText(self._spec.text, self._spec.name)
        result.edit(changes)
        return result, sorted(actions)

    def _changed(self, tag: Tag, row: dict[str, t.Any]) -> tuple[list[str], str] | None:
        """The lines that stand there then, and what was done; None where macros say what the line is."""
        if row["status"] == "excess":
            return [], f"remove {row['kind']}: {tag.value}"
        match = _ITEM.fullmatch(tag.value)
        if not match or "%" in (match["version"] or ""):
            return None
        value = f"{match['name']} >= {self._evr(row['name'], row['wanted'], _epoch(match['version']))}"
        end = self._spec.lines[tag.line][len(tag.head) + len(tag.value) :]
        return [tag.head + value + end], f"change {row['kind']}: {tag.value} to {value}"

    def _evr(self, name: str, version: str, epoch: str | None) -> str:
        """Upstream's version as rpm has it, with the epoch that the package has."""
        if epoch is None:
            known = self._names.epoch(name)
            epoch = str(known) if known else self._epochs.get(key_of(name))
        text = _rpm_version(version)
        if name.endswith(")"):  # what rpm's generator provides it by has no zeros at its end
            text = re.sub(r"^(\d+(?:\.\d+)*?)(?:\.0)+(?=$|[~^])", r"\1", text)
            epoch = None
        return f"{epoch}:{text}" if epoch and int(epoch) else text

    def _added(self, kind: str, rows: t.Sequence[dict[str, t.Any]]) -> tuple[int, list[str]]:
        """Where new dependencies go, and their lines.

        That is behind the last one on a Python package that no condition has, in the package that has most of them.
        """
        tags = [tag for tag in self._spec.tags if tag.name.lower() == kind.lower() and tag.qualifier is None]
        python = [tag for tag in tags if _PYTHON_VALUE.match(tag.value) and self._may_take(kind, tag)]
        counts = collections.Counter(tag.section for tag in python)
        if not counts:
            raise InvalidInput(
                f"{self._spec.name} has no {kind} on a Python package, so that nobody knows where to add "
                f"{', '.join(row['name'] for row in rows)}. Add the first by hand."
            )
        section = counts.most_common(1)[0][0]
        outside = self._conditions_of(section)
        likely = [tag for tag in python if tag.section == section and tag.conditions == outside]
        usable = likely or [tag for tag in self._spec.tags if tag.section == section and tag.conditions == outside]
        if not usable:
            raise InvalidInput(
                f"{self._spec.name} has {kind} on Python packages in conditions only, so that nobody knows where "
                f"{', '.join(row['name'] for row in rows)} belong. Add the first by hand."
            )
        place = usable[-1]
        model = likely[-1] if likely else next(tag for tag in python if tag.section == section)
        prefix = _PYTHON_VALUE.match(model.value)
        end = "\r" if self._spec.lines[place.line].endswith("\r") else ""
        return place.line, [model.head + self._value(row, prefix) + end for row in rows]

    def _conditions_of(self, section: str) -> tuple[int, ...]:
        """The conditions around a whole section, as of a package that only some distros have."""
        inside = [tag.conditions for tag in self._spec.tags if tag.section == section]
        shortest = min(inside, key=len)
        return shortest if all(one[: len(shortest)] == shortest for one in inside) else ()

    def _may_take(self, kind: str, tag: Tag) -> bool:
        words = tag.section.split()
        return kind == "BuildRequires" or not (words and _OTHER_PACKAGE.search(words[-1]))

    def _value(self, row: dict[str, t.Any], model: re.Match[str] | None) -> str:
        name = row["name"]
        if model and model["prefix"] and name.startswith("python3-"):
            name = model["prefix"] + name[len("python3") :]
        wants = row["wanted"] and (row["kind"] == "Requires" or self._build_minimums)
        return f"{name} >= {self._evr(row['name'], row['wanted'], None)}" if wants else name


def _epochs(spec: SpecText) -> dict[str, str]:
    """Epochs that the spec names, by the key of the package's name."""
    found = {}
    for tag in spec.tags:
        for item in _ITEM.finditer(tag.value):
            epoch = _epoch(item["version"])
            if epoch:
                found[key_of(item["name"])] = epoch
    return found


def _epoch(evr: str | None) -> str | None:
    match = _EVR.fullmatch(evr or "")
    return match["epoch"] if match else None


def _version(evr: str) -> str:
    match = _EVR.fullmatch(evr)
    return match["version"] if match else evr


def _rpm_version(version: str) -> str:
    """A version of PyPI as rpm's generator writes it: 1.0.0rc1 is 1.0.0~rc1, so that 1.0.0 is newer."""
    try:
        parsed = load_library("packaging.version").Version(version)
    except ValueError:
        return version
    text = re.match(r"v?(?:\d+!)?(\d+(?:\.\d+)*)", version)
    release = text[1] if text else version
    if parsed.pre:
        return f"{release}~{parsed.pre[0]}{parsed.pre[1]}"
    if parsed.dev is not None:
        return f"{release}~~dev{parsed.dev}"
    return f"{release}^post{parsed.post}" if parsed.post is not None else release
