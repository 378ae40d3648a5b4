# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""All packages of several repositories in one libsolv pool, and which of them dnf would see."""

from __future__ import annotations

import contextlib
import dataclasses
import fnmatch
import functools
import gc
import re
import typing as t

from .._module.errors import InvalidInput
from .._module.libraries import load_library
from .._repodata.cache import Cache
from .._repodata.download import Transport
from .._repodata.metadata import is_in_primary
from .._repodata.modular import ActiveModules
from .._repodata.repomd import Repomd, read_repomd
from .._repodata.solvfile import Index
from .._repodata.sources import Source, distinct
from .._rpm.dependency import dependency_id
from .._rpm.rpmfiles import indexed, is_unindexed, rpm_files

T = t.TypeVar("T", bound=t.Callable[..., t.Any])


def uncollected(work: T) -> T:
    """``work`` without the garbage collector, which looks through many small objects again and again for nothing."""

    @functools.wraps(work)
    def wrapper(*arguments: t.Any, **options: t.Any) -> t.Any:
        was_enabled = gc.isenabled()
        gc.disable()
        try:
            return work(*arguments, **options)
        finally:
            if was_enabled:
                gc.enable()

    return t.cast("T", wrapper)


@dataclasses.dataclass(frozen=True)
class Rules:
    """What is seen of repositories, beside what each source says.

    :param arch: of the machine that would install: its own and compatible architectures, and noarch, are seen.
    :param newest: of a name and architecture only the newest version in each repository is seen.
    :param modules: ``name:stream`` of enabled module streams.
    :param shadow: a package hides those of its name in repositories with a higher number of priority.
    """

    arch: str = "x86_64"
    newest: bool = True
    modules: tuple[str, ...] = ()
    shadow: bool = True


@dataclasses.dataclass
class Repository:
    """One repository in the pool: its packages have the ids from ``first`` up to ``end``.

    :param offered: its packages are not there, and may be asked about.
    :param cache: where it came from.
    """

    source: Source
    repomd: Repomd
    repo: t.Any
    index: Index
    first: int
    end: int
    offered: bool
    cache: Cache

    def __post_init__(self) -> None:
        self._exclude, self._include = _pattern(self.source.excludepkgs), _pattern(self.source.includepkgs)

    def excludes(self, package: t.Any) -> bool:
        """Whether excludepkgs or includepkgs keep a package from being seen."""
        if self._exclude is None and self._include is None:
            return False
        names = _spellings(package)
        if self._exclude is not None and any(map(self._exclude.fullmatch, names)):
            return True
        return self._include is not None and not any(map(self._include.fullmatch, names))


