# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A series begins, is released and ends, in a small rdoinfo."""

from __future__ import annotations

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput, NotFound, Refused
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform
from ansible_collections.rdo.releng.plugins.module_utils._release.rdoinfo_series import SeriesChange

RDO = """\
import:
- tags.yml
# the newest first
releases:
- name: flamingo
  status: development # until it is out
  branch: rpm-master
  identifier: "2025.2"
  upstream_branch: "master"
  tags_map: separated_buildreqs
  repos:
  - name: el9s
    buildsys: cbs/cloud9s-openstack-flamingo-el9s
    buildsys-tags:
    - cloud9s-openstack-flamingo-el9s-build
    - cloud9s-openstack-flamingo-candidate
    - cloud9s-openstack-flamingo-testing
    distrepos:
    - name: RDO Flamingo el9s
      url: http://example.org/openstack-flamingo/
- name: epoxy
  status: maintained
  branch: epoxy-rdo
  identifier: "2025.1"
  upstream_branch: "stable/2025.1"
  repos:
  - name: el9s
    buildsys: cbs/cloud9s-openstack-epoxy-el9s
    buildsys-tags:
    - cloud9s-openstack-epoxy-el9s-build
    - cloud9s-openstack-epoxy-candidate
    - cloud9s-openstack-epoxy-testing
    - cloud9s-openstack-epoxy-release
    distrepos:
    - name: RDO Epoxy el9s
      url: http://example.org/openstack-epoxy/
package-default:
  name: python-%(project)s
  distgit: https://example.org/%(project)s-distgit.git
package-configs:
  lib:
    maintainers: [a@example.com]
packages:
- project: cliff
  conf: lib
  component: common
components:
- name: common
"""
TAGS = "packages:\n- project: cliff # a pin\n  tags:\n    flamingo:\n      source-branch: 4.8.0\n    other:\n"
KINDS = ("el9s-build", "candidate", "testing")


