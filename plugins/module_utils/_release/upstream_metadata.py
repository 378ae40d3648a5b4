# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What an upstream project says of itself: its name, summary, licence, modules, commands and tests."""

from __future__ import annotations

import configparser
import dataclasses
import re
import typing as t

from .._module.errors import InvalidInput, NotFound
from .rdoinfo import Files
from .upstream_requirements import read_ini, read_toml

# Trove classifiers that mean one licence of SPDX's.
_LICENCES = {
    "Apache Software License": "Apache-2.0",
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "ISC License (ISCL)": "ISC",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "GNU General Public License v2 (GPLv2)": "GPL-2.0-only",
    "GNU General Public License v2 or later (GPLv2+)": "GPL-2.0-or-later",
    "GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
    "GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
}
_SPDX = re.compile(r"[A-Za-z0-9.+-]+(?:(?: (?:AND|OR|WITH) )[A-Za-z0-9.+-]+)*")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_MODULE = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_COMMAND = re.compile(r"[A-Za-z0-9][\w.-]*", re.ASCII)
_READMES = ("README.rst", "README.md", "README.txt", "README")
_TEXTS = ("LICENSE", "LICENSE.txt", "LICENSE.rst", "COPYING")


@dataclasses.dataclass(frozen=True)
class Metadata:
    """What the sources of a Python project say.

    :param licence: an expression of SPDX, or None where they do not say one.
    :param modules: names of importable modules at the top.
    :param commands: that are installed into /usr/bin.
    :param licence_file: name of the file with its text, or None; the same for ``readme``.
    :param tox: whether tests run by tox.
    """

    name: str
    summary: str
    licence: str | None
    homepage: str | None
    modules: tuple[str, ...]
    commands: tuple[str, ...]
    licence_file: str | None
    readme: str | None
    tox: bool


def read_metadata(files: Files) -> Metadata:
    """What ``files``, those of the sources, say in pyproject.toml, else in setup.cfg.

    :raises InvalidInput: there is no name, or it is none; or a file cannot be read.
    """
    project = read_toml(files, "pyproject.toml").get("project")
    project = project if isinstance(project, dict) else {}
    setup = read_ini(files, "setup.cfg") or configparser.RawConfigParser()
    name = project.get("name") or _of(setup, "metadata", "name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidInput(f"{files.description} has no name in pyproject.toml or setup.cfg.", found=str(name)[:200])
    summary = project.get("description") or _of(setup, "metadata", "description") or _of(setup, "metadata", "summary")
    return Metadata(
        name=name,
        summary=" ".join(str(summary or "").split())[:200],
        licence=_licence(project, setup),
        homepage=_homepage(project, setup),
        modules=_modules(files, name, setup),
        commands=_commands(project, setup),
        licence_file=_first(files, _TEXTS),
        readme=_first(files, _READMES),
        tox=_first(files, ("tox.ini",)) is not None,
    )


def _of(setup: configparser.RawConfigParser, section: str, *names: str) -> str | None:
    for name in names:
        for spelling in (name, name.replace("-", "_")):
            if setup.has_option(section, spelling):
                return setup.get(section, spelling).strip() or None
    return None


def _licence(project: t.Mapping[str, t.Any], setup: configparser.RawConfigParser) -> str | None:
    """What is said in the words of SPDX; a classifier only where it means one licence."""
    said = project.get("license")
    said = said.get("text") if isinstance(said, dict) else said
    for text in (said, _of(setup, "metadata", "license")):
        if isinstance(text, str) and _SPDX.fullmatch(text) and re.search(r"\d|MIT|ISC|Zlib", text):
            return text
    classifiers = project.get("classifiers")
    if not isinstance(classifiers, list):
        classifiers = (_of(setup, "metadata", "classifiers", "classifier") or "").splitlines()
    found = {
        _LICENCES.get(str(one).rpartition("::")[2].strip())
        for one in classifiers
        if str(one).strip().startswith("License")
    }
    return found.pop() if len(found) == 1 else None


def _homepage(project: t.Mapping[str, t.Any], setup: configparser.RawConfigParser) -> str | None:
    urls = project.get("urls") if isinstance(project.get("urls"), dict) else {}
    found = {str(key).lower(): value for key, value in t.cast("dict[str, t.Any]", urls).items()}
    value = found.get("homepage") or _of(setup, "metadata", "home-page", "url")
    return value if isinstance(value, str) and re.fullmatch(r"https?://[^\s%]+", value) else None


def _modules(files: Files, name: str, setup: configparser.RawConfigParser) -> tuple[str, ...]:
    """What setup.cfg lists, else the module that is named as the project and is there."""
    listed = [line.strip() for line in (_of(setup, "files", "packages") or "").splitlines()]
    listed = [line for line in listed if _MODULE.fullmatch(line)]
    if listed:
        return tuple(listed)
    wanted = re.sub(r"[-.]", "_", name)
    return (wanted,) if _first(files, (f"{wanted}/__init__.py", f"src/{wanted}/__init__.py")) else ()


def _commands(project: t.Mapping[str, t.Any], setup: configparser.RawConfigParser) -> tuple[str, ...]:
    scripts = project.get("scripts")
    names = list(scripts) if isinstance(scripts, dict) else []
    for section in ("entry_points", "options.entry_points"):
        lines = (_of(setup, section, "console_scripts") or "").splitlines()
        names += [line.partition("=")[0].strip() for line in lines]
    return tuple(sorted({name for name in names if isinstance(name, str) and _COMMAND.fullmatch(name)}))


def _first(files: Files, names: t.Iterable[str]) -> str | None:
    for name in names:
        try:
            files.read(name)
        except NotFound:
            continue
        return name
    return None
