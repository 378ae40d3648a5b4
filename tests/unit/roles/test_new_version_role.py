# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role new_version takes for behind."""

from __future__ import annotations

import pathlib

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

ROLE = pathlib.Path(__file__).resolve().parents[3] / "roles" / "new_version"


@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        ({"status": "not-built", "wanted": "1.2.3"}, "1.2.3"),
        ({"status": "ready", "wanted": "1.2.3"}, None),
        ({"status": "ready", "wanted": "1.2.3", "pre_release": "2.0.0rc1"}, "2.0.0rc1"),
        ({"status": "not-released", "pre_release": "2.0.0rc1"}, "2.0.0rc1"),
        ({"status": "not-released", "pre_release": "2.0.0rc2", "pin": "2.0.0rc2"}, "2.0.0rc2"),
        # A pin counts, and one that no version can be compared with leaves nothing to propose.
        ({"status": "not-released", "pre_release": "2.0.0rc2", "pin": "2.0.0rc1"}, None),
        ({"status": "not-built", "wanted": "1.2.3", "pin": "1.2.3", "pre_release": "2.0.0rc1"}, "1.2.3"),
        ({"status": "pin-ahead", "wanted": "3.0.0", "pin": "v3.0.0"}, "3.0.0"),
        ({"status": "pin-behind", "wanted": "3.0.0", "pin": "2.0.0"}, None),
        ({"status": "not-built", "wanted": "3.0.0", "pin": "stable/3"}, None),
        ({"status": "not-built", "wanted": "3.0.0", "pin": "07c6e485f5d1886335e007889057aac9b18d45a4"}, None),
        ({"status": "unknown", "pre_release": "2.0.0rc1"}, None),
        ({"status": "no-tag", "package": None}, None),
    ],
)
def test_what_is_behind(row, wanted):
    loader = DataLoader()
    variables = {**loader.load_from_file(str(ROLE / "defaults" / "main.yml")), "new_version_release": "x"}
    variables |= loader.load_from_file(str(ROLE / "vars" / "main.yml"), trusted_as_template=True)
    variables["__new_version_status"] = {"packages": [{"package": "p", "pin": None, "pre_release": None, **row}]}
    found = Templar(loader=loader, variables=variables).template(variables["__new_version_wanted"])
    assert dict(found) == ({"p": wanted} if wanted else {})
