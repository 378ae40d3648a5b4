# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The quickstart's profile cloud: the trunk, and the scenario of what was promoted first."""

from __future__ import annotations

import pathlib
import shutil
import typing as t

from stage.quickstart import ROOT, Quickstart
from stage.scenario import Scenario

JOB = "tempest-cloud"
DEFINITIONS = ROOT / "roles" / "scenario_tempest" / "files" / "clouds"
# Few tests that need all five services: a server with an image, a port and resources.
SERVER = r"^tempest\.api\.compute\.servers\.test_create_server\.ServersTestJSON\.test_verify_server_details"


class Cloud(Quickstart):
    """The trunk, on which runs follow each other."""

    def __init__(self, folder: pathlib.Path) -> None:
        super().__init__(folder, "cloud", JOB)
        self.promoted = folder / "promoted.json"

    def keep_promoted(self) -> None:
        """Keep the candidate of the last run, whatever comes after it."""
        shutil.copy(self.folder / "run" / "candidate.json", self.promoted)

    def scenario(self, results: pathlib.Path, **given: t.Any) -> Scenario:
        """What was kept, deployed and tested again, alone and with few tests."""
        own = {"scenario_tempest_definition": "clouds/cloud.yml", "scenario_tempest_include": SERVER, **given}
        return Scenario(self.folder, self.promoted, results, JOB, **own)
