# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Names of packages: name, epoch, version, release, architecture; and which of two is newer, as rpm has it."""

from __future__ import annotations

import functools
import re
import typing as t

from .._module.errors import InvalidInput

# What rpm allows in a tag that becomes part of a file's name (build/parsePreamble.c, rpmCharCheck).
_NAME = r"[A-Za-z0-9_][A-Za-z0-9._+~^%{}-]*"
_PART = r"[A-Za-z0-9._+~^%{}]+"
_NEVRA = re.compile(
    rf"(?P<name>{_NAME})-(?:(?P<epoch>[0-9]{{1,10}}):)?(?P<version>{_PART})-(?P<release>{_PART})\.(?P<arch>\w+)"
)
_NVR = re.compile(rf"(?P<name>{_NAME})-(?:(?P<epoch>[0-9]{{1,10}}):)?(?P<version>{_PART})-(?P<release>{_PART})")
_EVR = re.compile(rf"(?:(?P<epoch>[0-9]{{1,10}}):)?(?P<version>{_PART})(?:-(?P<release>{_PART}))?")
_SEGMENT = re.compile(r"~|\^|[0-9]+|[A-Za-z]+")


def compare_versions(first: str, second: str) -> int:
    """Which version, or release, is newer: -1 the second, 0 neither, 1 the first.

    As rpmvercmp: runs of digits by number, runs of letters by ASCII, digits newer than letters, other characters only
    separate. ``~`` is older than anything, even the end; ``^`` is newer than the end and older than anything else.
    """
    if first == second:
        return 0
    ours, theirs = _SEGMENT.findall(first), _SEGMENT.findall(second)
    for one, other in zip(ours, theirs):
        if one == other:
            continue
        for sign in "~", "^":
            if one == sign:
                return -1
            if other == sign:
                return 1
        if one[0].isdigit() != other[0].isdigit():
            return 1 if one[0].isdigit() else -1
        if one[0].isdigit():
            one, other = one.lstrip("0"), other.lstrip("0")
            if len(one) != len(other):
                return 1 if len(one) > len(other) else -1
        if one != other:
            return 1 if one > other else -1
    if len(ours) == len(theirs):
        return 0
    # One is longer: that makes it newer, unless it goes on with a tilde.
    if len(ours) > len(theirs):
        return -1 if ours[len(theirs)] == "~" else 1
    return 1 if theirs[len(ours)] == "~" else -1


@functools.total_ordering
class Evr:
    """Epoch, version and release, ordered as rpm orders them. An absent epoch is 0."""

    __slots__ = ("epoch", "release", "version")

    def __init__(self, epoch: int, version: str, release: str) -> None:
        self.epoch, self.version, self.release = epoch, version, release

    @classmethod
    def parse(cls, text: str) -> Evr:
        """``[epoch:]version[-release]``.

        :raises InvalidInput: it is nothing of the kind.
        """
        match = _EVR.fullmatch(text)
        if match is None:
            raise InvalidInput(f"{text!r} is no [epoch:]version[-release].")
        return cls(int(match["epoch"] or 0), match["version"], match["release"] or "")

    def compare(self, other: Evr) -> int:
        """-1, 0 or 1: older, equal, newer."""
        if self.epoch != other.epoch:
            return 1 if self.epoch > other.epoch else -1
        return compare_versions(self.version, other.version) or compare_versions(self.release, other.release)

    def __str__(self) -> str:
        """The epoch is left out when it is 0, as in the names of builds and files."""
        epoch = f"{self.epoch}:" if self.epoch else ""
        return f"{epoch}{self.version}-{self.release}" if self.release else f"{epoch}{self.version}"

    def __repr__(self) -> str:
        return f"Evr({str(self)!r})"

    # 1.0 and 1.00 are equally new and not the same: equality here is of order, so hashing is left out.
    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Evr) and self.compare(other) == 0

    def __lt__(self, other: Evr) -> bool:
        return self.compare(other) < 0


class Nevra(t.NamedTuple):
    """The full name of a package. ``arch`` is ``src`` for a source package, and empty for a build (an NVR)."""

    name: str
    epoch: int
    version: str
    release: str
    arch: str = ""

    @classmethod
    def parse(cls, text: str) -> Nevra:
        """``name-[epoch:]version-release.arch``, with or without a folder before and ``.rpm`` behind.

        :raises InvalidInput: it is nothing of the kind.
        """
        base = text.rsplit("/", 1)[-1]
        match = _NEVRA.fullmatch(base[:-4] if base.endswith(".rpm") else base)
        if match is None:
            raise InvalidInput(f"{text!r} is not a name-[epoch:]version-release.arch of a package.")
        return cls(match["name"], int(match["epoch"] or 0), match["version"], match["release"], match["arch"])

    @classmethod
    def parse_nvr(cls, text: str) -> Nevra:
        """``name-[epoch:]version-release`` of a build.

        :raises InvalidInput: it is nothing of the kind.
        """
        match = _NVR.fullmatch(text)
        if match is None:
            raise InvalidInput(f"{text!r} is not a name-version-release of a build.")
        return cls(match["name"], int(match["epoch"] or 0), match["version"], match["release"])

    @property
    def evr(self) -> Evr:
        return Evr(self.epoch, self.version, self.release)

    @property
    def nvr(self) -> str:
        """``name-version-release``: how Koji and DLRN call a build."""
        return f"{self.name}-{self.version}-{self.release}"

    @property
    def filename(self) -> str:
        """``name-version-release.arch.rpm``; file names carry no epoch."""
        return f"{self.nvr}.{self.arch}.rpm"

    def __str__(self) -> str:
        """``name-[epoch:]version-release.arch``, without the epoch when it is 0."""
        return f"{self.name}-{self.evr}.{self.arch}" if self.arch else f"{self.name}-{self.evr}"
