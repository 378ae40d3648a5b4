# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput
from ansible_collections.rdo.releng.plugins.module_utils._rpm.rich import alternatives, is_structured


def ways(text):
    return {("+".join(sorted(having)), "+".join(sorted(lacking))) for having, lacking in alternatives(text)}


@pytest.mark.parametrize(
    "text, expected",
    [
        ("(a and b)", {("a+b", "")}),
        ("(a or b or c)", {("a", ""), ("b", ""), ("c", "")}),
        ("(a if b)", {("a", ""), ("", "b")}),
        ("(a unless b)", {("a", "b")}),
        ("(a if b else c)", {("a+c", ""), ("a+b", ""), ("c", "b")}),
        ("(a unless b else c)", {("a", "b"), ("b+c", "")}),
        ("((a and b) or c)", {("a+b", ""), ("c", "")}),
        ("(a and (b if c))", {("a+b", ""), ("a", "c")}),
        ("((a unless b) if c)", {("a", "b"), ("", "c")}),
        ("(a if (b and c))", {("a", ""), ("", "b"), ("", "c")}),
        (
            "(python3dist(a) >= 1:2.0~rc1 and libc.so.6()(64bit))",
            {("libc.so.6()(64bit)+python3dist(a) >= 1:2.0~rc1", "")},
        ),
        ("((a >= 1 with a < 2) and (b without c))", {("(a >= 1 with a < 2)+(b without c)", "")}),
        ("(a and (b unless b))", set()),
    ],
)
def test_a_dependency_becomes_the_ways_to_fulfil_it(text, expected):
    assert ways(text) == expected


@pytest.mark.parametrize(
    "text", ["(a and", "(a and b) c", "(a b)", "()", "(a and and b)", "(a and b or c)", "(a if b and c)", "(a else b)"]
)
def test_what_is_malformed_is_refused(text):
    with pytest.raises(InvalidInput, match="cannot be understood"):
        alternatives(text)


def test_what_would_take_for_ever_is_refused():
    with pytest.raises(InvalidInput, match="more than 4096 ways"):
        alternatives("(" + " and ".join(f"(a{n} or b{n})" for n in range(20)) + ")")
    with pytest.raises(InvalidInput, match="cannot be understood"):
        alternatives("(" * 100000)


def test_only_what_has_no_list_of_providers_is_structured():
    assert [is_structured(text) for text in ("a and b", "(a or b)", "(a with b)", "(a and b)", "((a if b) or c)")] == [
        False, False, False, True, True,
    ]  # fmt: skip


def write(formula):
    return formula if isinstance(formula, str) else f"({f' {formula[0]} '.join(map(write, formula[1:]))})"


def is_true(formula, present):
    """The meaning of the operators, said once more and more plainly."""
    if isinstance(formula, str):
        return formula in present
    operator, first, second = formula[0], is_true(formula[1], present), is_true(formula[2], present)
    return {
        "and": first and second,
        "or": first or second,
        "if": first or not second,
        "unless": first and not second,
    }[operator]


FORMULAS = st.recursive(
    st.sampled_from("abcd"),
    lambda part: st.tuples(st.sampled_from(["and", "or", "if", "unless"]), part, part),
    max_leaves=6,
)


@given(FORMULAS.filter(lambda formula: not isinstance(formula, str)))
@settings(max_examples=200, deadline=None)
def test_the_ways_are_true_exactly_when_the_formula_is(formula):
    found = alternatives(write(formula))
    for size in range(5):
        for present in map(set, itertools.combinations("abcd", size)):
            by_ways = any(having <= present and not lacking & present for having, lacking in found)
            assert by_ways == is_true(formula, present), present
