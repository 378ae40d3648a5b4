# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file that each release has one of: copied once, and edited so that every other byte stays."""

from __future__ import annotations

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput, NotFound
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform
from ansible_collections.rdo.releng.plugins.module_utils._release.release_file import ReleaseFile, add_items, set_values

OLD = """\
---
# Flamingo, until it is out
release: flamingo   # its name
branch: rpm-master
labels: {source: consistent, target: "passed"}
distros:
  el9s:
    url: https://example.org/centos9-master  # moves
    upstream:
flamingos: [pink]
"""


@pytest.fixture
def old(tmp_path):
    (tmp_path / "flamingo.yml").write_text(OLD)
    return tmp_path / "flamingo.yml"


def change(path, copy_of=None, check=False, **options):
    given = {"words": {}, "values": {}, **options}
    return perform(ReleaseFile(str(path), copy_of and str(copy_of), **given), check, diff=False)


def test_a_copy_is_made_once_and_what_people_change_stays(old, tmp_path):
    new = tmp_path / "gazpacho.yml"
    options = {"copy_of": old, "words": {"flamingo": "gazpacho"}, "values": {"labels.target": "yes"}}
    planned = change(new, check=True, **options)
    assert planned["changed"] and not new.exists()
    assert change(new, **options)["actions"] == planned["actions"]
    text = OLD.replace("flamingo ", "gazpacho ").replace("Flamingo,", "Gazpacho,").replace('"passed"', '"yes"')
    assert new.read_text() == text and "flamingos" in text
    new.write_text("mine: true\n")
    assert not change(new, **options)["changed"] and new.read_text() == "mine: true\n"


def test_only_what_must_change_does_and_again_nothing(old):
    options = {
        "words": {"centos9-master": "centos9-flamingo"},
        "values": {"branch": "flamingo-rdo", "distros.el9s.upstream": "stable/2025.2"},
    }
    assert change(old, **options)["changed"]
    expected = OLD.replace("rpm-master", "flamingo-rdo").replace("centos9-master", "centos9-flamingo")
    assert old.read_text() == expected.replace("upstream:", "upstream: stable/2025.2")
    assert not change(old, **options)["changed"]


@pytest.mark.parametrize(
    ("value", "written"), [("2026.1", '"2026.1"'), (3, "3"), (False, "false"), ("a: b", '"a: b"'), ("é", '"é"')]
)
def test_a_value_reads_as_what_was_given(value, written):
    assert set_values("a:\n  b: 1 # x\n", {"a.b": value}, "x.yml") == f"a:\n  b: {written} # x\n"


@pytest.mark.parametrize(
    ("text", "values", "message"),
    [
        ("a: 1\n", {"b": 1}, "x.yml: b is not there to be set. There is: a."),
        ("a: 1\n", {"a.b": 1}, "x.yml: a.b is not there"),
        ("a: [1]\n", {"a": 1}, "not a value on one line"),
        ("a: |\n  x\n", {"a": 1}, "not a value on one line"),
        ("a: 1\n", {"a": [1]}, "a text, a number or a boolean is needed"),
        ("a: &x {k: 1}\nb: *x\n", {"b.k": 2}, "cannot be edited in place"),
    ],
)
def test_what_cannot_be_set_is_said(text, values, message):
    with pytest.raises(InvalidInput, match=message.replace(".", r"\.").replace("[", r"\[")):
        set_values(text, values, "x.yml")


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(NotFound, match="There is no file"):
        change(tmp_path / "none.yml")


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("a:\n  b: [x, y]  # mine\nc: 1\n", "a:\n  b: [x, y, z]  # mine\nc: 1\n"),
        ("a:\n  b: []\n", "a:\n  b: [z]\n"),
        ("a:\n  b: [\n    x,\n    y\n  ]\n", "a:\n  b: [\n    x,\n    y\n, z]\n"),
        ("a:\n  b:\n    - x\n    - y # mine\n\nc: 1\n", "a:\n  b:\n    - x\n    - y # mine\n    - z\n\nc: 1\n"),
        ("a:\n  b:\n  - x\n", "a:\n  b:\n  - x\n  - z\n"),
    ],
)
def test_an_item_more_once(text, after):
    done = add_items(text, {"a.b": ["z"]}, "x.yml")
    assert done == after and add_items(done, {"a.b": ["z"]}, "x.yml") == done


@pytest.mark.parametrize("text", ["a: 1\n", "a:\n  b: x\n", "a:\n  b:\n", "b: []\n", "- 1\n"])
def test_what_is_no_list_is_said(text):
    with pytest.raises(InvalidInput, match="x.yml: a.b is not a list"):
        add_items(text, {"a.b": ["z"]}, "x.yml")
