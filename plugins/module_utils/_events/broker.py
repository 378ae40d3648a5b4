# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""A connection to an AMQP broker, and the queue that messages should arrive in.

A queue is declared before anything is published: the broker drops what no queue is bound for.
"""

from __future__ import annotations

import contextlib
import re
import ssl
import time
import typing as t

from .._module.errors import Conflict, InvalidInput, Unavailable
from .._module.libraries import load_library
from .._module.runner import Change, Plan

_NAME = re.compile(r"[A-Za-z0-9._:+-]{1,255}")
_TOPIC = re.compile(r"[!-~]{1,255}")
NOT_FOUND = 404
PRECONDITION_FAILED = 406

# RabbitMQ notes a new quorum queue on disk up to half a second after it has said that the queue is there. Killed in
# between, it knows the name and has lost the queue, with every message that it confirmed.
SETTLED_AFTER = 2.0


class Broker:
    """A connection with one channel, made from the options of the doc fragment ``_amqp``.

    :raises Unavailable: it cannot be reached, or does not let this user in.
    """

    def __init__(self, params: t.Mapping[str, t.Any]) -> None:
        self.pika = load_library("pika")
        url: str = params["amqp_url"] or ""
        try:
            parameters = self.pika.URLParameters(url)
            if not url.startswith(("amqp://", "amqps://")):
                raise ValueError(url)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError):
            raise InvalidInput(
                "amqp_url is not an address of a broker; amqps://user:password@broker/vhost is."
            ) from None
        parameters.socket_timeout = parameters.stack_timeout = params["timeout"]
        parameters.blocked_connection_timeout = params["timeout"]
        if url.startswith("amqps:"):
            parameters.ssl_options = self.pika.SSLOptions(_context(params), parameters.host)
        self.where = f"{parameters.host}:{parameters.port}"
        with self.errors("cannot be used"):
            self._connection = self.pika.BlockingConnection(parameters)
            self.channel = self._connection.channel()

    @contextlib.contextmanager
    def errors(self, what: str) -> t.Iterator[None]:
        """What the client raises becomes Unavailable, which it is the cause of."""
        try:
            yield
        except (self.pika.exceptions.AMQPError, OSError) as error:
            reason = getattr(error, "reply_text", "") or str(error) or type(error).__name__
            raise Unavailable(f"The broker {self.where} {what}: {reason}.") from error

    def reopen(self) -> None:
        """A channel anew: the broker closes one on which something was refused."""
        if self.channel.is_closed:
            with self.errors("cannot be used"):
                self.channel = self._connection.channel()

    def close(self) -> None:
        with contextlib.suppress(self.pika.exceptions.AMQPError, OSError):
            self._connection.close()


def _context(params: t.Mapping[str, t.Any]) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=params["ca_path"])
        if params["cert"]:
            context.load_cert_chain(params["cert"], params["key"])
    except (OSError, ssl.SSLError) as error:
        raise InvalidInput(f"The certificates for the broker cannot be read: {error}.") from error
    return context


class Queue(Change):
    """A queue that keeps what it gets, bound to an exchange, with another one for what nobody could work on.

    :param exchange: a topic exchange, durable.
    :param queue: a quorum queue.
    :param topics: what is bound.
    :param dead_letters: the queue for dead letters; the exchange before it has the same name.
    :param delivery_limit: how often a message that is given back is delivered before it is a dead letter.
    """

    def __init__(self, params: dict[str, t.Any]) -> None:
        self._params = params
        self.exchange: str = params["exchange"]
        self.queue: str = params["queue"]
        self.dead: str = params["dead_letters"] or f"{self.queue}.dead"
        self.topics: list[str] = params["topics"]
        for name in (self.exchange, self.queue, self.dead):
            if not _NAME.fullmatch(name):
                raise InvalidInput(f"{name!r} cannot name a queue or exchange: letters, digits and . _ : + - can.")
        for topic in self.topics:
            if not _TOPIC.fullmatch(topic):
                raise InvalidInput(f"{topic!r} is not a pattern of topics, such as '#.buildsys.tag'.")
        if params["delivery_limit"] < 1:
            raise InvalidInput(f"delivery_limit is {params['delivery_limit']}: at least 1 is needed.")

    def _parts(self) -> dict[str, t.Callable[[t.Any, bool], None]]:
        """How each part is declared; with ``passive`` it is only looked for."""
        arguments = {
            "x-queue-type": "quorum",
            "x-delivery-limit": self._params["delivery_limit"],
            "x-dead-letter-exchange": self.dead,
            # A dead letter is moved only once the other queue has confirmed it.
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        }
        topic, fanout = {"exchange_type": "topic", "durable": True}, {"exchange_type": "fanout", "durable": True}
        quorum = {"x-queue-type": "quorum"}
        return {
            f"exchange {self.dead}": lambda on, passive: on.exchange_declare(self.dead, passive=passive, **fanout),
            f"queue {self.dead}": lambda on, passive: on.queue_declare(
                self.dead, passive=passive, durable=True, arguments=quorum
            ),
            f"exchange {self.exchange}": lambda on, passive: on.exchange_declare(
                self.exchange, passive=passive, **topic
            ),
            f"queue {self.queue}": lambda on, passive: on.queue_declare(
                self.queue, passive=passive, durable=True, arguments=arguments
            ),
        }

    def plan(self) -> Plan:
        broker = Broker(self._params)
        try:
            before = {}
            for name, declare in self._parts().items():
                before[name] = self._there(broker, declare)
        finally:
            broker.close()
        actions = [f"declare {name}" for name, there in before.items() if not there]
        # Which bindings there are, AMQP does not tell.
        if actions or self._params["bind"]:
            actions.append(f"bind {self.queue} to {self.exchange} for {', '.join(self.topics)}")
        return Plan(before, dict.fromkeys(before, True), actions, {"queue": self.queue, "dead_letters": self.dead})

    def _there(self, broker: Broker, declare: t.Callable[[t.Any, bool], None]) -> bool:
        try:
            with broker.errors("cannot be asked for its queues"):
                declare(broker.channel, True)
            return True
        except Unavailable as error:
            if getattr(error.__cause__, "reply_code", None) != NOT_FOUND:
                raise
            broker.reopen()
            return False

    def bind(self) -> None:
        """Declare everything and bind it. What is there as it should be stays as it is.

        :raises Conflict: something of that name is of another kind.
        """
        broker = Broker(self._params)
        try:
            for name, declare in self._parts().items():
                try:
                    with broker.errors(f"does not let {name} be declared"):
                        declare(broker.channel, False)
                except Unavailable as error:
                    if getattr(error.__cause__, "reply_code", None) != PRECONDITION_FAILED:
                        raise
                    raise Conflict(
                        f"{error.message} It is there with other properties: take another name, or remove it when it "
                        "is empty.",
                    ) from error
            with broker.errors("does not let the queue be bound"):
                broker.channel.queue_bind(self.dead, self.dead, "")
                for topic in self.topics:
                    broker.channel.queue_bind(self.queue, self.exchange, topic)
        finally:
            broker.close()

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        self.bind()
        if any(action.startswith("declare queue ") for action in plan.actions):
            time.sleep(SETTLED_AFTER)
        return {}
