# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a name chooses is looked at before anything is made; check mode makes nothing at all."""

from __future__ import annotations

import os

import pytest
from stage.quickstart import Quickstart


@pytest.fixture
def quickstart(tmp_path):
    return Quickstart(tmp_path / "quickstart")


@pytest.mark.parametrize(
    ("profile", "fault", "said"),
    [
        ("keystonee", "", "There is no profile keystonee. There are: cloud, glance, keystone, libraries, volume."),
        ("../x", "", "There is no profile ../x."),
        (None, "biuld", "There is no fault biuld. There are: build, closure, scenario, packaging, vote."),
        ("keystone", "closure", "There is no fault closure. There are: status, signature, requires, default, packed."),
        ("glance", "closure", "There is no fault closure. There are: none."),
    ],
)
def test_a_name_that_is_none_is_told_with_those_there_are(quickstart, profile, fault, said):
    # Of an earlier run: its report is not this one's.
    (quickstart.folder / "run").mkdir(parents=True)
    (quickstart.folder / "run" / "report.txt").write_text("promoted long ago\n")
    status, output = quickstart.play(fault, **({"PROFILE": profile} if profile else {}))
    assert status != 0
    assert said in output
    assert "promoted long ago" not in output
    assert sorted(path.name for path in quickstart.folder.rglob("*")) == ["report.txt", "run"]


@pytest.mark.parametrize("profile", ["libraries", "keystone", "glance", "volume", "cloud"])
def test_check_mode_makes_nothing(quickstart, profile):
    status, output = quickstart.play("", "--check", PROFILE=profile)
    assert status == 0, output
    assert "there is nothing yet" in output
    assert "upstream-tests" in output
    assert not quickstart.folder.exists()


def test_an_upgrade_where_nothing_is_deployed_is_refused(quickstart):
    status, output = quickstart.play(UPGRADE="1")
    assert status != 0
    assert "The profile libraries deploys no service that could be upgraded." in output
    assert not quickstart.folder.exists()


def test_a_host_that_can_not_build_is_told_before_anything_is_made(quickstart, tmp_path):
    for name in ("bash", "cat", "date", "dirname", "git", "mktemp", "rm", "sed", "setpriv", "sh", "tar"):
        for folder in ("/usr/bin", "/bin"):
            if os.path.exists(f"{folder}/{name}") and not (tmp_path / name).exists():
                (tmp_path / name).symlink_to(f"{folder}/{name}")
    status, output = quickstart.play(PATH=str(tmp_path))
    assert status != 0
    for name in ("bwrap", "createrepo_c", "dnf", "rpmbuild"):
        assert f"The program {name} is not installed" in output
    assert not quickstart.folder.exists()
