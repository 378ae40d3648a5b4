# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bots that are killed and run again: the same end, one open change a thing, and nothing of the killed run is left."""

from __future__ import annotations

import json
import pathlib
import random
import re
import shutil
import subprocess
import sys
import time
import typing

import pytest
import test_dependencies
import test_new_package
import test_new_version
from stage.killing import Power, open_changes, tasks_of
from stage.modules import ROOT
from test_distgit_merge import Theirs
from test_fedora_sig import RDOINFO
from test_merge import BASE, OURS, THEIRS

sys.path += [str(ROOT / "tests" / "contract" / name) for name in ("gerrit", "koji")]
import test_new_series
from gerrit_double import PASSWORD, USER, Gerrit

pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, ("bwrap", "gpg", "gpgv", "rpmbuild"))),
    reason="bwrap, gpg, gpgv or rpmbuild is not installed: make system-packages",
)


class Bot:
    """A bot with the world that it works in; ``end`` is what it brought about there."""

    def call(self) -> dict:
        return self.world.call()

    def end(self) -> object:
        return open_changes(self.world.gerrit, str(self.world.folder))

    def stop(self) -> None:
        self.world.gerrit.stop()


class NewVersion(Bot):
    def __init__(self, folder: pathlib.Path) -> None:
        self.world = test_new_version.World(folder)
        for name in ("alpha", "beta"):
            self.world.tag(name, "1.2.3")

    def call(self) -> dict:
        return self.world.call(source_packages=str(self.world.folder / "source-packages"))

    def end(self) -> object:
        made = sorted(path.name for path in (self.world.folder / "source-packages").iterdir())
        return made, open_changes(self.world.gerrit, str(self.world.folder), self.world.key.lower())

    def stop(self) -> None:
        super().stop()
        subprocess.run(["gpgconf", "--homedir", self.world.keys.home, "--kill", "all"], check=False)


class NewPackage(Bot):
    def __init__(self, folder: pathlib.Path) -> None:
        self.world = test_new_package.World(folder)


class Dependencies(Bot):
    def __init__(self, folder: pathlib.Path) -> None:
        self.world = test_dependencies.World(folder)

    def call(self) -> dict:
        return self.world.call("-e", '{"forks": ["python-fork"]}')


class Requirements(Bot):
    """The role requirements, with two packages that are behind."""

    HEAD = "Name: python-{0}\nVersion: 1\nRelease: 1\nSummary: x\nLicense: x\n{1}\n%description\nx\n"

    def __init__(self, folder: pathlib.Path) -> None:
        self.world, self.folder, self.gerrit = self, folder, Gerrit(folder / "gerrit")
        rows = "releases:\n- name: flamingo\n  branch: flamingo-rdo\n  upstream_branch: stable/2025.2\n"
        rows += "  repos: [{name: el9s}]\npackages:\n"
        for name in ("one", "two"):
            spec = self.HEAD.format(name, "Requires: python3-cliff >= 3.0")
            self.gerrit.create_project(f"packages/{name}-distgit", {f"python-{name}.spec": spec}, "flamingo-rdo")
            upstream = Theirs(folder / f"upstream-{name}")
            upstream.commit({"requirements.txt": "cliff>=4.1\n"})
            upstream.git("branch", "-m", "stable/2025.2")
            rows += f"- project: {name}\n  name: python-{name}\n  upstream: file://{folder}/upstream-{name}\n"
            rows += f"  review-origin: ssh://review.example.org:29418/packages/{name}-distgit.git\n"
            rows += "  maintainers: [alice@example.com]\n  tags:\n    flamingo:\n"
        (folder / "rdo-full.yml").write_text(rows)

    def call(self) -> dict:
        environment = {"GERRIT_URL": self.gerrit.url, "GERRIT_USERNAME": USER, "GERRIT_PASSWORD": PASSWORD}
        environment["XDG_CACHE_HOME"] = str(self.folder / "cache")
        words = ["rdo.releng.requirements", "-e", f"rdoinfo={self.folder}", "-e", "release=flamingo"]
        return {"words": words, "environment": environment, "folder": self.folder}


