# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that promotion runs need: a trunk of the quickstart's packages, DLRN's API, git repositories, Zuul."""

from __future__ import annotations

import configparser
import json
import os
import pathlib
import sqlite3
import subprocess
import types
import typing as t

import koji
import yaml
from koji_double import Hub, Server
from stage import modules
from stage.trunk import DLRN, ROOT, Api, make_user
from zuul_server import NODES, PYTHON, ZuulServer

TENANT = pathlib.Path(__file__).with_name("tenant")
WHEELS = pathlib.Path(__file__).with_name("trunk-wheels.txt")
SOURCE, STAGING, TARGET = "source", "current-passed-ci-testing", "current-passed-ci"
PERIODIC = "periodic-quickstart"
EVERY_FEW_SECONDS = "* * * * * */5"
TAGS = [f"cloud9s-{name}" for name in ("el9s-build", "candidate", "testing", "release")]
# What rpmlint expects of a distribution's own packages
UNSIGNED = ("no-signature", "no-packager-tag", "no-group-tag", "no-changelogname-tag", "zero-length")
# What the tags hold: name and version, and what its RPM says besides. Version 3 of nova is not what its client needs.
TAGGED = {
    TAGS[1]: [("openstack-nova", "2", "Provides: nova-api"), ("openstack-nova", "3")],
    TAGS[2]: [("openstack-nova", "1", "Provides: nova-api"), ("openstack-client", "1", "Requires: nova-api")],
}
LIBRARIES = [
    {"pypi": name, "file": name, "project": name, "component": component, "versions": versions}
    for name, component, versions in (
        ("stevedore", "common", ["5.9.1", "5.10.0"]),
        ("debtcollector", "oslo", ["3.0.0", "3.1.0"]),
    )
]


