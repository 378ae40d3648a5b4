# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.rdo.releng.plugins.module_utils._gate.criteria import Group, Target, load_criteria
from ansible_collections.rdo.releng.plugins.module_utils._gate.decision import (
    Subject,
    describe,
    evaluate,
    missing_jobs,
    sentence,
    table,
    timestamp,
)
from ansible_collections.rdo.releng.plugins.module_utils._gate.waivers import parse_waivers
from ansible_collections.rdo.releng.plugins.module_utils._module.documents import canonical
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput

NOW = 1_795_250_000  # 2026-11-21T08:33:20Z
ONE, OTHER = "1" * 64, "2" * 64


@dataclasses.dataclass(frozen=True)
class Vote:
    job: str
    success: bool = True
    timestamp: int = NOW - 100
    candidate: str | None = ONE
    url: str = ""
    in_progress: bool = False


def target(*requirements, **settings):
    return Target("current-passed-ci", requirements, **settings)


def decide(asked, *votes, waivers=(), known_jobs=None, now=NOW):
    return evaluate(asked, [Subject(ONE, "el9s", votes)], parse_waivers(list(waivers), "w"), now, known_jobs)


def waiver(job, until="2026-12-01", **scope):
    return {"waives": job, "owner": "jane", "reason": "mirror", "until": until, **(scope or {"candidate": ONE})}


def only(entries):
    (entry,) = entries
    return entry


def test_all_requirements_met():
    decision = decide(target("a", "b"), Vote("a"), Vote("b", url="https://log"), Vote("unasked", success=False))
    assert decision["promote"]
    assert (decision["candidate"], decision["evaluated_at"]) == (ONE, "2026-11-21T08:33:20Z")
    assert [entry["requirement"] for entry in decision["satisfied"]] == ["a", "b"]
    assert "https://log" in table(decision)
    assert sentence(decision) == "Promote 111111111111 to current-passed-ci: 2 satisfied."


@pytest.mark.parametrize(
    ("votes", "reason", "explanation"),
    [
        ([], "missing", "no vote"),
        ([Vote("a", in_progress=True, success=False)], "missing", "in progress since 2026-11-21T08:31:40Z"),
        ([Vote("a", success=False)], "failed", "failed at 2026-11-21T08:31:40Z"),
        ([Vote("a", timestamp=1), Vote("a", timestamp=2, success=False)], "failed", "1970-01-01T00:00:02Z"),
        ([Vote("a", timestamp=2), Vote("a", timestamp=2, success=False)], "failed", "1970-01-01T00:00:02Z"),
        ([Vote("a", timestamp=NOW - 3601)], "stale", "more than 3600 s ago"),
        ([Vote("a", timestamp=NOW + 3601)], "stale", "which is yet to come: is a clock wrong?"),
        ([Vote("a", timestamp=NOW + 3601), Vote("a", success=False)], "failed", "failed at 2026-11-21T08:31:40Z"),
        ([Vote("a"), Vote("a", timestamp=NOW + 3601, success=False)], "failed", "failed at 2026-11-21T09:33:21Z"),
        ([Vote("a", candidate=OTHER)], "unbound", f"is of candidate {OTHER}"),
        ([Vote("a", candidate=None)], "unbound", "names no candidate"),
        ([Vote("aa")], "missing", "no vote"),
        ([Vote("a-validation")], "missing", "no vote"),
    ],
)
def test_why_a_job_is_not_enough(votes, reason, explanation):
    decision = decide(target("a", max_age=3600.0), *votes)
    assert not decision["promote"]
    entry = only(decision["unsatisfied"])
    assert entry["reason"] == reason
    assert explanation in entry["explanation"]
    assert explanation in sentence(decision)
    assert explanation in table(decision)


def test_a_success_after_a_failure_counts():
    assert decide(target("a"), Vote("a", timestamp=2), Vote("a", timestamp=1, success=False))["promote"]


def test_a_clock_that_goes_a_little_fast_does_no_harm():
    assert decide(target("a"), Vote("a", timestamp=NOW + 3600))["promote"]
    assert decide(target("a", any_success=True), Vote("a"), Vote("a", timestamp=NOW + 99999))["promote"]


def test_a_run_in_progress_does_not_undo_a_result():
    votes = [Vote("a", timestamp=1), Vote("a", timestamp=2, success=False, in_progress=True)]
    assert decide(target("a"), *votes)["promote"]


