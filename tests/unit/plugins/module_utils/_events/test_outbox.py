# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._events.outbox import Say, read_entry, sent, waiting
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform


def message(outbox, check=False, **options):
    params = {"outbox": str(outbox), "topic": "a.b", "body": {"n": 1}, "severity": 20}
    return perform(Say.message({**params, **options}), check, False)


def mail(outbox, **options):
    params = {"outbox": str(outbox), "sender": "releng@example.org", "receivers": ["one@example.org"], "about": ""}
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
    assert mail(tmp_path, about="another batch")["changed"]


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


def test_an_entry_that_was_changed_is_not_sent(tmp_path):
    message(tmp_path)
    [path] = waiting(str(tmp_path))
    with open(path) as file:
        entry = json.load(file)
    entry["content"]["topic"] = "another"
    with open(path, "w") as file:
        json.dump(entry, file)
    with pytest.raises(InvalidInput, match="not what its name says"):
        read_entry(path)
