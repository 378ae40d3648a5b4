# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages through a real RabbitMQ and fedora-messaging, from the outbox to the inbox, with all of it killed."""

from __future__ import annotations

import collections
import contextlib
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

import pika
import pytest
from aiosmtpd.controller import Controller
from lab.broker import Broker
from lab.bus import EXCHANGE, declare, deliver, say
from lab.consumer import Consumer
from lab.killing import kill_group
from lab.working import work
from loopback import free_port

from ansible_collections.rdo.releng.plugins.module_utils._events.outbox import Say
from ansible_collections.rdo.releng.plugins.module_utils._events.spool import keep
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import Conflict, Unavailable
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    broker = Broker(tmp_path_factory.mktemp("broker") / "rabbitmq")
    broker.start()
    yield broker
    broker.stop()


def names(folder: pathlib.Path) -> list[str]:
    return [one.name for one in folder.iterdir()] if folder.exists() else []


# What is done with a message: it takes a moment, one fails for ever, the others leave one line each.
HANDLER = """
import json, os, sys, time
event = json.load(open(sys.argv[1]))
time.sleep(0.02)
if event["body"]["number"] == 7:
    sys.exit("this one cannot be worked on")
with open(os.environ["EFFECTS"], "a") as effects:
    effects.write(f"{event['body']['number']}\\n")
"""


def test_nothing_is_lost_when_consumer_worker_and_broker_are_killed(tmp_path, broker, monkeypatch):
    """200 messages and 20 kills: each is worked on, the poisoned one is in failed."""
    noise, messages, kills = random.Random(21), 200, collections.Counter()
    declare(broker, "kills")
    effects, handler, outbox = tmp_path / "effects", tmp_path / "handler.py", tmp_path / "outbox"
    handler.write_text(HANDLER)
    monkeypatch.setenv("EFFECTS", str(effects))
    for number in range(messages):
        say(outbox, "kills.buildsys.tag", number=number)
    consumer = Consumer(tmp_path / "consumer", broker.url, EXCHANGE, "kills", ["kills.#"])
    inbox = consumer.inbox
    argv = [sys.executable, pathlib.Path(__file__).with_name("lab") / "working.py", inbox, sys.executable, handler]
    worker, wanted = None, {"consumer": 8, "worker": 8, "broker": 4}
    end = time.monotonic() + 300
    try:
        while time.monotonic() < end:
            with contextlib.suppress(Unavailable):
                deliver(outbox, amqp_url=broker.url)
            consumer.keep_running()
            if worker is None or worker.poll() is not None:
                worker = subprocess.Popen(argv, start_new_session=True, stderr=subprocess.DEVNULL)
            time.sleep(noise.uniform(0.05, 0.9))
            left = [name for name, most in wanted.items() if kills[name] < most]
            if left:
                victim = noise.choice(left)
                kills[victim] += 1
                if victim == "broker":
                    broker.kill()
                    broker.start()
                elif victim == "consumer":
                    consumer.kill()
                else:
                    # The worker alone: what it has begun goes on, and nobody may begin beside it.
                    os.kill(worker.pid, signal.SIGKILL)
                    worker.wait()
            elif len(names(inbox / "done")) + len(names(inbox / "failed")) == messages and not names(inbox / "new"):
                break
    finally:
        consumer.kill()
        if worker:
            kill_group(worker)
    assert sum(kills.values()) == 20
    assert (len(names(outbox / "sent")), names(outbox / "new")) == (messages, [])
    assert (len(names(inbox / "done")), len(names(inbox / "failed")), names(inbox / "new")) == (messages - 1, 1, [])
    done = collections.Counter(effects.read_text().split())
    assert sorted(map(int, done)) == [number for number in range(messages) if number != 7]
    # A kill between the work and its note lets the work be done again, once for each such kill at most.
    assert sum(done.values()) - len(done) <= wanted["worker"]


def test_a_queue_is_declared_once_and_planned_without_being_made(broker):
    planned = declare(broker, "declared", check=True)
    assert "declare queue declared" in planned["actions"]
    assert declare(broker, "declared", check=True)["actions"] == planned["actions"]
    assert declare(broker, "declared")["actions"] == planned["actions"]
    assert not declare(broker, "declared")["changed"]
    with pytest.raises(Conflict, match="with other properties"):
        declare(broker, "declared", delivery_limit=9, bind=True)


def test_a_queue_that_was_just_declared_outlives_its_broker(tmp_path, broker):
    """RabbitMQ forgets a quorum queue that it was killed with too early, and what it had confirmed."""
    declare(broker, "young")
    say(tmp_path, "young.buildsys.tag", number=1)
    deliver(tmp_path, amqp_url=broker.url)
    broker.kill()
    broker.start()
    for _try in range(100):  # it answers before it has read its queues
        if broker.depth("young"):
            break
        time.sleep(0.1)
    say(tmp_path, "young.buildsys.tag", number=2)
    deliver(tmp_path, amqp_url=broker.url)
    assert broker.depth("young") == 2


