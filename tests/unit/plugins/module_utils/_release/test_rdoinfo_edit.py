# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput, NotFound
from ansible_collections.rdo.releng.plugins.module_utils._release.rdoinfo_edit import PinChange, TagFile

TAGS = """\
# What is in epoxy.
packages:
# aodh first
- project: aodh
  tags:
    epoxy:
- project:   cliff   # odd spaces
  tags:
    epoxy:
      component: 'clients'
      source-branch: 4.8.0   # not the newest
# before nova

- project: nova
  tags:
    epoxy:
      source-branch: "31.0.0"
    zed:
- project: zaqar
  maintainers:
    - a@example.com
  tags:
    epoxy:   # follows its branch
# the end
"""
CLIFF = "      source-branch: 4.8.0   # not the newest"


def edited(text=TAGS, section="tags", **changes) -> TagFile:
    file = TagFile(text, section, "x.yml")
    for project, value in changes.items():
        file.pin(project.replace("_", "-"), "epoxy", value)
    return file


def changed(before: str, after: str) -> tuple[list[str], list[str]]:
    """Lines that went and lines that came; all others must be the same and in order."""
    old, new = before.splitlines(), after.splitlines()
    start = next((n for n, (a, b) in enumerate(zip(old, new)) if a != b), min(len(old), len(new)))
    end = next((n for n, (a, b) in enumerate(zip(old[::-1], new[::-1])) if a != b), min(len(old), len(new)))
    end = min(end, len(old) - start, len(new) - start)
    return old[start : len(old) - end], new[start : len(new) - end]


@pytest.mark.parametrize(
    ("project", "value", "gone", "come"),
    [
        ("cliff", "4.9.0", [CLIFF], ["      source-branch: 4.9.0   # not the newest"]),
        ("cliff", "4.10", [CLIFF], ["      source-branch: '4.10'   # not the newest"]),
        ("cliff", None, [CLIFF], []),
        ("nova", "32.0.0", ['      source-branch: "31.0.0"'], ["      source-branch: 32.0.0"]),
        ("nova", None, ['      source-branch: "31.0.0"'], []),
        ("aodh", "20.0.0", [], ["      source-branch: 20.0.0"]),
        ("zaqar", "20.0.0", [], ["      source-branch: 20.0.0"]),
        ("heat", "24.0.0", [], ["- project: heat", "  tags:", "    epoxy:", "      source-branch: 24.0.0"]),
        ("heat", None, [], ["- project: heat", "  tags:", "    epoxy:"]),
        ("aaa", None, [], ["- project: aaa", "  tags:", "    epoxy:"]),
        ("zzz", None, [], ["- project: zzz", "  tags:", "    epoxy:"]),
        ("nova", "31.0.0", [], []),
        ("aodh", None, [], []),
    ],
)  # fmt: skip
def test_a_pin_touches_its_own_lines_only(project, value, gone, come):
    file = edited(**{project: value})
    assert changed(TAGS, file.text) == (gone, come)
    assert edited(file.text, **{project: value}).text == file.text


@pytest.mark.parametrize(
    ("project", "tag", "gone"),
    [
        ("nova", "zed", ["    zed:"]),
        ("aodh", "epoxy", ["- project: aodh", "  tags:", "    epoxy:"]),
        ("zaqar", "epoxy", ["  tags:", "    epoxy:   # follows its branch"]),
        ("zaqar", "zed", []),
        ("none", "epoxy", []),
    ],
)
def test_a_tag_goes_with_what_is_empty_without_it(project, tag, gone):
    file = TagFile(TAGS, "tags", "x.yml")
    file.remove(project, tag)
    assert changed(TAGS, file.text) == (gone, [])


def test_the_first_tag_of_a_row_goes_and_the_others_stay():
    file = TagFile(TAGS, "tags", "x.yml")
    file.remove("nova", "epoxy")
    assert changed(TAGS, file.text) == (["    epoxy:", '      source-branch: "31.0.0"'], [])


def test_another_tag_is_added_below_those_that_are_there():
    file = TagFile(TAGS, "tags", "x.yml")
    file.pin("cliff", "zed", "4.0.0")
    assert changed(TAGS, file.text) == ([], ["    zed:", "      source-branch: 4.0.0"])


def test_builds_are_the_values_of_their_tags():
    text = "packages:\n- project: nova\n  buildsys-tags:\n    testing: openstack-nova-1-1.el9s\n"
    file = TagFile(text, "buildsys-tags", "x.yml")
    file.pin("nova", "testing", "openstack-nova-2-1.el9s")
    file.pin("aodh", "testing", "openstack-aodh-1-1.el9s")
    assert file.text == (
        "packages:\n- project: aodh\n  buildsys-tags:\n    testing: openstack-aodh-1-1.el9s\n"
        "- project: nova\n  buildsys-tags:\n    testing: openstack-nova-2-1.el9s\n"
    )
    file.remove("aodh", "testing")
    file.remove("nova", "testing")
    assert file.text == "packages:\n"


