# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Criteria × votes × waivers → decision.

Pure: nothing is read or written, the time is an argument, and neither the order of votes nor that of criteria or
waivers matters. The same inputs give the same decision, byte for byte.
"""

from __future__ import annotations

import dataclasses
import datetime
import difflib
import math
import typing as t

from .._module.errors import InvalidInput
from .._module.table import text_table
from .criteria import Group, Requirement, Target, jobs_of
from .waivers import Waiver

SCHEMA = "rdo.releng/decision/1"
# Why a requirement is not met; the worst one speaks for a group.
REASONS = ("failed", "stale", "unbound", "missing")
# Seconds by which the clocks of those who vote may differ from the gate's.
CLOCKS = 3600


class Vote(t.Protocol):
    """What the gate reads of a vote, whichever store it came from."""

    @property
    def job(self) -> str: ...
    @property
    def candidate(self) -> str | None: ...
    @property
    def success(self) -> bool: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def url(self) -> str: ...
    @property
    def in_progress(self) -> bool: ...


@dataclasses.dataclass(frozen=True)
class Subject:
    """A candidate to decide on.

    :param votes: all that its hashes have, its own and those of others.
    """

    candidate: str
    distro: str
    votes: t.Sequence[Vote]


@dataclasses.dataclass(frozen=True)
class _Verdict:
    """What became of one requirement.

    :param reason: empty when it is met.
    :param until: the last second at which it is met without anybody doing anything.
    """

    reason: str
    explanation: str
    votes: tuple[Vote, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    until: float = math.inf


@dataclasses.dataclass
class _Judge:
    """Answers for one candidate."""

    target: Target
    subject: Subject
    waivers: t.Sequence[Waiver]
    now: float
    known_jobs: t.Collection[str] | None

    def __post_init__(self) -> None:
        self.votes: dict[str, list[Vote]] = {}
        for vote in self.subject.votes:
            self.votes.setdefault(vote.job, []).append(vote)

    def judge(self, requirement: Requirement, waive: bool) -> _Verdict:
        if isinstance(requirement, Group):
            return self._judge_group(requirement, waive)
        own = self._judge_votes(requirement)
        if not own.reason:
            return own
        others = sorted(self.target.alternatives.get(requirement, ()))
        considered = [own]
        for other in others:
            verdict = self._judge_votes(other)
            by = f"by its alternative {other}"
            if not verdict.reason:
                said = [one.explanation for one in (*considered, verdict)]
                votes = tuple(vote for one in (verdict, *considered) for vote in one.votes)
                return dataclasses.replace(verdict, explanation=f"{'; '.join(said)}, {by}", votes=votes)
            considered.append(
                dataclasses.replace(verdict, explanation=f"its alternative {other}: {verdict.explanation}")
            )
        own = _with_others(considered[0], considered[1:])
        waivers = tuple(waiver for waiver in self.waivers if waive and waiver.waives == requirement)
        if waivers:
            # An end is the first second at which a waiver waives nothing.
            return dataclasses.replace(own, reason="", waivers=waivers, until=max(one.ends for one in waivers) - 1)
        return own

    def _judge_group(self, group: Group, waive: bool) -> _Verdict:
        parts = sorted(((describe(part), self.judge(part, waive)) for part in group.of), key=lambda part: part[0])
        met = [verdict for _name, verdict in parts if not verdict.reason]
        enough = len(met) >= group.count
        speaking = [(name, verdict) for name, verdict in parts if bool(verdict.reason) != enough]
        besides = [
            dataclasses.replace(verdict, explanation=f"{name}: {verdict.explanation}")
            for name, verdict in parts
            if bool(verdict.reason) == enough
        ]
        verdict = _Verdict(
            "" if enough else min((verdict.reason for _name, verdict in speaking), key=REASONS.index),
            "; ".join(f"{name}: {verdict.explanation}" for name, verdict in speaking),
            tuple(vote for _name, verdict in speaking for vote in verdict.votes),
            tuple(waiver for verdict in met for waiver in verdict.waivers),
            sorted((verdict.until for verdict in met), reverse=True)[group.count - 1] if enough else math.inf,
        )
        return _with_others(verdict, besides)

    def _judge_votes(self, job: str) -> _Verdict:
        """What the votes of one job say, waivers and alternatives left out."""
        votes = self.votes.get(job, [])
        ours = [vote for vote in votes if self._counts(vote)]
        done = [vote for vote in ours if not vote.in_progress]
        if not done:
            return self._judge_absence(job, votes, ours)
        # A success that is yet to come proves nothing, and must not hide a failure.
        known = [vote for vote in done if not vote.success or vote.timestamp <= self.now + CLOCKS]
        if not known:
            newest = max(done, key=_rank)
            why = f"passed at {timestamp(newest.timestamp)}, which is yet to come: is a clock wrong?"
            return _Verdict("stale", why, (newest,))
        newest = max(known, key=_rank)
        if self.target.any_success:
            newest = max((vote for vote in known if vote.success), key=_rank, default=newest)
        when = timestamp(newest.timestamp)
        if not newest.success:
            return _Verdict("failed", f"failed at {when}", (newest,))
        if self.target.max_age is not None and newest.timestamp < self.now - self.target.max_age:
            return _Verdict("stale", f"passed at {when}, more than {self.target.max_age:g} s ago", (newest,))
        until = math.inf if self.target.max_age is None else newest.timestamp + self.target.max_age
        return _Verdict("", f"passed at {when}", (newest,), until=until)

    def _judge_absence(self, job: str, votes: list[Vote], ours: list[Vote]) -> _Verdict:
        """Why there is no vote to judge by."""
        if ours:
            running = max(ours, key=_rank)
            return _Verdict("missing", f"in progress since {timestamp(running.timestamp)}", (running,))
        done = [vote for vote in votes if not vote.in_progress]
        if done:
            other = max(done, key=_rank)
            whose = f"is of candidate {other.candidate}" if other.candidate else "names no candidate"
            return _Verdict("unbound", f"the vote of {timestamp(other.timestamp)} {whose}", (other,))
        if self.known_jobs is not None and job not in self.known_jobs:
            closest = difflib.get_close_matches(job, sorted(self.known_jobs), 3)
            return _Verdict("missing", f"never voted; closest: {', '.join(closest) or 'none'}")
        return _Verdict("missing", "no vote")

    def _counts(self, vote: Vote) -> bool:
        return vote.candidate == self.subject.candidate or (vote.candidate is None and self.target.accept_unbound)


def _with_others(verdict: _Verdict, others: t.Sequence[_Verdict]) -> _Verdict:
    """``verdict`` with what else was considered, so that whoever reads the decision sees all of it."""
    if not others:
        return verdict
    said = "; ".join(other.explanation for other in others)
    votes = tuple(vote for other in others for vote in other.votes)
    return dataclasses.replace(verdict, explanation=f"{verdict.explanation} ({said})", votes=(*verdict.votes, *votes))


def evaluate(
    target: Target,
    subjects: t.Sequence[Subject],
    waivers: t.Iterable[Waiver],
    now: float,
    known_jobs: t.Collection[str] | None = None,
) -> dict[str, t.Any]:
    """Decide whether the candidates may be promoted to ``target``, together or not at all.

    :param subjects: one candidate for each distribution.
    :param now: seconds since the epoch; ages of votes and ends of waivers are counted from it.
    :param known_jobs: all jobs that ever voted, to tell a misspelt job from one that has not voted yet.
    :returns: the decision, schema ``rdo.releng/decision/1``.
    """
    given = [subject.distro for subject in subjects]
    for distro in sorted(given):
        if given.count(distro) > 1:
            raise InvalidInput(f"More than one candidate is for {distro}; one for each distribution is needed.")
        if target.distros and distro not in target.distros:
            raise InvalidInput(f"A candidate is for {distro}; the criteria are for {', '.join(target.distros)}.")
    ids = {subject.candidate for subject in subjects}
    scoped = [waiver for waiver in waivers if waiver.candidate in ids or waiver.label == target.name]
    expired = [waiver for waiver in scoped if waiver.is_expired(now)]
    live = [waiver for waiver in scoped if not waiver.is_expired(now)]
    decision = refusal(target.name, subjects, now, [])
    used: set[Waiver] = set()
    until = math.inf
    for distro in target.distros:
        if distro not in given:
            decision["unsatisfied"].append(
                _entry(f"a candidate for {distro}", distro, None, _Verdict("missing", "none was given"))
            )
    for subject in subjects:
        applying = [waiver for waiver in live if waiver.candidate in (None, subject.candidate)]
        judge = _Judge(target, subject, applying, now, known_jobs)
        for requirement in target.requirements:
            verdict = judge.judge(requirement, waive=False)
            place = "satisfied"
            if verdict.reason:
                verdict = judge.judge(requirement, waive=True)
                place = "unsatisfied" if verdict.reason else "waived"
                used.update(verdict.waivers if place == "waived" else ())
            until = min(until, verdict.until)
            decision[place].append(_entry(describe(requirement), subject.distro, subject.candidate, verdict))
    for place in ("satisfied", "unsatisfied", "waived"):
        decision[place].sort(key=lambda entry: (entry["requirement"], entry["distro"]))
    decision["expired_waivers"] = _waiver_data(expired)
    decision["unused_waivers"] = _waiver_data(waiver for waiver in live if waiver not in used)
    decision["promote"] = not decision["unsatisfied"] and bool(subjects)
    if decision["promote"] and until != math.inf:
        decision["valid_until"] = timestamp(until)
    return decision


def refusal(target: str, subjects: t.Sequence[Subject], now: float, errors: list[str]) -> dict[str, t.Any]:
    """The decision not to promote, because ``errors`` kept anybody from judging."""
    ids = sorted(
        ({"id": subject.candidate, "distro": subject.distro} for subject in subjects), key=lambda c: c["distro"]
    )
    return {
        "schema": SCHEMA,
        "promote": False,
        "target": target,
        "candidate": ids[0]["id"] if len(ids) == 1 else None,
        "candidates": ids,
        "evaluated_at": timestamp(now),
        "valid_until": None,
        "satisfied": [],
        "unsatisfied": [],
        "waived": [],
        "expired_waivers": [],
        "unused_waivers": [],
        "errors": errors,
    }


def describe(requirement: Requirement) -> str:
    """A requirement in words: the job's name, or "any of a, b"; the same for every order of writing."""
    if isinstance(requirement, str):
        return requirement
    parts = ", ".join(
        sorted(f"({describe(part)})" if isinstance(part, Group) else part for part in requirement.of),
    )
    return f"{f'at least {requirement.count}' if requirement.kind == 'at_least' else requirement.kind} of {parts}"