def test_any_success():
    votes = [Vote("a", timestamp=NOW - 5000), Vote("a", timestamp=NOW - 10, success=False)]
    assert decide(target("a", any_success=True), *votes)["promote"]
    decision = decide(target("a", any_success=True, max_age=3600.0), *votes)
    assert only(decision["unsatisfied"])["reason"] == "stale"


def test_unbound_votes_only_if_the_criteria_say_so_and_never_those_of_another_candidate():
    assert decide(target("a", accept_unbound=True), Vote("a", candidate=None))["promote"]
    decision = decide(target("a", accept_unbound=True), Vote("a", candidate=OTHER))
    assert only(decision["unsatisfied"])["reason"] == "unbound"


def test_groups():
    asked = target(
        Group("any", 1, ("a", "b")),
        Group("at_least", 2, ("c", "d", Group("all", 2, ("e", "f")))),
        Group("all", 1, ("g",)),
    )
    decision = decide(asked, Vote("b"), Vote("c"), Vote("e"), Vote("f"), Vote("g", success=False))
    assert [entry["requirement"] for entry in decision["satisfied"]] == [
        "any of a, b",
        "at least 2 of (all of e, f), c, d",
    ]
    entry = only(decision["unsatisfied"])
    assert (entry["requirement"], entry["reason"]) == ("all of g", "failed")
    entry = only(decide(target(Group("any", 1, ("a", "b"))), Vote("b", success=False))["unsatisfied"])
    assert entry["explanation"] == "a: no vote; b: failed at 2026-11-21T08:31:40Z"
    assert entry["reason"] == "failed"


def test_alternatives():
    asked = target("a", Group("any", 1, ("b", "c")), alternatives={"a": ("x",), "c": ("y",)})
    decision = decide(asked, Vote("a", success=False), Vote("x"), Vote("y"))
    assert decision["promote"]
    assert decision["satisfied"][0]["explanation"].endswith("by its alternative x")
    # One that passed the job itself is not asked for the alternative, whatever was judged before.
    assert decide(asked, Vote("a"), Vote("b"))["promote"]
    assert decide(asked, Vote("a", success=False), Vote("x"), Vote("y")) == decision


def test_every_verdict_that_was_considered_is_shown_with_its_vote():
    asked = target("a", alternatives={"a": ("x", "y")})
    red = only(decide(asked, Vote("x", success=False, url="https://x"), known_jobs={"x"})["unsatisfied"])
    assert red["reason"] == "missing"
    assert red["explanation"] == (
        "never voted; closest: none (its alternative x: failed at 2026-11-21T08:31:40Z; "
        "its alternative y: never voted; closest: none)"
    )
    assert [vote["url"] for vote in red["votes"]] == ["https://x"]
    green = only(decide(asked, Vote("a", success=False, url="https://a"), Vote("x", url="https://x"))["satisfied"])
    assert green["explanation"] == (
        "failed at 2026-11-21T08:31:40Z; passed at 2026-11-21T08:31:40Z, by its alternative x"
    )
    assert {vote["url"] for vote in green["votes"]} == {"https://a", "https://x"}
    waived = only(decide(asked, Vote("x", success=False), waivers=[waiver("a")])["waived"])
    assert "its alternative x: failed" in waived["explanation"]


def test_a_group_shows_those_that_did_not_decide_it_as_well():
    votes = Vote("a", success=False, url="https://a"), Vote("b", url="https://b")
    met = only(decide(target(Group("any", 1, ("a", "b"))), *votes)["satisfied"])
    assert met["explanation"] == "b: passed at 2026-11-21T08:31:40Z (a: failed at 2026-11-21T08:31:40Z)"
    unmet = only(decide(target(Group("all", 2, ("a", "b"))), *votes)["unsatisfied"])
    assert unmet["explanation"] == "a: failed at 2026-11-21T08:31:40Z (b: passed at 2026-11-21T08:31:40Z)"
    assert (
        {vote["url"] for vote in met["votes"]} == {vote["url"] for vote in unmet["votes"]} == {"https://a", "https://b"}
    )


def test_a_job_that_never_voted_is_told_from_one_that_has_not_yet():
    asked = target("scenario001", "scenario002")
    decision = decide(asked, known_jobs={"scenario002", "scenario01", "unit"})
    assert [entry["explanation"] for entry in decision["unsatisfied"]] == [
        "never voted; closest: scenario01, scenario002",
        "no vote",
    ]
    assert missing_jobs(decision, asked) == {"scenario001", "scenario002"}


