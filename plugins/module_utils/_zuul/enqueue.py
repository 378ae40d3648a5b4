# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Having Zuul run a pipeline for a reference of a project, once for each revision."""

from __future__ import annotations

import json
import re
import typing as t
import urllib.parse

from .._module.errors import InvalidInput, NotFound, Unavailable
from .._module.json_text import load_json
from .._module.runner import Change, Plan
from .._module.waiter import Deadline, Waiter
from .._module.web import Web

_REVISION = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_REF = re.compile(r"refs/[!-~]+")
_TOKEN = re.compile(r"[!-~]+")


class Enqueued(Change):
    """See to it that a pipeline runs, or has run, for a revision of a reference.

    What runs and what has ended is read from Zuul's own list of buildsets, which an item joins when its jobs begin.
    """

    def __init__(self, params: dict[str, t.Any]) -> None:
        self._params = params
        url: str = params["zuul_url"] or ""
        if not url.startswith(("http://", "https://")) or "@" in url.partition("://")[2].partition("/")[0]:
            raise InvalidInput(f"{url!r} is not an address of Zuul's web server; https://zuul.example.org is.")
        if not _REF.fullmatch(params["ref"]):
            raise InvalidInput(f"{params['ref']!r} is not a reference; refs/heads/main is.")
        for name in ("newrev", "oldrev"):
            if params[name] is not None and not _REVISION.fullmatch(params[name]):
                raise InvalidInput(f"{name} is {params[name]!r}; the whole hash of a commit is needed.")
        if params["token"] is not None and not _TOKEN.fullmatch(params["token"]):
            raise InvalidInput("token holds spaces or other characters that none has.")
        quoted = urllib.parse.quote
        self._api = f"{url.rstrip('/')}/api/tenant/{quoted(params['tenant'], safe='')}"
        self._web = Web(Deadline(params["deadline"]), params["timeout"], params["retries"], params["ca_path"])

    def plan(self) -> Plan:
        params = self._params
        known = self._buildsets()
        what = f"{params['pipeline']} for {params['ref']} of {params['project']} at {params['newrev']}"
        actions = [] if known else [f"enqueue {what}"]
        return Plan({"buildsets": known}, {}, actions, {"buildsets": known})

    def _buildsets(self) -> list[dict[str, t.Any]]:
        names = ("project", "pipeline", "newrev")
        query = urllib.parse.urlencode({**{name: self._params[name] for name in names}, "limit": 50})
        rows = self._get(f"/buildsets?{query}")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise Unavailable(f"Zuul answered {str(rows)[:200]!r} when it was asked for buildsets.")
        found = []
        for row in rows:
            refs = row.get("refs") or [row]
            if any(isinstance(one, dict) and one.get("ref") == self._params["ref"] for one in refs):
                found.append({name: row.get(name) for name in ("uuid", "result")})
        return found

    def _get(self, path: str) -> t.Any:
        answer = self._web.call(self._api + path)
        if answer.status == 404:
            raise NotFound(f"Zuul has no tenant {self._params['tenant']}.", tenant=self._params["tenant"])
        if answer.status != 200:
            reason = answer.reason or f"status {answer.status}"
            raise Unavailable(f"Zuul at {self._api} cannot be asked: {reason}.", status=answer.status)
        return load_json(answer.body, f"The answer of Zuul at {self._api}")

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        params = self._params
        if not params["token"]:
            raise InvalidInput("To enqueue, set token to one that Zuul's operator has made (or ZUUL_TOKEN).")
        body = {name: params[name] for name in ("pipeline", "ref", "newrev")}
        # Without one, Zuul looks at the files of the newest commit. Of a made-up one it asks git, and gives up.
        body["oldrev"] = params["oldrev"]
        project = urllib.parse.quote(params["project"], safe="/")
        answer = self._web.call(
            f"{self._api}/project/{project}/enqueue",
            data=json.dumps(body).encode(),
            token=params["token"],
            # A lost answer does not say whether it was done; the next run looks.
            repeatable=False,
        )
        if answer.status != 200:
            said = answer.body[:300].decode(errors="replace") or answer.reason
            raise Unavailable(f"Zuul does not enqueue it: status {answer.status}: {said}", status=answer.status)
        # Until Zuul lists it, a second call would not know of it.
        waiter = Waiter(params["wait_timeout"], 1.0)
        what = f"Zuul to begin with it. Has {params['project']} jobs in {params['pipeline']}?"
        return {"buildsets": waiter.wait(self._buildsets, bool, what)}
