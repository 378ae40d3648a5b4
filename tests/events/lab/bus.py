# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Declaring queues, saying something and delivering it, as the modules do."""

from __future__ import annotations

from ansible_collections.rdo.releng.plugins.module_utils._events.broker import Queue
from ansible_collections.rdo.releng.plugins.module_utils._events.delivery import Delivery
from ansible_collections.rdo.releng.plugins.module_utils._events.outbox import Say
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform

EXCHANGE = "amq.topic"
AMQP = {"ca_path": None, "cert": None, "key": None, "timeout": 10.0}


def declare(broker, queue, check=False, **options):
    params = {**AMQP, "amqp_url": broker.url, "exchange": EXCHANGE, "queue": queue, "topics": [f"{queue}.#"]}
    params.update(dead_letters=None, delivery_limit=5, bind=False)
    return perform(Queue({**params, **options}), check, False)


def say(outbox, topic, **body):
    return perform(
        Say.message({"outbox": str(outbox), "topic": topic, "body": body, "severity": 20, "once": None}), False, False
    )


def deliver(outbox, **options):
    params = {**AMQP, "outbox": str(outbox), "amqp_url": None, "exchange": EXCHANGE, "wait_timeout": 20.0}
    params.update(smtp_host=None, smtp_port=25, smtp_starttls=False, smtp_user=None, smtp_password=None, webhooks=[])
    return perform(Delivery({**params, "message_id_domain": None, **options}), False, False)
