# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bisection step by step, with a judge in place of a scenario."""

from __future__ import annotations

import dataclasses

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._dlrn.candidate import (
    Base,
    Candidate,
    Component,
    hashed_directory,
    read_candidate,
    write_candidate,
)
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import Conflict, InvalidInput, Refused
from ansible_collections.rdo.releng.plugins.module_utils._service.candidate.bisection import CandidateBisection

COMPONENTS = ["clients", "common", "compute", "identity", "network", "tempest"]
HEAD = "Project,Source Repo,Source Sha,Dist Repo,Dist Sha,Pkg NVR"
CONNECTION = {"api_url": None, "deadline": 60, "timeout": 10, "retries": 0, "ca_path": None}


class Bisect:
    """Two candidates of six components, of which all changed."""

    def __init__(self, folder):
        self.folder = folder
        self.good, self.bad = str(folder / "good.json"), str(folder / "bad.json")
        for path, digit in (self.good, "a"), (self.bad, "b"):
            components = tuple(self.component(name, digit) for name in COMPONENTS)
            source = {"api_url": None, "label": "consistent"}
            write_candidate(path, Candidate("dlrn", "master", "el9", "2026-01-01T00:00:00Z", source, None, components))

    def component(self, name, digit):
        commit = digit * 40
        directory = self.folder / hashed_directory(commit, commit, None, name)
        directory.mkdir(parents=True)
        row = f"python-{name},https://git/{name},{commit},https://git/d,{commit},python-{name}-1-1.{digit}"
        (directory / "versions.csv").write_text(f"{HEAD}\n{row}\n")
        return Component(name, commit, commit, None, "2026-01-01T00:00:00Z", f"file://{directory}", digit * 64)

    def ask(self, name, check=False, good=None, bad=None, **given):
        """What the module returns."""
        voted = {end: given.pop(f"{end}_success", None) for end in ("good", "bad")}
        options = {"result": None, "every": False, "most": 32, **given}
        change = CandidateBisection(
            str(self.folder / name), good or self.good, bad or self.bad, voted, connection=CONNECTION, **options
        )
        plan = change.plan()
        if plan.actions and not check:
            change.apply(plan)
        return {"actions": plan.actions, **plan.result}

    def play(self, name, judge, **given):
        """What is found when ``judge`` says (failing tests, reason) of components of the red candidate."""
        said = self.ask(name, **given)
        while not said["finished"]:
            failures, reason = judge(set(said["next"]["taken"]))
            mixed = read_candidate(said["next"]["lockfile"])
            assert mixed.id == said["next"]["candidate"]
            wanted = {name: ("b" if name in said["next"]["taken"] else "a") * 40 for name in COMPONENTS}
            assert {one.component: one.commit_hash for one in mixed.components} == wanted
            assert self.ask(name, **given)["next"] == said["next"], "asked again, it says the same"
            success = not (failures or reason)
            result = {"candidate": mixed.id, "success": success, "failures": failures, "reason": reason}
            said = self.ask(name, result=result, **given)
        assert self.ask(name, **given)["actions"] == []
        return said


@pytest.fixture
def bisect(tmp_path):
    return Bisect(tmp_path)


@pytest.mark.parametrize("culprit", COMPONENTS)
def test_one_among_six_in_three_tries_and_perhaps_one_for_the_proof(bisect, culprit):
    votes = {"good_success": True, "bad_success": False}
    said = bisect.play("single", lambda taken: (["works"] if culprit in taken else [], ""), **votes)
    (found,) = said["findings"]
    assert (found["kind"], found["components"]) == ("single", [culprit])
    assert [(one["project"], one["from"], one["to"]) for one in found["packages"]] == [
        (f"python-{culprit}", "a" * 40, "b" * 40)
    ]
    tried = [row for row in said["rows"] if row[4] != "votes"]
    assert len(tried) <= 3 or (len(tried) == 4 and tried[-1][1] == culprit)


