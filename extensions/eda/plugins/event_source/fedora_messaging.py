# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Messages of fedora-messaging, or any other AMQP 0.9.1 broker, for ansible-rulebook."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import logging
import os
import pathlib
import ssl
import typing as t

import aio_pika
from ansible_rulebook.conf import settings

DOCUMENTATION = r"""
---
short_description: Receive messages of fedora-messaging or another AMQP broker
description:
  - Takes messages from an existing queue, see the role rdo.releng.message_queue. Each is on disk in an inbox before the
    engine hears of it, and the broker is told that it has arrived when the engine has noted it in its database.
  - An event says that there is a message and what its id is, and nothing that its sender has written. The message
    itself is in the inbox, where rdo.releng.event_work reads it.
  - What cannot be kept as it is, such as a message without a proper id, goes to the dead letters of the queue.
  - If the broker is lost, or the inbox takes nothing, the process ends with an error, so that whoever started it sees
    that and starts it again. Nothing is lost by that, because the broker delivers again what it was not told of.
options:
  feedback:
    description:
      - Must be true. The engine then says when it has an event in its database, which is when a message is
        acknowledged. It needs --persistence-id, and the variables of its database.
    type: bool
    required: true
  amqp_url:
    description:
      - Address of the broker with user, password and virtual host.
      - If not set, the environment variable AMQP_URL is used, and no password is in the rulebook's variables.
    type: str
  queue:
    description: Name of the queue.
    type: str
    required: true
  inbox:
    description: Folder of the inbox.
    type: str
    required: true
  ca_path:
    description: File of certificates of authorities that the broker's certificate is checked with.
    type: str
  cert:
    description: File of the client's certificate.
    type: str
  key:
    description: File of its key.
    type: str
  timeout:
    description: Seconds to wait for a connection.
    type: float
    default: 30.0
"""

EXAMPLES = r"""
- name: bus
  rdo.releng.fedora_messaging:
    feedback: true
    queue: releng
    inbox: /var/lib/releng/inbox
"""

LOG = logging.getLogger(__name__)
OPTIONS = {"feedback", "amqp_url", "queue", "inbox", "ca_path", "cert", "key", "timeout", "eda_feedback_queue"}
# The inbox of the collection's modules. ansible-rulebook runs this file alone, so it is loaded by its path.
SPOOL = pathlib.Path(__file__).resolve().parents[4] / "plugins/module_utils/_events/spool.py"
T = t.TypeVar("T")


async def main(queue: asyncio.Queue[t.Any], args: dict[str, t.Any]) -> None:
    """Put an event into ``queue`` for each message, until the broker is lost.

    :raises ValueError: an option is missing or wrong.
    :raises ConnectionError: the broker cannot be reached, or was lost.
    :raises RuntimeError: the engine keeps nothing in its database.
    """
    url, feedback = _checked(args)
    spool = _spool()
    spool.make(args["inbox"])
    lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def note(_of: t.Any, error: BaseException | None = None) -> None:
        if not lost.done():
            lost.set_result(str(error or "it closed the connection"))

    async with await _connected(url, args) as connection:
        connection.close_callbacks.add(note)
        channel = await connection.channel()
        channel.close_callbacks.add(note)
        # One at a time: the engine answers for each.
        await channel.set_qos(prefetch_count=1)
        arrived: asyncio.Queue[t.Any] = asyncio.Queue()
        await (await channel.declare_queue(args["queue"], passive=True)).consume(arrived.put)
        LOG.info("Waiting for messages of the queue %s", args["queue"])
        while True:
            message = await _unless(lost, arrived.get())
            try:
                await asyncio.to_thread(_keep, spool, args["inbox"], message)
            except ValueError as error:
                LOG.error("Refused: %s", error)
                await message.reject(requeue=False)
                continue
            await queue.put({"fedora_messaging": {"id": message.message_id}})
            await _unless(lost, feedback.get())
            if not settings.persistence_enabled:
                raise RuntimeError(
                    "ansible-rulebook keeps nothing in its database, so no message is acknowledged: give it "
                    "--persistence-id, and drools_db_host, drools_db_port and drools_db_name in its variables"
                )
            await message.ack()


def _checked(args: dict[str, t.Any]) -> tuple[str, asyncio.Queue[t.Any]]:
    unknown = sorted(set(args) - OPTIONS)
    missing = [name for name in ("queue", "inbox") if not args.get(name)]
    url = args.get("amqp_url") or os.environ.get("AMQP_URL") or ""
    if not url.startswith(("amqp://", "amqps://")):
        missing.append("amqp_url, or AMQP_URL in the environment, as amqps://user:password@broker.example.org/%2F")
    if unknown:
        raise ValueError(f"fedora_messaging has no options {', '.join(unknown)}; it has {', '.join(sorted(OPTIONS))}")
    if missing:
        raise ValueError(f"fedora_messaging needs {'; '.join(missing)}")
    feedback = args.get("eda_feedback_queue")
    if feedback is None:
        raise ValueError("fedora_messaging needs feedback: true, without which nobody knows what the engine has")
    return url, feedback


async def _connected(url: str, args: dict[str, t.Any]) -> t.Any:
    """A connection that is not made anew when it is lost: to end is what somebody notices."""
    context = None
    if url.startswith("amqps://"):
        context = ssl.create_default_context(cafile=args.get("ca_path"))
        if args.get("cert"):
            context.load_cert_chain(args["cert"], args.get("key"))
    try:
        return await aio_pika.connect(url, ssl_context=context, timeout=float(args.get("timeout", 30.0)))
    except (aio_pika.exceptions.AMQPError, OSError, asyncio.TimeoutError) as error:
        # Without the address, which has the password in it.
        raise ConnectionError(f"The broker cannot be used: {type(error).__name__}.") from None


async def _unless(lost: asyncio.Future[str], wanted: t.Coroutine[t.Any, t.Any, T]) -> T:
    """What is waited for, unless the broker is lost before."""
    task = asyncio.ensure_future(wanted)
    either: set[asyncio.Future[t.Any]] = {task, lost}
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        return task.result()
    task.cancel()
    raise ConnectionError(f"The broker was lost: {lost.result()}.")


def _keep(spool: t.Any, inbox: str, message: t.Any) -> None:
    """Have a message on disk; raises ValueError for one that never can be."""
    if len(message.body) > spool.MOST_BYTES:
        raise ValueError(f"a message of {len(message.body)} bytes; up to {spool.MOST_BYTES} are kept")
    try:
        body = json.loads(message.body)
    except RecursionError as error:
        raise ValueError("a message whose JSON is too deep") from error
    spool.keep(inbox, message.message_id, message.routing_key, body)


def _spool() -> t.Any:
    found = importlib.util.spec_from_file_location("releng_spool", SPOOL)
    if found is None or found.loader is None:
        raise ValueError(f"The inbox of the collection is not at {SPOOL}")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module