@pytest.mark.parametrize("text", ["packages:\n", "packages:", "packages: # none yet\n"])
def test_an_empty_file_gets_its_first_row(text):
    assert edited(text, nova=None).text == text.rstrip("\n") + "\n- project: nova\n  tags:\n    epoxy:\n"


def test_a_file_without_a_last_newline_gets_one_only_where_it_is_added_to():
    assert edited(TAGS.rstrip("\n"), cliff="4.9.0").text == TAGS.rstrip("\n").replace("4.8.0", "4.9.0")
    text = "packages:\n- project: nova\n  tags:\n    epoxy:"
    assert edited(text, nova="1.0.0").text == text + "\n      source-branch: 1.0.0\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("packages: [\n", "x.yml, line 2, is not valid YAML"),
        ("", "x.yml has no list of packages: is it cut off or empty"),
        ("packages: {}\n", "x.yml has no list of packages"),
        ("packages:\n- tags: {}\n", "x.yml, line 2: a package has no project"),
        ("packages:\n- project: nova\n- project: nova\n", "x.yml, line 3: nova is there twice"),
        ("packages:\n- {project: nova, tags: {epoxy: }}\n", "x.yml, line 2: nova is written in braces"),
        ("packages:\n- project: nova\n  tags: {epoxy: }\n", "x.yml, line 3: nova is written in braces"),
        ("packages: [{project: aodh}]\n", "is written in a way that cannot be edited|line 1: nova|not valid YAML"),
        ("packages:\n- project: nova\n  tags:\n    epoxy:\n      source-branch: |\n        1\n", "more than one line"),
    ],
)
def test_what_can_not_be_edited_is_named(text, message):
    with pytest.raises(InvalidInput, match=message):
        edited(text, nova="1.0.0")


@pytest.mark.parametrize(
    ("project", "value"),
    [("no va", "1"), ("nova\n- project: x", "1"), ("nova", "1 # x"), ("nova", "1\n2"), ("nova", "")],
)
def test_hostile_names_are_refused(project, value):
    with pytest.raises(InvalidInput, match="cannot be a (project|pin)"):
        TagFile(TAGS, "tags", "x.yml").pin(project, "epoxy", value)


@pytest.fixture
def change(tmp_path):
    (tmp_path / "tags").mkdir()
    (tmp_path / "tags" / "epoxy.yml").write_text(TAGS)
    os.chmod(tmp_path / "tags" / "epoxy.yml", 0o640)

    def make(**options):
        usual = {"rdoinfo": str(tmp_path), "section": "tags", "tag": "epoxy", "file": None, "pins": {}, "absent": []}
        return PinChange(**{**usual, **options})

    return make


def test_a_change_is_planned_then_written_then_nothing(change, tmp_path):
    path = tmp_path / "tags" / "epoxy.yml"
    wanted = change(pins={"cliff": "4.9.0", "aodh": None, "nova": "32.0.0"}, absent=["zaqar", "none"])
    plan = wanted.plan()
    assert plan.actions == ["pin cliff to 4.9.0", "pin nova to 32.0.0", "take epoxy from zaqar"]
    assert plan.result["file"] == "tags/epoxy.yml"
    assert "-      source-branch: 4.8.0   # not the newest" in plan.result["patch"].splitlines()
    assert path.read_text() == TAGS
    wanted.apply(plan)
    assert path.read_text() == plan.after["tags/epoxy.yml"]
    assert path.stat().st_mode & 0o777 == 0o640
    assert change(pins={"cliff": "4.9.0", "nova": "32.0.0"}, absent=["zaqar"]).plan().actions == []


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"tag": "zed"}, NotFound, "has no file tags/zed.yml"),
        ({"file": "../../etc/passwd"}, NotFound, "has no file"),
        ({"tag": "../zed"}, InvalidInput, "cannot be a tag"),
        ({"pins": {"nova": 4.1}}, InvalidInput, "pin 4.1 of nova is float: write it in quotes"),
        ({"pins": {"nova": "1"}, "absent": ["nova"]}, InvalidInput, "nova cannot be both"),
        ({"section": "buildsys-tags", "file": "tags/epoxy.yml", "pins": {"nova": None}}, InvalidInput, "has no build"),
    ],
)
def test_bad_input_is_named(change, options, error, message):
    with pytest.raises(error, match=message):
        change(**options).plan()
