# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pathlib
import re

import pytest
import yaml

from ansible_collections.rdo.releng.plugins.module_utils._gate.criteria import Group, load_criteria
from ansible_collections.rdo.releng.plugins.module_utils._gate.waivers import parse_waivers
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput, NotFound

ROOT = pathlib.Path(__file__).resolve().parents[5]
REAL = pathlib.Path(os.environ.get("RELENG_SHARED", ROOT.parent / "shared")) / "data" / "criteria"


def load(text):
    return load_criteria(yaml.safe_load(text), "criteria.yaml")


def real(name):
    path = REAL / name
    if not path.exists():
        pytest.skip(f"{name}: no such file in {REAL}")
    return load_criteria(yaml.safe_load(path.read_text()), name)


def test_a_promoter_file_loads_as_it_is():
    criteria = real("promoter-wallaby.yaml")
    assert set(criteria.targets) == {"current-tripleo", "current-tripleo-rdo"}
    target = criteria.target("current-tripleo", [])
    assert len(target.jobs()) == 27
    assert target.candidate_label == "tripleo-ci-testing"
    assert target.alternatives["periodic-tripleo-ci-centos-9-scenario010-kvm-standalone-wallaby"] == (
        "periodic-tripleo-ci-centos-9-scenario010-kvm-internal-standalone-wallaby",
    )
    assert {"api_url", "latest_hashes_count", "ppc_manifests"} <= set(criteria.unused)


def test_a_component_file_loads_as_it_is():
    criteria = real("component-master.yaml")
    cinder = criteria.target("promoted-components", ["cinder"])
    assert len(cinder.jobs()) == 3
    assert cinder.jobs() < criteria.target("promoted-components", ["swift", "cinder"]).jobs()
    assert "promote_from" in criteria.unused
    with pytest.raises(NotFound, match="no component sinder.*cinder"):
        criteria.target("promoted-components", ["sinder"])
    with pytest.raises(NotFound, match="by component"):
        criteria.target("promoted-components", [])


def test_a_podified_file_loads_as_it_is():
    criteria = real("podified-master.yaml")
    assert len(criteria.target("current-podified", ["podified"]).jobs()) == 4
    assert criteria.unused == ()


def test_defaults_that_are_laid_under_a_promoter_file_may_stand_in_it():
    """rdo-infra's promoter lays the defaults of its environments under each file, and theirs have more keys."""
    criteria = load(
        """
        release: master
        dockerfile_root: dockerfiles/
        config_root: config
        log_level: INFO
        default_qcow_server: promoter
        containers: {build_method: tripleo, container_preffix: openstack-}
        dlrn: {components: [nova], promotion_target: current-tripleo, server: {port: 58080}}
        promotions: {current-tripleo: {candidate_label: tripleo-ci-testing, criteria: [job-1]}}
        """
    )
    assert criteria.target("current-tripleo", []).jobs() == {"job-1"}
    assert {"dockerfile_root", "config_root", "dlrn"} <= set(criteria.unused)


@pytest.mark.parametrize("jobs", ["{job-1: null, job-2: null}", "[job-1, job-2]"])
def test_older_promoter_files_with_their_settings_below_main_load(jobs):
    criteria = load(
        f"""
        main: {{api_url: "https://trunk.example.org/api", distro_version: "8", dry_run: "no", release: master}}
        promote_from: {{current-tripleo: tripleo-ci-testing, current-tripleo-rdo: current-tripleo}}
        current-tripleo: {jobs}
        current-tripleo-rdo: [job-3]
        """
    )
    assert criteria.target("current-tripleo", []).jobs() == {"job-1", "job-2"}
    assert criteria.target("current-tripleo-rdo", ["nova"]).jobs() == {"job-3"}
    assert criteria.unused == ("main.api_url", "main.distro_version", "main.dry_run", "main.release", "promote_from")


