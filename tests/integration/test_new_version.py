# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From "upstream tagged 1.2.3 and 2.0.0rc1" to the version in a repository, for three packages that need each other.

Real: git, gpg, rpm's parser, rpmbuild in the sandbox and in clean roots that dnf made, pushes to Gerrit. Gerrit is the
double of the contract tests.
"""

from __future__ import annotations

import io
import json
import pathlib
import shutil
import subprocess
import sys
import tarfile
import textwrap
import typing as t

import pytest
from stage.modules import finish_module, run_module, run_playbook, start_module
from test_source_archive import Keys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "contract" / "gerrit"))
from gerrit_double import EMAIL, PASSWORD, USER, Gerrit

pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, ("bwrap", "gpg", "gpgv", "rpmbuild"))),
    reason="bwrap, gpg, gpgv or rpmbuild is not installed: make system-packages",
)
# Which needs which: gamma to be installed, beta to be built.
CHAIN = {"alpha": "", "beta": "BuildRequires:  python3-alpha", "gamma": ""}
SPEC = """\
%{{!?sources_gpg: %{{!?dlrn:%global sources_gpg 1}} }}
%global sources_gpg_sign 0x0000000000000000000000000000000000000000
%{{!?upstream_version: %global upstream_version %{{version}}%{{?milestone}}}}
Name:           python-{name}
Version:        1.2.2
Release:        1%{{?dist}}
Summary:        A package of the test
License:        Apache-2.0
Source0:        file://{tarballs}/{name}/{name}-%{{upstream_version}}.tar.gz
%if 0%{{?sources_gpg}} == 1
Source101:      file://{tarballs}/{name}/{name}-%{{upstream_version}}.tar.gz.asc
Source102:      file://{tarballs}/keys/%{{sources_gpg_sign}}.txt
%endif
BuildArch:      noarch
{build}

%description
A package.

%package -n python3-{name}
Summary:        A package of the test
Requires:       python3-base{run}

%description -n python3-{name}
A package.

%prep
%setup -q -n {name}-%{{upstream_version}}

%install
install -D -m 644 setup.cfg %{{buildroot}}/usr/share/{name}/setup.cfg

%files -n python3-{name}
/usr/share/{name}

%changelog
* Mon Jan 01 2024 RDO <dev@lists.rdoproject.org> 1.2.2-1
- Update to 1.2.2
"""
RDOINFO = """\
releases:
- name: flamingo
  status: development
  branch: flamingo-rdo
  upstream_branch: stable/2025.2
  repos:
  - {{name: el9s, buildsys-tags: [flamingo-candidate, flamingo-testing]}}
packages:
"""
PACKAGE = """\
- project: {name}
  name: python-{name}
  upstream: file://{folder}/upstream/openstack/{name}
  review-origin: ssh://review.example.org:29418/packages/{name}-distgit.git
  maintainers: [alice@example.com]
  tags:
    flamingo:
"""


class World:
    """Upstream with its archives and keys, openstack/releases, rdoinfo, and a Gerrit with the distgits."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.tarballs = folder / "tarballs"
        (self.tarballs / "keys").mkdir(parents=True)
        self.keys = Keys(folder / "gpg")
        self.key = self.keys.make("release", expires="20y")
        (self.tarballs / "keys" / f"0x{self.key.lower()}.txt").write_bytes(self.keys.export(self.key))
        self.gerrit = Gerrit(folder / "gerrit")
        self.released: dict[str, list[str]] = {name: ["1.2.2"] for name in CHAIN}
        rows = "".join(PACKAGE.format(name=name, folder=folder) for name in CHAIN)
        (folder / "rdoinfo").mkdir()
        (folder / "rdoinfo" / "rdo-full.yml").write_text(RDOINFO.format() + rows)
        (folder / "status.yaml").write_text(
            json.dumps([{"name": "flamingo", "status": "development", "signing-key": {"key": self.key.lower()}}])
        )
        for name, build in CHAIN.items():
            run = ">= 1.2.2\nRequires:       python3-beta" if name == "gamma" else ""
            text = SPEC.format(name=name, build=build, run=f" {run}" if run else "", tarballs=self.tarballs)
            self.gerrit.create_project(f"packages/{name}-distgit", {f"python-{name}.spec": text}, "flamingo-rdo")
            self.git(name, "init", "--quiet", "--initial-branch=master")
        self.write_deliverables()

    def git(self, name: str, *arguments: str) -> None:
        folder = self.folder / "upstream" / "openstack" / name
        folder.mkdir(parents=True, exist_ok=True)
        who = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
        subprocess.run(["git", "-C", folder, *who, *arguments], check=True)

    def tag(self, name: str, version: str, requirements: str = "base>=1.3\n", publish: bool = True) -> None:
        """What upstream does for a version; the archive and its signature may come later."""
        folder = self.folder / "upstream" / "openstack" / name
        (folder / "requirements.txt").write_text(requirements)
        (folder / "setup.cfg").write_text(f"[metadata]\nname = {name}\n# {version}\n")
        self.git(name, "add", "-A")
        self.git(name, "commit", "--quiet", "-m", version)
        self.git(name, "tag", version)
        self.released[name].append(version)
        self.write_deliverables()
        if publish:
            self.publish(name, version)

    def publish(self, name: str, version: str, content: str = "") -> None:
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w:gz") as tar:
            info = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
            for path, text in {"PKG-INFO": info, "setup.cfg": f"[metadata]\nname = {name}\n{content}"}.items():
                member = tarfile.TarInfo(f"{name}-{version}/{path}")
                member.size, member.mtime = len(text), 1_750_000_000
                tar.addfile(member, io.BytesIO(text.encode()))
        place = self.tarballs / name
        place.mkdir(exist_ok=True)
        (place / f"{name}-{version}.tar.gz").write_bytes(file.getvalue())
        signature = self.keys.sign(self.key, file.getvalue(), at="20250610T120000")
        (place / f"{name}-{version}.tar.gz.asc").write_bytes(signature)

    def write_deliverables(self) -> None:
        folder = self.folder / "deliverables" / "flamingo"
        folder.mkdir(parents=True, exist_ok=True)
        for name, versions in self.released.items():
            # An upstream in a folder has its path for a name.
            repository = str(self.folder / "upstream" / "openstack" / name).lstrip("/")
            releases = [{"version": one, "projects": [{"repo": repository}]} for one in versions]
            text = {"release-model": "cycle-with-intermediary", "type": "library", "releases": releases}
            (folder / f"{name}.yaml").write_text(json.dumps(text))

    def call(self, *argv: str, **variables: str) -> dict[str, t.Any]:
        """What starts the playbook, for ``run_playbook`` or ``playbook_call``."""
        environment = {"GERRIT_URL": self.gerrit.url, "GERRIT_USERNAME": USER, "GERRIT_PASSWORD": PASSWORD}
        usual = {
            "rdoinfo": "rdoinfo",
            "release": "flamingo",
            "deliverables": "deliverables",
            "series_status": "status.yaml",
            "keyrings": f"file://{self.tarballs}/keys",
            "author_email": EMAIL,
            **variables,
        }
        extra = [word for name, value in usual.items() for word in ("-e", f"{name}={value}")]
        environment["XDG_CACHE_HOME"] = str(self.folder / "cache")
        words = ["rdo.releng.new_version", *extra, *argv]
        return {"words": words, "environment": environment, "folder": self.folder}

    def run(self, *argv: str, failed: bool = False, **variables: str) -> str:
        call = self.call(*argv, **variables)
        done = run_playbook(*call.pop("words"), **call)
        assert (done.returncode != 0) is failed, done.stdout
        return done.stdout

    def change(self, name: str):
        found = [
            one for one in self.gerrit.changes if one.project == f"packages/{name}-distgit" and one.status == "NEW"
        ]
        assert len(found) == 1, self.gerrit.changes
        return found[0]

    def show(self, change, path: str | None = None) -> str:
        what = ["show", f"{change.commits[-1]}:{path}"] if path else ["log", "-1", "--format=%B", change.commits[-1]]
        return self.gerrit.git(change.project, *what)

    def merge(self, name: str) -> None:
        change = self.change(name)
        self.gerrit.git(change.project, "update-ref", "refs/heads/flamingo-rdo", change.commits[-1])
        change.status = "MERGED"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = World(tmp_path_factory.mktemp("new-version"))
    yield made
    made.gerrit.stop()
    subprocess.run(["gpgconf", "--homedir", made.keys.home, "--kill", "all"], check=False)