class FedoraSig(Bot):
    """The role fedora_sig: commits in a folder that stays, and pushes to a fork."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        for name in ("rdoinfo", "ours", "fedora", "forks"):
            (folder / name).mkdir()
        (folder / "rdoinfo" / "rdo-full.yml").write_text(RDOINFO.format(folder=folder))
        fedora, ours = Theirs(folder / "fedora" / "python-thing"), Theirs(folder / "ours" / "thing")
        for spec in (BASE, OURS):
            fedora.commit({"thing.spec": spec})
        for spec in (BASE, THEIRS):
            ours.commit({"thing.spec": spec})
        ours.git("branch", "-m", "flamingo-rdo")
        subprocess.run(["git", "init", "--quiet", "--bare", folder / "forks" / "python-thing"], check=True)

    def call(self) -> dict:
        given = {"rdoinfo": "rdoinfo", "release": "flamingo", "packages": ["python-thing"], "folder": "out"}
        given |= {"push": str(self.folder / "forks"), "fedora_git": str(self.folder / "fedora")}
        words = ["rdo.releng.fedora_sig", "-e", json.dumps(given)]
        return {"words": words, "environment": {"XDG_CACHE_HOME": str(self.folder / "cache")}, "folder": self.folder}

    def end(self) -> object:
        show = ["show", "--format=%B%an%ad", "--no-color"]
        ready = subprocess.check_output(["git", "-C", self.folder / "out" / "python-thing", *show], text=True)
        status = ["git", "-C", self.folder / "out" / "python-thing", "status", "--porcelain"]
        assert subprocess.check_output(status, text=True) == ""
        fork = ["git", "-C", self.folder / "forks" / "python-thing"]
        assert subprocess.check_output([*fork, *show, "rdo-flamingo"], text=True) == ready
        same = re.sub(r"[0-9a-f]{40}", "(a hash)", ready.replace(str(self.folder), ""))
        return [line for line in same.split("\n") if "commit" not in line and not line.startswith("index ")]

    def stop(self) -> None:
        pass


def parents_of(hub: typing.Any, tag: int) -> list[tuple[int, str]]:
    return [(rule["priority"], hub.tags[rule["parent_id"]]["name"]) for rule in hub.inheritance[tag]]


class NewSeries(Bot):
    """The role new_series: reviewed changes, branches of distgits, tags and targets of a hub."""

    def __init__(self, folder: pathlib.Path) -> None:
        if not (test_new_series.SHARED / "rdoinfo").is_dir():
            pytest.skip(f"the real rdoinfo is not there: {test_new_series.SHARED} (RELENG_SHARED)")
        self.world = test_new_series.World(folder)

    def end(self) -> object:
        gerrit, hub = self.world.gerrit, self.world.hub.hub
        heads = ["for-each-ref", "--format=%(refname)", "refs/heads"]
        branches = {name: gerrit.git(f"openstack/{name}-distgit", *heads) for name in ("nova", "oslo-config", "glance")}
        tags = {
            tag["name"]: (tag["arches"], tag["extra"], parents_of(hub, number), sorted(hub.listed[number]))
            for number, tag in hub.tags.items()
        }
        targets = {name: (one["build_tag_name"], one["dest_tag_name"]) for name, one in hub.targets.items()}
        return super().end(), branches, tags, targets

    def stop(self) -> None:
        super().stop()
        self.world.hub.stop()


BOTS = {bot.__name__: bot for bot in (NewVersion, NewPackage, Dependencies, Requirements, FedoraSig, NewSeries)}
# A series has too many tasks to be killed at each of them.
AT_EACH_TASK = [name for name in BOTS if name != "NewSeries"]


@pytest.fixture
def bot(request, tmp_path):
    made = []

    def make(name: str, folder: str) -> Bot:
        (tmp_path / folder).mkdir()
        made.append(BOTS[name](tmp_path / folder))
        return made[-1]

    yield make
    for one in made:
        one.stop()


def test_killed_when_gerrit_has_the_first_change_and_run_again(bot, tmp_path):
    """The push was taken, and the bot never came to know."""
    one, power = bot("Requirements", "world"), Power(tmp_path / "power")
    gerrit = one.gerrit
    gerrit.holds["POST", "git-receive-pack$"] = "after"
    power.kill_when(one.call(), gerrit.reached)
    gerrit.holds.clear()
    gerrit.released.set()
    assert len(gerrit.changes) == 1 and power.left()
    output = power.run(one.call())
    assert "1 created, 1 unchanged" in output, output
    assert [len(change.commits) for change in gerrit.changes] == [1, 1] and len(one.end()) == 2
    assert power.left() == []


def test_killed_beside_a_clone_that_is_half_written(bot, tmp_path):
    one, power = bot("FedoraSig", "world"), Power(tmp_path / "power")
    power.run(one.call())
    end = one.end()
    # What git and a write leave that are killed in the folder that stays.
    clone = one.folder / "out" / "python-thing"
    for path in (clone / ".git" / "index.lock", clone / ".git" / "HEAD.lock", clone / ".thing.spec.x1y2z3"):
        path.write_text("half")
    power.run(one.call())
    assert one.end() == end


@pytest.mark.long
@pytest.mark.parametrize("name", AT_EACH_TASK)
def test_killed_at_the_beginning_of_each_task(bot, tmp_path, name):
    same, power = bot(name, "same"), Power(tmp_path / "power")
    tasks = tasks_of(power.run(same.call()))
    assert len(tasks) > 8
    one = bot(name, "one")
    for task in tasks:
        power.kill_at_task(one.call(), task)
        assert len(power.left()) < 10, "what killed runs leave piles up"
    power.run(one.call())
    assert one.end() == same.end()
    assert power.left() == []


@pytest.mark.long
@pytest.mark.parametrize("name", BOTS)
def test_killed_at_any_moment(bot, tmp_path, name):
    same, power = bot(name, "same"), Power(tmp_path / "power")
    begin = time.monotonic()
    power.run(same.call())
    takes = time.monotonic() - begin
    one, seed = bot(name, "one"), random.randrange(1 << 32)
    print(f"{name}: {takes:.1f} s, seed {seed}")  # shown if it fails
    moments = random.Random(seed)
    for _number in range(8):
        power.kill_after(one.call(), moments.uniform(0.2, 1.0) * takes)
        assert len(power.left()) < 10, "what killed runs leave piles up"
    power.run(one.call())
    assert one.end() == same.end()
    assert power.left() == []
