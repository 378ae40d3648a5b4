# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""A spec file's Requires and BuildRequires beside what upstream says, for each distro's Python, and changes to them."""

from __future__ import annotations

import copy
import dataclasses
import difflib
import os
import re
import typing as t

from .._module.documents import write_atomically
from .._module.errors import InvalidInput, NotFound
from .._module.libraries import load_library
from .._module.runner import Change, Plan
from .._release.constraints import normalized, python_of
from .._release.constraints_compare import status_of
from .._release.upstream_requirements import Requirement, UpstreamRequirements

_DEPENDENCY = re.compile(r"(?P<name>[^\s,<>=]+)(?:\s*(?P<operator>>=|<=|=|<|>)\s*(?P<version>[^\s,]+))?")
_DIST = re.compile(r"python3(?:\.\d+)?dist\((?P<name>[^)\[]+)(?:\[[^)]*)?\)")
# What a spec needs of Python that is no distribution of upstream's.
_NOT_UPSTREAM = re.compile(r"python3?-(devel|libs|rpm-macros|tox-current-env)|pyproject-rpm-macros|python3")
_OTHER_SUBPACKAGE = re.compile(r"(^|-)(docs?|tests?(-unit|-golang|-functional|-tempest)?|lang)$")


@dataclasses.dataclass(frozen=True)
class Dependency:
    """One dependency in a spec: where it stands, and what it says for one distro."""

    section: str
    place: int
    kind: str
    name: str
    minimum: str | None
    alone: bool

    @property
    def key(self) -> str | None:
        """The normalized name on PyPI without what only RPMs have, or None for what is no Python package."""
        match = _DIST.fullmatch(self.name)
        if match:
            return normalized(match["name"])
        if _NOT_UPSTREAM.fullmatch(self.name):
            return None
        return normalized(self.name)


class Spec:
    """The dependencies of a spec file as one distro sees them.

    :raises InvalidInput: rpm can not parse it.
    """

    def __init__(self, path: str, distro: str, python: str) -> None:
        major = re.sub(r"\D", "", distro)
        macros = [("rhel", major), ("dist", f".{distro}"), ("python3_version", python), ("fedora", None)]
        self.dependencies: list[Dependency] = []
        self.names: set[str] = set()
        with _opened(path, macros) as spec, spec.sections() as sections:
            self.generates = any(section.id.startswith("generate_buildrequires") for section in sections)
            self.checks = any(section.id.startswith("check") for section in sections)
            for section in sections:
                if section.id.split()[0] != "package":
                    continue
                with spec.tags(section) as tags:
                    for place, tag in enumerate(tags):
                        if tag.valid and re.fullmatch(r"(Build)?Requires(\(.*\))?", tag.name, re.IGNORECASE):
                            self._add(section.id, place, tag)
                self.names.add(_subpackage(spec, section.id))

    def _add(self, section: str, place: int, tag: t.Any) -> None:
        kind = "BuildRequires" if tag.name.lower().startswith("build") else "Requires"
        if tag.expanded_value.startswith("("):
            return
        found = list(_DEPENDENCY.finditer(tag.expanded_value))
        for match in found:
            minimum = (
                match["version"].partition(":")[2] or match["version"]
                if match["operator"] in (">=", "=", ">")
                else None
            )
            self.dependencies.append(Dependency(section, place, kind, match["name"], minimum, len(found) == 1))

    def of(self, kind: str) -> list[Dependency]:
        """Dependencies on Python packages; not the spec's own, nor those of documentation and tests to run."""
        return [
            one
            for one in self.dependencies
            if one.kind == kind and one.key is not None and one.name not in self.names
            and not (kind == "Requires" and _OTHER_SUBPACKAGE.search(one.section.split()[-1]))
            and (one.name.startswith("python3-") or _DIST.fullmatch(one.name))
        ]  # fmt: skip


def _opened(path: str, macros: t.Sequence[tuple[str, str | None]] = ()) -> t.Any:
    library = load_library("specfile")
    if not os.path.exists(path):
        raise NotFound(f"There is no spec file {path}.", path=path)
    try:
        spec = library.Specfile(path, macros=list(macros))
        spec.expand("%{name}")
        return spec
    except (library.exceptions.SpecfileException, OSError, UnicodeDecodeError) as error:
        raise InvalidInput(
            f"The spec file {path} can not be parsed: {' '.join(str(error).split())}", path=path
        ) from error


