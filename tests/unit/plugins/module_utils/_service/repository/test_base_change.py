# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A candidate on another base: what changed, what breaks, what is dropped; and the lockfile that is made for it."""

from __future__ import annotations

import hashlib
import json
import pathlib
import shutil
import sys

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._dlrn.candidate import (
    Base,
    Candidate,
    Component,
    Dependencies,
    hashed_directory,
    read_candidate,
    write_candidate,
)
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import Conflict, InvalidInput, RelengError
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform
from ansible_collections.rdo.releng.plugins.module_utils._module.web import Web
from ansible_collections.rdo.releng.plugins.module_utils._service.candidate.another_base import AnotherBase
from ansible_collections.rdo.releng.plugins.module_utils._service.repository.base_change import base_change

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "_closure"))
from small_repositories import make, repository

TRUNK = [
    make("nova", requires=["libvirt < 2", "python"]),
    make("glance", requires=["python"]),
    make("lacks", requires=["nosuch"]),
]
BASE = [make("libvirt"), make("python"), make("unused"), make("bash")]
SHA = "4e1243bd22c66e76c2ba9eddc1f91394e57f9f83"


def sha256(folder):
    return hashlib.sha256((pathlib.Path(folder) / "repodata" / "repomd.xml").read_bytes()).hexdigest()


@pytest.fixture
def place(tmp_path):
    """A promoted candidate on a base, and a function that makes the next one of some packages."""
    directory = tmp_path / hashed_directory(SHA, SHA, None, None)
    directory.parent.mkdir(parents=True)
    repository(directory, TRUNK)
    component = Component(None, SHA, SHA, None, "2026-01-31T12:00:00Z", f"file://{directory}", sha256(directory))
    dependencies = repository(tmp_path / "dependencies", [make("dep")])
    base = repository(tmp_path / "old", BASE)
    candidate = Candidate(
        kind="dlrn",
        release="epoxy",
        distro="el9",
        resolved_at="2026-01-31T12:00:00Z",
        source={"api_url": None, "label": "tested"},
        components=(component,),
        dependencies=Dependencies(f"file://{dependencies}", sha256(dependencies)),
        base=(Base("baseos", f"file://{base}", sha256(base)),),
    )
    write_candidate(str(tmp_path / "before.json"), candidate)
    return tmp_path


def another(place, check=False, **given):
    given = {"base": None, "dependencies": None, **given}
    web = Web(retries=0)
    return perform(
        AnotherBase(web, str(place / "before.json"), str(place / "after.json"), now=1.8e9, **given), check, False
    )


def next_base(place, members, identifier="baseos"):
    folder = repository(place / "new", members)
    return another(place, base=[{"id": identifier, "url": f"file://{folder}", "drift": "fail"}])


def judge(place, **given):
    params = {"before": str(place / "before.json"), "after": str(place / "after.json"), "installability": True}
    params.update(waivers=[], accept_dropped=[], fail_on_broken=False, arch="x86_64", variables={})
    params.update(cache_dir=str(place / "cache"), cache_size=16, ca_path=None, timeout=5.0, deadline=9.0, retries=0)
    return base_change({**params, **given}, False)


def test_only_the_base_is_another(place):
    done = next_base(place, BASE)
    before, after = read_candidate(str(place / "before.json")), read_candidate(str(place / "after.json"))
    assert (after.components, after.dependencies, after.scenarios) == (
        before.components,
        before.dependencies,
        before.scenarios,
    )
    assert after.id == done["id"] != before.id and after.base[0].url.endswith("/new")
    assert not next_base(place, BASE)["changed"]


def test_check_mode_writes_nothing_and_an_empty_base_is_refused(place):
    folder = repository(place / "new", BASE)
    given = [{"id": "baseos", "url": f"file://{folder}", "drift": "fail"}]
    assert another(place, check=True, base=given)["changed"] and not (place / "after.json").exists()
    with pytest.raises(InvalidInput, match="cannot be installed"):
        another(place, base=[])


def test_a_base_that_breaks_nothing_is_good_and_says_what_changed(place):
    next_base(place, [make("libvirt"), make("python", "2"), make("unused"), make("bash"), make("more")])
    result = judge(place)
    assert result["good"] and result["broken"] == result["dropped"] == []
    assert [one["name"] for one in result["changes"]["upgraded"]] == ["python"]
    assert result["summary"] == "base packages 1 added, 1 upgraded; breaks nothing."


