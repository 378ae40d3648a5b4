# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Closure for many questions: what is unresolved, and what would be if packages came or went."""

from __future__ import annotations

import collections
import dataclasses
import functools
import typing as t

from .._module.errors import InvalidInput
from .._rpm.dependency import required
from .._rpm.rich import Judge, atoms, is_structured
from .closure import NOT_ASKED, Unresolved, unresolved
from .installability import Uninstallable
from .packages import Packages, Repository, full_nevra, uncollected


@dataclasses.dataclass(frozen=True)
class Change:
    """Packages, by libsolv's ids, that leave and that enter.

    :param add: packages of an offered repository.
    :param into: id of the repository that they enter; its priority and patterns are theirs from then on.
    """

    remove: frozenset[int] = frozenset()
    add: frozenset[int] = frozenset()
    into: str = ""


@dataclasses.dataclass
class Effect:
    """What a change would do.

    A requirement is the same before and after when it is of a package of the same name and architecture: a new version
    that still lacks what the old one lacked introduces nothing.

    :param broken: packages that would newly lack something, each with the requirement.
    :param fixed: what is unresolved now and would not be any more, or whose package would be gone.
    :param lost: packages that would be gone, with no other version of theirs seen.
    :param downgraded: (now, then) packages that would be seen in an older version.
    :param causes: says what :attr:`introduced` is, when somebody asks.
    :param everything: says what :attr:`unresolved` is, when somebody asks.
    """

    broken: list[tuple[int, str]]
    fixed: list[Unresolved]
    lost: list[int]
    downgraded: list[tuple[int, int]]
    causes: t.Callable[[], list[tuple[Unresolved, str]]] = dataclasses.field(repr=False)
    everything: t.Callable[[], list[Unresolved]] = dataclasses.field(repr=False)

    @functools.cached_property
    def introduced(self) -> list[tuple[Unresolved, str]]:
        """What would newly be unresolved, each with the source packages that bring it about, sorted."""
        return self.causes()

    @functools.cached_property
    def unresolved(self) -> list[Unresolved]:
        """Everything that would be unresolved, sorted."""
        return self.everything()