def _subpackage(spec: t.Any, section: str) -> str:
    words = section.split()
    name: str = spec.expanded_name
    if len(words) == 1:
        return name
    return str(spec.expand(words[-1])) if "-n" in words else f"{name}-{words[-1]}"


class RpmNames:
    """What a spec file calls distributions of PyPI.

    :param overrides: name on PyPI → name in spec files, or None for what is not to be compared. What they do not name
        is called as pymod2pkg has it.
    :raises InvalidInput: an override that is no name.
    """

    def __init__(self, overrides: t.Mapping[str, t.Any]) -> None:
        for name, rpm in overrides.items():
            if rpm is not None and not (isinstance(rpm, str) and _DEPENDENCY.fullmatch(rpm)):
                raise InvalidInput(f"{rpm!r}, which the file of names has for {name}, is no name in a spec file.")
        self._overrides = {normalized(str(name)): rpm for name, rpm in overrides.items()}
        names = [name for name, rpm in self._overrides.items() if rpm is None]
        self.ignored = {*names, *(normalized(self.rpm(name)) for name in names)}

    def rpm(self, name: str) -> str:
        override = self._overrides.get(normalized(name))
        return override or str(load_library("pymod2pkg").module2package(name, "fedora", py_vers=["py3"]))


def compare(
    spec: Spec, upstream: UpstreamRequirements, distro: str, python: str, names: RpmNames
) -> list[dict[str, t.Any]]:
    """Rows for what is ``missing``, in ``excess``, or has a wrong ``minimum``, for one distro.

    Where the spec generates its build requirements, those are not compared, and what it does not require by itself is
    not missing: rpm generates it from what is installed.
    """
    rows = []
    run = upstream.for_python(upstream.run, python)
    build = {**upstream.for_python(upstream.build, python), **(run if spec.checks else {})}
    for kind, wanted in (("Requires", run), ("BuildRequires", build)):
        if kind == "BuildRequires" and spec.generates:
            continue
        wanted = {key: requirement for key, requirement in wanted.items() if key not in names.ignored}
        held = [one for one in spec.of(kind) if one.key not in names.ignored]
        by_key = _by_key(wanted, held, names)
        for key, requirement in wanted.items():
            have = by_key.get(key, [])
            if not have and not spec.generates:
                rows.append(_row("missing", kind, distro, requirement, None, names.rpm(requirement.name)))
            rows += [
                _row("minimum", kind, distro, requirement, one, one.name)
                for one in have
                if not _same(one.minimum, requirement.minimum)
            ]
        if kind == "Requires":
            matched = {id(one) for found in by_key.values() for one in found}
            rows += [_row("excess", kind, distro, None, one, one.name) for one in held if id(one) not in matched]
    return rows


def _same(one: str | None, other: str | None) -> bool:
    return one == other if one is None or other is None else status_of(one, other) == "equal"


def _by_key(
    wanted: t.Mapping[str, Requirement], held: t.Sequence[Dependency], names: RpmNames
) -> dict[str, list[Dependency]]:
    """Which dependencies are meant by which requirement: by name on PyPI, or by the RPM's name for it."""
    by_rpm = {normalized(names.rpm(requirement.name)): key for key, requirement in wanted.items()}
    found: dict[str, list[Dependency]] = {}
    for one in held:
        own = one.key or ""
        key = own if own in wanted else by_rpm.get(own)
        if key is not None:
            found.setdefault(key, []).append(one)
    return found


def _row(
    status: str, kind: str, distro: str, requirement: Requirement | None, one: Dependency | None, name: str
) -> dict[str, t.Any]:
    return {
        "status": status,
        "kind": kind,
        "distro": distro,
        "name": name,
        "upstream": requirement.name if requirement else None,
        "wanted": requirement.minimum if requirement else None,
        "have": one.minimum if one else None,
        "section": one.section if one else None,
        "source": requirement.source if requirement else None,
        "place": one.place if one else None,
        "alone": one.alone if one else True,
    }


