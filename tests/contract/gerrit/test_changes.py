# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of a change: the same on the double and on a real Gerrit."""

from __future__ import annotations

import subprocess

from stage.modules import run_module


def test_propose_again_amend_again_withdraw_again(change, checkout, login, where):
    spec = checkout / "README"
    assert change()["outcome"] == "nothing"
    spec.write_text("one\n")
    planned = change(check=True)
    assert planned["changed"] and planned["outcome"] == "created" and planned["change"] is None
    assert change(check=True)["actions"] == planned["actions"]  # the plan pushed nothing

    created = change(hashtags=["pins"])
    assert not created["failed"], created
    first = created["change"]
    assert (created["outcome"], first["status"], first["subject"], first["patch_set"]) == (
        "created",
        "open",
        "Change it",
        1,
    )
    assert first["hashtags"] == ["pins"] and first["topic"].startswith("contract-")
    again = change(hashtags=["pins"])
    assert (again["changed"], again["outcome"], again["change"]["revision"]) == (False, "unchanged", first["revision"])

    spec.write_text("two\n")
    amended = change(hashtags=["more"])
    assert amended["outcome"] == "amended"
    second = amended["change"]
    assert (second["number"], second["patch_set"], second["change_id"]) == (first["number"], 2, first["change_id"])
    assert second["hashtags"] == ["more", "pins"]
    reworded = change(commit_message="Change it well")
    assert (reworded["outcome"], reworded["change"]["patch_set"]) == ("amended", 3)
    assert not change(commit_message="Change it well")["changed"]

    # What was edited is taken back: nothing is left to propose.
    subprocess.run(["git", "-C", checkout, "checkout", "--quiet", "."], check=True)
    withdrawn = change()
    assert (withdrawn["outcome"], withdrawn["change"]["status"]) == ("abandoned", "abandoned")
    assert change()["outcome"] == "nothing"
    # A change that is proposed afterwards is a new one.
    spec.write_text("three\n")
    reborn = change()["change"]
    assert reborn["number"] != first["number"] and reborn["change_id"] != first["change_id"]
    assert change(state="abandoned")["outcome"] == "abandoned"
    query = f"project:{where['project']} topic:{first['topic']} status:abandoned"
    found = run_module("gerrit_change_info", **login, query=query)
    assert [one["number"] for one in found["changes"]] == [reborn["number"], first["number"]]


def test_files_come_and_go(change, checkout):
    (checkout / "new").mkdir()
    (checkout / "new" / "file with spaces").write_text("x\n")
    (checkout / "README").unlink()
    created = change()
    assert created["outcome"] == "created", created
    lines = [line for line in created["patch"].splitlines() if line.startswith("diff")]
    assert lines == ["diff --git a/README b/README", "diff --git a/new/file with spaces b/new/file with spaces"]
    assert change()["outcome"] == "unchanged"


def test_votes_and_comments_are_made_once(change, checkout, login):
    (checkout / "README").write_text("one\n")
    number = change()["change"]["number"]
    options = {**login, "change": str(number), "labels": {"Code-Review": 1}, "comment": "It was built."}
    planned = run_module("gerrit_review", True, **options)
    assert len(planned["actions"]) == 2
    first, second = (run_module("gerrit_review", **options) for _time in range(2))
    assert first["actions"] == planned["actions"] and second["actions"] == [], (first, second)
    again = run_module("gerrit_review", **{**options, "labels": {"Code-Review": -1}})
    assert len(again["actions"]) == 1
    found = run_module("gerrit_change_info", **login, query=f"topic:{first['change']['topic']} status:open")
    assert found["changes"][0]["labels"]["Code-Review"] == -1
    # A new patch set has neither.
    (checkout / "README").write_text("two\n")
    change()
    assert len(run_module("gerrit_review", True, **options)["actions"]) == 2


def test_no_change_is_opened_where_none_may_be(change, checkout):
    (checkout / "README").write_text("one\n")
    assert change(may_open=False)["outcome"] == "skipped"
    assert change()["outcome"] == "created"
    (checkout / "README").write_text("two\n")
    assert change(may_open=False)["outcome"] == "amended"


def test_a_reviewer_that_gerrit_does_not_know_is_told_and_does_no_harm(change, checkout):
    (checkout / "README").write_text("one\n")
    found = change(reviewers=["nobody-has-this-name@example.invalid"])
    assert found["outcome"] == "created"
    assert list(found["refused_reviewers"]) == ["nobody-has-this-name@example.invalid"]


def test_a_wrong_password_is_told(change, checkout):
    (checkout / "README").write_text("one\n")
    found = change(gerrit_password="wrong")
    assert found["failed"] and found["status"] == 401 and "password" in found["msg"]


def test_a_branch_that_is_not_there(change, checkout):
    found = change(branch="none/such")
    assert found["failed"] and "none/such cannot be fetched" in found["msg"]
