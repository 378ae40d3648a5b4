# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput
from ansible_collections.rdo.releng.plugins.module_utils._release.plain_yaml import PlainYaml

TEXTS = {
    "nothing": "",
    "a scalar": "42",
    "numbers and such": "[1, 1.5, 0x1F, 010, 1e3, .inf, yes, No, null, ~, 2026-01-02, 2025.2, '2025.2', \"x\\n\", -]",
    "nested": "a:\n- b: {c: [d, {e: f}]}\n  g:\nh: |\n  text\n",
    "no value": "packages:\n",
    "equal keys": "a: 1\na: 2\n",
    "keys of other types": "1: a\nnull: b\ntrue: c\n",
    "an anchor": "a: &x {b: c}\nd: *x\n",
    "a merge key": "a: &x {b: c}\nd:\n  <<: *x\n  e: f\n",
    "a tag of the standard": "a: !!str 1\nb: !!set {x, y}\n",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_the_result_is_that_of_the_library(text):
    ours, theirs = PlainYaml().read(text.encode(), "x.yml"), yaml.safe_load(text)
    assert ours == theirs
    assert repr(ours) == repr(theirs)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.dates()
DATA = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner), max_leaves=20
)


@settings(deadline=None, derandomize=True)
@given(st.lists(DATA, min_size=1, max_size=3))
def test_any_data_comes_back_whatever_was_read_before(documents):
    reader = PlainYaml()
    for data in documents:
        text = yaml.safe_dump(data, allow_unicode=True)
        assert repr(reader.read(text.encode(), "x.yml")) == repr(yaml.safe_load(text))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: [1,\n", r"x\.yml, line 2, is no valid YAML"),
        (b"a: b\n c: d\n", r"x\.yml, line 2, is no valid YAML"),
        (b"a: \xff\n", r"x\.yml is no UTF-8"),
        (b"a: 1\n---\nb: 2\n", r"x\.yml, line 2, is no valid YAML: but found another document"),
        (b"a: !!python/object:os.system x\n", r"x\.yml, line 1, is no valid YAML: could not determine a constructor"),
        (b"{[a]: b}", r"x\.yml, line 1, is no valid YAML: found unhashable key"),
    ],
)
def test_what_is_no_yaml_is_named_with_its_line(content, message):
    with pytest.raises(InvalidInput, match=message):
        PlainYaml().read(content, "x.yml")