def test_the_guide_shows_what_loads():
    """docs/promotion-gate.md: the first block is criteria, the second waivers."""
    guide = (ROOT / "docs" / "promotion-gate.md").read_text()
    criteria, waivers, *_others = re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL)
    assert load(criteria).target("current-passed-ci", []).max_age == 7 * 86400
    assert parse_waivers(yaml.safe_load(waivers), "docs")[0].label == "current-passed-ci"


OURS = """
promotions:
  current-passed-ci:
    candidate_label: current-passed-ci-testing
    criteria:
      - unit
      - any: [packstack, puppet]
      - at_least: {count: 2, of: [a, b, {all: [c, d]}]}
    alternative_criteria: {unit: [unit-elsewhere]}
    max_age: 36h
    distros: [el10s, el9s]
    any_success: true
    accept_unbound: true
"""


def test_everything_that_can_be_asked_for():
    target = load(OURS).target("current-passed-ci", ["common"])
    assert target.requirements == (
        "unit",
        Group("any", 1, ("packstack", "puppet")),
        Group("at_least", 2, ("a", "b", Group("all", 2, ("c", "d")))),
    )
    assert target.jobs() == {"unit", "packstack", "puppet", "a", "b", "c", "d"}
    assert (target.max_age, target.distros) == (36 * 3600, ("el10s", "el9s"))
    assert target.any_success
    assert target.accept_unbound


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("90s", 90), ("5m", 300), ("2d", 172800), ("1w", 604800)])
def test_ages(text, seconds):
    assert load(f"promotions: {{t: {{criteria: [a], max_age: {text}}}}}").target("t", []).max_age == seconds


def test_an_alternative_for_a_job_that_is_not_asked_for_is_reported():
    criteria = load("promotions: {t: {criteria: [a], alternative_criteria: {b: [c]}}}")
    assert criteria.unused == ("promotions.t.alternative_criteria.b",)


def test_an_unknown_target_names_those_there_are():
    with pytest.raises(NotFound, match="'current-passed'.*current-passed-ci"):
        load(OURS).target("current-passed", [])


