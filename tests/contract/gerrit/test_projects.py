# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Projects: made once, with a branch that changes can be proposed for."""

from __future__ import annotations

import pytest
from gerrit_double import PASSWORD, USER
from stage.modules import run_module


@pytest.fixture
def project(double):
    login = {"gerrit_url": double.url, "gerrit_username": USER, "gerrit_password": PASSWORD, "retries": 0}
    return lambda check=False, **options: run_module(
        "gerrit_project", check, **{**login, "project": "packages/new-distgit", **options}
    )


def test_made_once_with_its_branch(project, double):
    planned = project(check=True)
    assert planned["changed"] and not planned["existed"] and not double.repository("packages/new-distgit").exists()
    made = project(description="Packaging of new")
    assert made["changed"] and made["actions"] == planned["actions"], made
    assert double.git("packages/new-distgit", "branch") == "* rpm-master"
    again = project()
    assert not again["changed"] and again["existed"]


def test_somebody_who_was_faster_is_no_error(project, double):
    double.answers["PUT", ".*new-distgit"] = (409, "text/plain", 'Project "packages/new-distgit" already exists')
    refused = project()
    assert refused["failed"] and "already exists" in refused["msg"], refused
    double.answers.clear()
    double.holds["PUT", ".*new-distgit"] = "after"
    lost = project(timeout=2)
    double.holds.clear()
    double.released.set()
    assert lost["failed"] or lost["changed"]
    assert not project()["changed"]


@pytest.mark.parametrize("name", ["../x", "a//b", "a.git", "a/", "-x", "a b"])
def test_names_that_cannot_be(project, name):
    found = project(project=name)
    assert found["failed"] and "cannot be a project or branch" in found["msg"], found
