# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Gerrit that fails, and what only the double can be made to do."""

from __future__ import annotations

import pytest
from stage.modules import run_module, start_module


@pytest.fixture
def edited(checkout):
    (checkout / "nova.spec").write_text("Name: openstack-nova\n")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((409, "text/plain", "change is closed"), "refuses, as things are: change is closed"),
        ((401, "text/plain", "Unauthorized"), "does not accept the password of bot"),
        ((403, "text/plain", "not permitted"), "bot may not do this: not permitted"),
        ((500, "text/html", "<html><h1>Internal</h1> error</html>"), "status 500: Internal error"),
        ((200, "text/html", "<html>Sign in</html>"), "the answer is not Gerrit's JSON: '<html>Sign in</html>'"),
        ((200, "application/json", ')]}\'\n[{"id": '), "is it cut off"),
        ((200, "application/json", ")]}'\n{}"), "answered a query with dict, not a list"),
        ((200, "application/json", ')]}\'\n[{"id": "x"}]'), "answered with a change that lacks"),
        ((0, "", ""), "no answer"),
    ],
)
def test_a_query_that_fails_is_told(change, double, edited, answer, message):
    double.answers["GET", "^/changes/$"] = answer
    found = change()
    assert found["failed"] and message in found["msg"], found["msg"]
    assert not double.changes


def test_a_gerrit_that_hangs_is_left_behind(double, edited, login):
    double.holds["GET", "^/changes/$"] = "before"
    found = run_module("gerrit_change_info", **login, query="status:open", retries=0, timeout=0.3)
    assert found["failed"] and "did not answer within 0.3 s" in found["msg"]


def test_what_passes_is_tried_again(change, double, edited, login):
    double.answers["GET", "^/changes/$"] = (503, "text/plain", "busy")
    found = run_module("gerrit_change_info", **login, query="status:open", retries=1)
    assert found["failed"] and found["status"] == 503
    assert double.requests.count("GET /changes/") == 2


def test_a_plan_asks_and_changes_nothing(change, double, edited):
    change(check=True)
    assert not [line for line in double.requests if line.startswith(("POST", "PUT")) and "upload-pack" not in line]


def test_nothing_new_needs_no_password(change, double, edited):
    change()
    before = len(double.requests)
    found = change()
    assert not found["changed"]
    assert not [line for line in double.requests[before:] if "receive-pack" in line]


def test_a_branch_that_went_on_is_no_reason_for_a_patch_set(change, double, edited, checkout):
    first = change()["change"]
    double.commit("packages/nova", {"nova.spec": "Name: nova\n", "README": "other\n"})
    (checkout / "README").write_text("other\n")  # the checkout is brought to the branch, and has the same edit
    found = change()
    assert (found["outcome"], found["change"]["revision"]) == ("unchanged", first["revision"])
    double.commit("packages/nova", {"nova.spec": "Name: openstack-nova\n", "README": "other\n"})
    assert change()["outcome"] == "abandoned"  # somebody else has done it


def test_two_open_changes_are_told_apart_by_a_person(change, double, edited, checkout):
    change()
    double.changes.append(type(double.changes[0])(**{**vars(double.changes[0]), "number": 999}))
    found = change()
    assert found["failed"] and "2 open changes have the topic" in found["msg"] and "/999" in found["msg"]


def test_a_push_that_gerrit_does_not_take_is_told(change, double, edited):
    found = change(author_email="somebody@example.org")
    assert found["failed"] and "email address somebody@example.org is not registered" in found["msg"]
    assert not double.changes


def test_a_run_killed_after_the_push_is_finished_by_the_next(change, double, edited):
    double.answers["POST", "/reviewers$"] = (0, "", "")
    broken = change(reviewers=["alice"])
    assert broken["failed"] and len(double.changes) == 1
    double.answers.clear()
    found = change(reviewers=["alice"])
    assert not found["failed"] and len(double.changes) == 1 and found["change"]["patch_set"] == 1
    assert found["actions"] == ["ask alice to review"] and found["change"]["reviewers"] == [
        "alice",
        "alice@example.com",
    ]


@pytest.mark.parametrize(
    ("request_held", "when"),
    [
        (("POST", "git-receive-pack$"), "before"),  # nothing was pushed
        (("POST", "git-receive-pack$"), "after"),  # it was, and nobody was told
        (("POST", "/hashtags$"), "after"),
        (("POST", "/reviewers$"), "before"),
    ],
    ids=str,
)
def test_after_kill_9_the_next_run_finishes(usual, double, edited, request_held, when):
    double.holds[request_held] = when
    process = start_module("gerrit_change", **usual, hashtags=["pins"], reviewers=["alice"])
    assert double.reached.wait(60)
    process.kill()
    process.communicate()
    double.released.set()
    double.holds.clear()
    found = run_module("gerrit_change", **usual, hashtags=["pins"], reviewers=["alice"])
    (change,) = double.changes
    assert not found["failed"] and len(change.commits) == 1
    assert (change.hashtags, change.reviewers) == ({"pins"}, {"alice"})
    assert not run_module("gerrit_change", **usual, hashtags=["pins"], reviewers=["alice"])["changed"]


def test_who_was_asked_is_not_asked_again(change, double, edited, checkout):
    assert change(reviewers=["alice@example.com"])["change"]["reviewers"] == ["alice", "alice@example.com"]
    (checkout / "nova.spec").write_text("Name: nova2\n")
    found = change(reviewers=["alice", "bob"])
    assert "ask bob to review" in found["actions"] and "ask alice to review" not in found["actions"]


def test_the_password_is_in_no_result_and_no_argument(change, double, edited):
    found = change()
    assert "token" not in str(found)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"topic": "two words"}, "'two words' cannot be a topic"),
        ({"branch": "--force"}, "'--force' cannot be a branch"),
        ({"project": "a b"}, "'a b' cannot be a hashtag or project"),
        ({"commit_message": "\n"}, "commit_message must have a subject"),
        ({"commit_message": f"x\n\nChange-Id: I{'0' * 40}"}, "no Change-Id"),
        ({"path": "/none"}, "There is no folder /none"),
        ({"gerrit_url": "review.example.com"}, "is not an address of a Gerrit"),
        ({"gerrit_password": None}, "There is no password for the Gerrit user bot"),
        ({"gerrit_username": None, "gerrit_password": None}, "needs gerrit_username and gerrit_password"),
    ],
)
def test_bad_input_is_named(change, double, edited, options, message):
    found = change(**options)
    assert found["failed"] and message in found["msg"], found["msg"]
    assert not double.changes
