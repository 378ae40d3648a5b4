# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Repositories, images and OSTree commits of real packages: the same bytes each time, and what is in them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest
from lab.packages import build, manifest

from ansible_collections.rdo.releng.plugins.module_utils._compose.image import Image
from ansible_collections.rdo.releng.plugins.module_utils._compose.ostree import OstreeCommit
from ansible_collections.rdo.releng.plugins.module_utils._compose.repository import Repository
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import (
    Conflict,
    InvalidInput,
    NotFound,
    Refused,
)
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform
from ansible_collections.rdo.releng.plugins.module_utils._publish.ostree_ref import Refs

KINDS = {
    "repository": (Repository, {}, ["createrepo_c"]),
    "image": (
        Image,
        {"formats": ["raw", "qcow2", "squashfs"], "size": 0, "elements": []},
        ["mke2fs", "qemu-img", "mksquashfs"],
    ),
    "ostree": (OstreeCommit, {"ref": "lab/pending", "bind": ["lab/stable", "lab/v1"], "collection": None}, ["ostree"]),
}
PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    return build(tmp_path_factory.mktemp("packages"))


def make(tmp_path, kind, files, name=None, check=False, **options):
    change, given, programs = KINDS[kind]
    for program in programs:
        if not shutil.which(program, path=PATH):
            pytest.skip(f"{program} is not installed (bindep profile events)")
    manifest(tmp_path / f"{kind}.json", kind, files)
    params = {"manifest": str(tmp_path / f"{kind}.json"), "packages": [str(files[0].parents[1])], "timeout": 300.0}
    params.update(path=str(tmp_path / (name or kind)), log=str(tmp_path / "log"), database="/var/lib/rpm", **given)
    return perform(change({**params, **options}), check, False)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_manifest_makes_the_same_bytes_and_nothing_again(tmp_path, packages, kind):
    first = make(tmp_path, kind, packages, "first")
    assert first["changed"] and not make(tmp_path, kind, packages, "first")["changed"]
    assert first["files"] == make(tmp_path, kind, packages, "second")["files"] != []
    assert not (tmp_path / "first.part").exists()
    document = json.loads((tmp_path / "first" / "artifact.json").read_text())
    assert document["packages"] == ["lab-base-1-1.noarch", "lab-tool-1-1.noarch"]


def test_what_was_tampered_with_or_is_of_another_manifest_is_made_anew(tmp_path, packages):
    make(tmp_path, "repository", packages)
    (tmp_path / "repository/Packages/lab-base-1-1.noarch.rpm").write_text("!")
    assert make(tmp_path, "repository", packages)["changed"]
    assert make(tmp_path, "repository", packages[:1], check=True)["actions"] == [
        f"make anew lab-repository in {tmp_path}/repository: 1 packages"
    ]
    make(tmp_path, "repository", packages[:1])
    assert [one.name for one in (tmp_path / "repository/Packages").iterdir()] == ["lab-base-1-1.noarch.rpm"]


def test_dnf_installs_from_the_repository_what_the_manifest_says(tmp_path, packages):
    make(tmp_path, "repository", packages)
    done = subprocess.run(
        ["dnf", "-q", "--repofrompath", f"lab,file://{tmp_path}/repository", "--repo", "lab", "--nogpgcheck"]
        + ["--setopt", f"cachedir={tmp_path}/cache", "repoquery", "--disableplugin=*"],
        capture_output=True,
        text=True,
        env={**os.environ, "HOME": str(tmp_path)},
        check=False,
    )
    assert sorted(done.stdout.split()) == ["lab-base-0:1-1.noarch", "lab-tool-0:1-1.noarch"], done.stderr


def test_a_package_that_is_missing_or_was_signed_since_is_named(tmp_path, packages):
    files = [shutil.copy(file, tmp_path / file.name) for file in packages]
    (tmp_path / "rpms").mkdir()
    with pytest.raises(NotFound, match=r"lab-base-1-1.noarch; lab-tool-1-1.noarch"):
        make(tmp_path, "repository", packages, packages=[str(tmp_path / "rpms")])
    with open(files[0], "ab") as file:
        file.write(b"signed")
    with pytest.raises(NotFound, match="has another sha256"):
        make(tmp_path, "repository", packages, packages=[str(tmp_path)])


def test_a_manifest_that_was_changed_is_not_believed(tmp_path, packages):
    manifest(tmp_path / "m.json", "repository", packages)
    (tmp_path / "m.json").write_text((tmp_path / "m.json").read_text().replace("lab-tool", "evil-tool"))
    with pytest.raises(InvalidInput, match="it was changed"):
        make(tmp_path, "repository", packages, manifest=str(tmp_path / "m.json"))


def test_what_is_not_closed_is_no_image(tmp_path, packages):
    with pytest.raises(Exception, match="lab-base is needed"):
        make(tmp_path, "image", packages[1:])
    assert not (tmp_path / "image").exists()


def test_a_folder_that_is_something_else_is_left_alone(tmp_path, packages):
    (tmp_path / "repository").mkdir()
    (tmp_path / "repository" / "precious").write_text("")
    with pytest.raises(InvalidInput, match="is not an artifact"):
        make(tmp_path, "repository", packages)


def test_an_image_has_the_owners_and_modes_that_its_packages_say(tmp_path, packages):
    make(tmp_path, "image", packages, formats=["raw"])
    image = tmp_path / "image" / "image.raw"
    shown = subprocess.run(
        ["debugfs", "-R", "ls -l /usr/bin", image],
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": PATH},
        check=True,
    ).stdout
    assert "104755" in shown and "120777" in shown
    conf = subprocess.run(
        ["debugfs", "-R", "stat /etc/lab.conf", image],
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": PATH},
        check=True,
    ).stdout
    assert "Mode:  0640" in conf and "70000000" not in conf and "1879048" not in conf
    logs = subprocess.run(
        ["debugfs", "-R", "ls -l /var/log", image],
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": PATH},
        check=True,
    ).stdout
    assert "lab.log" not in logs


