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
import tempfile
import typing as t

from .._module.errors import CommandFailed, InvalidInput, TimedOut
from .confined import SECONDS, run_confined
from .spec_text import SpecText, Tag

_MARK = "rdo-releng-line"
_MARKED = re.compile(rf"^(?P<value>.*?)\s*,\s*{_MARK}\((?P<line>\d+)\)$")
_DEPENDENCY_TAG = re.compile(r"(?:Build)?Requires", re.IGNORECASE)
_ERROR = re.compile(r"^error: (?:(?P<file>[^\s:]+): )?line (?P<line>\d+): (?P<what>.*)$", re.MULTILINE)
# What specs of RDO and Fedora take for granted, and a host that builds nothing need not have. What makes more than one
# value, or whole subpackages, is only made to parse.
_MACROS = {
    "python3_pkgversion": "3",
    "__python3": "/usr/bin/python3",
    "python3_sitelib": "/usr/lib/python{python}/site-packages",
    "python3_sitearch": "/usr/lib64/python{python}/site-packages",
    "python3_version": "{python}",
    "python3_version_nodots": "{flat}",
    "py_dist_name()": "%{{lua:print((string.lower(rpm.expand('%1')):gsub('[-_.]+', '-')))}}",
    "py3_dist()": "%{{lua:for word in rpm.expand('%*'):gmatch('%S+') do print('python3dist(' .. "
    "string.lower(word):gsub('[-_.]+', '-') .. ') ') end}}",
    "pyproject_extras_subpkg(n:i:f:FaA)": "%{{nil}}",
    "python_extras_subpkg(n:i:f:FaA)": "%{{nil}}",
    "systemd_requires": "Requires(post): systemd",
    "systemd_ordering": "OrderWithRequires(post): systemd",
    "sysusers_requires_compat": "Requires(pre): shadow-utils",
    "_unitdir": "/usr/lib/systemd/system",
    "gpgverify": "gpgverify",
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
            raise InvalidInput(f"{self.name!r} is no distro such as el9s, el10s or fc43.", distro=self.name)
        kind = "fedora" if self.name.startswith(("fc", "fedora")) else "rhel"
        flat = self.python.replace(".", "")
        values = {name: body.format(python=self.python, flat=flat) for name, body in _MACROS.items()}
        own = {"rhel": "centos", "fedora": "fc"}[kind]
        return {
            **values,
            kind: major,
            own: major,
            "dist": f".{self.name}",
            f"el{major}" if kind == "rhel" else own: "1",
        }

    @property
    def undefined(self) -> tuple[str, ...]:
        return ("rhel", "centos", "epel") if self.name.startswith(("fc", "fedora")) else ("fedora", "epel")


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
    text = "\n".join(marked)
    generates = spec.section("generate_buildrequires") is not None
    return {
        one.name: ParsedSpec(SpecText(_preprocessed(text, spec.name, one), spec.name), generates) for one in distros
    }


def _may_be_marked(tag: Tag, spec: SpecText) -> bool:
    """Not what goes on in the next line, or has a comment behind it."""
    return not spec.lines[tag.line].endswith("\\") and " #" not in tag.value


def _preprocessed(text: str, name: str, distro: Distro) -> str:
    """The spec file with all macros expanded and without what conditions leave out."""
    with tempfile.TemporaryDirectory(prefix="spec.") as work:
        os.chmod(work, 0o755)  # noqa: S103 (the confined program is another user)
        with open(os.path.join(work, "x.spec"), "w", encoding="utf-8", newline="") as file:
            file.write(text)
        options = [f"--undefine={macro}" for macro in distro.undefined]
        for macro, body in distro.macros.items():
            options += ["--define", f"{macro} {body}"]
        try:
            return run_confined(["rpmspec", "-P", *options, "/in/x.spec"], work)
        except CommandFailed as error:
            raise _error(str(error.data["output"]), name, distro) from error
        except TimedOut as error:
            raise InvalidInput(
                f"{name} was not parsed for {distro.name} within {SECONDS} s: does a macro of it wait for something?",
                file=name,
                distro=distro.name,
            ) from error


def _error(output: str, name: str, distro: Distro) -> InvalidInput:
    found = list(_ERROR.finditer(output))
    if found:
        line, what = int(found[0]["line"]), found[0]["what"].strip()
        what = re.sub(rf",\s*{_MARK}\(\d+\)", "", what)
        message = f"{name}, line {line}, does not parse for {distro.name}: {what}"
        return InvalidInput(message[:600], file=name, distro=distro.name, line=line)
    said = [line for line in output.strip().splitlines() if line.startswith("error: ")] or output.strip().splitlines()
    what = (said or ["rpm does not say why"])[0].removeprefix("error: ")
    return InvalidInput(f"{name} does not parse for {distro.name}: {what}"[:600], file=name, distro=distro.name)


def _numbered(output: SpecText, name: str) -> dict[int, str]:
    """Sources or patches by number; those without one count on, as rpm has it."""
    found: dict[int, str] = {}
    for tag in output.tags:
        match = re.fullmatch(rf"{name}(\d*)", tag.name, re.IGNORECASE)
        if match:
            found[int(match[1]) if match[1] else max(found, default=-1) + 1] = tag.value
    return found
