# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The quickstart's profile cloud: the trunk, and the scenario of what was promoted first."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import typing as t

import yaml

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

    def keep_older(self, path: pathlib.Path, component: str, *packages: str) -> None:
        """Pin what was kept, with one component as it was when it had packages whose files begin so."""
        repositories = self.folder / "dlrn" / "data" / "repos"
        (then,) = [
            yaml.safe_load(commit.read_text())["commits"][0]
            for commit in (repositories / "component" / component).glob("*/*/*/commit.yaml")
            if all(any(commit.parent.glob(f"{package}*.rpm")) for package in packages)
        ]
        commits = [
            then if part["component"] == component else part
            for part in json.loads(self.promoted.read_text())["components"]
        ]
        given = {
            "trunk_url": f"file://{repositories}",
            "commits": [{key: one[key] for key in ("component", "commit_hash", "distro_hash")} for one in commits],
            "release": "quickstart",
            "distro": "stand-in",
            "path": str(path),
        }
        subprocess.run(
            [
                str(ROOT / ".venv" / "bin" / "ansible"),
                "localhost",
                "-m",
                "rdo.releng.dlrn_candidate",
                "-a",
                json.dumps(given),
            ],
            env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".build")},
            check=True,
        )

    def scenario(self, results: pathlib.Path, **given: t.Any) -> Scenario:
        """What was kept, deployed and tested again, alone and with few tests."""
        return self._scenario(self.promoted, results, **given)

    def scenario_of_newest(self, results: pathlib.Path, **given: t.Any) -> Scenario:
        """The same of the last run's candidate."""
        return self._scenario(self.folder / "run" / "candidate.json", results, **given)

    def _scenario(self, candidate: pathlib.Path, results: pathlib.Path, **given: t.Any) -> Scenario:
        own = {"scenario_tempest_definition": "clouds/cloud.yml", "scenario_tempest_include": SERVER, **given}
        return Scenario(self.folder, candidate, results, JOB, **own)