class Engine:
    """The packages of several repositories, and an index of who provides what to whom.

    Building it takes about as long as a check; after that :meth:`what_if` takes about a millisecond for fifty builds.
    It never changes: every question is asked of the same state. libsolv does not let two threads work at a time.

    ::

        packages = Packages(sources, Rules("x86_64"), Cache(folder), Transport(), offers=[candidate])
        engine = Engine(packages)
        engine.check()                                              # list of Unresolved
        change = Change(engine.find(["python-pbr-6.0-1.el9"]), engine.offered("candidate"), into="trunk")
        effect = engine.what_if(change)                             # Effect

    :param packages: to be used for nothing else as long as the engine is.
    """

    @uncollected
    def __init__(self, packages: Packages) -> None:
        self.packages = packages
        self._state = {one.source.id: one for one in packages.repositories if not one.offered}
        self._requires: dict[int, frozenset[int]] = {}
        self._texts: dict[int, list[str]] = {}
        self._providers: dict[int, tuple[int, ...]] = {}
        self._provided: dict[int, list[int]] = {}
        self._sources: dict[int, str] = {}
        self._by_source: dict[str, dict[str, list[int]]] = {}
        self._said: dict[tuple[int, str, str], Unresolved] = {}
        self._visible = bytearray(packages.visible)
        # The package that stands for the system: libsolv lets it provide rpmlib().
        self._visible[1] = 1
        packages.consider(None)
        self._read_requirements()
        self._read_providers()
        self._checked = bytearray(len(self._visible))
        for one in self._state.values():
            if one.source.checked:
                self._checked[one.first : one.end] = self._visible[one.first : one.end]
        self._unmet = frozenset(one for one in self._providers if not self._is_met(one, frozenset(), frozenset()))
        self._judge = self._new_judge(frozenset(), frozenset())
        self._failures = {number: failed for number in self._requires if (failed := self._failed_now(number))}

    # What is

    def check(self) -> list[Unresolved]:
        """All that is unresolved as things are, sorted: what :class:`.closure.Closure` says."""
        return sorted(self._say(number, text) for number, texts in self._failures.items() for text in texts)

    def find(self, names: t.Iterable[str]) -> frozenset[int]:
        """Packages that are there, seen or not, by their NEVRA or by the NVR of their source package.

        :raises InvalidInput: a name that fits none.
        """
        found: set[int] = set()
        for name in names:
            if name not in self._by_spelling:
                raise InvalidInput(f"The repositories hold no package and no source package {name!r}.", name=name)
            found |= self._by_spelling[name]
        return frozenset(found)

    def offered(self, identifier: str) -> frozenset[int]:
        """All packages of the offered repository ``identifier``.

        :raises InvalidInput: there is none.
        """
        for one in self.packages.repositories:
            if one.offered and one.source.id == identifier:
                return frozenset(range(one.first, one.end))
        raise InvalidInput(f"No repository {identifier!r} is offered.")

    def name(self, number: int) -> str:
        """NEVRA of a package."""
        return str(self.packages.pool.id2solvable(number))

    def dependents(self, number: int) -> list[str]:
        """NEVRAs of the seen packages of checked repositories that require something that package provides, sorted."""
        return sorted(map(self.name, self.dependents_of(number)))

    def dependents_of(self, number: int) -> list[int]:
        """The seen packages of checked repositories that require something that package provides."""
        users = {user for dependency in self._provided.get(number, ()) for user in self._users.get(dependency, ())}
        return sorted(user for user in users if self._checked[user] and user != number)

    def source(self, number: int) -> str:
        """NVR of the source package of a package; its own NEVRA where the metadata does not say."""
        if number not in self._sources:
            self._sources[number] = self.packages.source_nvr(number) or self.name(number)
        return self._sources[number]

    def is_seen(self, number: int) -> bool:
        return bool(self._visible[number])

    def requirements(self, number: int) -> tuple[frozenset[int], list[str]]:
        """What a package of a checked or an offered repository requires: libsolv's ids, and rich dependencies.

        Rich are those that no list of providers answers; :meth:`parts` leads on from there.
        """
        return self._requires.get(number, frozenset()), self._texts.get(number, [])

    def parts(self, requirement: str) -> frozenset[int]:
        """libsolv's ids of what a requirement consists of: itself, or all that a rich dependency speaks of."""
        if is_structured(requirement):
            return frozenset(self._atoms[atom] for atom in atoms(requirement))
        return frozenset([self.packages.dependency(requirement)])

    def providers(self, dependency: int) -> tuple[int, ...]:
        """All packages that provide what somebody requires: seen or not, there or offered."""
        return self._providers.get(dependency, ())

    def users(self, dependency: int) -> t.Sequence[int]:
        """Packages of checked and of offered repositories that require a dependency."""
        return self._users.get(dependency, ())

    def same_name(self, number: int) -> list[tuple[int, Repository]]:
        """The packages that are there, seen or not, of the name of package ``number``."""
        return self._members.get(self.packages.identity(number)[0], [])

    def is_rightly_missing(self, dependency: int) -> bool:
        """Whether nobody in a repository has to provide a dependency: ``rpmlib()``."""
        return not self.providers(dependency) and self.packages.text(dependency).startswith(NOT_ASKED)

    # What would be

    @uncollected
    def what_if(self, change: Change) -> Effect:
        """What ``change`` would do. It happens at once: what leaves and what enters never see each other.

        :raises InvalidInput: packages would enter a repository that there is not.
        """
        moves = self._moves(change)
        leaving, entering = moves.leaving, moves.entering
        touched = {one for number in leaving | entering.keys() for one in self._provided.get(number, ())}
        met = {one for one in touched & self._unmet if self._is_met(one, leaving, entering)}
        broken = {one for one in touched - self._unmet if not self._is_met(one, leaving, entering)}
        unmet = (self._unmet - met) | broken if met or broken else self._unmet
        judge = self._new_judge(leaving, entering)

        suspects = {number for one in broken | met for number in self._users.get(one, ()) if self._checked[number]}
        touched_texts = {text for one in touched for text in self._texts_of.get(one, ())}
        doubtful = self._unfree.union(text for text in touched_texts if not judge.is_free(text))
        suspects |= self._with_doubtful_texts(touched, touched_texts & doubtful)
        suspects -= leaving
        suspects.update(number for number, repository in entering.items() if repository.source.checked)
        dropped = self._failures.keys() & (leaving | suspects)
        new = [
            (number, text, entering[number].source.id if number in entering else "")
            for number in suspects
            for text in self._failed(number, unmet, doubtful, judge)
        ]

        def everything() -> list[Unresolved]:
            kept = self._failures.keys() - dropped
            same = [self._say(number, text) for number in kept for text in self._failures[number]]
            return sorted(same + [self._say(*one) for one in new])

        introduced = [one for one in new if self._key(one[0], one[1]) not in self._before]
        return Effect(
            broken=[(number, text) for number, text, _place in introduced],
            causes=lambda: sorted(
                (self._say(number, text, place), self._cause(number, text, moves)) for number, text, place in introduced
            ),
            fixed=self._fixed(dropped, new) if dropped else [],
            lost=moves.lost,
            downgraded=moves.downgraded,
            everything=everything,
        )

    def _fixed(self, dropped: t.AbstractSet[int], new: list[tuple[int, str, str]]) -> list[Unresolved]:
        """What ``dropped`` packages lack now, and no package of such a name and architecture would lack any more."""
        left = self._before.copy()
        left.subtract(self._key(number, text) for number in dropped for text in self._failures[number])
        left.update(self._key(number, text) for number, text, _place in new)
        return sorted(
            self._say(number, text)
            for number in dropped
            for text in self._failures[number]
            if not left[self._key(number, text)]
        )

    def cause_of(self, one: Uninstallable, change: Change) -> str:
        """The source packages whose coming or going leaves a package without a way to be installed."""
        moves = self._moves(change)
        self.packages.consider(None)
        providers = {
            package.id for dependency in one.dependencies for package in self.packages.pool.whatprovides(dependency)
        }
        moved = (one.packages & moves.entering.keys()) - {one.number} or (providers & moves.leaving)
        if not moved and one.number in moves.entering:
            return self._sources_of(self._brought(one.number, moves))
        # Where the reason speaks of none of them, it lies further down: any of them may be it.
        return self._sources_of(moved or moves.leaving | moves.entering.keys())

    def seen_after(self, change: Change) -> list[int]:
        """The packages that would be seen after ``change``, in ascending order."""
        moves = self._moves(change)
        return sorted({*self.packages.visible_ids, *moves.entering} - moves.leaving)

    def checked_of(self, numbers: t.Iterable[int]) -> list[int]:
        """Those of ``numbers`` whose repository is checked; offered packages enter one that is."""
        places = self._checked_places
        return [number for number in numbers if places[number]]

    def of_sources_like(self, numbers: t.Iterable[int], identifier: str) -> frozenset[int]:
        """Packages of the repository ``identifier`` whose source package has the name of one that ``numbers`` have."""
        found = self._of_sources(identifier)
        names = {self._source_name(number) for number in numbers}
        return frozenset[int]().union(*(found.get(name, ()) for name in names))

    def _of_sources(self, identifier: str) -> dict[str, list[int]]:
        """The packages of a repository by the name of their source package."""
        if identifier not in self._by_source:
            one, found = self._repository(identifier), self._by_source.setdefault(identifier, {})
            for number in range(one.first, one.end):
                found.setdefault(self._source_name(number), []).append(number)
        return self._by_source[identifier]

    def _repository(self, identifier: str) -> Repository:
        if identifier not in self._state:
            raise InvalidInput(f"There is no repository {identifier!r}; there are {', '.join(self._state)}.")
        return self._state[identifier]

    def _source_name(self, number: int) -> str:
        return self.source(number).rsplit("-", 2)[0]

    def _moves(self, change: Change) -> _Moves:
        """Who would cease to be seen, and who would come to be seen: of each name touched, the rules decide anew."""
        packages = self.packages
        into = self._repository(change.into) if change.add else None
        entered: dict[int, list[tuple[int, Repository]]] = {}
        for number in change.add:
            if into is not None and packages.admits(number, into):
                entered.setdefault(self.packages.identity(number)[0], []).append((number, into))
        identity, members, visible, remove = packages.identity, self._members, self._visible, change.remove
        moves = _Moves()
        for name in entered.keys() | {identity(number)[0] for number in remove}:
            old = members.get(name, [])
            new = [one for one in old if one[0] not in remove] + entered.get(name, [])
            before = {number for number, _repository in old if visible[number]}
            seen = packages.seen_of(new) if new else set()
            if before != seen:
                moves.leaving |= before - seen
                moves.entering.update((one, place) for one, place in new if one in seen and one not in before)
                self._compare_versions(before, seen, moves)
        return moves

    def _compare_versions(self, before: set[int], after: set[int], moves: _Moves) -> None:
        """Note what of one name is lost or downgraded, for each architecture."""
        if before <= after:
            return
        then = self._newest(after) if after else {}
        for arch, now in self._newest(before).items():
            if arch not in then:
                moves.lost.append(now)
            elif self._compare(now, then[arch]) > 0:
                moves.downgraded.append((now, then[arch]))

    def _newest(self, numbers: t.Iterable[int]) -> dict[int, int]:
        """The newest of some packages of one name for each architecture."""
        newest: dict[int, int] = {}
        identity = self.packages.identity
        for number in numbers:
            arch = identity(number)[1]
            if arch not in newest or self._compare(number, newest[arch]) > 0:
                newest[arch] = number
        return newest

    def _compare(self, number: int, other: int) -> int:
        """Whether the version of a package is higher (1) or lower (-1) than that of another, or neither (0)."""
        pool = self.packages.pool
        return int(pool.id2solvable(number).evrcmp(pool.id2solvable(other)))

    def _with_doubtful_texts(self, touched: set[int], texts: set[str]) -> set[int]:
        """Checked packages with a rich dependency of ``texts``, or any that ``touched`` can make impossible."""
        users = {number for text in texts for number in self._users_of_text[text]}
        users |= {number for number in self._delicate if not self._requires[number].isdisjoint(touched)}
        return {number for number in users if self._checked[number]}

    def _failed(self, number: int, unmet: t.AbstractSet[int], doubtful: t.AbstractSet[str], judge: Judge) -> list[str]:
        """What package ``number`` requires that is not met; rich dependencies that are not ``doubtful`` are."""
        requires = self._requires[number]
        failed = [self.packages.text(one) for one in requires & unmet]
        texts = [text for text in self._texts.get(number, ()) if text in doubtful]
        return failed + judge.unfulfilled(number, texts, requires) if texts else failed

    def _failed_now(self, number: int) -> list[str]:
        return self._failed(number, self._unmet, self._unfree, self._judge) if self._checked[number] else []

    def _is_met(self, dependency: int, leaving: t.AbstractSet[int], entering: t.Container[int]) -> bool:
        visible, providers = self._visible, self._providers[dependency]
        if any((visible[number] and number not in leaving) or number in entering for number in providers):
            return True
        return not providers and self.packages.text(dependency).startswith(NOT_ASKED)

    def _new_judge(self, leaving: t.AbstractSet[int], entering: t.Container[int]) -> Judge:
        visible = self._visible

        def providers(dependency: int) -> frozenset[int]:
            return frozenset(
                number
                for number in self._providers[dependency]
                if (visible[number] and number not in leaving) or number in entering
            )

        return Judge(lambda text: providers(self._atoms[text]), providers)

    # What is said

    def _say(self, number: int, text: str, place: str = "") -> Unresolved:
        if (number, text, place) not in self._said:
            self.packages.consider(None)
            said = unresolved(self.packages, number, text, self._everybody)
            self._said[number, text, place] = said._replace(repository=place) if place else said
        return self._said[number, text, place]

    def _everybody(self, text: str) -> tuple[int, ...]:
        """Who provides a dependency that somebody requires, seen or not."""
        return self._providers[self.packages.dependency(text)]

    def _key(self, number: int, text: str) -> tuple[int, int, str]:
        """Name and architecture of a package, and what it requires: the same for all its versions."""
        return (*self.packages.identity(number), text)

    def _cause(self, number: int, text: str, moves: _Moves) -> str:
        """The source packages whose coming or going leaves ``text`` of package ``number`` unresolved.

        An entering package is to blame for what it requires, unless only what leaves with it provided that; then both
        are, or only those that leave where what it replaces required the same.
        """
        if number in moves.entering:
            gone = {one for part in self.parts(text) for one in self._providers[part]} & moves.leaving
            asked = gone and {one for one in moves.leaving if self._key(one, text) == self._key(number, text)}
            if not any(self._asks(one, text) for one in asked):
                gone |= self._brought(number, moves)
            return self._sources_of(gone)
        if is_structured(text):
            # What the package requires besides can be what makes it impossible.
            wanted = {self._atoms[atom] for one in self._texts[number] for atom in atoms(one)} | self._requires[number]
            providers = {one for dependency in wanted for one in self._providers[dependency]}
            return self._sources_of(providers & (moves.leaving | moves.entering.keys()))
        if text not in moves.causes:
            providers = set(self._providers[self.packages.dependency(text)])
            moves.causes[text] = self._sources_of(providers & moves.leaving)
        return moves.causes[text]

    def _brought(self, number: int, moves: _Moves) -> set[int]:
        """Whose doing it is that a package enters: its own, or of those that hid it."""
        name = self.packages.identity(number)[0]
        hid = {one for one in moves.leaving if self.packages.identity(one)[0] == name}
        return {number} if self.packages.repository_of(number).offered or not hid else hid

    def _asks(self, number: int, text: str) -> bool:
        requires, texts = self.requirements(number)
        return text in texts or self.packages.dependency(text) in requires

    def _sources_of(self, numbers: t.Iterable[int]) -> str:
        """The source packages of some packages, in one line."""
        return ", ".join(sorted({self.source(number) for number in numbers}))

    # The index

    def _read_requirements(self) -> None:
        packages = self.packages
        for one in packages.repositories:
            if not one.source.checked and not one.offered:
                continue
            structured = packages.structured(one).keys()
            for package in one.repo.solvables_iter():
                self._requires[package.id] = frozenset(required(package)) - structured
            for text, places in one.index["structured"].items():
                for place in places:
                    self._texts.setdefault(one.first + place, []).append(text)

    def _read_providers(self) -> None:
        packages = self.packages
        self._atoms = {
            atom: packages.dependency(atom)
            for text in {text for texts in self._texts.values() for text in texts}
            for atom in atoms(text)
        }
        provides = packages.pool.whatprovides
        for dependency in set().union(self._atoms.values(), *self._requires.values()):
            numbers = tuple(package.id for package in provides(dependency))
            self._providers[dependency] = numbers
            for number in numbers:
                self._provided.setdefault(number, []).append(dependency)

    @functools.cached_property
    def _checked_places(self) -> bytearray:
        """1 for the packages of checked and of offered repositories, seen or not."""
        places = bytearray(len(self._visible))
        for one in self.packages.repositories:
            if one.source.checked or one.offered:
                places[one.first : one.end] = b"\1" * (one.end - one.first)
        return places

    @functools.cached_property
    def _users(self) -> dict[int, list[int]]:
        """Packages that require a dependency."""
        users: dict[int, list[int]] = {}
        for number, requires in self._requires.items():
            for dependency in requires:
                users.setdefault(dependency, []).append(number)
        return users

    @functools.cached_property
    def _users_of_text(self) -> dict[str, list[int]]:
        """Packages that have a rich dependency."""
        users: dict[str, list[int]] = {}
        for number, texts in self._texts.items():
            for text in texts:
                users.setdefault(text, []).append(number)
        return users

    @functools.cached_property
    def _texts_of(self) -> dict[int, list[str]]:
        """Rich dependencies that an atom is part of."""
        texts: dict[int, list[str]] = {}
        for text in self._users_of_text:
            for atom in atoms(text):
                texts.setdefault(self._atoms[atom], []).append(text)
        return texts

    @functools.cached_property
    def _unfree(self) -> frozenset[str]:
        """Rich dependencies that fail, or that need that something is absent."""
        return frozenset(text for text in self._users_of_text if not self._judge.is_free(text))

    @functools.cached_property
    def _delicate(self) -> list[int]:
        """Packages that have one of those."""
        return [number for number, texts in self._texts.items() if not self._unfree.isdisjoint(texts)]

    @functools.cached_property
    def _members(self) -> dict[int, list[tuple[int, Repository]]]:
        return self.packages.by_name(self._state.values())

    @functools.cached_property
    def _before(self) -> collections.Counter[tuple[int, int, str]]:
        """How many packages of a name and architecture have an unresolved requirement, as things are."""
        return collections.Counter(
            self._key(number, text) for number, texts in self._failures.items() for text in texts
        )

    @functools.cached_property
    def _by_spelling(self) -> dict[str, set[int]]:
        """Packages that are there by NEVRA, with and without an epoch of 0, and by NVR of their source package."""
        found: dict[str, set[int]] = {}
        for one in self._state.values():
            for package in one.repo.solvables_iter():
                for spelling in (str(package), full_nevra(package), self.packages.source_nvr(package.id)):
                    found.setdefault(spelling, set()).add(package.id)
        found.pop("", None)
        return found


@dataclasses.dataclass
class _Moves:
    """Who would cease to be seen, who would come to be seen and in which repository; what is lost or downgraded.

    :param causes: plain dependency → the source packages that leave it without a provider, once that was asked.
    """

    leaving: set[int] = dataclasses.field(default_factory=set)
    entering: dict[int, Repository] = dataclasses.field(default_factory=dict)
    lost: list[int] = dataclasses.field(default_factory=list)
    downgraded: list[tuple[int, int]] = dataclasses.field(default_factory=list)
    causes: dict[str, str] = dataclasses.field(default_factory=dict)
