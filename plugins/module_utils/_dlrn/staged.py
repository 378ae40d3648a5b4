# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""The candidate that is under a staging label and was not decided on yet.

A label says which packages are staged, not which distribution and which tests they were pinned with. So whoever stages
a candidate votes for it with the lockfile as notes, and DLRN keeps that with the packages: the next run finds the very
same candidate again, wherever it runs. The lockfile's id shows that it came back as it was.
"""

from __future__ import annotations

import calendar
import dataclasses
import os
import time
import typing as t

from .._module.errors import InvalidInput, NotFound, Refused, RelengError
from .._module.json_text import load_json
from .._module.runner import Change, Plan
from .candidate import Candidate, read_candidate, utc, write_candidate
from .client import DlrnClient
from .names import check_name
from .promotion import Label, check_label, check_trunk, read_label
from .trunk import Trunk
from .votes import DlrnVoteStore, Vote


@dataclasses.dataclass
class StagedCandidate(Change):
    """The lockfile of what is staged, if there is something to go on with.

    :param connect: makes the client; called when the plan is made.
    :param label: the staging label.
    :param target: the label that the candidate is for.
    :param job: name of the vote that keeps the lockfile.
    :param max_age: seconds since it was resolved; None: any.
    :param path: for the lockfile; None: it is only returned.
    """

    connect: t.Callable[[], DlrnClient]
    label: str
    target: str
    job: str
    trunk_url: str | None = None
    max_age: float | None = None
    path: str | None = None
    clock: t.Callable[[], float] = time.time

    def plan(self) -> Plan:
        check_name(self.job, "name of a job")
        client, trunk = self.connect(), check_trunk(self.trunk_url)
        staged = read_label(client, check_label(self.label), trunk)
        held = read_label(client, check_label(self.target), trunk)
        self._candidate, reason = self._find(client, staged, held)
        result = {
            "candidate": self._candidate.document() if self._candidate else None,
            "reason": reason,
            "target_components": [held.held[key].document() for key in sorted(held.held, key=str)],
        }
        if not self._candidate or not self.path:
            return Plan({}, {}, [], result)
        before = read_candidate(self.path).document() if os.path.exists(self.path) else {}
        after = self._candidate.document()
        actions = [] if before == after else [f"write candidate {self._candidate.id} to {self.path}"]
        return Plan(before, after, actions, result)

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        if self._candidate and self.path:
            write_candidate(self.path, self._candidate)
        return {}

    def _find(self, client: DlrnClient, staged: Label, held: Label) -> tuple[Candidate | None, str]:
        """The candidate to go on with, or None, and the reason in a sentence."""
        if not staged.held:
            return None, f"Nothing is staged as {self.label}."
        if staged.disagreements:
            return None, f"{self.label} is not whole: {'; '.join(staged.disagreements)}."
        if held.hashes() == staged.hashes():
            return None, f"What is staged as {self.label} was promoted to {self.target}."
        since = staged.rows[0].timestamp
        if held.rows and held.rows[0].timestamp >= since:
            return (
                None,
                f"{self.target} was promoted at {utc(held.rows[0].timestamp)}, after {self.label} at {utc(since)}.",
            )
        try:
            candidate = self._kept(client, staged)
        except Refused as error:
            return None, error.message
        if candidate is None:
            return None, f"No vote of {self.job} keeps the lockfile of what is staged as {self.label}."
        age = self.clock() - _seconds(candidate.resolved_at)
        if self.max_age is not None and age > self.max_age:
            return (
                None,
                f"Candidate {candidate.id[:12]} is {age / 3600:.1f} h old; {self.max_age / 3600:g} h are allowed.",
            )
        if self.trunk_url:
            changed = self._changed(Trunk(self.trunk_url, client.web), candidate)
            if changed:
                return None, f"Candidate {candidate.id[:12]} is not what {self.label} holds: {changed}."
        return candidate, f"Candidate {candidate.id[:12]} of {candidate.resolved_at} is not decided on yet."

    def _changed(self, trunk: Trunk, candidate: Candidate) -> str:
        """What of ``candidate`` the label does not hold; a build that was made again has the same hashes."""
        try:
            there = {part.component: part for part in trunk.label(self.label).components}
        except (NotFound, InvalidInput) as error:
            return error.message.rstrip(".")
        changed = [part.repo_url for part in candidate.components if there.get(part.component) != part]
        return f"{', '.join(changed)} is another repository now" if changed else ""

    def _kept(self, client: DlrnClient, staged: Label) -> Candidate | None:
        """The newest lockfile among the votes on what is staged."""
        promoted = next(iter(staged.held.values()))
        hashes = {"commit_hash": promoted.commit_hash, "distro_hash": promoted.distro_hash}
        if promoted.extended_hash:
            hashes["extended_hash"] = promoted.extended_hash
        if staged.aggregate_hash:
            hashes = {"aggregate_hash": staged.aggregate_hash}
        votes = [vote for vote in DlrnVoteStore(client).filed_under(hashes) if vote.job == self.job]
        for vote in sorted(votes, key=lambda vote: vote.timestamp, reverse=True):
            candidate = _lockfile(vote)
            if candidate is None or candidate.aggregate_hash not in (None, staged.aggregate_hash):
                continue
            if {part.component: part.hashes for part in candidate.components} == _named(staged):
                return candidate
        return None


def _lockfile(vote: Vote) -> Candidate | None:
    """The candidate that a vote keeps, if it is the one that the vote is bound to."""
    try:
        candidate = Candidate.from_document(load_json(vote.notes, "The lockfile"), "in a vote's notes")
    except RelengError:
        return None
    return candidate if candidate.id == vote.candidate else None


def _named(staged: Label) -> dict[str | None, dict[str, str]]:
    """What a label holds, as :attr:`Component.hashes` has it."""
    names = ("commit_hash", "distro_hash", "extended_hash")
    return {
        component: {name: value for name in names if (value := getattr(promoted, name))}
        for component, promoted in staged.held.items()
    }


def _seconds(resolved_at: str) -> float:
    return calendar.timegm(time.strptime(resolved_at, "%Y-%m-%dT%H:%M:%SZ"))
