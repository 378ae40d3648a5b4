# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What a spec file means for a distro, by rpm's own parser, which runs confined: a spec can run any command.

The whole file is parsed once a distro. So that an expanded dependency is found again in the file, each line with tags
goes in with one dependency more, its number.
"""

from __future__ import annotations

import dataclasses
import os
import re
import typing as t

from .._module.errors import InvalidInput
from .._module.work_folder import WorkFolder
from .._sandbox.spec import View, expand
from .spec_text import SpecText, Tag

_MARK = "rdo-releng-line"
_MARKED = re.compile(rf"^(?P<value>.*?)\s*,\s*{_MARK}\((?P<line>\d+)\)$")
_DEPENDENCY_TAG = re.compile(r"(?:Build)?Requires", re.IGNORECASE)
_ERROR = re.compile(r"line (?P<line>\d+): (?P<what>[^;]*)")
# What specs of RDO and Fedora take for granted, and a host that builds nothing need not have. What makes more than one
# value, or whole subpackages, is only made to parse.
_MACROS = {
    "python3_pkgversion": "3",
    "__python3": "/usr/bin/python3",
    "python3_sitelib": "/usr/lib/python{python}/site-packages",
    "python3_sitearch": "/usr/lib64/python{python}/site-packages",
    "python3_version": "{python}",
    "python3_version_nodots": "{flat}",
    "systemd_requires": "Requires(post): systemd",
    "systemd_ordering": "OrderWithRequires(post): systemd",
    "sysusers_requires_compat": "Requires(pre): shadow-utils",
    "_unitdir": "/usr/lib/systemd/system",
    "gpgverify": "gpgverify",
}
# Those that take arguments.
WITH_ARGUMENTS = {
    "py_dist_name()": "%{lua:print((string.lower(rpm.expand('%1')):gsub('[-_.]+', '-')))}",
    "py3_dist()": "%{lua:for word in rpm.expand('%*'):gmatch('%S+') do "
    "print('python3dist(' .. string.lower(word):gsub('[-_.]+', '-') .. ') ') end}",
    "pyproject_extras_subpkg(n:i:f:FaA)": "%{nil}",
    "python_extras_subpkg(n:i:f:FaA)": "%{nil}",
}


@dataclasses.dataclass(frozen=True)
class Distro:
    """For whom a spec is parsed: el9s, el10s or fc43, with the version of its Python."""

    name: str
    python: str

    @property
    def macros(self) -> dict[str, str]:
        major = re.sub(r"\D", "", self.name)
        if not major:
            raise InvalidInput(f"{self.name!r} is not a distro such as el9s, el10s or fc43.", distro=self.name)
        kind = "fedora" if self.name.startswith(("fc", "fedora")) else "rhel"
        flat = self.python.replace(".", "")
        values = {name: body.format(python=self.python, flat=flat) for name, body in _MACROS.items()}
        short = {"rhel": "el", "fedora": "fc"}[kind]
        centos = {"centos": major} if kind == "rhel" else {}
        return {**values, **centos, kind: major, f"{short}{major}": "1", "dist": f".{self.name}"}

    @property
    def view(self) -> View:
        absent = ("fedora", "epel") if "rhel" in self.macros else ("rhel", "centos", "epel")
        return View(self.name, {**self.macros, **dict.fromkeys(absent)})


@dataclasses.dataclass(frozen=True)
class Dependency:
    """What one line requires for a distro.

    :param line: its index in the spec file's lines.
    :param package: the package that requires it; the source package's name for the preamble.
    :param value: the expanded list, as in ``python3-pbr >= 2.0.0``.
    """

    line: int
    package: str
    kind: str
    qualifier: str | None
    value: str


class ParsedSpec:
    """A spec file as a distro has it.

    :ivar name: of the source package.
    :ivar dependencies: of lines that can be found in the file, those whose conditions hold.
    :ivar packages: names of all packages that are built.
    :ivar generates: whether it generates build requirements; rpm does not say for which distros.
    """

    def __init__(self, output: SpecText, generates: bool) -> None:
        self.generates = generates
        self.name = self._value(output, "Name")
        self.version = self._value(output, "Version")
        self.release = self._value(output, "Release")
        self.epoch = self._value(output, "Epoch")
        self.sources = _numbered(output, "Source")
        self.patches = _numbered(output, "Patch")
        self.sections = [text.split()[0].lstrip("%") for _line, text in output.sections]
        self.packages = [self.name] + [
            self._package(text) for _line, text in output.sections if text.startswith("%package")
        ]
        self.dependencies: list[Dependency] = []
        for tag in output.tags:
            match = _MARKED.match(tag.value) if _DEPENDENCY_TAG.fullmatch(tag.name) else None
            if match:
                kind = "BuildRequires" if tag.name.lower().startswith("build") else "Requires"
                package = self._package(tag.section) if tag.section else self.name
                found = Dependency(int(match["line"]), package, kind, tag.qualifier, match["value"])
                self.dependencies.append(found)

    @staticmethod
    def _value(output: SpecText, name: str) -> str:
        tags = output.preamble(name)
        return tags[0].value if tags else ""

    def _package(self, section: str) -> str:
        """The name of the package that a section such as ``%package -n python3-x`` is of."""
        words = section.split()[1:]
        if "-n" in words[:-1]:
            return words[words.index("-n") + 1]
        names = [word for word in words if not word.startswith("-")]
        return f"{self.name}-{names[0]}" if names else self.name


def parse(spec: SpecText, distros: t.Sequence[Distro]) -> dict[str, ParsedSpec]:
    """What ``spec`` means for each distro, by its name.

    :raises InvalidInput: rpm cannot parse it; the message has the line, and what is wrong there.
    """
    marked = list(spec.lines)
    for tag in spec.tags:
        if _DEPENDENCY_TAG.fullmatch(tag.name) and _may_be_marked(tag, spec):
            end = "\r" if marked[tag.line].endswith("\r") else ""
            marked[tag.line] = f"{tag.head}{tag.value}, {_MARK}({tag.line}){end}"
    generates = spec.section("generate_buildrequires") is not None
    # In one line before the spec's first.
    own = "".join(f"%{{?!{name.partition('(')[0]}:%define {name} {body}}}" for name, body in WITH_ARGUMENTS.items())
    outputs = _expanded(f"{own}\n" + "\n".join(marked), spec.name, distros)
    return {name: ParsedSpec(SpecText(output, spec.name), generates) for name, output in outputs.items()}


def _may_be_marked(tag: Tag, spec: SpecText) -> bool:
    """Not what goes on in the next line, or has a comment behind it."""
    return not spec.lines[tag.line].endswith("\\") and " #" not in tag.value


def _expanded(text: str, name: str, distros: t.Sequence[Distro]) -> dict[str, str]:
    """By distro, the spec file with all macros expanded and without what conditions leave out."""
    with WorkFolder("spec") as work:
        path = os.path.join(work, "x.spec")
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        try:
            return expand(path, [distro.view for distro in distros])
        except InvalidInput as error:
            raise _error(error.message.replace(path, name), name) from error


def _error(message: str, name: str) -> InvalidInput:
    found = _ERROR.search(message)
    if not found:
        return InvalidInput(message, file=name)
    line = max(1, int(found["line"]) - 1)
    distro = re.search(r"parsed for (\S+):", message)
    what = re.sub(rf",\s*{_MARK}\(\d+\)", "", found["what"].strip())
    who = f" for {distro[1]}" if distro else ""
    return InvalidInput(f"{name}, line {line}, does not parse{who}: {what}"[:600], file=name, line=line)


def _numbered(output: SpecText, name: str) -> dict[int, str]:
    """Sources or patches by number; those without one count on, as rpm has it."""
    found: dict[int, str] = {}
    for tag in output.tags:
        match = re.fullmatch(rf"{name}(\d*)", tag.name, re.IGNORECASE)
        if match:
            found[int(match[1]) if match[1] else max(found, default=-1) + 1] = tag.value
    return found
