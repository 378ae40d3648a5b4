# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the engine says, mostly by property: it may say nothing that a check of the changed repository does not."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from small_repositories import check, folder, make, packages, repository, result, seen_packages, sources

from ansible_collections.rdo.releng.plugins.module_utils._closure.closure import Closure
from ansible_collections.rdo.releng.plugins.module_utils._closure.engine import Change, Engine
from ansible_collections.rdo.releng.plugins.module_utils._closure.installability import uninstallable
from ansible_collections.rdo.releng.plugins.module_utils._closure.packages import Rules
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput

bounded = settings(
    max_examples=20, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate]
)
options = st.fixed_dictionaries(
    {"priority": st.sampled_from([1, 99]), "excludepkgs": st.sampled_from([(), ("a",), ("b-2*", "*.i686")])}
)
rules = st.builds(Rules, st.just("x86_64"), st.booleans(), st.just(()), st.booleans())


@given(packages, packages, packages, st.data(), options, rules)
@bounded
def test_what_if_says_what_a_check_of_the_changed_repository_says(trunk, base, offer, data, trunk_options, rule):
    with folder() as place:
        ours = sources(("trunk", repository(place / "trunk", trunk), True), **trunk_options)
        theirs = sources(("base", repository(place / "base", base), False))
        offered = sources(("offer", repository(place / "offer", offer), True))
        engine = Engine(seen_packages(ours + theirs, rule, offered))
        before = result(engine.check())
        assert before == check(ours + theirs, rule)

        first, second = engine.packages.repositories[0].first, engine.packages.repositories[2].first
        for _question in range(3):
            removed = data.draw(st.sets(st.sampled_from(range(len(trunk)))))
            added = data.draw(st.sets(st.sampled_from(range(len(offer)))))
            kept = [one for number, one in enumerate(trunk) if number not in removed]
            changed = kept + [offer[number] for number in sorted(added)]
            after = [dataclasses.replace(ours[0], urls=(repository(place / "after", changed),))]
            expected = check(after + theirs, rule)
            change = Change(
                frozenset(first + number for number in removed), frozenset(second + number for number in added), "trunk"
            )
            effect = engine.what_if(change)
            assert result(effect.unresolved) == expected

            introduced = {known(one) for one in result(one for one, _cause in effect.introduced)}
            assert introduced == {known(one) for one in expected} - {known(one) for one in before}
            fixed = {known(one) for one in result(effect.fixed)}
            assert fixed == {known(one) for one in before} - {known(one) for one in expected}
        assert result(engine.check()) == before


def known(one):
    """What is the same before and after: name and architecture, and the requirement."""
    _repository, nevra, requirement = one
    return nevra.rsplit("-", 2)[0], nevra.rsplit(".", 1)[1], requirement


@given(packages, packages, st.randoms(use_true_random=False))
@bounded
def test_the_order_of_packages_changes_nothing(trunk, base, random):
    with folder() as place:
        before = check(sources(("trunk", repository(place / "one", trunk + base), True)))
        shuffled = trunk + base
        random.shuffle(shuffled)
        assert check(sources(("trunk", repository(place / "two", shuffled), True))) == before


@given(packages, packages)
@bounded
def test_what_shadows_nothing_breaks_nothing(trunk, more):
    """A package of a new name can only provide, unless something must be absent (if, unless)."""
    plain = [one for one in trunk if not any(" if " in text or " unless " in text for text in one.requires)]
    new = [dataclasses.replace(one, name=f"new-{one.name}") for one in more]
    with folder() as place:
        before = check(sources(("trunk", repository(place / "one", plain), True)))
        after = check(sources(("trunk", repository(place / "two", plain + new), True)))
        assert {one for one in after if not one[1].startswith("new-")} <= before


@pytest.fixture
def engine(tmp_path):
    trunk = [
        make("lib", "2", provides=["cap = 2"]),
        make("lib", "1", provides=["cap = 1", "old-cap"]),
        make("tool", requires=["cap >= 2", "lib"]),
        make("other", requires=["old-cap"]),
        make("plain", requires=["/usr/share/deep/file"]),
    ]
    offer = [make("lib", "3", provides=["cap = 3"], requires=["nosuch"]), make("deep", files=["/usr/share/deep/file"])]
    ours = sources(("trunk", repository(tmp_path / "trunk", trunk), True))
    return Engine(seen_packages(ours, offers=sources(("offer", repository(tmp_path / "offer", offer), True))))


def names(found):
    return [(one.package, one.requirement) for one in found]


def test_now(engine):
    expected = [("other-1-1.noarch", "old-cap"), ("plain-1-1.noarch", "/usr/share/deep/file")]
    assert names(engine.check()) == names(Closure(engine.packages).check()) == expected


