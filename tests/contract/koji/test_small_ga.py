# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small release, from upstream's announcement to a client's install: twenty real packages, real rpm, dnf and gpg.

The hub is the double; people and the distribution are this file, and act when the run waits for them.
"""

from __future__ import annotations

import functools
import http.server
import json
import os
import random
import re
import signal
import threading
import time

import pytest
import yaml
from lab.rsync_daemon import rsync_daemon
from release_world import BUILD, CANDIDATE, RELEASE, TESTING, ReleaseWorld, said
from stage.rpms import need

NVRS = [f"pkg{number}-1.0-1.el9" for number in range(20)]
CHAIN = {nvr: NVRS[number - 1 : number] if number else [] for number, nvr in enumerate(NVRS)}
LATE = NVRS[:3]  # built by the run; each needs the one before
STAGES = ["complete", "pins", "builds", "testing", "candidate", "scenarios", "gate", "trim", "closure", "release_tag",
          "mass_tag", "signed", "published", "installs", "announcement"]  # fmt: skip


@pytest.fixture
def world(tmp_path):
    need("gpg", "rpmsign", "dnf", "createrepo_c", "rpmbuild")
    world = ReleaseWorld(tmp_path, CHAIN, LATE)
    yield world
    world.close()


@pytest.fixture
def served(tmp_path):
    """A folder and its address."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    folder = tmp_path / "served"
    folder.mkdir()
    files = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=files.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{files.server_address[1]}"
    files.shutdown()
    files.server_close()


def test_a_release_begins_and_ends(world, served, tmp_path):
    """The short way: people have reviewed everything before, scenarios vote, and the distribution is quick."""
    world.review_rows()
    world.review_tag()
    world.write_variables(ga_scenario_tasks=str(tmp_path / "vote.yml"))
    sentence = world.run("-e", f"report={tmp_path}/waiting.json")
    assert f"published waits for distribution, {world.mirror}" in sentence and "since 20" in sentence
    assert json.loads((tmp_path / "waiting.json").read_text())["status"] == "waiting"
    assert [build["nvr"] for build in world.hub.builds.values() if build["task_id"]] == LATE
    world.sign_and_mirror()
    assert world.run("-e", f"report={tmp_path}/report.json") == "epoxy on el9s: done until announcement."
    world.check_end()
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["status"] == "done" and report["steps"][0]["summary"] == "epoxy on el9s: done until announcement."
    assert {row[0] for row in report["steps"][0]["rows"]} == {"ours", "hub", "distribution", "people"}
    assert "pkg0-1.0-1.el9" in (world.run_folder / "index.html").read_text()
    # A year later
    folder, address = served
    (folder / "release.rpm").write_bytes(b"points to the archive")
    world.hub.read_in_source |= {"deleteBuildTarget"}
    (tmp_path / "end.yml").write_text(yaml.safe_dump({
        "end_release_name": "epoxy", "end_release_rdoinfo": str(tmp_path / "rdoinfo"),
        "end_release_mirror": str(world.mirror), "end_release_archive": str(tmp_path / "archive"),
        "end_release_published": f"{address}/release.rpm",
    }))  # fmt: skip
    ended = world.play("-e", f"@{tmp_path}/end.yml", playbook="end_release")
    assert ended.returncode == 0 and "epoxy is ended." in ended.stdout
    assert world.hub.targets == {} and all(world.hub.tag(tag)["locked"] for tag in (BUILD, CANDIDATE, TESTING, RELEASE))
    archived = tmp_path / "archive" / "current" / "epoxy"
    assert sorted(path.name for path in archived.glob("*.rpm")) == sorted(f"{nvr}.noarch.rpm" for nvr in NVRS)
    assert (archived / "repodata" / "repomd.xml.asc").exists() and not world.mirror.exists()


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
    world.hub.seed_tagging(TESTING, "late-9-1.el9")
    assert "release_tag waits for people" in world.run()
    world.review_tag()
    sentence = world.run()
    assert "published waits for distribution" in sentence
    since = re.search(r"since (\S+)\.", sentence)[1]
    world.sign_and_mirror(only="pkg7-1.0-1.el9")
    sentence = world.run()
    assert "19 packages are not signed by the key" in sentence and since in sentence
    world.sign_and_mirror()
    assert world.run() == "epoxy on el9s: done until announcement."
    world.check_end()
    world.server.reset()
    lines = len(world.journal())
    assert world.run() == "epoxy on el9s: done until announcement."
    assert world.server.written == [] and len(world.journal()) > lines
    assert "done until gate" in world.run("-e", "ga_until=gate")


