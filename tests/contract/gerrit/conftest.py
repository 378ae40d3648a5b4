# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Gerrit that the contract is tried on: the double, or the one that GERRIT_URL names.

For a real one also set GERRIT_USERNAME, GERRIT_PASSWORD, GERRIT_EMAIL (an address of the user) and GERRIT_PROJECT, a
project that the user may propose changes for and that is there for tests. Each test proposes under a topic with a
random end, and abandons its changes when it is done.
"""

from __future__ import annotations

import os
import pathlib
import secrets
import subprocess
import sys

import pytest
from gerrit_double import EMAIL, PASSWORD, USER, Gerrit

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "integration"))  # stage.modules runs modules
from stage.modules import run_module

REAL = os.environ.get("GERRIT_URL")


@pytest.fixture
def double(tmp_path):
    """The double with a project ``packages/nova``; a test that asks for it is not run on a real Gerrit."""
    if REAL:
        pytest.skip("only the double can be made to answer like this")
    gerrit = Gerrit(tmp_path / "gerrit")
    gerrit.create_project("packages/nova", {"nova.spec": "Name: nova\n", "README": "x\n"})
    yield gerrit
    gerrit.stop()


@pytest.fixture
def where(request):
    """Options that say which Gerrit, and the project in it."""
    if REAL:
        return {
            "gerrit_url": REAL,
            "gerrit_username": os.environ["GERRIT_USERNAME"],
            "gerrit_password": os.environ["GERRIT_PASSWORD"],
            "email": os.environ["GERRIT_EMAIL"],
            "project": os.environ["GERRIT_PROJECT"],
        }
    double = request.getfixturevalue("double")
    account = {"gerrit_username": USER, "gerrit_password": PASSWORD, "email": EMAIL}
    return {"gerrit_url": double.url, "project": "packages/nova", **account}


@pytest.fixture
def login(where):
    return {key: value for key, value in where.items() if key.startswith("gerrit_")}


@pytest.fixture
def checkout(where, tmp_path):
    """A clone of the project's branch, to be edited."""
    url = where["gerrit_url"] + "/" + where["project"]
    path = tmp_path / "checkout"
    subprocess.run(
        ["git", "clone", "--quiet", url, path], check=True, env={**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null"}
    )
    return path


@pytest.fixture
def usual(where, login, checkout):
    """Options of gerrit_change for one topic."""
    topic = f"contract-{secrets.token_hex(4)}"
    words = {"commit_message": "Change it\n\nWords.", "author_email": where["email"]}
    return {**login, "project": where["project"], "topic": topic, "path": checkout, "retries": 0, **words}


@pytest.fixture
def change(usual):
    """Runs gerrit_change for one topic, which is abandoned in the end."""

    def run(check=False, **more):
        return run_module("gerrit_change", check, **{**usual, **more})

    yield run
    if REAL:
        run(state="abandoned")