def test_nothing_is_behind(world):
    builds = {"el9s": [f"python-{name}-1.2.2-1.el9s" for name in CHAIN]}
    found = run_module(
        "deliverable_info",
        rdoinfo=world.folder / "rdoinfo",
        deliverables=world.folder / "deliverables",
        release="flamingo",
        builds=builds,
        tagged={"flamingo-testing": builds["el9s"]},
        cache_dir=world.folder,
    )
    assert found["ready"] and found["counts"] == {"el9s": {"ready": 3}}, found


def test_what_upstream_tagged_is_proposed_in_order_once(world):
    for name in ("alpha", "beta"):
        world.tag(name, "1.2.3")
    world.tag("gamma", "2.0.0rc1", "base>=1.3\nbeta>=1.2.3\nalpha>=1.2\n", publish=False)
    planned = world.run("--check")
    assert not world.gerrit.changes and "2 created, 1 waiting" in planned, planned
    limited = world.run(limit="1")
    assert "1 created, 1 skipped, 1 waiting" in limited and len(world.gerrit.changes) == 1
    assert world.change("alpha"), "beta needs it, so that it is first"
    output = world.run()
    assert "1 created, 1 unchanged, 1 waiting" in output, output
    assert "gamma-2.0.0rc1.tar.gz" in output
    alpha, beta = world.change("alpha"), world.change("beta")
    spec = world.show(alpha, "python-alpha.spec")
    for line in [
        f"%global sources_gpg_sign 0x{world.key.lower()}",
        "Version:        1.2.3",
        "Requires:       python3-base >= 1.3",
        f"* Tue Jun 10 2025 rdo.releng <{EMAIL}> 1.2.3-1",
    ]:
        assert line in spec.split("\n"), spec
    message = world.show(beta)
    assert message.startswith("python-beta-1.2.3-1\n\nUpdate to 1.2.3\n")
    assert f"\nDepends-On: {world.gerrit.url}/c/packages/alpha-distgit/+/{alpha.number}\n" in message
    assert "Depends-On" not in world.show(alpha)


def test_what_was_waited_for_comes_and_one_that_fails_stops_no_other(world):
    world.publish("gamma", "2.0.0rc1", "# changed after it was signed\n")
    signature = world.tarballs / "gamma" / "gamma-2.0.0rc1.tar.gz.asc"
    good = signature.read_bytes()
    signature.write_bytes(world.keys.sign(world.key, b"something else"))
    output = world.run(failed=True)
    assert "1 failed, 2 unchanged" in output and "the file was changed after it was signed" in output
    assert "could not be brought to their version, see above: python-gamma" in output
    # The same again, tomorrow or after a death, is the same.
    assert [len(change.commits) for change in world.gerrit.changes] == [1, 1]
    signature.write_bytes(good)
    packages = world.folder / "source-packages"
    assert "1 created, 2 unchanged" in world.run(source_packages=str(packages))
    gamma = world.change("gamma")
    spec = world.show(gamma, "python-gamma.spec")
    assert spec.startswith("%global milestone rc1\n") and "Release:        0.1%{?milestone}%{?dist}" in spec
    message = world.show(gamma)
    assert message.startswith("python-gamma-2.0.0-0.1rc1\n\nUpdate to 2.0.0rc1\n")
    assert message.count("Depends-On: ") == 1 and f"/{world.change('beta').number}\n" in message
    assert {path.name for path in packages.iterdir()} == {
        *(f"python-{name}-1.2.3-1.el9s.src.rpm" for name in ("alpha", "beta")),
        "python-gamma-2.0.0-0.1rc1.el9s.src.rpm",
    }


