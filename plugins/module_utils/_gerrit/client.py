# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Gerrit's REST API: what is asked and changed, and what came back checked."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
import typing as t
import urllib.parse

from .._module.errors import Conflict, InvalidInput, NotFound, Refused, Unavailable
from .._module.json_text import load_json
from .._module.waiter import Deadline
from .._module.web import MOST_BYTES, Web

# Gerrit puts this before every JSON text, against pages that would load it as a script.
_PREFIX = b")]}'"
STATUSES = {"NEW": "open", "MERGED": "merged", "ABANDONED": "abandoned"}
_DETAILS = ("CURRENT_REVISION", "CURRENT_COMMIT", "DETAILED_LABELS", "DETAILED_ACCOUNTS")


@dataclasses.dataclass
class Review:
    """A change as Gerrit has it.

    :param id: ``project~branch~Change-Id``, or Gerrit's number where that is what it gives.
    :param revision: hash of the current patch set's commit.
    :param reference: where git finds it, as ``refs/changes/45/12345/2``.
    :param reviewers: user names and addresses of those that review it.
    :param asked: of all that were ever asked to, also of those that were taken off.
    """

    id: str
    number: int
    change_id: str
    project: str
    branch: str
    topic: str | None
    status: str
    subject: str
    owner: str | None
    message: str
    revision: str
    reference: str
    patch_set: int
    hashtags: list[str]
    reviewers: list[str]
    asked: list[str]
    labels: dict[str, int]
    updated: str
    url: str

    def as_dict(self) -> dict[str, t.Any]:
        """All but who was taken off."""
        return {key: value for key, value in dataclasses.asdict(self).items() if key != "asked"}


