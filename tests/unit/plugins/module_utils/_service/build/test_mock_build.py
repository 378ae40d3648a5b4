# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens around mock; a program of its name stands in for one that does not end."""

from __future__ import annotations

import pathlib

import pytest
import yaml

from ansible_collections.rdo.releng.plugins.module_utils._module.errors import TimedOut
from ansible_collections.rdo.releng.plugins.module_utils._service.build.mock_build import MockBuild
from ansible_collections.rdo.releng.plugins.modules import mock_build


@pytest.fixture
def params(tmp_path, monkeypatch):
    program = tmp_path / "bin" / "mock"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\\necho it begins\\nexec sleep 1000\\n".replace("\\n", "\n"))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    (tmp_path / "a-1-1.src.rpm").touch()
    options = yaml.safe_load(mock_build.DOCUMENTATION)["options"]
    given = {"root": "el9", "srpms": [str(tmp_path / "a-1-1.src.rpm")], "result_dir": str(tmp_path / "result")}
    return {**{name: option.get("default") for name, option in options.items()}, **given, "log": str(tmp_path / "log")}


def test_mock_has_an_end_without_being_told(params):
    assert params["timeout"] > 0
    assert params["time_limit"] > params["timeout"]


def test_a_mock_that_does_not_end_is_ended(params):
    build = MockBuild({**params, "time_limit": 1})
    plan = build.plan()
    with pytest.raises(TimedOut) as caught:
        build.apply(plan)
    assert "it was ended after 1 s (time_limit)" in caught.value.message
    assert caught.value.data["failure"]["class"] == "timeout"
    assert "it begins" in pathlib.Path(params["log"]).read_text()
