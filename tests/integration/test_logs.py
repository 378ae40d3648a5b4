# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collected logs: what is in them, what is not, and the page; and the role from outside of the collection."""

from __future__ import annotations

import gzip
import json
import os

import pytest
import yaml
from stage.candidates import write_lockfile
from stage.modules import ROOT, run_playbook


@pytest.fixture
def host(tmp_path):
    """A folder of logs such as hosts have."""
    logs = tmp_path / "var" / "log"
    (logs / "nova").mkdir(parents=True)
    (logs / "messages").write_text("Connection refused\n" * 3)
    (logs / "nova" / "nova.log").write_text("connection=mysql://nova:hidden-word@localhost/nova\nmy teapot\n")
    (logs / "nova" / "old.log.gz").write_bytes(gzip.compress(b"admin_password: hidden-word\n"))
    (logs / "wtmp").write_bytes(b"\0\1\2hidden-word")
    (logs / "long.log").write_text("first\n" + "x" * 50000 + "\nlast\n")
    (logs / "away").symlink_to("/etc/passwd")
    os.mkfifo(logs / "fifo")
    with open(os.fsencode(logs / "no-") + b"\xff", "wb") as file:
        file.write(b"text")
    (logs / ("n" * 250)).write_text("text")
    (logs / "damaged.gz").write_bytes(gzip.compress(bytes(range(1, 250)) * 20)[:60])
    (logs / "one-line").write_text("x " * 40_000 + "password=hidden-word" * 100)
    run = tmp_path / "run"
    run.mkdir()
    (run / "run_tests.log").write_text("fine\nNo matching package to install: 'python3-<x>'\nError: that is all\n")
    return tmp_path


@pytest.fixture
def collect(host, run_module):
    def run(check=False, **options):
        given = {"path": str(host / "collected"), "first": [str(host / "run")], "sources": [str(host / "var")]}
        return run_module("log_collection", check, **{**given, **options})

    return run


def kept(host, name):
    return gzip.decompress((host / "collected" / "files" / f"{str(host).lstrip('/')}/{name}.gz").read_bytes()).decode()


def test_everything_is_kept_without_secrets(host, collect):
    commands = [
        {"name": "kernel", "command": ["uname", "-s"]},
        {"name": "state", "command": ["sh", "-c", "echo password=hidden-word; exit 3"]},
        {"name": "absent", "command": ["no-such-program"]},
    ]
    done = collect(commands=commands, secrets=["teapot"], title="A run", max_file=20000)
    assert done["changed"] and not done["failed"], done
    everything = b"".join(gzip.decompress(path.read_bytes()) for path in (host / "collected").rglob("*.gz"))
    assert b"hidden-word" not in everything and b"teapot" not in everything
    assert kept(host, "var/log/nova/nova.log") == "connection=mysql://nova:***@localhost/nova\nmy ***\n"
    assert kept(host, "var/log/nova/old.log") == "admin_password: ***\n"
    long = kept(host, "var/log/long.log")
    assert long.startswith("first\n") and long.endswith("\nlast\n") and "bytes were left out here" in long
    assert len(long) < 20100
    assert b"Linux" in gzip.decompress((host / "collected" / "host" / "kernel.txt.gz").read_bytes())
    reasons = {os.path.basename(one["source"]): one["reason"] for one in done["left_out"]}
    assert set(reasons) == {"wtmp", "away", "fifo", "no-such-program", "no-\ufffd", "n" * 250, "damaged.gz"}
    assert "not UTF-8" in reasons["no-\ufffd"] and "too long" in reasons["n" * 250]
    assert "no text" in reasons["wtmp"] and "not installed" in reasons["no-such-program"]
    # The host's log has an error of another class; the run's own says why.
    error = done["first_error"]
    assert (error["number"], error["failure_class"]) == (2, "missing-requirement")
    page = (host / "collected" / "index.html").read_text()
    assert "No matching package to install: " in page
    assert "python3-&lt;x&gt;" in page and "<x>" not in page
    assert f'href="files{host}/run/run_tests.log.gz"' in page
    assert "Pipeline" not in page
    again = collect()
    assert again["files"] < done["files"]


def test_the_whole_is_bounded(host, collect):
    for number in range(20):
        (host / "var" / f"noise-{number}").write_text(os.urandom(1500).hex())
    done = collect(max_file=4096, max_total=10000)
    assert done["bytes"] <= 10000
    assert sum(path.stat().st_size for path in (host / "collected").rglob("*.gz")) == done["bytes"]
    assert any(one["reason"] == "the collection is full" for one in done["left_out"])
    # The run's own logs came first.
    assert kept(host, "run/run_tests.log").startswith("fine")


def test_check_mode_and_foreign_folders_are_left_alone(host, collect):
    assert collect(check=True)["changed"]
    assert not (host / "collected").exists()
    (host / "collected").mkdir()
    (host / "collected" / "thesis.txt").write_text("mine")
    refused = collect()
    assert refused["failed"] and "not overwritten" in refused["msg"]
    assert os.listdir(host / "collected") == ["thesis.txt"]


@pytest.mark.parametrize("name", ["rdo.releng.logs", "logs"])
def test_an_installer_takes_the_role(trunk, host, name):
    """By its full name, and from a path of roles, as an entry "roles:" of a Zuul job gives it."""
    write_lockfile(host / "candidate.json", trunk, ("alpha", 3), ("gamma", 2), ("delta", 2))
    variables = {
        "logs_path": str(host / "collected"),
        "logs_first": [str(host / "run")],
        "logs_sources": [str(host / "var")],
        "logs_commands": [],
        "logs_candidate": str(host / "candidate.json"),
        "logs_failed": True,
        "logs_label": "consistent",
        "logs_trunk_url": trunk.url,
    }
    play = {"hosts": "localhost", "gather_facts": False, "roles": [{"role": name, **variables}]}
    (host / "play.yml").write_text(yaml.safe_dump([play]))
    paths = {"ANSIBLE_ROLES_PATH": str(ROOT / "roles")} if "." not in name else {}
    done = run_playbook(host / "play.yml", environment=paths)
    assert done.returncode == 0, done.stdout
    page = (host / "collected" / "index.html").read_text()
    assert "packages: 1 changed" in page and "python-alpha" in page
    old, new = trunk.build("alpha", 2)["commit_hash"], trunk.build("alpha", 3)["commit_hash"]
    assert f"{old[:7]}..{new[:7]}" in page
    assert json.loads(kept(host, "candidate.json"))["schema"] == "rdo.releng/candidate/1"


def test_what_can_not_be_compared_does_not_hide_the_logs(trunk, host):
    write_lockfile(host / "candidate.json", trunk, ("alpha", 3))
    variables = {
        "logs_path": str(host / "collected"), "logs_sources": [], "logs_commands": [], "logs_failed": True,
        "logs_candidate": str(host / "candidate.json"), "logs_label": "promoted", "logs_trunk_url": trunk.url,
    }  # fmt: skip
    play = {"hosts": "localhost", "gather_facts": False, "roles": [{"role": "rdo.releng.logs", **variables}]}
    (host / "play.yml").write_text(yaml.safe_dump([play]))
    done = run_playbook(host / "play.yml")
    assert done.returncode == 0, done.stdout
    assert "There is no label promoted" in (host / "collected" / "index.html").read_text()
