# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""DLRN killed at every step of a promotion: the next run ends in the same state as an undisturbed one."""

from __future__ import annotations

import json
import pathlib

import pytest
import yaml
from stage.candidates import write_lockfile
from stage.trunk import DLRN
from test_dlrn_promotion import LABEL, ONE, TWO
from test_dlrn_repair import move

MOST_STEPS = 40


@pytest.fixture
def attempt(trunk, api, run_module, tmp_path):
    """Stage or promote a candidate once, whatever the label holds."""
    paths = {ONE: tmp_path / "one.json", TWO: tmp_path / "two.json"}
    for builds, path in paths.items():
        write_lockfile(path, trunk, *builds)

    def run(builds, expected=None):
        given = {"label": LABEL, "candidate": paths[builds], "trunk_url": trunk.url, "retries": 0, "deadline": 30}
        given["expected"] = paths[expected] if expected else "absent"
        return run_module("dlrn_promotion", **given, **api.arguments)

    return run


@pytest.mark.parametrize(("expected", "every"), [(None, 3), (ONE, 1)], ids=["create", "change"])
def test_killed_before_any_step_of_a_promotion(trunk, api, repair, attempt, expected, every):
    def begin():
        trunk.restore()
        if expected:
            assert attempt(expected)["changed"]

    begin()
    assert attempt(TWO, expected)["changed"]
    undisturbed = trunk.state(LABEL)
    for step in range(1, MOST_STEPS, every):
        begin()
        api.kill_at(step, server=False)
        killed = attempt(TWO, expected)
        if api.will_die:
            break
        assert killed["failed"], step
        result = repair(trunk)
        assert not result["failed"], (step, result)
        again = attempt(TWO, expected)
        assert not again["failed"], (step, result, again)
        assert trunk.state(LABEL) == undisturbed, step
    assert step > 15, f"only {step} steps were seen"


def plant_left_links(trunk):
    for name in ("delorean.repo_", "delorean.repo.md5_", "versions.csv_"):
        (trunk.repos / LABEL / name).symlink_to("somewhere")
    (trunk.repos / "component" / "compute" / "current_").symlink_to("somewhere")
    (trunk.repos / "component" / "common" / "consistent_").symlink_to("somewhere")


def plant_moved_links(trunk):
    for name in ("alpha", "gamma"):
        move(trunk, trunk.build(name, 2))


def plant_missing_link(trunk):
    trunk.link(LABEL, "network").unlink()


def plant_half_aggregate(trunk):
    (trunk.repos / LABEL / "delorean.repo").write_text("[delorean-comp")


def plant_stale_current(trunk):
    move(trunk, trunk.build("alpha", 2), "current")


PIECES = [plant_left_links, plant_moved_links, plant_missing_link, plant_half_aggregate, plant_stale_current]

PLAY = {
    "name": "Promote",
    "hosts": "localhost",
    "gather_facts": False,
    "module_defaults": {"group/rdo.releng.dlrn": {"retries": 0}},
    "tasks": [{"name": "Promote", "ansible.builtin.include_role": {"name": "rdo.releng.promotion"}}],
}


@pytest.fixture
def play(trunk, api, run_playbook, tmp_path):
    """Run the role."""
    playbook: pathlib.Path = tmp_path / "promote.yml"
    playbook.write_text(yaml.safe_dump([PLAY]))
    variables = {
        "promotion_label": LABEL,
        "promotion_trunk_url": trunk.url,
        "promotion_lock": str(tmp_path / "lock"),
        "promotion_dlrn_host": "localhost",
        "promotion_dlrn_config": str(trunk.config),
        "promotion_dlrn_python": str(DLRN / "bin" / "python"),
        "promotion_dlrn_settle": 0,
    }

    def run(candidate, *argv, **more):
        given = {**variables, "promotion_candidate": str(candidate), **more}
        environment = {
            "DLRNAPI_URL": api.url,
            "DLRNAPI_USERNAME": api.username,
            "DLRNAPI_PASSWORD": api.password,
        }
        return run_playbook(playbook, "-e", json.dumps(given), *argv, environment=environment)

    return run


def test_the_role_mends_everything_and_promotes(trunk, api, attempt, play, tmp_path):
    attempt(ONE)
    attempt(TWO, ONE)
    undisturbed = trunk.state(LABEL)
    trunk.restore()
    attempt(ONE)
    for plant in PIECES:
        plant(trunk)
    posts = api.posts()
    checked = play(tmp_path / "two.json", "--check")
    assert api.posts() == posts
    assert "dlrn_repair" in checked.stdout and checked.returncode != 0, "wreckage is told, and promoting is not planned"
    done = play(tmp_path / "two.json")
    assert done.returncode == 0, done.stdout
    assert trunk.state(LABEL) == undisturbed and api.posts() == posts + 1
    again = play(tmp_path / "two.json")
    assert again.returncode == 0 and "changed=0" in again.stdout, again.stdout
    assert api.posts() == posts + 1


@pytest.mark.parametrize("plant", PIECES, ids=lambda plant: plant.__name__)
def test_each_piece_of_wreckage_is_mended_before_a_promotion(trunk, api, repair, attempt, plant):
    attempt(ONE)
    attempt(TWO, ONE)
    undisturbed = trunk.state(LABEL), trunk.link("current", "common").readlink()
    trunk.restore()
    attempt(ONE)
    plant(trunk)
    assert repair(trunk)["changed"]
    assert not attempt(TWO, ONE)["failed"]
    assert (trunk.state(LABEL), trunk.link("current", "common").readlink()) == undisturbed


def test_a_server_that_was_killed_and_started_again(trunk, api, repair, attempt):
    attempt(ONE)
    api.kill_at(8)
    lost = attempt(TWO, ONE)
    assert lost["failed"] and not api.running, lost
    api.stop()
    api.start()
    told = attempt(TWO, ONE)
    assert told["failed"] and "run rdo.releng.dlrn_repair on DLRN's host with labels [tested]" in told["msg"]
    repair(trunk)
    assert attempt(TWO, ONE)["changed"]
    assert [row["commit_hash"] for row in trunk.state(LABEL)["rows"]] == [
        trunk.build(*one)["commit_hash"] for one in TWO
    ]
