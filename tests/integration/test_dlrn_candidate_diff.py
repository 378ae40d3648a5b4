# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What changed between candidates of a trunk that DLRN wrote."""

from __future__ import annotations

import dataclasses

import pytest
from stage.candidates import make_candidate, write_lockfile

from ansible_collections.rdo.releng.plugins.module_utils._dlrn.candidate import (
    Base,
    Build,
    Dependencies,
    Scenario,
    write_candidate,
)


@pytest.fixture
def compare(run_module, tmp_path):
    def run(before, after, **options):
        for name, candidate in (("before", before), ("after", after)):
            if candidate is not None:
                write_candidate(str(tmp_path / f"{name}.json"), candidate)
        given = {"before": str(tmp_path / "before.json")} if before is not None else {}
        return run_module("dlrn_candidate_diff_info", after=str(tmp_path / "after.json"), **given, **options)

    return run


def test_packages_change_with_their_commits(trunk, compare):
    before = make_candidate(trunk, ("beta", 1), ("gamma", 1))
    after = make_candidate(trunk, ("alpha", 3), ("gamma", 2), ("delta", 2))
    found = compare(before, after)
    assert not found["failed"] and not found["changed"] and not found["same"], found
    changes = {one["project"]: one for one in found["packages"]}
    alpha, old, new = changes["python-alpha"], trunk.build("alpha", 1), trunk.build("alpha", 3)
    assert (alpha["component"], alpha["change"]) == ("common", "changed")
    assert (alpha["from"], alpha["to"]) == (old["commit_hash"], new["commit_hash"])
    assert (alpha["distgit_from"], alpha["distgit_to"]) == (old["distro_hash"], new["distro_hash"])
    assert alpha["repository"] == "https://example.org/alpha"
    assert alpha["before"].startswith("python-alpha-1.0-") and alpha["after"].startswith("python-alpha-3.0-")
    # The commit of beta that does not build is in neither.
    assert {name: one["change"] for name, one in changes.items()} == {
        "python-alpha": "changed",
        "python-delta": "added",
        "python-gamma": "changed",
    }
    assert changes["python-delta"]["from"] is None
    assert [one["what"] for one in found["inputs"]] == ["component common", "component compute", "component network"]
    assert found["summary"] == "packages: 2 changed, 1 added"
    assert f"{old['commit_hash'][:7]}..{new['commit_hash'][:7]}" in found["table"]


def test_a_label_is_compared_by_its_packages(trunk, run_module, tmp_path):
    write_lockfile(tmp_path / "after.json", trunk, ("alpha", 3), ("gamma", 2), ("delta", 2))
    given = {"after": str(tmp_path / "after.json"), "trunk_url": trunk.url}
    assert run_module("dlrn_candidate_diff_info", label="current", **given)["same"]
    found = run_module("dlrn_candidate_diff_info", label="consistent", **given)
    assert [one["project"] for one in found["packages"]] == ["python-alpha"]
    missing = run_module("dlrn_candidate_diff_info", label="promotted", **given)
    assert missing["failed"] and "Known labels" in missing["msg"]


def test_other_inputs_are_told(flat_trunk, compare):
    candidate = make_candidate(flat_trunk, ("alpha", 1))
    url, sums = flat_trunk.url, ["0" * 64, "1" * 64]
    sides = [
        dataclasses.replace(
            candidate,
            dependencies=Dependencies(f"{url}/deps", one),
            base=(Base("baseos", f"{url}/base", one),),
            scenarios=(Scenario("packstack", "https://opendev.org/x/packstack", one[:40]),),
        )
        for one in sums
    ]
    found = compare(*sides)
    assert found["packages"] == []
    assert [one["what"] for one in found["inputs"]] == ["dependencies", "base repository baseos", "scenario packstack"]
    assert found["summary"].endswith("other inputs: dependencies, base repository baseos, scenario packstack")
    assert compare(sides[0], sides[0])["same"]


def test_builds_of_koji_are_compared_by_nvr(flat_trunk, compare):
    dlrn = make_candidate(flat_trunk, ("alpha", 1))

    def koji(*nvrs):
        builds = tuple(Build(nvr, number) for number, nvr in enumerate(nvrs))
        source = {"hub": None, "tag": None, "event": None}
        return dataclasses.replace(dlrn, kind="koji", components=(), builds=builds, source=source)

    found = compare(koji("a-1-1.el9", "b-1-1.el9"), koji("a-1-2.el9", "c-1-1.el9"))
    assert [(one["project"], one["change"]) for one in found["packages"]] == [
        ("a", "changed"),
        ("b", "removed"),
        ("c", "added"),
    ]
    other = compare(koji("a-1-1.el9"), dlrn)
    assert other["failed"] and "kind koji" in other["msg"]


@pytest.mark.parametrize(
    "damage, reason",
    [
        (lambda path: path.unlink(), "it has no versions.csv"),
        (lambda path: path.write_text("<html>Sign in</html>\n"), "has the columns"),
        (lambda path: path.write_text(path.read_text()[:-60].rpartition(",https")[0]), "cut off or damaged"),
        (lambda path: path.write_bytes(b"\xff\xfe\0"), "is not the versions.csv"),
    ],
)
def test_a_damaged_list_is_an_error(trunk, compare, damage, reason):
    sides = make_candidate(trunk, ("alpha", 1)), make_candidate(trunk, ("alpha", 3))
    damage(trunk.repos / trunk.build("alpha", 3)["folder"] / "versions.csv")
    found = compare(*sides)
    assert found["failed"] and reason in found["msg"], found["msg"]
