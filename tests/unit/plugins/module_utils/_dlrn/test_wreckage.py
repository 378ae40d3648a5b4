# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is found in a small trunk, with DLRN's own database and code; DLRN itself is killed in the integration tests."""

from __future__ import annotations

import csv
import os
import pathlib
import sys

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._dlrn.host import DlrnHost
from ansible_collections.rdo.releng.plugins.module_utils._dlrn.wreckage import CSV_HEAD, Wreckage
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import Refused

ROOT = pathlib.Path(__file__).resolve().parents[5]
DLRN = ROOT / ".build/dlrn/lib/python{}.{}/site-packages".format(*sys.version_info)
PACKAGES = [{"name": "alpha", "component": "common"}, {"name": "beta", "component": "compute"}]
LABEL = "tested"
# What DLRN uses of SQLAlchemy.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:dlrn.*")


@pytest.fixture(scope="module", autouse=True)
def _dlrn():
    if not (DLRN / "dlrn").exists():
        pytest.skip("DLRN is not installed in .build/dlrn for this Python: run make units")
    sys.path.append(str(DLRN))
    yield
    sys.path.remove(str(DLRN))


class Trunk:
    """One build of each package, promoted to a label, and everything as DLRN leaves it."""

    def __init__(self, folder: pathlib.Path, components: bool) -> None:
        repos = folder / "data" / "repos"
        repos.mkdir(parents=True)
        (folder / "projects.ini").write_text(
            f"[DEFAULT]\ndatadir={folder}/data\nbaseurl=file://{repos}\nreponame=delorean\n"
            f"database_connection=sqlite:///{folder}/commits.sqlite\nuse_components={components}\n"
        )
        self.host = DlrnHost(str(folder / "projects.ini"))
        self.host.__dict__["packages"] = PACKAGES
        self.repos, self.components = repos, components
        self.commits = [self.build(package, "a") for package in PACKAGES]
        self.promote(*self.commits)

    def build(self, package: dict[str, str], digit: str) -> object:
        """A commit with its repository, current and consistent."""
        name, component = package["name"], package["component"] if self.components else None
        session, tables = self.host.session, self.host.db
        hashes = {"commit_hash": digit * 40, "distro_hash": name[0] * 40}
        built = {"type": "rpm", "status": "SUCCESS", "dt_build": 1767225600, "dt_commit": 1767225600}
        commit = tables.Commit(
            project_name=name, component=component, flags=0, repo_dir=name, commit_branch="master", **hashes, **built
        )
        session.add(commit)
        session.flush()
        folder = self.folder(commit)
        (folder / "repodata").mkdir(parents=True)
        (folder / "repodata" / "repomd.xml").write_text("<repomd></repomd>")
        (folder / "delorean.repo").write_text(f"[delorean-component-{component}]\nbaseurl=file://{folder}\n")
        (folder / f"{name}.rpm").write_text("rpm")
        commit.artifacts = os.path.relpath(folder / f"{name}.rpm", self.repos.parent)
        with open(folder / "versions.csv", "w") as file:
            file.write(CSV_HEAD)
            names = [one["name"] for one in PACKAGES if not component or one["component"] == component]
            csv.writer(file).writerows([one, "", "", "", "", "SUCCESS", 1, component, None, ""] for one in names)
        self.host.utils.saveYAML_commit(commit, str(folder / "commit.yaml"))
        vote = {"commit_id": commit.id, "ci_name": "consistent", "ci_vote": True, "timestamp": 1}
        session.add(tables.CIVote(**vote))
        session.commit()
        self.point(commit, "current", "consistent")
        return commit

    def folder(self, commit) -> pathlib.Path:
        return self.repos / commit.getshardedcommitdir()

    def link(self, commit, label: str) -> pathlib.Path:
        return pathlib.Path(self.host.base(commit.component), label)

    def point(self, commit, *labels: str) -> None:
        """Let labels' links point to a commit, and make their aggregates."""
        for label in labels:
            self.link(commit, label).unlink(missing_ok=True)
            self.link(commit, label).symlink_to(self.host.target(commit))
            if self.components:
                self.host.aggregate(label)

    def promote(self, *commits) -> None:
        """As the API does: links, the aggregate, rows."""
        for commit in commits if self.components else commits[-1:]:
            self.point(commit, LABEL)
            aggregate = self.host.aggregate(LABEL) if self.components else None
            row = {"commit_id": commit.id, "promotion_name": LABEL, "timestamp": 1, "component": commit.component}
            self.host.session.add(self.host.db.Promotion(**row, aggregate_hash=aggregate))
        self.host.session.commit()

    def find(self, *labels: str):
        return Wreckage(self.host, labels).find()


