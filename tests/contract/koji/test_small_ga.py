# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small release, from upstream's announcement to a client's install: twenty real packages, real rpm, dnf and gpg.

The hub is the double; people and the distribution are this file, and act when the run waits for them.
"""

from __future__ import annotations

import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest
import yaml
from koji_double import Hub, Recipe, Server
from stage.keys import Keys
from stage.modules import run_module, run_playbook
from stage.rpms import Rpm, build_rpms, need

BUILD, CANDIDATE, TESTING, RELEASE = (f"cloud9s-epoxy-{name}" for name in ("build", "candidate", "testing", "release"))
URL = "git+https://example.com/{}.git#4e1243bd22c66e76c2ba9eddc1f91394e57f9f83"
NAMES = [f"pkg{number}" for number in range(20)]
LATE = NAMES[:3]  # built by the run; each needs the one before
ANNOUNCED = "2026-04-01T12:00:00Z"
STAGES = ["complete", "pins", "builds", "testing", "candidate", "scenarios", "gate", "trim", "closure", "release_tag",
          "mass_tag", "signed", "published", "installs", "announcement"]  # fmt: skip


class World:
    """All that a release needs, and those who are waited for."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder, self.run_folder = folder, folder / "ga"
        self.rpms = folder / "rpms"
        self.rpms.mkdir()
        relations = {name: (NAMES[number - 1],) if number else () for number, name in enumerate(NAMES)}
        build_rpms(self.rpms, [Rpm(name, "1.0-1.el9", requires=relations[name], files=(f"/usr/share/{name}",))
                               for name in NAMES])  # fmt: skip
        subprocess.run(["createrepo_c", "--quiet", "--no-database", self.rpms], check=True)
        self.keys = Keys(folder / "gnupg")
        self.key = self.keys.make("sig")
        self.server = Server(Hub(task_delay=1))
        self.seed()
        self.mirror = folder / "mirror"
        self.rows: list[str] = [name for name in NAMES if name not in LATE]
        self.released = False
        self.write_rdoinfo()
        (folder / "announcement.j2").write_text("RDO {{ release }}: {{ packages }} packages\n")
        self.variables = folder / "epoxy.yml"
        self.write_variables()

    def seed(self) -> None:
        hub = self.server.hub
        hub.speed = 200.0
        for tag in (CANDIDATE, TESTING, RELEASE):
            hub.seed_tag(tag)
        hub.seed_tag(BUILD, parents=[CANDIDATE, TESTING])
        hub.do_createBuildTarget(hub.users["kojiadmin"], "cloud9s", BUILD, CANDIDATE)
        hub.regenerates[BUILD] = 30.0
        for tag in (CANDIDATE, TESTING, RELEASE):
            hub.seed_packages(tag, NAMES)
        for name in NAMES:
            if name not in LATE:
                hub.seed_tagging(TESTING, f"{name}-1.0-1.el9")
                hub.seed_rpm(f"{name}-1.0-1.el9", "noarch")
        for number, name in enumerate(LATE):
            needed = (f"{LATE[number - 1]}-1.0-1.el9",) if number else ()
            hub.recipes[URL.format(name)] = Recipe(f"{name}-1.0-1.el9", 60.0, ((name, "noarch"),), needed)

    def write_rdoinfo(self) -> None:
        folder = self.folder / "rdoinfo"
        folder.mkdir(exist_ok=True)
        tags = [BUILD, CANDIDATE, TESTING, *([RELEASE] if self.released else [])]
        packages = [
            {"project": name, "name": name, "maintainers": ["a@example.com"], "tags": {"epoxy": None}}
            | ({"buildsys-tags": {TESTING: f"{name}-1.0-1.el9"}} if name in self.rows else {})
            for name in NAMES
        ]
        release = {"name": "epoxy", "branch": "epoxy-rdo", "tags_map": "separated_buildreqs"}
        release["repos"] = [{"name": "el9s", "buildsys": "cbs/cloud9s", "buildsys-tags": tags}]
        (folder / "rdo-full.yml").write_text(yaml.safe_dump({"releases": [release], "packages": packages}))

    def write_variables(self) -> None:
        builds = [
            {"nvr": f"{name}-1.0-1.el9", "source": URL.format(name), "provides": [name],
             "build_requires": [LATE[number - 1]] if number else []}
            for number, name in enumerate(LATE)
        ]  # fmt: skip
        self.variables.write_text(yaml.safe_dump({
            "ga_folder": str(self.run_folder), "ga_release": "epoxy", "ga_distro": "el9s",
            "ga_rdoinfo": str(self.folder / "rdoinfo"), "ga_announced": ANNOUNCED, "ga_builds": builds,
            "ga_target": "cloud9s", "ga_repository": f"file://{self.rpms}",
            "ga_criteria": {"promotions": {"release": {"criteria": ["scenario001"]}}}, "ga_target_label": "release",
            "ga_mirrors": [{"url": str(self.mirror), "arch": "x86_64"}], "ga_key_file": str(self.keys.public(self.key)),
            "ga_install_packages": NAMES, "ga_template": str(self.folder / "announcement.j2"), "ga_poll": 0.2,
            "ga_review_url": "https://review.example.com/rdoinfo",
        }))  # fmt: skip

    # Those who are waited for

    def review_rows(self) -> None:
        self.rows = list(NAMES)
        self.write_rdoinfo()

    def vote(self) -> None:
        voted = run_module("dlrn_vote", directory=str(self.run_folder / "votes"), job="scenario001", success=True,
                           candidate=str(self.run_folder / "candidate.json"))  # fmt: skip
        assert not voted["failed"], voted["msg"]

    def review_tag(self) -> None:
        self.released = True
        self.write_rdoinfo()

    def sign_and_mirror(self, half: bool = False) -> None:
        """What the distribution does with what is in the release's tag."""
        shutil.rmtree(self.mirror, ignore_errors=True)
        self.mirror.mkdir()
        given = {"key": self.key, "gnupg_home": str(self.keys.home)}
        for nvr in self.server.hub.builds_of(RELEASE):
            shutil.copy(next(self.rpms.rglob(f"{nvr}.noarch.rpm")), self.mirror)
        signed = [self.mirror / "pkg7-1.0-1.el9.noarch.rpm"] if half else [self.mirror]
        for path in signed:
            assert not run_module("rpm_signature", path=str(path), **given)["failed"]
        assert not run_module("rpm_repository", path=str(self.mirror))["failed"]
        assert not run_module("rpm_repository_signature", path=str(self.mirror), **given)["failed"]

    # The run

    @property
    def environment(self) -> dict[str, str]:
        account = {"KOJI_HUB_URL": self.server.url, "KOJI_USER": "kojiadmin", "KOJI_PASSWORD": "kojiadmin"}
        places = {f"XDG_{name}_HOME": str(self.folder / name.lower()) for name in ("CACHE", "STATE")}
        return {**account, **places}

    def run(self, *argv: str) -> str:
        """Run the playbook; its one sentence."""
        for _attempt in range(20):
            done = run_playbook("rdo.releng.ga", "-e", f"@{self.variables}", *argv, environment=self.environment,
                                folder=self.folder)  # fmt: skip
            if "is held by" not in done.stdout:
                break
            time.sleep(1)  # by a module that outlived the run that was killed
        assert done.returncode == 0, done.stdout[-6000:]
        return re.findall(r'"msg": "(epoxy on el9s: .*)"', done.stdout)[-1]

    def start(self) -> subprocess.Popen[bytes]:
        command = [pathlib.Path(sys.executable).with_name("ansible-playbook"), "-i", "localhost,", "-c", "local"]
        command += ["-e", f"ansible_python_interpreter={sys.executable}", "rdo.releng.ga", "-e", f"@{self.variables}"]
        build = pathlib.Path(__file__).resolve().parents[3] / ".build"
        environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(build), **self.environment}
        quiet = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
        return subprocess.Popen(command, env=environment, cwd=self.folder, start_new_session=True, **quiet)

    def journal(self) -> list[dict]:
        file = self.run_folder / "journal.jsonl"
        lines = file.read_text().splitlines() if file.exists() else []
        found = []
        for line in lines:
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
        return found

    def help(self, sentence: str) -> None:
        """Do what the run waits for."""
        acts = {
            "testing waits for people": self.review_rows,
            "gate waits for people": self.vote,
            "release_tag waits for people": self.review_tag,
            "published waits for distribution": self.sign_and_mirror,
        }
        next(act for said, act in acts.items() if said in sentence)()

    def check_end(self) -> None:
        """What must be so in the end, however it was come to."""
        hub = self.server.hub
        wanted = sorted(f"{name}-1.0-1.el9" for name in NAMES)
        assert sorted(hub.builds_of(RELEASE)) == wanted
        assert len([build for build in hub.builds.values() if build["state"] == 1]) == len(NAMES)
        assert (self.run_folder / "announcement.txt").read_text() == "RDO epoxy: 20 packages\n"
        assert not (self.run_folder / "client").exists()
        assert self.journal()[0]["stage"] == "announced" or ANNOUNCED
        times = run_module("run_time_line", journal=str(self.run_folder / "journal.jsonl"))
        assert times["began"] == ANNOUNCED
        assert round(sum(times["sums"].values()), 3) == round(times["seconds"], 3)
        assert times["open"] == []

    def close(self) -> None:
        self.keys.close()
        self.server.stop()


