# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""A series begins in rdoinfo, is released, and ends: only the lines change that must.

A new series is what the one before it is, by another name: its distros, repositories, tags and list of packages are
copied from there. What was wrong there is wrong again; that nothing else is wrong is seen with the linter.
"""

from __future__ import annotations

import dataclasses
import datetime
import difflib
import os
import re
import typing as t

from .._module.documents import write_atomically
from .._module.errors import InvalidInput, NotFound, Refused
from .._module.runner import Change, Plan
from .rdoinfo import ENTRY, Files, Folder, Rdoinfo
from .rdoinfo_lint import STATUSES, lint

STATES = ("begun", "released", "ended")
_NAME = re.compile(r"[a-z][a-z0-9]*")
_IDENTIFIER = re.compile(r"20\d\d\.[12]")
EMPTY = "packages:\n"


class Overlay:
    """The files of rdoinfo with some of another content."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self.description = files.description
        self.texts: dict[str, str] = {}
        self.before: dict[str, str | None] = {}

    def read(self, name: str) -> bytes:
        return self.texts[name].encode() if name in self.texts else self._files.read(name)

    def text(self, name: str) -> str:
        try:
            return self.read(name).decode()
        except UnicodeDecodeError as error:
            raise InvalidInput(f"{name} of {self.description} is not text in UTF-8: {error}", file=name) from error

    def has(self, name: str) -> bool:
        try:
            self.read(name)
        except NotFound:
            return False
        return True

    def put(self, name: str, text: str) -> None:
        if name not in self.before:
            self.before[name] = self.text(name) if self.has(name) else None
        self.texts[name] = text
        if text == self.before[name]:
            del self.texts[name]


