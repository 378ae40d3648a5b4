# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happened in a tag, found without any message, also when the hub showed it late."""

from __future__ import annotations

import json

import pytest
from conftest import REAL, World
from koji_double import everything_read_in_source
from stage.modules import run_module

CANDIDATE = "cloud9-candidate"


@pytest.fixture
def world():
    world = World.recorded(everything_read_in_source())
    yield world
    world.close()


@pytest.fixture
def watch(world, tmp_path):
    def run(check=False, **options):
        places = {"inbox": str(tmp_path / "inbox"), "watermark": str(tmp_path / "mark.json")}
        given = {"server": world.url, "tags": [world(CANDIDATE)], **places, **options}
        return run_module("koji_tag_watch", check, libraries=("koji",), **given)

    return run


def bodies(result):
    return [(one["topic"], one["body"]["nvr"]) for one in result["events"]]


def test_each_change_of_a_tag_is_a_hint_once(world, watch, tmp_path):
    alpha = world("alpha") + "-1.0-1.el9"
    world.admin.tagBuildBypass(world(CANDIDATE), alpha)
    first = watch()
    assert first["changed"] and first["events"] == []
    world.admin.untagBuildBypass(world(CANDIDATE), alpha)
    world.admin.tagBuildBypass(world(CANDIDATE), world("beta") + "-2.0-1.el9")
    planned = watch(check=True)
    assert bodies(planned) == [("buildsys.untag", alpha), ("buildsys.tag", world("beta") + "-2.0-1.el9")]
    assert not (tmp_path / "inbox").exists()
    assert bodies(watch()) == bodies(planned)
    kept = [json.loads(path.read_text()) for path in (tmp_path / "inbox" / "new").iterdir()]
    assert {one["topic"] for one in kept} == {"buildsys.tag", "buildsys.untag"}
    again = watch()
    assert (again["changed"], again["events"]) == (False, [])


def test_a_hint_that_was_lost_before_the_watermark_moved_comes_again(world, watch, tmp_path):
    watch()
    mark = (tmp_path / "mark.json").read_text()
    world.admin.tagBuildBypass(world(CANDIDATE), world("alpha") + "-1.0-1.el9")
    watch()
    (tmp_path / "mark.json").write_text(mark)  # killed between the hint and the watermark
    assert watch()["events"] == []
    for path in (tmp_path / "inbox" / "new").iterdir():
        path.unlink()
    assert len(watch()["events"]) == 1


@pytest.mark.skipif(bool(REAL), reason="a transaction of a real hub cannot be held open from here")
def test_a_slow_transaction_is_found_by_the_overlap_and_lost_without(world, watch, tmp_path):
    """The hub draws a number, and shows what belongs to it after it has shown a higher one."""
    hub = world.server.hub
    watch()
    watch(overlap=0.0, watermark=str(tmp_path / "none.json"), inbox=str(tmp_path / "none"))
    tag, build = hub.tag(CANDIDATE)["id"], next(one for one in hub.builds.values() if one["nvr"] == "alpha-1.0-1.el9")
    early = hub.new_event(tag)
    world.admin.tagBuildBypass(CANDIDATE, "beta-2.0-1.el9")
    assert bodies(watch()) == [("buildsys.tag", "beta-2.0-1.el9")]
    watch(overlap=0.0, watermark=str(tmp_path / "none.json"), inbox=str(tmp_path / "none"))
    row = {"build_id": build["id"], "creator": hub.users["kojiadmin"], "revoke_event": None, "revoker": None}
    row["create_event"] = early
    hub.taggings[tag].append(row)
    hub.tagged[tag][build["id"]] = row
    lost = watch(overlap=0.0, watermark=str(tmp_path / "none.json"), inbox=str(tmp_path / "none"))
    assert lost["events"] == []
    assert bodies(watch()) == [("buildsys.tag", "alpha-1.0-1.el9")]


def test_what_is_missing_is_said(world, watch):
    assert "has no tag nowhere" in watch(tags=["nowhere"])["msg"]
    assert "Name the tags" in watch(tags=[])["msg"]
