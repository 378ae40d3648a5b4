# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput, NotFound
from ansible_collections.rdo.releng.plugins.module_utils._release.rdoinfo import Cache, Folder, Rdoinfo

FULL = "import: [rdo.yml, tags.yml, builds.yml]\n"
RDO = """\
releases:
- name: flamingo
  branch: rpm-master
  repos:
  - name: el9s
    buildsys-tags: [cloud9s-openstack-flamingo-candidate]
  - name: el10s
    branch: el10-rdo
- name: epoxy
  branch: epoxy-rdo
  repos: []
package-default:
  name: python-%(project)s
  distgit: https://example.com/%(name)s.git
  tags: {flamingo: , epoxy: }
package-configs:
  core:
    name: openstack-%(project)s
    component: common
    maintainers: [a@example.com]
packages:
- project: nova
  conf: core
  component: compute
- project: oslo.log
  name: python-oslo-log
  maintainers: [b@example.com]
components:
- name: common
- name: compute
"""
TAGS = """\
packages:
- project: nova
  tags: {epoxy: {source-branch: 31.0.0, component: common}}
- project: aodh
  conf: core
  tags: {epoxy: }
"""
BUILDS = """\
packages:
- project: nova
  buildsys-tags: {cloud9s-openstack-epoxy-testing: openstack-nova-31.0.0-1.el9s}
- project: nova
  buildsys-tags: {cloud9s-openstack-epoxy-release: openstack-nova-31.0.0-1.el9s, version-locked: }
"""


@pytest.fixture
def folder(tmp_path):
    """Writes files, the usual ones where a test names no others, and returns their folder."""

    def write(**files: str) -> Folder:
        usual = {"rdo_full": FULL, "rdo": RDO, "tags": TAGS, "builds": BUILDS}
        for name, text in {**usual, **files}.items():
            (tmp_path / f"{name.replace('_', '-')}.yml").write_text(text)
        return Folder(str(tmp_path))

    return write


def test_a_package_is_default_then_configuration_then_its_own(folder):
    info = Rdoinfo.read(folder())
    assert info.package("nova") == {
        "project": "nova",
        "conf": "core",
        "name": "openstack-nova",
        # Filled in once: the configuration's name, not what that becomes.
        "distgit": "https://example.com/openstack-%(project)s.git",
        "component": "compute",
        "maintainers": ["a@example.com"],
        "tags": {"epoxy": {"source-branch": "31.0.0", "component": "common"}},
        "buildsys-tags": {
            "cloud9s-openstack-epoxy-testing": "openstack-nova-31.0.0-1.el9s",
            "cloud9s-openstack-epoxy-release": "openstack-nova-31.0.0-1.el9s",
            "version-locked": None,
        },
    }


def test_a_tag_changes_attributes_where_it_has_some(folder):
    info = Rdoinfo.read(folder())
    tagged = info.tagged("epoxy")
    assert list(tagged) == ["nova", "oslo.log", "aodh"]
    assert (tagged["nova"]["component"], tagged["nova"]["source-branch"]) == ("common", "31.0.0")
    assert "source-branch" not in tagged["aodh"]
    # Its own tags stand instead of the default's.
    assert list(info.tagged("flamingo")) == ["oslo.log"]
    assert info.tags == ["epoxy", "flamingo"]


def test_releases_have_their_distros_with_a_branch(folder):
    info = Rdoinfo.read(folder())
    assert list(info.releases) == ["flamingo", "epoxy"]
    assert info.distro("flamingo", "el9s")["branch"] == "rpm-master"
    assert info.distro("flamingo", "el10s")["branch"] == "el10-rdo"
    assert info.components == ["common", "compute"]


@pytest.mark.parametrize("rows", [["common"], [{"title": "common"}], {"name": "common"}])
def test_a_component_without_a_name_is_an_error(rows):
    with pytest.raises(InvalidInput, match="component"):
        _found = Rdoinfo({"components": rows}).components


def test_builds_by_tag_leave_out_marks_that_name_none(folder):
    assert Rdoinfo.read(folder()).buildsys_tags == {
        "cloud9s-openstack-epoxy-release": {"openstack-nova": "openstack-nova-31.0.0-1.el9s"},
        "cloud9s-openstack-epoxy-testing": {"openstack-nova": "openstack-nova-31.0.0-1.el9s"},
    }


def test_a_package_is_found_by_its_name_or_project(folder):
    info = Rdoinfo.read(folder())
    assert info.find("python-oslo-log")["project"] == info.find("oslo.log")["project"] == "oslo.log"


def test_what_is_not_there_is_named_with_what_is(folder):
    info = Rdoinfo.read(folder())
    with pytest.raises(NotFound, match=r"'gazpacho' is not a release of .*\. There is: epoxy, flamingo\."):
        info.release("gazpacho")
    with pytest.raises(NotFound, match=r"'el8s' is not a distro of release flamingo\. There is: el10s, el9s\."):
        info.distro("flamingo", "el8s")
    with pytest.raises(NotFound, match="'novaa' is not a package or project"):
        info.find("novaa")


