# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""A spec file brought from ``%py3_build`` to the pyproject macros, as RDO's distgits write them.

Only what can be known from the file itself is changed; the rest is a list of lines for a person to decide on. What the
metadata says is required by itself then, so that the lines which say so by hand go: those of build requirements, and
those of the package that has the metadata. What should be left out of the metadata is data.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from .._module.errors import InvalidInput, Refused
from .spec_text import SpecText, Tag

_BUILD = re.compile(r"\s*%(?:\{py3_build\}|py3_build)\s*")
_INSTALL = re.compile(r"\s*%(?:\{py3_install\}|py3_install)\s*")
_NEW = re.compile(r"%\{?\??pyproject_(?:wheel|install|buildrequires)\b")
_PYTHON = re.compile(r"(?:python3-(?!devel\b|libs\b|test\b|rpm-macros\b)\S+|(?:python3dist|%\{?py3_dist)\b.*)")
_SETUP = re.compile(r"%(?:auto)?setup\b|%forgeautosetup\b|%forgesetup\b")
# What would delete the files that requirements are generated from.
_CLEAN = re.compile(
    r"\s*(?:%\{?\??py_req_cleanup\}?|rm\s+-\w*\s+(?:\S*egg-info\S*|(?:\S*requirements\S*\.txt\s*)+))\s*(?:#.*)?"
)
_TESTS = re.compile(
    r"\s*(?:\w+=\S+\s+)*(?:%\{?__?python3\}?|python3)?\s*(?:-m\s+)?"
    r"(?:stestr\S*\s(?:.*\s)?run\b.*|setup\.py\s+(?:test|testr)\b.*)"
)
_EGG = re.compile(r"(?P<head>\S*%\{python3_site(?:lib|arch)\}/\S+?)\.egg-info(?P<tail>\S*)")
# Lines of %files that have the metadata among them.
_METADATA = re.compile(rf"{_EGG.pattern}|^\s*%\{{python3_site(?:lib|arch)\}}/\*\s*$")
_VERSIONED = re.compile(r"-py(?:\?\.\?|\*|%\{python3_version\}|3\.\*|3\.\?)$")
_OLD = re.compile(
    r"setup\.py|egg-info|%\{?py3_(?:build|install|shebang)|%\{?py2_|PYTHONPATH|sphinx-build|requirements\.txt"
)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_MACROS = "pyproject-rpm-macros"
_TOX = "%{default_toxenv}"


@dataclasses.dataclass
class Migrated:
    """A spec file with the pyproject macros.

    :param actions: a sentence for each change.
    :param removed: the dependencies that went, with the line they stood on before.
    :param decide: lines of the new text that a person must look at, as (number, text, why).
    """

    text: str
    actions: list[str]
    removed: list[dict[str, t.Any]]
    decide: list[tuple[int, str, str]]


def migrate(
    spec: SpecText,
    excluded_build: t.Sequence[str] = (),
    excluded_run: t.Sequence[str] = (),
    tox: bool = True,
) -> Migrated:
    """``spec`` with the pyproject macros; one that has them already stays as it is.

    :param excluded_build: distributions that no build requirement should be generated for.
    :param excluded_run: distributions that the packages are not to require.
    :param tox: whether tests run as upstream's tox.ini says, and what they need is required for the build.
    :raises Refused: it is not the spec file of one Python project: no ``%py3_build``, several, or one in a condition.
    """
    for name in (*excluded_build, *excluded_run):
        if not _NAME.fullmatch(name):
            raise InvalidInput(f"{name!r} cannot be the name of a distribution.", name=name)
    return _Migration(spec, excluded_build, excluded_run, tox).run()


