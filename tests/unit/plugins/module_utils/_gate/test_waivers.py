# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime

import pytest
import yaml

from ansible_collections.rdo.releng.plugins.module_utils._gate.waivers import parse_waivers
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput

GOOD = {
    "waives": "scenario001",
    "label": "current-passed-ci",
    "owner": "jane",
    "reason": "the mirror is down",
    "until": "2026-11-30",
}


def moment(text):
    return datetime.datetime.fromisoformat(text).timestamp()


def test_a_day_holds_to_its_end():
    (waiver,) = parse_waivers([GOOD], "waivers.yaml")
    assert not waiver.is_expired(moment("2026-11-30T23:59:59+00:00"))
    assert waiver.is_expired(moment("2026-12-01T00:00:00+00:00"))
    assert waiver.as_data() == GOOD


@pytest.mark.parametrize(
    "until",
    ["2026-11-30T18:00:00Z", "2026-11-30 18:00:00", "2026-11-30T19:00:00+01:00"],
)
def test_a_time_is_exact_and_utc_unless_it_says_otherwise(until):
    (waiver,) = parse_waivers([{**GOOD, "until": until}], "waivers.yaml")
    assert not waiver.is_expired(moment("2026-11-30T17:59:59+00:00"))
    assert waiver.is_expired(moment("2026-11-30T18:00:00+00:00"))


def test_what_yaml_makes_of_dates_and_numbers():
    text = "[{waives: a, package: nova, owner: jane, reason: r, bug: 1234, until: 2026-11-30}]"
    (waiver,) = parse_waivers(yaml.safe_load(text), "waivers.yaml")
    assert (waiver.until, waiver.bug, waiver.package) == ("2026-11-30", "1234", "nova")
    assert parse_waivers(yaml.safe_load(text.replace("11-30}", "11-30T18:00:00Z}")), "w")[0].is_expired(
        moment("2026-11-30T18:00:00+00:00")
    )


def test_no_waivers():
    assert parse_waivers(None, "waivers.yaml") == []
    assert parse_waivers([], "waivers.yaml") == []


def without(key):
    return {name: value for name, value in GOOD.items() if name != key}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"waives": "a"}, ["waivers.yaml", "a mapping", "a list"]),
        ("scenario001", ["waivers.yaml", "scenario001"]),
        ([GOOD, "scenario001"], ["Waiver 2 of waivers.yaml", "scenario001"]),
        ([GOOD, None], ["Waiver 2 of waivers.yaml", "nothing"]),
        ([{**GOOD, "resaon": "x"}], ["Waiver 1", "'resaon'", "'reason'"]),
        ([{**GOOD, 7: "x"}], ["Waiver 1", "7"]),
        ([without("owner")], ["Waiver 1", "owner"]),
        ([without("reason")], ["Waiver 1", "reason"]),
        ([without("until")], ["Waiver 1", "until"]),
        ([without("waives")], ["Waiver 1", "waives"]),
        ([without("label")], ["Waiver 1", "candidate, label or package"]),
        ([{**GOOD, "package": "nova"}], ["Waiver 1", "'label', 'package'"]),
        ([{**GOOD, "owner": ""}], ["Waiver 1", "owner", "''"]),
        ([{**GOOD, "reason": ["x"]}], ["Waiver 1", "reason", "['x']"]),
        ([{**GOOD, "waives": True}], ["Waiver 1", "waives", "True"]),
        ([{**GOOD, "until": "next week"}], ["Waiver 1", "until", "'next week'"]),
        ([{**GOOD, "until": "2026-13-01"}], ["Waiver 1", "until", "'2026-13-01'"]),
        ([{**GOOD, "until": "9999-12-31"}], ["Waiver 1", "until"]),
        ([{**GOOD, "until": 20261130}], ["Waiver 1", "until", "20261130"]),
        ([{**without("label"), "candidate": "abc"}], ["Waiver 1", "candidate", "'abc'", "64"]),
    ],
)
def test_a_malformed_waiver_is_named(data, said):
    with pytest.raises(InvalidInput) as caught:
        parse_waivers(data, "waivers.yaml")
    assert [part for part in said if part not in caught.value.message] == []
