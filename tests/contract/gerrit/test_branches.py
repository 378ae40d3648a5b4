# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of a branch and its last tag: the same on the double and on a real Gerrit."""

from __future__ import annotations

import secrets
import subprocess

import pytest
from stage.modules import run_module


@pytest.fixture
def branch(login, where):
    """Runs gerrit_branch on a branch with a name of its own; it is deleted in the end."""
    name = f"contract-{secrets.token_hex(4)}"
    usual = {**login, "retries": 0, "project": where["project"], "branch": name}

    def run(check=False, **options):
        return run_module("gerrit_branch", check, **{**usual, **options})

    run.name = name
    yield run
    run(state="absent", force=True)


@pytest.fixture
def head(checkout):
    return subprocess.check_output(["git", "-C", checkout, "rev-parse", "HEAD"], text=True).strip()


def test_create_again_end_again(branch, head):
    planned = branch(check=True, revision=head)
    assert planned["changed"] and planned["actions"] == branch(check=True, revision=head)["actions"]
    created = branch(revision=head)
    assert created["changed"] and created["revision"] == head, created
    assert not branch(revision=head)["changed"] and not branch()["changed"]
    tag = f"{branch.name}-eol"
    planned = branch(check=True, state="absent", tag=tag)
    assert [action.split()[0] for action in planned["actions"]] == ["tag", "delete"]
    ended = branch(state="absent", tag=tag, tag_message="It is over")
    assert ended["changed"] and (ended["revision"], ended["tag_revision"]) == (None, head), ended
    again = branch(state="absent", tag=tag)
    assert not again["changed"] and again["tag_revision"] == head


def test_a_tag_alone_leaves_the_branch(branch, head):
    branch(revision=head)
    assert branch(tag=f"{branch.name}-tag")["tag_revision"] == head
    assert not branch(tag=f"{branch.name}-tag")["changed"]


def test_a_branch_below_another_is_told(branch, head):
    branch(revision=head)
    found = branch(branch=f"{branch.name}/below", revision=head)
    assert found["failed"] and "conflicts with" in found["msg"], found


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"revision": "abc"}, "is not a whole hash"),
        ({"branch": "a..b"}, "cannot be the name"),
        ({"branch": "refs/heads/x"}, "cannot be the name"),
        ({"project": "no/such-project"}, "there is no such thing"),
        ({"project": "../x"}, "cannot be a project"),
        ({}, "give the revision that it begins at"),
        ({"state": "absent", "tag": "x-eol"}, "there is nothing to tag"),
        ({"revision": "0" * 40}, "invalid revision"),
    ],
)
def test_bad_input_is_named(branch, options, message):
    found = branch(**options)
    assert found["failed"] and message in found["msg"], found


def test_a_branch_that_went_on_is_as_wanted(branch, head, double):
    branch(revision=head)
    newer = double.commit("packages/nova", {"nova.spec": "Name: newer\n"}, branch.name)
    found = branch(revision=head)
    assert not found["changed"] and not found["failed"] and found["revision"] == newer
    other = double.commit("packages/nova", {"nova.spec": "Name: other\n"}, "master")
    found = branch(revision=other)
    assert found["failed"] and f"at {newer}, and {other} is not in it" in found["msg"]
    # What it has is nowhere else.
    found = branch(state="absent")
    assert found["failed"] and "would be lost" in found["msg"], found
    found = branch(state="absent", revision=head)
    assert found["failed"] and "somebody went on with it" in found["msg"]


def test_somebody_else_was_faster(branch, head, double):
    path = f"/branches/{branch.name}$"
    double.answers["GET", path] = (404, "text/plain", "Not found")
    double.git("packages/nova", "branch", branch.name, head)
    found = branch(revision=head)
    assert found["failed"] and "already exists" in found["msg"], "it is still not seen"
    del double.answers["GET", path]
    double.git("packages/nova", "branch", "-D", branch.name)
    # Made between the look and the request: what is there is what was wanted.
    double.answers["PUT", path] = (409, "text/plain", "already exists")
    double.holds["PUT", "never"] = "before"
    found = branch(revision=head)
    assert found["failed"] and "does not make the branch" in found["msg"]
    double.git("packages/nova", "branch", branch.name, head)
    assert not branch(revision=head)["failed"]


def test_an_answer_that_got_lost_is_no_second_branch(branch, head, double):
    path = f"/branches/{branch.name}$"
    double.answers["PUT", path] = (503, "text/plain", "busy")
    double.git("packages/nova", "branch", "ready", head)
    found = branch(revision=head, retries=1)
    assert found["failed"] and double.requests.count(f"PUT /projects/packages%2Fnova{path[:-1]}") == 2


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((200, "text/html", "<html>Sign in</html>"), "the answer is not Gerrit's JSON"),
        ((200, "application/json", ")]}'\n[]"), "something else than a commit"),
        ((403, "text/plain", "create not permitted"), "may not do this"),
    ],
)
def test_a_gerrit_that_answers_something_else_is_told(branch, head, double, answer, message):
    double.answers["GET", "/branches/"] = answer
    found = branch(revision=head)
    assert found["failed"] and message in found["msg"], found


def test_open_changes_keep_a_branch(branch, head, double, usual, checkout):
    branch(revision=head)
    (checkout / "README").write_text("changed\n")
    run_module("gerrit_change", **{**usual, "branch": branch.name})
    found = branch(state="absent", tag=f"{branch.name}-eol")
    assert found["failed"] and "has open changes" in found["msg"], found
