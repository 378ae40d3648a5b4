# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What fedora-messaging calls for each message: it is on disk before the broker is told that it has arrived.

``releng_spool`` beside it is the collection's ``plugins/module_utils/_events/spool.py``.
"""

from __future__ import annotations

import logging
import time
import typing as t

import releng_spool
from fedora_messaging import config
from fedora_messaging.exceptions import Drop, Nack

LOG = logging.getLogger("releng")
# A disk that is full for a while must not use up how often the broker delivers a message. Less than the half hour after
# which RabbitMQ takes a consumer for dead.
PATIENCE = 600
PAUSE = 5


def keep(message: t.Any) -> None:
    """Keep a message; returning tells the broker that it has arrived.

    :raises Drop: it cannot be kept as it is: the broker moves it to the dead letters.
    :raises Nack: the disk does not take it: the broker delivers it again.
    """
    inbox = config.conf["consumer_config"]["inbox"]
    end = time.monotonic() + PATIENCE
    while True:
        try:
            if not releng_spool.keep(inbox, message.id, message.topic, message.body):
                LOG.info("Message %s was known", message.id)
            return
        except ValueError as error:
            LOG.error("Refused: %s", error)
            raise Drop from error
        except OSError as error:
            LOG.error("The inbox %s does not take message %s: %s", inbox, message.id, error)
            if time.monotonic() >= end:
                raise Nack from error
            time.sleep(PAUSE)