@pytest.fixture
def rdoinfo(tmp_path):
    imports = [f"cloud9s-openstack-{series}-{kind}" for series in ("epoxy", "flamingo") for kind in KINDS]
    imports.append("cloud9s-openstack-epoxy-release")
    files = {
        "rdo-full.yml": "import:\n- rdo.yml\n- tags.yml\n- buildsys-tags.yml\n",
        "rdo.yml": RDO,
        "tags.yml": "import:\n- tags/epoxy.yml\n- tags/flamingo.yml\n- tags/under-review.yml\n",
        "tags/epoxy.yml": "packages:\n",
        "tags/flamingo.yml": TAGS.replace("    other:\n", ""),
        "tags/under-review.yml": "packages:\n",
        "buildsys-tags.yml": "import:\n" + "".join(f"- buildsys-tags/{name}.yml\n" for name in imports),
        **{f"buildsys-tags/{name}.yml": "packages:\n" for name in imports},
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def change(rdoinfo, release, state="begun", check=False, **options):
    usual = {"previous": None, "identifier": None, "distros": [], "status": "eol", **options}
    return perform(SeriesChange(str(rdoinfo), release, state, **usual), check, diff=True)


def content(rdoinfo):
    return {str(path.relative_to(rdoinfo)): path.read_text() for path in rdoinfo.rglob("*.yml")}


def test_a_series_begins_as_the_one_before_it(rdoinfo):
    before = content(rdoinfo)
    planned = change(rdoinfo, "gazpacho", identifier="2026.1", check=True)
    assert content(rdoinfo) == before and len(planned["files"]) == 7
    done = change(rdoinfo, "gazpacho", identifier="2026.1")
    assert done["actions"] == planned["actions"] and done["patch"] == planned["patch"]
    after = content(rdoinfo)
    assert {name: text for name, text in after.items() if name not in done["files"]} == {
        name: text for name, text in before.items() if name not in done["files"]
    }
    start, end = RDO.index("- name: flamingo"), RDO.index("- name: epoxy")
    old = RDO[start:end]
    new = old.replace("flamingo", "gazpacho").replace("Flamingo", "Gazpacho").replace("2025.2", "2026.1")
    for was, now in [("development", "maintained"), ("rpm-master", "flamingo-rdo"), ("master", "stable/2025.2")]:
        old = old.replace(was, now, 1)
    assert after["rdo.yml"] == RDO[:start] + new + old + RDO[end:]
    assert after["tags.yml"] == before["tags.yml"].replace("flamingo.yml\n", "flamingo.yml\n- tags/gazpacho.yml\n")
    assert after["tags/gazpacho.yml"] == before["tags/flamingo.yml"].replace("flamingo:", "gazpacho:")
    names = [f"buildsys-tags/cloud9s-openstack-gazpacho-{kind}.yml" for kind in KINDS]
    assert after["buildsys-tags.yml"] == before["buildsys-tags.yml"] + "".join(f"- {name}\n" for name in names)
    assert all(after[name] == "packages:\n" for name in names)
    assert not change(rdoinfo, "gazpacho", identifier="2026.1")["changed"]


def test_a_run_that_was_killed_is_finished(rdoinfo):
    change(rdoinfo, "gazpacho", identifier="2026.1")
    whole = content(rdoinfo)
    (rdoinfo / "buildsys-tags" / "cloud9s-openstack-gazpacho-candidate.yml").unlink()
    (rdoinfo / "tags.yml").write_text(whole["tags.yml"].replace("- tags/gazpacho.yml\n", ""))
    (rdoinfo / "buildsys-tags.yml").write_text(
        whole["buildsys-tags.yml"].replace("- buildsys-tags/cloud9s-openstack-gazpacho-candidate.yml\n", "")
    )
    assert change(rdoinfo, "gazpacho", identifier="2026.1")["changed"]
    assert sorted(content(rdoinfo)["buildsys-tags.yml"].split("\n")) == sorted(whole["buildsys-tags.yml"].split("\n"))
    assert content(rdoinfo)["tags.yml"] == whole["tags.yml"]


def test_a_release_tag_comes_behind_the_one_for_testing(rdoinfo):
    done = change(rdoinfo, "flamingo", "released")
    assert done["files"] == ["buildsys-tags.yml", "buildsys-tags/cloud9s-openstack-flamingo-release.yml", "rdo.yml"]
    after = content(rdoinfo)
    tag = "cloud9s-openstack-flamingo-release"
    assert after["rdo.yml"] == RDO.replace("flamingo-testing\n", f"flamingo-testing\n    - {tag}\n")
    assert f"flamingo-testing.yml\n- buildsys-tags/{tag}.yml\n" in after["buildsys-tags.yml"]
    assert not change(rdoinfo, "flamingo", "released", distros=["el9s"])["changed"]
    assert not change(rdoinfo, "epoxy", "released")["changed"]


def test_an_end_is_one_line(rdoinfo):
    done = change(rdoinfo, "epoxy", "ended", status="extended_maintenance")
    assert content(rdoinfo)["rdo.yml"] == RDO.replace("status: maintained", "status: extended_maintenance")
    assert done["actions"] == ["epoxy was maintained and is extended_maintenance"]
    assert not change(rdoinfo, "epoxy", "ended", status="extended_maintenance")["changed"]


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        (("gazpacho",), {}, InvalidInput, "None is not an identifier"),
        (("gazpacho",), {"identifier": "2026.3"}, InvalidInput, "is not an identifier"),
        (("gazpacho",), {"identifier": "2025.2"}, InvalidInput, "cannot be a copy of flamingo"),
        (("flamingo",), {"identifier": "2026.1"}, InvalidInput, "is there as 2025.2"),
        (("Gaz pacho",), {"identifier": "2026.1"}, InvalidInput, "cannot be the name"),
        (("gazpacho",), {"identifier": "2026.1", "previous": "zed"}, NotFound, "zed"),
        (("flamingo", "released"), {"distros": ["el11s"]}, NotFound, "no distro el11s"),
        (("zed", "ended"), {}, NotFound, "zed"),
    ],
)
def test_bad_input_is_named(rdoinfo, arguments, options, error, message):
    before = content(rdoinfo)
    with pytest.raises(error, match=message):
        change(rdoinfo, *arguments, **options)
    assert content(rdoinfo) == before


def test_nothing_is_written_that_the_linter_has_not_seen_before(rdoinfo):
    """A file that nobody imported, with a project that nobody describes."""
    path = rdoinfo / "tags" / "gazpacho.yml"
    path.write_text("packages:\n- project: nobody\n  tags:\n    gazpacho:\n")
    before = content(rdoinfo)
    with pytest.raises(Refused, match="Nothing was written, as the linter finds 1 new mistakes: tags/gazpacho.yml"):
        change(rdoinfo, "gazpacho", identifier="2026.1")
    assert content(rdoinfo) == before