def test_what_a_caller_changes_stays_with_it(folder):
    info = Rdoinfo.read(folder())
    info.release("epoxy")["repos"].append("mine")
    info.package("nova")["tags"]["mine"] = None
    assert info.release("epoxy")["repos"] == []
    assert "mine" not in info.package("nova")["tags"]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"tags": "import: [builds.yml]", "builds": "import: [tags.yml]"}, r"circle: tags.yml → builds.yml → tags.yml"),
        ({"rdo_full": "import: [none.yml]"}, "There is no file none.yml in "),
        ({"rdo_full": "import: [../x.yml]"}, r"rdo-full.yml imports '\.\./x.yml'"),
        ({"rdo_full": "import: [/etc/passwd]"}, "rdo-full.yml imports '/etc/passwd'"),
        ({"tags": ""}, "tags.yml of .* is not a mapping: is it cut off or empty"),
        ({"tags": "packages: {a: b}"}, "packages of tags.yml is dict, not a list"),
        ({"tags": "packages:\n- name: x"}, "A row of packages of tags.yml has no project: {'name': 'x'}"),
        ({"tags": "packages: [\n"}, "tags.yml, line 2, is not valid YAML"),
        (
            {"tags": "packages:\n- {project: x, conf: cores, name: x}"},
            "'cores' is not a package-configs entry .package x",
        ),
        ({"tags": "packages:\n- {project: x}"}, "Project x has no list of maintainers"),
        ({"tags": "packages:\n- {project: x, conf: core, url: '%(none)s'}"}, "url of project x cannot be filled in"),
        ({"tags": "packages:\n- {project: x, conf: core, url: '100%'}"}, "url of project x cannot be filled in"),
        ({"tags": "packages:\n- {project: x, maintainers: [me]}"}, "Maintainer 'me' of project x is not an address"),
    ],
)
def test_bad_input_is_named(folder, files, message):
    with pytest.raises((InvalidInput, NotFound), match=message):
        Rdoinfo.read(folder(**files)).packages()


def test_a_link_that_leads_out_is_refused(folder, tmp_path):
    files = folder()
    (tmp_path / "link.yml").symlink_to("/etc/hostname")
    with pytest.raises(InvalidInput, match=r"'link\.yml' leads out of "):
        files.read("link.yml")


class TestCache:
    def read(self, files, tmp_path) -> Rdoinfo:
        return Rdoinfo.read(files, cache=Cache(str(tmp_path / "cache")))

    def kept(self, tmp_path) -> list[str]:
        return sorted(os.listdir(tmp_path / "cache"))

    def test_the_second_answer_is_the_first(self, folder, tmp_path, monkeypatch):
        files = folder()
        first = self.read(files, tmp_path).packages()
        monkeypatch.delattr("ansible_collections.rdo.releng.plugins.module_utils._release.rdoinfo._Reader")
        assert self.read(files, tmp_path).packages() == first

    def test_a_changed_file_is_read(self, folder, tmp_path):
        self.read(folder(), tmp_path)
        changed = self.read(folder(tags=TAGS.replace("31.0.0", "31.0.1")), tmp_path)
        assert changed.package("nova")["tags"]["epoxy"]["source-branch"] == "31.0.1"
        assert len(self.kept(tmp_path)) == 1

    @pytest.mark.parametrize("content", ["", "{", "[]", '{"files": 1}', '{"files": {}}'])
    def test_a_damaged_file_is_as_good_as_none(self, folder, tmp_path, content):
        files = folder()
        first = self.read(files, tmp_path).packages()
        (tmp_path / "cache" / self.kept(tmp_path)[0]).write_text(content)
        assert self.read(files, tmp_path).packages() == first

    def test_what_json_can_not_hold_is_not_kept(self, folder, tmp_path):
        self.read(folder(tags="packages:\n- {project: nova, 1: 2}"), tmp_path)
        assert not (tmp_path / "cache").exists()

    def test_a_folder_that_can_not_be_written_does_no_harm(self, folder, tmp_path):
        (tmp_path / "cache").write_text("no folder")
        assert self.read(folder(), tmp_path).projects == ["nova", "oslo.log", "aodh"]

    def test_only_the_newest_are_kept(self, folder, tmp_path, monkeypatch):
        monkeypatch.setattr(Cache, "KEPT", 2)
        files = folder()
        cache = Cache(str(tmp_path / "cache"))
        for number in range(4):
            cache.put(files, f"{number}.yml", {}, {})
            kept = tmp_path / "cache" / max(self.kept(tmp_path), key=lambda n: os.stat(tmp_path / "cache" / n).st_ino)
            assert json.loads(kept.read_text())
        assert len(self.kept(tmp_path)) == 2
