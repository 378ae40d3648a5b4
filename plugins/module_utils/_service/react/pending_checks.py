# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What is asked of each build on its own before a batch goes on, from the headers of its RPMs alone."""

from __future__ import annotations

import dataclasses
import html
import os
import re
import secrets
import stat
import typing as t

from ..._closure.packages import Packages, Repository
from ..._koji.plan import Build
from ..._module.command import find_program
from ..._module.errors import CommandFailed, InvalidInput, RelengError, TimedOut
from ..._module.text import one_line, shown
from ..._module.work_folder import WorkFolder
from ..._repodata.download import Transport
from ..._repodata.remote_headers import fetch_headers
from ..._repodata.solvfile import search_filelists
from ..._rpm.keys import PublicKey
from ..._rpm.nevra import Nevra
from ..._rpm.signatures import judge_files
from ..._sandbox import packages as rpm
from ..._sandbox.confine import Bind, Limits, Sandbox, confined

# Names and what links lead to are the packager's: how many files there are tells whether a line is one of them.
_FILES = (
    "%{NEVRA}\\n%|FILENAMES?{%{FILENAMES:arraysize}}:{0}|\\n"
    "[%{FILENAMES}\\t%{FILEMODES}\\t%{FILEDIGESTS}\\t%{FILELINKTOS}\\t%{FILEFLAGS}\\n]"
)
_GHOST = 1 << 6
# Headers that rpm reads in one sandbox, as making one takes longer than reading.
_AT_ONCE = 50
# rpmlint 1 and 2: nothing, errors, too much badness.
_FOUND_BY_LINT = (0, 64, 66)
_LINT_ERROR = re.compile(r"[^\s:]+: E: ")
_LINT = Limits(seconds=900, memory=2**32, processes=64, file_size=2**32, scratch=2**33, output=2**24)
_READABLE = "Build it so that rpm and rpmlint can read it."
_LOCATION = re.compile(rb'<location [^>]*?href="([^"]*)"')


@dataclasses.dataclass(frozen=True)
class Held:
    """A build that is held by a check, why, and what would mend it."""

    build: str
    check: str
    because: tuple[str, ...]
    mend: str


def older_builds(batch: t.Sequence[Build], stable: t.Sequence[Build]) -> list[Held]:
    """The builds that are older than what the stable tag holds of their package."""
    newest = {build.name: build for build in sorted(stable, key=lambda one: one.evr)}
    held = []
    for build in batch:
        there = newest.get(build.name)
        if there and build.nvr != there.nvr and build.evr < there.evr:
            reason = f"{build.nvr} is older than {there.nvr}, which is there"
            held.append(Held(build.nvr, "upgrade-path", (reason,), f"Build a version after {there.nvr}."))
    return held


def unsigned_builds(headers: t.Mapping[str, t.Sequence[str]], key: str) -> list[Held]:
    """The builds with an RPM that the key in the file ``key`` has not signed."""
    held = []
    with PublicKey.of_file(key) as public:
        paths = {path: nvr for nvr, files in headers.items() for path in files}
        wrong: dict[str, list[str]] = {}
        for verdict in judge_files(list(paths), public, header_only=True):
            if verdict.status != "signed":
                wrong.setdefault(paths[verdict.path], []).append(f"{_called(verdict.path)}: {verdict.status}")
    for nvr, reasons in wrong.items():
        held.append(Held(nvr, "signatures", tuple(sorted(reasons)), f"Sign it with the key of {key}."))
    return held


