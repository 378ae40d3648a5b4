# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The quickstart as a person runs it: killed, green, nothing to do, each fault held by its gate, killed, green again.

The tests follow each other on one folder, as runs do on one trunk; each says what the one before left.
"""

from __future__ import annotations

import configparser
import json
import os
import pathlib
import re
import signal
import sqlite3
import subprocess
import time
import typing as t
import urllib.parse

import pytest
from stage.quickstart import Quickstart, needs_dlrn

LABEL = "current-passed-ci"
# After the first run one small project is tested again, not all of them: the others' tests need large roots.
ONE = {
    "scenario_upstream_tests_projects": [
        {"name": "debtcollector", "package": "python3-debtcollector-tests", "module": "debtcollector"}
    ]
}


class Trunk(Quickstart):
    """A quickstart, and what DLRN and its labels hold there."""

    def __init__(self, folder: pathlib.Path) -> None:
        super().__init__(folder)
        self.repositories = folder / "dlrn" / "data" / "repos"

    def kill(self, when: t.Callable[[], bool], **given: t.Any) -> None:
        """Begin a run, and end Ansible with all its processes by kill -9 as soon as ``when`` says so."""
        process = self.start("", "--extra-vars", json.dumps(given))
        while process.poll() is None and not when():
            time.sleep(0.05)
        assert process.poll() is None, process.communicate()[0]
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def rows(self, query: str) -> list[tuple]:
        with sqlite3.connect(self.folder / "dlrn" / "commits.sqlite") as database:
            return database.execute(query).fetchall()

    def has_built(self) -> bool:
        """Whether DLRN has noted the first commit."""
        try:
            return bool(self.rows("select id from commits"))
        except sqlite3.OperationalError:  # no table, or no database yet
            return False

    def held(self, name: str = LABEL) -> dict[str, str]:
        """The address of each repository that a label holds."""
        parser = configparser.ConfigParser(interpolation=None)
        parser.read(self.repositories / name / "delorean.repo")
        return {section: parser[section]["baseurl"] for section in parser.sections()}

    def consistent(self, component: str) -> str:
        return os.readlink(self.repositories / "component" / component / "consistent")

    def votes(self) -> list[tuple]:
        return self.rows("select ci_name, ci_vote, notes from civotes_agg order by id")


@pytest.fixture(scope="module")
def quickstart(tmp_path_factory):
    needs_dlrn("integration")
    return Trunk(tmp_path_factory.mktemp("quickstart"))


def last_lines(output: str, count: int = 6) -> str:
    """What a person sees last."""
    return "\n".join(output.rstrip().splitlines()[-count:])


def test_from_nothing_to_promoted(quickstart):
    """The first run is killed while DLRN builds; DLRN goes on alone, and the next run finds it."""
    quickstart.kill(quickstart.has_built)
    status, output = quickstart.run()
    assert status == 0, output[-5000:]
    assert quickstart.rows("select status, count(*) from commits group by status") == [("SUCCESS", 10)]
    candidate = quickstart.document("candidate.json")
    components = {component["component"]: component["repo_url"] for component in candidate["components"]}
    assert set(components) == {"common", "oslo"}
    # What was tested is what is promoted, and what consistent held.
    assert sorted(quickstart.held().values()) == sorted(components.values())
    assert quickstart.held() == quickstart.held("consistent")
    assert [vote[:2] for vote in quickstart.votes()] == [("quickstart-upstream-tests", 1)]
    assert quickstart.votes()[0][2].splitlines()[0] == f"candidate: {candidate['id']}"
    assert quickstart.document("decision.json")["promote"] is True
    tests = quickstart.document("step-upstream-tests.json")
    assert {row[0]: row[1] for row in tests["rows"]}["oslo-utils.subunit"] > 18000
    page = (quickstart.folder / "run" / "index.html").read_text()
    assert quickstart.document("step-sources.json")["stand_in"].partition("'")[0] in page
    assert "http://" not in page.replace("http://www.w3.org", "").replace("http://127.0.0.1", "")
    # Published, the folder's links are alive.
    links = {urllib.parse.unquote(link) for link in re.findall(r'href="([^"#]+)"', page)}
    assert len(links) >= 8
    assert [link for link in links if not (quickstart.folder / "run" / link).exists()] == []
    assert quickstart.document("step-vote.json")["status"] == "done"
    assert "Quickstart: done after" in output
    assert len(output.splitlines()) < 150, "more than anybody reads"
    assert "[WARNING]" not in output


def test_again_there_is_nothing_to_do(quickstart):
    before = (
        quickstart.rows("select id from commits"),
        quickstart.votes(),
        quickstart.rows("select * from promotions"),
    )
    candidate = quickstart.document("candidate.json")
    status, output = quickstart.run()
    assert status == 0, output[-5000:]
    after = (quickstart.rows("select id from commits"), quickstart.votes(), quickstart.rows("select * from promotions"))
    assert after == before
    assert quickstart.document("candidate.json")["id"] == candidate["id"]
    assert "passed before with this candidate" in output


def test_what_anybody_commits_is_not_undone(quickstart):
    def git(*arguments: str) -> str:
        argv = ["git", "-C", str(quickstart.folder / "upstream" / "oslo-config"), "-c", "user.name=A"]
        argv += ["-c", "user.email=a@example.org", *arguments]
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()

    git("commit", "--quiet", "--allow-empty", "--message=Nothing yet")
    head = git("rev-parse", "HEAD")
    stages = [{"name": "next-commits", "role": "quickstart", "tasks_from": "next_versions"}]
    status, output = quickstart.run("", quickstart_stages=stages)
    assert status == 0, output[-5000:]
    assert git("rev-parse", "HEAD") == head
    git("reset", "--quiet", "--hard", "HEAD~1")


def test_a_commit_that_does_not_build_holds_consistent_back(quickstart):
    label, oslo = quickstart.held(), quickstart.consistent("oslo")
    status, output = quickstart.run("build")
    assert status != 0
    assert "missing-requirement" in last_lines(output)
    assert "a_library_that_nobody_packaged" in last_lines(output)
    assert quickstart.consistent("oslo") == oslo
    assert quickstart.held() == label
    # It is as red when nothing is left to build.
    status, output = quickstart.run("build")
    assert status != 0
    assert "python-oslo-i18n" in last_lines(output)


def test_a_failing_upstream_test_is_a_red_vote(quickstart):
    label = quickstart.held()
    status, output = quickstart.run("scenario", **ONE)
    assert status != 0
    assert "debtcollector.tests" in last_lines(output)
    job, success, notes = quickstart.votes()[-1]
    assert (job, success) == ("quickstart-upstream-tests", 0)
    assert quickstart.document("candidate.json")["id"] in notes
    assert quickstart.held() == label


def test_a_requirement_that_nobody_provides_is_no_candidate(quickstart):
    label = quickstart.held()
    status, output = quickstart.run("closure")
    assert status != 0
    assert "python3dist(a-library-that-nobody-packaged)" in last_lines(output)
    assert "python3-debtcollector-functional-tests" in last_lines(output)
    assert quickstart.held() == label


def test_what_is_broken_only_while_packaging_is_red(quickstart):
    """The tests run on what the packages install: the sources of this commit pass theirs."""
    label = quickstart.held()
    status, output = quickstart.run("packaging", **ONE)
    assert status != 0
    assert "debtcollector.tests" in last_lines(output)
    modules = next((quickstart.folder / "results").glob("*/*/logs/modules.log")).read_text()
    assert "/site-packages/debtcollector/__init__.py" in modules
    assert quickstart.held() == label


def test_an_api_that_refuses_the_vote_stops_the_promotion(quickstart):
    label, votes = quickstart.held(), quickstart.votes()
    status, output = quickstart.run("vote", **ONE)
    assert status != 0
    assert "401" in last_lines(output)
    assert "Quickstart: failed at vote" in output
    assert quickstart.document("step-vote.json")["status"] == "failed"
    assert quickstart.document("step-upstream-tests.json")["status"] == "done"
    assert "What went wrong" in (page := (quickstart.folder / "run" / "index.html").read_text())
    assert "skipped:" not in page.partition("What went wrong")[2].partition('id="steps"')[0]
    assert quickstart.votes() == votes
    # The result is not lost: it lies beside the logs.
    candidate = quickstart.document("candidate.json")["id"]
    (kept,) = (quickstart.folder / "results" / candidate[:12]).glob("*/votes/*/*")
    assert json.loads(kept.read_text())["success"] is True
    assert quickstart.held() == label


def test_without_a_fault_it_is_green_again(quickstart):
    """Also when one run was killed while the tests ran in their clean root."""
    label = quickstart.held()
    before = set(quickstart.folder.glob("results/*/*/tests/*"))
    quickstart.kill(lambda: set(quickstart.folder.glob("results/*/*/tests/*")) > before, **ONE)
    status, output = quickstart.run("", **ONE)
    assert status == 0, output[-5000:]
    assert quickstart.held() != label
    assert quickstart.held() == quickstart.held("consistent")
    candidate = quickstart.document("candidate.json")
    assert sorted(quickstart.held().values()) == sorted(part["repo_url"] for part in candidate["components"])


def test_no_server_is_left_and_no_root(quickstart):
    state = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(quickstart.folder) not in state
    assert str(quickstart.folder) not in pathlib.Path("/proc/mounts").read_text()
    assert not list((quickstart.folder / "results").glob("*/*/root"))