def test_what_was_merged_is_built_and_the_version_is_in_the_repository(world, base_repository, tmp_path):
    for name in CHAIN:
        world.merge(name)
    assert "3 nothing" in world.run()
    repository = tmp_path / "repository"
    shutil.copytree(base_repository, repository)
    base = "Name: python3-base\nVersion: 1.4\nRelease: 1\nSummary: x\nLicense: x\nBuildArch: noarch\n"
    (tmp_path / "base.spec").write_text(base + "%description\nx\n%files\n")
    subprocess.run(
        ["rpmbuild", "-bb", "--quiet", "--define", f"_rpmdir {repository}", tmp_path / "base.spec"],
        check=True,
        capture_output=True,
    )
    for name in CHAIN:
        (package,) = (world.folder / "source-packages").glob(f"python-{name}-*.src.rpm")
        subprocess.run(["createrepo_c", "-q", repository], check=True)
        build(name, package, repository, tmp_path)
    subprocess.run(["createrepo_c", "-q", repository], check=True)
    # gamma comes with what it needs: it installs.
    root = clean_root("last", ["python3-gamma"], repository, tmp_path)
    installed = {item["nevra"].rsplit(".", 1)[0] for item in root["installed"]}
    assert {"python3-alpha-1.2.3-1.el9s", "python3-beta-1.2.3-1.el9s", "python3-gamma-2.0.0-0.1rc1.el9s"} <= installed


def clean_root(name, packages, repository, folder):
    made = run_module(
        "clean_root",
        path=str(folder / f"root-{name}"),
        repositories=[{"id": "base", "baseurl": f"file://{repository}"}],
        packages=["stand-in-base", *packages],
        log=str(folder / f"{name}-dnf.log"),
    )
    assert not made["failed"], made
    return made


def build(name, package, repository, folder):
    """Build a source package in a root with what it requires, and put what comes out into the repository."""
    query = ["rpm", "-qp", "--requires", package]
    needed = subprocess.run(query, check=True, capture_output=True, text=True).stdout.split("\n")
    needed = [line for line in needed if line and not line.startswith("rpmlib(")]
    clean_root(name, needed, repository, folder)
    out = folder / f"out-{name}"
    out.mkdir()
    done = finish_module(
        start_module(
            "clean_root_command",
            root=str(folder / f"root-{name}"),
            command=[
                "rpmbuild",
                "--rebuild",
                "--define",
                "_topdir /tmp/out",
                "--define",
                "_tmppath /tmp",
                "--define",
                "dist .el9s",
                "/tmp/in.src.rpm",
            ],
            binds=[{"source": str(package), "destination": "/tmp/in.src.rpm"}],
            results=[{"folder": "/tmp/out", "patterns": ["RPMS/noarch/*.noarch.rpm"], "destination": str(out)}],
            log=str(folder / f"{name}.log"),
        )
    )
    assert not done["failed"], (done, (folder / f"{name}.log").read_text()[-3000:])
    made = list(out.rglob("*.noarch.rpm"))
    assert made, textwrap.shorten(done["output"], 2000)
    for path in made:
        shutil.copy(path, repository)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["-e", '{"packages": ["python-nosuch"]}'], "with all of python-nosuch"),
        (["-e", "deliverables=nowhere"], "has no series flamingo"),
    ],
)
def test_what_is_not_there_is_named(world, argv, message):
    assert message in " ".join(world.run(*argv, failed=True).split())


def test_everything_missing_is_said_at_once(world):
    done = run_playbook("rdo.releng.new_version", environment={"GERRIT_URL": ""}, folder=world.folder)
    assert done.returncode != 0
    text = " ".join(done.stdout.split())
    assert "Missing: rdoinfo, release, deliverables, gerrit_url, or GERRIT_URL in the environment. Example:" in text