def lint_errors(rpms: t.Mapping[str, t.Sequence[str]], config: str | None) -> list[Held]:
    """The builds in whose RPMs rpmlint finds errors; it unpacks them, so it runs in the sandbox.

    :param rpms: whole RPM files of each build, those of one build in a folder of their own.
    :param config: file of more configuration for rpmlint; None: as it is installed.
    """
    find_program("rpmlint")
    held = []
    for nvr, files in rpms.items():
        places = [os.path.realpath(path) for path in files]
        seen = {os.path.dirname(path) for path in places} | ({os.path.realpath(config)} if config else set())
        binds = tuple(Bind(place, place) for place in sorted(seen))
        argv = ["rpmlint", *(["--config", os.path.realpath(config)] if config else []), "--", *places]
        try:
            done = confined(argv, Sandbox(binds=binds, limits=_LINT), expected=_FOUND_BY_LINT, apart=True, tail=1 << 20)
        except (CommandFailed, TimedOut) as error:
            # What rpmlint cannot read is this build's matter: the others of the batch are not held up.
            held.append(Held(nvr, "rpmlint", (f"rpmlint cannot be asked about it: {error.message}",), _READABLE))
            continue
        lines = done.output.decode(errors="replace").splitlines()
        errors = sorted({one_line(line, 200) for line in lines if _LINT_ERROR.match(line)})
        if errors:
            more = [f"and {len(errors) - 10} more"] if len(errors) > 10 else []
            mend = "Mend what rpmlint says, or filter it in rpmlint_config."
            held.append(Held(nvr, "rpmlint", tuple(errors[:10] + more), mend))
    return held


def _called(header: str) -> str:
    """What to call the package in a file that holds an RPM's header, whatever it calls itself."""
    try:
        return _read(header)[0]
    except Doubtful:
        return "an RPM that nobody can read"


class Doubtful(RelengError):
    """A package says things of itself that no package says."""


@dataclasses.dataclass(frozen=True)
class _File:
    kind: int
    digest: str
    target: str
    flags: int = dataclasses.field(default=0, compare=False)


def _read(header: str) -> tuple[str, dict[str, _File]]:
    """The package in a file that holds an RPM's header, and what it lays out, folders and what it only owns left out.

    :raises Doubtful: rpm cannot read it, or a name or a link is not one line, so that nobody can say what it lays out.
    """
    try:
        answer = rpm.query(_FILES, [header])
    except (InvalidInput, CommandFailed, TimedOut) as error:
        raise Doubtful(f"an RPM of it cannot be read: {one_line(str(error), 300)}") from error
    return _understood(answer)


def _read_all(headers: t.Sequence[str]) -> list[tuple[str, dict[str, _File]] | Doubtful]:
    """What :func:`_read` says of each header, or why it says nothing; rpm is asked for many of them at once."""
    found: list[tuple[str, dict[str, _File]] | Doubtful] = []
    for start in range(0, len(headers), _AT_ONCE):
        some = headers[start : start + _AT_ONCE]
        mark = secrets.token_hex(16)  # no package knows it, so none can end its own part
        try:
            answers = rpm.query(f"{mark}\\n{_FILES}", some).split(f"{mark}\n")[1:]
        except (InvalidInput, CommandFailed, TimedOut):
            answers = []
        if len(answers) == len(some):
            found += [_or_doubt(_understood, answer) for answer in answers]
        else:
            # One of them cannot be read, or says too much.
            found += [_or_doubt(_read, header) for header in some]
    return found


def _or_doubt(
    read: t.Callable[[str], tuple[str, dict[str, _File]]], what: str
) -> tuple[str, dict[str, _File]] | Doubtful:
    try:
        return read(what)
    except Doubtful as error:
        return error


def _understood(answer: str) -> tuple[str, dict[str, _File]]:
    """What rpm answered to :data:`_FILES` for one package."""
    try:
        name, count, *lines = answer.rstrip("\n").split("\n")
        nevra = str(Nevra.parse(name))
    except (InvalidInput, ValueError) as error:
        raise Doubtful(f"an RPM of it cannot be read: {one_line(str(error), 300)}") from error
    if not count.isdecimal() or int(count) != len(lines):
        raise Doubtful(f"{nevra} has {one_line(count, 20)} files, and names and links of {len(lines)} lines")
    found = {}
    for line in lines:
        parts = line.split("\t")
        if len(parts) != 5 or not parts[1].isdecimal() or not parts[4].isdecimal() or parts[0] in found:
            raise Doubtful(f"the file {shown(parts[0])} of {nevra} has a strange name or link, or is there twice")
        mode = int(parts[1]) & 0xFFFF
        found[parts[0]] = _File(stat.S_IFMT(mode), parts[2], parts[3], int(parts[4]))
    laid_out = {path: one for path, one in found.items() if not stat.S_ISDIR(one.kind) and not one.flags & _GHOST}
    return nevra, laid_out