def test_who_is_broken_is_said_with_the_package_that_does_it(place):
    next_base(place, [make("libvirt", "3"), make("python"), make("unused"), make("bash")], identifier="os")
    result = judge(place)
    [broken] = result["broken"]
    assert broken["package"] == "nova-1-1.noarch" and broken["requirement"] == "libvirt < 2"
    assert broken["introduced_by"] == "src-libvirt-1-1 -> src-libvirt-3-1"
    assert not result["good"] and "breaks nova-1-1.noarch" in result["summary"]
    with pytest.raises(RelengError, match="nova-1-1.noarch") as error:
        judge(place, fail_on_broken=True)
    assert error.value.data["broken"] == result["broken"]


def test_what_can_not_be_installed_any_more_breaks_too(place):
    next_base(place, [make("libvirt"), make("python", "1.1", requires=["gone"]), make("unused"), make("bash")])
    broken = judge(place)["broken"]
    assert {one["package"] for one in broken} == {"nova-1-1.noarch", "glance-1-1.noarch"}
    assert {one["kind"] for one in broken} == {"installability"}
    assert judge(place, installability=False)["good"]


def test_a_base_that_drops_packages_is_refused_and_they_are_named(place):
    next_base(place, [make("libvirt"), make("bash")])
    result = judge(place)
    assert {one["name"]: one["dependents"] for one in result["dropped"]} == {
        "python": ["glance-1-1.noarch", "nova-1-1.noarch"],
        "unused": [],
    }
    assert not result["good"] and result["summary"].endswith("drops python, unused.")
    assert "dropped by the new base" in result["table"] and "required by nobody" in result["table"]


def test_what_may_go_goes_and_what_is_broken_by_it_is_broken_still(place):
    next_base(place, [make("libvirt"), make("python"), make("bash")])
    assert judge(place, accept_dropped=["unus*"])["good"]
    shutil.rmtree(place / "new")
    next_base(place, [make("libvirt"), make("unused"), make("bash")])
    result = judge(place, accept_dropped=["python"])
    assert {one["package"] for one in result["broken"]} == {"nova-1-1.noarch", "glance-1-1.noarch"}
    assert {one["introduced_by"] for one in result["broken"]} == {"src-python-1-1, which was dropped"}


def test_what_is_broken_anyway_is_not_the_bases_fault(place):
    next_base(place, [*BASE, make("more")])
    assert judge(place)["good"]


def test_what_is_mended_is_said(place):
    next_base(place, [*BASE, make("mend", provides=["nosuch"])])
    assert [one["package"] for one in judge(place)["fixed"]] == ["lacks-1-1.noarch"]


def test_a_waiver_lets_it_pass(place):
    next_base(place, [make("libvirt", "3"), make("python"), make("unused"), make("bash")])
    waiver = {
        "waives": "libvirt < 2",
        "package": "nova",
        "owner": "o@example.org",
        "reason": "r",
        "until": "2040-01-01",
    }
    (place / "waivers.yml").write_text(json.dumps([waiver]))
    result = judge(place, waivers=[str(place / "waivers.yml")], installability=False)
    assert result["good"] and [one["package"] for one in result["waived"]] == ["nova-1-1.noarch"]


def test_dependencies_of_a_tag_are_tried_the_same_way(place):
    folder = repository(place / "tag", [make("dep", "2"), make("python", "9", requires=["gone"])])
    another(place, dependencies=f"file://{folder}")
    result = judge(place)
    assert [one["name"] for one in result["changes"]["upgraded"]] == ["dep"]
    assert result["changes"]["added"][0]["name"] == "python"


def test_a_base_that_is_gone_leaves_the_question_what_is_broken_at_all(place):
    next_base(place, BASE)
    shutil.rmtree(place / "old")
    result = judge(place)
    assert result["changes"] is None and "cannot be told" in result["notes"][-1]
    assert [one["package"] for one in result["broken"]] == ["lacks-1-1.noarch"]


def test_a_compose_that_changed_after_it_was_pinned_is_refused(place):
    next_base(place, BASE)
    shutil.rmtree(place / "new")
    repository(place / "new", [*BASE, make("more")])
    with pytest.raises(Conflict, match="has changed since it was pinned"):
        judge(place)


def test_two_candidates_that_differ_in_more_are_not_compared(place):
    next_base(place, BASE)
    with pytest.raises(InvalidInput, match="their components differ"):
        document = json.loads((place / "after.json").read_text())
        document["components"][0]["built_at"] = "2026-02-01T12:00:00Z"
        content = {key: value for key, value in document.items() if key not in ("id", "schema")}
        parts = {"components": (Component(**content.pop("components")[0]),), "scenarios": ()}
        parts["base"] = tuple(Base(**one) for one in content.pop("base"))
        parts["dependencies"] = Dependencies(**content.pop("dependencies"))
        content.pop("scenarios")
        write_candidate(str(place / "after.json"), Candidate(**content, **parts))
        judge(place)
