# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a release keeps of its repository: by cases, and by the property that what stays lacks nothing."""

from __future__ import annotations

import dataclasses
import random

import pytest
from small_repositories import check, folder, make, repository, seen_packages, sources
from test_subset import NAMES, a_package

from ansible_collections.rdo.releng.plugins.module_utils._closure.engine import Engine
from ansible_collections.rdo.releng.plugins.module_utils._closure.installability import uninstallable
from ansible_collections.rdo.releng.plugins.module_utils._closure.packages import Rules
from ansible_collections.rdo.releng.plugins.module_utils._closure.trimming import trim

ALL = Rules("x86_64", newest=False)


def built(source, *packages, evr="1-1"):
    """Packages of one build."""
    return [dataclasses.replace(one, source=source, source_evr=evr) for one in packages]


def trimmed(place, trunk, roots, base=(), **options):
    given = sources(("trunk", repository(place / "trunk", trunk), True))
    given += sources(("base", repository(place / "base", base), False))
    return trim(Engine(seen_packages(given, ALL)), "trunk", roots, **options)


def reasons(rows):
    return {one.build: (one.kind, one.reason) for one in rows}


def test_each_build_has_its_reason(tmp_path):
    trunk = [
        *built("app", make("app", requires=["lib", "b < 2", "from-base"]), make("app-tests", requires=["test-tool"])),
        *built("app", make("app", "0"), evr="0-1"),
        *built("lib", make("lib", requires=["deep"]), make("lib-devel")),
        *built("deep", make("deep")),
        *built("test-tool", make("test-tool")),
        *built("b", make("b", "1"), evr="1-1"),
        *built("b", make("b", "2"), evr="2-1"),
        *built("unused", make("unused", requires=["only-of-unused"])),
        *built("only-of-unused", make("only-of-unused")),
        *built("twice", make("twice", provides=["from-base"])),
    ]
    found = trimmed(tmp_path, trunk, ["app", "nosuch"], [make("given", provides=["from-base"])])
    assert reasons(found.kept) == {
        "app-1-1": ("root", "the release is made of it"),
        "b-1-1": ("needed", "app-1-1.noarch requires b < 2"),
        "deep-1-1": ("needed", "lib-1-1.noarch requires deep, for app-1-1.noarch"),
        "lib-1-1": ("needed", "app-1-1.noarch requires lib"),
        "test-tool-1-1": ("needed", "app-tests-1-1.noarch requires test-tool"),
    }
    elsewhere = "the release is not made of it; what requires it goes too, or has it from elsewhere"
    nobody = "the release is not made of it, and nothing requires it"
    assert reasons(found.gone) == {
        "app-0-1": ("superseded", "app-1-1 is newer, and nothing that stays requires this"),
        "b-2-1": ("not-needed", nobody),
        "only-of-unused-1-1": (
            "not-needed",
            f"{elsewhere}: unused-1-1.noarch",
        ),
        "twice-1-1": (
            "not-needed",
            f"{elsewhere}: app-1-1.noarch",
        ),
        "unused-1-1": ("not-needed", nobody),
    }
    assert found.absent == ["nosuch"]
    assert {one.build: one.chain for one in found.kept}["deep-1-1"] == (
        ("lib-1-1.noarch", "deep"),
        ("app-1-1.noarch", "lib"),
    )


def test_a_build_that_is_named_stays_beside_the_newest(tmp_path):
    trunk = [*built("b", make("b", "1"), evr="1-1"), *built("b", make("b", "2"), evr="2-1")]
    assert [one.build for one in trimmed(tmp_path, trunk, ["b", "b-1-1"]).kept] == ["b-1-1", "b-2-1"]


def test_the_newest_is_so_by_epoch_first(tmp_path):
    trunk = [
        *built("b", make("b", "3"), evr="3-1"),
        *built("b", dataclasses.replace(make("b", "2"), epoch="1"), evr="2-1"),
    ]
    assert [one.build for one in trimmed(tmp_path, trunk, ["b"]).kept] == ["b-2-1"]


