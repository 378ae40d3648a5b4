# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""zuul.d, the example tenant and what its release definitions render, read by Zuul's own parser without a server."""

from __future__ import annotations

import pathlib
import shutil
import subprocess

import pytest
import zuul_server
from stage import modules
from zuul_server import INSTALLED, ROOT

TENANT = ROOT / "docs" / "zuul-tenant"


def validate(*repositories):
    argv = [INSTALLED / "venv" / "bin" / "python", pathlib.Path(__file__).with_name("validate.py"), *repositories]
    return subprocess.run(argv, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def tenant(tmp_path_factory):
    """The example tenant's config project, rendered by the playbook."""
    if "Zuul" in " ".join(zuul_server.missing()):
        pytest.skip("Zuul is not installed: run make test-zuul")
    folder = tmp_path_factory.mktemp("tenant") / "config"
    shutil.copytree(TENANT, folder)
    done = modules.run_playbook("rdo.releng.render_zuul", "-e", "folder=config", folder=folder.parent)
    assert "changed=1 " in done.stdout, done.stdout
    return folder


def render(folder, **options):
    releases = [str(path) for path in folder.glob("releases/*.yml")]
    return modules.run_module(
        "zuul_jobs", site=str(folder / "site.yml"), releases=releases, destination=str(folder), **options
    )


def test_zuul_understands_all_of_it(tenant):
    done = validate(ROOT, tenant)
    assert (done.returncode, done.stdout.splitlines()[-1:]) == (0, ["104 jobs, no errors"]), done.stdout


def test_zuul_understands_the_checks_of_this_repository(tenant, tmp_path):
    """They lie where a tenant names them with extra-config-paths; the playbook is named from the root."""
    checkout = tmp_path / "rdo.releng"
    shutil.copytree(ROOT / ".ci", checkout / ".ci")
    (checkout / "zuul.d").symlink_to(checkout / ".ci" / "zuul.d")
    done = validate(ROOT, checkout, tenant)
    assert done.returncode == 0, done.stdout
    (checkout / ".ci" / "check.yml").unlink()
    assert "rdo-releng-check: there is no playbook .ci/check.yml" in validate(ROOT, checkout, tenant).stdout


def test_what_is_wrong_is_found(tenant, tmp_path):
    broken = tmp_path / "config"
    shutil.copytree(tenant, broken)
    path = broken / "zuul.d" / "release-epoxy.yaml"
    path.write_text(path.read_text().replace("parent: releng-candidate", "parent: releng-candidat", 1))
    path = broken / "main.yaml"
    path.write_text(path.read_text().replace("load-branch", "load-branches"))
    done = validate(ROOT, broken)
    assert done.returncode == 1
    assert "main.yaml: extra keys not allowed" in done.stdout
    assert "epoxy-el9s-candidate: the parent releng-candidat is not defined" in done.stdout


def test_a_release_ends_with_its_definition(tenant, tmp_path):
    folder = tmp_path / "config"
    shutil.copytree(tenant, folder)
    assert not render(folder)["changed"]
    (folder / "releases" / "caracal.yml").unlink()
    assert render(folder, check=True)["actions"] == render(folder)["actions"]
    assert not (folder / "zuul.d" / "release-caracal.yaml").exists()
    assert (folder / "zuul.d" / "pipelines.yaml").exists()
