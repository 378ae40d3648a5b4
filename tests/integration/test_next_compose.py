# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook next_compose: composes below what a real DLRN promoted, one that is good and one that drops packages."""

from __future__ import annotations

import json
import pathlib
import sys

import pytest
from test_dlrn_vote import promote

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "unit/plugins/module_utils/_closure"))
from small_repositories import make, repository

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "contract/koji"))
from koji_double import Hub, Server

LABEL = "tested"
ROLES = pathlib.Path(__file__).with_name("roles")
BASE = [make("python"), make("libvirt"), make("bash")]


def compose(folder, day, members):
    """A compose of one variant; its address."""
    identifier = f"Example-9-{day}.0"
    top = folder / "composes" / identifier / "compose"
    repository(top / "BaseOS/x86_64/os", members)
    info = {
        "header": {"type": "productmd.composeinfo", "version": "1.2"},
        "payload": {
            "compose": {"id": identifier, "type": "production", "date": day, "respin": 0},
            "release": {"name": "Example", "version": "9"},
            "variants": {"BaseOS": {"paths": {"repository": {"x86_64": "BaseOS/x86_64/os"}}}},
        },
    }
    (top / "metadata").mkdir()
    (top / "metadata/composeinfo.json").write_text(json.dumps(info))
    return f"file://{top}"


@pytest.fixture
def attempt(api, trunk, run_playbook, tmp_path):
    commits = [trunk.build(name, 2) for name in ("alpha", "gamma")]
    repository(trunk.repos / commits[0]["folder"], [make("nova", requires=["libvirt < 2", "python"])])
    promote(api, LABEL, *commits)
    release = {"release": "epoxy", "distro": "centos9", "trunk_url": trunk.url, "label": LABEL, "scenarios": []}
    release["base"] = [{"id": "os", "url": f"file://{repository(tmp_path / 'today', BASE)}"}]
    release["dependencies"] = f"file://{repository(tmp_path / 'dependencies', [make('dep')])}"
    given = {"next_compose_folder": str(tmp_path / "work"), "next_compose_arch": "x86_64"}
    given.update(next_compose_releases=[release], next_compose_cache=str(tmp_path / "cache"))

    def run(location, *argv, plays=None, of="next_compose_location", **more):
        release["scenarios"] = [{"name": "plays", "role": "plays_job"}] if plays else []
        variables = json.dumps({**given, of: location, "plays": plays})
        environment = {"ANSIBLE_ROLES_PATH": str(ROLES), **more}
        return run_playbook("rdo.releng.next_compose", "-e", variables, *argv, environment=environment)

    return run


def votes(folder):
    found = [json.loads(path.read_text()) for path in sorted(folder.rglob("votes/**/*.json"))]
    return sorted((one["job"], one["success"]) for one in found)


def test_a_good_compose_is_kept_and_one_that_drops_packages_is_refused(attempt, tmp_path):
    good = compose(tmp_path, "20261101", [make("python", "2"), make("libvirt"), make("bash")])
    work = tmp_path / "work"
    checked = attempt(good, "--check")
    assert checked.returncode == 0, checked.stdout
    assert "base packages 1 upgraded; breaks nothing." in checked.stdout and not work.exists()

    done = attempt(good, plays="success")
    assert done.returncode == 0, done.stdout
    assert "Example-9-20261101.0: good for 1 of 1 releases, and is the last good one now." in done.stdout
    last = json.loads((work / "good-compose.json").read_text())
    assert last["files"][0]["url"].endswith("Example-9-20261101.0/compose/metadata/composeinfo.json")
    assert json.loads((work / "epoxy-centos9/good.json").read_text())["base"][0]["drift"] == "fail"
    assert votes(work / "epoxy-centos9") == [("next-compose", True), ("plays", True)]
    assert votes(work / "Example-9-20261101.0") == [("epoxy-centos9", True)]

    bad = compose(tmp_path, "20261102", [make("python", "2"), make("libvirt", "3")])
    refused = attempt(bad)
    assert refused.returncode != 0
    assert "nova-1-1.noarch" in refused.stdout and "src-libvirt-1-1 -> src-libvirt-3-1" in refused.stdout
    assert "drops bash" in refused.stdout and "required by nobody" in refused.stdout
    assert json.loads((work / "good-compose.json").read_text()) == last
    assert votes(work / "Example-9-20261102.0") == [("epoxy-centos9", False)]


def test_a_scenario_that_is_red_refuses_what_its_packages_allow(attempt, tmp_path):
    place = compose(tmp_path, "20261101", BASE)
    red = attempt(place, plays="failing tests")
    assert red.returncode != 0 and "breaks nothing" in red.stdout
    assert not (tmp_path / "work/good-compose.json").exists()
    assert votes(tmp_path / "work/epoxy-centos9") == [("next-compose", True), ("plays", False)]


def test_a_tag_of_dependencies_is_tried_the_same_way(attempt, run_module, tmp_path):
    server = Server(Hub(task_delay=1))
    try:
        server.hub.seed_tag("deps-next")
        server.hub.seed_tagging("deps-next", "dep-2-1")
        account = {"server": server.url, "user": "kojiadmin", "password": "kojiadmin", "tag": "deps-next"}
        made = run_module("koji_repo", libraries=("koji",), **account)["repo"]
        place = tmp_path / "topdir/repos/deps-next" / str(made["id"]) / "x86_64"
        place.parent.mkdir(parents=True)
        repository(place, [make("dep", "2"), make("libvirt", "3")])
        asked = {"of": "next_compose_tag", "KOJI_HUB_URL": server.url}
        topurl = ("-e", f"next_compose_topurl={(tmp_path / 'topdir').as_uri()}")
        done = attempt("deps-next", *topurl, **asked)
    finally:
        server.stop()
    assert done.returncode == 0, done.stdout
    assert "deps-next: good for 1 of 1 releases, and is the last good one now." in done.stdout
    assert json.loads((tmp_path / "work/good-tag.json").read_text())["files"][0]["name"] == "repomd.xml"
    good = json.loads((tmp_path / "work/epoxy-centos9/good.json").read_text())
    assert good["dependencies"]["url"] == place.as_uri()


def test_all_that_is_missing_is_said_at_once(run_playbook):
    shown = run_playbook("rdo.releng.next_compose").stdout
    for name in ("next_compose_location or next_compose_tag", "next_compose_releases", "next_compose_folder"):
        assert f"{name} is missing" in shown, shown
