# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dependencies beside constraints and Fedora, and their updates as changes in Gerrit; that is the contract's double."""

from __future__ import annotations

import json
import os
import pathlib
import sys
import typing as t

import pytest
from stage.modules import ROOT, run_module, run_playbook
from test_distgit_merge import Theirs
from test_merge import BASE, OURS, THEIRS

sys.path.append(str(ROOT / "tests" / "contract" / "gerrit"))
sys.path.insert(0, str(ROOT / "tests" / "bench"))
from generate import Package, write_repository
from gerrit_double import EMAIL, PASSWORD, USER, Gerrit

SHARED = pathlib.Path(os.environ.get("RELENG_SHARED", ROOT.parent / "shared")) / "data"
RDOINFO = """\
releases:
- name: flamingo
  status: development
  branch: rpm-master
  repos:
  - {name: el9s, buildsys-tags: [flamingo-candidate, flamingo-testing]}
package-default:
  name: python-%(project)s
  upstream: https://src.fedoraproject.org/rpms/python-%(project)s
  distgit: https://review.example.org/r/deps/python-%(project)s.git
  maintainers: [alice@example.com]
  tags: {dependency: }
packages:
- {project: thing, buildsys-tags: {flamingo-testing: python-thing-1.0-2.1.el9s}}
- {project: same, buildsys-tags: {flamingo-testing: python-same-3.0-1.el9s}}
- {project: fork, buildsys-tags: {flamingo-testing: python-fork-1.0-1.el9s}}
- {project: slow, buildsys-tags: {flamingo-testing: python-slow-1.0-1.el9s}}
- {project: alone, buildsys-tags: {flamingo-testing: python-alone-1.0-1.el9s}}
- {project: new}
- {project: not-ours, tags: {flamingo: }}
"""
CONSTRAINTS = "thing===1.1\nsame===3.0\nfork===2.0\nslow===1.5\nalone===9\nnew===1\nunknown===1\nnot-ours===4\n"


class World:
    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        (folder / "rdoinfo").mkdir()
        (folder / "rdoinfo" / "rdo-full.yml").write_text(RDOINFO)
        (folder / "uc.txt").write_text(CONSTRAINTS)
        self.fedora: dict[str, Theirs] = {}
        for name, versions in {
            "thing": ("1.0", "1.1"),
            "fork": ("1.0", "2.0"),
            "slow": ("1.0",),
            "new": ("1",),
        }.items():
            self.fedora[name] = Theirs(folder / f"python-{name}")
            for version in versions:
                spec = (THEIRS if version == "1.1" else BASE).replace("1.0\n", f"{version}\n")
                spec = spec.replace("python-thing", f"python-{name}")
                self.fedora[name].commit({f"python-{name}.spec": spec})
        packages = [
            Package("python3-thing", "1.0", "1", "noarch", "python-thing", "x", provides=["python3dist(thing) = 1.0"]),
            Package("user", "1", "1", "noarch", "user", "x", requires=["python3dist(thing) >= 1"]),
            Package("picky", "1", "1", "noarch", "picky", "x", requires=["python3dist(thing) < 1.1"]),
        ]
        (folder / "epoxy" / "repodata").mkdir(parents=True)
        write_repository(folder / "epoxy", packages)
        self.gerrit = Gerrit(folder / "gerrit")
        self.gerrit.create_project("deps/python-thing", {"python-thing.spec": OURS}, "c9s-flamingo-rdo")

    def compare(self, **options):
        usual = {"rdoinfo": self.folder / "rdoinfo", "release": "flamingo", "constraints": self.folder / "uc.txt"}
        usual["fedora"] = f"file://{self.folder}/{{name}}/{{name}}.spec"
        return run_module("dependency_info", **{**usual, "cache_dir": self.folder / "cache", **options})

    def call(self, *argv: str) -> dict[str, t.Any]:
        """What starts the playbook, for ``run_playbook`` or ``playbook_call``."""
        environment = {"GERRIT_URL": self.gerrit.url, "GERRIT_USERNAME": USER, "GERRIT_PASSWORD": PASSWORD}
        environment["XDG_CACHE_HOME"] = str(self.folder / "cache")
        given = {"rdoinfo": "rdoinfo", "release": "flamingo", "constraints": "uc.txt", "author_email": EMAIL}
        given |= {"fedora_git": str(self.folder), "fedora": f"file://{self.folder}/{{name}}/{{name}}.spec"}
        extra = [word for name, value in given.items() for word in ("-e", f"{name}={value}")]
        words = ["rdo.releng.dependencies", *extra, *argv]
        return {"words": words, "environment": environment, "folder": self.folder}

    def play(self, *argv: str, failed: bool = False) -> str:
        call = self.call(*argv)
        done = run_playbook(*call.pop("words"), **call)
        assert (done.returncode != 0) is failed, done.stdout
        return done.stdout


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = World(tmp_path_factory.mktemp("dependencies"))
    yield made
    made.gerrit.stop()


