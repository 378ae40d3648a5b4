# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a release: listed, done, killed and done again; nothing is deleted that is not archived."""

from __future__ import annotations

import contextlib
import functools
import http.server
import os
import random
import signal
import subprocess
import threading

import pytest
import yaml
from koji_double import Hub, Server
from release_world import start_playbook
from stage.modules import run_playbook
from stage.rpms import Rpm, build_repository, need

TAGS = [f"cloud9s-epoxy-{name}" for name in ("build", "candidate", "testing", "release")]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.fixture
def site(tmp_path):
    need("createrepo_c", "rpmbuild")
    server = Server(Hub(task_delay=1))
    for tag in TAGS:
        server.hub.seed_tag(tag)
    server.hub.do_createBuildTarget(server.hub.users["kojiadmin"], "cloud9s", TAGS[0], TAGS[1])
    server.hub.read_in_source |= {"deleteBuildTarget"}
    build_repository(tmp_path / "mirror", [Rpm("a"), Rpm("b")])
    served = tmp_path / "served"
    served.mkdir()
    files = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(served)))
    threading.Thread(target=files.serve_forever, daemon=True).start()
    release = {"name": "epoxy", "branch": "epoxy-rdo", "status": "maintained", "tags_map": "separated_buildreqs"}
    release["repos"] = [{"name": "el9s", "buildsys": "cbs/cloud9s", "buildsys-tags": TAGS}]
    (tmp_path / "rdoinfo").mkdir()
    (tmp_path / "rdoinfo" / "rdo-full.yml").write_text(
        yaml.safe_dump({"releases": [release], "packages": []}, sort_keys=False)
    )
    (tmp_path / "end.j2").write_text("{{ release }} has ended\n")
    repository = {"id": "a", "name": "a", "baseurl": "https://vault.example.com/", "gpgcheck": False}
    package = {"name": "release-epoxy", "version": "2", "summary": "Archive", "source_date": 1790000000}
    package |= {"path": str(tmp_path / "release"), "repositories": [repository]}
    (tmp_path / "end.yml").write_text(yaml.safe_dump({
        "end_release_name": "epoxy", "end_release_rdoinfo": str(tmp_path / "rdoinfo"),
        "end_release_mirror": str(tmp_path / "mirror"), "end_release_archive": str(tmp_path / "archive"),
        "end_release_published": f"http://127.0.0.1:{files.server_address[1]}/release.rpm",
        "end_release_template": str(tmp_path / "end.j2"), "end_release_announcement": str(tmp_path / "end.txt"),
        "end_release_package": package,
    }))  # fmt: skip
    server.folder, server.served = tmp_path, served
    yield server
    files.shutdown()
    files.server_close()
    server.stop()


def account(site):
    return {"KOJI_HUB_URL": site.url, "KOJI_USER": "kojiadmin", "KOJI_PASSWORD": "kojiadmin"}


def play(site, *argv):
    done = run_playbook("rdo.releng.end_release", "-e", f"@{site.folder}/end.yml", *argv, environment=account(site),
                        folder=site.folder)  # fmt: skip
    assert done.returncode == 0, done.stdout[-5000:]
    return done.stdout


@pytest.mark.long
def test_a_release_ends_and_nothing_goes_that_is_not_archived(site):
    tmp = site.folder
    rdoinfo = (tmp / "rdoinfo" / "rdo-full.yml").read_text()
    planned = play(site, "--check")
    assert "would be ended" in planned and "lock" in planned
    assert site.written == [] and (tmp / "rdoinfo" / "rdo-full.yml").read_text() == rdoinfo
    assert (tmp / "mirror").exists() and not (tmp / "archive").exists()
    waiting = play(site)
    assert "epoxy waits for the package that points to the archive" in waiting
    assert (tmp / "mirror" / "repodata" / "repomd.xml").exists()
    assert yaml.safe_load((tmp / "rdoinfo" / "rdo-full.yml").read_text())["releases"][0]["status"] == "eol"
    assert site.hub.targets == {} and all(tag["locked"] for tag in site.hub.tags.values())
    (package,) = (tmp / "release").glob("*.rpm")
    (site.served / "release.rpm").write_bytes(package.read_bytes())
    site.reset()
    assert "epoxy is ended." in play(site)
    assert not (tmp / "mirror").exists() and site.written == []
    archived = tmp / "archive" / "current" / "epoxy"
    assert sorted(path.name for path in archived.rglob("*.rpm")) == ["a-1-1.noarch.rpm", "b-1-1.noarch.rpm"]
    assert (archived / "repodata" / "repomd.xml").exists()
    assert (tmp / "end.txt").read_text() == "epoxy has ended\n"
    again = play(site)
    assert "epoxy is ended." in again and "changed=0" in again


@pytest.mark.long
def test_an_end_that_is_killed_loses_nothing(site):
    """SIGKILL at random moments; each time all packages are on the mirror, or all are in the archive."""
    tmp = site.folder
    (site.served / "release.rpm").write_bytes(b"points to the archive")
    moments = random.Random(20)
    names = ["a-1-1.noarch.rpm", "b-1-1.noarch.rpm"]
    killed = 0
    for _round in range(12):
        process = start_playbook(
            "rdo.releng.end_release", "-e", f"@{tmp}/end.yml", environment=account(site), folder=tmp
        )
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(1 + moments.random() * 12)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            killed += 1
        process.wait()
        places = (tmp / "mirror", tmp / "archive" / "current" / "epoxy")
        assert names in [sorted(path.name for path in place.rglob("*.rpm")) for place in places]
    assert killed > 2
    assert "epoxy is ended." in play(site)
    assert sorted(path.name for path in (tmp / "archive" / "current" / "epoxy").rglob("*.rpm")) == names
    assert not list(tmp.glob("mirror*")) and site.hub.targets == {}
    assert all(tag["locked"] for tag in site.hub.tags.values())


@pytest.mark.long
def test_what_a_killed_run_had_taken_out_of_sight_is_removed(site):
    tmp = site.folder
    (site.served / "release.rpm").write_bytes(b"points to the archive")
    assert "epoxy is ended." in play(site)
    (tmp / "mirror.ended").mkdir()
    (tmp / "mirror.ended" / "b-1-1.noarch.rpm").write_bytes(b"b")
    assert "epoxy is ended." in play(site)
    assert not (tmp / "mirror.ended").exists()
    archived = tmp / "archive" / "current" / "epoxy"
    assert sorted(path.name for path in archived.rglob("*.rpm")) == ["a-1-1.noarch.rpm", "b-1-1.noarch.rpm"]


def test_all_that_is_missing_is_said_at_once(site):
    (site.folder / "end.yml").write_text("end_release_mirror: /srv/mirror\n")
    done = run_playbook("rdo.releng.end_release", "-e", f"@{site.folder}/end.yml", folder=site.folder)
    assert done.returncode != 0
    for name in ("end_release_name", "end_release_rdoinfo", "end_release_archive", "end_release_published"):
        assert name in done.stdout
