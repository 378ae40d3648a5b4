# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._git.repository import Identity, Repository
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput, NotFound
from ansible_collections.rdo.releng.plugins.module_utils._service.release.rdoinfo_query import query_rdoinfo

TEXT = """\
releases:
- {name: epoxy, branch: epoxy-rdo, repos: [{name: el9s}]}
components: [{name: compute}]
packages:
- project: nova
  name: openstack-nova
  maintainers: [a@example.com]
  tags: {epoxy: {source-branch: VERSION}}
  buildsys-tags: {cloud9s-openstack-epoxy-testing: openstack-nova-VERSION-1.el9s}
- project: aodh
  name: openstack-aodh
  maintainers: [a@example.com]
"""


@pytest.fixture
def checkout(tmp_path):
    """A repository of an rdoinfo with two commits: nova is at 31.0.0, then at 31.1.0."""
    repository = Repository(str(tmp_path / "rdoinfo"), Identity("A", "a@example.com"))
    repository.create("master")
    for version in ("31.0.0", "31.1.0"):
        (tmp_path / "rdoinfo" / "rdo-full.yml").write_text(TEXT.replace("VERSION", version))
        repository.git("add", "--all")
        repository.git("commit", "--quiet", "--message", version)
    return repository


@pytest.fixture
def query(checkout, tmp_path):
    def ask(**options):
        usual = {
            "rdoinfo": checkout.path, "rdoinfo_revision": None, "rdoinfo_entry": "rdo-full.yml", "git_timeout": 30,
            "cache_dir": str(tmp_path / "cache"), "tag": None, "filters": {}, "compare_to": None,
            "gather": ["packages", "releases", "components", "tags", "buildsys_tags"],
        }  # fmt: skip
        return query_rdoinfo({**usual, **options})

    return ask


def test_everything_of_a_folder(query, checkout):
    found = query()
    assert (found["source"], found["revision"]) == (checkout.path, None)
    assert [package["name"] for package in found["packages"]] == ["openstack-nova", "openstack-aodh"]
    assert "buildsys-tags" not in found["packages"][0]
    assert found["releases"] == [
        {"name": "epoxy", "branch": "epoxy-rdo", "repos": [{"name": "el9s", "branch": "epoxy-rdo"}]}
    ]
    assert (found["components"], found["tags"]) == (["compute"], ["epoxy"])
    assert found["buildsys_tags"] == {
        "cloud9s-openstack-epoxy-testing": {"openstack-nova": "openstack-nova-31.1.0-1.el9s"}
    }
    assert list(query(gather=[])) == ["source", "revision"]


@pytest.mark.parametrize("protocol", ["", "file://"])
def test_what_changed_between_two_revisions(query, checkout, protocol):
    before = checkout.revision("HEAD~1")
    found = query(
        rdoinfo=protocol + checkout.path, rdoinfo_revision="master", compare_to=before, tag="epoxy", gather=["packages"]
    )
    assert [package["source-branch"] for package in found["packages"]] == ["31.1.0"]
    assert found["revision"] == checkout.revision("HEAD")
    assert found["difference"]["tags"] == [
        {
            "project": "nova",
            "tag": "epoxy",
            "change": "changed",
            "before": {"source-branch": "31.0.0"},
            "after": {"source-branch": "31.1.0"},
        }
    ]
    assert not found["difference"]["empty"]


def test_questions_without_an_answer(query):
    with pytest.raises(NotFound, match=r"'gazpacho' is not a tag of .*There is: epoxy\."):
        query(tag="gazpacho")
    with pytest.raises(InvalidInput, match="compare_to needs a git repository"):
        query(compare_to="HEAD~1")
