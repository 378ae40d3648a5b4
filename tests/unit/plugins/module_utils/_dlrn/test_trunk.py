# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a trunk over HTTP: one read of the label decides, and what is not DLRN's is refused."""

from __future__ import annotations

import functools
import hashlib
import http.server
import shutil
import threading

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._dlrn.candidate import hashed_directory
from ansible_collections.rdo.releng.plugins.module_utils._dlrn.trunk import Trunk
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput, NotFound, Unavailable
from ansible_collections.rdo.releng.plugins.module_utils._module.web import Web

REPOMD = b"<repomd><revision>1</revision></repomd>"
COMMITS = {"common": ("aa" * 20, "bb" * 20, "None"), "compute": ("cc" * 20, "dd" * 20, "ee" * 20 + "_" + "ff" * 20)}


class Tree:
    """A small trunk on disk and behind a web server."""

    def __init__(self, root):
        self.root = root
        self.seen = []
        tree = self

        class Handler(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *_args):
                tree.seen.append(self.path)

        handler = functools.partial(Handler, directory=str(root))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        for name in COMMITS:
            self.commit(name)
        self.label("tested", COMMITS)

    def folder(self, name):
        commit, distro, extended = COMMITS[name]
        return hashed_directory(commit, distro, None if extended == "None" else extended, name)

    def commit(self, name, **changes):
        commit, distro, extended = COMMITS[name]
        values = {"commit_hash": commit, "distro_hash": distro, "extended_hash": extended, "component": name}
        values.update({"dt_build": "1767225600", **changes})
        folder = self.root / self.folder(name)
        (folder / "repodata").mkdir(parents=True, exist_ok=True)
        (folder / "repodata" / "repomd.xml").write_bytes(REPOMD)
        lines = "".join(f"  {key}: '{value}'\n" for key, value in values.items())
        (folder / "commit.yaml").write_text(f"commits:\n- x: 1\n{lines}")

    def label(self, name, components):
        text = "".join(
            f"[delorean-component-{one}]\nname=x\nbaseurl={self.url}/{self.folder(one)}\nenabled=1\n\n"
            for one in components
        )
        digest = hashlib.md5(text.encode()).hexdigest()
        filed = self.root / name / digest[:2] / digest[2:4] / digest
        filed.mkdir(parents=True)
        (filed / "delorean.repo").write_text(text)
        (filed / "delorean.repo.md5").write_text(digest)
        shutil.copy(filed / "delorean.repo", self.root / name)
        return digest


@pytest.fixture
def tree(tmp_path):
    tree = Tree(tmp_path)
    yield tree
    tree.server.shutdown()
    tree.server.server_close()


@pytest.fixture
def trunk(tree):
    return Trunk(tree.url + "/", Web(retries=0))


def test_a_label_is_read_once(tree, trunk):
    held = trunk.label("tested")
    assert [component.component for component in held.components] == ["common", "compute"]
    assert held.components[1].extended_hash == COMMITS["compute"][2]
    assert held.components[0].built_at == "2026-01-01T00:00:00Z"
    assert held.components[0].repo_url == f"{tree.url}/{tree.folder('common')}"
    assert held.components[0].repomd_sha256 == hashlib.sha256(REPOMD).hexdigest()
    assert tree.seen.count("/tested/delorean.repo") == 1
    assert [path for path in tree.seen if path.startswith("/tested")][1:] == [
        f"/tested/{held.aggregate_hash[:2]}/{held.aggregate_hash[2:4]}/{held.aggregate_hash}/delorean.repo.md5"
    ]


def test_labels_that_a_web_server_shows(tree, trunk):
    tree.label("other-label", ["common"])
    with pytest.raises(NotFound, match="no label testd at .* closest first: tested, other-label"):
        trunk.label("testd")


def test_a_web_server_that_shows_nothing(tree, trunk):
    trunk.url += "/nowhere"
    with pytest.raises(NotFound, match="No label is known there"):
        trunk.label("tested")


REPO, YAML, REPOMD_XML = "tested/delorean.repo", "{common}/commit.yaml", "{common}/repodata/repomd.xml"


@pytest.mark.parametrize(
    ("path", "content", "kind", "message"),
    [
        (REPO, b"", InvalidInput, "names no repository"),
        (REPO, b"<html>", InvalidInput, "not the .repo file"),
        (REPO, b"[a]\nname=b\n", InvalidInput, "not the .repo file"),
        (REPO, b"\xff", InvalidInput, "not the .repo file"),
        (REPO, b"[delorean]\nbaseurl=file:///no/such/current\n", NotFound, "/current is not there"),
        (REPO, b"[delorean]\nbaseurl=http://u:p@x/y\n", InvalidInput, "must not carry a user"),
        (YAML, b"commits: []", InvalidInput, "not the commit.yaml"),
        (YAML, b"{", InvalidInput, "not the commit.yaml"),
        (REPOMD_XML, b"<repomd>", InvalidInput, "not a whole repomd.xml"),
        (REPOMD_XML, b"<html></html>", InvalidInput, "not a whole repomd.xml"),
    ],
)
def test_files_that_dlrn_did_not_write(tree, trunk, path, content, kind, message):
    (tree.root / path.format(common=tree.folder("common"))).write_bytes(content)
    with pytest.raises(kind, match=message):
        trunk.label("tested")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"component": "compute"}, "not the hashed directory"),
        ({"commit_hash": "12" * 20}, "not the hashed directory"),
        ({"distro_hash": "None"}, "None is not a distro_hash"),
        ({"dt_build": "None"}, "dt_build None, not a time"),
        ({"dt_build": "soon"}, "dt_build 'soon', not a time"),
    ],
)
def test_commits_that_are_not_those_of_their_directory(tree, trunk, change, message):
    tree.commit("common", **change)
    with pytest.raises(InvalidInput, match=message):
        trunk.label("tested")


def test_a_repository_that_is_gone(tree, trunk):
    shutil.rmtree(tree.root / tree.folder("compute"))
    with pytest.raises(NotFound, match="component/compute.* is not there.*purged"):
        trunk.label("tested")


def test_a_web_server_that_is_down(tree, trunk):
    tree.server.shutdown()
    tree.server.server_close()
    with pytest.raises(Unavailable, match="The label .* cannot be read"):
        trunk.label("tested")


def test_sections_of_another_component(tree, trunk):
    path = tree.root / "tested" / "delorean.repo"
    path.write_text(path.read_text().replace("component-common", "component-network"))
    with pytest.raises(InvalidInput, match=r"\[delorean-component-network\] names .* of component common"):
        trunk.label("tested")


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "a b", "a\n", "x" * 300, "-x"])
def test_hostile_labels_are_not_asked_for(tree, trunk, name):
    with pytest.raises(InvalidInput, match="is not a label"):
        trunk.label(name)
    assert tree.seen == []