def missing_jobs(decision: t.Mapping[str, t.Any], target: Target) -> set[str]:
    """Jobs that a decision asks for and that have not voted: worth a look whether they ever have."""
    open_requirements = {entry["requirement"] for entry in decision["unsatisfied"] if entry["reason"] == "missing"}
    return {
        job
        for requirement in target.requirements
        if describe(requirement) in open_requirements
        for job in jobs_of(requirement)
    }


def sentence(decision: t.Mapping[str, t.Any]) -> str:
    """A decision in one line."""
    who = decision["candidate"][:12] if decision["candidate"] else f"{len(decision['candidates'])} candidates"
    if decision["promote"]:
        waived = f", {len(decision['waived'])} waived" if decision["waived"] else ""
        return f"Promote {who} to {decision['target']}: {len(decision['satisfied'])} satisfied{waived}."
    causes = [*decision["errors"], *(f"{e['requirement']}: {e['explanation']}" for e in decision["unsatisfied"])]
    return f"Do not promote {who} to {decision['target']}: {'; '.join(causes[:5])}{'; …' if len(causes) > 5 else ''}"


def table(decision: t.Mapping[str, t.Any]) -> str:
    """A decision as a table, what stands in the way first."""
    return text_table(TABLE_HEADS, table_rows(decision))


