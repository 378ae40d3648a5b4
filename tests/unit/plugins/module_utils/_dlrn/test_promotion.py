# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.rdo.releng.plugins.module_utils._dlrn import promotion
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput, Unavailable

ROW = {
    "component": "compute",
    "commit_hash": "a" * 40,
    "distro_hash": "b" * 40,
    "extended_hash": None,
    "aggregate_hash": None,
    "timestamp": 1,
    "user": "ci",
}


class Client:
    """Answers promotions as DLRN does."""

    api_url = "https://dlrn.example.org"
    web = None

    def __init__(self, rows):
        self.rows = rows
        self.calls = 0

    def get(self, path, promote_name, offset, limit, component):
        self.calls += 1
        found = [row for row in self.rows if component is None or row["component"] == component]
        return found[offset : offset + limit]


def label(*rows):
    return promotion.Label("tested", {}, None, (), tuple(rows))


def test_of_each_component_the_newest_counts():
    newer = {**ROW, "commit_hash": "c" * 40, "timestamp": 2}
    other = {**ROW, "component": "network"}
    held = promotion.read_label(Client([newer, other, ROW]), "tested")
    assert {name: one.commit_hash[0] for name, one in held.held.items()} == {"compute": "c", "network": "a"}


def test_a_promotion_without_components_that_came_last_is_what_the_label_holds():
    plain = {**ROW, "component": None, "commit_hash": "e" * 40}
    assert {
        name: one.commit_hash for name, one in promotion.read_label(Client([plain, ROW]), "tested").held.items()
    } == {None: "e" * 40}
    # One of before DLRN ran with components is not.
    assert set(promotion.read_label(Client([ROW, plain]), "tested").held) == {"compute"}


def test_a_promotion_by_nobody_that_dlrn_knows_is_null():
    held = promotion.read_label(Client([{**ROW, "user": None}]), "tested").held["compute"]
    assert (held.user, held.document()["user"]) == (None, None)


def test_rows_of_something_else_than_was_asked_for_are_an_error():
    with pytest.raises(Unavailable, match="promotions that it cannot have"):
        promotion.read_label(Client([{**ROW, "promote_name": "other"}]), "tested")


def test_hashes_in_a_message_are_as_long_as_it_takes_to_tell_them():
    one, other = ("a" * 40, "b" * 40, None), ("a" * 40, "b" * 16 + "c" * 24, None)
    assert promotion.describe(one, other) == f"{'a' * 24}_{'b' * 24}"
    assert promotion.describe(other, one) == f"{'a' * 24}_{'b' * 16}{'c' * 8}"
    assert promotion.describe(one, one) == promotion.describe(one) == "aaaaaaaa_bbbbbbbb"
    sibling = ("a" * 40, "b" * 40, "e" * 40)
    assert promotion.describe(one, sibling) != promotion.describe(sibling, one)


@pytest.mark.parametrize(("rows", "calls"), [(0, 1), (99, 1), (100, 2), (101, 2), (250, 3)])
def test_without_a_tree_all_pages_are_read(rows, calls):
    client = Client([*[ROW] * (rows - 1), {**ROW, "component": "network"}][:rows])
    held = promotion.read_label(client, "tested")
    assert client.calls == calls and len(held.rows) == rows
    assert rows == 0 or "network" in held.held


@pytest.mark.parametrize("answer", [{"message": "x"}, ["x"], [{}], [{**ROW, "timestamp": "x"}]])
def test_an_answer_that_is_no_list_of_promotions_is_an_error(answer):
    client = Client([])
    client.get = lambda *args, **kwargs: answer
    with pytest.raises(Unavailable, match="answers promotions that it cannot have"):
        promotion.read_label(client, "tested")


@given(st.lists(st.integers(0, 2), max_size=8), st.lists(st.integers(3, 5), max_size=8))
def test_new_rows_are_those_that_came_before_the_old_ones(old, new):
    rows = [promotion.Promoted(**{**ROW, "timestamp": number}) for number in [*new, *old]]
    assert promotion.new_rows(label(*rows[len(new) :]), label(*rows)) == rows[: len(new)]
    # A full page has lost the oldest.
    assert promotion.new_rows(label(*rows[len(new) :]), label(*rows[: len(new) + 1])) == rows[: len(new)]


@pytest.mark.parametrize("name", ["current", "consistent", "../x", "a b", "a\n", "", None])
def test_a_name_that_nothing_can_be_promoted_to(name):
    with pytest.raises(InvalidInput):
        promotion.check_label(name)


@pytest.mark.parametrize(
    "entry", ["x", {}, {"commit_hash": "a" * 40}, {**ROW, "commit_hash": "HEAD"}, {**ROW, "component": "../x"}]
)
def test_what_does_not_name_a_commit_is_no_hashes(entry):
    with pytest.raises(InvalidInput):
        promotion.parse_hashes(entry)


def test_hashes_as_modules_return_them():
    assert promotion.parse_hashes(ROW) == ("compute", ("a" * 40, "b" * 40, None))
    assert promotion.describe(("a" * 40, "b" * 40, None)) == "aaaaaaaa_bbbbbbbb"
