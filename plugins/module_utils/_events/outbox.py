# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""The outbox: what should be said is a file before anybody is told, and stays until it was taken.

An entry is named by the sha256 of what it says, so the same thing is said once, however often it is put there. One
with ``once`` is named by that and by where it goes, whatever it says. ``new`` holds what should be sent, ``sent`` what
was.
"""

from __future__ import annotations

import email.errors
import email.headerregistry
import os
import re
import time
import typing as t

from .._module.documents import canonical, digest, read_document, write_document
from .._module.errors import InvalidInput, RelengError
from .._module.runner import Change, Plan
from .._module.text import clean, cut, shown
from .spool import MOST_BYTES, TOPIC, sync

SCHEMA = "rdo.releng/outbox/1"
ID = re.compile(r"[0-9a-f]{64}")
STATES = ("new", "sent")
_PLAIN = re.compile(r"[^\x00-\x1f\x7f]{1,900}")
WEBHOOK = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
# Where an entry of each kind goes.
_TO = {"message": "topic", "mail": "receivers", "webhook": "webhook"}


class Say(Change):
    """Put one thing to say in the outbox, unless it was put there before."""

    def __init__(self, outbox: str, content: dict[str, t.Any], clock: t.Callable[[], float] = time.time) -> None:
        self.outbox, self.content, self._clock = os.path.abspath(outbox), content, clock
        self.id = digest(_identity(content))

    @classmethod
    def message(cls, params: dict[str, t.Any]) -> Say:
        """What the module event_message puts there."""
        topic, body = params["topic"], params["body"]
        if not TOPIC.fullmatch(topic):
            raise InvalidInput(f"{topic!r} cannot be a topic: words of printable characters with dots between can.")
        content = {"kind": "message", "topic": topic, "body": body, "severity": params["severity"]}
        content.update(_once(params))
        try:
            size = len(canonical(body))
        except InvalidInput as error:
            raise InvalidInput(f"The body of {topic} cannot be sent. {error.message}") from error
        if size > MOST_BYTES:
            raise InvalidInput(f"The body of {topic} is longer than {MOST_BYTES} characters.")
        return cls(params["outbox"], content)

    @classmethod
    def mail(cls, params: dict[str, t.Any]) -> Say:
        """What the module event_mail puts there."""
        for receiver in (params["sender"], *params["receivers"]):
            _check_address(receiver)
        if not params["receivers"]:
            raise InvalidInput("A mail needs at least one receiver.")
        if not _PLAIN.fullmatch(params["subject"]):
            raise InvalidInput(f"{params['subject']!r} cannot be a subject: one line of up to 900 characters can.")
        content = {"kind": "mail", "sender": params["sender"], "receivers": sorted(params["receivers"])}
        # Some of what is not a control character ends a line all the same, and a mail takes no halves of characters.
        content.update(_once(params), subject=clean(params["subject"]), text=clean(params["text"]))
        return cls(params["outbox"], content)

    @classmethod
    def webhook(cls, params: dict[str, t.Any]) -> Say:
        """What the module event_webhook puts there."""
        name, title, text = params["webhook"], params["title"], params["text"]
        if not WEBHOOK.fullmatch(name):
            raise InvalidInput(f"{shown(name)} cannot name a webhook: up to 64 letters, digits, '.', '_' and '-' can.")
        if not _PLAIN.fullmatch(title):
            raise InvalidInput(f"{shown(title)} cannot be a title: one line of up to 900 characters can.")
        said = {"title": clean(title), "text": cut(clean(text))}
        content = {"kind": "webhook", "webhook": name, **said, **_once(params)}
        return cls(params["outbox"], content)

    def plan(self) -> Plan:
        known = any(os.path.exists(os.path.join(self.outbox, state, f"{self.id}.json")) for state in STATES)
        actions = [] if known else [f"say {_what(self.content)} ({self.id})"]
        return Plan({"known": known}, {"known": True}, actions, {"id": self.id})

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        entry = {"schema": SCHEMA, "id": self.id, "at": int(self._clock()), "content": self.content}
        entry["sha256"] = digest(self.content)
        folder = os.path.join(self.outbox, "new")
        write_document(os.path.join(folder, f"{self.id}.json"), entry, 0o640)
        sync(folder)
        return {}


def _once(params: t.Mapping[str, t.Any]) -> dict[str, str]:
    return {"once": params["once"]} if params["once"] else {}


def _identity(content: t.Any) -> t.Any:
    """What tells an entry from others: all of it, or its ``once`` and where it goes."""
    if not isinstance(content, dict) or "once" not in content:
        return content
    return {key: content.get(key) for key in ("kind", "once", _TO.get(content.get("kind", ""), "kind"))}


def _what(content: t.Mapping[str, t.Any]) -> str:
    if content["kind"] == "webhook":
        return f"to webhook {content['webhook']}"
    return str(content.get("topic") or f"mail to {', '.join(content['receivers'])}")


def _check_address(address: str) -> None:
    try:
        email.headerregistry.Address(addr_spec=address)
        wrong = not address.isascii() or any(ord(char) <= 32 for char in address) or "@" not in address
    except (ValueError, email.errors.HeaderParseError, IndexError):
        wrong = True
    if wrong:
        raise InvalidInput(f"{address!r} is not a mail address.")


def waiting(outbox: str) -> list[str]:
    """The paths of what should be sent, the oldest first."""
    folder = os.path.join(outbox, "new")
    found = [one for one in (os.scandir(folder) if os.path.isdir(folder) else ()) if ID.fullmatch(one.name[:-5])]
    return [one.path for one in sorted(found, key=lambda one: (one.stat().st_mtime_ns, one.name))]


def read_entry(path: str) -> dict[str, t.Any]:
    """An entry, as it was put there.

    :raises InvalidInput: it is none, or its content is not what it is named by.
    """
    entry = read_document(path, SCHEMA, "entry of the outbox")
    content = entry.get("content")
    whole = digest(content) == entry.get("sha256") and digest(_identity(content)) == entry.get("id")
    if not whole or entry["id"] != os.path.basename(path)[:-5]:
        raise InvalidInput(f"The entry {path} is not what its name says: it was cut off or changed.", path=path)
    return entry


def sent(path: str) -> None:
    """Note on disk that an entry was taken."""
    folder = os.path.join(os.path.dirname(os.path.dirname(path)), "sent")
    os.makedirs(folder, exist_ok=True)
    os.rename(path, os.path.join(folder, os.path.basename(path)))
    sync(folder)


def summary(path: str) -> str:
    """One line about an entry, for people; it need not be readable."""
    try:
        return _what(read_entry(path)["content"])
    except RelengError as error:
        return error.message
    except (KeyError, TypeError, AttributeError) as error:
        return f"{path}, which lacks something: {type(error).__name__} {error}"
