# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that a release needs, and those who are waited for: real packages, keys and mirrors beside the double of a hub.

People and the distribution are methods of :class:`ReleaseWorld`; whoever uses it lets them act when the run waits.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import typing as t

import yaml
from koji_double import Hub, Recipe, Server
from stage.keys import Keys
from stage.modules import run_module, run_playbook
from stage.rpms import Rpm, build_rpms

BUILD, CANDIDATE, TESTING, RELEASE = TAGS = [
    f"cloud9s-epoxy-{name}" for name in ("build", "candidate", "testing", "release")
]
URL = "git+https://example.com/{}.git#4e1243bd22c66e76c2ba9eddc1f91394e57f9f83"
ANNOUNCED = "2026-04-01T12:00:00Z"
VOTE = """
- name: Vote
  rdo.releng.dlrn_vote:
    directory: "{{ ga_votes }}"
    job: scenario001
    success: true
    candidate: "{{ ga_folder }}/candidate.json"
"""


def name_of(nvr: str) -> str:
    return nvr.rsplit("-", 2)[0]


class ReleaseWorld:
    """A release called epoxy.

    :param builds: NVR → NVRs that it needs; each is a noarch package with one file.
    :param late: those of them that are not built yet.
    :param seconds: that the hub takes for a build, by NVR; 60 if it is not there.
    :param speed: how many of the hub's seconds pass in one of ours.
    """

    def __init__(
        self,
        folder: pathlib.Path,
        builds: t.Mapping[str, t.Sequence[str]],
        late: t.Sequence[str],
        seconds: t.Mapping[str, float] | None = None,
        speed: float = 200.0,
    ) -> None:
        self.folder, self.run_folder = folder, folder / "ga"
        self.builds, self.late, self.seconds = dict(builds), list(late), seconds or {}
        self.stack = contextlib.ExitStack()
        self.rpms = folder / "rpms"
        self.rpms.mkdir()
        made = []
        for nvr, needs in self.builds.items():
            name, version, release = nvr.rsplit("-", 2)
            requires = tuple(map(name_of, needs))
            made.append(Rpm(name, f"{version}-{release}", requires=requires, files=(f"/usr/share/{name}",)))
        build_rpms(self.rpms, made)
        subprocess.run(["createrepo_c", "--quiet", "--no-database", self.rpms], check=True)
        self.keys = Keys(folder / "gnupg")
        self.stack.callback(self.keys.close)
        self.key = self.keys.make("sig")
        self.server = Server(Hub(task_delay=1))
        self.stack.callback(self.server.stop)
        self.hub = self.server.hub
        self.seed(speed)
        self.mirror = folder / "mirror"
        self.rows = [nvr for nvr in self.builds if nvr not in self.late]
        self.released = False
        self.write_rdoinfo()
        (folder / "announcement.j2").write_text("RDO {{ release }}: {{ packages }} packages\n")
        (folder / "vote.yml").write_text(VOTE)
        self.variables = folder / "epoxy.yml"
        self.write_variables()

    def seed(self, speed: float) -> None:
        hub = self.hub
        hub.speed = speed
        for tag in (CANDIDATE, TESTING, RELEASE):
            hub.seed_tag(tag)
            hub.seed_packages(tag, map(name_of, self.builds))
        hub.seed_tag(BUILD, parents=[CANDIDATE, TESTING])
        hub.do_createBuildTarget(hub.users["kojiadmin"], "cloud9s", BUILD, CANDIDATE)
        hub.regenerates[BUILD] = 30.0
        for nvr, needs in self.builds.items():
            if nvr not in self.late:
                hub.seed_tagging(TESTING, nvr)
                hub.seed_rpm(nvr, "noarch")
                continue
            needed = tuple(one for one in needs if one in self.late)
            made = ((name_of(nvr), "noarch"),)
            hub.recipes[URL.format(name_of(nvr))] = Recipe(nvr, self.seconds.get(nvr, 60.0), made, needed)

    def write_rdoinfo(self) -> None:
        folder = self.folder / "rdoinfo"
        folder.mkdir(exist_ok=True)
        tags = [BUILD, CANDIDATE, TESTING, *([RELEASE] if self.released else [])]
        packages = []
        for nvr in self.builds:
            name = name_of(nvr)
            row = {"project": name, "name": name, "maintainers": ["a@example.com"], "tags": {"epoxy": None}}
            packages.append({**row, **({"buildsys-tags": {TESTING: nvr}} if nvr in self.rows else {})})
        release = {"name": "epoxy", "branch": "epoxy-rdo", "status": "maintained", "tags_map": "separated_buildreqs"}
        release["repos"] = [{"name": "el9s", "buildsys": "cbs/cloud9s", "buildsys-tags": tags}]
        document = {"releases": [release], "packages": packages}
        (folder / "rdo-full.yml").write_text(yaml.safe_dump(document, sort_keys=False))

    def write_variables(self, **more: t.Any) -> None:
        builds = [
            {"nvr": nvr, "source": URL.format(name_of(nvr)), "provides": [name_of(nvr)],
             "build_requires": [name_of(one) for one in self.builds[nvr]]}
            for nvr in self.late
        ]  # fmt: skip
        self.variables.write_text(yaml.safe_dump({
            "ga_folder": str(self.run_folder), "ga_release": "epoxy", "ga_distro": "el9s",
            "ga_rdoinfo": str(self.folder / "rdoinfo"), "ga_announced": ANNOUNCED, "ga_builds": builds,
            "ga_target": "cloud9s", "ga_repository": f"file://{self.rpms}",
            "ga_criteria": {"promotions": {"release": {"criteria": ["scenario001"]}}}, "ga_target_label": "release",
            "ga_mirrors": [{"url": str(self.mirror), "arch": "x86_64"}], "ga_key_file": str(self.keys.public(self.key)),
            "ga_install_packages": [name_of(nvr) for nvr in self.builds], "ga_poll": 0.2,
            "ga_template": str(self.folder / "announcement.j2"), "ga_review_url": "https://review.example.com/rdoinfo",
            **more,
        }))  # fmt: skip

    # Those who are waited for

    def review_rows(self) -> None:
        self.rows = list(self.builds)
        self.write_rdoinfo()

    def vote(self) -> None:
        voted = run_module("dlrn_vote", directory=str(self.run_folder / "votes"), job="scenario001", success=True,
                           candidate=str(self.run_folder / "candidate.json"))  # fmt: skip
        assert not voted["failed"], voted["msg"]

    def review_tag(self) -> None:
        self.released = True
        self.write_rdoinfo()

    def bring(self, folder: pathlib.Path) -> None:
        """The release's packages in ``folder``, unsigned."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for nvr in self.hub.builds_of(RELEASE):
            shutil.copy(next(self.rpms.rglob(f"{nvr}.noarch.rpm")), folder)

    def sign_and_mirror(self, only: str = "") -> None:
        """What the distribution does with what is in the release's tag; ``only``: all that it signs of that."""
        self.bring(self.mirror)
        given = {"key": self.key, "gnupg_home": str(self.keys.home)}
        path = self.mirror / f"{only}.noarch.rpm" if only else self.mirror
        for module, where in (("rpm_signature", path), ("rpm_repository", None), ("rpm_repository_signature", None)):
            options = {} if module == "rpm_repository" else given
            done = run_module(module, path=str(where or self.mirror), **options)
            assert not done["failed"], done["msg"]

    def help(self, sentence: str) -> None:
        """Do what the run waits for."""
        acts: dict[str, t.Callable[[], None]] = {
            "testing waits for people": self.review_rows,
            "gate waits for people": self.vote,
            "release_tag waits for people": self.review_tag,
            "published waits for distribution": self.sign_and_mirror,
        }
        next(act for said, act in acts.items() if said in sentence)()

    # The run

    @property
    def environment(self) -> dict[str, str]:
        account = {"KOJI_HUB_URL": self.server.url, "KOJI_USER": "kojiadmin", "KOJI_PASSWORD": "kojiadmin"}
        places = {f"XDG_{name}_HOME": str(self.folder / name.lower()) for name in ("CACHE", "STATE")}
        return {**account, **places}

    def play(self, *argv: str, playbook: str = "ga") -> subprocess.CompletedProcess[str]:
        return run_playbook(f"rdo.releng.{playbook}", *argv, environment=self.environment, folder=self.folder)

    def run(self, *argv: str) -> str:
        """Run the playbook; its one sentence."""
        done = self.play("-e", f"@{self.variables}", *argv)
        assert done.returncode == 0, done.stdout[-6000:]
        return said(done.stdout)

    def start(self) -> subprocess.Popen[bytes]:
        return start_playbook("rdo.releng.ga", "-e", f"@{self.variables}", environment=self.environment,
                              folder=self.folder)  # fmt: skip

    def journal(self) -> list[dict[str, t.Any]]:
        file = self.run_folder / "journal.jsonl"
        found = []
        for line in file.read_text().splitlines() if file.exists() else []:
            with contextlib.suppress(ValueError):  # a line that is being written
                found.append(json.loads(line))
        return found

    def check_end(self) -> None:
        """What must be so in the end, however it was come to."""
        assert sorted(self.hub.builds_of(RELEASE)) == sorted(self.builds)
        complete = [build["nvr"] for build in self.hub.builds.values() if build["state"] == 1]
        assert sorted(set(complete) & self.builds.keys()) == sorted(self.builds)
        assert len(complete) == len(set(complete))
        announcement = (self.run_folder / "announcement.txt").read_text()
        assert announcement == f"RDO epoxy: {len(self.builds)} packages\n"
        assert not (self.run_folder / "client").exists()
        times = self.times()
        assert times["began"] == ANNOUNCED
        assert round(sum(times["sums"].values()), 3) == round(times["seconds"], 3)
        assert times["open"] == []

    def times(self) -> dict[str, t.Any]:
        """Whose time it took."""
        times = run_module("run_time_line", journal=str(self.run_folder / "journal.jsonl"))
        assert not times["failed"], times["msg"]
        return times

    def close(self) -> None:
        self.stack.close()


def start_playbook(
    playbook: str, *argv: str, environment: t.Mapping[str, str], folder: pathlib.Path
) -> subprocess.Popen[bytes]:
    """Start a playbook in a group of processes of its own, for who kills it."""
    command = [pathlib.Path(sys.executable).with_name("ansible-playbook"), "-i", "localhost,", "-c", "local"]
    command += ["-e", f"ansible_python_interpreter={sys.executable}", playbook, *argv]
    build = pathlib.Path(__file__).resolve().parents[3] / ".build"
    whole = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(build), **environment}
    quiet = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
    return subprocess.Popen(command, env=whole, cwd=folder, start_new_session=True, **quiet)


def said(output: str) -> str:
    """The one sentence of a run."""
    return re.findall(r"(epoxy on el9s: .*?)\s*\",?$", output, re.MULTILINE)[-1]