def test_what_takes_two_components_is_said_to(bisect):
    said = bisect.play("together", lambda taken: (["works"] if taken >= {"common", "network"} else [], ""))
    assert said["summary"] == "No component alone turns it red: it takes common, network together."
    assert {one["project"] for one in said["findings"][0]["packages"]} == {"python-common", "python-network"}
    assert len(said["rows"]) == 10 and said["rows"][-1][1:3] == ["common, network", "red"]


def test_what_fails_otherwise_is_no_evidence(bisect):
    def torn(taken):
        """Both can only be installed together."""
        return [], "they do not fit" if ("compute" in taken) != ("tempest" in taken) else ""

    def judge(taken):
        return torn(taken) if torn(taken)[1] else (["works", "another"] if "compute" in taken else [], "")

    said = bisect.play("torn", judge)
    (found,) = said["findings"]
    assert (found["kind"], found["components"]) == ("unclear", ["compute", "tempest"])
    assert "unclear" in said["table"] and "they do not fit" in said["table"]

    def needs(taken):
        return judge(taken) if "compute" in taken else ([], "")

    said = bisect.play("needs", needs)
    assert said["summary"].endswith("it cannot be tried alone, and without it the red candidate is green.")
    assert said["findings"][0]["components"] == ["compute"]


def test_all_that_turns_it_red_is_found_when_asked_for(bisect):
    said = bisect.play("every", lambda taken: (sorted(taken & {"clients", "network"}), ""), every=True)
    assert {one["components"][0] for one in said["findings"]} == {"clients", "network"}


def test_ends_that_are_no_ends(bisect):
    assert bisect.play("green", lambda taken: ([], ""))["findings"][0]["kind"] == "gone"
    assert bisect.play("red", lambda taken: (["works"], ""))["findings"][0]["kind"] == "elsewhere"
    with pytest.raises(Refused, match="is green: give one that is red"):
        bisect.ask("other", bad_success=True)
    with pytest.raises(Refused, match="is red: give one that is green"):
        bisect.ask("other", good_success=False)


def test_tries_are_bounded(bisect):
    said = bisect.play("bounded", lambda taken: (["works"] if "network" in taken else [], ""), most=3)
    assert [one["kind"] for one in said["findings"]] == ["unfinished"] and len(said["rows"]) == 3


def test_a_vote_for_other_inputs_proves_nothing(bisect):
    other = str(bisect.folder / "other.json")
    base = Base("base", "https://example.org/base", "0" * 64)
    write_candidate(other, dataclasses.replace(read_candidate(bisect.good), base=(base,)))
    said = bisect.ask("inputs", good=other, good_success=True, bad_success=False)
    assert (said["inputs"], said["next"]["taken"]) == (["base"], [])
    mixed = read_candidate(said["next"]["lockfile"])
    assert mixed.base == () and mixed.components == read_candidate(bisect.good).components


def test_what_can_not_be_bisected(bisect):
    with pytest.raises(InvalidInput, match="the same components: there is nothing to bisect"):
        bisect.ask("same", bad=bisect.good)
    late = {"candidate": "0" * 64, "success": True, "failures": [], "reason": ""}
    with pytest.raises(Conflict, match="is waited for"):
        bisect.ask("asked", result=late)
    bisect.play("asked", lambda taken: ([], ""))
    with pytest.raises(Conflict, match="is at its end"):
        bisect.ask("asked", result=late)
    with pytest.raises(Conflict, match="the bisection of other candidates"):
        bisect.ask("asked", good=bisect.bad, bad=bisect.good)
    (bisect.folder / "asked" / "bisection.json").write_text("{")
    with pytest.raises(InvalidInput, match="record of a bisection"):
        bisect.ask("asked")


def test_check_mode_writes_nothing(bisect):
    said = bisect.ask("check", check=True)
    assert said["actions"] == ["write the candidate of try 1 with nothing of the red one"]
    assert not (bisect.folder / "check").exists()


def test_packages_that_are_gone_do_not_hide_the_answer(bisect):
    for path in bisect.folder.glob("component/network/**/versions.csv"):
        path.unlink()
    (found,) = bisect.play("purged", lambda taken: (["works"] if "network" in taken else [], ""))["findings"]
    assert found["components"] == ["network"] and found["packages"] == [] and "no versions.csv" in found["note"]
