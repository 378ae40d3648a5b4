# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of a failure, with DLRN's own API and a Gerrit that takes pushes."""

from __future__ import annotations

import pathlib
import shutil
import sys

import pytest
import yaml
from stage.modules import run_playbook

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "contract" / "gerrit"))
from gerrit_double import PASSWORD, USER, Gerrit

MISSING = "Start: build\nerror: nothing provides {} needed by python-{}-2.0-1.src\n"
NETWORK = "Curl error (28): Timeout was reached for https://mirror.example.org\nNo more mirrors to try\n"


@pytest.fixture
def gerrit(tmp_path):
    server = Gerrit(tmp_path / "gerrit")
    for name in ("alpha", "beta", "gamma", "delta"):
        server.create_project(
            f"packages/{name}-distgit", {f"python-{name}.spec": f"Name: python-{name}\n"}, "rpm-master"
        )
    yield server
    server.stop()


@pytest.fixture
def run(trunk, api, gerrit, tmp_path):
    """Runs the playbook; its output is returned, ``failed`` if it is to fail."""
    info = yaml.safe_load((trunk.folder / "rdoinfo" / "rdo.yml").read_text())
    for package in info["packages"]:
        package["review-origin"] = f"ssh://review.example.org:29418/packages/{package['project']}-distgit.git"
        package["maintainers"] = ["alice@example.com"]
    (tmp_path / "rdoinfo").mkdir()
    (tmp_path / "rdoinfo" / "rdo-full.yml").write_text(yaml.safe_dump(info))

    def start(*argv, failed=False):
        variables = {"rdoinfo": str(tmp_path / "rdoinfo"), "trunk_url": trunk.url}
        environment = {
            "DLRNAPI_URL": api.url, "GERRIT_URL": gerrit.url, "GERRIT_USERNAME": USER, "GERRIT_PASSWORD": PASSWORD,
            "XDG_CACHE_HOME": str(tmp_path / "cache"), "GIT_CONFIG_GLOBAL": "/dev/null",
        }  # fmt: skip
        extra = [word for name, value in variables.items() for word in ("-e", f"{name}={value}")]
        finished = run_playbook("rdo.releng.ftbfs", *extra, *argv, environment=environment)
        assert (finished.returncode != 0) is failed, finished.stdout
        return finished.stdout

    return start


def fail(trunk, text: str) -> None:
    """Let the newest commit of beta fail with ``text`` in its log."""
    build = trunk.build("beta", 2, "FAILED")
    folder = trunk.repos / build["folder"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "rpmbuild.log").write_text(text)


def test_fail_again_fail_differently_recheck_and_build_again(run, trunk, gerrit):
    fail(trunk, MISSING.format("python3dist(new)", "beta"))
    run()
    (change,) = gerrit.changes
    assert (change.project, change.topic, change.status) == ("packages/beta-distgit", "rdo-FTBFS", "NEW")
    assert change.reviewers == {"alice"} and change.hashtags == {"missing-requirement"}
    build = trunk.build("beta", 2, "FAILED")
    message = gerrit.git(change.project, "log", "-1", "--format=%B", change.commits[-1])
    assert message.splitlines()[0] == "beta: does not build (missing-requirement)"
    assert f"https://example.org/beta/commit/{build['commit_hash']}" in message
    assert "nothing provides python3dist(new)" in message
    assert f"Log: {trunk.url}/{build['folder']}/rpmbuild.log" in message
    spec = gerrit.git(change.project, "show", f"{change.commits[-1]}:python-beta.spec")
    assert spec.endswith(f"# REMOVEME: error caused by commit https://example.org/beta/commit/{build['commit_hash']}")

    # A newer commit that fails in the same way is no news.
    trunk.query("update commits set dt_build = dt_build + 60 where project_name = 'python-beta' and status = 'FAILED'")
    fail(trunk, MISSING.format("python3dist(new)", "beta").replace("2.0-1", "2.0-2"))
    assert "changed=0" in run() and len(change.commits) == 1

    fail(trunk, NETWORK)
    assert "recheck" in run() and len(change.commits) == 1  # not the package's: DLRN is to try again

    fail(trunk, MISSING.format("python3dist(other)", "beta"))
    run()
    assert len(gerrit.changes) == 1 and len(change.commits) == 2

    trunk.query("update commits set status = 'SUCCESS' where project_name = 'python-beta'")
    run()
    assert change.status == "ABANDONED" and "python-beta builds again. Thank you!" in change.messages[-1]["message"]


def test_a_run_opens_only_so_many(run, trunk, gerrit):
    fail(trunk, MISSING.format("python3dist(new)", "beta"))
    trunk.query("update commits set status = 'FAILED' where project_name in ('python-alpha', 'python-gamma')")
    assert "defer" in run("-e", "limit=1")
    assert [change.project for change in gerrit.changes] == ["packages/alpha-distgit"]
    run("-e", '{"packages": ["python-gamma"]}')
    assert [change.project for change in gerrit.changes] == ["packages/alpha-distgit", "packages/gamma-distgit"]


def test_one_package_stops_no_other_and_the_run_fails_in_the_end(run, trunk, gerrit):
    trunk.query("update commits set status = 'FAILED' where project_name in ('python-alpha', 'python-gamma')")
    shutil.rmtree(gerrit.repository("packages/alpha-distgit"))
    assert "Nothing could be proposed for python-alpha: " in run(failed=True)
    assert [change.project for change in gerrit.changes] == ["packages/beta-distgit", "packages/gamma-distgit"]


def test_a_gerrit_that_does_not_answer_fails_the_run(run, trunk, gerrit):
    fail(trunk, MISSING.format("python3dist(new)", "beta"))
    gerrit.answers["GET", "^/changes/$"] = (401, "text/plain", "Unauthorized")
    assert "does not accept the password of bot" in run("--check", failed=True)
