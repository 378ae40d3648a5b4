# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""A spec file at another upstream version: only the lines change that must.

What is written is what RDO's distgits have had since Newton: C(%global milestone .0rc1) is the first line and goes at
general availability, C(0.1%{?milestone}) counts the candidates, C(1) comes after them, C(patches_base) names the tag as
long as it differs from Version.
"""

from __future__ import annotations

import dataclasses
import datetime
import re
import typing as t

from .._module.errors import InvalidInput, Refused
from .macros import expand
from .spec_text import Definition, SpecText, Tag

# Since semantic versions came to OpenStack its candidates are 27.0.0.0rc1; others write 2.0.0rc1.
_UPSTREAM = (
    re.compile(r"(?P<version>\d+(?:\.\d+){2,})(?P<milestone>\.0(?:a|b|rc)\d+)", re.ASCII),
    re.compile(r"(?P<version>\d+(?:\.\d+)*(?:\.post\d+)?)(?P<milestone>(?:a|b|rc)\d+)?", re.ASCII),
)
_DIST = "%{?dist}"
_AUTORELEASE = re.compile(r"%\{?\??autorelease\b")
_RELEASE = re.compile(
    r"(?P<number>\d+(?:\.\d+)*)(?=[.%]|$)(?P<milestone>\.?(?:%\{\??milestone\}|[^%.\s][^%.]*))?(?P<rest>.*)"
)
_KEY = re.compile(r"(?:0x)?(?P<digits>[0-9A-Fa-f]{16,64})")
_ENTRY = re.compile(r"\* (?P<date>\w{3} \w{3} [ \d]\d \d{4}) (?P<author>.*?)(?P<dash> -)? (?P<evr>\S+)\s*")
_BASE = re.compile(r"(?P<head>#\s*patches_base\s*=\s*)(?P<base>\S*).*")


@dataclasses.dataclass(frozen=True)
class UpstreamVersion:
    """A version as upstream writes it, in the two parts that a spec file has.

    27.0.0.0rc1 is the version 27.0.0 with the milestone .0rc1; 2.0.0rc1 is 2.0.0 with rc1.
    """

    version: str
    milestone: str

    @classmethod
    def parse(cls, text: str) -> UpstreamVersion:
        """:raises InvalidInput: neither a final version nor an alpha, beta or release candidate."""
        match = next(filter(None, (pattern.fullmatch(text) for pattern in _UPSTREAM)), None)
        if not match:
            raise InvalidInput(
                f"{text!r} is not a version such as 1.2.3 or 27.0.0.0rc1 that a spec file can be brought to.",
                version=text,
            )
        return cls(match["version"], match["milestone"] or "")

    def __str__(self) -> str:
        return self.version + self.milestone


@dataclasses.dataclass(frozen=True)
class Author:
    """Who a changelog entry is by, and of which day."""

    name: str
    email: str
    date: datetime.date


@dataclasses.dataclass
class NewVersion:
    """A spec file brought to a version.

    :param text: the whole file; the same as before where nothing had to change.
    :param evr: epoch, version and release without the distro, as the changelog has them; None where only rpm knows.
    :param actions: a sentence for each change.
    :param left_alone: a sentence for each thing that was not touched on purpose, and needs to be known.
    """

    text: str
    evr: str | None
    actions: list[str]
    left_alone: list[str]


def current_version(spec: SpecText) -> UpstreamVersion | None:
    """What the spec file is at, or None where it has never been at one: Version is XXX, or a macro."""
    versions = spec.preamble("Version")
    if len(versions) != 1 or not re.fullmatch(r"[\d.]+\w*", versions[0].value):
        return None
    return UpstreamVersion(versions[0].value, _milestone(spec))


def bring_to_version(
    spec: SpecText, version: UpstreamVersion, author: Author, key: str | None = None, changes: t.Sequence[str] = ()
) -> NewVersion:
    """The spec file at ``version``. Nothing is read or written besides; applied twice, the second time changes nothing.

    :param key: fingerprint of the key that the version's sources are signed by; None: the spec's own stays.
    :param changes: lines of the changelog after "Update to".
    :raises Refused: it cannot be done safely: several Version lines, one that is a macro or stands in a condition, a
        Release that is not a number.
    """
    return _Edit(spec, version, author).run(key, changes)


class _Edit:
    """One change of a spec file, found in one look at it and made at once."""

    def __init__(self, spec: SpecText, version: UpstreamVersion, author: Author) -> None:
        self._spec, self._version, self._author = spec, version, author
        self._changes: dict[int, list[str]] = {}
        self._actions: list[str] = []
        self._left: list[str] = []

    def run(self, key: str | None, changes: t.Sequence[str]) -> NewVersion:
        version, release = self._only("Version"), self._only("Release")
        if "%" in version.value:
            raise self._refusal(f"Version is the macro {version.value}", version)
        if key is not None:
            self._set_key(key)
        was = current_version(self._spec)
        new_release = release.value
        if was != self._version:
            new_release = self._release(release, was)
            self._set_milestone()
            self._replace(version, self._version.version)
            self._replace(release, new_release)
            self._set_patches_base()
        evr = self._evr(new_release)
        if was != self._version:
            self._add_entry(evr, changes)
            self._look_around()
        lines = (line for number in range(len(self._spec.lines)) for line in self._at(number))
        return NewVersion("\n".join(lines), evr, self._actions, self._left)

    # Lines

    def _at(self, line: int) -> list[str]:
        return self._changes.get(line, [self._spec.lines[line]])

    def _only(self, name: str) -> Tag:
        tags = [tag for tag in self._spec.tags if tag.name.lower() == name.lower()]
        main = [tag for tag in tags if not tag.section]
        if not main:
            raise Refused(f"{self._spec.name} has no {name}: is it a spec file?", file=self._spec.name)
        if len(tags) > 1:
            lines = ", ".join(str(tag.line + 1) for tag in tags)
            raise Refused(
                f"{self._spec.name} has several lines with {name} ({lines}), and only a person knows which of them is "
                "upstream's. Edit it by hand.",
                file=self._spec.name,
                lines=[tag.line + 1 for tag in tags],
            )
        if main[0].conditions:
            raise self._refusal(f"{name} stands in the condition of line {main[0].conditions[-1] + 1}", main[0])
        return main[0]

    def _refusal(self, what: str, tag: Tag) -> Refused:
        return Refused(
            f"{self._spec.name}, line {tag.line + 1}: {what}, so that it cannot be changed safely. Edit it by hand.",
            file=self._spec.name,
            line=tag.line + 1,
        )

    def _replace(self, tag: Tag, value: str) -> None:
        if tag.value != value:
            self._changes[tag.line] = [tag.head + value + self._line_end(tag.line)]
            self._actions.append(f"{tag.name}: {tag.value} becomes {value}")

    def _set_body(self, definition: Definition, body: str) -> None:
        head = re.match(r"\s*%\w+[ \t]+\w+[ \t]*", self._spec.lines[definition.line])
        if head is None:
            raise AssertionError("the line was read as a definition")
        start = head[0] if head[0][-1].isspace() else head[0] + " "
        self._changes[definition.line] = [start + body + self._line_end(definition.line)]

    def _line_end(self, line: int) -> str:
        return "\r" if self._spec.lines[line].endswith("\r") else ""

    # What changes

    def _release(self, tag: Tag, was: UpstreamVersion | None) -> str:
        if _AUTORELEASE.match(tag.value):
            if self._version.milestone:
                raise self._refusal(f"Release is {tag.value}, which knows no {self._version.milestone}", tag)
            self._left.append(f"Release is {tag.value}, which counts by itself.")
            return tag.value
        match = _RELEASE.fullmatch(tag.value)
        if not match and not tag.value.startswith("XXX"):
            raise self._refusal(f"Release is {tag.value}, and no number", tag)
        if match and was and was.version == self._version.version and was.milestone and self._version.milestone:
            *most, last = match["number"].split(".")
            number = ".".join([*most, str(int(last) + 1)])
        else:
            number = "0.1" if self._version.milestone else "1"
        # A minor bump after the distro was for the version before.
        rest = re.sub(r"(%\{\??dist\})(\.\d+)+$", r"\1", match["rest"]) if match else ""
        return number + ("%{?milestone}" if self._version.milestone else "") + (rest or _DIST)

    def _set_milestone(self) -> None:
        held = self._spec.defined("milestone")
        wanted = self._version.milestone
        if len(held) > 1:
            lines = " and ".join(str(one.line + 1) for one in held)
            raise Refused(f"{self._spec.name} defines milestone twice, in lines {lines}. Edit it by hand.")
        if not held and wanted:
            self._changes[0] = [f"%global milestone {wanted}", *self._at(0)]
            self._actions.append(f"define milestone as {wanted}")
        elif held and not wanted:
            self._changes[held[0].line] = []
            self._actions.append(f"remove milestone {held[0].body}")
        elif held and held[0].body != wanted:
            self._set_body(held[0], wanted)
            self._actions.append(f"milestone {held[0].body} becomes {wanted}")

    def _set_key(self, key: str) -> None:
        match = _KEY.fullmatch(key)
        if not match:
            raise InvalidInput(f"{key!r} is not a fingerprint of a key.", key=key)
        held = self._spec.defined("sources_gpg_sign")
        if not held:
            self._left.append("It has no sources_gpg_sign, so that its sources are not verified where it is built.")
        for one in held:
            wanted = ("0x" if one.body.startswith("0x") or not one.body else "") + match["digits"]
            if one.body != wanted:
                self._set_body(one, wanted)
                self._actions.append(f"sources_gpg_sign becomes {wanted}")

    def _set_patches_base(self) -> None:
        """Name the tag that patches stand on, while Version alone does not; as rdopkg does, and reads."""
        lines = self._spec.lines
        ignores = any(re.match(r"#\s*patches_ignore\s*=\s*\S", line) for line in lines if line[:1] == "#")
        # What says which patches to leave out is read together with the base, which then is always there.
        wanted = str(self._version) if self._version.milestone or ignores else ""
        found = ((number, _BASE.fullmatch(line)) for number, line in enumerate(lines) if line[:1] == "#")
        place, match = next(((number, match) for number, match in found if match), (0, None))
        if match is None:
            if wanted:
                self._add_patches_base(wanted)
            return
        if "%" in match["base"]:
            return
        excluded = match["base"].partition("+")[2]
        if excluded.isdigit() and int(excluded):
            wanted += f"+{excluded}"
        if wanted == match["base"]:
            return
        if wanted:
            self._changes[place] = [match["head"] + wanted]
            self._actions.append(f"patches_base becomes {wanted}")
            return
        end = place + 1
        while lines[end : end + 1] == ["#"]:
            end += 1
        self._changes.update({number: [] for number in range(place, end)})
        self._actions.append("remove patches_base")

    def _add_patches_base(self, base: str) -> None:
        block = ["#", f"# patches_base={base}", "#"]
        tags, lines = self._spec.tags, self._spec.lines
        patch = next((tag for tag in tags if re.fullmatch(r"Patch\d+", tag.name)), None)
        source = next((tag for tag in tags if re.fullmatch(r"Source\d*", tag.name)), None)
        if patch:
            self._changes[patch.line] = [*block, *self._at(patch.line)]
        elif source:
            after = source.line + (lines[source.line + 1 : source.line + 2] == [""])
            self._changes[after] = [*self._at(after), *block, ""]
        else:
            return
        self._actions.append(f"add patches_base {base}")

    def _add_entry(self, evr: str | None, changes: t.Sequence[str]) -> None:
        start = self._spec.section("changelog")
        if start is None:
            self._left.append("It has no changelog.")
            return
        log = self._spec.lines[start + 1 :]
        if any("autochangelog" in line or line.startswith("%include") for line in self._spec.lines[start:]):
            self._left.append("Its changelog is made when it is built.")
            return
        if _AUTORELEASE.match(self._only("Release").value):
            self._left.append("No changelog entry was written, as only the build knows its release.")
            return
        if evr is None:
            raise Refused(
                f"{self._spec.name}: only rpm knows what its Release expands to, so that no changelog entry can be "
                "written. Edit it by hand.",
                file=self._spec.name,
            )
        name = f"{self._author.name} <{self._author.email}>"
        entries = [match for match in map(_ENTRY.fullmatch, log) if match]
        dash = " -" if _has_dash(entries, name) else ""
        new = [f"* {_day(self._author.date)} {name}{dash} {evr}", f"- Update to {self._version}"]
        new += [f"- {text}" for text in changes]
        if _are_apart(log) or not log:
            new.append("")
        self._changes[start] = [*self._at(start), *new]
        self._actions.append(f"add a changelog entry for {evr}")

    def _evr(self, release: str) -> str | None:
        """Epoch, version and release as the changelog has them; None where only rpm knows."""
        epoch = [tag.value for tag in self._spec.preamble("Epoch") if not tag.conditions]
        other = {"milestone": self._version.milestone or None, "version": self._version.version}
        parts = [expand(self._spec, text, other) for text in (*epoch[:1], re.sub(r"%\{?\??dist\}?", "", release))]
        if any(part is None or "%" in part for part in parts):
            return None
        return (f"{parts[0]}:" if epoch else "") + f"{self._version.version}-{parts[-1]}"

    def _look_around(self) -> None:
        """Say what a person should know of and no rule covers."""
        lines = self._spec.lines
        if any(line.startswith(("%forgemeta", "%{?forgemeta", "%{forgemeta", "%gometa")) for line in lines):
            self._left.append("Macros of a forge say where its sources are; their tag or commit was not touched.")
        commit = self._spec.defined("commit")
        if commit:
            self._left.append(f"Line {commit[0].line + 1} names a commit, which was not touched.")
        if self._version.milestone and not _uses_milestone(lines):
            self._left.append("Neither upstream_version nor Source0 knows the milestone: is the tarball's name right?")


def _milestone(spec: SpecText) -> str:
    held = spec.defined("milestone")
    # What a fault of rdopkg once left behind.
    return held[0].body if held and held[0].body != "%{?milestone}" else ""


def _has_dash(entries: t.Sequence[re.Match[str]], author: str) -> bool:
    """Whether an EVR comes after a dash: as in the author's own last entry, or else in most of them."""
    own = [entry for entry in entries if entry["author"] == author]
    if own:
        return own[0]["dash"] is not None
    return sum(entry["dash"] is not None for entry in entries) * 2 > len(entries)


def _are_apart(lines: t.Sequence[str]) -> bool:
    """Whether an empty line stands between entries; it does where there is nothing to go by."""
    heads = [number for number, line in enumerate(lines) if _ENTRY.fullmatch(line) and number]
    return not heads or any(not lines[number - 1].strip() for number in heads)


def _uses_milestone(lines: t.Iterable[str]) -> bool:
    return any("milestone" in line and re.search(r"upstream_version|^Source0?\s*:", line) for line in lines)


def _day(date: datetime.date) -> str:
    """The date as changelogs have it, whatever the host's language is."""
    days = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{days[date.weekday()]} {months[date.month - 1]} {date.day:02} {date.year}"
