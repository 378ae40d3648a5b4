# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mails with whatever strangers wrote into what they are about."""

from __future__ import annotations

import email
import email.policy
import json

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._events import delivery
from ansible_collections.rdo.releng.plugins.module_utils._events.outbox import Say, waiting
from ansible_collections.rdo.releng.plugins.module_utils._module.documents import digest
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import Unavailable
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform


@pytest.fixture
def mails(monkeypatch):
    """What a mail server got, as a reader's program sees it."""
    got = []

    class Server:
        def __init__(self, *_where, **_options):
            pass

        def send_message(self, mail):
            got.append(email.message_from_bytes(mail.as_bytes(), policy=email.policy.default))

        def quit(self):
            pass

    monkeypatch.setattr(delivery.smtplib, "SMTP", Server)
    return got


def say(outbox, **more):
    given = {"outbox": str(outbox), "sender": "a@example.org", "receivers": ["b@example.org"], "once": None}
    perform(Say.mail({**given, "subject": "red", "text": "why", **more}), False, False)


def deliver(outbox):
    params = {"outbox": str(outbox), "amqp_url": None, "exchange": None, "smtp_host": "mx", "smtp_port": 25}
    params.update(smtp_starttls=False, smtp_user=None, message_id_domain=None, timeout=5.0, ca_path=None, webhooks=[])
    return perform(delivery.Delivery({**params, "wait_timeout": 5.0}), False, False)


@pytest.mark.parametrize("mark", ["\u2028", "\u2029", "\x85", "\ud800", "\u202e"])
def test_no_character_makes_a_mail_that_cannot_be_sent(tmp_path, mails, mark):
    say(tmp_path, subject=f"red{mark}Bcc: c@example.org", text=f"why{mark}not")
    say(tmp_path, subject="the next")
    assert len(deliver(tmp_path)["sent"]) == 2
    assert sorted(mail["Subject"] for mail in mails) == ["red\ufffdBcc: c@example.org", "the next"]
    assert all(mail["Bcc"] is None and mail["To"] == "b@example.org" for mail in mails)


@pytest.mark.parametrize("wrong", [{"subject": "a\nb"}, {"receivers": None}, {"text": 5}, {"sender": "a\nb"}])
def test_an_entry_that_cannot_be_sent_holds_up_nobody(tmp_path, mails, wrong):
    say(tmp_path)
    say(tmp_path, subject="the next")
    path = waiting(str(tmp_path))[0]
    with open(path) as file:
        entry = json.load(file)
    entry["content"].update(wrong)
    entry["id"] = entry["sha256"] = digest(entry["content"])
    with open(tmp_path / "new" / f"{entry['id']}.json", "w") as file:
        json.dump(entry, file)
    with pytest.raises(Unavailable, match="cannot be sent as it is") as error:
        deliver(tmp_path)
    assert len(error.value.data["sent"]) == 2 and len(error.value.data["kept"]) == 1