TABLE_HEADS = ("requirement", "distro", "result", "why", "log")


def table_rows(decision: t.Mapping[str, t.Any]) -> list[list[str]]:
    """The rows of :func:`table`."""
    rows = [["", "", "error", error, ""] for error in decision["errors"]]
    for place in ("unsatisfied", "waived", "satisfied"):
        for entry in decision[place]:
            why = entry["explanation"]
            for waiver in entry.get("waivers", []):
                why += f"; waived by {waiver['owner']} until {waiver['until']}: {waiver['reason']}"
            urls = " ".join(vote["url"] for vote in entry["votes"] if vote["url"])
            rows.append([entry["requirement"], entry["distro"], entry.get("reason", place), why, urls])
    for waiver in decision["expired_waivers"]:
        why = f"the waiver of {waiver['owner']} ended on {waiver['until']}: {waiver['reason']}"
        rows.append([waiver["waives"], "", "expired", why, ""])
    return rows


def timestamp(seconds: float) -> str:
    """A moment as decisions have it: UTC, to the second."""
    try:
        moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    except (ValueError, OverflowError, OSError):
        raise InvalidInput(f"{seconds!r} is not a moment in seconds since 1970.") from None
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _entry(requirement: str, distro: str, candidate: str | None, verdict: _Verdict) -> dict[str, t.Any]:
    votes = {_rank(vote): _vote_data(vote) for vote in verdict.votes}
    entry: dict[str, t.Any] = {
        "requirement": requirement,
        "distro": distro,
        "candidate": candidate,
        "explanation": verdict.explanation,
        "votes": [votes[rank] for rank in sorted(votes)],
    }
    if verdict.reason:
        entry["reason"] = verdict.reason
    elif verdict.waivers:
        entry["waivers"] = _waiver_data(verdict.waivers)
    return entry


def _vote_data(vote: Vote) -> dict[str, t.Any]:
    return {
        "job": vote.job,
        "candidate": vote.candidate,
        "success": vote.success,
        "timestamp": vote.timestamp,
        "url": vote.url,
        "in_progress": vote.in_progress,
    }


def _rank(vote: Vote) -> tuple[t.Any, ...]:
    """Later is greater; at the same second a failure is. The rest only makes the order the same every time."""
    return (vote.timestamp, not vote.success, vote.in_progress, vote.job, vote.url or "", vote.candidate or "")


def _waiver_data(waivers: t.Iterable[Waiver]) -> list[dict[str, str]]:
    unique = {tuple(sorted(waiver.as_data().items())) for waiver in waivers}
    return [dict(items) for items in sorted(unique)]
