# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._koji.plan import (
    Build,
    Line,
    Rules,
    State,
    Tag,
    Wanted,
    check_rows,
    implied_rows,
    make_plan,
)
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput

TAGS = ("c9-build", "c9-candidate", "c9-testing", "c9-release")
LINE = Line("epoxy", "el9s", TAGS, "separated_buildreqs")
UNIFIED = Line("train", "el7", ("c7-candidate", "c7-testing", "c7-release"), "unified_buildreqs")
TESTING = {"c9-testing": ["nova-2-1.el9s"]}


def build(nvr, state="COMPLETE", epoch=0):
    return Build(nvr, nvr.rsplit("-", 2)[0], epoch, state)


def tag(name, *nvrs, locked=False, permission=None, blocked=(), unlisted=()):
    """A tag with ``nvrs``, newest tagging first; it lists the packages nova and glance."""
    packages = {package: package in blocked for package in ("nova", "glance") if package not in unlisted}
    return Tag(name, 1, locked, permission, [build(nvr) for nvr in nvrs], packages)


def plan(rows, tags=(), builds=(), lines=(LINE,), **rules):
    """The plan for ``rows``; tags that are not among ``tags`` are there and empty."""
    held = {one.name: one for one in tags}
    names = [*rows, *(line.before_release(name) for line in lines for name in rows)]
    state = State(1, {name: held.get(name) or tag(name) for name in names if name}, {one.nvr: one for one in builds})
    made = make_plan(Wanted("test", check_rows(rows), lines), state, Rules(**rules))
    return [(one.action, one.tag, one.build or one.package) for one in made.actions], made


def refused(made):
    return [(one["rule"], one["tag"], one.get("build")) for one in made.refused]


REFUSALS = [
    ("unknown-build", "no such build", TESTING, {}),
    ("incomplete-build", "FAILED", TESTING, {"builds": [build("nova-2-1.el9s", "FAILED")]}),
    ("other-distro", "el10", {"c9-testing": ["nova-2-1.el10s"]}, {"builds": [build("nova-2-1.el10s")]}),
    ("other-distro", "fc33", {"c9-testing": ["nova-2-1.fc33"]}, {"builds": [build("nova-2-1.fc33")]}),
    ("downgrade", "nova-3-1.el9s, which is newer", TESTING, {"tags": [tag("c9-testing", "nova-3-1.el9s")]}),
    ("downgrade", "newer", TESTING, {"tags": [tag("c9-testing", "nova-3-1.el9s", "nova-2-1.el9s")]}),
    ("not-in-testing", "not in c9-testing", {"c9-release": ["nova-2-1.el9s"]}, {}),
    ("locked-tag", "locked", TESTING, {"tags": [tag("c9-testing", locked=True)]}),
    ("guarded-tag", "permission repo", TESTING, {"tags": [tag("c9-testing", permission="repo")]}),
    ("blocked-package", "nova is blocked", TESTING, {"tags": [tag("c9-testing", blocked=["nova"])]}),
    ("unregistered-package", "does not list", TESTING, {"tags": [tag("c9-testing", unlisted=["nova"])]}),
]


@pytest.mark.parametrize(("rule", "reason", "rows", "given"), REFUSALS, ids=[one[0] for one in REFUSALS])
def test_what_must_not_happen_is_refused_by_name(rule, reason, rows, given):
    builds = [] if rule == "unknown-build" else [build("nova-2-1.el9s")]
    actions, made = plan(rows, **{"builds": builds, **given})
    assert actions == []
    (refusal,) = (one for one in made.refused if one["action"] != "untag")
    assert refusal["rule"] == rule
    assert reason in refusal["reason"]
    assert refusal["build"] == next(iter(rows.values()))[0]


def test_a_tag_that_is_not_there_is_refused_once():
    wanted = Wanted("test", check_rows({"nope": ["nova-1-1", "glance-1-1"]}))
    made = make_plan(wanted, State(1, {"nope": None}, {}), Rules())
    assert refused(made) == [("unknown-tag", "nope", None)]
    assert "2 builds" in made.refused[0]["reason"]


def test_what_is_there_already_is_not_judged():
    """Locked, made for another distro, not in testing: but nothing is to be done."""
    _actions, made = plan({"c9-release": ["nova-2-1.el8"]}, [tag("c9-release", "nova-2-1.el8", locked=True)])
    assert (made.actions, made.refused) == ([], [])


def test_epochs_count():
    held = [tag("c9-testing", "nova-3-1.el9s")]
    actions, _made = plan(TESTING, held, [build("nova-2-1.el9s", epoch=1)])
    assert actions[0] == ("tag", "c9-testing", "nova-2-1.el9s")


def test_a_downgrade_that_is_allowed_replaces_the_newer():
    held = [tag("c9-testing", "nova-3-1.el9s")]
    actions, made = plan(TESTING, held, [build("nova-2-1.el9s")], allow_downgrade=True)
    assert actions == [("tag", "c9-testing", "nova-2-1.el9s"), ("untag", "c9-testing", "nova-3-1.el9s")]
    assert made.actions[1].after == [made.actions[0].id]


def test_a_build_stays_when_its_successor_is_refused():
    actions, made = plan(TESTING, [tag("c9-testing", "nova-1-1.el9s")])
    assert actions == []
    assert refused(made) == [("unknown-build", "c9-testing", "nova-2-1.el9s")]


