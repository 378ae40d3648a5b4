# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the client makes of Gerrit's answers; whole conversations are in the contract tests."""

from __future__ import annotations

import json

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._gerrit.client import GerritClient
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import (
    Conflict,
    InvalidInput,
    NotFound,
    Refused,
    Unavailable,
)
from ansible_collections.rdo.releng.plugins.module_utils._module.web import Answer

REVISION = "a" * 40
ROW = {
    "id": "rdoinfo~master~Ideadbeef",
    "_number": 7,
    "change_id": "Ideadbeef",
    "project": "rdoinfo",
    "branch": "master",
    "status": "NEW",
    "subject": "Pin",
    "updated": "2026-01-01 00:00:00.000000000",
    "current_revision": REVISION,
    "revisions": {REVISION: {"_number": 2, "ref": "refs/changes/07/7/2", "commit": {"message": "Pin\n"}}},
}


class Web:
    """Answers each call with the next of ``answers`` and keeps how it was asked."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.calls = []

    def call(self, url, **options):
        self.calls.append((url, options))
        answer = self.answers.pop(0)
        return answer if isinstance(answer, Answer) else Answer(200, b")]}'\n" + json.dumps(answer).encode())


def client(*answers, user="bot"):
    made = GerritClient("https://review.example.org/r/", user, user and "s3cret")
    made._web = Web(*answers)
    return made


def labels(*values):
    return {**ROW, "labels": {"Verified": {"all": [{"value": value} for value in values]}}}


@pytest.mark.parametrize(("values", "vote"), [((), 0), ((1, 2), 2), ((2, -1, 1), -1), ((0, None), 0)])
def test_of_a_label_the_lowest_vote_below_zero_counts(values, vote):
    assert client(labels(*values)).change(7).labels == {"Verified": vote}


def test_a_query_goes_on_until_there_are_no_more():
    more = [{**ROW, "_number": 1}, {**ROW, "_number": 2, "_more_changes": True}]
    found = client(more, [{**ROW, "_number": 3}])
    assert [review.number for review in found.query('topic:"a b"')] == [1, 2, 3]
    assert "/r/a/changes/?q=topic%3A%22a%20b%22&n=100&o=" in found._web.calls[0][0]
    assert "&S=2&" in found._web.calls[1][0]


@pytest.mark.parametrize("key", ["_number", "current_revision", "revisions", "status"])
def test_a_change_that_lacks_what_every_change_has_is_no_change(key):
    with pytest.raises(Unavailable, match="answered with a change that lacks"):
        client({name: value for name, value in ROW.items() if name != key}).change(7)


@pytest.mark.parametrize("body", [b"<html>Sign in</html>", b")]}'\n[{", b"{}"])
def test_an_answer_that_is_not_gerrits(body):
    with pytest.raises(Unavailable):
        client(Answer(200, body)).query("x")


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, InvalidInput), (401, Refused), (403, Refused), (404, NotFound), (409, Conflict), (412, Conflict),
     (422, InvalidInput), (500, Unavailable), (302, Unavailable), (None, Unavailable)],
)  # fmt: skip
def test_each_refusal_is_an_error_that_says_so(status, error):
    with pytest.raises(error) as caught:
        client(Answer(status, b"<b>No</b> way", reason="cut")).change(7)
    assert ("No way" if status else "cut") in caught.value.message
    assert "s3cret" not in caught.value.message


@pytest.mark.parametrize("name", ["../config/server", "self/detail", "a b?c", "jane@example.org"])
def test_a_name_is_one_part_of_a_path(name):
    asked = client({}, Answer(404))
    assert asked.has_account(name) and not asked.has_account(name)
    path = asked._web.calls[0][0].removeprefix("https://review.example.org/r/a/accounts/")
    assert not {"/", "?", " "} & set(path)


def test_a_comment_is_not_sent_twice_and_votes_may_be():
    sent = client(ROW, {}, {})
    review = sent.change("rdoinfo~7")
    assert sent._web.calls[0][0].startswith("https://review.example.org/r/a/changes/rdoinfo~7/detail?")
    sent.review(review, "text", {"Verified": 1}, None)
    sent.review(review, None, {"Verified": 1}, None)
    assert [call[1]["repeatable"] for call in sent._web.calls[1:]] == [False, True]


def test_nobody_changes_nothing():
    anonymous = client(ROW, user=None)
    review = anonymous.change(7)
    assert anonymous.votes(review) == {}
    with pytest.raises(InvalidInput, match="needs gerrit_username"):
        anonymous.abandon(review, "over")
    assert "/a/" not in anonymous._web.calls[0][0]


@pytest.mark.parametrize(
    "url", [None, "", "review.example.org", "ftp://x", "https:///x", "https://a:b@review.example.org"]
)
def test_what_is_no_address_or_holds_a_password(url):
    with pytest.raises(InvalidInput):
        GerritClient(url)
