# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Posting a notice to a chat room: Slack's incoming webhooks, Matrix's client API, or plain JSON.

An address is a secret: whoever has it can write to the channel. No message of this file has it; a webhook goes by its
name.
"""

from __future__ import annotations

import json
import typing as t
import urllib.parse

from .._module.errors import InvalidInput, Unavailable
from .._module.text import one_line
from .._module.waiter import Deadline
from .._module.web import Web

# What is wrong with this entry alone, and not with the webhook: the next one may be taken.
_OF_ENTRY = (400, 413, 422)


class Webhook:
    """One webhook.

    :param params: an entry of the option ``webhooks`` of event_delivery.
    :param timeout: seconds for one answer.
    :raises InvalidInput: it cannot be used.
    """

    def __init__(self, params: t.Mapping[str, t.Any], timeout: float, ca_path: str | None) -> None:
        self.name, self._params = params["name"], params
        parts = urllib.parse.urlsplit(params["address"])
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise InvalidInput(f"The address of webhook {self.name} is none: it must begin with https:// and a host.")
        if params["shape"] == "matrix" and not (params["room"] and params["token"]):
            raise InvalidInput(f"The webhook {self.name} writes to Matrix: set its room and token.")
        self._timeout, self._ca_path = timeout, ca_path

    @classmethod
    def of(cls, params: t.Mapping[str, t.Any], name: str) -> Webhook:
        """That of ``name`` in the options of event_delivery."""
        for one in params["webhooks"]:
            if one["name"] == name:
                return cls(one, params["timeout"], params["ca_path"])
        known = ", ".join(sorted(one["name"] for one in params["webhooks"])) or "none"
        raise Unavailable(f"There is a notice for the webhook {name}: set it in webhooks, which has {known}.")

    def send(self, entry: dict[str, t.Any]) -> None:
        """Post an entry of the outbox.

        :raises Unavailable: it was not taken.
        """
        method, path, body = _SHAPES[self._params["shape"]](entry, self._params)
        web = Web(Deadline(2 * self._timeout), self._timeout, ca_path=self._ca_path)
        # Matrix knows a notice by its id, and shows it once however often it comes.
        again = self._params["shape"] == "matrix"
        answer = web.call(
            self._params["address"].rstrip("/") + path if path else self._params["address"],
            method=method,
            data=json.dumps(body).encode(),
            token=self._params["token"],
            repeatable=again,
        )
        if answer.status is not None and 200 <= answer.status < 300:
            return
        reason = "it did not answer" if answer.status is None else f"status {answer.status}"
        said = "" if answer.status is None else self._masked(one_line(answer.body[:400].decode(errors="replace"), 200))
        raise Unavailable(
            f"The webhook {self.name} does not take the notice: {reason}{' ' + said if said else ''}.",
            of_entry=answer.status in _OF_ENTRY,
        )

    def _masked(self, text: str) -> str:
        """What a server says, without the secrets that it may repeat."""
        parts = urllib.parse.urlsplit(self._params["address"])
        secrets = [self._params["address"], self._params["token"], parts.path.strip("/"), parts.query]
        for secret in filter(None, secrets):
            text = text.replace(secret, "***")
        return text

    def close(self) -> None:
        """Each notice has a connection of its own."""


Request = tuple[str, str, dict[str, t.Any]]


def _slack(entry: t.Mapping[str, t.Any], _params: t.Mapping[str, t.Any]) -> Request:
    """https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks: its three characters are escaped, so
    nobody is called by a name that somebody wrote into a commit."""
    return "POST", "", {"text": _escaped(_text(entry)), "unfurl_links": False}


def _matrix(entry: t.Mapping[str, t.Any], params: t.Mapping[str, t.Any]) -> Request:
    """https://spec.matrix.org/v1.11/client-server-api/#put_matrixclientv3roomsroomidsendeventtypetxnid: a notice, which
    other programs do not answer, and with an empty list of mentions, so that nobody is called."""
    path = f"/_matrix/client/v3/rooms/{urllib.parse.quote(params['room'], '')}/send/m.room.message/{entry['id']}"
    return "PUT", path, {"msgtype": "m.notice", "body": _text(entry), "m.mentions": {}}


def _json(entry: t.Mapping[str, t.Any], _params: t.Mapping[str, t.Any]) -> Request:
    return "POST", "", {"id": entry["id"], "title": entry["content"]["title"], "text": entry["content"]["text"]}


_SHAPES: dict[str, t.Callable[[t.Mapping[str, t.Any], t.Mapping[str, t.Any]], Request]] = {
    "slack": _slack,
    "matrix": _matrix,
    "json": _json,
}


def _text(entry: t.Mapping[str, t.Any]) -> str:
    content = entry["content"]
    return f"{content['title']}\n{content['text']}".strip()


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
