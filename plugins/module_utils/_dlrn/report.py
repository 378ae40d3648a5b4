# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What the modules for votes do: a job's result is known, once; and who has voted."""

from __future__ import annotations

import dataclasses
import time
import typing as t

from .._module.runner import Change, Plan
from .candidate import read_candidate
from .client import DlrnClient
from .votes import DirectoryVoteStore, DlrnVoteStore, Vote, VoteStore, check_vote, same_result


def store_of(params: t.Mapping[str, t.Any]) -> VoteStore:
    """The store that a module's options name: a directory, or else DLRN's API."""
    if params["directory"]:
        return DirectoryVoteStore(params["directory"])
    return DlrnVoteStore(DlrnClient.from_params(params))


@dataclasses.dataclass
class ReportedVote(Change):
    """A job's result on a candidate, in a store.

    :param store: asked for when the plan is made, so that an option it cannot use is an error like others.
    :param timestamp: when the job ended; None: now, unless the job's newest vote says the same.
    """

    store: t.Callable[[], VoteStore]
    lockfile: str
    job: str
    success: bool
    url: str
    notes: str
    timestamp: int | None = None
    clock: t.Callable[[], float] = time.time

    @classmethod
    def from_params(cls, params: t.Mapping[str, t.Any]) -> ReportedVote:
        own = {name: params[name] for name in ("job", "success", "url", "notes", "timestamp")}
        return cls(lambda: store_of(params), params["candidate"], **own)

    def plan(self) -> Plan:
        self._store = self.store()
        self._candidate = read_candidate(self.lockfile)
        self._vote = check_vote(
            Vote(
                job=self.job,
                candidate=self._candidate.id,
                hashes=self._store.hashes(self._candidate),
                success=self.success,
                timestamp=int(self.clock()) if self.timestamp is None else self.timestamp,
                url=self.url,
                notes=self.notes,
            )
        )
        votes = self._store.read(self._candidate)
        own = [vote for vote in votes if (vote.job, vote.candidate) == (self.job, self._candidate.id)]
        newest = max(own, key=lambda vote: vote.timestamp, default=None)
        before = {"vote": newest.document() if newest else None}
        there = same_result(votes, self._vote, any_time=self.timestamp is None)
        if there:
            return Plan(before, before, result={"vote": there.document()})
        self._store.require_known(self._candidate, votes)
        verdict = "success" if self.success else "failure"
        action = f"report {verdict} of {self.job} on candidate {self._candidate.id}"
        return Plan(before, {"vote": self._vote.document()}, [action], {"vote": self._vote.document()})

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        return {"changed": self._store.report(self._candidate, self._vote)}


def vote_info(params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What the module dlrn_vote_info returns for its options."""
    store = store_of(params)
    candidate = read_candidate(params["candidate"])
    votes = [vote for vote in store.read(candidate) if params["job"] in (None, vote.job)]
    result: dict[str, t.Any] = {
        "candidate": candidate.id,
        "votes": [
            {**vote.document(), "bound": vote.candidate == candidate.id}
            for vote in sorted(votes, key=lambda vote: (vote.timestamp, vote.job))
        ],
    }
    if params["all_jobs"]:
        result["jobs"] = store.jobs()
    return result