class Packages:
    """The packages of ``sources``, by libsolv's ids.

    ``admitted`` and ``visible`` have one byte for each id: 1 for what may be seen for itself, and for what is seen.

    :param offers: repositories whose packages are not there, and may be asked about.
    """

    @uncollected
    def __init__(
        self,
        sources: t.Sequence[Source],
        rules: Rules,
        cache: Cache,
        transport: Transport,
        offers: t.Sequence[Source] = (),
    ) -> None:
        self.solv = load_library("solv")
        self.rules, self.cache, self.transport = rules, cache, transport
        self.pool = self.solv.Pool()
        self.pool.setdisttype(self.pool.DISTTYPE_RPM)
        self.pool.setarch(rules.arch)
        # As dnf has it: a package of another colour (32 and 64 bit) can stand beside one of its name.
        self.pool.set_flag(self.pool.POOL_FLAG_IMPLICITOBSOLETEUSESCOLORS, 1)
        if not self.pool.isknownarch(self.pool.str2id(rules.arch)):
            raise InvalidInput(f"libsolv knows no architecture {rules.arch!r}.")
        self.repositories: list[Repository] = []
        # What is slow to ask libsolv for, and asked again and again.
        self._dependencies: dict[str, int] = {}
        self._texts: dict[int, str] = {}
        self._identities: dict[int, tuple[int, int]] = {}
        self._sees_all = False
        with contextlib.ExitStack() as stack:
            for source in distinct(sources):
                self.repositories.append(self._load(source, False, stack))
            state = list(self.repositories)
            for source in offers:
                self.repositories.append(self._load(source, True, stack))
            self._add_files()
        self.admitted = bytearray(self._end())
        self._module_rivals: set[int] = set()
        self._admit(state)
        #: whether the newest versions are seen of every repository, whatever else there is
        self.is_plain = self._see(state)

    def _end(self) -> int:
        return max((repository.end for repository in self.repositories), default=2)

    def _load(self, source: Source, offered: bool, stack: contextlib.ExitStack) -> Repository:
        place, cache = source, self.cache
        if len(source.urls) == 1 and is_unindexed(source.urls[0]):
            folder = stack.enter_context(indexed(rpm_files(source.urls[0]), f"Repository {source.id}"))
            place, cache = dataclasses.replace(source, urls=(folder,)), Cache(None)
        repomd = read_repomd(place, self.transport)
        index, repo = cache.load(self.pool.add_repo(source.id), repomd, self.transport, self.rules.arch)
        first = next((package.id for package in repo.solvables_iter()), self._end())
        one = Repository(source, repomd, repo, index, first, first + repo.nsolvables, offered, cache)
        if place is not source:
            # What was made for the occasion is gone afterwards.
            stack.callback(setattr, one, "repomd", dataclasses.replace(repomd, roots=source.urls, sha256=None))
        return one

    def _add_files(self) -> None:
        """Let packages provide the files that somebody requires; filelists are read where primary cannot know all."""
        pool = self.pool
        paths = {pool.id2str(one): one for one in pool.addfileprovides_queue()}
        pool.createwhatprovides()
        paths = {path: one for path, one in paths.items() if not is_in_primary(path) or not pool.whatprovides(one)}
        if not paths:
            return
        for one in self.repositories:
            found = one.cache.find_files(one.repo, one.index, one.repomd, self.transport, self.rules.arch, paths)
            for path, places in found.items():
                for place in places:
                    pool.id2solvable(one.first + place).add_provides(paths[path])

    def package(self, number: int) -> t.Any:
        """libsolv's package of that id."""
        return self.pool.id2solvable(number)

    @functools.cached_property
    def visible_ids(self) -> list[int]:
        return [number for number, seen in enumerate(self.visible) if seen]

    def repository_of(self, number: int) -> Repository:
        return next(one for one in self.repositories if one.first <= number < one.end)

    @functools.cached_property
    def twins(self) -> list[list[set[int]]]:
        """Of each name that packages of several architectures have, noarch aside, those of each architecture."""
        names: dict[int, dict[int, set[int]]] = {}
        noarch = self.pool.str2id("noarch")
        for number in range(2, self._end()):
            name, arch = self.identity(number)
            if arch != noarch:
                names.setdefault(name, {}).setdefault(arch, set()).add(number)
        return [list(arches.values()) for arches in names.values() if len(arches) > 1]

    def consider(self, numbers: list[int] | None) -> None:
        """Let libsolv see these packages only; None: all."""
        if numbers is None and self._sees_all:
            return
        self._sees_all = numbers is None
        # Its bitmap never grows: an old, shorter one must be dropped before a list with later packages is set.
        self.pool.set_disabled_list([])
        if numbers is not None:
            self.pool.set_considered_list(numbers)
        self.pool.createwhatprovides()

    def dependency(self, text: str) -> int:
        """libsolv's id of a dependency written as rpm writes it."""
        if text not in self._dependencies:
            self._dependencies[text] = dependency_id(self.pool, text)
        return self._dependencies[text]

    def text(self, dependency: int) -> str:
        """A dependency as rpm writes it."""
        if dependency not in self._texts:
            text = self._texts[dependency] = self.pool.dep2str(dependency)
            self._dependencies.setdefault(text, dependency)
        return self._texts[dependency]

    def provides(self, number: int) -> list[str]:
        """What a package provides, as rpm writes it."""
        return [self.text(one.id) for one in self.package(number).lookup_deparray(self.solv.SOLVABLE_PROVIDES)]

    def identity(self, number: int) -> tuple[int, int]:
        """libsolv's ids of a package's name and architecture."""
        if number not in self._identities:
            package = self.pool.id2solvable(number)
            self._identities[number] = package.nameid, package.archid
        return self._identities[number]

    def structured(self, repository: Repository) -> dict[int, str]:
        """The requirements in ``repository`` that no list of providers can answer, by libsolv's id."""
        return {self.dependency(text): text for text in repository.index["structured"]}

    def source_nvr(self, number: int) -> str:
        """NVR of the source package that a package was built from; empty where the metadata does not say."""
        source = self.pool.id2solvable(number).lookup_sourcepkg() or ""
        return source[: -len(".src.rpm")] if source.endswith(".src.rpm") else source

    def why_hidden(self, number: int) -> str:
        """What keeps a package of the repositories that are there from being seen; empty when it is seen.

        libsolv must see all packages when it is asked.
        """
        one, package = self.repository_of(number), self.package(number)
        if self.visible[number] or one.offered:
            return ""
        if one.excludes(package):
            return f"{one.source.id} excludes it"
        if not self.admitted[number]:
            return "it belongs to no active module stream" if self.pool.isknownarch(package.archid) else ""
        rivals = [other for other in self.pool.whatprovides(package.nameid) if other.nameid == package.nameid]
        for rival in rivals:
            if self.visible[rival.id] and self.repository_of(rival.id).source.priority < one.source.priority:
                return f"the priority of {self.repository_of(rival.id).source.id} hides it"
        return f"{one.source.id} has a newer one"

    def admits(self, number: int, repository: Repository) -> bool:
        """Whether package ``number`` may be seen as one of ``repository``, its rivals aside."""
        package = self.pool.id2solvable(number)
        if package.arch in ("src", "nosrc") or not self.pool.isknownarch(package.archid):
            return False
        return not repository.excludes(package) and not self._is_out_of_module(package, repository)

    def seen_of(self, members: t.Sequence[tuple[int, Repository]]) -> set[int]:
        """Of admitted packages of one name, each with the repository it is in: those that are seen."""
        if self.rules.shadow and members:
            best = min(repository.source.priority for _number, repository in members)
            members = [one for one in members if one[1].source.priority == best]
        if not self.rules.newest or len(members) < 2:
            return {number for number, _repository in members}
        newest: dict[tuple[str, int], list[t.Any]] = {}
        for number, repository in members:
            package = self.pool.id2solvable(number)
            group = newest.setdefault((repository.source.id, self.identity(number)[1]), [])
            order = package.evrcmp(group[0]) if group else 0
            if order > 0:
                group.clear()
            if order >= 0:
                group.append(package)
        return {package.id for group in newest.values() for package in group}

    def by_name(self, repositories: t.Iterable[Repository]) -> dict[int, list[tuple[int, Repository]]]:
        """The admitted packages of ``repositories`` with the repository of each, by libsolv's id of their name."""
        members: dict[int, list[tuple[int, Repository]]] = {}
        for one in repositories:
            for package in one.repo.solvables_iter():
                number = package.id
                if self.admitted[number]:
                    identity = self._identities[number] = package.nameid, package.archid
                    members.setdefault(identity[0], []).append((number, one))
        return members

    def _admit(self, state: list[Repository]) -> None:
        """Fill ``admitted``: architecture, patterns, modules."""
        self.modules = ActiveModules(
            [one.index["modules"] for one in state if one.index["modules"]], self.rules.modules
        )
        if self.modules.names:
            self.pool.createwhatprovides()
        for name in self.modules.names:
            self._module_rivals.update(one.id for one in self.pool.whatprovides(self.pool.str2id(name)))
        for one in state:
            self.admitted[one.first : one.end] = b"\1" * (one.end - one.first)
            for place in one.index["foreign"]:
                self.admitted[one.first + place] = 0
            if self._is_filtered(one):
                for package in one.repo.solvables_iter():
                    if one.excludes(package) or self._is_out_of_module(package, one):
                        self.admitted[package.id] = 0

    def _see(self, state: list[Repository]) -> bool:
        """Fill ``visible``: what is admitted, less what priority and newer versions hide; whether only versions did."""
        self.visible = bytearray(self.admitted)
        shadowing = self.rules.shadow and len({one.source.priority for one in state}) > 1
        if shadowing or any(map(self._is_filtered, state)):
            for members in self.by_name(state).values():
                if len(members) > 1:
                    seen = self.seen_of(members)
                    for number, _repository in members:
                        self.visible[number] = number in seen
            return False
        if self.rules.newest:
            # Nothing but versions decides, and that was found out when the repository was read.
            for one in state:
                for place in one.index["older"]:
                    self.visible[one.first + place] = 0
        return True

    def _is_filtered(self, one: Repository) -> bool:
        patterns = one.source.excludepkgs or one.source.includepkgs
        return bool(patterns or self.modules.names or self.modules.hidden)

    def _is_out_of_module(self, package: t.Any, repository: Repository) -> bool:
        """Whether module streams hide a package."""
        modules = self.modules
        if repository.source.module_hotfixes or not (modules.names or modules.hidden):
            return False
        nevra = full_nevra(package)
        if nevra in modules.shown:
            return False
        return nevra in modules.hidden or package.name in modules.names or package.id in self._module_rivals


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


def full_nevra(package: t.Any) -> str:
    """As modules write it: with the epoch, also 0."""
    evr = package.evr
    return f"{package.name}-{evr if ':' in evr else '0:' + evr}.{package.arch}"
