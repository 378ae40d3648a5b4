# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What others changed in a distgit brought into ours: the clean part of a three-way merge, and what is left of it.

Where both changed the same lines, ours stay and their change is a rejected hunk: nothing of ours is overwritten.
Version, Release, the signing key and the changelog are not part of it, as they differ in every version: they belong to
whoever releases.
"""

from __future__ import annotations

import collections
import dataclasses
import os
import re
import secrets
import typing as t

from .._module.errors import CommandFailed, InvalidInput
from .._module.git import run_git
from .._module.work_folder import WorkFolder
from .macros import expand
from .spec_text import SpecText

_OWN = re.compile(r"%(?:global|define)\s+(?:milestone|sources_gpg_sign)\s|(?:Version|Release)\s*:")
# Lines that belong to whoever releases, where each of the three has one of them.
_ONCE = {
    name: re.compile(rf"^{pattern}.*$", re.MULTILINE)
    for name, pattern in {
        "version": "Version[ \\t]*:",
        "release": "Release[ \\t]*:",
        "key": "%global[ \\t]+sources_gpg_sign[ \\t]",
    }.items()
}
_BASE_OF_PATCHES = re.compile(r"#\s*patches_base\b")
_FILE = re.compile(r"(?:Source|Patch)\d*", re.IGNORECASE)
#: Names and checksums of archives in a lookaside cache.
SOURCES = "sources"


@dataclasses.dataclass
class Merged:
    """What a merge makes of our files.

    :param files: path → new content, or None for a file that goes; only those that change.
    :param rejected: (path, what they changed and we did not take), in order.
    :param fork: whether ours has changes of its own against what both come from.
    """

    files: dict[str, str | None]
    rejected: list[tuple[str, str]]
    fork: bool


Tree = t.Mapping[str, str]


def files_of(spec: SpecText) -> set[str]:
    """The names of the files beside a spec file that it names as sources or patches."""
    found = set()
    for tag in spec.tags:
        if not tag.section and _FILE.fullmatch(tag.name):
            value = expand(spec, tag.value) or tag.value
            if "%" not in value and "://" not in value and "/" not in value:
                found.add(value)
    return found


def merge(ours: Tree, base: Tree, theirs: Tree, spec: str) -> Merged:
    """The files ``theirs`` merged into ``ours``; both come from ``base``. The spec file is ``spec`` in all of them."""
    found = Merged({}, [], fork=_body(ours[spec]) != _body(base[spec]))
    for path in sorted({*ours, *base, *theirs}):
        mine, old, new = ours.get(path), base.get(path), theirs.get(path)
        if path == spec:
            text, hunks = _merge_spec(ours[spec], base[spec], theirs[spec])
            found.rejected += [(path, hunk) for hunk in hunks]
        elif mine == new or old == new or (mine is None and old is not None):
            # A file that we took away is none of ours any more.
            continue
        elif mine == old:
            text = t.cast("str", new)
        elif mine is None or new is None or old is None:
            found.rejected.append((path, f"{path} is another file here and there"))
            continue
        else:
            text, hunks = merge_text(mine, old, new)
            found.rejected += [(path, hunk) for hunk in hunks]
        if text != mine:
            found.files[path] = text
        found.fork |= path not in (spec, SOURCES) and mine != old
    return found


def merge_text(ours: str, base: str, theirs: str) -> tuple[str, list[str]]:
    """``theirs`` merged into ``ours`` by git; where both changed a line ours stays, and theirs is a rejected hunk."""
    mark = secrets.token_hex(8)
    labels = [f"{name}-{mark}" for name in ("ours", "base", "theirs")]
    with WorkFolder("merge") as folder:
        paths = [os.path.join(folder, label) for label in labels]
        for path, text in zip(paths, (ours, base, theirs)):
            with open(path, "w", encoding="utf-8", newline="") as file:
                file.write(text)
        names = [word for label in labels for word in ("-L", label)]
        words = ["merge-file", "-p", "--diff3", *names, *paths]
        size = sum(map(len, (ours, base, theirs)))
        try:
            # Its exit status is the number of conflicts, up to 127.
            output = run_git(*words, expected=range(128), timeout=60, tail=size + 4 * len(theirs) + 10_000).output
        except CommandFailed as error:
            raise InvalidInput(f"git cannot merge it: {error.message}", **error.data) from error
    return _resolved(output, labels)


def _resolved(output: str, labels: t.Sequence[str]) -> tuple[str, list[str]]:
    """The output of git merge-file with ours in each conflict, and what theirs would have been."""
    begin, middle, end = f"<<<<<<< {labels[0]}", f"||||||| {labels[1]}", f">>>>>>> {labels[2]}"
    kept: list[str] = []
    hunks: list[str] = []
    old: list[str] = []
    new: list[str] = []
    target = kept
    for line in output.splitlines(keepends=True):
        text = line.rstrip("\r\n")
        if text == begin:
            old, new = [], []
        elif text == middle:
            target = old
        elif target is old and text == "=======":
            target = new
        elif text == end and target is new:
            hunks.append("".join([*("-" + one for one in _ended(old)), *("+" + one for one in _ended(new))]))
            target = kept
        else:
            target.append(line)
    return "".join(kept), hunks


def _ended(lines: t.Iterable[str]) -> list[str]:
    return [line if line.endswith("\n") else line + "\n" for line in lines]


def distance(one: str, other: str) -> int:
    """How many lines two spec files differ by, wherever these stand, but for what differs in every version."""
    first, second = (collections.Counter(_body(text).split("\n")) for text in (one, other))
    return sum(((first - second) + (second - first)).values())


def _body(text: str) -> str:
    """A spec file without what differs in every version, and without lines that say nothing."""
    body, _changelog = _parted(text)
    lines = (line for line in body.split("\n") if not _OWN.match(line) and not _BASE_OF_PATCHES.match(line))
    return "\n".join(line for line in lines if line.strip() not in ("", "#"))


def _parted(text: str) -> tuple[str, str]:
    """A spec file up to its changelog, and from there on."""
    body, mark, changelog = text.partition("\n%changelog")
    return f"{body}\n", mark[1:] + changelog


def _merge_spec(ours: str, base: str, theirs: str) -> tuple[str, list[str]]:
    """Three spec files merged with our own version and changelog."""
    mine, changelog = _parted(ours)
    bodies = [mine, _parted(base)[0], _parted(theirs)[0]]
    kept = {}
    for name, pattern in _ONCE.items():
        found = [pattern.findall(body) for body in bodies]
        if all(len(lines) == 1 for lines in found):
            kept[f"@{name}@"] = found[0][0]
            bodies = [pattern.sub(f"@{name}@", body) for body in bodies]
    text, hunks = merge_text(*bodies)
    for mark, line in kept.items():
        text = text.replace(mark, line, 1)
    return text + changelog if changelog else text[:-1], hunks