def test_a_message_that_no_queue_is_bound_for_stays(tmp_path, broker):
    declare(broker, "bound")
    say(tmp_path, "nobody.listens", number=1)
    say(tmp_path, "bound.buildsys.tag", number=2)
    with pytest.raises(Unavailable, match="No queue is bound to amq.topic for nobody.listens") as stays:
        deliver(tmp_path, amqp_url=broker.url)
    assert len(stays.value.data["sent"]) == 1 and broker.depth("bound") == 1
    declare(broker, "late", topics=["nobody.#"])
    deliver(tmp_path, amqp_url=broker.url)
    assert broker.depth("late") == 1 and names(tmp_path / "new") == []


def test_what_was_said_is_not_said_again(tmp_path, broker):
    declare(broker, "once")
    assert say(tmp_path, "once.buildsys.tag", number=1)["changed"]
    assert not say(tmp_path, "once.buildsys.tag", number=1)["changed"]
    deliver(tmp_path, amqp_url=broker.url)
    assert not say(tmp_path, "once.buildsys.tag", number=1)["changed"]
    assert not deliver(tmp_path, amqp_url=broker.url)["changed"]
    assert broker.depth("once") == 1


def test_a_broker_that_is_down_or_does_not_know_us_keeps_everything_in_the_outbox(tmp_path, broker):
    say(tmp_path, "down.buildsys.tag", number=1)
    with pytest.raises(Unavailable, match="1 entries stay"):
        deliver(tmp_path, amqp_url=f"amqp://guest:guest@127.0.0.1:{free_port()}/%2F")
    with pytest.raises(Unavailable) as refused:
        deliver(tmp_path, amqp_url=broker.url.replace("guest:guest", "guest:tell-nobody"))
    assert "tell-nobody" not in str(refused.value) + repr(refused.value.data)
    assert len(names(tmp_path / "new")) == 1


def test_a_hostile_id_becomes_a_dead_letter_and_does_not_leave_the_inbox(tmp_path, broker):
    declare(broker, "hostile")
    with broker.channel() as channel:
        for ident in ("../../../etc/cron.d/evil", "a/b", ".", "x" * 200, "good-1"):
            properties = pika.BasicProperties(
                message_id=ident,
                content_type="application/json",
                content_encoding="utf-8",
                headers={"fedora_messaging_schema": "base.message", "fedora_messaging_severity": 20},
            )
            channel.basic_publish(EXCHANGE, "hostile.x", b'{"a": 1}', properties, mandatory=True)
    consumer = Consumer(tmp_path / "consumer", broker.url, EXCHANGE, "hostile", ["hostile.#"])
    consumer.start()
    try:
        for _try in range(300):
            if broker.depth("hostile.dead") == 4 and names(consumer.inbox / "new"):
                break
            time.sleep(0.1)
    finally:
        consumer.kill()
    assert broker.depth("hostile.dead") == 4
    assert names(consumer.inbox / "new") == ["good-1.json"]
    event = json.loads((consumer.inbox / "new" / "good-1.json").read_text())
    assert (event["schema"], event["topic"], event["body"]) == ("rdo.releng/event/1", "hostile.x", {"a": 1})


class Mails:
    """A mail server that keeps what it gets, and refuses one receiver."""

    def __init__(self) -> None:
        self.got: list = []

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.got.append(envelope.content.decode())
        return "250 kept"


def test_a_mail_is_sent_once_and_one_that_is_refused_stays(tmp_path):
    mails = Mails()
    server = Controller(mails, hostname="127.0.0.1", port=free_port())
    server.start()
    try:
        for receiver in ("packager@example.org", "packager@example.org", "nobody@example.org"):
            params = {"outbox": str(tmp_path), "sender": "releng@example.org", "receivers": [receiver], "once": "b1"}
            params.update(subject="alpha is held back", text="It requires nosuch-thing.\n")
            perform(Say.mail(params), False, False)
        with pytest.raises(Unavailable, match="no such user"):
            deliver(tmp_path, smtp_host="127.0.0.1", smtp_port=server.port)
        with pytest.raises(Unavailable, match="1 entries stay"):
            deliver(tmp_path, smtp_host="127.0.0.1", smtp_port=server.port)
    finally:
        server.stop()
    assert len(mails.got) == 1 and "It requires nosuch-thing." in mails.got[0]
    assert len(names(tmp_path / "sent")) == 1


def test_a_worker_that_is_killed_leaves_its_command_alone_at_work(tmp_path):
    """The command of a killed worker holds the lock until it ends: its repetition waits."""
    keep(str(tmp_path / "inbox"), "one", "a.b", {})
    trace = tmp_path / "trace"
    script = f"echo begin >> {trace}; sleep 2; echo end >> {trace}"
    program = pathlib.Path(__file__).with_name("lab") / "working.py"
    argv = [sys.executable, program, tmp_path / "inbox", "sh", "-c", script]
    worker = subprocess.Popen(argv)
    for _try in range(200):
        if trace.exists():
            break
        time.sleep(0.05)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    work(str(tmp_path / "inbox"), [{"topics": ["#"], "command": ["sh", "-c", script], "together": False}])
    assert trace.read_text().split() == ["begin", "end", "begin", "end"]
