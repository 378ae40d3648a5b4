# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""All packages of several repositories in one libsolv pool, and which of them dnf would see."""

from __future__ import annotations

import dataclasses
import fnmatch
import functools
import re
import typing as t

from .._module.errors import InvalidInput
from .._module.libraries import load_library
from .cache import Cache
from .download import Transport
from .modular import ActiveModules
from .repomd import Repomd, read_repomd
from .rpmfiles import indexed, is_unindexed, rpm_files
from .solvfile import Index
from .sources import Source, distinct


@dataclasses.dataclass(frozen=True)
class Rules:
    """What is seen of repositories, beside what each source says.

    :param arch: of the machine that would install: its own and compatible architectures, and noarch, are seen.
    :param newest: of a name and architecture only the newest version in each repository is seen.
    :param modules: ``name:stream`` of enabled module streams.
    """

    arch: str = "x86_64"
    newest: bool = True
    modules: tuple[str, ...] = ()


@dataclasses.dataclass
class Repository:
    """One repository in the pool: its packages have the ids from ``first`` up to ``end``."""

    source: Source
    repomd: Repomd
    repo: t.Any
    index: Index
    first: int
    end: int


class Packages:
    """The packages of ``sources``, by libsolv's ids.

    :param visible: one byte for each id, 1 for what is seen.
    """

    def __init__(self, sources: t.Sequence[Source], rules: Rules, cache: Cache, transport: Transport) -> None:
        self.solv = load_library("solv")
        self.rules, self.cache, self.transport = rules, cache, transport
        self.pool = self.solv.Pool()
        self.pool.setdisttype(self.pool.DISTTYPE_RPM)
        self.pool.setarch(rules.arch)
        if not self.pool.isknownarch(self.pool.str2id(rules.arch)):
            raise InvalidInput(f"libsolv knows no architecture {rules.arch!r}.")
        self.repositories: list[Repository] = []
        for source in distinct(sources):
            self.repositories.append(self._load(source))
        self.pool.addfileprovides()
        self.visible = bytearray(self._end())
        self._see()

    def _end(self) -> int:
        return max((repository.end for repository in self.repositories), default=2)

    def _load(self, source: Source) -> Repository:
        if len(source.urls) == 1 and is_unindexed(source.urls[0]):
            files = rpm_files(source.urls[0])
            with indexed(files, f"Repository {source.id}") as folder:
                repomd = read_repomd(dataclasses.replace(source, urls=(folder,)), self.transport)
                index, repo = Cache(None).load(self.pool.add_repo(source.id), repomd, self.transport)
            repomd = dataclasses.replace(repomd, roots=source.urls, sha256=None)
        else:
            repomd = read_repomd(source, self.transport)
            index, repo = self.cache.load(self.pool.add_repo(source.id), repomd, self.transport)
        first = next((package.id for package in repo.solvables_iter()), self._end())
        return Repository(source, repomd, repo, index, first, first + repo.nsolvables)

    def package(self, number: int) -> t.Any:
        return self.pool.id2solvable(number)

    @functools.cached_property
    def visible_ids(self) -> list[int]:
        return [number for number, seen in enumerate(self.visible) if seen]

    def repository_of(self, number: int) -> Repository:
        return next(one for one in self.repositories if one.first <= number < one.end)

    def _see(self) -> None:
        """Fill ``visible``: architecture, patterns and modules first, then priority, then the newest."""
        simple = True
        for one in self.repositories:
            self.visible[one.first : one.end] = b"\1" * (one.end - one.first)
            for arch, places in one.index["arches"].items():
                if arch in ("src", "nosrc") or not self.pool.isknownarch(self.pool.str2id(arch)):
                    self._hide(one, places)
            simple = not self._hide_excluded(one) and simple
        simple = not self._hide_modular() and simple
        if len({one.source.priority for one in self.repositories}) > 1:
            self._hide_shadowed()
        if self.rules.newest:
            for one in self.repositories:
                self._hide(one, one.index["older"] if simple else self._older(one))

    def _hide(self, repository: Repository, places: t.Iterable[int]) -> None:
        for place in places:
            self.visible[repository.first + place] = 0

    def _hide_excluded(self, one: Repository) -> bool:
        """Apply excludepkgs and includepkgs; whether any package matters to them."""
        if not one.source.excludepkgs and not one.source.includepkgs:
            return False
        exclude, include = _pattern(one.source.excludepkgs), _pattern(one.source.includepkgs)
        for package in one.repo.solvables:
            names = _spellings(package)
            matches = exclude is not None and any(map(exclude.fullmatch, names))
            if matches or (include is not None and not any(map(include.fullmatch, names))):
                self.visible[package.id] = 0
        return True

    def _hide_modular(self) -> bool:
        """Apply module streams; whether there are any."""
        data = [one.index["modules"] for one in self.repositories if one.index["modules"]]
        if not data and not self.rules.modules:
            return False
        active = ActiveModules(data, self.rules.modules)
        for one in self.repositories:
            if one.source.module_hotfixes:
                continue
            for package in one.repo.solvables:
                nevra = _full_nevra(package)
                if nevra in active.shown:
                    continue
                if nevra in active.hidden or package.name in active.names:
                    self.visible[package.id] = 0
        self._hide_rivals(active)
        return True

    def _hide_rivals(self, active: ActiveModules) -> None:
        """Hide what provides the name of an active stream's package without being of one."""
        self.pool.createwhatprovides()
        for name in active.names:
            for package in self.pool.whatprovides(self.pool.str2id(name)):
                exempt = self.repository_of(package.id).source.module_hotfixes
                if not exempt and _full_nevra(package) not in active.shown:
                    self.visible[package.id] = 0

    def _hide_shadowed(self) -> None:
        """Hide packages whose name a repository with a lower number of priority has."""
        best: dict[int, int] = {}
        for one in self.repositories:
            for package in one.repo.solvables:
                if self.visible[package.id]:
                    name = package.nameid
                    best[name] = min(best.get(name, one.source.priority), one.source.priority)
        for one in self.repositories:
            for package in one.repo.solvables:
                if best.get(package.nameid, one.source.priority) < one.source.priority:
                    self.visible[package.id] = 0

    def _older(self, one: Repository) -> t.Iterator[int]:
        """Places of visible packages of which the repository has a newer visible version."""
        newest: dict[tuple[int, int], t.Any] = {}
        visible = [package for package in one.repo.solvables if self.visible[package.id]]
        for package in visible:
            key = (package.nameid, package.archid)
            if key not in newest or package.evrcmp(newest[key]) > 0:
                newest[key] = package
        for package in visible:
            if package.evrcmp(newest[package.nameid, package.archid]) < 0:
                yield package.id - one.first


def _spellings(package: t.Any) -> list[str]:
    """The ways that dnf lets a package be named in a pattern."""
    name, arch = package.name, package.arch
    evr = package.evr
    bare = evr.partition(":")[2] or evr
    full = evr if ":" in evr else f"0:{evr}"
    version = bare.rsplit("-", 1)[0]
    spellings = [name, f"{name}.{arch}", f"{name}-{version}"]
    for form in (bare, full):
        spellings += [f"{name}-{form}", f"{name}-{form}.{arch}"]
    return spellings


def _pattern(patterns: t.Sequence[str]) -> re.Pattern[str] | None:
    return re.compile("|".join(fnmatch.translate(pattern) for pattern in patterns)) if patterns else None


def _full_nevra(package: t.Any) -> str:
    """As modules write it: with the epoch, also 0."""
    evr = package.evr
    return f"{package.name}-{evr if ':' in evr else '0:' + evr}.{package.arch}"