# OSTree


def ostree(repo, *argv):
    return subprocess.run(
        ["ostree", f"--repo={repo}", *argv], capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.fixture(scope="module")
def commits(tmp_path_factory, packages):
    """Two artifacts: of one release, and of the next."""
    folder = tmp_path_factory.mktemp("commits")
    make(folder, "ostree", packages, "one")
    make(folder, "ostree", build(folder / "next", 2), "two")
    return folder / "one" / "repo", folder / "two" / "repo"


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    home = tmp_path_factory.mktemp("gnupg")
    home.chmod(0o700)
    gpg = ["gpg", "--homedir", home, "--batch", "--quiet"]
    subprocess.run([*gpg, "--passphrase", "", "--quick-gen-key", "lab@example.org", "rsa2048"], check=True)
    listed = subprocess.run([*gpg, "--list-keys", "--with-colons"], capture_output=True, text=True, check=True).stdout
    (ident,) = [line.split(":")[4] for line in listed.splitlines() if line.startswith("pub")]
    (home / "key.asc").write_text(
        subprocess.run([*gpg, "--armor", "--export"], capture_output=True, text=True, check=True).stdout
    )
    yield {"key": ident, "gpg_home": str(home), "public_key": str(home / "key.asc")}
    subprocess.run(["gpgconf", "--homedir", home, "--kill", "gpg-agent"], check=False)


def refs(repo, *wanted, check=False, **options):
    given = [{"source": None, "commit": None, "expected": None, "tag": False, **one} for one in wanted]
    params = {"repo": str(repo), "refs": given, "depth": None, "key": None, "gpg_home": None, "public_key": None}
    params.update(timeout=120.0, wait_timeout=0.0, log=None)
    return perform(Refs({**params, **options}), check, True)


@pytest.fixture
def repo(tmp_path):
    if not shutil.which("ostree"):
        pytest.skip("ostree is not installed (bindep profile events)")
    (tmp_path / "repo").mkdir()
    ostree(tmp_path / "repo", "init", "--mode=archive")
    return tmp_path / "repo"


def test_a_commit_is_merged_promoted_and_tagged_and_clients_get_it(repo, commits, key):
    pending = {"name": "lab/pending", "source": str(commits[0])}
    assert len(refs(repo, pending, check=True, **key)["actions"]) == 2 and ostree(repo, "refs") == ""
    merged = refs(repo, pending, **key)["refs"]["lab/pending"]
    assert not refs(repo, pending, **key)["changed"]
    stable = {"name": "lab/stable", "commit": "lab/pending", "expected": "none"}
    done = refs(repo, stable, {"name": "lab/v1", "commit": "lab/pending", "tag": True}, **key)
    assert done["refs"] == {"lab/stable": merged, "lab/v1": merged}
    assert (repo / "summary.sig").exists()


def test_an_expected_commit_is_compared_and_a_tag_is_not_moved(repo, commits):
    refs(
        repo,
        {"name": "lab/pending", "source": str(commits[0])},
        {"name": "lab/v1", "commit": "lab/pending", "tag": True},
    )
    with pytest.raises(Conflict, match="none was expected"):
        refs(repo, {"name": "lab/pending", "source": str(commits[1]), "expected": "none"})
    refs(repo, {"name": "lab/pending", "source": str(commits[1])})
    with pytest.raises(Conflict, match="a tag is not moved"):
        refs(repo, {"name": "lab/v1", "commit": "lab/pending", "tag": True})


def test_a_ref_that_the_commit_is_not_bound_to_is_refused_before_clients_do(repo, commits):
    with pytest.raises(Refused, match="clients refuse it"):
        refs(repo, {"name": "lab/elsewhere", "source": str(commits[0]), "commit": "lab/pending"})
    assert ostree(repo, "refs") == ""


def test_old_commits_are_pruned_and_those_with_a_tag_are_kept(repo, commits):
    one = refs(repo, {"name": "lab/pending", "source": str(commits[0])})["refs"]["lab/pending"]
    refs(repo, {"name": "lab/v1", "commit": one, "tag": True})
    refs(repo, {"name": "lab/pending", "source": str(commits[1])}, depth=0)
    assert ostree(repo, "show", one)


def test_the_same_manifest_is_not_merged_again(repo, commits, tmp_path):
    refs(repo, {"name": "lab/pending", "source": str(commits[0])})
    manifest_id = ostree(commits[0], "show", "--print-metadata-key=releng.manifest", "lab/pending").strip("'")
    other = tmp_path / "other"
    other.mkdir()
    ostree(other, "init", "--mode=archive")
    (tmp_path / "tree").mkdir()
    ostree(
        other,
        "commit",
        "--branch=lab/pending",
        f"--add-metadata-string=releng.manifest={manifest_id}",
        tmp_path / "tree",
    )
    assert not refs(repo, {"name": "lab/pending", "source": str(other)})["changed"]


def test_what_is_missing_is_said(repo, tmp_path):
    with pytest.raises(NotFound, match="has no lab/nowhere"):
        refs(repo, {"name": "lab/stable", "commit": "lab/nowhere"})
    with pytest.raises(NotFound, match="no OSTree repository"):
        refs(tmp_path / "none", {"name": "lab/stable", "commit": "lab/nowhere"})
    with pytest.raises(InvalidInput, match="is not a name of a ref"):
        refs(repo, {"name": "../x", "commit": "a"})