class GerritClient:
    """Calls of one Gerrit.

    :param url: its address without ``/a``.
    :param username: None: asks as anybody; then nothing can be changed.
    :param deadline: seconds that all calls may take together, retries and pauses included.
    """

    def __init__(
        self,
        url: str | None,
        username: str | None = None,
        password: str | None = None,
        timeout: float = 30.0,
        deadline: float = 300.0,
        retries: int = 5,
        ca_path: str | None = None,
    ) -> None:
        if not url:
            raise InvalidInput("The address of Gerrit is needed: set gerrit_url or the environment's GERRIT_URL.")
        if not re.match(r"https?://[^\s/]", url):
            raise InvalidInput(f"{url!r} is not an address of a Gerrit such as https://review.example.org.", url=url)
        if urllib.parse.urlsplit(url).password:
            raise InvalidInput("gerrit_url must not hold a password: give gerrit_username and gerrit_password.")
        if username and not password:
            raise InvalidInput(f"There is no password for the Gerrit user {username}: set gerrit_password.")
        self.url = url.rstrip("/")
        self.username, self._password = username, password
        self._web = Web(Deadline(deadline), timeout, retries, ca_path)

    @classmethod
    def from_params(cls, params: t.Mapping[str, t.Any]) -> GerritClient:
        """The client that the options of the doc fragment ``_gerrit`` describe."""
        login = params["gerrit_username"], params["gerrit_password"]
        limits = {name: params[name] for name in ("timeout", "deadline", "retries", "ca_path")}
        return cls(params["gerrit_url"], *login, **limits)

    def query(self, query: str, limit: int = 500) -> list[Review]:
        """The changes that match, the last updated first; ``limit`` at most."""
        options = "".join(f"&o={option}" for option in _DETAILS)
        found: list[Review] = []
        while len(found) < limit:
            page = f"&S={len(found)}" if found else ""
            rows = self.get(f"/changes/?q={urllib.parse.quote(query)}&n={min(limit - len(found), 100)}{page}{options}")
            if not isinstance(rows, list):
                raise Unavailable(
                    f"{self.url} answered a query with {type(rows).__name__}, not a list.", body=str(rows)[:500]
                )
            found += [self._review(row) for row in rows]
            if not rows or not rows[-1].get("_more_changes"):
                break
        return found

    def change(self, change: str | int) -> Review:
        """One change by its number or id; raises NotFound."""
        options = "&".join(f"o={option}" for option in _DETAILS)
        return self._review(self.get(f"/changes/{_quoted(change)}/detail?{options}"))

    def get(self, path: str) -> t.Any:
        return self._call("GET", path, None, repeatable=True)

    def post(self, path: str, body: t.Mapping[str, t.Any], repeatable: bool = True) -> t.Any:
        self.need_user()
        return self._call("POST", path, body, repeatable)

    def put(self, path: str, body: t.Mapping[str, t.Any]) -> t.Any:
        self.need_user()
        return self._call("PUT", path, body, repeatable=True)

    def delete(self, path: str) -> None:
        """Delete something; that it is gone already is as wanted."""
        self.need_user()
        with contextlib.suppress(NotFound):
            self._call("DELETE", path, None, repeatable=True)

    def has_account(self, name: str) -> bool:
        """Whether there is an account of this user name or address that the user may see."""
        try:
            self.get(f"/accounts/{_quoted(name)}")
        except NotFound:
            return False
        return True

    def set_topic(self, review: Review, topic: str) -> None:
        self.put(f"/changes/{review.number}/topic", {"topic": topic})

    def add_hashtags(self, review: Review, hashtags: t.Sequence[str]) -> None:
        self.post(f"/changes/{review.number}/hashtags", {"add": list(hashtags)})

    def add_reviewer(self, review: Review, reviewer: str) -> str | None:
        """Ask ``reviewer`` to review; why Gerrit will not have it, or None."""
        try:
            answer = self.post(f"/changes/{review.number}/reviewers", {"reviewer": reviewer, "state": "REVIEWER"})
        except (InvalidInput, NotFound, Refused) as error:
            return str(error.data.get("body") or error.message)
        return str(answer["error"]) if isinstance(answer, dict) and answer.get("error") else None

    def abandon(self, review: Review, message: str) -> None:
        """Abandon an open change; one that somebody else abandoned meanwhile is as wanted."""
        try:
            self.post(f"/changes/{review.number}/abandon", {"message": message})
        except Conflict:
            if self.change(review.number).status != "abandoned":
                raise

    def review(self, review: Review, message: str | None, labels: t.Mapping[str, int], tag: str | None) -> None:
        """Comment and vote on the current patch set; raises Conflict when there is a newer one."""
        body: dict[str, t.Any] = {"labels": dict(labels)}
        body.update({key: value for key, value in (("message", message), ("tag", tag)) if value})
        # A comment that was made twice would be there twice.
        self.post(f"/changes/{review.number}/revisions/{review.revision}/review", body, repeatable=message is None)

    def votes(self, review: Review) -> dict[str, int]:
        """The user's own votes on the change, by label; those that are 0 are left out."""
        if not self.username:
            return {}
        detail = self.get(f"/changes/{review.number}/detail?o=DETAILED_LABELS&o=DETAILED_ACCOUNTS")
        return {
            name: int(account["value"])
            for name, label in (detail.get("labels") or {}).items()
            for account in label.get("all") or []
            if account.get("username") == self.username and account.get("value")
        }

    def has_said(self, review: Review, text: str, tag: str | None) -> bool:
        """Whether the user has commented ``text`` with ``tag`` on the current patch set."""
        detail = self.get(f"/changes/{review.number}/detail?o=MESSAGES&o=DETAILED_ACCOUNTS")
        return any(
            message.get("tag") == tag
            and message.get("_revision_number") == review.patch_set
            and (message.get("author") or {}).get("username") == self.username
            # Gerrit puts "Patch Set 2: Verified+1" before the text.
            and str(message.get("message") or "").strip().endswith(text)
            for message in detail.get("messages") or []
        )

    def need_user(self) -> None:
        if not self.username:
            raise InvalidInput(f"Changing something in {self.url} needs gerrit_username and gerrit_password.")

    def _review(self, row: t.Any) -> Review:
        try:
            revision = row["current_revision"]
            current = row["revisions"][revision]
            labels = row.get("labels") or {}
            return Review(
                id=str(row["id"]),
                number=int(row["_number"]),
                change_id=row["change_id"],
                project=row["project"],
                branch=row["branch"],
                topic=row.get("topic"),
                status=STATUSES.get(row["status"], row["status"].lower()),
                subject=row["subject"],
                owner=_account(row.get("owner")),
                message=current["commit"]["message"],
                revision=revision,
                reference=current["ref"],
                patch_set=int(current["_number"]),
                hashtags=sorted(row.get("hashtags") or []),
                reviewers=_people(row, ("REVIEWER",)),
                asked=_people(row, ("REVIEWER", "CC", "REMOVED")),
                labels={name: _vote(label) for name, label in sorted(labels.items())},
                updated=row["updated"],
                url=f"{self.url}/c/{row['project']}/+/{row['_number']}",
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Unavailable(
                f"{self.url} answered with a change that lacks {error}.", body=json.dumps(row, default=str)[:500]
            ) from error

    def _call(self, method: str, path: str, body: t.Any, repeatable: bool) -> t.Any:
        url = f"{self.url}{'/a' if self.username else ''}{path}"
        what = f"{method} {url}"
        answer = self._web.call(
            url,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            user=(self.username, self._password or "") if self.username else None,
            repeatable=repeatable,
        )
        if answer.status is None:
            raise Unavailable(f"{what}: no answer: {answer.reason}.", status=None, body=None)
        if answer.status >= 300:
            raise self._error(answer.status, answer.body[:10000].decode(errors="replace").strip(), what)
        return self._data(answer.body, what)

    def _data(self, content: bytes, what: str) -> t.Any:
        if not content:
            return None
        if not content.startswith(_PREFIX):
            start = content[:200].decode(errors="replace")
            raise Unavailable(
                f"{what}: the answer is not Gerrit's JSON: {start!r}. Is gerrit_url right?", status=200, body=start
            )
        try:
            return load_json(content[len(_PREFIX) :], "the answer", MOST_BYTES)
        except InvalidInput as error:
            raise Unavailable(f"{what}: is it cut off? {error.message}", status=200) from error

    def _error(self, status: int, text: str, what: str) -> Exception:
        short = " ".join(re.sub(r"<[^>]+>", " ", text).split())[:500] or "nothing more"
        data = {"status": status, "body": short}
        if status == 401:
            return Refused(
                f"{what}: Gerrit does not accept the password of {self.username or 'anybody'}: {short}", **data
            )
        if status == 403:
            return Refused(f"{what}: {self.username or 'Anybody'} may not do this: {short}", **data)
        if status == 404:
            return NotFound(
                f"{what}: there is no such thing, or {self.username or 'anybody'} cannot see it: {short}", **data
            )
        if status in (409, 412):
            return Conflict(f"{what}: Gerrit refuses, as things are: {short}", **data)
        if status in (400, 422):
            return InvalidInput(f"{what}: Gerrit does not understand: {short}", **data)
        return Unavailable(f"{what}: status {status}: {short}", **data)


def _quoted(name: str | int) -> str:
    """One part of a path, whatever is in it."""
    return urllib.parse.quote(str(name), safe="~")


def _account(account: t.Any) -> str | None:
    found = account or {}
    name = found.get("username") or found.get("email") or found.get("name") or found.get("_account_id")
    return None if name is None else str(name)


def _people(row: t.Mapping[str, t.Any], states: t.Iterable[str]) -> list[str]:
    """Everything that reviewers may be called: user names and addresses."""
    accounts = [account for state in states for account in (row.get("reviewers") or {}).get(state) or []]
    return sorted({str(account[key]) for account in accounts for key in ("username", "email") if account.get(key)})


def _vote(label: t.Mapping[str, t.Any]) -> int:
    """The vote that counts: the lowest where there is one below zero, else the highest."""
    votes = [int(account.get("value") or 0) for account in label.get("all") or []]
    return min(votes) if votes and min(votes) < 0 else max(votes, default=0)
