# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The largest good subset of a batch, beside all subsets there are, on small repositories full of trouble."""

from __future__ import annotations

import dataclasses
import itertools
import random

import pytest
from small_repositories import folder, make, repository, seen_packages, sources

from ansible_collections.rdo.releng.plugins.module_utils._closure.choice import Chooser
from ansible_collections.rdo.releng.plugins.module_utils._closure.engine import Engine
from ansible_collections.rdo.releng.plugins.module_utils._closure.installability import uninstallable
from ansible_collections.rdo.releng.plugins.module_utils._closure.subset import Batch, largest_good_subset
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput

NAMES = "abcdefgh"


def trouble(random_, own):
    """A requirement that may or may not be met."""
    one, other = random_.sample([name for name in NAMES if name != own], 2)
    return random_.choice(
        [
            f"{one} >= 2", f"{one} < 2", f"{one} = 2", one, f"cap-{one}", f"cap-{one}", f"old-{one}", f"new-{one}",
            "nosuch", f"({one} and new-{other})", f"(new-{one} or old-{other})", f"(nosuch if {one} >= 2)",
            f"(new-{one} unless {other} >= 2)", f"({one} >= 2 if new-{other} else old-{other})",
        ]
    )  # fmt: skip


def a_package(random_, name, version, wildness):
    requires = [f"cap-{one}" for one in random_.sample(NAMES, random_.choice([0, 1, 2])) if one != name]
    if random_.random() < wildness:
        requires.append(trouble(random_, name))
    provides = [f"cap-{name}"] if random_.random() < 0.9 else []
    provides += [f"{'new' if version == '2' else 'old'}-{name}"] if random_.random() < 0.8 else []
    rival = random_.choice(NAMES)
    conflicts = (
        [f"{rival} {random_.choice(['< 2', '>= 2'])}"] if random_.random() < wildness / 3 and rival != name else []
    )
    arch = random_.choice(["noarch", "noarch", "x86_64", "i686"])
    return make(name, version, arch, requires=requires, provides=provides, conflicts=conflicts)


def a_batch(random_, place):
    """Repositories of a stable tag and of builds that are pending for it: (engine, NVRs of the builds, shuffled)."""
    owners = {name: f"src-{random_.choice(NAMES)}" for name in NAMES}
    trunk = [dataclasses.replace(a_package(random_, name, "1", 0.3), source=owners[name]) for name in NAMES]
    base = [a_package(random_, name, "1", 0) for name in random_.sample(NAMES, 2)]
    offer = []
    for name in NAMES:
        for version in ["2"] * (random_.random() < 0.85) + ["3"] * (random_.random() < 0.1):
            new = a_package(random_, name, version, 0.5)
            owner = owners[name] if random_.random() < 0.9 else f"src-{random_.choice(NAMES)}"
            offer.append(dataclasses.replace(new, source=owner))
    repositories = sources(("trunk", repository(place / "trunk", trunk), True), priority=random_.choice([1, 99]))
    repositories += sources(("base", repository(place / "base", base), False))
    engine = Engine(
        seen_packages(repositories, offers=sources(("pending", repository(place / "pending", offer), True)))
    )
    builds = sorted({f"{one.source}-{one.evr}" for one in offer})
    random_.shuffle(builds)
    return engine, builds


def breaks(batch, chosen, known):
    """Whether a set breaks something, asked without what is tested."""
    change = batch.change(chosen)
    if batch.engine.what_if(change).introduced:
        return True
    packages = batch.engine.packages
    seen = batch.engine.seen_after(change)
    found = uninstallable(packages, seen, batch.engine.checked_of(seen))
    packages.consider(None)
    return any(packages.identity(one.number) not in known for one in found)


def by_brute_force(batch):
    """Of all sets that break nothing the largest, of those the one with the earlier builds."""
    packages = batch.engine.packages
    before = packages.visible_ids
    known = {packages.identity(one.number) for one in uninstallable(packages, before, batch.engine.checked_of(before))}
    packages.consider(None)
    for size in range(len(batch.builds), -1, -1):
        for chosen in itertools.combinations(range(len(batch.builds)), size):
            if not breaks(batch, chosen, known):
                return chosen, known
    raise AssertionError("taking none breaks nothing")


@pytest.mark.parametrize("start", range(0, 200, 20))
def test_it_is_the_best_of_all_subsets(start):
    for seed in range(start, start + 20):
        random_ = random.Random(seed)
        with folder() as place:
            engine, builds = a_batch(random_, place)
            batch = Batch(engine, "pending", "trunk", builds)
            found = largest_good_subset(batch)
            best, known = by_brute_force(batch)
            assert found.exact, seed
            assert found.good == tuple(builds[one] for one in best), seed
            assert not found.effect.introduced
            assert found.held.keys() == set(builds) - set(found.good)
            for one, because in found.held.items():
                assert because and all(because), seed
                assert breaks(batch, {*best, builds.index(one)}, known), seed


