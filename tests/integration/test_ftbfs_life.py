# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of a failure, with packages that DLRN really cannot build, its API, and a Gerrit that takes pushes."""

from __future__ import annotations

import pathlib
import sys
import types

import pytest
from stage import builder
from stage.modules import run_playbook
from stage.trunk import DLRN, Api

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "contract" / "gerrit"))
from gerrit_double import PASSWORD, USER, Gerrit

MOCK_DRIVER = "dlrn.drivers.mockdriver.MockBuildDriver"
ORIGIN = "  review-origin: ssh://review.example.org:29418/packages/%(project)s-distgit.git\n"


class Life:
    """A DLRN worker with a base repository that can go away, its API, and a Gerrit."""

    def __init__(self, folder, base):
        self.base = folder / "base"
        self.base.symlink_to(base)
        self.world = builder.World(folder / "world", self.base)
        self.gerrit = Gerrit(folder / "gerrit")
        self.folder = folder

    def start(self, run_playbook):
        # What it needs to be built is nowhere.
        self.world.add("alpha", tags="BuildRequires: python3-nosuchthing")
        done = run_playbook(self.world.playbook)
        assert done.returncode == 0, done.stdout
        data, folder = self.world.folder / "dlrn", self.folder / "api"
        folder.mkdir()
        # The API loads the build driver's class and never uses it.
        settings = (data / "conf" / "projects.ini").read_text().replace("chroot_driver.ChrootDriver", MOCK_DRIVER)
        (folder / "projects.ini").write_text(settings)
        (folder / "api.cfg").write_text(
            f"DB_PATH = 'sqlite:///{data}/commits.sqlite'\nREPO_PATH = '{self.world.data}/repos'\n"
            f"CONFIG_FILE = '{folder}/projects.ini'\n"
        )
        self.api = Api(types.SimpleNamespace(folder=folder), folder)
        self.api.start()
        rdoinfo = (self.world.folder / "rdoinfo" / "rdo.yml").read_text()
        rdoinfo = rdoinfo.replace("package-configs:", ORIGIN + "package-configs:").replace("somebody@", "alice@")
        (self.folder / "rdo-full.yml").write_text(rdoinfo)
        spec = (self.world.folder / "distgit" / "python-alpha" / "python-alpha.spec").read_text()
        self.gerrit.create_project("packages/alpha-distgit", {"python-alpha.spec": spec}, "rpm-master")

    def stop(self):
        self.gerrit.stop()
        self.api.stop()

    def follow(self):
        """What the playbook prints."""
        variables = {
            "rdoinfo": self.folder, "trunk_url": f"file://{self.world.data}/repos", "ftbfs_dlrn_host": "localhost",
            "ftbfs_dlrn_config": self.world.folder / "dlrn/conf/projects.ini", "ftbfs_dlrn_virtualenv": DLRN,
        }  # fmt: skip
        environment = {
            "DLRNAPI_URL": self.api.url, "GERRIT_URL": self.gerrit.url, "GERRIT_USERNAME": USER,
            "GERRIT_PASSWORD": PASSWORD, "XDG_CACHE_HOME": str(self.folder / "cache"), "GIT_CONFIG_GLOBAL": "/dev/null",
        }  # fmt: skip
        extra = [word for name, value in variables.items() for word in ("-e", f"{name}={value}")]
        finished = run_playbook("rdo.releng.ftbfs", *extra, environment=environment)
        assert finished.returncode == 0, finished.stdout
        return finished.stdout

    def message(self):
        (change,) = self.gerrit.changes
        return self.gerrit.git(change.project, "log", "-1", "--format=%B", change.commits[-1])


@pytest.fixture
def life(tmp_path, base_repository, run_playbook):
    if not (DLRN / "bin" / "dlrn").exists():
        pytest.skip("DLRN is not installed in .build/dlrn: run make integration")
    life = Life(tmp_path, base_repository)
    life.start(run_playbook)
    yield life
    life.stop()


def test_fail_fail_differently_recheck_and_build_again(life):
    world = life.world
    life.follow()
    (change,) = life.gerrit.changes
    assert (change.reviewers, change.hashtags) == ({"alice"}, {"missing-requirement"})
    assert "No matching package to install: 'python3-nosuchthing'" in life.message()

    # Now it has what it needs, and a patch does not apply.
    world.package("alpha", build="echo '--- a/x' | patch -p1 alpha.py; exit 3")
    assert world.build()["failures"]
    life.follow()
    assert len(life.gerrit.changes) == 1 and len(change.commits) == 2
    assert life.message().startswith("alpha: does not build (patch-conflict)")

    # That is mended, and the repository it is built from is away: not the package's fault, so nobody is asked.
    world.package("alpha")
    life.base.rename(life.base.with_name("away"))
    (failure,) = world.build()["failures"]
    assert failure["failure"]["class"] == "infrastructure"
    life.base.with_name("away").rename(life.base)
    output = life.follow()
    assert "the failure is not the package's" in output and len(change.commits) == 2
    # DLRN was made to try again, and it builds.
    consistent = world.repository("one", "consistent")
    assert consistent is not None and consistent == world.repository("one", "current")
    life.follow()
    assert change.status == "ABANDONED" and "builds again. Thank you!" in change.messages[-1]["message"]
