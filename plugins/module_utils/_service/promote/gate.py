# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""The gate at work: gathers what a decision needs, decides, and leaves the decision as a file.

Whatever can not be read or understood means "do not promote": the decision then says so, in place of an earlier one
that said yes, and the error goes on to the caller.
"""

from __future__ import annotations

import dataclasses
import os
import typing as t

from ..._dlrn.candidate import Candidate, read_candidate
from ..._dlrn.client import DlrnClient
from ..._dlrn.votes import DirectoryVoteStore, DlrnVoteStore, Vote, VoteStore
from ..._gate.criteria import Criteria, Target, load_criteria
from ..._gate.decision import (
    SCHEMA,
    TABLE_HEADS,
    Subject,
    evaluate,
    missing_jobs,
    refusal,
    sentence,
    table,
    table_rows,
)
from ..._gate.waivers import Waiver, parse_waivers
from ..._module.documents import read_document, read_yaml, write_document
from ..._module.errors import InvalidInput, Refused, RelengError

VOTE_KEYS: dict[str, t.Any] = {
    "job": str,
    "candidate": (str, type(None)),
    "success": bool,
    "timestamp": int,
    "url": str,
    "in_progress": bool,
}
# Keys of a vote that travel along and decide nothing.
OTHER_VOTE_KEYS = {"schema", "bound", "hashes", "notes"}


@dataclasses.dataclass
class Gate:
    """One decision.

    :param params: the module's options.
    :param now: seconds since the epoch.
    """

    params: t.Mapping[str, t.Any]
    now: float

    def run(self, check_mode: bool, diff: bool) -> dict[str, t.Any]:
        """Decide and write the decision; what the module returns.

        :raises Refused: the candidate is not to be promoted, unless ``fail_unless_promoted`` is false.
        :raises Exception: the question can not be answered; the decision on file says so.
        """
        subjects: list[Subject] = []
        try:
            decision, unused = self._decide(subjects)
        except Exception as error:
            # Whatever it was: a decision of before that says yes must not outlive it. Only the names of the candidates
            # are needed here, and as many as could be read.
            message = error.message if isinstance(error, RelengError) else f"{type(error).__name__}: {error}"
            self._keep(refusal(self.params["target"], subjects, self.now, [message]), check_mode)
            raise
        decision, changed, before = self._keep(decision, check_mode)
        result = {
            "changed": changed,
            "promote": decision["promote"],
            "decision": decision,
            "summary": sentence(decision),
            "table": table(decision),
            "heads": list(TABLE_HEADS),
            "rows": table_rows(decision),
            "unused_keys": unused,
        }
        if diff and self.params["path"]:
            result["diff"] = {"before": before, "after": decision}
        if not decision["promote"] and self.params["fail_unless_promoted"]:
            raise Refused(sentence(decision), **result)
        return result

    def _decide(self, subjects: list[Subject]) -> tuple[dict[str, t.Any], list[str]]:
        """The decision, and the keys of the criteria that mean nothing; ``subjects`` is filled on the way."""
        candidates = [_candidate(given) for given in _as_list(self.params["candidate"])]
        if not candidates:
            raise InvalidInput("No candidate was given: there is nothing to decide on.")
        subjects += [Subject(candidate.id, candidate.distro, ()) for candidate in candidates]
        criteria = _criteria(self.params["criteria"])
        names = {part.component for candidate in candidates for part in candidate.components if part.component}
        target = criteria.target(self.params["target"], sorted(names))
        waivers = _waivers(self.params["waivers"])
        stores = [self._store(candidate) for candidate in candidates]
        subjects[:] = [
            Subject(candidate.id, candidate.distro, store.read(candidate))
            for candidate, store in zip(candidates, stores)
        ]
        decision = evaluate(target, subjects, waivers, self.now)
        known = self._known_jobs(decision, target, stores)
        if known is not None:
            decision = evaluate(target, subjects, waivers, self.now, known)
        return decision, list(criteria.unused)

    def _store(self, candidate: Candidate) -> VoteStore:
        """Where the candidate's votes are."""
        if self.params["votes"] is not None:
            return GivenVotes(self.params["votes"])
        if self.params["directory"]:
            return DirectoryVoteStore(self.params["directory"])
        api_url = self.params["api_url"] or candidate.source.get("api_url")
        return DlrnVoteStore(DlrnClient.from_params({**self.params, "api_url": api_url}))

    @staticmethod
    def _known_jobs(decision: dict[str, t.Any], target: Target, stores: list[VoteStore]) -> set[str] | None:
        """The names of all jobs that ever voted, if a job has no vote here; None where nobody can say."""
        if not missing_jobs(decision, target):
            return None
        try:
            return {job for store in stores for job in store.jobs()}
        except RelengError:
            return None  # it would only have made the explanation better

    def _keep(self, decision: dict[str, t.Any], check_mode: bool) -> tuple[dict[str, t.Any], bool, dict[str, t.Any]]:
        """Write the decision unless the file says the same already; the decision on file, whether it was written, and
        what was there. When nothing but the moment of evaluation would change, the file keeps the earlier moment."""
        path = self.params["path"]
        if not path:
            return decision, False, {}
        try:
            before = read_document(path, SCHEMA, "decision")
        except RelengError:
            before = {}  # none yet, or damaged: replaced
        if {**before, "evaluated_at": decision["evaluated_at"]} == decision:
            return before, False, before
        if not check_mode:
            write_document(path, decision)
        return decision, True, before