@dataclasses.dataclass
class SeriesChange(Change):
    """One step in the life of a series.

    :param rdoinfo: its folder.
    :param state: ``begun``: it is there, and ``previous`` has a stable branch; ``released``: it has tags for that;
        ``ended``: it has ``status``.
    :param previous: what it is a copy of; None: the release in development.
    :param identifier: for example 2026.1.
    :param distros: which get tags for the release; none: all.
    """

    rdoinfo: str
    release: str
    state: str
    previous: str | None
    identifier: str | None
    distros: t.Sequence[str]
    status: str
    entry: str = ENTRY

    def plan(self) -> Plan:
        if not _NAME.fullmatch(self.release):
            raise InvalidInput(f"{self.release!r} cannot be the name of a release.", release=self.release)
        files = Folder(self.rdoinfo)
        self._files = Overlay(files)
        self._info = Rdoinfo.read(files, self.entry)
        self._actions: list[str] = []
        self._place = self._file_with_releases()
        if self.state == "begun":
            self._begin()
        elif self.state == "released":
            self._tag()
        else:
            self._end()
        self._see_that_nothing_is_wrong(files)
        changed = sorted(self._files.texts)
        before = {name: self._files.before[name] or "" for name in changed}
        patch = [line for name in changed for line in _diff(name, before[name], self._files.texts[name])]
        result = {"files": changed, "patch": "\n".join(patch)}
        return Plan(before, {name: self._files.texts[name] for name in changed}, self._actions, result)

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        # New files before those that import them; the list of releases last.
        for name in sorted(plan.after, key=lambda name: (name == self._place, self._files.before[name] is not None)):
            path = os.path.join(self.rdoinfo, name)
            mode = os.stat(path).st_mode & 0o777 if os.path.exists(path) else 0o644
            write_atomically(path, plan.after[name].encode(), mode)
        return {}

    # The steps

    def _begin(self) -> None:
        if self.identifier is None or not _IDENTIFIER.fullmatch(self.identifier):
            raise InvalidInput(f"{self.identifier!r} is not an identifier of a series such as 2026.1.")
        previous = self._previous()
        old = self._info.release(previous)
        held = self._info.releases.get(self.release)
        if previous == self.release or old.get("identifier") == self.identifier:
            raise InvalidInput(f"{self.release} ({self.identifier}) cannot be a copy of {previous}: name previous.")
        if held is None:
            self._add_release(previous, str(old.get("identifier") or ""))
        elif held.get("identifier") != self.identifier:
            raise InvalidInput(f"{self.release} is there as {held.get('identifier')}, and not as {self.identifier}.")
        for suffix in "", "-uc":
            if self._files.has(f"tags/{previous}{suffix}.yml"):
                self._copy_tags(previous + suffix, self.release + suffix)
        for tag in self._tags_of(previous):
            if not tag.endswith("-release"):
                self._add_tag_file(_renamed(tag, previous, self.release), None)

    def _add_release(self, previous: str, identifier: str) -> None:
        lines = self._lines(self._place)
        start, end = self._block(lines, previous)
        block = lines[start:end]
        new = [_renamed(line, previous, self.release) for line in block]
        new = [line for line in new if not re.fullmatch(rf"\s*- \S*-{self.release}-release", line)]
        new = _with(new, {"identifier": f'"{self.identifier}"', "status": "development"})
        new = _with(new, {"upstream_branch": '"master"', "branch": "rpm-master"})
        old = _with(block, {"status": "maintained", "branch": f"{previous}-rdo"})
        old = _with(old, {"upstream_branch": f'"stable/{identifier}"'})
        self._put(self._place, [*lines[:start], *new, *old, *lines[end:]])
        self._actions.append(f"begin {self.release} ({self.identifier}) as a copy of {previous}")
        self._actions.append(f"{previous} is maintained, on {previous}-rdo and stable/{identifier}")

    def _copy_tags(self, old: str, new: str) -> None:
        name = f"tags/{new}.yml"
        if not self._files.has(name):
            text = self._files.text(f"tags/{old}.yml")
            self._files.put(name, re.sub(rf"(?m)^(\s+){re.escape(old)}:", rf"\g<1>{new}:", text))
            self._actions.append(f"list the packages of {new}")
        self._import("tags.yml", name, f"tags/{old}.yml")

    def _add_tag_file(self, tag: str, after: str | None) -> None:
        name = f"buildsys-tags/{tag}.yml"
        if not self._files.has(name):
            self._files.put(name, EMPTY)
            self._actions.append(f"make {name}")
        self._import("buildsys-tags.yml", name, after and f"buildsys-tags/{after}.yml")

    def _tag(self) -> None:
        """Add the tag for the release behind that for testing."""
        release = self._info.release(self.release)
        known = {repo["name"]: repo for repo in release["repos"]}
        unknown = sorted(set(self.distros) - set(known))
        if unknown:
            raise NotFound(f"{self.release} has no distro {', '.join(unknown)}. It has: {', '.join(known)}.")
        for distro in self.distros or known:
            tags = list(known[distro].get("buildsys-tags") or [])
            testing = next((tag for tag in tags if tag.endswith("-testing")), None)
            if testing is None:
                raise NotFound(f"{self.release} {distro} has no tag for testing. It has: {', '.join(tags) or 'none'}.")
            tag = testing.removesuffix("-testing") + "-release"
            if tag not in tags:
                lines = self._lines(self._place)
                start, end = self._block(lines, self.release)
                place = next(n for n in range(start, end) if lines[n].strip() == f"- {testing}")
                self._put(self._place, [*lines[: place + 1], lines[place].replace(testing, tag), *lines[place + 1 :]])
                self._actions.append(f"{self.release} {distro} has the tag {tag}")
            self._add_tag_file(tag, testing)

    def _end(self) -> None:
        if self.status not in STATUSES:
            raise InvalidInput(f"{self.status!r} is not a status: {', '.join(STATUSES)}.")
        held = self._info.release(self.release).get("status")
        if held == self.status:
            return
        lines = self._lines(self._place)
        start, end = self._block(lines, self.release)
        self._put(self._place, [*lines[:start], *_with(lines[start:end], {"status": self.status}), *lines[end:]])
        self._actions.append(f"{self.release} was {held} and is {self.status}")

    # Where things are

    def _previous(self) -> str:
        """What it is, or was, a copy of: the series in development, or the one that is listed behind it."""
        if self.previous:
            return self.previous
        names = list(self._info.releases)
        if self.release in names[:-1]:
            return names[names.index(self.release) + 1]
        found = [name for name, release in self._info.releases.items() if release.get("status") == "development"]
        if len(found) != 1:
            there = ", ".join(found) or "none"
            raise InvalidInput(f"{self._info.description} has no one release in development ({there}): name previous.")
        return found[0]

    def _tags_of(self, release: str) -> list[str]:
        repos = self._info.release(release).get("repos") or []
        return [tag for repo in repos for tag in repo.get("buildsys-tags") or []]

    def _file_with_releases(self) -> str:
        """The file that lists the releases: the entry, or one that it imports."""
        names = [self.entry]
        for name in names:
            text = self._files.text(name)
            if re.search(r"(?m)^releases:", text):
                return name
            block = re.search(r"(?m)^import:\n((?:[ ]*- .*\n?)+)", text)
            names += re.findall(r"- (\S+)", block[1]) if block else []
        raise InvalidInput(f"No file of {self._info.description} lists releases.")

    def _lines(self, name: str) -> list[str]:
        return self._files.text(name).split("\n")

    def _put(self, name: str, lines: t.Sequence[str]) -> None:
        self._files.put(name, "\n".join(lines))

    def _block(self, lines: t.Sequence[str], release: str) -> tuple[int, int]:
        """Where the lines of a release begin, and those of the next thing."""
        found = [
            number for number, line in enumerate(lines) if re.fullmatch(rf"\s*- name: [\"']?{release}[\"']?\s*", line)
        ]
        if len(found) != 1:
            raise InvalidInput(
                f"{self._place} has {len(found)} lines '- name: {release}', so that it cannot be edited in place.",
                file=self._place,
            )
        start = found[0]
        indent = len(lines[start]) - len(lines[start].lstrip())
        for end in range(start + 1, len(lines)):
            line = lines[end]
            if line.strip() and len(line) - len(line.lstrip()) <= indent and not line.lstrip().startswith("#"):
                return start, end
        return start, len(lines)

    def _import(self, place: str, name: str, after: str | None) -> None:
        lines = self._lines(place)
        row = re.compile(r"(\s*- )(\S+)\s*")
        rows = {match[2]: (number, match[1]) for number, match in enumerate(map(row.fullmatch, lines)) if match}
        if name in rows:
            return
        if not rows:
            raise InvalidInput(f"{place} has no list of imports.", file=place)
        number, head = rows.get(after or "") or rows[list(rows)[-1]]
        self._put(place, [*lines[: number + 1], f"{head}{name}", *lines[number + 1 :]])

    # What came of it

    def _see_that_nothing_is_wrong(self, files: Files) -> None:
        """That the outcome reads as it should, and has no mistake that was not there, or copied."""
        if not self._files.texts:
            return
        held = Rdoinfo.read(self._files, self.entry).release(self.release)
        if self.state == "begun" and held.get("identifier") != self.identifier:
            raise InvalidInput(f"{self._place} is written in a way that cannot be edited in place.", file=self._place)
        today = datetime.date.today()
        names = [self.release, self.previous or ""]
        known = {_same(finding, names, self._old) for finding in lint(files, today, self.entry)}
        new = [one for one in lint(self._files, today, self.entry) if _same(one, names, self._old) not in known]
        if new:
            said = "; ".join(f"{one.file}, line {one.line}: {one.message}" for one in new[:5])
            raise Refused(f"Nothing was written, as the linter finds {len(new)} new mistakes: {said}")

    @property
    def _old(self) -> str:
        return self.previous or next(iter(self._info.releases))


