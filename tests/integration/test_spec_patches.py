# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Patches of a distgit on a new version of an upstream with a real history."""

from __future__ import annotations

import subprocess

import pytest
from stage.modules import run_module

CODE = "\n".join(f"line {number}" for number in range(1, 60)) + "\n"
SPEC = """\
Name: widget
Version: 1.0.0
Release: 1
Summary: x
License: x
Source0: widget-1.0.0.tar.gz
{patches}
%description
x
%prep
%setup -q
{lines}
"""


class Upstream:
    def __init__(self, folder):
        self.folder = folder
        self.git("init", "--quiet", "--initial-branch=master", folder)
        self.commit("Begin", {"a.py": CODE, "b.py": CODE})
        self.git("tag", "1.0.0")

    def git(self, *arguments):
        who = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
        place = [] if arguments[0] == "init" else ["-C", self.folder]
        return subprocess.run(["git", *place, *who, *arguments], check=True, capture_output=True, text=True).stdout

    def commit(self, subject, files):
        for name, text in files.items():
            (self.folder / name).write_text(text)
        self.git("add", "-A")
        self.git("commit", "--quiet", "-m", subject)
        return self.git("rev-parse", "HEAD").strip()

    def patch(self, subject, name, old, new):
        """A patch on the first version, as a patches branch makes it."""
        self.git("checkout", "--quiet", "1.0.0")
        self.commit(subject, {name: CODE.replace(old, new)})
        text = self.git("format-patch", "-1", "--stdout", "--no-signature", "-N", "--no-renames")
        self.git("checkout", "--quiet", "master")
        return text


@pytest.fixture
def upstream(tmp_path):
    return Upstream(tmp_path / "upstream")


@pytest.fixture
def run(tmp_path, upstream):
    folder = tmp_path / "distgit"
    folder.mkdir()

    def start(check=False, patches=None, **options):
        if patches is not None:
            names = list(patches)
            for name, text in patches.items():
                (folder / name).write_text(text)
            tags = "\n".join(f"Patch000{number}: {name}" for number, name in enumerate(names, 1))
            lines = "\n".join(f"%patch000{number} -p1" for number in range(1, len(names) + 1))
            (folder / "widget.spec").write_text(SPEC.format(patches=tags, lines=lines))
        usual = {"spec": folder / "widget.spec", "upstream": str(upstream.folder), "base": "1.0.0", "version": "1.1.0"}
        return run_module("spec_patches", check, **{**usual, "cache_dir": tmp_path / "cache", **options})

    start.folder = folder
    return start


def test_what_a_killed_run_left_in_the_cache_does_not_stop_the_next(run, upstream, tmp_path):
    patches = {"0001-keep.patch": upstream.patch("Keep it", "a.py", "line 9\n", "line nine\n")}
    for version in ("1.1.0", "1.2.0"):
        upstream.commit(version, {"b.py": f"{CODE}{version}\n"})
        upstream.git("tag", version)
    assert not run(check=True, patches=patches)["failed"]
    (cache,) = (tmp_path / "cache").glob("history-*")
    halves = [
        cache / "config.lock",
        cache / "refs" / "tags" / "1.2.0.lock",
        cache / "objects" / "pack" / "tmp_pack_x1Y2z3",
    ]
    for path in halves:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    done = run(check=True, version="1.2.0")
    assert not done["failed"] and [row["status"] for row in done["patches"]] == ["kept"], done
    assert not any(path.exists() for path in halves)