class _Migration:
    def __init__(self, spec: SpecText, build: t.Sequence[str], run: t.Sequence[str], tox: bool) -> None:
        self._spec, self._build, self._run, self._tox = spec, list(build), list(run), tox
        self._changes: dict[int, list[str]] = {}
        self._actions: list[str] = []
        self._removed: list[dict[str, t.Any]] = []
        self._places = _places(spec)

    def run(self) -> Migrated:
        if any(_NEW.search(line) for line in self._spec.lines):
            return Migrated(self._spec.text, [], [], _left(self._spec, self._tox))
        self._swap_macros()
        self._generate()
        self._keep_what_is_read()
        self._files()
        self._tests()
        self._dependencies()
        after = SpecText(self._spec.text, self._spec.name)
        after.edit(self._changes)
        return Migrated(after.text, self._actions, self._removed, _left(after, self._tox))

    def _swap_macros(self) -> None:
        for pattern, section, new in (
            (_BUILD, "build", "%pyproject_wheel"),
            (_INSTALL, "install", "%pyproject_install"),
        ):
            found = [n for n in self._in(section) if pattern.fullmatch(self._spec.lines[n])]
            old = "%py3_build" if section == "build" else "%py3_install"
            if len(found) != 1:
                raise Refused(
                    f"{self._spec.name} has {len(found)} lines with {old} and nothing else in %{section}: what is "
                    "built by other means is for a person to bring to pyproject.",
                    file=self._spec.name,
                )
            if self._conditions(found[0]):
                raise Refused(
                    f"{self._spec.name}, line {found[0] + 1}: {old} stands in a condition.", line=found[0] + 1
                )
            self._changes[found[0]] = [new]
            self._actions.append(f"{old} becomes {new}")

    def _generate(self) -> None:
        """%generate_buildrequires before %build, and what is excluded from it in %prep and before the first tag."""
        build = self._spec.section("build")
        options = f" -t -e {_TOX}" if self._tox else ""
        new = ["%generate_buildrequires", f"%pyproject_buildrequires{options}", ""]
        self._changes[t.cast("int", build)] = [*new, self._spec.lines[t.cast("int", build)]]
        self._actions.append(
            "build requirements are generated" + (f", those of tox {_TOX} as well" if self._tox else "")
        )
        prep = [n for n in self._in("prep") if _SETUP.match(self._spec.lines[n].lstrip())]
        if not prep:
            raise Refused(f"{self._spec.name} has no %autosetup or %setup in %prep.", file=self._spec.name)
        lines = tox_lines() if self._tox else []
        for macro, files, names in (
            ("excluded_brs", "doc/requirements.txt test-requirements.txt", self._build),
            ("excluded_reqs", "requirements.txt", self._run),
        ):
            if names:
                lines += exclusion_lines(macro, files)
        if lines:
            self._changes[prep[-1]] = [self._spec.lines[prep[-1]], "", *lines]
        globals_ = [f"%global excluded_brs {' '.join(self._build)}"] if self._build else []
        globals_ += [f"%global excluded_reqs {' '.join(self._run)}"] if self._run else []
        if globals_:
            tags = [tag.line for tag in self._spec.tags if not tag.section]
            if not tags:
                raise Refused(f"{self._spec.name} has no tags such as Name.", file=self._spec.name)
            first = tags[0]
            while first and self._conditions(first):
                first -= 1
            self._changes[first] = ["# Left out of what is generated", *globals_, "", self._spec.lines[first]]
            self._actions += [f"{line.removeprefix('%global ')}" for line in globals_]

    def _keep_what_is_read(self) -> None:
        for number in self._in("prep"):
            if _CLEAN.fullmatch(self._spec.lines[number]):
                self._changes[number] = []
                self._actions.append(f"no more of: {self._spec.lines[number].strip()}")

    def _files(self) -> None:
        for number in self._in("files"):
            line = self._spec.lines[number]
            match = _EGG.search(line)
            if match:
                head = _VERSIONED.sub("", match["head"])
                self._changes[number] = [f"{line[: match.start()]}{head}.dist-info{match['tail']}{line[match.end() :]}"]
                self._actions.append(f"{match[0].rpartition('/')[2]} becomes {head.rpartition('/')[2]}.dist-info")

    def _tests(self) -> None:
        if not self._tox:
            return
        found = [n for n in self._in("check") if _TESTS.fullmatch(self._spec.lines[n])]
        # A command that goes on in the next line, or one among several, is more than its line says.
        if len(found) == 1 and not self._spec.lines[found[0]].rstrip().endswith("\\"):
            indent = re.match(r"\s*", self._spec.lines[found[0]])
            self._changes[found[0]] = [f"{indent[0] if indent else ''}%tox -e {_TOX}"]
            self._actions.append(f"tests run as tox -e {_TOX}")

    def _dependencies(self) -> None:
        """What is generated goes; what stands in a condition, or belongs to another package, stays."""
        owner = self._owner_of_metadata()
        last = None
        for tag in self._spec.tags:
            kind = tag.name.lower()
            if kind == "buildrequires":
                last = tag.line if not tag.conditions else last
            generated = kind == "buildrequires" or (kind == "requires" and not tag.qualifier and tag.section == owner)
            if generated and not tag.conditions and self._is_generated(tag):
                self._changes[tag.line] = []
                self._removed.append({"line": tag.line + 1, "kind": tag.name, "value": tag.value})
        wanted = [name for name in (_MACROS, *(["openstack-macros"] if self._tox else [])) if not self._requires(name)]
        if wanted and last is not None:
            head = next(tag.head for tag in self._spec.tags if tag.line == last)
            # The line that it stands behind may itself have been taken away.
            kept = self._changes.get(last, [self._spec.lines[last]])
            self._changes[last] = [*kept, *(f"{head}{name}" for name in wanted)]
            self._actions += [f"add BuildRequires: {name}" for name in wanted]
        if self._removed:
            self._actions.append(f"remove {len(self._removed)} dependencies that are generated")

    def _is_generated(self, tag: Tag) -> bool:
        """One Python distribution and nothing else on the line; a subpackage of the spec's own is none."""
        names = re.sub(r"\s*[<>=]+\s*\S+", "", tag.value).split()
        own = "%{name}" in tag.value or "%{version}" in tag.value or "%{release}" in tag.value
        return len(names) == 1 and not own and _PYTHON.fullmatch(names[0]) is not None

    def _requires(self, name: str) -> bool:
        """Whether it is required for every build, and not only where sources are verified."""
        found = (tag for tag in self._spec.tags if tag.name.lower() == "buildrequires" and not tag.conditions)
        return any(name in tag.value.split() for tag in found)

    def _owner_of_metadata(self) -> str | None:
        """The %package line of the package that has the metadata; empty: the main one; None: nobody knows."""
        owners = set()
        for number, place in self._places.items():
            if place.startswith("%files") and _METADATA.search(self._spec.lines[number]):
                owners.add(_package_words(place, "%files"))
        if len(owners) != 1:
            return None
        (words,) = owners
        if not words:
            return ""
        packages = [text for _line, text in self._spec.sections if text.startswith("%package")]
        return next((text for text in packages if _package_words(text, "%package") == words), None)

    def _in(self, section: str) -> list[int]:
        return [n for n, place in self._places.items() if place.split()[:1] == [f"%{section}"]]

    def _conditions(self, line: int) -> bool:
        """Whether a line stands between %if and %endif."""
        depth = 0
        for text in self._spec.lines[:line]:
            depth += bool(re.match(r"\s*%if", text)) - bool(re.match(r"\s*%endif\b", text))
        return depth > 0