def _same(finding: t.Any, names: t.Sequence[str], old: str) -> tuple[str, str, str]:
    """What a mistake is but for its line and the name of the series."""
    text = finding.message
    file = finding.file
    for name in filter(None, names):
        text, file = _renamed(text, name, old), _renamed(file, name, old)
    return finding.rule, file, re.sub(r"\bline \d+", "line", text)


def _renamed(text: str, old: str, new: str) -> str:
    """``text`` with the name of one series in the place of another's, also where it is capitalized."""
    for one, other in ((old, new), (old.capitalize(), new.capitalize())):
        text = re.sub(rf"(?<![A-Za-z0-9]){re.escape(one)}(?![A-Za-z0-9])", other, text)
    return text


def _with(lines: t.Sequence[str], values: t.Mapping[str, str]) -> list[str]:
    """The lines of a release with other values of its own keys."""
    left = dict(values)
    changed = []
    for line in lines:
        match = re.fullmatch(r"(\s+)(\w+):(\s+)(\S+)(.*)", line)
        if match and match[2] in left:
            line = f"{match[1]}{match[2]}:{match[3]}{left.pop(match[2])}{match[5]}"
        changed.append(line)
    if left and changed:
        indent = " " * (len(changed[0]) - len(changed[0].lstrip()) + 2)
        changed[1:1] = [f"{indent}{key}: {value}" for key, value in left.items()]
    return changed


def _diff(name: str, before: str, after: str) -> t.Iterator[str]:
    yield from difflib.unified_diff(before.splitlines(), after.splitlines(), f"a/{name}", f"b/{name}", n=0, lineterm="")