def test_kept_rebased_and_taken_in(run, upstream):
    patches = {
        "0001-keep.patch": upstream.patch("Keep it", "a.py", "line 9\n", "line nine\n"),
        "0002-same.patch": upstream.patch("Fix it", "b.py", "line 20\n", "line twenty\n"),
        "0003-moved.patch": upstream.patch("Move it", "a.py", "line 40\n", "line forty\n"),
        "0004-named.patch": upstream.patch("Name it", "b.py", "line 50\n", "line fifty\n"),
    }
    same = upstream.commit("Another subject", {"b.py": CODE.replace("line 20\n", "line twenty\n")})
    named = CODE.replace("line 20\n", "line twenty\n").replace("line 50\n", "line 50 and more\n")
    taken = upstream.commit("Name it", {"b.py": named})
    near = CODE.replace("line 42\n", "line 42, changed\n")
    upstream.commit("Go on", {"a.py": near})
    upstream.git("tag", "1.1.0")
    planned = run(check=True, patches=patches)
    assert {path.name: path.read_text() for path in run.folder.glob("*.patch")} == patches
    done = run()
    assert not done["failed"] and done["actions"] == planned["actions"], done
    assert {row["file"]: (row["status"], row["commit"]) for row in done["patches"]} == {
        "0001-keep.patch": ("kept", None),
        "0002-same.patch": ("merged", same),
        "0003-moved.patch": ("rebased", None),
        "0004-named.patch": ("merged", taken),
    }
    assert done["actions"][0] == f"drop 0002-same.patch, which upstream took in with {same}"
    left = {path.name: path.read_text() for path in run.folder.glob("*.patch")}
    assert (
        set(left) == {"0001-keep.patch", "0003-moved.patch"} and left["0001-keep.patch"] == patches["0001-keep.patch"]
    )
    assert "Subject: [PATCH] Move it" in left["0003-moved.patch"] and "line 42, changed" in left["0003-moved.patch"]
    text = SPEC.format(
        patches="Patch0001: 0001-keep.patch\nPatch0003: 0003-moved.patch", lines="%patch0001 -p1\n%patch0003 -p1"
    )
    assert (run.folder / "widget.spec").read_text() == text
    again = run(base="1.1.0")
    assert not again["changed"] and {row["status"] for row in again["patches"]} == {"kept"}, again


def test_a_conflict_is_named_and_nothing_is_written(run, upstream):
    patches = {
        "0001-same.patch": upstream.patch("Fix it", "b.py", "line 20\n", "line twenty\n"),
        "0002-clash.patch": upstream.patch("Clash", "a.py", "line 40\n", "line forty\n"),
    }
    upstream.commit("Fix it", {"b.py": CODE.replace("line 20\n", "line twenty\n")})
    upstream.commit("Rewrite", {"a.py": CODE.replace("line 40\n", "quite another line\n")})
    upstream.git("tag", "v1.1.0")
    found = run(patches=patches)
    assert found["failed"] and "1 of 2 patches" in found["msg"] and "0002-clash.patch (in a.py)" in found["msg"], found
    assert [row["status"] for row in found["patches"]] == ["merged", "conflict"]
    assert {path.name: path.read_text() for path in run.folder.glob("*.patch")} == patches


def test_without_patches_upstream_is_not_asked(run, upstream):
    found = run(patches={}, upstream="/nowhere")
    assert not found["failed"] and not found["changed"] and found["patches"] == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"version": "3.0"}, "has no tag 3.0 or v3.0"),
        ({"version": "--upload-pack=x"}, "cannot be a version"),
        ({"upstream": "ext::sh -c id"}, "remote helpers are not used"),
        ({"upstream": "/nowhere"}, "cannot be fetched"),
    ],
)
def test_bad_input_is_named(run, upstream, options, message):
    upstream.git("tag", "1.1.0")
    found = run(patches={"0001-x.patch": upstream.patch("x", "a.py", "line 9\n", "nine\n")}, **options)
    assert found["failed"] and message in found["msg"], found


def test_a_patch_that_is_not_there_or_in_a_condition(run, upstream):
    upstream.git("tag", "1.1.0")
    run(patches={"0001-x.patch": "x"})
    (run.folder / "0001-x.patch").unlink()
    assert "which is not beside it" in run()["msg"]
    text = (run.folder / "widget.spec").read_text().replace("Patch0001: 0001-x.patch", "%if 1\nPatch1: a.patch\n%endif")
    (run.folder / "widget.spec").write_text(text)
    assert "stands in a condition" in run()["msg"]
