# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan would do to the tags' repositories: real RPMs and metadata, nothing regenerated."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest
import yaml
from stage.modules import run_module

TESTING, CANDIDATE = "cloud9s-testing", "cloud9s-candidate"
SPEC = """
Name: {name}
Version: {version}
Release: 1.el9s
Summary: Nothing
License: MIT
BuildArch: noarch
{requires}
%description
Nothing.
%files
"""


@pytest.fixture(scope="module")
def rpms(tmp_path_factory):
    """client 1 and 2 require library; library 1, and 2, which has another name for the same."""
    folder = tmp_path_factory.mktemp("rpms")
    for program in ("rpmbuild", "createrepo_c"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed: no repository to ask about")
    made = [
        ("client", "1", "Requires: api"),
        ("client", "2", "Requires: api"),
        ("library", "1", "Provides: api"),
        ("library", "2", ""),
    ]
    for name, version, requires in made:
        spec = folder / f"{name}{version}.spec"
        spec.write_text(SPEC.format(name=name, version=version, requires=requires))
        subprocess.run(["rpmbuild", "-bb", "-D", f"_topdir {folder}", str(spec)], check=True, capture_output=True)
    return {path.name.rsplit("-", 1)[0]: path for path in folder.glob("RPMS/noarch/*.rpm")}


@pytest.fixture
def repositories(rpms, tmp_path):
    """testing has client 1 and library 1; candidate has client 2."""
    places = {TESTING: ["client-1", "library-1"], CANDIDATE: ["client-2"]}
    for tag, names in places.items():
        (tmp_path / tag).mkdir()
        for name in names:
            shutil.copy(rpms[name], tmp_path / tag)
        subprocess.run(["createrepo_c", "-q", str(tmp_path / tag)], check=True)
    return {tag: str(tmp_path / tag) for tag in places}


@pytest.fixture
def plan(double, repositories, tmp_path):
    double.hub.task_delay = 1
    for tag in (TESTING, CANDIDATE):
        double.hub.seed_tag(tag)
    double.hub.seed_tagging(CANDIDATE, "client-2-1.el9s", "library-2-1.el9s")
    double.hub.seed_tagging(TESTING, "client-1-1.el9s", "library-1-1.el9s")

    def run(nvrs=None, check=True, topurl=None, state="applied", plan=None, **closure):
        wanted = {"builds": {TESTING: nvrs}} if nvrs else {}
        if nvrs or closure:
            wanted["closure"] = {"repositories": repositories, "arch": "x86_64", **closure}
        return run_module(
            "koji_tag_builds", check, libraries=("koji", "solv"), server=double.url, user="kojiadmin",
            password="kojiadmin", journal_dir=str(tmp_path / "journal"), cache_dir=str(tmp_path / "cache"),
            topurl=topurl, state=state, plan=plan, **wanted,
        )  # fmt: skip

    return run


@pytest.fixture
def topurl(double, rpms, tmp_path):
    """Where the hub serves its files; of library 2 also what no repository of x86_64 would hold."""
    for nvr in ("client-1", "client-2", "library-1", "library-2"):
        name, version = nvr.split("-")
        folder = tmp_path / "hub" / "packages" / name / version / "1.el9s" / "noarch"
        folder.mkdir(parents=True)
        shutil.copy(rpms[nvr], folder)
        double.hub.seed_rpm(f"{nvr}-1.el9s", "noarch")
    for arch, name in (("src", "library"), ("aarch64", "library-plugin"), ("x86_64", "library-debuginfo")):
        double.hub.seed_rpm("library-2-1.el9s", arch, name)
    return (tmp_path / "hub").as_uri()


def gains_and_loses(result, tag=TESTING):
    closure = result["plan"]["closure"]["tags"][tag]
    return closure["gains"], closure["loses"]


def test_a_plan_says_what_each_repository_gains_and_loses(plan, double):
    result = plan(["client-2-1.el9s", "library-1-1.el9s"], check=False)
    assert not result["failed"], result["msg"]
    closure = result["plan"]["closure"]
    assert closure["tags"] == {
        TESTING: {
            "gains": ["client-2-1.el9s.noarch"],
            "loses": ["client-1-1.el9s.noarch"],
            "not_shown_yet": [],
        }
    }
    assert (closure["before"], closure["after"], closure["introduced"], closure["fixed"]) == (0, 0, [], [])
    assert double.hub.builds_of(TESTING, "client") == ["client-2-1.el9s"]


def test_new_breakage_refuses_the_plan(plan, double, rpms, tmp_path):
    """library 2, whose RPM is in no repository, does not provide what client requires."""
    (tmp_path / "built").mkdir()
    shutil.copy(rpms["library-2"], tmp_path / "built")
    result = plan(["client-1-1.el9s", "library-2-1.el9s"], check=False, offers=[str(tmp_path / "built")])
    assert result["failed"]
    assert "would break 1 requirements" in result["msg"]
    (broken,) = result["plan"]["closure"]["introduced"]
    assert (broken["tag"], broken["package"], broken["requirement"]) == (TESTING, "client-1-1.el9s.noarch", "api")
    assert broken["introduced_by"]
    assert double.written == []
    # A lock was taken; nothing was noted to be done.
    assert [path.suffix for path in (tmp_path / "journal").iterdir()] == [".lock"]


def test_what_is_in_no_repository_is_read_from_the_hub(plan, topurl):
    result = plan(["client-1-1.el9s", "library-2-1.el9s"], topurl=topurl)
    assert "would break 1 requirements" in result["msg"]
    assert gains_and_loses(result) == (["library-2-1.el9s.noarch"], ["library-1-1.el9s.noarch"])


def test_a_repository_that_lags_behind_its_tag_is_thought_on(plan, double, topurl):
    """library 2 came to testing after the repository was made: what it broke is not this plan's doing."""
    double.hub.seed_tagging(TESTING, "library-2-1.el9s")
    result = plan(["client-2-1.el9s", "library-2-1.el9s"], topurl=topurl)
    assert not result["failed"], result["msg"]
    closure = result["plan"]["closure"]
    assert closure["tags"][TESTING]["not_shown_yet"] == ["library-2-1.el9s"]
    assert (closure["before"], closure["after"], closure["introduced"]) == (1, 1, [])


def test_a_waiver_lets_breakage_pass(plan, topurl, tmp_path):
    waivers = [
        {"waives": "api", "package": package, "owner": "jane", "reason": "client 3 does without", "until": until}
        for package, until in (("client", "2999-01-01"), ("library", "2001-01-01"))
    ]
    (tmp_path / "waivers.yml").write_text(yaml.safe_dump(waivers))
    result = plan(["client-1-1.el9s", "library-2-1.el9s"], topurl=topurl, waivers=[str(tmp_path / "waivers.yml")])
    assert not result["failed"], result["msg"]
    closure = result["plan"]["closure"]
    assert closure["introduced"] == []
    assert [(one["package"], one["waiver"]["owner"]) for one in closure["waived"]] == [
        ("client-1-1.el9s.noarch", "jane")
    ]
    assert [waiver["package"] for waiver in closure["expired_waivers"]] == ["library"]


def test_a_plan_is_proven_again_when_it_is_applied(plan, double, rpms, repositories, tmp_path):
    """Planned on a base that provides what client requires; by the time it is applied, that has gone."""
    double.hub.tagged[double.hub.tag(TESTING)["id"]].clear()

    def make_base(name):
        shutil.rmtree(tmp_path / "base", ignore_errors=True)
        (tmp_path / "base").mkdir()
        shutil.copy(rpms[name], tmp_path / "base")
        subprocess.run(["createrepo_c", "-q", str(tmp_path / "base")], check=True)

    make_base("library-1")
    path = str(tmp_path / "plan.json")
    places = {"repositories": {CANDIDATE: repositories[CANDIDATE]}, "base": [str(tmp_path / "base")]}
    made = plan(["client-2-1.el9s"], check=False, state="planned", plan=path, **places)
    assert not made["failed"], made["msg"]
    assert json.loads((tmp_path / "plan.json").read_text())["closure"]["asked"]["base"] == places["base"]
    make_base("library-2")
    refused = plan(check=False, plan=path)
    assert "would break 1 requirements" in refused["msg"]
    assert double.written == []
    make_base("library-1")
    assert len(plan(check=False, plan=path)["done"]) == 1
    assert double.hub.builds_of(TESTING) == ["client-2-1.el9s"]


def test_a_tag_that_holds_nothing_needs_no_repository(plan, double, topurl, repositories):
    double.hub.tagged[double.hub.tag(TESTING)["id"]].clear()
    result = plan(
        ["client-2-1.el9s", "library-1-1.el9s"], topurl=topurl, repositories={CANDIDATE: repositories[CANDIDATE]}
    )
    assert not result["failed"], result["msg"]
    assert gains_and_loses(result) == (["client-2-1.el9s.noarch", "library-1-1.el9s.noarch"], [])


def test_what_can_not_be_told_is_not_guessed(plan, topurl, tmp_path):
    result = plan(["client-1-1.el9s", "library-2-1.el9s"])
    assert result["failed"]
    assert "library-2-1.el9s is in no repository. Set topurl" in result["msg"]
    result = plan(["client-2-1.el9s"], repositories={})
    assert result["failed"]
    assert f"closure needs the repository of {TESTING}" in result["msg"]
    (path,) = (tmp_path / "hub").rglob("library-2-*.rpm")
    path.write_bytes(path.read_bytes()[:200])
    result = plan(["client-1-1.el9s", "library-2-1.el9s"], topurl=topurl)
    assert f"{path} is not what it should be: it is cut off" in result["msg"]
    path.unlink()
    result = plan(["client-1-1.el9s", "library-2-1.el9s"], topurl=topurl)
    assert "There is no RPM of a build at" in result["msg"]


def test_no_password_comes_into_a_plan(plan, tmp_path):
    base = ["https://jane:s3cret-word@mirror.example.com/base"]
    result = plan(["client-2-1.el9s"], check=False, state="planned", plan=str(tmp_path / "plan.json"), base=base)
    assert "mirror.example.com in closure holds a password" in result["msg"]
    assert not (tmp_path / "plan.json").exists()