def test_what_is_behind_what_fedora_has_and_what_would_break(world):
    maintained = [{"release": "epoxy", "distro": "el9s", "repositories": [str(world.folder / "epoxy")]}]
    found = world.compare(maintained=maintained, forks=["python-fork"])
    assert not found["failed"], found
    rows = {row["package"]: row for row in found["dependencies"]}
    assert {name: (row["status"], row["fedora"], row["proposal"]) for name, row in rows.items()} == {
        "python-thing": ("bump", "1.1", "1.1"),
        "python-same": ("equal", None, None),
        "python-fork": ("bump", "2.0", None),
        "python-slow": ("bump", "1.0", None),
        "python-alone": ("bump", None, None),
        "python-new": ("missing", "1", None),
    }
    assert rows["python-thing"]["breaks"] == [
        {"release": "epoxy", "package": "picky-1-1.noarch", "requirement": "python3dist(thing) < 1.1"}
    ]
    reasons = {name.removeprefix("python-"): row["reason"] for name, row in rows.items() if row["reason"]}
    assert reasons == {
        "fork": "it is held: fork",
        "slow": "Fedora is not further than ours",
        "alone": "Fedora does not have it",
        "new": "there is no build of it that an update could be made of",
    }
    assert found["counts"] == {"el9s": {"bump": 4, "equal": 1, "missing": 1}}
    assert [row["package"] for row in found["proposals"]] == ["python-thing"] and "python-same" not in found["table"]


def test_as_far_as_fedora_is(world):
    builds = {"el9s": ["python-thing-0.9-1.el9s"]}
    (world.folder / "other.txt").write_text("thing===1.2\n")
    found = world.compare(constraints=world.folder / "other.txt", packages=["python-thing"], builds=builds)
    assert [(row["version"], row["proposal"]) for row in found["dependencies"]] == [("1.0", "1.1")]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"packages": ["nosuch"], "forks": ["none"]}, "No package with the tag dependency is called none, nosuch."),
        ({"release": "epoxy"}, "'epoxy' is not a release"),
        ({"distros": ["el8s"]}, "'el8s' is not a distro of release flamingo"),
    ],
)
def test_names_that_are_not_there(world, options, message):
    found = world.compare(**options)
    assert found["failed"] and message in found["msg"], found


@pytest.mark.skipif(
    not (SHARED / "rdoinfo").is_dir(), reason=f"the real rdoinfo is not there: {SHARED} (RELENG_SHARED)"
)
def test_the_real_dependencies_of_a_release(tmp_path):
    found = run_module(
        "dependency_info",
        rdoinfo=SHARED / "rdoinfo",
        release="epoxy",
        distros=["el9s"],
        constraints=SHARED / "upper-constraints" / "2025.1.txt",
        fedora=f"file://{tmp_path}/{{name}}",
        cache_dir=tmp_path,
    )
    assert not found["failed"], found
    rows = {row["package"]: row for row in found["dependencies"]}
    # buildsys-tags/cloud9s-openstack-epoxy-testing.yml has GitPython-3.1.43-1.el9s, and 2025.1.txt GitPython===3.1.44.
    row = rows["GitPython"]
    assert (row["build"], row["constraint"], row["status"]) == ("GitPython-3.1.43-1.el9s", "3.1.44", "bump")
    assert (row["gerrit_project"], row["reason"]) == ("deps/GitPython", "Fedora does not have it")
    # What the distribution has is built by nobody here.
    assert rows["python-cryptography"]["status"] == "missing" and found["proposals"] == []
    assert found["counts"] == {"el9s": {"ahead": 2, "bump": 146, "equal": 125, "missing": 72}}


def test_one_change_a_package_with_what_it_did_not_take(world):
    newer = THEIRS.replace("%pytest\n", "%pytest -v\n")
    world.fedora["thing"].commit({"python-thing.spec": newer})
    planned = world.play("--check", failed=True)
    assert world.gerrit.changes == [] and "1 created, 1 failed" in planned, planned
    # python-fork has no distgit with us, which stops no other.
    done = world.play(failed=True)
    assert "1 created, 1 failed" in done and "could not be followed, see above: python-fork" in done
    (change,) = world.gerrit.changes
    assert (change.project, change.branch) == ("deps/python-thing", "c9s-flamingo-rdo")
    message = world.gerrit.git(change.project, "log", "-1", "--format=%B", change.commits[-1])
    assert message.startswith("python-thing: update to 1.1\n") and "-%pytest\n+%pytest -v\n" in message
    assert "has changes of its own" in message
    spec = world.gerrit.git(change.project, "show", f"{change.commits[-1]}:python-thing.spec")
    assert "Version:        1.1" in spec and "# no tests here" in spec


def test_again_nothing_new_and_what_is_done_otherwise_is_abandoned(world):
    (change,) = world.gerrit.changes
    forks = ["-e", '{"forks": ["python-fork"]}']
    assert "1 unchanged" in world.play(*forks) and len(change.commits) == 1
    repositories = [str(world.folder / "epoxy")]
    given = {"maintained": [{"release": "epoxy", "distro": "el9s", "repositories": repositories}]}
    assert "1 breaks" in world.play(*forks, "-e", json.dumps(given)) and change.status == "NEW"
    (world.folder / "uc.txt").write_text(CONSTRAINTS.replace("thing===1.1", "thing===1.0"))
    assert "1 abandoned" in world.play(*forks) and change.status == "ABANDONED"
