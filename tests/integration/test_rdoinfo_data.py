# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reader on all of the real rdoinfo, beside the library distroinfo."""

from __future__ import annotations

import os
import pathlib

import pytest
from distroinfo.info import DistroInfo

from ansible_collections.rdo.releng.plugins.module_utils._release.rdoinfo import Cache, Folder, Rdoinfo

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = pathlib.Path(os.environ.get("RELENG_SHARED", ROOT.parent / "shared")) / "data" / "rdoinfo"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"the real rdoinfo is not there: {DATA} (RELENG_SHARED)")


@pytest.fixture(scope="module")
def info() -> Rdoinfo:
    return Rdoinfo.read(Folder(str(DATA)))


@pytest.mark.parametrize("tag", [None, "epoxy"])
def test_every_package_and_release_is_as_distroinfo_has_it(info, tag):
    theirs = DistroInfo("rdo-full.yml", local_info=str(DATA)).get_info(apply_tag=tag)
    assert list(info.packages(tag).values()) == theirs["packages"]
    assert list(info.releases.values()) == theirs["releases"]
    assert info.components == [component["name"] for component in theirs["components"]]


def test_from_the_cache_it_is_the_same(info, tmp_path):
    cache = Cache(str(tmp_path))
    for _time in range(2):
        again = Rdoinfo.read(Folder(str(DATA)), cache=cache)
        assert again.packages() == info.packages()
        assert again.buildsys_tags == info.buildsys_tags
    assert len(list(tmp_path.iterdir())) == 1


def test_every_build_of_every_tag_is_there(info):
    # grep -c ' cloud[0-9]*s\?-.*: .' buildsys-tags/*.yml counts 28,365 rows in 67 files; one package and tag is
    # written twice, so that there are 28,364 builds.
    rows = [
        line for path in (DATA / "buildsys-tags").glob("cloud*.yml") for line in path.read_text().splitlines()
        if line.startswith("    cloud") and not line.endswith(":")
    ]  # fmt: skip
    builds = [f"    {tag}: {nvr}" for tag, packages in info.buildsys_tags.items() for nvr in packages.values()]
    assert sorted(set(rows)) == sorted(builds)
