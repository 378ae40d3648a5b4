# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._module.documents import (
    canonical,
    digest,
    read_document,
    read_yaml,
    write_document,
)
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput, NotFound


def test_order_of_keys_does_not_matter():
    assert canonical({"b": 1, "a": [{"d": None, "c": "é"}]}) == b'{"a":[{"c":"\\u00e9","d":null}],"b":1}'
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})


def test_what_is_written_is_read_again(tmp_path):
    path = str(tmp_path / "new" / "thing.json")
    write_document(path, {"schema": "thing/1", "value": [1, "two"]})
    assert read_document(path, "thing/1", "thing") == {"schema": "thing/1", "value": [1, "two"]}
    assert os.listdir(tmp_path / "new") == ["thing.json"]


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "thing.json"
    path.write_text("old")
    with pytest.raises(InvalidInput, match="What is to be written to .*thing.json is not JSON"):
        write_document(str(path), {"value": float("nan")})
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["thing.json"]


@pytest.mark.parametrize(
    "content, message",
    [
        ("", "holds NoneType, not a mapping"),
        ("- a list", "holds list, not a mapping"),
        ('{"schema": "other/1"}', "has schema 'other/1'; 'thing/1' is needed"),
        ('{"schema": "thing/1", "val', "is not valid YAML or JSON at line 1"),
        ("\x80", "is not text in UTF-8"),
    ],
)
def test_a_file_that_is_not_what_it_should_be_is_named(tmp_path, content, message):
    path = tmp_path / "thing.json"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(InvalidInput, match=message) as caught:
        read_document(str(path), "thing/1", "thing")
    assert str(path) in caught.value.message


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(NotFound, match="There is no thing at .*nowhere.json"):
        read_document(str(tmp_path / "nowhere.json"), "thing/1", "thing")


def test_documents_are_plain_json(tmp_path):
    path = tmp_path / "thing.json"
    write_document(str(path), {"b": 1, "a": 2})
    assert list(json.loads(path.read_text())) == ["a", "b"]


def test_text_of_all_kinds_comes_back_as_it_was(tmp_path):
    path = str(tmp_path / "thing.json")
    content = {"schema": "thing/1", "text": "\N{GRINNING FACE} \u0085 \x7f \t é \u2028"}
    write_document(path, content)
    assert read_document(path, "thing/1", "thing") == content


@pytest.mark.parametrize("text", ["a: 1\nb: 2\na: 3\n", '{"a": 1, "a": 2}', "x: {b: [1], b: [2]}"])
def test_a_key_that_stands_twice_is_refused(tmp_path, text):
    path = tmp_path / "thing.yaml"
    path.write_text(text)
    with pytest.raises(InvalidInput, match=r"line \d.*stands twice"):
        read_yaml(str(path), "thing")


def test_yaml_that_begins_like_json_and_merge_keys(tmp_path):
    path = tmp_path / "thing.yaml"
    path.write_text("{a: &a {x: 1, y: 2}, b: {<<: *a, x: 3}}")
    assert read_yaml(str(path), "thing")["b"] == {"x": 3, "y": 2}


@pytest.mark.parametrize("text", ["until: 2026-13-01", "[" * 5000, "{a: 1", "a: *b", "!!python/object:os.system {}"])
def test_what_is_no_yaml_is_an_error_by_name(tmp_path, text):
    path = tmp_path / "thing.yaml"
    path.write_text(text)
    with pytest.raises(InvalidInput, match=r"thing\.yaml is not valid YAML"):
        read_yaml(str(path), "thing")


def test_a_place_that_can_not_be_written_to(tmp_path):
    (tmp_path / "file").write_text("kept")
    for path in (tmp_path / "file" / "thing.json", tmp_path):
        with pytest.raises(InvalidInput, match=f"{path} cannot be written"):
            write_document(str(path), {})
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
