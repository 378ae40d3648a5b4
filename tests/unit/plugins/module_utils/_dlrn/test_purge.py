# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a purge keeps, seen with a dlrn-purge that only says what it was told."""

from __future__ import annotations

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._dlrn.purge import Purge
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput, NotFound


@pytest.fixture
def dlrn(tmp_path):
    """A DLRN with components, two commits, and the labels current and tested in one component."""
    (tmp_path / "projects.ini").write_text("[DEFAULT]\ndatadir=data\nreponame=delorean\nuse_components=True\n")
    compute = tmp_path / "data" / "repos" / "component" / "compute"
    for commit in ("old", "new"):
        (compute / commit / "repodata").mkdir(parents=True)
        (compute / commit / "repodata" / "repomd.xml").write_text("<repomd/>")
    (compute / "current").symlink_to("new")
    (compute / "tested").symlink_to("old")
    (compute / "tested_").symlink_to("old")  # cut off while it was renamed
    program = tmp_path / "dlrn-purge"
    program.write_text('#!/bin/sh\necho "$@" >> said\necho "2026-01-01 00:00:00,000 INFO:dlrn-purge:Remove /x/old"\n')
    program.chmod(0o755)
    return tmp_path


def purge(dlrn, **options):
    usual = {
        "config": str(dlrn / "projects.ini"), "older_than": 30, "keep": ["tested"], "forget": [],
        "executable": str(dlrn / "dlrn-purge"), "lock": None, "lock_timeout": 1.0, "log": None,
    }  # fmt: skip
    return Purge(**{**usual, **options})


def test_every_label_is_kept_unless_it_is_to_be_forgotten(dlrn):
    planned = purge(dlrn, check_mode=True).plan()
    assert planned.result["kept_labels"] == ["current", "tested"]
    assert planned.actions == ["remove /x/old"]
    repos = dlrn / "data" / "repos"
    said = (dlrn / "said").read_text()
    assert f"--older-than 30 -y --dry-run --exclude-dirs {repos}/current,{repos}/tested" in said
    assert purge(dlrn, keep=[], forget=["tested"]).plan().result["kept_labels"] == ["current"]


def test_a_label_whose_repository_is_gone_stops_everything(dlrn):
    (dlrn / "data/repos/component/compute/old/repodata/repomd.xml").unlink()
    with pytest.raises(NotFound, match=r"The repository of a label that must be kept is gone.*Nothing was removed"):
        purge(dlrn).plan()
    assert not (dlrn / "said").exists()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"older_than": 0}, InvalidInput, "at least 1 is needed"),
        ({"forget": ["tested"]}, InvalidInput, "kept and forgotten: tested"),
        ({"keep": ["promoted"]}, NotFound, "promoted. There are: current, tested"),
        ({"keep": ["../etc"]}, InvalidInput, "label"),
        ({"config": "/none/projects.ini"}, NotFound, "no configuration of DLRN"),
    ],
)
def test_what_can_not_be_meant_is_named_before_anything_runs(dlrn, options, error, message):
    with pytest.raises(error, match=message):
        purge(dlrn, **options).plan()
    assert not (dlrn / "said").exists()


def test_where_no_label_is_kept_there_is_nothing_to_exclude(dlrn):
    # dlrn-purge takes an empty folder for one, and breaks down.
    assert purge(dlrn, keep=[], forget=["current", "tested"]).plan().result["exclude_dirs"] == []
    assert "--exclude-dirs" not in (dlrn / "said").read_text()