def test_waivers():
    decision = decide(target("a", "b"), Vote("a", success=False), Vote("b"), waivers=[waiver("a"), waiver("b")])
    assert decision["promote"]
    entry = only(decision["waived"])
    assert (entry["requirement"], entry["explanation"]) == ("a", "failed at 2026-11-21T08:31:40Z")
    assert only(entry["waivers"]) == waiver("a")
    assert decision["unused_waivers"] == [waiver("b")]
    assert "waived by jane until 2026-12-01: mirror" in table(decision)
    assert "1 waived" in sentence(decision)


@pytest.mark.parametrize("scope", [{"candidate": OTHER}, {"label": "other"}, {"package": "a"}])
def test_a_waiver_for_something_else_waives_nothing(scope):
    decision = decide(target("a"), waivers=[waiver("a", **scope)])
    assert not decision["promote"]
    assert decision["unused_waivers"] == []


def test_an_expired_waiver_waives_nothing_and_is_named():
    decision = decide(target("a"), waivers=[waiver("a", until="2026-11-20", label="current-passed-ci")])
    assert not decision["promote"]
    assert only(decision["expired_waivers"])["until"] == "2026-11-20"
    assert "the waiver of jane ended on 2026-11-20: mirror" in table(decision)


def test_a_waiver_in_a_group_stands_for_a_success():
    asked = target(Group("at_least", 2, ("a", "b", "c")))
    assert not decide(asked, waivers=[waiver("a")])["promote"]
    decision = decide(asked, Vote("b"), waivers=[waiver("a")])
    assert decision["promote"]
    assert only(only(decision["waived"])["waivers"])["waives"] == "a"


def test_until_when_a_decision_holds():
    assert decide(target("a"), Vote("a"))["valid_until"] is None
    aged = target("a", Group("any", 1, ("b", "c")), max_age=3600.0)
    votes = [Vote("a", timestamp=NOW - 600), Vote("b", timestamp=NOW - 3000), Vote("c")]
    # b may grow too old: c is enough.
    assert decide(aged, *votes)["valid_until"] == "2026-11-21T09:23:20Z"
    assert decide(aged, *votes, now=NOW + 3000)["promote"]
    assert not decide(aged, *votes, now=NOW + 3001)["promote"]
    waived = decide(target("a"), waivers=[waiver("a"), waiver("a", until="2026-11-30")])
    assert waived["valid_until"] == "2026-12-01T23:59:59Z"
    assert decide(target("a"))["valid_until"] is None


def joint(asked, one, other, *waivers):
    subjects = [Subject(ONE, "el9s", one), Subject(OTHER, "el10s", other)]
    return evaluate(asked, subjects, parse_waivers(list(waivers), "w"), NOW)


def test_several_distributions_together_or_not_at_all():
    asked = target("a", distros=("el10s", "el9s"))
    passed = joint(asked, [Vote("a")], [Vote("a", candidate=OTHER)])
    assert passed["promote"]
    assert passed["candidate"] is None
    assert passed["candidates"] == [{"id": OTHER, "distro": "el10s"}, {"id": ONE, "distro": "el9s"}]
    assert not joint(asked, [Vote("a")], [Vote("a", candidate=ONE)])["promote"]
    decision = decide(asked, Vote("a"))
    assert only(decision["unsatisfied"])["requirement"] == "a candidate for el10s"


def test_a_waiver_of_one_candidate_does_not_help_the_other():
    assert joint(target("a"), [], [Vote("a", candidate=OTHER)], waiver("a"))["promote"]
    assert not joint(target("a"), [], [], waiver("a"))["promote"]
    assert joint(target("a"), [], [], waiver("a", label="current-passed-ci"))["promote"]


def test_candidates_that_do_not_fit():
    with pytest.raises(InvalidInput, match="More than one candidate is for el9s"):
        evaluate(target("a"), [Subject(ONE, "el9s", []), Subject(OTHER, "el9s", [])], [], NOW)
    with pytest.raises(InvalidInput, match=r"is for el9s; .* el10s"):
        decide(target("a", distros=("el10s",)))
    assert not evaluate(target("a"), [], [], NOW)["promote"]


# By property: few names and few moments, so that they meet.

