# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput
from ansible_collections.rdo.releng.plugins.module_utils._module.yaml_text import Limits, YamlReader

TEXTS = {
    "nothing": "",
    "a scalar": "42",
    "numbers and such": "[1, 1.5, 0x1F, 010, 1e3, yes, No, null, ~, 2026-01-02, 2025.2, '2025.2', \"x\\n\", -]",
    "nested": "a:\n- b: {c: [d, {e: f}]}\n  g:\nh: |\n  text\n",
    "no value": "packages:\n",
    "equal keys": "a: 1\na: 2\n",
    "keys of other types": "1: a\nnull: b\ntrue: c\n",
    "an anchor": "a: &x {b: c}\nd: *x\n",
    "a merge key": "a: &x {b: c}\nd:\n  <<: *x\n  e: f\n",
    "a tag of the standard": "a: !!str 1\nb: !!int '2'\nc: !!seq [x]\nd: !!timestamp 2026-01-02\n",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_the_result_is_that_of_the_library(text):
    ours, theirs = YamlReader().read(text.encode(), "x.yml"), yaml.safe_load(text)
    assert ours == theirs
    assert repr(ours) == repr(theirs)


# NUL is not a part of any text.
WRITTEN = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(WRITTEN)
    | st.dates()
)
DATA = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(WRITTEN) | st.integers(), inner), max_leaves=20
)


@settings(deadline=None, derandomize=True)
@given(st.lists(DATA, min_size=1, max_size=3))
def test_any_data_comes_back_whatever_was_read_before(documents):
    reader = YamlReader()
    for data in documents:
        text = yaml.safe_dump(data, allow_unicode=True)
        assert repr(reader.read(text.encode(), "x.yml")) == repr(yaml.safe_load(text))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: [1,\n", r"x\.yml, line 2, is not valid YAML"),
        (b"a: b\n c: d\n", r"x\.yml, line 2, is not valid YAML"),
        (b"a: \xff\n", r"x\.yml is not text in UTF-8"),
        (b"a: 1\n---\nb: 2\n", r"x\.yml, line 2, is not valid YAML: but found another document"),
        (
            b"a: !!python/object:os.system x\n",
            r"x\.yml, line 1, is not valid YAML: 'tag:yaml.org,2002:python/object:os.system' is not for plain data",
        ),
        (b"{[a]: b}", r"x\.yml, line 1, is not valid YAML: found unhashable key"),
    ],
)
def test_what_is_no_yaml_is_named_with_its_line(content, message):
    with pytest.raises(InvalidInput, match=message):
        YamlReader().read(content, "x.yml")


BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi")
)
MERGES = "a: &a {x: y}\n" + "".join(
    f"{name}: &{name}\n  <<: [{', '.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi")
)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("[" * 100_000, "more than 100 deep"),
        ("a: &x " + "[" * 100_000, "more than 100 deep"),
        ("{a: " * 100_000, "more than 100 deep"),
        ("- " * 100_000, "more than 100 deep|simple keys|not allowed"),
        ("? " * 100_000, "more than 100 deep"),
        (BOMB, "more than 1000000 values"),
        (MERGES, "more than 1000000 values"),
        ("&a [*a]", "stands for nothing that ends before it"),
        ("[*a]", "stands for nothing that ends before it"),
        ("a: !!int ''", "is not valid YAML"),
        ("a: !!float ''", "is not valid YAML"),
        ("a: !!timestamp x", "is not valid YAML"),
        ("a: !!bool maybe", "is not valid YAML"),
        ("a: !!binary x", "is not for plain data"),
        ("a: !!set {x, y}", "is not for plain data"),
        ("!!python/name:os.system x", "is not for plain data"),
        ("a: 2026-13-01", "month must be in 1..12"),
        ("a: .inf", "is not a finite number"),
        ("a: [.nan]", "is not a finite number"),
        ("a: " + "9" * 5000, "a number of 5000 digits"),
        ("a: " + "1:" * 5000 + "1", "a number of 10001 digits"),
        ('a: "\\0"', "NUL"),
        ('a: &b "\\0"', "NUL"),
        ('a: "\\ud800"', "is not valid YAML"),
        ("a: \ud800", "is not valid YAML"),
        ("=: =", "is not valid YAML"),
        ("{? {a: b} : c}", "unhashable"),
        ("a: \x07", "is not valid YAML"),
    ],
    ids=range(28),
)
def test_what_the_library_would_die_of_is_an_error(content, problem):
    for read in (YamlReader().read, YamlReader(unique_keys=True).read, YamlReader().read_all):
        with pytest.raises(InvalidInput, match=f"(?s)x.yml.*(is not valid YAML).*({problem})|{problem}"):
            read(content, "x.yml")


def test_what_is_composed_is_bounded_too():
    for content in ("[" * 100_000, BOMB, "a: !!binary x"):
        with pytest.raises(InvalidInput):
            YamlReader().compose(content, "x.yml")


def test_the_limits_are_bytes_depth_and_values():
    reader = YamlReader(Limits(bytes=40, depth=2, nodes=5))
    assert reader.read("[[1, 2, 3]]", "x.yml") == [[1, 2, 3]]
    for content in ("[[[1]]]", "[1, 2, 3, 4, 5]", " " * 41):
        with pytest.raises(InvalidInput):
            reader.read(content, "x.yml")


def test_several_documents():
    assert YamlReader().read_all("a: 1\n---\nb: &x 2\n---\n", "x.yml") == [{"a": 1}, {"b": 2}, None]
    assert YamlReader().read_all("", "x.yml") == []


@pytest.mark.parametrize("content", ["a: 1\na: 2\n", "x: &y 1\nb: {a: 1, a: 2}\n", "{1: a, 1: b}"])
def test_equal_keys_are_an_error_where_none_may_be(content):
    with pytest.raises(InvalidInput, match="stands twice"):
        YamlReader(unique_keys=True).read(content, "x.yml")
