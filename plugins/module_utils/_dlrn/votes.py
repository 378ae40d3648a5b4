# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Votes on candidates, and the two places where they are kept.

DLRN keys its votes by hash alone, and two candidates may share a hash: a commit that is built again goes to the same
directory. So a vote's notes begin with a line that binds it to the candidate's id.
"""

from __future__ import annotations

import abc
import dataclasses
import os
import re
import typing as t

from .._module.documents import digest, read_document, write_document
from .._module.errors import InvalidInput, Refused, Unavailable
from .._module.text import shown
from .._module.waiter import backoff
from .aggregate import confirm_aggregate
from .candidate import Candidate
from .client import DlrnClient
from .names import SHA256, check, check_name
from .promotion import sibling_of

SCHEMA = "rdo.releng/vote/1"
BOUND = re.compile(r"candidate: ([0-9a-f]{64})[ \t\r]*(?:\n|\Z)")
# What names a commit or an aggregate in the rows of an answer.
NAMING = {"agg_status": ("aggregate_hash",), "repo_status": ("commit_hash", "distro_hash", "extended_hash")}
# Rows that DLRN answers to one question, and questions put in one request.
PAGE = 100
PAGES = 20
# A server that is years old has far more votes than anybody needs to find a job that is misspelt.
MOST_VOTES = 40000


@dataclasses.dataclass(frozen=True)
class Vote:
    """What a job said about a candidate.

    :param candidate: the id that it is bound to; None: to no candidate, only to the hashes.
    :param hashes: ``aggregate_hash``, or ``commit_hash``, ``distro_hash`` and ``extended_hash``.
    :param timestamp: when the job ended, in seconds since 1970.
    :param notes: free text, without the line that binds.
    :param in_progress: DLRN's mark of a job that has only begun; it says nothing yet.
    """

    job: str
    candidate: str | None
    hashes: dict[str, str]
    success: bool
    timestamp: int
    url: str = ""
    notes: str = ""
    in_progress: bool = False

    def document(self) -> dict[str, t.Any]:
        return {"schema": SCHEMA, **dataclasses.asdict(self)}


def check_vote(vote: Vote) -> Vote:
    """``vote`` if it can be reported; raises InvalidInput otherwise."""
    check_name(vote.job, "name of a job")
    check(SHA256, vote.candidate, "candidate's id", "it has 64 hexadecimal digits in lower case")
    if re.search(r"[^!-~]", vote.url) or len(vote.url) > 1024:
        raise InvalidInput(f"{shown(vote.url)} is not an address of a job's logs: no spaces, at most 1024 characters.")
    if isinstance(vote.timestamp, bool) or not 0 < vote.timestamp < 2**31:
        raise InvalidInput(f"The timestamp {shown(vote.timestamp)} is not in seconds since 1970.")
    return vote


def same_result(votes: t.Iterable[Vote], vote: Vote, any_time: bool = False) -> Vote | None:
    """The vote among ``votes`` that says what ``vote`` says, or None.

    :param any_time: the time is not known: it is then the job's newest vote, or nothing. A job that failed after it
        had succeeded and succeeds again has something new to say.
    """
    own = [
        other for other in votes if (other.job, other.candidate) == (vote.job, vote.candidate) and not other.in_progress
    ]
    if any_time:
        own = sorted(own, key=lambda other: other.timestamp)[-1:]
    for other in own:
        if (other.success, other.url, other.notes) == (vote.success, vote.url, vote.notes) and (
            any_time or other.timestamp == vote.timestamp
        ):
            return other
    return None


class VoteStore(abc.ABC):
    """A place for votes."""

    @abc.abstractmethod
    def read(self, candidate: Candidate) -> list[Vote]:
        """All votes on the candidate's hashes, those of other candidates with the same hashes included."""

    @abc.abstractmethod
    def report(self, candidate: Candidate, vote: Vote) -> bool:
        """Write ``vote`` unless it is there already; whether it was written."""

    def require_known(self, candidate: Candidate, votes: list[Vote]) -> None:  # noqa: B027
        """Refuse a candidate that a vote cannot be filed under.

        :param votes: those that :meth:`read` found.
        """

    @abc.abstractmethod
    def jobs(self) -> list[str]:
        """The names of all jobs that ever voted, on any candidate."""

    def confirm(self, candidate: Candidate) -> None:  # noqa: B027
        """See that what votes are filed under is this candidate; raises Refused if it is something else."""

    def hashes(self, candidate: Candidate) -> dict[str, str]:
        """What votes on this candidate are filed under."""
        if candidate.aggregate_hash:
            return {"aggregate_hash": candidate.aggregate_hash}
        return candidate.components[0].hashes if len(candidate.components) == 1 else {}


