# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""git as everything here runs it: alone, without programs that a repository chose, and with errors that say where."""

from __future__ import annotations

import http.server
import os
import socket
import threading

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._module import git
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import (
    CommandFailed,
    NotFound,
    TimedOut,
    Unavailable,
)
from ansible_collections.rdo.releng.plugins.module_utils._module.git import fetch, list_references, run_git

WHO = {f"GIT_{role}_{what}": "a@example.com" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


@pytest.fixture
def upstream(tmp_path):
    """A repository with one commit on main; its path."""
    path = tmp_path / "upstream"
    path.mkdir()
    run_git("init", "--quiet", "--initial-branch=main", folder=str(path))
    run_git("commit", "--quiet", "--allow-empty", "--message", "one", folder=str(path), variables=WHO)
    return path


@pytest.fixture
def own(tmp_path):
    """An empty repository to fetch into; its path."""
    path = tmp_path / "own"
    path.mkdir()
    run_git("init", "--quiet", "--bare", folder=str(path))
    return str(path)


@pytest.fixture
def program(tmp_path):
    """A program that leaves a file when it is run: its path, and the file."""
    path, mark = tmp_path / "program", tmp_path / "was-run"
    path.write_text(f"#!/bin/sh\ntouch {mark}\necho secret\n")
    path.chmod(0o755)
    return path, mark


@pytest.fixture
def home(tmp_path, monkeypatch):
    """The configuration of this user."""
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("GIT_CONFIG_GLOBAL", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "home" / ".gitconfig"


def test_programs_that_a_repository_names_are_not_run(upstream, program):
    path, mark = program
    for name in ("pre-commit", "post-commit", "post-checkout", "reference-transaction"):
        (upstream / ".git" / "hooks").mkdir(exist_ok=True)
        (upstream / ".git" / "hooks" / name).symlink_to(path)
    run_git("config", "core.fsmonitor", str(path), folder=str(upstream))
    (upstream / "a").write_text("a")
    run_git("add", "--all", folder=str(upstream))
    run_git("commit", "--quiet", "--message", "two", folder=str(upstream), variables=WHO)
    run_git("checkout", "--quiet", "HEAD^", folder=str(upstream))
    assert not mark.exists()


def test_nobody_is_asked_for_a_password(own, program, monkeypatch, serve_401):
    path, mark = program
    for name in ("GIT_ASKPASS", "SSH_ASKPASS"):
        monkeypatch.setenv(name, str(path))
    run_git("config", "core.askPass", str(path), folder=own)
    run_git("config", "credential.helper", f"!{path}", folder=own)
    with pytest.raises(Unavailable, match="could not read Username"):
        fetch(serve_401, "main", folder=own, timeout=60)
    assert not mark.exists()


@pytest.fixture
def serve_401():
    """The address of a server that wants to know who it is that asks."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="x"')
            self.end_headers()

        def log_message(self, *_arguments):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/x"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("language", ["C", "de_DE.UTF-8"])
def test_what_is_missing_is_told_from_a_repository_that_is(upstream, own, tmp_path, monkeypatch, language):
    monkeypatch.setenv("LC_ALL", language)
    monkeypatch.setenv("LANGUAGE", "de")
    with pytest.raises(
        NotFound, match=rf"nowhere cannot be fetched from {upstream}: .*find remote ref nowhere"
    ) as caught:
        fetch(str(upstream), "nowhere", folder=own, timeout=60)
    assert caught.value.data["url"] == str(upstream)
    with pytest.raises(Unavailable, match=r"main cannot be fetched from \S+/none: .*not appear to be a git repository"):
        fetch(f"{tmp_path}/none", "main", folder=own, timeout=60)
    with pytest.raises(Unavailable, match=r"The git repository \S+/none cannot be read: fatal: ") as caught:
        list_references(f"{tmp_path}/none", timeout=60)
    # Advice for people at a terminal is left out.
    assert "correct access rights" not in caught.value.message
    with pytest.raises(NotFound, match=f"The tag 1.0 cannot be fetched from {upstream}: "):
        fetch(str(upstream), "+refs/tags/1.0:refs/tags/1.0", folder=own, timeout=60)


def test_a_failure_names_the_repository_and_what_git_said(upstream):
    message = rf"git checkout in {upstream} ended with status 1: error: pathspec 'nosuch' did not match"
    with pytest.raises(CommandFailed, match=message):
        run_git("checkout", "--quiet", "nosuch", folder=str(upstream))


def test_passwords_are_in_no_message(own):
    with pytest.raises(Unavailable) as caught:
        fetch("http://me:geheim@127.0.0.1:9/x", "main", folder=own, timeout=60)
    assert "geheim" not in f"{caught.value.message} {caught.value.data}" and "127.0.0.1:9/x" in caught.value.message


def test_there_is_an_end_to_its_time(own, upstream, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/x"
        with pytest.raises(TimedOut, match=rf"{url} did not send main within 0\.5 s"):
            fetch(url, "main", folder=own, timeout=0.5)
    monkeypatch.setattr(git, "LOCAL_TIMEOUT", 0.5)
    alias = ("-c", "alias.nap=!sleep 600")
    with pytest.raises(TimedOut, match=rf"in {upstream} was ended after 0\.5 s"):
        run_git(*alias, "nap", folder=str(upstream))


def test_protocols_that_run_commands_are_not_spoken(own, program):
    with pytest.raises(Unavailable, match="transport 'ext' not allowed"):
        fetch(f"ext::{program[0]}", "main", folder=own, timeout=60)
    assert not program[1].exists()


def test_the_user_s_configuration_counts_only_where_it_is_asked_for(upstream, home):
    home.write_text(f'[url "{upstream}"]\n\tinsteadOf = https://away.invalid/x\n')
    assert list(list_references("https://away.invalid/x", timeout=60, configured=True)) == ["refs/heads/main"]
    with pytest.raises(Unavailable, match="away.invalid"):
        list_references("https://away.invalid/x", timeout=60)


def test_git_s_own_variables_do_not_lead_it_elsewhere(upstream, own, monkeypatch):
    monkeypatch.setenv("GIT_DIR", own)
    monkeypatch.setenv("GIT_INDEX_FILE", os.devnull)
    assert run_git("rev-parse", "--absolute-git-dir", folder=str(upstream)).output.strip() == str(upstream / ".git")


def test_the_output_is_data_alone(upstream):
    """Warnings of git are not part of a hash or a file."""
    folder = str(upstream)
    run_git("tag", "main", folder=folder)
    done = run_git("rev-parse", "main", folder=folder)
    assert len(done.output.split()) == 1 and "ambiguous" in done.errors