DEEP = "{any: [" * 7 + "a" + "]}" * 7


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ["criteria.yaml", "mapping"]),
        ("just words", ["criteria.yaml", "just words"]),
        ("[a, b]", ["criteria.yaml", "mapping"]),
        ("release: master", ["no target"]),
        ("promotion: {t: {criteria: [a]}}", ["'promotion'", "'promotions'"]),
        ("promotions: [t]", ["promotions", "mapping"]),
        ("promotions: {}", ["promotions", "empty"]),
        ("promotions: {t: {criteria: [a]}}\nlog_levle: INFO", ["'log_levle'", "'log_level'"]),
        ("allowed_client: [a]", ["'allowed_client'", "'allowed_clients'"]),
        ("promotions: {t: [a]}", ["promotions.t", "mapping"]),
        ("promotions: {t: {criterai: [a]}}", ["promotions.t", "'criterai'", "'criteria'"]),
        ("promotions: {t: {criteria: []}}", ["promotions.t.criteria", "empty"]),
        ("promotions: {t: {candidate_label: x}}", ["promotions.t.criteria", "None"]),
        ("promotions: {t: {criteria: }}", ["promotions.t.criteria", "commented out"]),
        ("current-podified:", ["current-podified", "no jobs", "commented out"]),
        ("promotions: {t: {criteria: [a]}}\nu: {criteria: [b]}", ["'u'", "indent it below promotions"]),
        ("promotions:\nu: {criteria: [b]}", ["'u'", "indent it below promotions"]),
        ("u: {candidate_label: x, criteria: [b]}", ["'u'", "indent it below promotions"]),
        ("promotions: {t: , criteria: [a]}", ["criteria", "indent it below the target"]),
        ("promotions: {t: {candidate_label: x}}\ncriteria: [a]", ["'criteria'", "indent it below a target"]),
        ("main: {release: master, log_levle: INFO}\nt: [a]", ["main", "'log_levle'", "'log_level'"]),
        ("main: [release]\nt: [a]", ["main", "mapping"]),
        ("main: {release: master}\npromote_from: {t: x}", ["no target"]),
        ("main: {release: master}\nt: {a: , b: [c]}", ["t.a", "no jobs"]),
        ("promotions: {t: {criteria: a}}", ["promotions.t.criteria", "'a'"]),
        ("promotions: {t: {criteria: [7]}}", ["promotions.t.criteria[0]", "7"]),
        ("promotions: {t: {criteria: [a, '']}}", ["promotions.t.criteria[1]"]),
        ('promotions: {t: {criteria: ["a\\nb"]}}', ["promotions.t.criteria[0]", "one line"]),
        ("promotions: {t: {criteria: [[a]]}}", ["promotions.t.criteria[0]"]),
        ("promotions: {t: {criteria: [{any: [a], all: [b]}]}}", ["criteria[0]", "all, any"]),
        ("promotions: {t: {criteria: [{anny: [a]}]}}", ["'anny'", "'any'"]),
        ("promotions: {t: {criteria: [{any: []}]}}", ["criteria[0].any", "empty"]),
        ("promotions: {t: {criteria: [{at_least: [a]}]}}", ["criteria[0].at_least", "mapping"]),
        ("promotions: {t: {criteria: [{at_least: {count: 3, of: [a, b]}}]}}", ["count is 3", "1 to 2"]),
        ("promotions: {t: {criteria: [{at_least: {count: 2, of: [a, a]}}]}}", ["count is 2", "1 to 1"]),
        ("promotions: {t: {criteria: [{at_least: {count: 0, of: [a]}}]}}", ["count is 0"]),
        ("promotions: {t: {criteria: [{at_least: {count: true, of: [a]}}]}}", ["count is True"]),
        ("promotions: {t: {criteria: [{at_least: {count: 1, ofs: [a]}}]}}", ["'ofs'", "'of'"]),
        (f"promotions: {{t: {{criteria: [{DEEP}]}}}}", ["deep"]),
        ("promotions: {t: {criteria: &c [any: *c]}}", ["deep"]),
        ("promotions: {t: {criteria: [a], alternative_criteria: [b]}}", ["alternative_criteria", "mapping"]),
        ("promotions: {t: {criteria: [a], alternative_criteria: {a: b}}}", ["alternative_criteria.a", "'b'"]),
        ("promotions: {t: {criteria: [a], alternative_criteria: {a: [{any: [b]}]}}}", ["group"]),
        ("promotions: {t: {criteria: [a], max_age: soon}}", ["max_age", "'soon'"]),
        ("promotions: {t: {criteria: [a], max_age: 0}}", ["max_age", "0"]),
        ("promotions: {t: {criteria: [a], max_age: -5}}", ["max_age", "-5"]),
        ("promotions: {t: {criteria: [a], max_age: true}}", ["max_age", "True"]),
        ("promotions: {t: {criteria: [a], max_age: 999999w}}", ["max_age", "'999999w'", "3650d"]),
        ("promotions: {t: {criteria: [a], distros: el9s}}", ["distros", "'el9s'"]),
        ("promotions: {t: {criteria: [a], distros: [9]}}", ["distros", "9"]),
        ('promotions: {t: {criteria: [a], any_success: "yes"}}', ["any_success", "'yes'"]),
        ("promotions: {t: {criteria: [a], accept_unbound: 1}}", ["accept_unbound", "1"]),
        ("current: {nova: [a], glance: }", ["current.glance", "no jobs", "commented out"]),
        ("current: {nova: , glance: }", ["current.nova", "no jobs"]),
        ("current: {nova: [a], glance: b}", ["'current'"]),
        ("current: {nova: []}", ["current.nova", "empty"]),
        ("7: [a]", ["7"]),
    ],
)
def test_malformed_criteria_are_named(text, said):
    with pytest.raises(InvalidInput) as caught:
        load(text)
    assert [part for part in said if part not in caught.value.message] == [], caught.value.message
