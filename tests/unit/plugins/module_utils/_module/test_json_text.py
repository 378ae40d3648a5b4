# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.rdo.releng.plugins.module_utils._module import json_text
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput
from ansible_collections.rdo.releng.plugins.module_utils._module.json_text import load_json

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT
DATA = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=20)


@settings(deadline=None, derandomize=True)
@given(DATA, st.booleans())
def test_any_data_comes_back(data, ascii_only):
    text = json.dumps(data, ensure_ascii=ascii_only)
    assert load_json(text, "It") == data
    assert load_json(text.encode(), "It", unique_keys=True) == data


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[" * 100_000, "nested too deeply"),
        ("[" * 200 + "]" * 200, "more than 100 deep"),
        ('{"a":' * 200 + "1" + "}" * 200, "more than 100 deep"),
        ("NaN", "NaN is not a number"),
        ('{"a": [-Infinity]}', "-Infinity is not a number"),
        ("1e999", "the number 1e999 is out of range"),
        ("9" * 5000, "digits"),
        ('{"a": "\\ud800"}', "half a character"),
        ('{"\\u0000": 1}', "NUL"),
        ('"\ud800"', "half a character"),
        (b'"\xff"', "utf-8"),
        (b'"' + b"x" * 2000 + b'"', "larger than the 1000 bytes"),
        ("", "Expecting value"),
        ('{"a": ', "Expecting value"),
    ],
)
def test_what_python_would_take_or_die_of_is_an_error(text, problem):
    most = 1000 if isinstance(text, bytes) else 1_000_000
    with pytest.raises(InvalidInput, match=f"It is not valid JSON: .*{problem}"):
        load_json(text, "It", most)


def test_lists_without_number_are_refused_before_they_are_made(monkeypatch):
    monkeypatch.setattr(json_text, "MOST_CONTAINERS", 10)
    load_json("[" + "[]," * 8 + "[]]", "It")
    with pytest.raises(InvalidInput, match="more than 10 lists"):
        load_json("[" + "[]," * 9 + "[]]", "It")


def test_the_last_of_equal_keys_counts_unless_none_may_be():
    assert load_json('{"a": 1, "a": 2}', "It") == {"a": 2}
    with pytest.raises(InvalidInput, match="the key 'a' stands twice"):
        load_json('{"a": 1, "a": 2}', "It", unique_keys=True)