@pytest.fixture(params=[True, False], ids=["components", "flat"])
def trunk(request, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # DlrnHost goes to where the configuration lies
    return Trunk(tmp_path, request.param)


def mend(trunk: Trunk, *labels: str) -> list[str]:
    """The kinds of what was found; nothing is found again when it was mended."""
    found = trunk.find(*labels)
    for finding in found:
        if finding.mend:
            finding.mend()
    assert [one.kind for one in trunk.find(*labels) if one.mend] == []
    return [one.kind for one in found]


def test_a_whole_trunk_has_none(trunk):
    assert trunk.find() == [] == trunk.find(LABEL)


@pytest.mark.parametrize("label", ["current", "consistent", LABEL])
def test_a_link_that_was_not_renamed(trunk, label):
    link = trunk.link(trunk.commits[1], f"{label}_")
    link.symlink_to("somewhere")
    assert mend(trunk) == ["left-link"]
    assert not link.is_symlink()


@pytest.mark.parametrize(
    ("lost", "kind"),
    [("delorean.repo", "half-repository"), ("alpha.rpm", "half-repository"), ("commit.yaml", "no-commit-yaml")],
)
def test_a_repository_that_is_not_whole(trunk, lost, kind):
    (trunk.folder(trunk.commits[0]) / lost).unlink()
    found = trunk.find()
    assert [(one.kind, one.commit) for one in found if one.commit] == [(kind, "a" * 40)]
    found[0].mend()
    assert trunk.commits[0].status == ("SUCCESS" if kind == "no-commit-yaml" else "RETRY")
    assert kind not in [one.kind for one in trunk.find()]


def test_an_older_one_is_purged_and_not_built_again(trunk):
    trunk.build(PACKAGES[0], "b")
    (trunk.folder(trunk.commits[0]) / "alpha.rpm").unlink()
    assert mend(trunk) == ["half-repository"]
    assert (trunk.commits[0].status, trunk.commits[0].flags) == ("SUCCESS", trunk.host.purged)


def test_repositories_that_are_all_gone_are_not_mounted(trunk):
    for commit in trunk.commits:
        folder = trunk.folder(commit)
        folder.rename(f"{folder}.elsewhere")
    with pytest.raises(Refused, match="Is the volume mounted"):
        trunk.find()


def test_a_newest_build_that_did_not_become_current_or_consistent(trunk):
    newest = trunk.build(PACKAGES[1], "b")
    trunk.host.session.query(trunk.host.db.CIVote).filter_by(commit_id=newest.id).delete()
    trunk.host.session.commit()
    trunk.point(trunk.commits[1], "current", "consistent")
    found = ["current-behind", "consistent-behind", "no-consistent-vote"]
    assert [kind for kind in mend(trunk) if kind != "aggregate-stale"] == found
    assert trunk.link(newest, "consistent").resolve() == trunk.folder(newest)


def test_a_build_beside_a_failed_one_does_not_become_consistent(trunk):
    newest = trunk.build(PACKAGES[1], "b")
    trunk.point(trunk.commits[1], "consistent")
    table = trunk.folder(newest) / "versions.csv"
    table.write_text(table.read_text().replace("SUCCESS", "FAILED"))
    assert "consistent-behind" not in [one.kind for one in trunk.find()]


def test_a_label_goes_back_to_what_its_rows_say(trunk):
    newest = trunk.build(PACKAGES[1], "b")
    trunk.link(newest, LABEL).unlink()
    trunk.link(newest, LABEL).symlink_to(trunk.host.target(newest))
    assert mend(trunk)[0] == "label-moved"
    assert trunk.link(newest, LABEL).resolve() == trunk.folder(trunk.commits[1])


def test_a_label_that_nobody_promoted_is_told_and_removed_only_if_it_is_named(trunk):
    trunk.point(trunk.commits[1], "mine")
    assert [(one.kind, one.mend) for one in trunk.find()] == [("label-without-row", None)]
    assert "label-without-row" in mend(trunk, "mine")
    assert not trunk.link(trunk.commits[1], "mine").is_symlink()


def test_a_link_that_is_gone(trunk):
    trunk.link(trunk.commits[1], LABEL).unlink()
    (found,) = trunk.find()
    # Without components that may have been done on purpose.
    assert (found.kind, found.mend is None) == ("label-missing", not trunk.components)
    assert mend(trunk, LABEL) == ["label-missing"]
    assert trunk.link(trunk.commits[1], LABEL).resolve() == trunk.folder(trunk.commits[1])


@pytest.mark.parametrize("trunk", [True], indirect=True)
@pytest.mark.parametrize("label", ["current", LABEL])
def test_an_aggregate_that_was_cut_off(trunk, label):
    path = trunk.repos / label / "delorean.repo"
    whole = path.read_text()
    path.write_text(whole[:20])
    assert mend(trunk) == ["aggregate-stale"]
    assert path.read_text() == whole


@pytest.mark.parametrize("trunk", [True], indirect=True)
def test_a_row_with_another_aggregate_hash(trunk):
    table = trunk.host.db.Promotion
    newest = trunk.host.session.query(table).order_by(table.id.desc()).first()
    whole, newest.aggregate_hash = newest.aggregate_hash, "0" * 32
    trunk.host.session.commit()
    assert mend(trunk) == ["aggregate-row"]
    assert newest.aggregate_hash == whole
