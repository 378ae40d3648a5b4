# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new series in a copy of the real rdoinfo."""

from __future__ import annotations

import os
import pathlib
import shutil

import pytest
from stage.modules import run_module

SHARED = pathlib.Path(os.environ.get("RELENG_SHARED", pathlib.Path(__file__).resolve().parents[3] / "shared")) / "data"

pytestmark = pytest.mark.skipif(
    not (SHARED / "rdoinfo").is_dir(), reason=f"the real rdoinfo is not there: {SHARED} (RELENG_SHARED)"
)


def test_a_series_begins_in_the_real_rdoinfo(tmp_path):
    copy = tmp_path / "rdoinfo"
    shutil.copytree(SHARED / "rdoinfo", copy, copy_function=shutil.copyfile)
    for folder in (copy, *filter(pathlib.Path.is_dir, copy.iterdir())):
        folder.chmod(0o755)
    done = run_module("rdoinfo_release", rdoinfo=copy, release="gazpacho", identifier="2026.1")
    assert not done["failed"], done
    # rdo.yml, two imports, two lists of packages and six empty tag files.
    assert len(done["files"]) == 11
    lines = done["patch"].split("\n")
    assert [line for line in lines if line.startswith("-") and not line.startswith("---")] == [
        "-- name: flamingo",
        '-  upstream_branch: "master"',
    ]
    info = run_module("rdoinfo_info", rdoinfo=copy, tag="gazpacho", gather=["packages", "releases"], cache_dir=tmp_path)
    releases = {release["name"]: release for release in info["releases"]}
    assert releases["gazpacho"]["status"] == "development"
    assert (releases["flamingo"]["status"], releases["flamingo"]["branch"]) == ("maintained", "flamingo-rdo")
    # As many as tags/flamingo.yml has.
    assert len(info["packages"]) == 249
