# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""The client of DLRN's API, for all who read or write there.

Behaviour of the server is that of DLRN 0.26.1 (``dlrn/api/dlrn_api.py``): reads need no login, errors it means are
``{"message": ...}``, everything else is a page of HTML or text.
"""

from __future__ import annotations

import base64
import json
import re
import typing as t
import urllib.parse

from .._module.errors import InvalidInput, Refused, RelengError, Unavailable
from .._module.json_text import load_json
from .._module.waiter import Deadline
from .._module.web import MOST_BYTES, Answer, Web
from .names import check_url

# Characters of an answer that an error carries.
BODY = 2000
MEANINGS = {
    401: "user name or password are not accepted (options username and password)",
    403: "it is not allowed",
    404: "there is no such page; is api_url the address of a DLRN API, without /api?",
    410: "what was named has been purged",
    501: "the server lacks a library for it",
}


class DlrnClient:
    """One task's calls to one API.

    :param api_url: address of the server, without ``/api``.
    :param username: sent, with the password, by :meth:`post` alone.
    :param timeout: seconds for one answer.
    :param deadline: seconds for all calls together, from now on.
    :param retries: how often a call that is safe to repeat is tried again.
    """

    def __init__(
        self,
        api_url: str | None,
        username: str | None = None,
        password: str | None = None,
        ca_path: str | None = None,
        timeout: float = 30.0,
        deadline: float = 300.0,
        retries: int = 5,
    ) -> None:
        if not api_url:
            raise InvalidInput("The address of the DLRN API is needed: set api_url or the environment's DLRNAPI_URL.")
        if timeout <= 0 or deadline <= 0 or retries < 0:
            raise InvalidInput(
                f"timeout ({timeout:g}) and deadline ({deadline:g}) must be above 0, retries ({retries}) not below."
            )
        self.api_url = check_url(api_url, "address of a DLRN API (api_url)", ("http", "https"))
        self._user, self._password = username, password
        self.web = Web(Deadline(deadline), timeout, retries, ca_path)

    @classmethod
    def from_params(cls, params: t.Mapping[str, t.Any]) -> DlrnClient:
        """The client that the options of the doc fragment ``_dlrn`` describe."""
        names = ("api_url", "username", "password", "ca_path", "timeout", "deadline", "retries")
        return cls(**{name: params[name] for name in names})

    def get(self, path: str, **query: str | int | None) -> t.Any:
        """The answer of ``/api/<path>``; parameters that are None are left out. Without login."""
        given = {name: value for name, value in query.items() if value is not None}
        url = f"{self.api_url}/api/{path}" + (f"?{urllib.parse.urlencode(given)}" if given else "")
        return self._content(self.web.call(url), f"GET /api/{path}")

    def graphql(self, query: str) -> dict[str, t.Any]:
        """The ``data`` of a GraphQL query. Sent as GET: it only reads, and a log of the server shows so."""
        answer = self.get("graphql", query=" ".join(query.split()))
        if not isinstance(answer, dict) or answer.get("errors") or not isinstance(answer.get("data"), dict):
            errors = answer.get("errors") if isinstance(answer, dict) else answer
            raise Unavailable(f"The DLRN API {self.api_url} does not answer a query: {self._clean(str(errors))[:300]}")
        return answer["data"]

    def post(self, path: str, body: t.Any, repeatable: bool = False) -> t.Any:
        """Write ``body`` to ``/api/<path>``, logged in.

        :param repeatable: doing it twice is like doing it once, so it may be tried again.
        :raises Unavailable: also when it is not known whether it was done: ``known`` is false then.
        """
        if not self._user or not self._password:
            raise InvalidInput(
                "To write to the DLRN API, username and password are needed "
                "(or the environment's DLRNAPI_USERNAME and DLRNAPI_PASSWORD)."
            )
        answer = self.web.call(
            f"{self.api_url}/api/{path}",
            data=json.dumps(body).encode(),
            user=(self._user, self._password),
            repeatable=repeatable,
        )
        return self._content(answer, f"POST /api/{path}")

    def _content(self, answer: Answer, call: str) -> t.Any:
        """What the answer holds, or the error that it is."""
        text = self._clean(answer.body.decode(errors="replace"))
        if answer.status in (200, 201):
            try:
                return load_json(answer.body, f"The answer of {self.api_url}", MOST_BYTES)
            except InvalidInput:
                said = _sentence(text, answer.content_type) or "nothing"
                reason = f"answered {said[:200]!r} ({answer.content_type or 'no type'}) where JSON was expected"
                advice = " Is api_url the address of a DLRN API?"
        elif answer.status is None:
            reason, advice = f"gave no answer: {self._clean(answer.reason)}", ""
        else:
            said = _sentence(text, answer.content_type)
            meaning = MEANINGS.get(answer.status, "")
            reason = f"answered {answer.status}" + "".join(f", {part}" for part in (meaning, said[:300]) if part)
            advice = ""
        known = answer.status is not None and 400 <= answer.status < 500
        if call.startswith("POST") and not known:
            advice += " It is not known whether the write was done."
        raise _error_of(answer.status)(
            f"The DLRN API {self.api_url} {reason.rstrip('.')} ({call}).{advice}",
            status=answer.status,
            body=text[:BODY],
            known=known,
        )

    def _clean(self, text: str) -> str:
        """``text`` without the password, plain or as a header would carry it."""
        if not self._password:
            return text
        token = base64.b64encode(f"{self._user}:{self._password}".encode()).decode()
        for secret in (token, self._password, urllib.parse.quote(self._password)):
            text = text.replace(secret, "********")
        return text


def _error_of(status: int | None) -> type[RelengError]:
    if status in (400, 404, 415):
        return InvalidInput
    if status in (401, 403, 409, 410):
        return Refused
    return Unavailable


def _sentence(text: str, content_type: str) -> str:
    """What an answer says, in one line: DLRN's message, or the words of a page."""
    if "json" in content_type:
        try:
            content = load_json(text, "The answer")
        except InvalidInput:
            content = None
        if isinstance(content, dict) and "message" in content:
            return str(content["message"])
        if isinstance(content, dict) and isinstance(content.get("errors"), list):
            return "; ".join(str(error.get("message", error)) for error in content["errors"] if isinstance(error, dict))
    return " ".join(re.sub(r"<(style|script).*?</\1>|<[^>]*>", " ", text[:20000], flags=re.DOTALL).split())