def test_a_wrong_order_is_mended_before_what_is_newest_goes():
    actions, made = plan(TESTING, [tag("c9-testing", "nova-1-1.el9s", "nova-2-1.el9s")])
    assert actions == [("retag", "c9-testing", "nova-2-1.el9s"), ("untag", "c9-testing", "nova-1-1.el9s")]
    assert made.actions[1].after == [made.actions[0].id]


def test_the_release_takes_what_this_plan_brings_to_testing():
    """The row of release implies one of testing, which comes first."""
    actions, made = plan({"c9-testing": [], "c9-release": ["nova-2-1.el9s"]}, [], [build("nova-2-1.el9s")])
    assert actions == [("tag", "c9-testing", "nova-2-1.el9s"), ("tag", "c9-release", "nova-2-1.el9s")]
    assert made.actions[0].reason == "implied by separated_buildreqs"
    assert made.actions[1].after == [made.actions[0].id]


def test_a_build_leaves_testing_when_it_has_come_to_release():
    rows = {"c9-testing": ["nova-3-1.el9s"], "c9-release": ["nova-2-1.el9s"]}
    held = [tag("c9-testing", "nova-2-1.el9s"), tag("c9-release", "nova-1-1.el9s")]
    actions, made = plan(rows, held, [build("nova-3-1.el9s")])
    assert actions == [
        ("tag", "c9-testing", "nova-3-1.el9s"),
        ("tag", "c9-release", "nova-2-1.el9s"),
        ("untag", "c9-testing", "nova-2-1.el9s"),
        ("untag", "c9-release", "nova-1-1.el9s"),
    ]
    assert made.actions[2].after == [made.actions[0].id, made.actions[1].id]


def test_a_written_row_wins_over_the_map():
    rows = {"c9-testing": ["nova-3-1.el9s"], "c9-release": ["nova-2-1.el9s"]}
    held = [tag("c9-testing", "nova-3-1.el9s"), tag("c9-release", "nova-1-1.el9s")]
    actions, made = plan(rows, held, [build("nova-2-1.el9s")])
    assert actions == []
    assert refused(made) == [("not-in-testing", "c9-release", "nova-2-1.el9s")]


def test_the_maps_imply_what_rdoinfo_means_by_them():
    wanted = Wanted("test", {name: {} for name in (*TAGS, *UNIFIED.tags)}, [LINE, UNIFIED])
    wanted.rows["c9-release"] = {"nova": "nova-2-1.el9s"}
    wanted.rows["c7-release"] = {"nova": "nova-1-1.el7"}
    wanted.rows["c7-testing"] = {"nova": "nova-2-1.el7"}
    rows = implied_rows(wanted)
    assert rows["c9-testing"] == {"nova": "nova-2-1.el9s"}
    assert rows["c9-candidate"] == rows["c9-build"] == {}
    assert rows["c7-candidate"] == {"nova": "nova-2-1.el7"}
    assert rows["c7-testing"] == {"nova": "nova-2-1.el7"}


def test_a_build_that_went_on_leaves_candidate_unless_a_row_keeps_it():
    held = [tag("c9-candidate", "nova-2-1.el9s"), tag("c9-testing", "nova-2-1.el9s")]
    rows = {"c9-candidate": [], **TESTING}
    assert plan(rows, held)[0] == [("untag", "c9-candidate", "nova-2-1.el9s")]
    assert plan({**rows, "c9-candidate": ["nova-2-1.el9s"]}, held)[0] == []
    # Under the other map it stays.
    tags = [tag("c7-candidate", "nova-2-1.el7"), tag("c7-testing", "nova-2-1.el7")]
    assert plan({"c7-candidate": [], "c7-testing": ["nova-2-1.el7"]}, tags, lines=[UNIFIED])[0] == []


def test_what_nothing_explains_stays_unless_the_tags_are_exclusive():
    held = [tag("c9-candidate", "nova-3-1.el9s"), tag("c9-testing", "nova-2-1.el9s")]
    rows = {"c9-candidate": [], **TESTING}
    actions, made = plan(rows, held)
    assert (actions, refused(made)) == ([], [("unexplained", "c9-candidate", "nova-3-1.el9s")])
    assert plan(rows, held, exclusive=True)[0] == [("untag", "c9-candidate", "nova-3-1.el9s")]


def test_registration_comes_before_and_carries_the_owner():
    held = [tag("c9-testing", unlisted=["nova"])]
    actions, made = plan(TESTING, held, [build("nova-2-1.el9s")], owner="jane")
    assert actions == [("register", "c9-testing", "nova"), ("tag", "c9-testing", "nova-2-1.el9s")]
    assert made.actions[0].owner == "jane"
    assert made.actions[1].after == [made.actions[0].id]


def test_a_guarded_tag_is_open_to_who_has_the_permission():
    held = [tag("c9-testing", permission="repo")]
    actions, _made = plan(TESTING, held, [build("nova-2-1.el9s")], permissions=["repo"])
    assert actions == [("tag", "c9-testing", "nova-2-1.el9s")]


@pytest.mark.parametrize("builds", [{"t": "nova-1-1"}, {"t": ["nova"]}, {"t": ["nova-1-1", "nova-2-1"]}, {"t": [1]}])
def test_builds_that_can_not_be_meant(builds):
    with pytest.raises(InvalidInput):
        check_rows(builds)
