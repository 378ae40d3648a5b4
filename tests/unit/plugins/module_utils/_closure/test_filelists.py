# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that only filelists knows: looked for when somebody requires them, and known from then on."""

from __future__ import annotations

import re
import shutil

import pytest
from small_repositories import check, make, plain, repository, result, rewrite, seen_packages, sources

from ansible_collections.rdo.releng.plugins.module_utils._closure.closure import Closure
from ansible_collections.rdo.releng.plugins.module_utils._closure.engine import Change, Engine
from ansible_collections.rdo.releng.plugins.module_utils._repodata.metadata import FileSearch

DEEP, OTHER = "/usr/share/deep/file", "/usr/share/other/file"
ODD = "/usr/share/other/a <b> & c"
FILELISTS = """<?xml version="1.0" encoding="UTF-8"?>
<filelists xmlns="http://linux.duke.edu/metadata/filelists" packages="3">
  <package pkgid="AA" name="a" arch="noarch">
    <version epoch="0" ver="1" rel="1"/>
    <file type="dir">/usr/share/deep</file>
    <file>/usr/share/deep/file</file>
    <file>/usr/share/other/a &lt;b&gt; &amp; c</file>
  </package><package name='b' arch='noarch' pkgid='bb'><file>/usr/share/deep/file2</file></package>
  <package pkgid="cc" name="c" arch="noarch"><file>/usr/share/deep/file</file><file
  type="ghost">/var/lib/c</file><file>/usr/share/deep</file></package>
</filelists>
"""


@pytest.fixture
def base(tmp_path):
    return repository(tmp_path / "base", [make("deep", files=[DEEP]), make("other", files=[OTHER, "/usr/bin/other"])])


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 1000, 10000])
def test_the_search_finds_the_same_however_the_file_comes_in_pieces(size):
    content = FILELISTS.encode()
    search = FileSearch([DEEP, ODD, "/usr/share/deep", "/var/lib/c", "/usr/share/deep/fil", "name"])
    assert b"".join(search(iter([content[at : at + size] for at in range(0, len(content), size)]))) == b""
    assert search.found == {
        DEEP: [(0, "aa"), (2, "cc")], ODD: [(0, "aa")], "/usr/share/deep": [(0, "aa"), (2, "cc")],
        "/var/lib/c": [(2, "cc")], "/usr/share/deep/fil": [], "name": [],
    }  # fmt: skip


def test_filelists_may_be_in_another_order_than_primary(tmp_path):
    members = [make("other"), make("deep", files=[DEEP]), make("plain", requires=[DEEP])]
    trunk = tmp_path / "trunk"
    repository(trunk, members)
    one, *packages, end = re.split(rb"(?=<package |</filelists>)", plain(trunk, "filelists"))
    rewrite(trunk, "filelists", b"".join([one, *reversed(packages), end]))
    engine = Engine(seen_packages(sources(("trunk", str(trunk), True))))
    assert engine.check() == []
    gone = engine.what_if(Change(engine.find(["deep-1-1.noarch"])))
    assert result(gone.unresolved) == {("trunk", "plain-1-1.noarch", DEEP)}


@pytest.mark.parametrize(
    "requires", [DEEP, OTHER, f"(deep and {DEEP})", f"(nosuch or {DEEP})", f"({DEEP} if plain)", f"(deep with {DEEP})"]
)
def test_it_is_found_wherever_it_is_required(tmp_path, base, requires):
    trunk = repository(tmp_path / "trunk", [make("plain", requires=[requires])])
    assert check(sources(("trunk", trunk, True), ("base", base, False))) == set()
    assert check(sources(("trunk", trunk, True))) == {("trunk", "plain-1-1.noarch", requires)}


def test_what_nobody_requires_is_not_read(tmp_path, base):
    (tmp_path / "base" / "repodata" / "filelists.xml.zst").unlink()
    trunk = repository(tmp_path / "trunk", [make("plain", requires=["/usr/bin/other", "deep"])])
    assert check(sources(("trunk", trunk, True), ("base", base, False))) == set()


def test_a_file_that_primary_should_name_and_does_not(tmp_path, base, monkeypatch):
    monkeypatch.setattr("generate.in_primary", lambda _path: False)
    bare = repository(
        tmp_path / "bare", [make("tool", files=["/usr/bin/tool"]), make("user", requires=["/usr/bin/tool"])]
    )
    assert check(sources(("bare", bare, True))) == set()


def test_a_change_brings_a_requirement_that_nobody_had_before(tmp_path, base):
    """The cache knows nothing of the file then; afterwards it does, and of what it knew before."""
    cache = str(tmp_path / "cache")
    found = sources(("trunk", repository(tmp_path / "trunk", [make("plain", requires=[DEEP])]), True))
    found += sources(("base", base, False))
    assert Closure(seen_packages(found, cache=cache)).check() == []

    new = [make("new", requires=[OTHER, "/usr/share/nosuch"])]
    offers = sources(("offer", repository(tmp_path / "offer", new), True))
    for _warm in range(2):
        engine = Engine(seen_packages(found, offers=offers, cache=cache))
        effect = engine.what_if(Change(add=engine.offered("offer"), into="trunk"))
        assert result(effect.unresolved) == {("trunk", "new-1-1.noarch", "/usr/share/nosuch")}
        gone = engine.what_if(Change(remove=engine.find(["src-deep-1-1"])))
        assert result(gone.unresolved) == {("trunk", "plain-1-1.noarch", DEEP)}
        # The second time, all that is asked is known.
        (tmp_path / "base" / "repodata" / "filelists.xml.zst").unlink(missing_ok=True)


def test_a_cache_that_was_emptied_meanwhile_is_no_error(tmp_path, base):
    cache = tmp_path / "cache"
    trunk = repository(tmp_path / "trunk", [make("plain", requires=[DEEP])])
    packages = seen_packages(sources(("base", base, False)), cache=str(cache))
    one = packages.repositories[0]
    shutil.rmtree(cache)
    cache.mkdir()
    assert packages.cache.find_files(one.repo, one.index, one.repomd, packages.transport, "x86_64", [DEEP]) == {
        DEEP: [0]
    }
    assert list(cache.iterdir()) == []
    assert check(sources(("trunk", trunk, True), ("base", base, False))) == set()
