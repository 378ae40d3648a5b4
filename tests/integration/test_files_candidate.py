# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What others make goes the same way: a wheel, an image and a repository are pinned, voted on, gated and waived."""

from __future__ import annotations

import configparser
import contextlib
import functools
import hashlib
import http.server
import threading
import time

import pytest
import yaml

CRITERIA = {"promotions": {"images-passed-ci": {"criteria": ["boots", "resizes"]}}}


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.fixture
def site(tmp_path):
    """A web server with a wheel, an image of several megabytes and a repository: its folder and its address."""
    folder = tmp_path / "site"
    (folder / "repository" / "repodata").mkdir(parents=True)
    (folder / "repository" / "repodata" / "repomd.xml").write_text("<repomd></repomd>\n")
    (folder / "tempest.whl").write_bytes(b"a wheel")
    (folder / "cirros.img").write_bytes(bytes(range(256)) * 4096 * 5)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture
def arguments(site, tmp_path):
    _folder, address = site
    return {
        "files": [
            {"name": "tempest", "url": f"{address}/tempest.whl"},
            {"name": "cirros", "url": f"{address}/cirros.img"},
            {"name": "extras", "url": f"{address}/repository/repodata/repomd.xml"},
        ],
        "release": "master",
        "distro": "centos9",
        "path": str(tmp_path / "candidate.json"),
        "retries": 0,
    }


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_same_files_are_the_same_candidate(site, arguments, run_module, tmp_path):
    folder, address = site
    planned = run_module("files_candidate", check=True, **arguments)
    assert planned["changed"]
    assert not (tmp_path / "candidate.json").exists()
    pinned = run_module("files_candidate", **arguments)
    assert pinned["changed"], pinned
    assert pinned["id"] == planned["id"]
    assert [(file["name"], file["sha256"]) for file in pinned["candidate"]["files"]] == [
        ("cirros", sha256(folder / "cirros.img")),
        ("extras", sha256(folder / "repository" / "repodata" / "repomd.xml")),
        ("tempest", sha256(folder / "tempest.whl")),
    ]
    assert not run_module("files_candidate", **{**arguments, "files": arguments["files"][::-1]})["changed"]
    # From a disk it is other addresses, and so another candidate; the checksums are the same.
    local = [{**file, "url": file["url"].replace(address, folder.as_uri())} for file in arguments["files"]]
    elsewhere = run_module("files_candidate", **{**arguments, "files": local, "path": str(tmp_path / "local.json")})
    assert [file["sha256"] for file in elsewhere["candidate"]["files"]] == [
        file["sha256"] for file in pinned["candidate"]["files"]
    ]
    assert elsewhere["id"] != pinned["id"]


def test_from_votes_to_a_decision(arguments, run_module, tmp_path):
    run_module("files_candidate", **arguments)
    votes = str(tmp_path / "votes")
    question = {
        "candidate": arguments["path"],
        "directory": votes,
        "target": "images-passed-ci",
        "criteria": CRITERIA,
        "fail_unless_promoted": False,
    }
    vote = functools.partial(run_module, "dlrn_vote", candidate=arguments["path"], directory=votes)
    assert vote(job="boots", success=True)["changed"]
    assert not vote(job="boots", success=True)["changed"]
    vote(job="resizes", success=False)
    red = run_module("promotion_gate", **question)
    assert not red["promote"]
    assert "resizes: failed at" in red["summary"]
    waiver = {"waives": "resizes", "candidate": red["decision"]["candidate"], "owner": "ops", "reason": "slow disks"}
    waived = run_module("promotion_gate", **question, waivers=[{**waiver, "until": "2199-01-01"}])
    assert waived["promote"], waived["summary"]
    vote(job="resizes", success=True, timestamp=int(time.time()) + 1)
    green = run_module("promotion_gate", **question)
    assert green["promote"], green["summary"]
    # DLRN has no place for such votes.
    refused = run_module(
        "dlrn_vote", candidate=arguments["path"], job="boots", success=True, api_url="http://127.0.0.1:9"
    )
    assert "keep its votes in a directory" in refused["msg"]


