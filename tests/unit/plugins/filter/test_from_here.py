# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.rdo.releng.plugins.filter.from_here import FilterModule

from_here = FilterModule().filters()["from_here"]


@pytest.mark.parametrize(
    "path, meant",
    [
        ("candidate.json", "/srv/run/candidate.json"),
        ("../rdoinfo", "/srv/rdoinfo"),
        (".", "/srv/run"),
        ("a:b/c@d", "/srv/run/a:b/c@d"),
    ],
)
def test_a_relative_path_is_of_the_callers_folder(monkeypatch, path, meant):
    monkeypatch.setenv("PWD", "/srv/run")
    assert from_here(path) == meant


@pytest.mark.parametrize(
    "given",
    [
        "/srv/candidate.json",
        "~/candidate.json",
        "https://logs.example.org/candidate.json",
        "file:///srv/rdoinfo",
        "git@review.example.org:rdoinfo",
        "",
        {"promotions": {}},
        [],
        None,
    ],
)
def test_what_is_no_relative_path_stays(monkeypatch, given):
    monkeypatch.setenv("PWD", "/srv/run")
    assert from_here(given) == given