def file_conflicts(
    packages: Packages,
    transport: Transport,
    headers: t.Mapping[str, t.Sequence[str]],
    order: t.Sequence[str],
    staying: t.Collection[int],
) -> list[Held]:
    """The builds with a file that another package lays out with other content.

    Candidates are those that file lists name; each pair is judged by the digests in the headers. Of two new builds the
    earlier wins. A package of which nobody can say what it lays out is held: nothing is known of its conflicts.

    :param headers: header files of each new build.
    :param order: the new builds, the earliest first.
    :param staying: the packages of the repositories that stay beside them, by libsolv's ids.
    """
    owners: dict[str, list[tuple[str, str, _File]]] = {}
    new_names = set()
    held: dict[str, list[str]] = {}
    whose = [(nvr, header) for nvr in order for header in headers[nvr]]
    for (nvr, _header), found in zip(whose, _read_all([header for _nvr, header in whose])):
        if isinstance(found, Doubtful):
            held.setdefault(nvr, []).append(found.message)
            continue
        name, files = found
        new_names.add(name.rsplit("-", 2)[0])
        for path, file in files.items():
            owners.setdefault(path, []).append((nvr, name, file))
    for path, rows in sorted(owners.items()):
        for number, (nvr, name, file) in enumerate(rows):
            rival = next((row for row in rows[:number] if row[0] != nvr and row[2] != file), None)
            if rival:
                held.setdefault(nvr, []).append(f"{path} of {name} is not that of {rival[1]}")
    for path, other, theirs in _in_repositories(packages, transport, owners, staying, new_names):
        for nvr, name, own in owners[path]:
            if own != theirs:
                held.setdefault(nvr, []).append(f"{path} of {name} is not that of {other}")
    mend = "Let one package alone have the file, or let them conflict; give files and links names of one line."
    return [Held(nvr, "file-conflicts", tuple(sorted(set(held[nvr]))[:10]), mend) for nvr in order if nvr in held]


def _in_repositories(
    packages: Packages,
    transport: Transport,
    paths: t.Collection[str],
    staying: t.Collection[int],
    new_names: t.Collection[str],
) -> t.Iterator[tuple[str, str, _File | None]]:
    """(path, package, file) of what stays and has one of ``paths``; None for the file where it cannot be said."""
    stays = set(staying)
    for one in packages.repositories:
        if one.offered or "filelists" not in one.repomd.files or not one.repo.nsolvables or not paths:
            continue
        found = search_filelists(one.repo, one.repomd, transport, set(paths), None)
        wanted: dict[int, list[str]] = {}
        for path, places in found.items():
            for place in places:
                number = one.first + place
                if number in stays and packages.package(number).name not in new_names:
                    wanted.setdefault(number, []).append(path)
        if not wanted:
            continue
        numbers = sorted(wanted)
        with WorkFolder("pending-checks") as folder:
            files = fetch_headers(_locations(packages, one, transport, numbers), folder, transport)
            for number, said in zip(numbers, _read_all(files)):
                for path in wanted[number]:
                    if isinstance(said, Doubtful):
                        yield path, str(packages.package(number)), None
                    elif path in said[1]:
                        yield path, str(packages.package(number)), said[1][path]


def _locations(packages: Packages, one: Repository, transport: Transport, numbers: t.Sequence[int]) -> list[str]:
    """Where the RPM files of packages lie. The pool does not know: what nobody asks for is left out of it."""
    with one.repomd.open(transport, "primary", None) as file:
        text = file.read()
    found = []
    for number in numbers:
        checksum = packages.package(number).lookup_checksum(packages.solv.SOLVABLE_CHECKSUM).hex().encode()
        at = text.find(b">" + checksum + b"<")
        match = _LOCATION.search(text, at) if at >= 0 else None
        if match is None:
            raise InvalidInput(f"Repository {one.source.id}: primary has no location of {packages.package(number)}.")
        found.append(os.path.join(one.repomd.roots[0], html.unescape(match[1].decode())))
    return found
