# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is new, and that it is the same news however often somebody looks."""

from __future__ import annotations

import random

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._notice.news import HOUR, Limits, trunk_news, waiting_news

LABEL = "current-passed-ci"
DAY = 24 * HOUR
NOW = 100 * DAY


def vote(job, success, at, in_progress=False):
    return {"job": job, "success": success, "timestamp": at, "in_progress": in_progress, "url": f"https://logs/{job}"}


def candidate(name, staged=None, promoted=None, votes=()):
    parts = [{"component": "common"}, {"component": None}]
    return {"name": name, "staged_at": staged, "promoted_at": promoted, "components": parts, "votes": list(votes)}


def look(*candidates, now=NOW, **limits):
    return trunk_news("epoxy el9s", LABEL, list(candidates), now, Limits(**limits))


def subjects(news):
    return [one.subject for one in news]


def test_a_promotion_is_told_with_what_was_green_and_red_then():
    votes = [vote("a", True, NOW - 20), vote("b", False, NOW - 20), vote("b", True, NOW - 5)]
    [news] = look(candidate("c1", NOW - DAY, NOW - 10, votes))
    assert (news.kind, news.subject) == ("promoted", f"epoxy el9s: c1 is {LABEL}")
    assert news.lines[1:] == ("Green: a.", "Red: b.", "Components: common.")


def test_what_happened_long_ago_is_no_news():
    assert look(candidate("c1", NOW - 9 * DAY, NOW - 3 * DAY)) == []
    assert len(look(candidate("c1", NOW - 9 * DAY, NOW - 3 * DAY), window=4 * DAY)) == 1


def test_a_job_is_red_for_the_first_time_once():
    green = candidate("c1", NOW - 30 * HOUR, NOW - 29 * HOUR, [vote("a", True, NOW - 29.5 * HOUR)])
    first = candidate("c2", NOW - 5 * HOUR, None, [vote("a", False, NOW - 4 * HOUR)])
    again = candidate("c3", NOW - 3 * HOUR, None, [vote("a", False, NOW - 2 * HOUR)])
    [red] = [one for one in look(green, first) if one.kind == "red"]
    assert red.subject == "epoxy el9s: a is red" and "It was green on c1." in red.lines
    assert red.url == "https://logs/a"
    assert [one for one in look(again, first, green) if one.kind == "red"] == [red]


def test_a_job_that_is_green_again_is_no_news_and_is_new_when_it_turns_red_again():
    first = candidate("c1", None, None, [vote("a", False, NOW - 4 * HOUR)])
    green = candidate("c2", None, None, [vote("a", True, NOW - 3 * HOUR)])
    again = candidate("c3", None, None, [vote("a", False, NOW - 2 * HOUR)])
    assert look(first, green) == []
    assert look(first)[0].id != look(first, green, again)[0].id


def test_red_and_then_green_on_the_same_bits_is_green_and_of_the_same_second_red_counts():
    flaky = candidate("c1", None, None, [vote("a", False, NOW - 9), vote("a", True, NOW - 8), vote("b", True, NOW - 9)])
    assert look(flaky) == []
    both = candidate("c1", None, None, [vote("a", True, NOW - 9), vote("a", False, NOW - 9)])
    assert subjects(look(both)) == ["epoxy el9s: a is red"]


def test_a_job_that_has_only_begun_says_nothing():
    assert look(candidate("c1", None, None, [vote("a", False, NOW - 9, in_progress=True)])) == []


def test_a_job_is_red_for_a_day_when_the_day_is_over():
    first = candidate("c1", None, None, [vote("a", False, NOW - DAY)])
    assert [one.kind for one in look(first, now=NOW - 1)] == ["red"]
    assert [one.kind for one in look(first)] == ["red", "still_red"]
    later = candidate("c2", None, None, [vote("a", False, NOW + HOUR)])
    [told] = [one for one in look(first) if one.kind == "still_red"]
    assert told in look(first, later, now=NOW + 2 * HOUR)
    assert told.subject == "epoxy el9s: a has been red for 24 hours"


def test_a_label_is_stuck_only_if_candidates_wait():
    last = candidate("c1", NOW - 9 * DAY, NOW - 8 * DAY)
    assert look(last) == []
    waits = candidate("c2", NOW - 49 * HOUR, None, [vote("a", False, NOW - 48.5 * HOUR)])
    newer = candidate("c3", NOW - 0.5 * HOUR, None, [vote("b", False, NOW - 10)])
    [stuck] = [one for one in look(last, waits, newer) if one.kind == "stuck"]
    assert stuck.lines[0].endswith(f"1 candidate waited for {LABEL}, and none got it.")
    assert stuck.lines[1] == "Red on the newest of them, c2: a."
    assert stuck.lines[2].startswith("The last one was c1")
    assert not [one for one in look(last, waits, now=NOW - 2 * HOUR) if one.kind == "stuck"]


def test_promoted_after_all_is_not_stuck():
    waited = candidate("c1", NOW - 60 * HOUR)
    assert [one.kind for one in look(waited, candidate("c2", NOW - 50 * HOUR, NOW - HOUR))] == ["promoted"]


def test_every_look_finds_the_same_words():
    """A history that grows: what is told at each look, by its id, is told in the same words at each later look."""
    dice = random.Random(22)
    at, history, told, jobs = NOW, [], {}, {"a": 0.9, "b": 0.6, "c": 0.12}
    for number in range(200):
        at += dice.uniform(0.1, 5) * HOUR
        votes = [vote(job, dice.random() < often, at + dice.uniform(60, 600)) for job, often in jobs.items()]
        history.append(candidate(f"c{number}", at, at + 700 if all(one["success"] for one in votes) else None, votes))
        shuffled = dice.sample(history, len(history))
        for one in look(*shuffled, now=at + 800):
            assert told.setdefault(one.id, one) == one
    kinds = [one.kind for one in told.values()]
    assert {"promoted", "red", "still_red", "stuck"} <= set(kinds)
    assert kinds.count("promoted") == sum(one["promoted_at"] is not None for one in history)


def step(began, **more):
    return {"stage": "branch", "what": "nova", "whose": "people", "began": began, "detail": "", "url": "", **more}


def test_a_step_that_waits_is_told_after_a_while():
    assert waiting_news("epoxy", [step(NOW - 10)], NOW, Limits()) == []
    change = "https://review.example.org/c/x/+/17"
    [news] = waiting_news("epoxy", [step(NOW - HOUR, url=change, detail="2 of 3 merged")], NOW, Limits())
    assert news.subject == "epoxy: branch nova waits for people"
    assert news.lines[1] == "2 of 3 merged" and news.url == change
    assert waiting_news("epoxy", [step(NOW - HOUR)], NOW + 47 * HOUR, Limits())[0].id == news.id


@pytest.mark.parametrize("count", [12, 15])
def test_a_long_list_is_cut(count):
    votes = [vote(f"j{number:02}", True, NOW - 20) for number in range(count)]
    [news] = look(candidate("c1", NOW - DAY, NOW - 10, votes))
    assert ("and 3 more" in news.lines[1]) is (count == 15)
