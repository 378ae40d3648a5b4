# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""The gate at work: gathers what a decision needs, decides, and leaves the decision as a file.

Whatever cannot be read or understood means "do not promote": the decision then says so, in place of an earlier one
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
    timestamp,
)
from ..._gate.waivers import Waiver, parse_waivers
from ..._module.documents import read_document, read_yaml, write_document
from ..._module.errors import InvalidInput, Refused, RelengError
from .expectation import Expectation

VOTE_KEYS: dict[str, t.Any] = {
    "job": str,
    "candidate": (str, type(None)),
    "success": bool,
    "timestamp": int,
    "url": str,
    "in_progress": bool,
}
# Seconds that the moment of a decision on file stands for the same decision made again.
KEPT = 600
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
        :raises Exception: the question cannot be answered; the decision on file says so.
        """
        subjects: list[Subject] = []
        try:
            decision, unused, unsaid = self._decide(subjects)
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
            "not_confirmed": unsaid,
        }
        if diff and self.params["path"]:
            result["diff"] = {"before": before, "after": decision}
        if not decision["promote"] and self.params["fail_unless_promoted"]:
            raise Refused(sentence(decision), **result)
        return result

    def _decide(self, subjects: list[Subject]) -> tuple[dict[str, t.Any], list[str], list[str]]:
        """The decision, the keys of the criteria that mean nothing, and what of the candidates nobody said anything
        about; ``subjects`` is filled on the way."""
        candidates = [_candidate(given) for given in _as_list(self.params["candidate"])]
        if not candidates:
            raise InvalidInput("No candidate was given: there is nothing to decide on.")
        subjects += [Subject(candidate.id, candidate.distro, ()) for candidate in candidates]
        criteria = _criteria(self.params["criteria"])
        names = {part.component for candidate in candidates for part in candidate.components if part.component}
        target = criteria.target(self.params["target"], sorted(names))
        waivers = _waivers(self.params["waivers"])
        expectation = Expectation.from_params(self.params)
        store = self._store(candidates)
        unsaid: dict[str, None] = {}
        for candidate in candidates:
            unsaid.update(dict.fromkeys(expectation.check(candidate)))
            store.confirm(candidate)
        subjects[:] = [Subject(candidate.id, candidate.distro, store.read(candidate)) for candidate in candidates]
        decision = evaluate(target, subjects, waivers, self.now)
        known = self._known_jobs(decision, target, store)
        if known is not None:
            decision = evaluate(target, subjects, waivers, self.now, known)
        return decision, list(criteria.unused), list(unsaid)

    def _store(self, candidates: list[Candidate]) -> VoteStore:
        """Where votes are: that is for whoever asks to say, and never for the candidate."""
        if self.params["votes"] is not None:
            return GivenVotes(self.params["votes"])
        if self.params["directory"]:
            return SeveralVoteStores([DirectoryVoteStore(path) for path in _as_list(self.params["directory"])])
        if not self.params["api_url"]:
            named = sorted({str(url) for one in candidates if (url := one.source.get("api_url"))})
            hint = f" The lockfile says that it was resolved at {', '.join(named)}." if named else ""
            raise InvalidInput(
                "Where are the votes? Set api_url (or the environment's DLRNAPI_URL) or directory: what is judged does "
                f"not choose its judge.{hint}"
            )
        return DlrnVoteStore(DlrnClient.from_params(self.params))

    @staticmethod
    def _known_jobs(decision: dict[str, t.Any], target: Target, store: VoteStore) -> set[str] | None:
        """The names of all jobs that ever voted, if a job has no vote here; None where nobody can say."""
        if not missing_jobs(decision, target):
            return None
        try:
            return set(store.jobs())
        except RelengError:
            return None  # it would only have made the explanation better

    def _keep(self, decision: dict[str, t.Any], check_mode: bool) -> tuple[dict[str, t.Any], bool, dict[str, t.Any]]:
        """Write the decision unless the file says the same already; the decision on file, whether it was written, and
        what was there. When nothing but the moment of evaluation would change, the file keeps an earlier moment that is
        not long ago: a promotion asks how old a decision is."""
        path = self.params["path"]
        if not path:
            return decision, False, {}
        try:
            before = read_document(path, SCHEMA, "decision")
        except RelengError:
            before = {}  # none yet, or damaged: replaced
        same = {**before, "evaluated_at": decision["evaluated_at"]} == decision
        if same and timestamp(self.now - KEPT) <= before["evaluated_at"] <= decision["evaluated_at"]:
            return before, False, before
        if not check_mode:
            write_document(path, decision)
        return decision, True, before


class SeveralVoteStores(VoteStore):
    """Votes that lie in several folders, such as those of the jobs that a candidate of Koji went through."""

    def __init__(self, stores: t.Sequence[VoteStore]) -> None:
        self.stores = stores

    def read(self, candidate: Candidate) -> list[Vote]:
        return [vote for store in self.stores for vote in store.read(candidate)]

    def report(self, candidate: Candidate, vote: Vote) -> bool:
        raise InvalidInput("Which of the folders a vote belongs in cannot be told.")

    def jobs(self) -> list[str]:
        return sorted({job for store in self.stores for job in store.jobs()})


class GivenVotes(VoteStore):
    """Votes that the caller has, as ``dlrn_vote_info`` returns them."""

    def __init__(self, votes: t.Sequence[t.Any]) -> None:
        self.votes = [_vote(data, f"Vote {number} of those given") for number, data in enumerate(votes, 1)]

    def read(self, candidate: Candidate) -> list[Vote]:
        return self.votes

    def report(self, candidate: Candidate, vote: Vote) -> bool:
        raise InvalidInput("Votes that were given as a list cannot be added to.")

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
