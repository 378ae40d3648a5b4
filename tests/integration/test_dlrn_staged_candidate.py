# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A candidate that was staged, and the run after it: with DLRN's API and its tree."""

from __future__ import annotations

import json

from stage.candidates import write_lockfile

BUILDS = (("alpha", 2), ("gamma", 2), ("delta", 2))


def test_the_next_run_goes_on_with_what_was_staged_while_it_is_there(trunk, api, run_module, tmp_path):
    lockfile, found = tmp_path / "candidate.json", tmp_path / "found.json"
    write_lockfile(lockfile, trunk, *BUILDS)
    place = {**api.arguments, "trunk_url": trunk.url, "label": "testing"}
    staged = run_module("dlrn_promotion", candidate=str(lockfile), expected="absent", **place)
    assert staged["changed"] and not staged["failed"], staged
    vote = {"candidate": str(lockfile), "job": "pin", "success": True, "notes": lockfile.read_text()}
    assert not run_module("dlrn_vote", **api.arguments, **vote)["failed"]
    wanted = {**place, "target": "passed", "job": "pin", "path": str(found)}
    result = run_module("dlrn_staged_candidate", **wanted)
    assert result["changed"] and "is not decided on yet" in result["reason"], result
    assert json.loads(found.read_text()) == json.loads(lockfile.read_text())
    assert not run_module("dlrn_staged_candidate", **wanted)["changed"]

    repository = trunk.repos / trunk.build("gamma", 2)["folder"]
    (repository / "repodata" / "repomd.xml").write_text("<repomd>anew</repomd>")
    result = run_module("dlrn_staged_candidate", **wanted)
    assert result["candidate"] is None and not result["changed"]
    assert f"{repository} is another repository now" in result["reason"]