def test_what_is_not_searched_to_the_end_says_so_and_is_good_all_the_same():
    for seed in range(20):
        with folder() as place:
            engine, builds = a_batch(random.Random(seed), place)
            batch = Batch(engine, "pending", "trunk", builds)
            if not largest_good_subset(batch).held:
                continue
            found = largest_good_subset(batch, rounds=1)
            assert not found.exact
            good = {builds.index(one) for one in found.good}
            _best, known = by_brute_force(batch)
            assert not breaks(batch, good, known)
            assert all(breaks(batch, good | {builds.index(one)}, known) for one in found.held)
            assert all(found.held.values())


def test_the_order_of_packages_changes_nothing():
    for seed in range(10):
        with folder() as place:
            engine, builds = a_batch(random.Random(seed), place)
            again, _builds = a_batch(random.Random(seed), place / "again")
            found = largest_good_subset(Batch(engine, "pending", "trunk", builds))
            other = largest_good_subset(Batch(again, "pending", "trunk", builds))
            assert (found.good, found.held) == (other.good, other.held)


def of_clauses(count, clauses):
    for size in range(count, -1, -1):
        for chosen in itertools.combinations(range(count), size):
            if all(any((thing in chosen) == wanted for thing, wanted in clause) for clause in clauses):
                return frozenset(chosen)
    raise AssertionError("taking none fulfils all")


def test_a_choice_is_the_best_of_all_choices():
    random_ = random.Random(1)
    for _number in range(600):
        count = random_.randint(1, 9)
        clauses = set()
        for _clause in range(random_.randint(0, 12)):
            things = random_.sample(range(count), min(count, random_.randint(1, 3)))
            clauses.add(frozenset((thing, place > 0 and random_.random() < 0.4) for place, thing in enumerate(things)))
        assert Chooser(count, 100000).choose(clauses) == (of_clauses(count, clauses), True)
        greedy, _exact = Chooser(count, 0).choose(clauses)
        assert all(any((thing in greedy) == wanted for thing, wanted in clause) for clause in clauses)


def test_a_choice_among_many_that_exclude_one_another_ends_and_says_that_it_is_not_the_best():
    random_ = random.Random(2)
    clauses = {frozenset((thing, False) for thing in random_.sample(range(100), 2)) for _number in range(500)}
    chosen, exact = Chooser(100, 50_000).choose(clauses)
    assert not exact
    assert len(chosen) > 10
    assert all(any(thing not in chosen for thing, _wanted in clause) for clause in clauses)


@pytest.fixture
def pending(tmp_path):
    """A stable repository, and builds with every kind of trouble."""
    trunk = [make("lib", provides=["old"]), make("app", requires=["old"]), make("far"), make("tool"), make("cli")]
    offer = [
        make("lib", "2", provides=["new"]),
        make("app", "2", requires=["new", "helper"]),
        make("helper", "2", requires=["nosuch-thing"]),
        make("far", "2", requires=["tool < 2"]),
        make("tool", "2"),
        make("cli", "2", requires=["alone"]),
        make("alone", "2", conflicts=["cli"]),
    ]
    ours = sources(("trunk", repository(tmp_path / "trunk", trunk), True))
    return Engine(seen_packages(ours, offers=sources(("pending", repository(tmp_path / "pending", offer), True))))


def test_why_a_build_is_held_leads_to_the_root(pending):
    order = [f"src-{name}-2-1" for name in ("lib", "app", "helper", "tool", "far", "alone", "cli")]
    found = largest_good_subset(Batch(pending, "pending", "trunk", order))
    assert found.exact
    assert found.good == ("src-tool-2-1", "src-alone-2-1")
    assert found.held == {
        "src-helper-2-1": ["helper-2-1.noarch requires nosuch-thing"],
        "src-app-2-1": [
            "needs src-helper-2-1 (app-2-1.noarch requires helper)",
            "helper-2-1.noarch requires nosuch-thing",
        ],
        "src-lib-2-1": [
            "needs src-app-2-1 (app-1-1.noarch requires old)",
            "needs src-helper-2-1 (app-2-1.noarch requires helper)",
            "helper-2-1.noarch requires nosuch-thing",
        ],
        "src-far-2-1": ["gives way to src-tool-2-1: far-2-1.noarch requires tool < 2"],
        "src-cli-2-1": found.held["src-cli-2-1"],
    }
    assert "cli-2-1.noarch cannot be installed: " in found.held["src-cli-2-1"][-1]


def test_with_closure_alone_more_goes_than_can_be_installed(pending):
    found = largest_good_subset(Batch(pending, "pending", "trunk"), installability=False)
    assert "src-cli-2-1" in found.good


@pytest.mark.parametrize(
    ("order", "odd"),
    [
        (["src-lib-2-1"], "src-alone-2-1"),
        ([*(f"src-{one}-2-1" for one in ("lib", "app", "helper", "tool", "far", "alone", "cli", "x"))], "src-x-2-1"),
        ([f"src-{one}-2-1" for one in ("lib", "app", "helper", "tool", "far", "alone", "cli", "cli")], "src-cli-2-1"),
    ],
)
def test_an_order_that_does_not_fit_the_builds_is_refused(pending, order, odd):
    with pytest.raises(InvalidInput, match=f"name each build of the repository pending once.*{odd}"):
        Batch(pending, "pending", "trunk", order)