class Site:
    """What a run needs. When it has started, the timer has begun a first run, and begins no other.

    :param folder: everything is below it but the trunk, which is kept below ``.build``: it takes minutes to build.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.trunk = pathlib.Path(os.environ.get("RELENG_ZUUL_TRUNK", ROOT / ".build" / "zuul" / "trunk"))
        self.repos = self.trunk / "dlrn" / "data" / "repos"
        self.url = f"file://{self.repos}"
        self.database = self.trunk / "dlrn" / "commits.sqlite"
        self.base = f"file://{self.trunk}/stand-in-base"
        self.tagged = folder / "tagged"
        self.composes = folder / "composes"
        self.zuul = ZuulServer(folder / "server", readable=[self.trunk, self.tagged, self.composes])
        self.api = self._make_api()
        self.hub = Server(Hub())

    def start(self) -> None:
        self.zuul.prepare()
        self._build_trunk()
        make_user(f"sqlite:///{self.database}")
        self.api.start()
        self.release(0, 0)
        self._make_repositories()
        self.zuul.start()
        self.zuul.wait("the timer", lambda: self.zuul.running(PERIODIC))
        self._stop_timer()

    def stop(self) -> None:
        self.zuul.stop()
        self.api.stop()
        self.hub.stop()

    # DLRN

    def rows(self, query: str, *values: t.Any) -> list[tuple]:
        with sqlite3.connect(self.database) as database:
            return database.execute(query, values).fetchall()

    def votes(self) -> list[tuple]:
        """Job, success and candidate of each vote, in their order."""
        rows = self.rows("select ci_name, ci_vote, notes from civotes_agg order by id")
        return [(job, success, notes.split()[1]) for job, success, notes in rows]

    def label(self, name: str = TARGET) -> dict[str, str]:
        """The address of each repository that a label holds."""
        parser = configparser.ConfigParser(interpolation=None)
        parser.read(self.repos / name / "delorean.repo")
        return {section: parser[section]["baseurl"] for section in parser.sections()}

    def release(self, *versions: int) -> dict[str, str]:
        """Let the source label hold the first (0) or the next (1) version of each library; what it holds then."""
        lockfile = self.folder / f"release-{'-'.join(map(str, versions))}.json"
        commits = []
        for library, number in zip(LIBRARIES, versions):
            rows = self.rows(
                "select commit_hash, distro_hash, component from commits where component = ? order by dt_build",
                library["component"],
            )
            commits.append(dict(zip(("commit_hash", "distro_hash", "component"), rows[number])))
        given = {"trunk_url": self.url, "release": "quickstart", "distro": "stand-in"}
        pinned = modules.run_module("dlrn_candidate", commits=commits, path=str(lockfile), **given)
        assert not pinned["failed"], pinned
        held = modules.run_module("dlrn_promotion_info", label=SOURCE, api_url=self.api.url)
        promoted = modules.run_module(
            "dlrn_promotion",
            candidate=str(lockfile),
            label=SOURCE,
            expected=held["components"] or "absent",
            **self.api.arguments,
        )
        assert not promoted["failed"], promoted
        return self.label(SOURCE)

    def _build_trunk(self) -> None:
        """The stages of the quickstart that build, for two libraries of which nothing depends on the other.

        Their next versions are committed, and left for a job to build. What is there then is kept, and each session
        begins with a copy of it: nothing of earlier ones is built, promoted or voted.
        """
        worker, built, copy = (self.trunk / name for name in ("dlrn", "built", "copy"))
        if not built.exists():
            begun = [self.trunk / name for name in ("rdoinfo", "upstream", "distgit", "run")]
            subprocess.run(["rm", "-rf", worker, copy, *begun], check=True)
            self._build_first_versions()
            subprocess.run(["cp", "-a", worker, copy], check=True)
            copy.rename(built)
        subprocess.run(["rm", "-rf", worker], check=True)
        subprocess.run(["cp", "-a", built, worker], check=True)

    def _build_first_versions(self) -> None:
        stages = [
            {"name": "sources", "role": "quickstart"},
            {"name": "worker", "role": "dlrn_builder"},
            {"name": "first-versions", "role": "trunk_build"},
            {"name": "next-commits", "role": "quickstart", "tasks_from": "next_versions"},
        ]
        given = {"quickstart_stages": stages, "quickstart_projects": LIBRARIES, "quickstart_wheels": str(WHEELS)}
        built = subprocess.run(
            [ROOT / ".ci" / "quickstart", "", "--extra-vars", json.dumps(given)],
            env={**os.environ, "QUICKSTART_FOLDER": str(self.trunk), "ANSIBLE_NOCOLOR": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert built.returncode == 0, built.stdout[-5000:]

    def _make_api(self) -> Api:
        folder = self.folder / "dlrn"
        folder.mkdir()
        (folder / "api.cfg").write_text(
            f"DB_PATH = 'sqlite:///{self.database}'\n"
            f"REPO_PATH = '{self.repos}'\n"
            f"CONFIG_FILE = '{self.trunk}/dlrn/conf/projects.ini'\n"
        )
        trunk = t.cast("t.Any", types.SimpleNamespace(folder=folder))
        return Api(trunk, folder, {"PYTHONPATH": f"{self.trunk}/dlrn/conf"})

    # Zuul

    def _make_repositories(self) -> None:
        zuul = self.zuul
        values = {
            "FOLDER": str(zuul.folder),
            "PYTHON": str(PYTHON),
            "ZUUL_URL": zuul.url,
            "SOURCES": str(self.trunk),
            "TRUNK": self.url,
            "DLRN": str(DLRN),
            "BASE": self.base,
            "SMOKE": f"file://{zuul.git}/smoke",
            "TIMER": EVERY_FEW_SECONDS,
            "HUB": self.hub.url,
            "TAGGED": str(self.tagged),
            "COMPOSES": str(self.composes),
            **{f"PORT_{node.upper()}": str(zuul.ports[node]) for node in NODES},
        }
        for repository in ("config", "installer", "smoke"):
            folder = TENANT / repository
            files = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}
            for name, value in values.items():
                files = {path: text.replace(name, value) for path, text in files.items()}
            zuul.commit(repository, files)
        koji_account = {"server": self.hub.url, "user": "kojiadmin", "password": "kojiadmin"}
        secrets = {"dlrn_quickstart": self.api.arguments, "koji": koji_account}
        zuul.commit("config", {"zuul.d/secrets.yaml": zuul.encrypt("config", secrets)})
        self._render()
        zuul.copy_checkout("rdo.releng")
        self._make_hub()
        make_compose(self.composes / "good/compose", 0, self.trunk / "stand-in-base")
        make_compose(self.composes / "drops/compose", 1, self.trunk / "stand-in-base", "python3-testtools-*")
        zuul.commit("rdoinfo", {"rdo-full.yml": rdoinfo()})
        distgit = self.trunk / "distgit" / "python-stevedore"
        lenient = {"python-stevedore.rpmlintrc": "".join(f"addFilter('{word}')\n" for word in UNSIGNED)}
        files = {path.name: path.read_text() for path in distgit.iterdir() if path.is_file()}
        zuul.commit("stevedore-distgit", {**files, **lenient})
        zuul.commit("thief", {"README": "Nothing of ours.\n"})
        zuul.branch("thief", "change/steal")
        for name in ("config", "rdoinfo", "stevedore-distgit"):
            zuul.branch(name, "change/good", "change/bad")
        zuul.branch("installer", "change/good")
        zuul.branch("rdoinfo", "change/breaks")

    def file(self, repository: str, path: str) -> str:
        """What a file of a repository of Zuul's has on main."""
        return (self.zuul.git / repository / path).read_text()

    def _stop_timer(self) -> None:
        """Let the timer start nothing more after the first run."""
        path = "releases/quickstart.yml"
        text = self.file("config", path)
        self.zuul.commit("config", {path: text.replace(EVERY_FEW_SECONDS, "0 3 29 2 *")})
        self._render()

    def _render(self) -> None:
        """Commit what the release definitions say."""
        folder = self.zuul.git / "config"
        given = {"site": str(folder / "site.yml"), "releases": [str(path) for path in folder.glob("releases/*.yml")]}
        rendered = modules.run_module("zuul_jobs", destination=str(folder), **given)
        assert not rendered["failed"], rendered
        self.zuul.commit("config", {})

    def _make_hub(self) -> None:
        """The tags of the release with their repositories, and what builds packages."""
        admin = koji.ClientSession(self.hub.url, {"user": "kojiadmin", "password": "kojiadmin"})
        admin.login()
        for tag in TAGS:
            admin.createTag(tag, arches="x86_64")
            admin.packageListAdd(tag, "openstack-nova", "kojiadmin")
        for tag, packages in TAGGED.items():
            for name, version, *lines in packages:
                admin.packageListAdd(tag, name, "kojiadmin")
                admin.createEmptyBuild(name, version, "1.el9s", None)
                admin.tagBuildBypass(tag, f"{name}-{version}-1.el9s")
                build_rpm(self.tagged / tag, name, version, lines)
            subprocess.run(["createrepo_c", "--quiet", self.tagged / tag], check=True)
        admin.createBuildTarget("el9s", TAGS[0], TAGS[1])
        admin.packageListAdd(TAGS[1], "python-stevedore", "kojiadmin")
        admin.logout()
        hub = self.hub.hub

        def build(user: int, source: str, target: str, options: dict | None = None) -> None:
            number = hub.make_build("python-stevedore", "0", "0.el9s", None, user)
            hub.builds[number]["task_id"] = max(hub.tasks)

        hub.run_build = build