@dataclasses.dataclass
class SpecChange(Change):
    """Requires and BuildRequires of a spec file, brought to what upstream says.

    :param distros: whose Pythons count; a change is made only if it is right for all of them.
    :param changes: which kinds of differences are applied.
    :param names: what the spec file calls what upstream needs.
    """

    path: str
    upstream: UpstreamRequirements
    distros: t.Sequence[str]
    pythons: t.Mapping[str, str]
    changes: t.Sequence[str]
    names: RpmNames

    def plan(self) -> Plan:
        rows: list[dict[str, t.Any]] = []
        generates = False
        for distro in self.distros:
            python = python_of(distro, self.pythons)
            spec = Spec(self.path, distro, python)
            generates = generates or spec.generates
            rows += compare(spec, self.upstream, distro, python, self.names)
        merged = self._merged(rows)
        with open(self.path, encoding="utf-8") as file:
            before = file.read()
        self._after, actions = self._edited([row for row in merged if row["applies"] and row["status"] in self.changes])
        name = os.path.basename(self.path)
        lines = difflib.unified_diff(before.splitlines(), self._after.splitlines(), name, name, n=0, lineterm="")
        public = [{key: value for key, value in row.items() if key not in ("place", "alone")} for row in merged]
        result = {"differences": public, "generates_buildrequires": generates, "patch": "\n".join(lines)}
        return Plan({name: before}, {name: self._after}, actions, result)

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        write_atomically(self.path, self._after.encode(), os.stat(self.path).st_mode & 0o777)
        return {}

    def _merged(self, rows: t.Sequence[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
        """Equal rows of several distros as one, with ``distros``, and whether it ``applies`` to all of them."""
        found: dict[tuple[t.Any, ...], dict[str, t.Any]] = {}
        for row in rows:
            key = tuple(value for name, value in row.items() if name != "distro")
            found.setdefault(key, {**row, "distros": []})["distros"].append(row["distro"])
        merged = []
        for row in found.values():
            del row["distro"]
            row["applies"] = row["alone"] and row["distros"] == list(self.distros)
            merged.append(row)
        return merged

    def _edited(self, rows: t.Sequence[dict[str, t.Any]]) -> tuple[str, list[str]]:
        """The spec's text with ``rows`` applied, and a sentence for each."""
        actions: list[str] = []
        spec = _opened(self.path)
        with spec.sections() as sections:
            packages = [section for section in sections if section.id.split()[0] == "package"]
            for section in packages:
                with spec.tags(section) as tags:
                    places = sorted(
                        (row for row in rows if row["section"] == section.id), key=lambda row: -row["place"]
                    )
                    for row in places:
                        actions.append(_edit(tags, row))
            for kind in ("Requires", "BuildRequires"):
                missing = [row for row in rows if row["status"] == "missing" and row["kind"] == kind]
                if missing:
                    actions += self._add(spec, packages, kind, missing)
        return str(spec), sorted(actions)

    def _add(
        self, spec: t.Any, packages: t.Sequence[t.Any], kind: str, rows: t.Sequence[dict[str, t.Any]]
    ) -> list[str]:
        """Put new dependencies below those on Python packages of the subpackage that has most of them."""
        best: tuple[int, t.Any] = (0, None)
        for section in packages:
            if kind == "Requires" and _OTHER_SUBPACKAGE.search(section.id.split()[-1]):
                continue
            with spec.tags(section) as tags:
                count = sum(tag.name == kind and tag.value.startswith(("python3-", "%{py")) for tag in tags)
            if count > best[0]:
                best = (count, section)
        if best[1] is None:
            raise InvalidInput(
                f"{self.path} has no {kind} on a Python package, so that nobody knows where to add "
                f"{', '.join(row['name'] for row in rows)}. Add the first by hand."
            )
        with spec.tags(best[1]) as tags:
            place = max(
                place
                for place, tag in enumerate(tags)
                if tag.name == kind and tag.valid and tag.value.startswith(("python3-", "%{py"))
            )
            for number, row in enumerate(rows, 1):
                tag = copy.deepcopy(tags[place])
                tag.comments.clear()
                tag.value = _text(row)
                tags.insert(place + number, tag)
        return [f"add {kind}: {_text(row)}" for row in rows]


def _edit(tags: t.Any, row: t.Mapping[str, t.Any]) -> str:
    tag = tags[row["place"]]
    old = tag.value
    if row["status"] == "excess":
        del tags[row["place"]]
        return f"remove {row['kind']}: {old}"
    name = re.split(r"\s*[<>=]", old, maxsplit=1)[0].rstrip()
    tag.value = f"{name} >= {row['wanted']}" if row["wanted"] else name
    return f"change {row['kind']}: {old} to {tag.value}"


def _text(row: t.Mapping[str, t.Any]) -> str:
    return f"{row['name']} >= {row['wanted']}" if row["wanted"] else str(row["name"])
