# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A series begins in a copy of the real rdoinfo: one file in, one command, on the doubles of Gerrit and of a hub."""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
import sys
import typing as t

import pytest
import yaml
from koji_double import Hub, Server
from stage.modules import ROOT, run_module, run_playbook

sys.path.append(str(ROOT / "tests" / "contract" / "gerrit"))
from gerrit_double import PASSWORD, USER, Gerrit

SHARED = pathlib.Path(os.environ.get("RELENG_SHARED", ROOT.parent / "shared")) / "data"

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        not (SHARED / "rdoinfo").is_dir(), reason=f"the real rdoinfo is not there: {SHARED} (RELENG_SHARED)"
    ),
]
SERIES = """\
# What a series needs to begin
new_series_name: gazpacho
new_series_identifier: "2026.1"
new_series_previous: flamingo
new_series_packages: [openstack-nova, python-oslo-config, openstack-glance]
new_series_settings: {timer: "0 4 * * *"}
new_series_hub: true
new_series_owner: kojiadmin
new_series_author_email: releng@example.com
"""


class World:
    """Gerrit with rdoinfo, the configuration and three distgits, and a hub."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.gerrit, self.hub = Gerrit(folder / "gerrit"), Server(Hub(task_delay=1))
        (folder / "gazpacho.yml").write_text(SERIES)
        for name in ("nova", "oslo-config", "glance"):
            self.gerrit.create_project(f"openstack/{name}-distgit", {"README": name}, "rpm-master")
        self.gerrit.create_project("rdoinfo", {"README": "x"}, "master")
        self.gerrit.create_project("config", {"README": "x"}, "main")
        self.gerrit.fill("rdoinfo", SHARED / "rdoinfo", "master")
        self.gerrit.fill("config", ROOT / "docs" / "zuul-tenant", "main")
        # What is committed is what the definitions say, as it is at a site.
        self.checkout("config", "refs/heads/main")
        site = folder / "config"
        releases = sorted((site / "releases").iterdir())
        run_module("zuul_jobs", site=site / "site.yml", releases=releases, destination=site)
        self.gerrit.fill("config", site, "main")

    def checkout(self, project: str, revision: str) -> pathlib.Path:
        path = self.folder / project
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir()
        archive = ["git", "-C", self.gerrit.repository(project), "archive", revision]
        content = subprocess.run(archive, check=True, capture_output=True).stdout
        subprocess.run(["tar", "-x", "-C", path], input=content, check=True)
        return path

    def call(self, *argv: str) -> dict[str, t.Any]:
        """The one command, as :func:`run_playbook` takes it."""
        environment = {"GERRIT_URL": self.gerrit.url, "GERRIT_USERNAME": USER, "GERRIT_PASSWORD": PASSWORD}
        environment |= {"KOJI_HUB_URL": self.hub.url, "KOJI_USER": "kojiadmin", "KOJI_PASSWORD": "kojiadmin"}
        environment["XDG_CACHE_HOME"] = str(self.folder / "cache")
        given = ["-e", f"@{self.folder}/gazpacho.yml", "-e", f"deliverables={SHARED}/deliverables"]
        return {"words": ["rdo.releng.new_series", *given, *argv], "environment": environment, "folder": self.folder}

    def play(self, *argv: str) -> str:
        call = self.call(*argv)
        done = run_playbook(*call.pop("words"), **call)
        assert done.returncode == 0, done.stdout[-5000:]
        return done.stdout


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = World(tmp_path_factory.mktemp("series"))
    yield made
    made.gerrit.stop()
    made.hub.stop()


def findings(world, revision):
    """What the linter says of rdoinfo, without the lines and the name of the series."""
    path = world.checkout("rdoinfo", revision)
    found = run_module("rdoinfo_lint", rdoinfo=path, fail_on_findings=False, cache_dir=world.folder)["findings"]
    names = {(one["rule"], re.sub("gazpacho|Gazpacho", "flamingo", one["message"]).lower()) for one in found}
    return path, {(rule, re.sub(r"line \d+", "line", message)) for rule, message in names}


def test_one_file_of_at_most_thirty_lines(world):
    assert len(SERIES.splitlines()) == 9 <= 30


def test_check_mode_lists_every_step_and_writes_nothing(world):
    planned = world.play("--check")
    for step in [
        "begin gazpacho (2026.1) as a copy of flamingo",
        "flamingo is maintained, on flamingo-rdo and stable/2025.2",
        "pin barbican-tempest-plugin to",
        "make releases/gazpacho.yml as a copy of releases/flamingo.yml",
        "make workers/centos9-flamingo.yml as a copy of workers/centos9-master.yml",
        "write zuul.d/release-gazpacho.yaml",
        "write criteria/gazpacho.yml",
        "created: flamingo-rdo of openstack/nova-distgit",
        "cloud9s-openstack-gazpacho-candidate",
        "cloud10s-openstack-gazpacho-el10s",
        "rdoinfo: created",
        "config: created",
    ]:
        assert step in planned, planned[-6000:]
    assert world.gerrit.changes == [] and world.hub.written == []
    assert world.gerrit.git("openstack/nova-distgit", "branch", "--list") == "* rpm-master"


def test_it_begins_linted_and_rendered(world):
    _path, before = findings(world, "refs/heads/master")
    world.play()
    changes = {change.project: change for change in world.gerrit.changes}
    assert sorted(changes) == ["config", "rdoinfo"] and {change.topic for change in changes.values()} == {
        "new-series-gazpacho"
    }
    path, after = findings(world, changes["rdoinfo"].commits[-1])
    assert after <= before
    pins = yaml.safe_load((path / "tags" / "flamingo.yml").read_text())["packages"]
    pins = {row["project"]: (row["tags"]["flamingo"] or {}).get("source-branch") for row in pins}
    # A project that has a stable branch follows it, and one without is pinned to its last release.
    assert pins["nova"] is None and re.fullmatch(r"\d+(\.\d+)+", pins["barbican-tempest-plugin"])
    site = world.checkout("config", changes["config"].commits[-1])
    new, old = (yaml.safe_load((site / "releases" / f"{name}.yml").read_text()) for name in ("gazpacho", "flamingo"))
    assert (new["branch"], new["upstream_branch"], new["timer"]) == ("rpm-master", "master", "0 4 * * *")
    assert (old["branch"], old["upstream_branch"]) == ("flamingo-rdo", "stable/2025.2")
    assert old["distros"]["el9s"]["trunk_url"].endswith("/centos9-flamingo") and new["constraints"].endswith("/master")
    assert old["constraints"].endswith("/2025.2")
    releases = sorted((site / "releases").iterdir())
    rendered = run_module("zuul_jobs", True, site=site / "site.yml", releases=releases, destination=site)
    assert not rendered["failed"] and not rendered["changed"], rendered
    assert (site / "criteria" / "gazpacho.yml").exists()
    worker = yaml.safe_load((site / "workers" / "centos9-flamingo.yml").read_text())
    assert worker["dlrn_builder_source"] == "stable/2025.2" and worker["dlrn_builder_tags"] == "flamingo"
    assert worker["dlrn_builder_folder"] == "/srv/centos9-flamingo" and worker["timer"] == "*:0/5"
    assert yaml.safe_load((site / "workers" / "centos9-master.yml").read_text())["dlrn_builder_tags"] == "gazpacho"
    for name in ("nova", "oslo-config", "glance"):
        heads = world.gerrit.git(f"openstack/{name}-distgit", "for-each-ref", "--format=%(objectname)", "refs/heads")
        assert len(heads.split()) == 2 and len(set(heads.split())) == 1
    tags = {tag["name"] for tag in world.hub.hub.tags.values()}
    assert {f"cloud{n}s-openstack-gazpacho-testing" for n in (9, 10)} <= tags
    assert "cloud9s-openstack-gazpacho-el9s" in str(world.hub.hub.targets)


def test_again_nothing_is_left_to_do(world):
    world.hub.reset()
    assert "config: unchanged" in world.play()
    assert [len(change.commits) for change in world.gerrit.changes] == [1, 1] and world.hub.written == []
    for change in world.gerrit.changes:
        world.gerrit.git(change.project, "update-ref", f"refs/heads/{change.branch}", change.commits[-1])
        change.status = "MERGED"
    done = world.play("-e", "new_series_hub=false")
    assert "rdoinfo: nothing" in done and "config: nothing" in done
