# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which commit DLRN would build, by its own rules; what it says when it breaks down."""

from __future__ import annotations

import os

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._dlrn import builder
from ansible_collections.rdo.releng.plugins.module_utils._dlrn.builder import find_crash, find_head, read_spec_file
from ansible_collections.rdo.releng.plugins.module_utils._git.repository import Identity, Repository
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import (
    CommandFailed,
    NotFound,
    TimedOut,
    Unavailable,
)
from ansible_collections.rdo.releng.plugins.module_utils._module.lock import held_lock
from ansible_collections.rdo.releng.plugins.module_utils._module.waiter import Deadline

RULES = {"source": "stable/2025.1", "fallback_to_master": True}
STRICT = {**RULES, "fallback_to_master": False}


@pytest.fixture
def repository(tmp_path):
    """A distgit on master with one spec file; its address, and a way to run git in it."""
    made = Repository(str(tmp_path / "nova"), Identity("A", "a@example.com"))
    made.create("master")
    (tmp_path / "nova" / "nova.spec").write_text("Name: nova\n")
    made.git("add", "--all")
    made.git("commit", "--quiet", "--message", "one")
    return str(tmp_path / "nova"), made.git


def head(repository, branch, rules):
    found = find_head(repository[0], branch, rules)
    assert found.revision == repository[1]("rev-parse", "HEAD").output.strip()
    return found.branch


def test_a_branch_is_taken_before_all_that_may_stand_in_for_it(repository):
    repository[1]("branch", "stable/2025.1")
    repository[1]("tag", "--annotate", "--message", "over", "2025.1-eol")
    assert head(repository, "stable/2025.1", RULES) == "stable/2025.1"
    repository[1]("branch", "--delete", "stable/2025.1")
    assert head(repository, "stable/2025.1", STRICT) == "2025.1-eol"  # the commit, not the tag's own hash


def test_master_stands_in_where_the_configuration_allows_it(repository):
    assert head(repository, "stable/2025.1", RULES) == "master"
    with pytest.raises(NotFound, match="has no branch 'stable/2025.1', nor one that DLRN takes instead"):
        find_head(repository[0], "stable/2025.1", STRICT)
    # Never for a branch that is not a release's.
    with pytest.raises(NotFound, match="has no branch 'feature'"):
        find_head(repository[0], "feature", RULES)


def test_rpm_master_stands_in_for_a_distgit_s_branch(repository):
    repository[1]("branch", "rpm-master")
    assert head(repository, "epoxy-rdo", RULES) == "rpm-master"
    with pytest.raises(NotFound):
        find_head(repository[0], "epoxy-rdo", STRICT)


def test_a_repository_that_is_away_is_no_repository_without_the_branch(tmp_path):
    with pytest.raises(Unavailable, match="cannot be read"):
        find_head(str(tmp_path / "away"), "master", RULES)


def test_the_spec_file_is_read_if_there_is_exactly_one(repository, tmp_path):
    assert read_spec_file(repository[0], "master") == "Name: nova\n"
    assert read_spec_file(repository[0], "nosuch") is None
    (tmp_path / "nova" / "other.spec").write_text("Name: other\n")
    repository[1]("add", "--all")
    repository[1]("commit", "--quiet", "--message", "two")
    assert read_spec_file(repository[0], "master") is None


@pytest.mark.parametrize(
    ("output", "crash"),
    [
        ("Traceback (most recent call last):\n  File x\nsqlalchemy.exc.OperationalError: locked\n",
         "sqlalchemy.exc.OperationalError: locked"),
        # It went on.
        ("Traceback (most recent call last):\n  File x\nKeyError: 'a'\n2026-01-01 00:00:00,0 INFO:dlrn:On\n", None),
        ("ERROR:dlrn:Build of nova failed\n", None),
        ("", None),
    ],
)  # fmt: skip
def test_a_crash_is_told_from_a_build_that_failed(output, crash):
    assert find_crash(output) == crash


@pytest.fixture
def worker(tmp_path):
    """Makes a worker whose DLRN is a script of the shell."""

    def make(script):
        (tmp_path / "bin").mkdir()
        for name in ("dlrn", "python"):
            (tmp_path / "bin" / name).write_text(f"#!/bin/sh\n{script}\n")
            (tmp_path / "bin" / name).chmod(0o755)
        (tmp_path / "projects.ini").write_text(f"[DEFAULT]\ndatadir={tmp_path}/data\n")
        return builder.Builder(str(tmp_path / "projects.ini"), str(tmp_path), None, None)

    return make


def test_a_dlrn_that_does_not_answer_is_not_waited_for(worker, monkeypatch):
    monkeypatch.setattr(builder, "ANSWER_TIMEOUT", 0.3)
    hanging = worker("exec sleep 600")
    with pytest.raises(TimedOut, match=r"has not said in 0\.3 s what it has built"):
        hanging.state()
    with pytest.raises(TimedOut):
        hanging.recheck("alpha")


def test_what_dlrn_says_when_it_can_not_answer_is_told(worker):
    with pytest.raises(CommandFailed, match="cannot say what it has built: No rdoinfo"):
        worker("echo more >&2; echo No rdoinfo >&2; exit 1").state()


def test_one_run_builds_for_a_data_directory_and_others_say_for_whom_they_wait(worker, tmp_path):
    one, said = worker("true"), []
    with one.locked(Deadline(60), said.append) as waited:
        assert not waited and said == []
        message = rf"Another run still builds in {tmp_path}/data: process {os.getpid()} of .*Wait for it, or end it"
        with pytest.raises(TimedOut, match=message), one.locked(Deadline(0.3), said.append):
            pass
    assert len(said) == 1 and f"(builds {tmp_path}/data)" in said[0]

    def free_it(_sentence):
        holder.__exit__(None, None, None)

    holder = held_lock(f"{tmp_path}/data/.dlrn_build.lock", {})
    holder.__enter__()
    with one.locked(Deadline(60), free_it) as waited:
        assert waited