def test_an_older_version_comes_to_be_seen(engine):
    effect = engine.what_if(Change(engine.find(["lib-2-1.noarch"])))
    assert [(one.package, one.requirement, cause) for one, cause in effect.introduced] == [
        ("tool-1-1.noarch", "cap >= 2", "src-lib-2-1")
    ]
    assert names(effect.fixed) == [("other-1-1.noarch", "old-cap")]
    assert [tuple(map(engine.name, pair)) for pair in effect.downgraded] == [("lib-2-1.noarch", "lib-1-1.noarch")]
    assert effect.lost == []


def test_an_older_version_that_comes_to_be_seen_is_not_its_own_cause(tmp_path):
    trunk = [make("lib", "2"), make("lib", "1", requires=["nosuch"]), make("tool")]
    engine = Engine(seen_packages(sources(("trunk", repository(tmp_path / "trunk", trunk), True))))
    effect = engine.what_if(Change(engine.find(["lib-2-1.noarch"])))
    assert [(one.package, cause) for one, cause in effect.introduced] == [("lib-1-1.noarch", "src-lib-2-1")]


def test_a_whole_source_package_goes(engine):
    gone = engine.find(["src-lib-1-1", "src-lib-2-1"])
    effect = engine.what_if(Change(gone))
    assert [(one.package, one.requirement) for one, _cause in effect.introduced] == [
        ("tool-1-1.noarch", "cap >= 2"),
        ("tool-1-1.noarch", "lib"),
    ]
    assert list(map(engine.name, effect.lost)) == ["lib-2-1.noarch"]
    assert engine.dependents(effect.lost[0]) == ["tool-1-1.noarch"]


def test_builds_come_with_new_needs_and_new_files(engine):
    effect = engine.what_if(Change(add=engine.offered("offer"), into="trunk"))
    assert [(one.repository, one.package, one.requirement, cause) for one, cause in effect.introduced] == [
        ("trunk", "lib-3-1.noarch", "nosuch", "src-lib-3-1")
    ]
    assert names(effect.fixed) == [("plain-1-1.noarch", "/usr/share/deep/file")]


def test_who_comes_is_to_blame_only_for_what_it_newly_asks(tmp_path):
    trunk = [make("lib", provides=["cap"]), make("tool", requires=["cap"]), make("other", requires=["lib"])]
    offer = [make("lib", "2"), make("tool", "2", requires=["cap"]), make("other", "2", requires=["lib", "cap"])]
    ours = sources(("trunk", repository(tmp_path / "trunk", trunk), True))
    offered = sources(("offer", repository(tmp_path / "offer", offer), True))
    engine = Engine(seen_packages(ours, offers=offered))
    effect = engine.what_if(
        Change(
            engine.find([f"{name}-1-1.noarch" for name in ("lib", "tool", "other")]), engine.offered("offer"), "trunk"
        )
    )
    assert [(one.package, cause) for one, cause in effect.introduced] == [
        ("other-2-1.noarch", "src-lib-1-1, src-other-2-1"),
        ("tool-2-1.noarch", "src-lib-1-1"),
    ]


@pytest.mark.parametrize(
    ("offer", "cause"),
    [
        # What enters conflicts with what enters; with what is there; and asks for what leaves further down.
        ([make("app", "2", requires=["lib"]), make("lib", "2", conflicts=["app"])], "src-lib-2-1"),
        ([make("app", "2", requires=["lib"], conflicts=["lib"])], "src-app-2-1"),
        ([make("app", "2", requires=["middle"]), make("middle", "2", requires=["nosuch"])], "src-middle-2-1"),
    ],
)
def test_what_enters_is_its_own_cause_only_where_the_reason_speaks_of_nobody_else(tmp_path, offer, cause):
    ours = sources(("trunk", repository(tmp_path / "trunk", [make("lib"), make("app"), make("middle")]), True))
    offered = sources(("offer", repository(tmp_path / "offer", offer), True))
    engine = Engine(seen_packages(ours, offers=offered))
    numbers = engine.offered("offer")
    change = Change(engine.of_sources_like(numbers, "trunk"), numbers, "trunk")
    bad = uninstallable(engine.packages, engine.seen_after(change), sorted(numbers))
    assert [engine.cause_of(one, change) for one in bad if one.unresolved.package.startswith("app-2")] == [cause]


@pytest.mark.parametrize("name", ["nosuch-1-1", "lib", "../lib-2-1.noarch", ""])
def test_a_name_that_fits_nothing_is_an_error(engine, name):
    with pytest.raises(InvalidInput, match="hold no package"):
        engine.find([name])


def test_packages_can_not_enter_nowhere(engine):
    with pytest.raises(InvalidInput, match="'nowhere'; there are trunk"):
        engine.what_if(Change(add=engine.offered("offer"), into="nowhere"))
    with pytest.raises(InvalidInput, match="No repository 'nothing' is offered"):
        engine.offered("nothing")
