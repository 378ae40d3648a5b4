# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Going on with a staged candidate, or not, and why; the API is a table of answers."""

from __future__ import annotations

import dataclasses
import hashlib
import json

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._dlrn.candidate import (
    Candidate,
    Component,
    hashed_directory,
    read_candidate,
)
from ansible_collections.rdo.releng.plugins.module_utils._dlrn.staged import StagedCandidate
from ansible_collections.rdo.releng.plugins.module_utils._dlrn.trunk import Trunk
from ansible_collections.rdo.releng.plugins.module_utils._dlrn.votes import bound_notes
from ansible_collections.rdo.releng.plugins.module_utils._module.web import Web

NEW, OLD, DISTGIT = "a" * 40, "b" * 40, "c" * 40
AGGREGATE = "d" * 32
RESOLVED = 1767225600


def component(commit):
    return Component(
        component="common",
        commit_hash=commit,
        distro_hash=DISTGIT,
        extended_hash=None,
        built_at="2026-01-01T00:00:00Z",
        repo_url=f"https://trunk.example.org/{hashed_directory(commit, DISTGIT, None, 'common')}",
        repomd_sha256="0" * 64,
    )


CANDIDATE = Candidate(
    kind="dlrn",
    release="master",
    distro="centos9",
    resolved_at="2026-01-01T00:00:00Z",
    source={"api_url": None, "label": "consistent"},
    aggregate_hash=AGGREGATE,
    components=(component(NEW),),
)


def promotion(commit, timestamp):
    hashes = {"commit_hash": commit, "distro_hash": DISTGIT, "extended_hash": None, "aggregate_hash": AGGREGATE}
    return {"component": "common", **hashes, "timestamp": timestamp, "user": "ci"}


def vote(candidate=CANDIDATE, notes=None, timestamp=RESOLVED + 60, job="candidate"):
    text = json.dumps(candidate.document()) if notes is None else notes
    return {
        "job_id": job, "success": True, "timestamp": timestamp, "url": "", "in_progress": False,
        "notes": bound_notes(candidate.id, text),
    }  # fmt: skip


class Client:
    """DLRN's API with these promotions and votes."""

    api_url = "https://trunk.example.org/api"

    def __init__(self, staged=(), target=(), votes=()):
        self.promotions = {"testing": list(staged), "passed": list(target)}
        self.votes = list(votes)

    def get(self, path, **query):
        if path == "promotions":
            return self.promotions[query["promote_name"]]
        assert (path, query) == ("agg_status", {"aggregate_hash": AGGREGATE})
        return self.votes


def look(client, now=RESOLVED + 3600, **options):
    change = StagedCandidate(lambda: client, "testing", "passed", "candidate", clock=lambda: now, **options)
    plan = change.plan()
    if plan.actions:
        change.apply(plan)
    return plan


STAGED = [promotion(NEW, RESOLVED + 30)]


def test_what_is_staged_and_kept_goes_on(tmp_path):
    path = str(tmp_path / "candidate.json")
    plan = look(Client(STAGED, [promotion(OLD, RESOLVED - 30)], [vote()]), path=path, max_age=86400)
    assert read_candidate(path) == CANDIDATE
    assert plan.result["candidate"] == CANDIDATE.document()
    assert [part["commit_hash"] for part in plan.result["target_components"]] == [OLD]
    # Again there is nothing to write.
    assert look(Client(STAGED, [], [vote()]), path=path).actions == []


