# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""clean_root_upgrade with the real dnf: what it changes in a root, what it leaves, and what is not an upgrade."""

from __future__ import annotations

import json

import pytest
from stage.modules import run_module
from stage.rpms import Rpm, build_repository

OLD = [
    Rpm("server", "1-1", requires=("library",), files=("/usr/share/server",)),
    Rpm("library", "1-1"),
    Rpm("same", "3-1"),
    Rpm("tools", "1-1"),
]
NEW = [
    Rpm("server", "2-1", requires=("library >= 2", "extra"), files=("/usr/share/server",)),
    Rpm("library", "2-1"),
    Rpm("extra", "1-1"),
    Rpm("same", "3-1"),
    Rpm("utilities", "1-1", obsoletes=("tools < 2",), provides=("tools = 2",)),
]


@pytest.fixture(scope="module")
def repositories(tmp_path_factory):
    """Folders of repositories, by name."""
    folder = tmp_path_factory.mktemp("repositories")
    return {
        "old": build_repository(folder / "old", OLD, "old"),
        "new": build_repository(folder / "new", NEW, "new"),
        "older": build_repository(folder / "older", [Rpm("same", "3-1"), Rpm("library", "0.9-1")], "older"),
        "broken": build_repository(folder / "broken", [Rpm("server", "2-1", requires=("nobody",))], "broken"),
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory, repositories):
    """Holds a root of old packages, in which something was left since. The tests follow each other on it."""
    path = tmp_path_factory.mktemp("roots")
    assert not make(path, repositories)["failed"]
    (path / "root" / "kept").write_text("data")
    return path


def options(folder, repositories, *names):
    return {
        "path": str(folder / "root"),
        "repositories": [{"id": name, "baseurl": f"file://{repositories[name]}"} for name in names],
        "log": str(folder / "dnf.log"),
        "cache": str(folder / "cache"),
    }


def make(folder, repositories):
    return run_module("clean_root", packages=["server", "same", "tools"], **options(folder, repositories, "old"))


def upgrade(folder, repositories, *names, check=False):
    return run_module("clean_root_upgrade", check=check, **options(folder, repositories, *names))


def test_check_mode_says_what_is_upgraded_from(folder, repositories):
    planned = upgrade(folder, repositories, "new", check=True)
    assert planned["actions"] == [f"Upgrade {folder}/root from the repositories new"]
    assert json.loads((folder / "root.json").read_text())["repositories"].keys() == {"old"}


def test_nothing_newer_is_no_change_of_a_package(folder, repositories):
    assert upgrade(folder, repositories, "old")["changes"] == []


def test_older_packages_are_no_upgrade(folder, repositories):
    refused = upgrade(folder, repositories, "older")
    assert "not an upgrade" in refused["msg"] and "library-1-1.noarch to library-0.9-1.noarch" in refused["msg"]
    assert refused["failure"]["class"] == "not-installable"
    assert "same" not in refused["msg"]


def test_a_package_that_cannot_be_upgraded_is_not_skipped(folder, repositories):
    failed = upgrade(folder, repositories, "broken")
    assert failed["failed"]
    assert (failed["failure"]["class"], failed["failure"]["missing"]) == ("missing-requirement", ["nobody"])


def test_what_is_newer_is_installed_and_all_else_stays(folder, repositories):
    done = upgrade(folder, repositories, "new")
    assert [(one["name"], one["change"], one["before"], one["after"]) for one in done["changes"]] == [
        ("extra", "installed", None, "1-1"),
        ("library", "upgraded", "1-1", "2-1"),
        ("server", "upgraded", "1-1", "2-1"),
        ("tools", "removed", "1-1", None),
        ("utilities", "installed", None, "1-1"),
    ]
    # The package that is the same comes from there as well.
    assert {one["repository"] for one in done["installed"]} == {"new"}
    assert (folder / "root" / "kept").read_text() == "data"


def test_again_there_is_nothing_to_do(folder, repositories):
    again = upgrade(folder, repositories, "new")
    assert not again["changed"] and len(again["installed"]) == 5


def test_a_clean_root_is_made_anew_of_one_that_was_upgraded(folder, repositories):
    assert make(folder, repositories)["changed"]
    assert not (folder / "root" / "kept").exists()


def test_where_no_root_is_there_is_nothing_to_upgrade(tmp_path, repositories):
    assert f"There is no root {tmp_path}/root" in upgrade(tmp_path, repositories, "new")["msg"]
