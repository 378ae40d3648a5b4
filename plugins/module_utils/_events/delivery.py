# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Sending what is in the outbox: an entry leaves it when the broker, the mail server or the room has confirmed it.

fedora-messaging's own ``publish`` never sets ``mandatory``: the broker confirms a message that no queue is bound for,
and drops it. So this talks to the broker itself, with the headers that fedora-messaging expects.
"""

from __future__ import annotations

import contextlib
import datetime
import email.message
import email.utils
import json
import os
import smtplib
import ssl
import typing as t

from .._module.errors import InvalidInput, RelengError, Unavailable
from .._module.lock import held_lock
from .._module.progress import say
from .._module.runner import Change, Plan
from .._module.text import one_line
from .broker import Broker
from .outbox import read_entry, sent, summary, waiting
from .webhook import Webhook


class Delivery(Change):
    """Send all that waits in the outbox.

    :raises Unavailable: something stays; ``sent`` and ``kept`` (with the reason of each) are in the data.
    """

    def __init__(self, params: dict[str, t.Any]) -> None:
        self.outbox: str = os.path.abspath(params["outbox"])
        self._params = params

    def plan(self) -> Plan:
        paths = waiting(self.outbox)
        actions = [f"send {summary(path)}" for path in paths]
        return Plan({"waiting": len(paths)}, {"waiting": 0}, actions, {"sent": [], "kept": []})

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        result: dict[str, list[t.Any]] = {"sent": [], "kept": []}
        lock = held_lock(os.path.join(self.outbox, "lock"), {"outbox": self.outbox}, self._params["wait_timeout"])
        with lock, contextlib.ExitStack() as stack:
            ways = _Ways(self._params, stack)
            paths = waiting(self.outbox)
            for number, path in enumerate(paths, 1):
                ident = os.path.basename(path)[:-5]
                try:
                    ways.send(read_entry(path))
                except RelengError as error:
                    result["kept"].append({"id": ident, "reason": error.message})
                    continue
                sent(path)
                result["sent"].append(ident)
                if number % 200 == 0:
                    say(f"{number} of {len(paths)} entries of the outbox were sent")
        if result["kept"]:
            first = result["kept"][0]
            raise Unavailable(
                f"{len(result['kept'])} entries stay in {self.outbox}; {len(result['sent'])} were sent. The first: "
                f"{first['reason']} Run it again when that is mended.",
                **result,
            )
        return result


class _Ways:
    """A connection for each kind and webhook, made when the first entry needs it. Broken is broken for this run."""

    def __init__(self, params: dict[str, t.Any], stack: contextlib.ExitStack) -> None:
        self._params, self._stack = params, stack
        self._open: dict[str, t.Any] = {}
        self._broken: dict[str, RelengError] = {}

    def send(self, entry: dict[str, t.Any]) -> None:
        kind = entry["content"].get("kind")
        name = str(entry["content"].get("webhook"))
        ways: dict[t.Any, t.Callable[[dict[str, t.Any]], t.Any]] = {
            "message": _Messages,
            "mail": _MailServer,
            "webhook": lambda params: Webhook.of(params, name),
        }
        if kind not in ways:
            raise InvalidInput(f"The entry {entry['id']} is of kind {kind!r}; {', '.join(ways)} are known.")
        way = f"webhook {name}" if kind == "webhook" else kind
        if way in self._broken:
            raise self._broken[way]
        try:
            if way not in self._open:
                self._open[way] = ways[kind](self._params)
                self._stack.callback(self._open[way].close)
            self._open[way].send(entry)
        except Unavailable as error:
            if not error.data.get("of_entry"):
                self._broken[way] = error
            raise
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
            # Whatever is wrong with one entry must not hold up those behind it.
            reason = f"{type(error).__name__} {one_line(str(error), 200)}"
            raise InvalidInput(f"The entry {entry['id']} cannot be sent as it is: {reason}.") from error


class _Messages:
    def __init__(self, params: dict[str, t.Any]) -> None:
        self._exchange: str | None = params["exchange"]
        if not params["amqp_url"] or not self._exchange:
            raise InvalidInput("There are messages to send: set amqp_url and exchange.")
        self._broker = Broker(params)
        self._broker.channel.confirm_delivery()

    def send(self, entry: dict[str, t.Any]) -> None:
        content, pika = entry["content"], self._broker.pika
        at = datetime.datetime.fromtimestamp(entry["at"], datetime.timezone.utc)
        headers = {"fedora_messaging_schema": "base.message", "fedora_messaging_severity": content["severity"]}
        headers["sent-at"] = at.isoformat()
        properties = pika.BasicProperties(
            content_type="application/json",
            content_encoding="utf-8",
            delivery_mode=2,
            message_id=entry["id"],
            headers=headers,
        )
        body = json.dumps(content["body"]).encode()
        try:
            with self._broker.errors("does not take messages"):
                self._broker.channel.basic_publish(self._exchange, content["topic"], body, properties, mandatory=True)
        except Unavailable as error:
            if isinstance(error.__cause__, (pika.exceptions.UnroutableError, pika.exceptions.NackError)):
                raise Unavailable(
                    f"No queue is bound to {self._exchange} for {content['topic']}, or it is full: declare one with "
                    "rdo.releng.event_queue.",
                    of_entry=True,
                ) from error
            raise

    def close(self) -> None:
        self._broker.close()


class _MailServer:
    def __init__(self, params: dict[str, t.Any]) -> None:
        host, port = params["smtp_host"], params["smtp_port"]
        if not host:
            raise InvalidInput("There are mails to send: set smtp_host.")
        self._where, self._domain = f"{host}:{port}", params["message_id_domain"] or host
        with self._said():
            self._server = smtplib.SMTP(host, port, timeout=params["timeout"])
            if params["smtp_starttls"]:
                self._server.starttls(context=ssl.create_default_context(cafile=params["ca_path"]))
            if params["smtp_user"]:
                self._server.login(params["smtp_user"], params["smtp_password"] or "")

    @contextlib.contextmanager
    def _said(self) -> t.Iterator[None]:
        try:
            yield
        except smtplib.SMTPRecipientsRefused as error:
            refused = "; ".join(f"{who}: {code} {text!r}" for who, (code, text) in error.recipients.items())
            raise Unavailable(f"The mail server {self._where} refuses receivers: {refused}.", of_entry=True) from error
        except (smtplib.SMTPDataError, smtplib.SMTPSenderRefused) as error:
            raise Unavailable(f"The mail server {self._where} refuses the mail: {error}.", of_entry=True) from error
        except (smtplib.SMTPException, OSError) as error:
            raise Unavailable(f"The mail server {self._where} does not take mail: {error}.") from error

    def send(self, entry: dict[str, t.Any]) -> None:
        content = entry["content"]
        mail = email.message.EmailMessage()
        mail["From"], mail["To"] = content["sender"], ", ".join(content["receivers"])
        mail["Subject"], mail["Date"] = content["subject"], email.utils.formatdate(entry["at"])
        # The same entry has the same id each time, so that a reader's program shows it once.
        mail["Message-ID"] = f"<{entry['id']}@{self._domain}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(content["text"])
        with self._said():
            self._server.send_message(mail)

    def close(self) -> None:
        with contextlib.suppress(smtplib.SMTPException, OSError):
            self._server.quit()
