# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes in the real rdoinfo, and changes to its files."""

from __future__ import annotations

import collections
import datetime
import difflib
import os
import pathlib
import random

import pytest
import yaml

from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput
from ansible_collections.rdo.releng.plugins.module_utils._release.rdoinfo import Folder
from ansible_collections.rdo.releng.plugins.module_utils._release.rdoinfo_edit import TagFile
from ansible_collections.rdo.releng.plugins.module_utils._release.rdoinfo_lint import lint

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = pathlib.Path(os.environ.get("RELENG_SHARED", ROOT.parent / "shared")) / "data"
DATA = SHARED / "rdoinfo"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"the real rdoinfo is not there: {DATA} (RELENG_SHARED)")


def test_the_real_mistakes_are_found_and_nothing_else():
    series = yaml.safe_load((SHARED / "deliverables" / "series_status.yaml").read_text())
    findings = lint(Folder(str(DATA)), datetime.date(2026, 7, 15), series=series)
    places = collections.defaultdict(list)
    for finding in findings:
        places[finding.rule].append(f"{finding.file}:{finding.line}")
    assert {rule: found for rule, found in places.items() if rule not in ("nvr-name", "nvr-dist")} == {
        # Another tag than that of its file, python-keyczar and python-googleapis-common-protos.
        "wrong-file": [
            "buildsys-tags/cloud7-openstack-train-el7-build.yml:142",
            "buildsys-tags/cloud8s-openstack-yoga-el8-build.yml:235",
        ],
        # The latter is also in the file where it belongs, as it should be.
        "repeated-build": ["buildsys-tags/cloud8s-openstack-yoga-testing.yml:1351"],
        # project: stevedore with name: python-stevedore in rdo.yml, project: python-stevedore in deps.yml; four more.
        "repeated-name": ["deps.yml:2219", "deps.yml:2222", "deps.yml:2228", "deps.yml:2231", "deps.yml:2234"],
        "repeated-project": ["deps.yml:2877"],  # python-markupsafe, also on line 1568
        # flamingo is out since 2025-10-01; dalmatian, bobcat and wallaby have an eol-date; caracal is unmaintained.
        "status": ["rdo.yml:5", "rdo.yml:84", "rdo.yml:108", "rdo.yml:132", "rdo.yml:287"],
        # "- name: CentOS Stream 9 CRB", with no url below, for eight distros; "CentOS 7 Extras" of train.
        "missing-key": [f"rdo.yml:{line}" for line in (26, 42, 66, 82, 106, 130, 154, 178, 449)],
        # "RDO Zed el9s" in antelope; the URL of openstack-xena in wallaby.
        "copied-name": ["rdo.yml:170", "rdo.yml:335"],
        "maintainer": ["rdo.yml:1732", "rdo.yml:2777"],  # two ways to misspell one domain
        "unknown-key": ["tags/antelope.yml:86"],  # source_branch: master
        "pin": ["tags/antelope.yml:1045"],  # source-branch: antelope
        # ovn-bgp-agent in antelope follows stable/2023.2, sushy-oem-idrac in ussuri stable/victoria.
        "pin-release": ["tags/antelope.yml:638", "tags/ussuri.yml:1129"],
    }
    # grep -nE '\.fc3[23]$' buildsys-tags/cloud*: 5 rows; '\.el9s$' in cloud8s-*: 1; 'python-os-faults-0.2.7-2$': 2.
    assert len(places["nvr-dist"]) == 8
    # grep -A2 'project: python-edengrid$' (rubygem-parallel, ansible-core, python3-pytest-asyncio, python-sqlalchemy)
    # shows under what other name each is built, and how often.
    wrong = collections.Counter(finding.suggestion.split(",")[0] for finding in findings if finding.rule == "nvr-name")
    assert wrong == {
        "name the package openstack-ansible-core": 18,
        "name the package python-edgegrid": 17,
        "name the package rubygem-parallel": 14,
        "name the package python-pytest-asyncio": 7,
        "name the package python-sqlalchemy13": 1,
    }


def changed_lines(before: str, after: str) -> list[str]:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return [line for line in lines if line[0] in "+-" and not line.startswith(("+++", "---"))]


FILES = sorted([*(DATA / "tags").glob("*.yml"), *(DATA / "buildsys-tags").glob("cloud9s-*.yml")])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_change_touches_its_lines_and_taking_it_back_restores_every_byte(path):
    text, section, tag = path.read_text(), path.parent.name, path.stem
    try:
        file = TagFile(text, section, path.name)
    except InvalidInput as error:
        pytest.skip(error.message)
    assert file.text == text
    rows = [row["project"] for row in yaml.load(text, yaml.CSafeLoader)["packages"] or []]
    choose = random.Random(path.stem)
    for project in [*choose.sample(rows, min(1, len(rows))), choose.choice(["a-new-one", "zz-top"])]:
        file = TagFile(text, section, path.name)
        file.pin(project, "another-tag", "1.0.0")
        assert 1 <= len(changed_lines(text, file.text)) <= 4
        assert all(line.startswith("+") for line in changed_lines(text, file.text))
        file.remove(project, "another-tag")
        assert file.text == text
        file.remove(project, tag)
        removed = changed_lines(text, file.text)
        assert all(line.startswith("-") for line in removed) and bool(removed) == (project in rows)
