# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lockfile may name, by the word of whoever decides."""

from __future__ import annotations

import dataclasses

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._dlrn.candidate import (
    Base,
    Candidate,
    Component,
    Dependencies,
    File,
    Scenario,
    hashed_directory,
)
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import Refused
from ansible_collections.rdo.releng.plugins.module_utils._service.promote.expectation import Expectation

TRUNK = "https://trunk.example.org/centos9-master"
COMMIT = "a" * 40
CANDIDATE = Candidate(
    kind="dlrn",
    release="master",
    distro="centos9",
    resolved_at="2026-01-31T12:00:00Z",
    source={"api_url": None, "label": None},
    components=(
        Component(
            "common", COMMIT, COMMIT, None, "2026-01-31T11:00:00Z",
            f"{TRUNK}/{hashed_directory(COMMIT, COMMIT, None, 'common')}", "b" * 64,
        ),
    ),
    dependencies=Dependencies(f"{TRUNK}/deps", "c" * 64),
    base=(Base("baseos", "https://mirror.example.org/os", "d" * 64),),
    scenarios=(Scenario("packstack", "https://git.example.org/packstack", COMMIT),),
)  # fmt: skip
SAID = {
    "trunk_urls": [f"{TRUNK}/"],
    "scenarios": [{"name": "packstack", "repository": "https://git.example.org/packstack", "version": "master"}],
    "base": [{"id": "baseos", "url": "https://mirror.example.org/os/", "drift": "record"}],
    "dependencies": f"{TRUNK}/deps",
}


def check(**change):
    return Expectation.from_params({**SAID, **change}).check(CANDIDATE)


def test_what_was_said_is_in_it():
    assert check() == []


def test_what_nobody_said_anything_about_is_named():
    assert Expectation().check(CANDIDATE) == [
        f"component common {CANDIDATE.components[0].repo_url}",
        f"dependencies {TRUNK}/deps",
        "base repository baseos https://mirror.example.org/os",
        "scenario packstack https://git.example.org/packstack",
    ]
    assert check(scenarios=[]) == ["scenario packstack https://git.example.org/packstack"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"trunk_urls": ["https://trunk.example.org/centos9"]}, "component common"),
        ({"trunk_urls": [f"{TRUNK}-other"]}, "component common"),
        ({"dependencies": f"{TRUNK}/other"}, f"dependencies {TRUNK}/deps"),
        ({"base": [{"id": "appstream", "url": "https://mirror.example.org/os"}]}, "none of that name"),
        ({"base": [{"id": "baseos", "url": "https://mirror.example.org"}]}, "base repository baseos"),
        ({"scenarios": [{"name": "packstack", "repository": "https://git.example.org"}]}, "scenario packstack"),
        ({"scenarios": [{"name": "other", "repository": "https://git.example.org/packstack"}]}, "none of that name"),
    ],
)
def test_anything_else_is_refused(change, words):
    with pytest.raises(Refused, match="what was not expected") as caught:
        check(**change)
    assert words in caught.value.message


def test_files_lie_below_an_address_as_well():
    files = dataclasses.replace(
        CANDIDATE, kind="files", source={}, components=(), files=(File("x", f"{TRUNK}/x.img", "e" * 64),)
    )
    assert Expectation.from_params(SAID).check(files) == []
    with pytest.raises(Refused, match="file x"):
        Expectation.from_params({**SAID, "trunk_urls": ["https://other.example.org"]}).check(files)
