# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._events.outbox import Say, read_entry, sent, waiting
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform


def message(outbox, check=False, **options):
    params = {"outbox": str(outbox), "topic": "a.b", "body": {"n": 1}, "severity": 20, "once": None}
    return perform(Say.message({**params, **options}), check, False)


def mail(outbox, **options):
    params = {"outbox": str(outbox), "sender": "releng@example.org", "receivers": ["one@example.org"], "once": None}
    params.update(subject="a build is held", text="why")
    return perform(Say.mail({**params, **options}), False, False)


def test_the_same_is_kept_once_and_also_after_it_was_sent(tmp_path):
    assert message(tmp_path, check=True)["changed"] and waiting(str(tmp_path)) == []
    assert message(tmp_path)["changed"] and not message(tmp_path)["changed"]
    [path] = waiting(str(tmp_path))
    assert read_entry(path)["content"]["body"] == {"n": 1}
    sent(path)
    assert not message(tmp_path)["changed"] and waiting(str(tmp_path)) == []
    assert message(tmp_path, body={"n": 2})["changed"]


def test_receivers_in_another_order_are_the_same_mail(tmp_path):
    assert mail(tmp_path, receivers=["a@example.org", "b@example.org"])["changed"]
    assert not mail(tmp_path, receivers=["b@example.org", "a@example.org"])["changed"]
    assert mail(tmp_path, once="another batch")["changed"]


def webhook(outbox, **options):
    params = {"outbox": str(outbox), "webhook": "room", "title": "red", "text": "why", "once": None}
    return perform(Say.webhook({**params, **options}), False, False)


def test_what_is_known_by_once_is_said_once_whatever_it_says(tmp_path):
    assert mail(tmp_path, once="n1")["changed"] and not mail(tmp_path, once="n1", text="in other words")["changed"]
    assert mail(tmp_path, once="n1", receivers=["another@example.org"])["changed"]
    assert message(tmp_path, once="n1")["changed"] and not message(tmp_path, once="n1", body={"n": 2})["changed"]
    assert webhook(tmp_path, once="n1")["changed"] and not webhook(tmp_path, once="n1", title="still red")["changed"]
    assert webhook(tmp_path, once="n1", webhook="another")["changed"]
    assert len(waiting(str(tmp_path))) == 5
    assert {read_entry(path)["content"]["once"] for path in waiting(str(tmp_path))} == {"n1"}


@pytest.mark.parametrize("wrong", [{"webhook": "../room"}, {"title": "two\nlines"}, {"title": ""}])
def test_a_notice_that_could_not_be_posted_is_refused(tmp_path, wrong):
    with pytest.raises(InvalidInput):
        webhook(tmp_path, **wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"receivers": []},
        {"receivers": ["nobody"]},
        {"receivers": ["a@example.org\nBcc: all@example.org"]},
        {"sender": "a b@example.org"},
        {"subject": "one\nBcc: all@example.org"},
        {"subject": ""},
    ],
)
def test_what_would_steer_a_mail_is_refused(tmp_path, wrong):
    with pytest.raises(InvalidInput):
        mail(tmp_path, **wrong)


def test_a_topic_that_is_none_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match="cannot be a topic"):
        message(tmp_path, topic="a b")


@pytest.mark.parametrize("once", [None, "n1"])
def test_an_entry_that_was_changed_is_not_sent(tmp_path, once):
    message(tmp_path, once=once)
    [path] = waiting(str(tmp_path))
    with open(path) as file:
        entry = json.load(file)
    entry["content"]["body"] = "another"
    with open(path, "w") as file:
        json.dump(entry, file)
    with pytest.raises(InvalidInput, match="not what its name says"):
        read_entry(path)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "deep"])
def test_a_body_that_is_no_json_is_refused(tmp_path, value):
    for _level in range(3000 if value == "deep" else 0):
        value = [value]
    with pytest.raises(InvalidInput, match="What is to be written is not JSON"):
        message(tmp_path, body={"a": value})
