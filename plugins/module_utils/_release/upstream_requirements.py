# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What an upstream project says it needs, from the files of its sources."""

from __future__ import annotations

import configparser
import dataclasses
import re
import sys
import typing as t

from .._module.errors import InvalidInput, NotFound
from .._module.libraries import load_library
from .._module.text import ini_problem
from .constraints import MOST_LINE, marker_environment, normalized
from .rdoinfo import Files


@dataclasses.dataclass(frozen=True)
class Requirement:
    """A distribution that is needed.

    :param minimum: the lowest version that will do, or None.
    :param specifier: all that is said of the version, as in ``<2,>=1.0``; empty: any will do.
    :param extras: of it that are needed as well.
    :param source: file and line, or key, that says so.
    """

    name: str
    minimum: str | None
    specifier: str
    extras: tuple[str, ...]
    source: str

    @property
    def key(self) -> str:
        return normalized(self.name)


class UpstreamRequirements:
    """Requirements to run and to build a project, in the order they are written, before markers are evaluated.

    They come from ``project.dependencies`` of pyproject.toml, else ``install_requires`` of setup.cfg, else
    requirements.txt, which is what pbr reads; to build from ``build-system.requires``, else ``setup_requires``. What
    extras need is in ``optional``, from ``project.optional-dependencies``, ``options.extras_require`` and pbr's
    ``extras``; what cannot be read there is left out.

    :raises InvalidInput: a file that cannot be read, a requirement that is none, or no file at all.
    """

    def __init__(self, files: Files) -> None:
        self.run: list[tuple[str, t.Any]] = []
        self.build: list[tuple[str, t.Any]] = []
        self.optional: list[tuple[str, t.Any]] = []
        pyproject = read_toml(files, "pyproject.toml")
        setup = read_ini(files, "setup.cfg")
        project = _table(pyproject, "project")
        if isinstance(project.get("dependencies"), list):
            self._add(self.run, "pyproject.toml", project["dependencies"])
        elif setup is not None and setup.has_option("options", "install_requires"):
            self._add(self.run, "setup.cfg", setup.get("options", "install_requires").splitlines())
        else:
            text = read_text(files, "requirements.txt")
            if text is None and not pyproject and setup is None:
                raise InvalidInput(
                    f"{files.description} has no pyproject.toml, setup.cfg or requirements.txt.",
                    looked_for=["pyproject.toml", "setup.cfg", "requirements.txt"],
                )
            self._add(self.run, "requirements.txt", (text or "").splitlines(), lines=True)
        build = _table(pyproject, "build-system").get("requires")
        if isinstance(build, list):
            self._add(self.build, "pyproject.toml", build)
        elif setup is not None and setup.has_option("options", "setup_requires"):
            self._add(self.build, "setup.cfg", setup.get("options", "setup_requires").splitlines())
        self._add_extras(project.get("optional-dependencies"), setup)

    def for_python(self, requirements: t.Iterable[tuple[str, t.Any]], python: str) -> dict[str, Requirement]:
        """Those of ``requirements`` that count for a Python such as 3.9, by normalized name."""
        environment = marker_environment(python)
        found: dict[str, Requirement] = {}
        for source, requirement in requirements:
            if requirement.marker is None or requirement.marker.evaluate(environment):
                one = _requirement(requirement, source)
                found[one.key] = _both(found[one.key], one) if one.key in found else one
        return found

    def _add_extras(self, project: t.Any, setup: configparser.RawConfigParser | None) -> None:
        if isinstance(project, dict):
            for texts in project.values():
                self._add(self.optional, "pyproject.toml", texts if isinstance(texts, list) else (), strict=False)
        for section in ("options.extras_require", "extras"):
            if setup is not None and setup.has_section(section):
                for _extra, value in setup.items(section):
                    texts = [_plain_marker(line) for line in (value or "").splitlines()]
                    self._add(self.optional, "setup.cfg", texts, strict=False)

    @staticmethod
    def _add(
        target: list[tuple[str, t.Any]], file: str, texts: t.Iterable[str], lines: bool = False, strict: bool = True
    ) -> None:
        parser = load_library("packaging.requirements")
        for number, text in enumerate(texts, 1):
            content = str(text).split("#", 1)[0].strip()
            if not content or content.startswith("-"):
                continue  # options of pip say where from, not what
            where = f"{file}, line {number}" if lines else file
            try:
                if len(content) > MOST_LINE:
                    raise parser.InvalidRequirement(f"it has more than {MOST_LINE} characters")
                target.append((where, parser.Requirement(content)))
            # InvalidRequirement is a ValueError, as is what Python says of zero bytes; RecursionError is of brackets.
            except (ValueError, RecursionError) as error:
                if not strict:
                    continue
                reason = " ".join(str(error).split())
                raise InvalidInput(f"{where}: {content[:200]!r} is not a requirement: {reason}", file=file) from error


def read_text(files: Files, name: str) -> str | None:
    """A file of the sources, or None where there is none; raises InvalidInput where it is not text."""
    try:
        return files.read(name).decode()
    except NotFound:
        return None
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{name} of {files.description} is not text in UTF-8: {error}", file=name) from error


def read_toml(files: Files, name: str) -> dict[str, t.Any]:
    """The data of a file in TOML, empty where there is none; raises InvalidInput."""
    text = read_text(files, name)
    if text is None:
        return {}
    toml = load_library("tomllib" if sys.version_info >= (3, 11) else "tomli")
    try:
        data: dict[str, t.Any] = toml.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{name} of {files.description} is not valid TOML: {error}", file=name) from error
    return data


def read_ini(files: Files, name: str) -> configparser.RawConfigParser | None:
    """The sections of a file such as setup.cfg, or None where there is none; raises InvalidInput."""
    text = read_text(files, name)
    if text is None:
        return None
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text, name)
    except configparser.Error as error:
        raise InvalidInput(f"{name} of {files.description} cannot be read: {ini_problem(error)}", file=name) from error
    return parser


def _table(data: t.Mapping[str, t.Any], name: str) -> dict[str, t.Any]:
    found = data.get(name)
    return found if isinstance(found, dict) else {}


def _requirement(requirement: t.Any, source: str) -> Requirement:
    extras = tuple(sorted(requirement.extras))
    return Requirement(requirement.name, _minimum(requirement), str(requirement.specifier), extras, source)


def _both(one: Requirement, other: Requirement) -> Requirement:
    """What is said in two lines, as one."""
    version = load_library("packaging.version").Version
    minimum = max(filter(None, (one.minimum, other.minimum)), key=version, default=None)
    specifier = ",".join(dict.fromkeys(",".join(filter(None, (one.specifier, other.specifier))).split(",")))
    extras = tuple(sorted({*one.extras, *other.extras}))
    return Requirement(
        one.name, minimum, specifier.strip(","), extras, (other if minimum == other.minimum else one).source
    )


def _plain_marker(line: str) -> str:
    """A line of pbr's extras, whose markers stand in parentheses behind a colon or not at all, less the marker."""
    return re.split(r":\(|\s+\(", line, maxsplit=1)[0]


def _minimum(requirement: t.Any) -> str | None:
    """The highest version that a specifier names as a lower bound; what it excludes says nothing about that."""
    bounds = [
        one.version.removesuffix(".*")
        for one in requirement.specifier
        if one.operator in (">=", "~=", "==", "===", ">")
    ]
    try:
        return max(bounds, key=load_library("packaging.version").Version, default=None)
    except ValueError:  # of ===, which any text can follow
        return bounds[-1]