def test_of_several_that_could_give_it_the_one_that_stays_anyway_is_enough(tmp_path):
    trunk = [
        *built("app", make("app", requires=["server", "nginx-extra"])),
        *built("httpd", make("httpd", provides=["server"])),
        *built("nginx", make("nginx", provides=["server", "nginx-extra"])),
    ]
    assert [one.build for one in trimmed(tmp_path, trunk, ["app"]).kept] == ["app-1-1", "nginx-1-1"]


@pytest.mark.parametrize(
    ("requires", "more", "kept"),
    [
        (["(lib and other)"], [], ["app-1-1", "lib-1-1", "other-1-1"]),
        (["lib", "(other if lib)"], [], ["app-1-1", "lib-1-1", "other-1-1"]),
        (["(other if nosuch)"], [], ["app-1-1"]),
    ],
)
def test_the_proof_brings_back_what_no_list_of_providers_tells(tmp_path, requires, more, kept):
    trunk = [*built("app", make("app", requires=requires)), *built("lib", make("lib")), *built("other", make("other"))]
    found = trimmed(tmp_path, trunk + more, ["app"])
    assert [one.build for one in found.kept] == kept
    assert found.effect.introduced == []


def test_what_only_the_solver_misses_comes_back(tmp_path):
    trunk = [
        *built("app", make("app", requires=["server"], conflicts=["httpd"])),
        *built("httpd", make("httpd", provides=["server"])),
        *built("server", make("server-two", provides=["server"])),
    ]
    found = trimmed(tmp_path, trunk, ["app"])
    assert [(one.build, one.kind) for one in found.kept] == [
        ("app-1-1", "root"), ("httpd-1-1", "needed"), ("server-1-1", "proof"),
    ]  # fmt: skip
    assert found.proofs == 2
    assert [one.build for one in trimmed(tmp_path / "again", trunk, ["app"], installability=False).kept] == [
        "app-1-1", "httpd-1-1",
    ]  # fmt: skip


def a_release(random_):
    """A repository full of old builds and of trouble, and roots."""
    owners = {name: f"src-{random_.choice(NAMES)}" for name in NAMES}
    trunk = []
    for name in NAMES:
        for version in random_.sample("123", random_.choice([1, 1, 2, 3])):
            one = a_package(random_, name, version, 0.4)
            trunk.append(dataclasses.replace(one, source=owners[name], source_evr=f"{version}-1"))
    roots = random_.sample(sorted(set(owners.values())), random_.randint(1, min(3, len(set(owners.values())))))
    return trunk, [a_package(random_, name, "1", 0) for name in random_.sample(NAMES, 2)], roots


@pytest.mark.parametrize("start", range(0, 60, 20))
def test_what_stays_lacks_nothing_that_it_did_not_lack_and_is_trimmed_no_further(start):
    for seed in range(start, start + 20):
        trunk, base, roots = a_release(random.Random(seed))
        with folder() as place:
            found = trimmed(place, trunk, roots, base)
            kept = {one.build for one in found.kept}
            assert kept.isdisjoint(one.build for one in found.gone)
            left = [one for one in trunk if f"{one.source}-{one.source_evr}" in kept]
            assert {one.source for one in left if one.source in roots} == set(roots)
            theirs = sources(("base", repository(place / "base", base), False))
            before = sources(("trunk", repository(place / "trunk", trunk), True)) + theirs
            after = sources(("trunk", repository(place / "after", left), True)) + theirs
            assert check(after, ALL) <= check(before, ALL), seed
            assert stuck(after) <= stuck(before), seed
            again = trimmed(place / "again", left, roots, base)
            assert not again.gone or {one.kind for one in found.kept} >= {"proof"}, seed


def stuck(given):
    packages = seen_packages(given, ALL)
    numbers = [one for one in packages.visible_ids if packages.repository_of(one).source.checked]
    return {one.unresolved.package for one in uninstallable(packages, packages.visible_ids, numbers)}