class DlrnVoteStore(VoteStore):
    """Votes that DLRN's API keeps: on the aggregate, or on the commit where DLRN runs without components."""

    def __init__(self, client: DlrnClient) -> None:
        self.client = client

    def hashes(self, candidate: Candidate) -> dict[str, str]:
        hashes = super().hashes(candidate)
        if not hashes:
            raise InvalidInput(
                f"DLRN cannot keep votes on candidate {candidate.id}: it is of kind {candidate.kind}, with "
                f"{len(candidate.components)} components and no aggregate_hash. Stage it under a label and resolve "
                "that, or keep its votes in a directory."
            )
        return hashes

    def read(self, candidate: Candidate) -> list[Vote]:
        return self.filed_under(self.hashes(candidate))

    def confirm(self, candidate: Candidate) -> None:
        confirm_aggregate(self.client, candidate)

    def filed_under(self, hashes: dict[str, str]) -> list[Vote]:
        """All votes on these hashes. One request: DLRN answers all votes of a hash at once."""
        path = "agg_status" if "aggregate_hash" in hashes else "repo_status"
        answer = self.client.get(path, **hashes)
        try:
            votes = [_from_dlrn(row, hashes) for row in answer]
            found = [{name: row[name] for name in NAMING[path] if name in row} for row in answer]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Unavailable(
                f"The DLRN API {self.client.api_url} answers votes that cannot be understood: {error!r:.200}"
            ) from error
        for named in found:
            self._require_same(hashes, named)
        return votes

    def _require_same(self, hashes: dict[str, str], found: dict[str, t.Any]) -> None:
        """What DLRN answers for must be what was asked for.

        :raises Refused: it is a newer commit with the same hashes and an extended hash besides.
        """
        other = {name: value for name, value in found.items() if (value or None) != hashes.get(name)}
        if other:
            told = ", ".join(f"{name} {shown(value)}" for name, value in other.items())
            asked = ", ".join(f"{name} {value}" for name, value in hashes.items())
            raise Refused(
                f"The DLRN API {self.client.api_url} answers for another commit, of {told}, when asked for {asked}: it "
                "has built these commits again with an extended hash. Votes on one are not votes on the other. "
                "Resolve a candidate of the newer one, or keep votes in a directory."
            )

    def report(self, candidate: Candidate, vote: Vote) -> bool:
        """DLRN would file the same vote twice: it looks first, and looks again when an answer was lost."""
        check_vote(vote)
        hashes = self.hashes(candidate)
        pauses = backoff()
        for left in range(self.client.web.retries, -1, -1):
            votes = self.read(candidate)
            if same_result(votes, vote):
                return left < self.client.web.retries
            self.require_known(candidate, votes)
            try:
                answer = self.client.post("report_result", _to_dlrn(vote, hashes))
                if isinstance(answer, dict) and "extended_hash" in answer and "commit_hash" in hashes:
                    self._require_same(hashes, {name: answer.get(name) for name in NAMING["repo_status"]})
                return True
            except Unavailable:
                pause = next(pauses)
                if not left or self.client.web.deadline.remaining <= pause:
                    raise
                self.client.web.sleep(pause)
        raise AssertionError("the last try returns or raises")

    def require_known(self, candidate: Candidate, votes: list[Vote]) -> None:
        """Refuse before anything is sent: an aggregate that was never promoted, a commit that is taken for another."""
        hashes = self.hashes(candidate)
        if "commit_hash" in hashes and not votes:
            sibling = sibling_of(
                self.client, (hashes["commit_hash"], hashes["distro_hash"], hashes.get("extended_hash"))
            )
            self._require_same(hashes, {**hashes, **({"extended_hash": sibling} if sibling else {})})
        aggregate = hashes.get("aggregate_hash")
        if aggregate and not votes and not self.client.get("promotions", aggregate_hash=aggregate, limit=1):
            raise Refused(
                f"DLRN keeps votes only for aggregates that were promoted, and {aggregate} was not: "
                "stage the candidate under a label first."
            )

    def jobs(self) -> list[str]:
        """Reads the newest votes of both tables, many pages of 100 in one GraphQL request."""
        found: set[str] = set()
        for table in ("civoteAgg", "civote"):
            for start in range(0, MOST_VOTES, PAGE * PAGES):
                pages = self.client.graphql(
                    "{"
                    + " ".join(
                        f"p{number}: {table}(offset: {start + number * PAGE}) {{ciName}}" for number in range(PAGES)
                    )
                    + "}"
                )
                rows = [row for page in pages.values() for row in page or ()]
                found.update(str(row["ciName"]) for row in rows if row["ciName"])
                if len(rows) < PAGE * PAGES:
                    break
        # What DLRN itself votes when a repository is consistent.
        return sorted(found - {"consistent"})