@pytest.mark.parametrize(
    "client, reason",
    [
        (Client(), "Nothing is staged as testing."),
        (Client(STAGED, [promotion(NEW, RESOLVED - 30)], [vote()]), "was promoted to passed."),
        (Client(STAGED, [promotion(OLD, RESOLVED + 30)], [vote()]), "passed was promoted at 2026-01-01T00:00:30Z"),
        (Client(STAGED), "No vote of candidate keeps the lockfile"),
        (Client(STAGED, [], [vote(job="other")]), "No vote of candidate"),
        (Client(STAGED, [], [vote(notes="something else")]), "No vote of candidate"),
        (Client(STAGED, [], [vote(notes=json.dumps({**CANDIDATE.document(), "distro": "x"}))]), "No vote of candidate"),
        (Client([promotion(OLD, RESOLVED + 30)], [], [vote()]), "No vote of candidate"),
    ],
)
def test_there_is_none_to_go_on_with(tmp_path, client, reason):
    plan = look(client, path=str(tmp_path / "candidate.json"))
    assert (plan.result["candidate"], plan.actions) == (None, [])
    assert reason in plan.result["reason"]


def test_an_old_candidate_is_left_alone():
    client = Client(STAGED, [], [vote()])
    assert look(client, now=RESOLVED + 7200, max_age=7200).result["candidate"]
    late = look(client, now=RESOLVED + 7201, max_age=7200).result
    assert (late["candidate"], late["reason"]) == (
        None,
        f"Candidate {CANDIDATE.id[:12]} is 2.0 h old; 2 h are allowed.",
    )


def test_the_newest_lockfile_counts():
    """The same packages were staged again with another distribution."""
    later = dataclasses.replace(CANDIDATE, distro="centos10")
    votes = [vote(later, timestamp=RESOLVED + 90), vote()]
    assert look(Client(STAGED, [], votes)).result["candidate"]["id"] == later.id


@pytest.fixture
def trunk(tmp_path):
    """A tree whose label ``testing`` holds one component, the candidate of that, and an API that says the same."""
    folder = tmp_path / hashed_directory(NEW, DISTGIT, None, "common")
    (folder / "repodata").mkdir(parents=True)
    (folder / "repodata" / "repomd.xml").write_text("<repomd></repomd>")
    row = {"component": "common", "commit_hash": NEW, "distro_hash": DISTGIT, "extended_hash": "None"}
    (folder / "commit.yaml").write_text(json.dumps({"commits": [{**row, "dt_build": str(RESOLVED)}]}))
    repo_file = f"[delorean-component-common]\nbaseurl=file://{folder}\n"
    aggregate = hashlib.md5(repo_file.encode(), usedforsecurity=False).hexdigest()
    filed = f"testing/{aggregate[:2]}/{aggregate[2:4]}/{aggregate}/delorean.repo.md5"
    for place, text in (
        ("testing/delorean.repo", repo_file), ("component/common/testing/delorean.repo", repo_file), (filed, aggregate),
    ):  # fmt: skip
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text(text)
    components = Trunk(f"file://{tmp_path}", Web()).label("testing").components
    candidate = dataclasses.replace(CANDIDATE, aggregate_hash=aggregate, components=components)
    client = Client([{**STAGED[0], "aggregate_hash": aggregate}], [], [vote(candidate)])
    client.web = Web()
    client.get = lambda path, **query: (
        client.promotions[query["promote_name"]] if "promote_name" in query else client.votes
    )
    return tmp_path, folder, client


def test_with_its_tree_the_candidate_is_compared_bit_by_bit(trunk):
    root, _folder, client = trunk
    assert look(client, trunk_url=f"file://{root}").result["candidate"]["components"][0]["commit_hash"] == NEW


@pytest.mark.parametrize(
    ("file", "text", "reason"),
    [
        ("repodata/repomd.xml", "<repomd>anew</repomd>", "is another repository now"),
        ("repodata/repomd.xml", None, "is not there"),
    ],
)
def test_what_was_built_again_or_purged_since_is_not_gone_on_with(trunk, file, text, reason):
    root, folder, client = trunk
    (folder / file).unlink() if text is None else (folder / file).write_text(text)
    result = look(client, trunk_url=f"file://{root}").result
    assert result["candidate"] is None
    assert "is not what testing holds: " in result["reason"] and reason in result["reason"]