class GivenVotes(VoteStore):
    """Votes that the caller has, as ``dlrn_vote_info`` returns them."""

    def __init__(self, votes: t.Sequence[t.Any]) -> None:
        self.votes = [_vote(data, f"Vote {number} of those given") for number, data in enumerate(votes, 1)]

    def read(self, candidate: Candidate) -> list[Vote]:
        return self.votes

    def report(self, candidate: Candidate, vote: Vote) -> bool:
        raise InvalidInput("Votes that were given as a list can not be added to.")

    def jobs(self) -> list[str]:
        return sorted({vote.job for vote in self.votes})


def _vote(data: t.Any, where: str) -> Vote:
    if not isinstance(data, dict):
        raise InvalidInput(f"{where} is {data!r}; a mapping is needed.")
    given = {"candidate": None, "url": "", "in_progress": False, **data}
    unknown = sorted(str(key) for key in given if key not in VOTE_KEYS and key not in OTHER_VOTE_KEYS)
    if unknown:
        raise InvalidInput(f"{where} has unknown keys: {', '.join(unknown)}.")
    for key, kind in VOTE_KEYS.items():
        value = given.get(key)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)) or (key == "job" and not value):
            raise InvalidInput(f"{where}: {key} is {value!r}, which no vote has.")
    return Vote(hashes={}, **{key: given[key] for key in VOTE_KEYS})


def _candidate(given: t.Any) -> Candidate:
    if isinstance(given, dict):
        return Candidate.from_document(given)
    return read_candidate(_path(given, "candidate"))


def _criteria(given: t.Any) -> Criteria:
    if isinstance(given, dict):
        return load_criteria(given, "given")
    path = _path(given, "criteria")
    return load_criteria(read_yaml(path, "criteria file"), path)


def _waivers(given: t.Any) -> list[Waiver]:
    """Waivers out of files, and out of mappings that stand beside their paths."""
    items = _as_list(given)
    waivers = parse_waivers([item for item in items if not isinstance(item, str)], "the option waivers")
    for item in items:
        if isinstance(item, str):
            path = _path(item, "waivers")
            waivers += parse_waivers(read_yaml(path, "file of waivers"), path)
    return waivers


def _as_list(given: t.Any) -> list[t.Any]:
    if given is None:
        return []
    return given if isinstance(given, list) else [given]


def _path(given: t.Any, option: str) -> str:
    if not isinstance(given, str) or not given:
        raise InvalidInput(f"The option {option} is {given!r}; a path or a mapping is needed.")
    return os.path.abspath(os.path.expanduser(given))