class DirectoryVoteStore(VoteStore):
    """Votes as files: ``<candidate's id>/<job>-<timestamp>-<digest>.json``, for candidates that DLRN does not know.

    A file's name follows from its content, and it is written whole or not at all: two jobs never write the same file
    with different content, and nobody reads half a vote.
    """

    def __init__(self, path: str) -> None:
        self.path = path

    def read(self, candidate: Candidate) -> list[Vote]:
        folder = os.path.join(self.path, candidate.id)
        names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
        return [self._read(os.path.join(folder, name)) for name in names if _is_vote(name)]

    def report(self, candidate: Candidate, vote: Vote) -> bool:
        check_vote(vote)
        if vote.candidate != candidate.id:
            raise InvalidInput(f"A vote on candidate {vote.candidate} cannot be filed under {candidate.id}.")
        if same_result(self.read(candidate), vote):
            return False
        name = f"{vote.job}-{vote.timestamp}-{digest(vote.document())[:12]}.json"
        write_document(os.path.join(self.path, candidate.id, name), vote.document())
        return True

    def jobs(self) -> list[str]:
        found: set[str] = set()
        for folder, folders, names in os.walk(self.path):
            folders.sort()
            found.update(self._read(os.path.join(folder, name)).job for name in names if _is_vote(name))
        return sorted(found)

    def _read(self, path: str) -> Vote:
        document = read_document(path, SCHEMA, "vote")
        fields: dict[str, t.Any] = {field.name: document.get(field.name) for field in dataclasses.fields(Vote)}
        if {"schema", *fields} != set(document):
            raise InvalidInput(f"The vote {path} does not have the keys of {SCHEMA}: {', '.join(sorted(fields))}.")
        for (name, value), kind in zip(fields.items(), (str, str, dict, bool, int, str, str, bool)):
            if not isinstance(value, kind) or isinstance(value, bool) is not (kind is bool):
                raise InvalidInput(f"The vote {path} has {name} {shown(value)}, not {kind.__name__}.")
        return check_vote(Vote(**fields))


def _is_vote(name: str) -> bool:
    return name.endswith(".json") and not name.startswith(".")


def bound_notes(candidate: str | None, notes: str) -> str:
    """The notes as DLRN keeps them: the line that binds, then free text."""
    return "\n".join(part for part in (f"candidate: {candidate}" if candidate else "", notes) if part)


def _to_dlrn(vote: Vote, hashes: dict[str, str]) -> dict[str, t.Any]:
    # DLRN reads "success" with strtobool, which fails on a boolean of JSON.
    return {
        **hashes,
        "job_id": vote.job,
        "success": "true" if vote.success else "false",
        "timestamp": vote.timestamp,
        "url": vote.url,
        "notes": bound_notes(vote.candidate, vote.notes),
    }


def _from_dlrn(row: dict[str, t.Any], hashes: dict[str, str]) -> Vote:
    notes, url = row["notes"] or "", row["url"] or ""
    if not isinstance(notes, str) or not isinstance(url, str):
        raise TypeError(f"notes {shown(notes)} or url {shown(url)} is not text")
    if isinstance(row["timestamp"], (bool, float)) or not 0 <= int(row["timestamp"]) < 2**40:
        raise ValueError(f"the timestamp {shown(row['timestamp'])} is not a moment in seconds since 1970")
    bound = BOUND.match(notes)
    return Vote(
        job=str(row["job_id"]),
        candidate=bound.group(1) if bound else None,
        hashes=hashes,
        success=_flag(row["success"]),
        timestamp=int(row["timestamp"]),
        url=url,
        notes=notes[bound.end() :] if bound else notes,
        in_progress=_flag(row["in_progress"]),
    )


def _flag(value: t.Any) -> bool:
    """``value`` if it is true or false: the text "false" must not count as a success."""
    if not isinstance(value, bool):
        raise TypeError(f"{shown(value)} is neither true nor false")
    return value