@pytest.fixture
def world(tmp_path):
    need("gpg", "rpmsign", "dnf", "createrepo_c", "rpmbuild")
    world = World(tmp_path)
    yield world
    world.close()


@pytest.mark.long
def test_a_release_goes_from_one_who_is_waited_for_to_the_next(world):
    planned = world.run("--check")
    assert not world.run_folder.exists() and world.server.written == []
    assert "waits for people" in planned  # the rows that nobody has reviewed
    sentence = world.run()
    assert re.search(
        r"testing waits for people, the review of 3 rows of cloud9s-epoxy-testing in rdoinfo, pkg\d-", sentence
    )
    assert "since 20" in sentence and "https://review.example.com/rdoinfo" in sentence
    world.review_rows()
    sentence = world.run()
    assert "gate waits for people, votes on the candidate" in sentence
    world.vote()
    # What comes to testing after the decision stays out of the release.
    world.server.hub.seed_tagging(TESTING, "late-9-1.el9")
    assert "release_tag waits for people" in world.run()
    world.review_tag()
    assert "published waits for distribution" in world.run()
    since = re.search(r"since (\S+)\.", world.run())[1]
    world.sign_and_mirror(half=True)
    sentence = world.run()
    assert "19 packages are not signed by the key" in sentence and since in sentence
    world.sign_and_mirror()
    assert world.run() == "epoxy on el9s: done until announcement."
    world.check_end()
    page = (world.run_folder / "index.html").read_text()
    assert "pkg2-1.0-1.el9" in page or "builds" in page
    world.server.reset()
    lines = len(world.journal())
    assert world.run() == "epoxy on el9s: done until announcement."
    assert world.server.written == [] and len(world.journal()) > lines
    assert "done until gate" in world.run("-e", "ga_until=gate")


@pytest.mark.long
def test_a_release_that_is_killed_at_each_stage_ends_the_same(world):
    """SIGKILL at each stage's beginning, and at a random moment inside; then it is run again."""
    moments = random.Random(20)
    killed = set()
    for _round in range(60):
        process = world.start()
        began = len(world.journal())
        while process.poll() is None:
            fresh = [line["stage"] for line in world.journal()[began:] if line["state"] == "begun"]
            if fresh and fresh[-1] not in killed:
                if moments.random() < 0.5:
                    time.sleep(moments.random() * 2)
                killed.add(fresh[-1])
                os.killpg(process.pid, signal.SIGKILL)
                break
            time.sleep(0.02)
        if process.wait() != -signal.SIGKILL:
            sentence = world.run()
            if "done until announcement" in sentence:
                break
            world.help(sentence)
    assert killed == set(STAGES)
    world.check_end()


def test_all_that_is_missing_is_said_at_once(world):
    world.variables.write_text("{}\n")
    done = run_playbook("rdo.releng.ga", environment=world.environment, folder=world.folder)
    assert done.returncode != 0
    for name in ("ga_folder", "ga_release", "ga_criteria", "ga_mirrors", "ga_key_file", "for example"):
        assert name in done.stdout