def test_what_changed_since_is_seen(site, arguments, run_module, tmp_path):
    folder, address = site
    before = run_module("files_candidate", **arguments)["candidate"]
    assert not run_module("dlrn_candidate", path=arguments["path"], verify=True)["failed"]
    (folder / "cirros.img").write_bytes(b"another image")
    (folder / "tempest.whl").unlink()
    seen = run_module("dlrn_candidate", path=arguments["path"], verify=True, retries=0)
    assert seen["failed"]
    assert [(one["what"], one["found"]) for one in seen["drift"]] == [
        ("file cirros", sha256(folder / "cirros.img")),
        ("file tempest", None),
    ]
    assert not run_module("dlrn_candidate", path=arguments["path"], verify=True, parts=["base"])["failed"]
    (folder / "tempest.whl").write_bytes(b"a wheel")
    after = run_module("files_candidate", **{**arguments, "path": str(tmp_path / "after.json")})["candidate"]
    changes = run_module("dlrn_candidate_diff_info", before=arguments["path"], after=str(tmp_path / "after.json"))
    assert [(one["what"], one["before"].split()[1], one["after"].split()[1]) for one in changes["inputs"]] == [
        ("file cirros", before["files"][0]["sha256"], after["files"][0]["sha256"])
    ]


def test_a_checksum_that_is_known_must_be_found(site, arguments, run_module, tmp_path):
    folder, address = site
    for file in arguments["files"]:
        file["sha256"] = sha256(folder / file["url"][len(address) + 1 :])
    assert run_module("files_candidate", **arguments)["changed"]
    (folder / "tempest.whl").write_bytes(b"somebody else's wheel")
    result = run_module("files_candidate", **{**arguments, "path": str(tmp_path / "other.json")})
    assert result["failed"]
    assert f"has the sha256 {sha256(folder / 'tempest.whl')}, not {arguments['files'][0]['sha256']}" in result["msg"]
    assert not (tmp_path / "other.json").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"url": "ftp://images.example.org/x"}, "does not begin with one of"),
        ({"url": "https://ci:hidden@images.example.org/x"}, "must not carry a user or password"),
        ({"url": "file:///no/such/file"}, "There is no file tempest at /no/such/file"),
        ({"url": "file:///tmp"}, "The file tempest /tmp is a folder, not a file"),
        ({"url": "https://images.example.org/folder/"}, "is of a folder"),
        ({"url": "http://127.0.0.1:9/x"}, "cannot be read"),
        ({"sha256": "abc"}, "'abc' is not a sha256 of the file tempest"),
        ({"name": "../x"}, "'../x' is not a name of a file"),
    ],
)
def test_what_can_not_be_meant(arguments, run_module, tmp_path, change, words):
    arguments["files"][0].update(change)
    result = run_module("files_candidate", **arguments)
    assert result["failed"]
    assert words in result["msg"]
    assert "hidden" not in result["msg"]
    assert not (tmp_path / "candidate.json").exists()


def test_a_file_that_comes_too_slowly_or_not_whole(arguments, run_module):
    class Slow(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            if "short" in self.path:
                self.wfile.write(b"x" * 10)
                return
            with contextlib.suppress(OSError):
                for _byte in range(1000):
                    time.sleep(0.05)
                    self.wfile.write(b"x")

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for path, words in (("short", "cut off after 10 of 1000 bytes"), ("slow", "did not answer within")):
        file = {"name": "image", "url": f"http://127.0.0.1:{server.server_port}/{path}"}
        result = run_module("files_candidate", **{**arguments, "files": [file], "deadline": 1})
        assert result["failed"]
        assert words in result["msg"], result["msg"]
    server.shutdown()


def test_a_host_gets_the_repositories_among_them(site, arguments, run_module, run_playbook, tmp_path):
    _folder, address = site
    run_module("files_candidate", **arguments)
    (tmp_path / "repos.d").mkdir()
    variables = {"source": "candidate", "candidate": arguments["path"], "folder": str(tmp_path / "repos.d")}
    variables = {f"repositories_{name}": value for name, value in variables.items()}
    play = {"hosts": "localhost", "gather_facts": False, "vars": variables, "roles": ["rdo.releng.repositories"]}
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play]))
    done = run_playbook(tmp_path / "play.yml")
    assert done.returncode == 0, done.stdout
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(tmp_path / "repos.d" / "rdo-releng.repo")
    assert {name: parser[name]["baseurl"] for name in parser.sections()} == {
        "rdo-releng-extras": f"{address}/repository"
    }
