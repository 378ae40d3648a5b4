# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pending gate on a hub: real RPMs, whose headers are read where the hub serves them."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest
import yaml
from pending_lab import PENDING, QUARANTINE, STABLE, Gate, Rpm


@pytest.fixture
def gate(double, tmp_path):
    for program in ("rpmbuild", "createrepo_c"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    gate = Gate(double, tmp_path)
    gate.build(
        STABLE,
        Rpm("library", provides=("api = 1",), files=("/usr/lib/library",)),
        Rpm("client", requires=("api = 1",)),
    )
    gate.regenerate()
    return gate


def held(result):
    return {one["build"]: one for one in result["decision"]["held"]}


def moves(result):
    return {one["build"]: one["to"] for one in result["decision"]["moves"]}


def test_those_that_need_each_other_go_and_what_lacks_something_is_held_with_the_reason(gate, tmp_path):
    gate.build(
        PENDING,
        Rpm("library", "2-1", provides=("api = 2",)),
        Rpm("client", "2-1", requires=("api = 2",)),
        Rpm("broken", "1-1", requires=("nosuch-thing",)),
    )
    planned = gate.decide(check=True)
    assert not planned["failed"], planned["msg"]
    assert not (tmp_path / "decision.json").exists()
    result = gate.decide()
    assert moves(result) == {"library-2-1": STABLE, "client-2-1": STABLE, "broken-1-1": QUARANTINE}
    assert "nosuch-thing" in " ".join(held(result)["broken-1-1"]["because"])
    assert result["held"][0]["owner"] == "kojiadmin"
    assert result["decision"]["exact"] and result["decision"] == planned["decision"]
    again = gate.decide()
    assert (again["changed"], again["candidate"]) == (False, result["candidate"])
    gate.move(result["decision"]["moves"])
    gate.regenerate()
    last = gate.decide()
    assert (moves(last), last["candidate"]) == ({}, None)
    assert gate.hub.builds_of(PENDING) == [] and gate.hub.builds_of(QUARANTINE) == ["broken-1-1"]


def test_who_was_held_comes_back_when_what_he_lacked_is_there(gate):
    gate.build(PENDING, Rpm("user", requires=("tool",)))
    first = gate.decide()
    assert moves(first) == {"user-1-1": QUARANTINE}
    gate.move(first["decision"]["moves"])
    gate.build(PENDING, Rpm("tool"))
    second = gate.decide()
    assert moves(second) == {"user-1-1": STABLE, "tool-1-1": STABLE} and held(second) == {}


def test_a_build_that_would_break_stable_is_held_alone(gate):
    gate.build(PENDING, Rpm("library", "2-1"), Rpm("other"))
    result = gate.decide()
    assert moves(result) == {"library-2-1": QUARANTINE, "other-1-1": STABLE}
    assert "client" in " ".join(held(result)["library-2-1"]["because"])


def test_what_can_be_closed_and_not_installed_is_held(gate):
    gate.build(PENDING, Rpm("rival", conflicts=("library",)), Rpm("both", requires=("rival", "api = 1")))
    assert held(gate.decide())["both-1-1"]["check"] == "installability"
    assert "both-1-1" not in held(gate.decide(checks=["closure"]))


def test_an_older_build_is_held_unless_somebody_answers_for_it(gate, tmp_path):
    gate.build(PENDING, Rpm("client", "0-1"))
    result = gate.decide()
    assert held(result)["client-0-1"]["because"] == ["client-0-1 is older than client-1-1, which is there"]
    waiver = {
        "waives": "pending-upgrade-path",
        "package": "client",
        "owner": "jane",
        "reason": "back",
        "until": "2999-01-01",
    }
    (tmp_path / "waivers.yml").write_text(yaml.safe_dump([waiver]))
    assert "client-0-1" not in held(gate.decide(waivers=[str(tmp_path / "waivers.yml")]))


def test_a_file_of_another_package_is_a_conflict_only_with_other_content(gate):
    gate.build(
        PENDING,
        Rpm("thief", files=("/usr/lib/library",)),
        Rpm("one", files=("/usr/lib/x",)),
        Rpm("second", files=("/usr/lib/x",)),
        Rpm("twin", files=("/usr/lib/one", "/usr/lib/y")),
    )
    result = gate.decide()
    assert held(result)["thief-1-1"]["because"] == [
        "/usr/lib/library of thief-1-1.noarch is not that of library-1-1.noarch"
    ]
    assert held(result)["second-1-1"]["because"] == ["/usr/lib/x of second-1-1.noarch is not that of one-1-1.noarch"]
    assert moves(result)["one-1-1"] == STABLE and moves(result)["twin-1-1"] == STABLE
    assert not result["decision"]["exact"]


def test_a_later_build_takes_the_place_of_an_earlier_one(gate):
    gate.build(PENDING, Rpm("tool", "1-1"), Rpm("tool", "2-1"))
    result = gate.decide()
    assert moves(result) == {"tool-1-1": QUARANTINE, "tool-2-1": STABLE}
    assert held(result)["tool-1-1"]["check"] == "superseded"


def test_a_repository_that_lags_is_not_decided_on(gate):
    gate.build(PENDING, Rpm("tool"))
    gate.build(STABLE, Rpm("client", "3-1"))
    assert "does not show client-3-1 yet" in gate.decide()["msg"]


@pytest.mark.skipif(shutil.which("rpmlint") is None, reason="rpmlint is not installed")
def test_builds_with_errors_of_rpmlint_are_held_unless_they_are_filtered(gate, tmp_path):
    (tmp_path / "strict.toml").write_text("Filters = ['W: ']\n[Scoring]\n")
    (tmp_path / "filtered.toml").write_text("Filters = ['.*']\n")
    gate.build(PENDING, Rpm("tool", files=("/home/tool",)))
    asked = ["closure", "rpmlint"]
    result = gate.decide(checks=asked, rpmlint_config=str(tmp_path / "strict.toml"))
    assert held(result)["tool-1-1"]["check"] == "rpmlint", result.get("msg")
    assert "/home/tool" in " ".join(held(result)["tool-1-1"]["because"])
    assert moves(gate.decide(checks=asked, rpmlint_config=str(tmp_path / "filtered.toml"))) == {"tool-1-1": STABLE}
    waiver = {"waives": "pending-rpmlint", "package": "tool", "owner": "o@example.org", "reason": "r"}
    (tmp_path / "waivers.json").write_text(json.dumps([{**waiver, "until": "2040-01-01"}]))
    assert moves(gate.decide(checks=asked, waivers=[str(tmp_path / "waivers.json")])) == {"tool-1-1": STABLE}
    assert moves(gate.decide(checks=["closure"])) == {"tool-1-1": STABLE}


def test_unsigned_builds_are_held(gate, tmp_path):
    home = tmp_path / "gnupg"
    home.mkdir(mode=0o700)
    gpg = ["gpg", "--homedir", home, "--batch", "--quiet"]
    subprocess.run([*gpg, "--passphrase", "", "--quick-gen-key", "lab@example.org", "rsa2048"], check=True)
    exported = subprocess.run([*gpg, "--armor", "--export"], capture_output=True, check=True).stdout
    subprocess.run(["gpgconf", "--homedir", home, "--kill", "gpg-agent"], check=False)
    (tmp_path / "key.asc").write_bytes(exported)
    gate.build(PENDING, Rpm("tool"))
    result = gate.decide(checks=["closure", "signatures"], public_key=str(tmp_path / "key.asc"))
    assert held(result)["tool-1-1"]["check"] == "signatures", result.get("msg")
    assert "set public_key" in gate.decide(checks=["signatures"])["msg"]


def test_what_is_missing_is_said(gate):
    assert "has no tag nowhere" in gate.decide(pending="nowhere")["msg"]
    assert "must be three tags" in gate.decide(pending=STABLE)["msg"]