def _places(spec: SpecText) -> dict[int, str]:
    """The section that each line below a section's first is in."""
    starts = dict(spec.sections)
    found, current = {}, ""
    for number in range(len(spec.lines)):
        current = starts.get(number, current)
        if number not in starts and current:
            found[number] = current
    return found


def _package_words(section: str, head: str) -> tuple[str, ...]:
    """Which package a section is of, as ``("-n", "python3-x")``; files of a list (-f) are none of it."""
    words = section.split()[len(head.split()) :]
    while "-f" in words[:-1]:
        place = words.index("-f")
        del words[place : place + 2]
    return tuple(words)


def tox_lines() -> list[str]:
    """Constraints, the age of tox and its virtualenv are not for a build that has no network."""
    return [
        "# What tox.ini says of constraints and of tox itself is not for a build of packages",
        "sed -i '/^[[:space:]]*-c{env:.*_CONSTRAINTS_FILE.*/d' tox.ini",
        "sed -i 's/^deps = -c{env:.*_CONSTRAINTS_FILE.*/deps =/' tox.ini",
        "sed -i '/^minversion.*/d;/^requires.*virtualenv.*/d' tox.ini",
        "",
    ]


def exclusion_lines(macro: str, files: str) -> list[str]:
    """Lines of %prep that take the distributions of a macro out of files with requirements."""
    return [
        f"for name in %{{{macro}}}; do",
        f"  for file in {files}; do",
        '    [ ! -f "$file" ] || sed -i "/^${name}\\([^[:alnum:]._-].*\\)\\?$/Id" "$file"',
        "  done",
        "done",
        "",
    ]


def _left(spec: SpecText, tox: bool) -> list[tuple[int, str, str]]:
    """What a person must decide, of a spec file that has the new macros."""
    found = []
    places = _places(spec)
    for tag in spec.tags:
        if tag.name.lower() == "buildrequires" and any(map(_PYTHON.fullmatch, re.split(r"[\s,]+", tag.value))):
            found.append((tag.line + 1, tag.value, "is required for the build by hand: is it generated as well?"))
        if tag.name.lower() == "requires" and _PYTHON.match(tag.value) and "%{" not in tag.value:
            found.append((tag.line + 1, tag.value, "is required by hand: does the metadata say so as well?"))
    for number, place in places.items():
        line, section = spec.lines[number], place.split()[0]
        if section in ("%prep", "%build", "%install", "%check", "%files") and not line.lstrip().startswith("#"):
            ours = section == "%prep" and ("for file in" in line or "tox.ini" in line)
            if not ours and _OLD.search(line):
                found.append((number + 1, line.strip(), _why(line)))
            elif section == "%check" and tox and re.search(r"stestr|pytest|unittest", line):
                found.append((number + 1, line.strip(), "runs tests by hand: would tox do?"))
    return sorted(found)


def _why(line: str) -> str:
    for part, why in {
        "egg-info": "names the egg-info, which is a dist-info now",
        "sphinx": "builds documentation: add -e docs to what is generated, or require what it needs",
        "setup.py": "calls setup.py, which pyproject builds need not have",
        "PYTHONPATH": "names a path by hand: is it still right?",
        "requirements.txt": "changes the files that requirements are generated from",
    }.items():
        if part in line:
            return why
    return "is of the macros before pyproject"