jobs = st.sampled_from("abcd")
requirements = st.recursive(
    jobs,
    lambda inner: st.one_of(
        st.builds(lambda of: {"any": of}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda of: {"all": of}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(
            lambda job, rest: {"at_least": {"count": 2, "of": [job, *rest]}},
            st.just("z"),
            st.lists(inner, min_size=1, max_size=3),
        ),
    ),
    max_leaves=4,
)
criteria = st.fixed_dictionaries(
    {"criteria": st.lists(requirements, min_size=1, max_size=4)},
    optional={
        "alternative_criteria": st.dictionaries(jobs, st.lists(jobs, min_size=1, max_size=2), max_size=2),
        "max_age": st.integers(1, 5),
        "any_success": st.booleans(),
        "accept_unbound": st.booleans(),
    },
)
votes = st.lists(
    st.builds(
        Vote,
        job=jobs,
        success=st.booleans(),
        timestamp=st.integers(NOW - 6, NOW),
        candidate=st.sampled_from([ONE, ONE, OTHER, None]),
        in_progress=st.booleans(),
        url=st.sampled_from(["", "u"]),
    ),
    max_size=8,
)
waivers = st.lists(
    st.builds(
        lambda job, until, scope: waiver(job, until, **scope),
        jobs,
        st.sampled_from(["2026-11-20", "2026-11-30"]),
        st.sampled_from([{"candidate": ONE}, {"candidate": OTHER}, {"label": "t"}, {"package": "p"}]),
    ),
    max_size=3,
)


def judged(data, cast, waived, now=NOW):
    asked = load_criteria({"promotions": {"t": data}}, "c").target("t", [])
    return evaluate(asked, [Subject(ONE, "el9s", cast)], parse_waivers(waived, "w"), now, {"a", "b"})


@given(criteria, votes, waivers, st.randoms(use_true_random=False))
def test_order_does_not_matter_and_the_same_inputs_give_the_same_bytes(data, cast, waived, random):
    before = canonical(judged(data, cast, waived))
    for items in (cast, waived, data["criteria"], *data.get("alternative_criteria", {}).values()):
        random.shuffle(items)
    assert canonical(judged(data, cast, waived)) == before
    assert canonical(judged(data, cast, waived)) == before


@given(criteria, votes, waivers, jobs, st.integers(NOW - 6, NOW), st.sampled_from([ONE, OTHER, None]), st.booleans())
def test_another_failed_vote_never_turns_no_into_yes(data, cast, waived, job, when, candidate, in_progress):
    if not judged(data, cast, waived)["promote"]:
        failure = Vote(job, False, when, candidate, in_progress=in_progress)
        assert not judged(data, [*cast, failure], waived)["promote"]


@given(criteria, votes, waivers, st.integers(0, 40 * 86400))
def test_a_decision_to_promote_holds_until_it_says_so(data, cast, waived, seconds):
    decision = judged(data, cast, waived)
    if decision["promote"] and timestamp(NOW + seconds) <= (decision["valid_until"] or "9"):
        assert judged(data, cast, waived, NOW + seconds)["promote"]


@given(criteria, votes, waivers.filter(bool), st.data())
def test_removing_a_waiver_never_turns_no_into_yes(data, cast, waived, choice):
    if not judged(data, cast, waived)["promote"]:
        gone = choice.draw(st.integers(0, len(waived) - 1))
        assert not judged(data, cast, waived[:gone] + waived[gone + 1 :])["promote"]


@given(criteria, st.lists(votes, min_size=2, max_size=3))
def test_what_was_judged_before_does_not_leak_into_the_next_candidate(data, candidates):
    asked = load_criteria({"promotions": {"t": data}}, "c").target("t", [])
    alone = [canonical(judged(data, cast, [])) for cast in candidates]
    in_turn = [canonical(evaluate(asked, [Subject(ONE, "el9s", cast)], [], NOW, {"a", "b"})) for cast in candidates]
    assert in_turn == alone


@given(criteria, votes, waivers)
def test_every_requirement_is_accounted_for_once(data, cast, waived):
    decision = judged(data, cast, waived)
    asked = load_criteria({"promotions": {"t": data}}, "c").target("t", [])
    places = [decision["satisfied"], decision["waived"], decision["unsatisfied"]]
    named = [entry["requirement"] for entries in places for entry in entries]
    assert sorted(named) == sorted(describe(requirement) for requirement in asked.requirements)
    assert decision["promote"] == (not decision["unsatisfied"])