def build_rpm(folder: pathlib.Path, name: str, version: str, lines: t.Iterable[str]) -> None:
    """An RPM with nothing in it; ``lines`` are more of its preamble."""
    folder.mkdir(parents=True, exist_ok=True)
    spec = folder / f"{name}.spec"
    preamble = [f"Name: {name}", f"Version: {version}", "Release: 1.el9s", "Summary: Nothing", "License: MIT", *lines]
    spec.write_text("\n".join([*preamble, "BuildArch: noarch", "%description", "Nothing.", "%files", ""]))
    argv = ["rpmbuild", "-bb", "-D", f"_topdir {folder}/build", "-D", f"_rpmdir {folder}", spec]
    subprocess.run(argv, check=True, capture_output=True)


def rdoinfo(**builds: str) -> str:
    """rdoinfo with one release and one package, and the builds that are wanted in its tags."""
    release = {
        "name": "epoxy",
        "status": "maintained",
        "branch": "epoxy-rdo",
        "tags_map": "separated_buildreqs",
        "repos": [{"name": "el9s", "buildsys": "cbs/cloud9s-el9s", "buildsys-tags": TAGS}],
    }
    nova: dict[str, t.Any] = {
        "project": "nova",
        "name": "openstack-nova",
        "component": "compute",
        "maintainers": ["a@example.com"],
        "tags": {"epoxy": None},
    }
    if builds:
        nova["buildsys-tags"] = {f"cloud9s-{phase}": nvr for phase, nvr in builds.items()}
    return yaml.safe_dump({"releases": [release], "components": [{"name": "compute"}], "packages": [nova]})


def make_compose(folder: pathlib.Path, respin: int, base: pathlib.Path, without: str = "no-such-package") -> None:
    """A compose of one variant, which has the packages of a base; those that match ``without`` it drops."""
    members = folder / "BaseOS/x86_64/os"
    members.parent.mkdir(parents=True)
    subprocess.run(["cp", "-al", base, members], check=True)
    subprocess.run(["rm", "-rf", members / "repodata"], check=True)
    subprocess.run(["createrepo_c", "--quiet", "--excludes", without, members], check=True)
    identity = {"id": f"StandIn-9-20261101.{respin}", "type": "production", "date": "20261101", "respin": respin}
    info = {
        "header": {"type": "productmd.composeinfo", "version": "1.2"},
        "payload": {
            "compose": identity,
            "release": {"name": "StandIn", "version": "9"},
            "variants": {"BaseOS": {"paths": {"repository": {"x86_64": "BaseOS/x86_64/os"}}}},
        },
    }
    (folder / "metadata").mkdir()
    (folder / "metadata/composeinfo.json").write_text(json.dumps(info))
