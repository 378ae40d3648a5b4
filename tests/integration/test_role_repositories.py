# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role repositories: what dnf finds is what the candidate names."""

from __future__ import annotations

import configparser
import shutil
import subprocess

import pytest
import yaml


@pytest.fixture
def candidate(trunk, run_module, tmp_path):
    """A lockfile with base and dependencies: (its content, its path)."""
    base = trunk.repos / trunk.build("delta", 1)["folder"]
    for name in ("base", "deps"):
        shutil.copytree(base, tmp_path / name)
    path = tmp_path / "candidate.json"
    pinned = run_module(
        "dlrn_candidate",
        trunk_url=trunk.url,
        label="consistent",
        release="master",
        distro="centos9",
        dependencies=f"file://{tmp_path}/deps",
        base=[{"id": "baseos", "url": f"file://{tmp_path}/base"}],
        scenarios=[],
        path=str(path),
    )
    assert pinned["changed"]
    return pinned["candidate"], path


@pytest.fixture
def role(run_playbook, tmp_path):
    """Runs the role; its output, and how many tasks changed something (None: it failed)."""
    folder = tmp_path / "repos.d"
    folder.mkdir()

    def run(*argv, **variables):
        variables = {f"repositories_{name}": value for name, value in {"folder": str(folder), **variables}.items()}
        play = {"hosts": "localhost", "gather_facts": False, "vars": variables, "roles": ["rdo.releng.repositories"]}
        (tmp_path / "play.yml").write_text(yaml.safe_dump([play]))
        done = run_playbook(tmp_path / "play.yml", *argv)
        return done.stdout, int(done.stdout.rpartition("changed=")[2].split()[0]) if done.returncode == 0 else None

    run.folder = folder
    return run


def sections(path):
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(path)
    return {name: parser[name]["baseurl"] for name in parser.sections()}


def test_a_candidate_is_what_dnf_finds(trunk, candidate, role):
    content, path = candidate
    output, changed = role("--check", source="candidate", candidate=str(path))
    assert changed, output
    assert not list(role.folder.iterdir())
    output, changed = role(source="candidate", candidate=str(path))
    assert changed == 1, output
    assert role(source="candidate", candidate=str(path))[1] == 0
    written = sections(role.folder / "rdo-releng.repo")
    pinned = {f"rdo-releng-delorean-component-{one['component']}": one["repo_url"] for one in content["components"]}
    assert written == {
        **pinned,
        "rdo-releng-rdo-dependencies": content["dependencies"]["url"],
        "rdo-releng-baseos": content["base"][0]["url"],
    }
    argv = ["dnf", "-q", "--disableplugin=local", f"--setopt=reposdir={role.folder}", "--releasever=9"]
    argv += [f"--setopt=cachedir={role.folder}.cache", "repoquery", "--qf=%{name}"]
    argv += ["--repo=rdo-releng-delorean-component-common"]
    if shutil.which("dnf"):
        found = subprocess.run(argv, check=True, capture_output=True, text=True).stdout.split()
        assert {"python3-alpha", "python3-beta"} <= set(found)
        # What changes after the role has looked is not installed.
        common = next(one for one in content["components"] if one["component"] == "common")
        subprocess.run(["createrepo_c", "-q", common["repo_url"].removeprefix("file://")], check=True)
        shutil.rmtree(f"{role.folder}.cache")
        refused = subprocess.run([*argv, "--setopt=skip_if_unavailable=0"], capture_output=True, text=True, check=False)
        assert refused.returncode and "Cannot download repomd.xml" in refused.stderr

    # Nothing is written from a candidate that is not what it was.
    shutil.rmtree(trunk.repos / trunk.build("alpha", 2)["folder"])
    output, changed = role(source="candidate", candidate=str(path))
    assert changed is None
    assert "component common" in output


def test_trunk_is_followed_by_hashed_directories(trunk, role, tmp_path):
    (tmp_path / "deps.repo").write_text("[delorean-master-testing]\nname=deps\nbaseurl=https://example.org/deps\n")
    options = {"source": "trunk", "release": "master", "distro": "centos9", "trunk_url": trunk.url}
    options["dependencies_url"] = f"file://{tmp_path}/deps.repo"
    output, changed = role(label="current", **options)
    assert changed == 2, output
    folder = trunk.build("alpha", 3)["folder"]
    assert sections(role.folder / "rdo-releng.repo")["rdo-releng-delorean-component-common"] == f"{trunk.url}/{folder}"
    assert sections(role.folder / "rdo-releng-dependencies.repo") == {
        "delorean-master-testing": "https://example.org/deps"
    }
    assert role(label="current", **options)[1] == 0
    assert role(label="consistent", **options)[1] == 1

    output, changed = role(label="consistant", **options)
    assert changed is None
    assert "closest first: consistent" in output

    # Neither file is written where one of them cannot be.
    before = {path.name: path.read_text() for path in role.folder.iterdir()}
    (tmp_path / "deps.repo").write_text("<html>Sign in</html>")
    output, changed = role(label="current", **options)
    assert changed is None
    assert "is no .repo file" in output
    (tmp_path / "deps.repo").unlink()
    output, changed = role(label="current", **options)
    assert changed is None
    assert "deps.repo" in output
    assert {path.name: path.read_text() for path in role.folder.iterdir()} == before


def test_what_the_host_has_besides_a_pinned_base_is_refused_or_turned_off(candidate, role):
    _content, path = candidate
    (role.folder / "own.repo").write_text("[baseos]\nbaseurl=https://example.org/other\n")
    output, changed = role(source="candidate", candidate=str(path))
    assert changed is None
    assert "this host would also install from baseos" in output
    assert [one.name for one in role.folder.iterdir()] == ["own.repo"]
    output, changed = role(source="candidate", candidate=str(path), others="disable")
    assert changed == 2, output
    assert (role.folder / "own.repo").read_text() == "[baseos]\nenabled=0\nbaseurl=https://example.org/other\n"
    assert role(source="candidate", candidate=str(path))[1] == 0


def test_what_the_source_needs_is_asked_for(role):
    output, changed = role(source="trunk", release="master", distro="centos9")
    assert changed is None
    assert "The source trunk needs repositories_label." in output


def test_another_source_leaves_nothing_of_the_first(candidate, role):
    _content, path = candidate
    (role.folder / "rdo-releng-dependencies.repo").write_text("[x]\nbaseurl=y\n")
    (role.folder / "own.repo").write_text("[own]\nbaseurl=z\n")
    output, changed = role(source="candidate", candidate=str(path), base=False)
    assert changed == 2, output
    assert sorted(path.name for path in role.folder.glob("*.repo")) == ["own.repo", "rdo-releng.repo"]
    assert "rdo-releng-baseos" not in sections(role.folder / "rdo-releng.repo")
