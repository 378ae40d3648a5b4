# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module distgit_merge, with real repositories and rpm's own parser in the sandbox."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest
from stage.modules import run_module

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "unit" / "plugins" / "module_utils" / "_distgit"))
from test_merge import BASE, OURS, THEIRS


class Theirs:
    """A distgit with a commit for each version."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        self.git("init", "--quiet", "--initial-branch=rawhide")

    def git(self, *arguments: str) -> str:
        self.path.mkdir(exist_ok=True)
        who = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
        return subprocess.check_output(["git", "-C", self.path, *who, *arguments], text=True).strip()

    def commit(self, files: dict[str, str | None]) -> str:
        for name, text in files.items():
            if text is None:
                (self.path / name).unlink()
            else:
                (self.path / name).write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--date=2026-03-04T12:00:00Z", "-m", "x")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def theirs(tmp_path):
    return Theirs(tmp_path / "theirs")


@pytest.fixture
def run(theirs, tmp_path):
    ours = tmp_path / "ours"
    ours.mkdir()
    (ours / "thing.spec").write_text(OURS)
    return lambda check=False, **options: run_module(
        "distgit_merge", check, **{"path": ours, "theirs": theirs.path, "distros": ["el9s"], **options}
    )


def test_the_clean_part_of_a_new_version_once(run, theirs, tmp_path):
    theirs.commit({"thing.spec": BASE.replace("1.0\n", "0.9\n")})
    base = theirs.commit({"thing.spec": BASE, "sources": "SHA512 (thing-1.0.tar.gz) = 1\n"})
    (tmp_path / "ours" / "sources").write_text("SHA512 (thing-1.0.tar.gz) = 1\n")
    newer = THEIRS.replace("BuildRequires:  python3-devel", "Patch1: fix.patch\nBuildRequires:  python3-devel")
    files = {
        "thing.spec": newer,
        "fix.patch": "a patch\n",
        "sources": "SHA512 (thing-1.1.tar.gz) = 2\n",
        "README": "x\n",
    }
    last = theirs.commit({**files, "thing.spec": newer.replace("%pytest\n", "%pytest -v\n")})
    planned = run(check=True)
    assert not planned["failed"], planned
    assert (tmp_path / "ours" / "thing.spec").read_text() == OURS
    done = run()
    assert done["actions"] == planned["actions"] and done["patch"] == planned["patch"]
    assert (done["version_before"], done["version"], done["base"], done["commit"]) == ("1.0", "1.1", base, last)
    assert done["fork"] and done["rejected"] == [{"file": "thing.spec", "hunk": "-%pytest\n+%pytest -v\n"}]
    spec = (tmp_path / "ours" / "thing.spec").read_text()
    for line in [
        "Version:        1.1",
        "Release:        1%{?dist}",
        "Patch1: fix.patch",
        "export FAST=1",
        "# no tests here",
    ]:
        assert line in spec.split("\n"), spec
    assert "RDO <dev@lists.rdoproject.org> - 1.1-1\n- Update to 1.1\n" in spec
    ours = {path.name: path.read_text() for path in (tmp_path / "ours").iterdir()}
    # What the spec file does not name is not taken.
    assert sorted(ours) == ["fix.patch", "sources", "thing.spec"] and "1.1" in ours["sources"]
    again = run()
    assert not again["changed"] and again["status"] == "equal", again


def test_a_version_that_is_older_than_their_newest(run, theirs, tmp_path):
    theirs.commit({"thing.spec": BASE})
    middle = theirs.commit({"thing.spec": THEIRS})
    theirs.commit({"thing.spec": THEIRS.replace("1.1\n", "2.0\n")})
    done = run(version="1.1")
    assert (done["version"], done["commit"]) == ("1.1", middle)
    assert "has never had a spec file at 1.5." in run(version="1.5")["msg"]
    assert run(version="1.0")["status"] == "ahead"


@pytest.mark.parametrize(
    ("spec", "options", "message"),
    [
        (BASE.replace("1.0\n", "0.5\n"), {}, "has never been at 1.0, so that nobody knows what ours comes from"),
        (BASE, {"base": "0" * 40}, "has no commit " + "0" * 40),
        (BASE, {"theirs_branch": "f43"}, "The branch f43 cannot be fetched from "),
        (BASE, {"theirs_branch": "--x"}, "cannot be the name of a branch"),
        (BASE.replace("Version:        1.0", "Version:        %(date)"), {}, "Only rpm can say which version"),
    ],
)
def test_what_cannot_be_merged_is_said(run, theirs, tmp_path, spec, options, message):
    theirs.commit({"thing.spec": spec.replace("0.5\n", "0.7\n") if "0.5" in spec else spec})
    found = run(**options)
    if "never been" in message:
        (tmp_path / "ours" / "thing.spec").write_text(OURS.replace("1.0\n", "0.6\n"))
        found, message = run(**options), message.replace("1.0", "0.6")
    assert found["failed"] and message in found["msg"], found


def test_what_does_not_parse_beside_ours_is_not_written(run, theirs, tmp_path):
    theirs.commit({"thing.spec": BASE})
    theirs.commit({"thing.spec": THEIRS.replace("%build\n", "%if 1\n%build\n")})
    found = run()
    assert found["failed"] and "does not parse beside ours" in found["msg"], found
    assert (tmp_path / "ours" / "thing.spec").read_text() == OURS


def test_a_link_in_either_is_not_followed(run, theirs, tmp_path):
    named = BASE.replace("BuildRequires:  python3-devel", "Source1: secret.txt\nBuildRequires:  python3-devel")
    (tmp_path / "secret.txt").write_text("secret\n")
    theirs.commit({"thing.spec": named})
    (theirs.path / "secret.txt").symlink_to(tmp_path / "secret.txt")
    theirs.commit({"thing.spec": THEIRS})
    done = run()
    assert not done["failed"] and not (tmp_path / "ours" / "secret.txt").exists()
    (tmp_path / "ours" / "sources").symlink_to(tmp_path / "secret.txt")
    (tmp_path / "ours" / "thing.spec").write_text(OURS)
    found = run()
    assert "secret\n" not in str(found.get("diff")) and (tmp_path / "secret.txt").read_text() == "secret\n"