@pytest.mark.long
def test_a_release_that_is_killed_at_each_stage_ends_the_same(world):
    """SIGKILL at each stage's beginning, or at a random moment inside; then it is run again."""
    moments = random.Random(20)
    world.review_rows()
    world.review_tag()
    world.write_variables(ga_scenario_tasks=str(world.folder / "vote.yml"))
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
            last = world.journal()[-1]
            if (last["stage"], last["state"]) == ("announcement", "done"):
                break
            world.help(f"{last['stage']} waits for {last['whose']}")
    assert world.run() == "epoxy on el9s: done until announcement."
    assert killed == set(STAGES)
    world.check_end()


@pytest.mark.long
def test_a_hub_in_maintenance_is_waited_for(world):
    world.review_rows()
    sentence = world.run("-e", "ga_builds_timeout=0.5")
    assert re.search(r"builds waits for hub, 0 of 3 built, 1 building, .* run it again, since 20", sentence)
    world.server.fail("offline", times=1000)
    sentence = world.run()
    assert re.search(r"builds waits for hub, The hub http://\S+ is offline: .*, since 20", sentence)
    assert world.server.written == ["build"]
    # In the middle of tagging: what was tagged stays, and nothing is done twice.
    world.server.failures.clear()
    world.server.on_write = lambda count: world.server.fail("503", times=1000) if count == 5 else None
    sentence = world.run()
    assert re.search(r"(builds|testing) waits for hub, The hub \S+ answered 503", sentence)
    world.server.failures.clear()
    world.server.on_write = lambda count: None
    assert "gate waits for people" in world.run()
    tagged = [row["build_id"] for rows in world.hub.taggings.values() for row in rows]
    assert sorted(world.hub.builds_of(TESTING)) == sorted(NVRS) and len(tagged) == len(NVRS) + len(LATE)


@pytest.mark.long
def test_a_site_signs_and_publishes_itself(world, tmp_path):
    """Its own key with a passphrase, its own mirror behind a real rsync daemon."""
    key = world.keys.make("own", passphrase="open sesame")
    world.keys.forget()
    (tmp_path / "passphrase").write_text("wrong\n")
    (tmp_path / "passphrase").chmod(0o600)
    packages = tmp_path / "packages"
    packages.mkdir()
    world.review_rows()
    world.review_tag()
    address = world.stack.enter_context(rsync_daemon(tmp_path / "far"))
    world.write_variables(
        ga_scenario_tasks=str(tmp_path / "vote.yml"), ga_signing="self", ga_packages=str(packages), ga_key=key,
        ga_gnupg_home=str(world.keys.home), ga_passphrase_file=str(tmp_path / "passphrase"),
        ga_site=str(tmp_path / "site"), ga_push_mirrors=[address], ga_key_file=str(world.keys.public(key)),
        ga_mirrors=[{"url": str(tmp_path / "far" / "current" / "epoxy"), "arch": "x86_64"}],
    )  # fmt: skip
    assert "signed waits for people, the packages of cloud9s-epoxy-release" in world.run()
    world.bring(packages)
    wrong = world.play("-e", f"@{world.variables}")
    assert wrong.returncode != 0 and "epoxy on el9s: stopped at signed: " in said(wrong.stdout)
    assert "passphrase" in said(wrong.stdout) and "wrong" not in said(wrong.stdout).replace("wrong passphrase", "")
    assert not (tmp_path / "site").exists() and list((tmp_path / "far").iterdir()) == []
    (tmp_path / "passphrase").write_text("open sesame\n")
    assert world.run() == "epoxy on el9s: done until announcement."
    world.check_end()
    assert (tmp_path / "site" / "current" / "epoxy" / "repodata" / "repomd.xml.asc").exists()
    assert "open sesame" not in "".join(map(str, world.journal()))
    pushed = os.readlink(tmp_path / "far" / "current")
    assert world.run() == "epoxy on el9s: done until announcement."
    assert os.readlink(tmp_path / "far" / "current") == pushed


def test_all_that_is_missing_is_said_at_once(world):
    world.variables.write_text("{}\n")
    done = world.play("-e", f"@{world.variables}")
    assert done.returncode != 0
    for name in ("ga_folder", "ga_release", "ga_criteria", "ga_mirrors", "ga_key_file", "for example"):
        assert name in done.stdout
