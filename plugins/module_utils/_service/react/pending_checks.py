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
import stat
import tempfile
import typing as t

from ..._closure.packages import Packages, Repository
from ..._koji.plan import Build
from ..._module.command import find_program, run_command
from ..._module.errors import InvalidInput
from ..._module.text import one_line
from ..._repodata.download import Transport
from ..._repodata.remote_headers import fetch_headers
from ..._repodata.solvfile import search_filelists
from ..._rpm.keys import PublicKey
from ..._rpm.signatures import judge_files
from ..._sandbox.confine import Bind, Limits, Sandbox, confined

_FILES = "[%{FILENAMES}\\t%{FILEMODES}\\t%{FILEDIGESTS}\\t%{FILELINKTOS}\\t%{FILEFLAGS}\\n]"
_GHOST = 1 << 6
# rpmlint 1 and 2: nothing, errors, too much badness.
_FOUND_BY_LINT = (0, 64, 66)
_LINT_ERROR = re.compile(r"[^\s:]+: E: ")
_LINT = Limits(seconds=900, memory=2**32, processes=64, file_size=2**32, scratch=2**33, output=2**24)
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
                wrong.setdefault(paths[verdict.path], []).append(f"{_name(verdict.path)}: {verdict.status}")
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
        done = confined(argv, Sandbox(binds=binds, limits=_LINT), expected=_FOUND_BY_LINT, apart=True, tail=1 << 20)
        lines = done.output.decode(errors="replace").splitlines()
        errors = sorted({one_line(line, 200) for line in lines if _LINT_ERROR.match(line)})
        if errors:
            more = [f"and {len(errors) - 10} more"] if len(errors) > 10 else []
            mend = "Mend what rpmlint says, or filter it in rpmlint_config."
            held.append(Held(nvr, "rpmlint", tuple(errors[:10] + more), mend))
    return held


def _name(header: str) -> str:
    """The package in a file that holds an RPM's header."""
    query = ["rpm", "-qp", "--nomanifest", "--nosignature", "--nodigest", "--qf", "%{NEVRA}", header]
    return run_command(query, tail=1000).output.strip().splitlines()[-1]


@dataclasses.dataclass(frozen=True)
class _File:
    kind: int
    digest: str
    target: str


def _files_of(header: str) -> dict[str, _File]:
    """What a package lays out, folders and what it only owns left out."""
    query = ["rpm", "-qp", "--nomanifest", "--nosignature", "--nodigest", "--qf", _FILES, header]
    found = {}
    for line in run_command(query, tail=256 << 20).output.splitlines():
        parts = line.split("\t")
        if len(parts) != 5 or not parts[1].isdigit() or not parts[4].isdigit():
            continue
        mode = int(parts[1]) & 0xFFFF
        if not stat.S_ISDIR(mode) and not int(parts[4]) & _GHOST:
            found[parts[0]] = _File(stat.S_IFMT(mode), parts[2], parts[3])
    return found


def file_conflicts(
    packages: Packages,
    transport: Transport,
    headers: t.Mapping[str, t.Sequence[str]],
    order: t.Sequence[str],
    staying: t.Collection[int],
) -> list[Held]:
    """The builds with a file that another package lays out with other content.

    Candidates are those that file lists name; each pair is judged by the digests in the headers. Of two new builds the
    earlier wins.

    :param headers: header files of each new build.
    :param order: the new builds, the earliest first.
    :param staying: the packages of the repositories that stay beside them, by libsolv's ids.
    """
    owners: dict[str, list[tuple[str, str, _File]]] = {}
    new_names = set()
    for nvr in order:
        for header in headers[nvr]:
            name = _name(header)
            new_names.add(name.rsplit("-", 2)[0])
            for path, file in _files_of(header).items():
                owners.setdefault(path, []).append((nvr, name, file))
    held: dict[str, list[str]] = {}
    for path, rows in sorted(owners.items()):
        for number, (nvr, name, file) in enumerate(rows):
            rival = next((row for row in rows[:number] if row[0] != nvr and row[2] != file), None)
            if rival:
                held.setdefault(nvr, []).append(f"{path} of {name} is not that of {rival[1]}")
    for path, other, file in _in_repositories(packages, transport, owners, staying, new_names):
        for nvr, name, own in owners[path]:
            if own != file:
                held.setdefault(nvr, []).append(f"{path} of {name} is not that of {other}")
    mend = "Let one package alone have the file, or let them conflict."
    return [Held(nvr, "file-conflicts", tuple(sorted(set(held[nvr]))[:10]), mend) for nvr in order if nvr in held]


def _in_repositories(
    packages: Packages,
    transport: Transport,
    paths: t.Collection[str],
    staying: t.Collection[int],
    new_names: t.Collection[str],
) -> t.Iterator[tuple[str, str, _File]]:
    """(path, package, file) of what stays and has one of ``paths``."""
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
        with tempfile.TemporaryDirectory(prefix="rdo.releng-") as folder:
            files = fetch_headers(_locations(packages, one, transport, numbers), folder, transport)
            for number, header in zip(numbers, files):
                laid_out = _files_of(header)
                for path in wanted[number]:
                    if path in laid_out:
                        yield path, str(packages.package(number)), laid_out[path]


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
