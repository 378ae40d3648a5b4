# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Staging or promoting a candidate: compare with what is expected, swap, look again."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import time
import typing as t

from ..._dlrn.candidate import Candidate, read_candidate, utc, write_candidate
from ..._dlrn.client import DlrnClient
from ..._dlrn.promotion import (
    Facts,
    Hashes,
    Label,
    check_label,
    check_trunk,
    describe,
    may_be_done,
    new_rows,
    parse_hashes,
    promote,
    read_facts,
    read_label,
    sibling_of,
)
from ..._gate.decision import CLOCKS, timestamp
from ..._gate.decision import SCHEMA as DECISION
from ..._module.documents import check_schema, read_document
from ..._module.errors import Conflict, InvalidInput, Refused, RelengError, Unavailable
from ..._module.lock import held_lock
from ..._module.runner import Change, Plan
from ..._module.waiter import backoff

MEND = (
    "Either a promotion is at work this moment, or DLRN's API was killed in one. Try again; if it stays so, run "
    "rdo.releng.dlrn_repair on DLRN's host with labels [{label}], and promote again."
)
# A moment as decisions have it; of two, the later one is the greater text.
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
KEEP = "Resolve a candidate anew. Labels that must be kept are named to rdo.releng.dlrn_purge."


@dataclasses.dataclass
class PromotedCandidate(Change):
    """A label that holds a candidate.

    :param candidate: a lockfile's path, or its content.
    :param expected: what the label must hold now: ``absent``, a lockfile's path or content, or a list of hashes.
    :param decision: a decision file's path, or its content; None: nobody was asked.
    :param decision_max_age_hours: hours that a decision may be old; 0: any age.
    :param lock: file that keeps other promotions of this host out.
    """

    connect: t.Callable[[], DlrnClient]
    label: str
    candidate: t.Any
    expected: t.Any
    trunk_url: str | None = None
    allow_older: bool = False
    decision: t.Any = None
    decision_max_age_hours: float = 24.0
    lock: str | None = None
    lock_timeout: float = 0.0
    sleep: t.Callable[[float], None] = time.sleep
    clock: t.Callable[[], float] = time.time

    @classmethod
    def from_params(cls, params: t.Mapping[str, t.Any]) -> PromotedCandidate:
        names = [field.name for field in dataclasses.fields(cls) if field.name in params]
        return cls(connect=lambda: DlrnClient.from_params(params), **{name: params[name] for name in names})

    def plan(self) -> Plan:
        label = check_label(self.label)
        self._path, self._candidate = _load_candidate(self.candidate)
        if self._candidate.kind != "dlrn":
            raise InvalidInput(f"A candidate of kind {self._candidate.kind} is not of trunk; it cannot be promoted.")
        self.trunk_url = check_trunk(self.trunk_url)
        if self.decision_max_age_hours < 0:
            raise InvalidInput(f"decision_max_age_hours is {self.decision_max_age_hours:g}; 0 or more is needed.")
        self._decided = check_decision(self.decision, self._candidate, label)
        expected = parse_expected(self.expected)
        self._client = self.connect()
        self._before = self._read()
        self._agree(self._before)
        wanted = self._wanted()
        result: dict[str, t.Any] = {
            "label": label,
            "candidate": self._candidate.id,
            "components": [self._before.held[key].document() for key in sorted(self._before.held, key=str)],
            "aggregate_hash": self._before.aggregate_hash,
            "older": [],
        }
        before = _state(self._before.hashes(), self._before.aggregate_hash)
        if self._before.hashes() == wanted:
            self._check_aggregate(self._before)
            actions = self._lockfile_actions(self._before.aggregate_hash)
            return Plan(before, before, actions, result)
        self._check_still_valid()
        self._check_expected(expected)
        self._check_components()
        older = self._check_commits()
        actions = [f"promote candidate {self._candidate.id} to {label}", *self._lockfile_actions("its aggregate hash")]
        after = _state(wanted, self._candidate.aggregate_hash)
        return Plan(before, after, actions, {**result, "older": older})

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        if self._before.hashes() == self._wanted():
            return self._finish(self._before)
        with self._locked():
            if self.lock:
                now = self._read()
                self._agree(now)
                if now.hashes() == self._wanted():
                    # Whoever held the lock promoted the same.
                    return {"changed": self._path is not None and self._records(now), **self._finish(now)}
                if now.hashes() != self._before.hashes():
                    raise self._overtaken(now, "while this promotion waited for the lock")
                self._before = now
            self._check_still_valid()
            after = self._promote()
        return self._finish(after)

    # Reading and judging

    def _read(self) -> Label:
        return read_label(self._client, self.label, self.trunk_url)

    def _wanted(self) -> dict[str | None, Hashes]:
        return {
            one.component: (one.commit_hash, one.distro_hash, one.extended_hash) for one in self._candidate.components
        }

    def _agree(self, label: Label) -> None:
        """DLRN's API and its tree must say the same before anybody builds on it."""
        if label.disagreements:
            raise Conflict(
                f"DLRN's API and its tree {self.trunk_url} do not say the same about the label {label.name}: "
                f"{'; '.join(label.disagreements)}. {MEND.format(label=label.name)}",
                disagreements=list(label.disagreements),
            )

    def _check_still_valid(self) -> None:
        decided, now = self._decided, self.clock()
        if decided is None:
            return
        what = f"The decision to promote candidate {self._candidate.id}"
        again = "Let rdo.releng.promotion_gate decide again."
        if decided.valid_until is not None and timestamp(now) > decided.valid_until:
            raise Refused(
                f"{what} held until {decided.valid_until}. Since then a vote is too old, or a waiver has ended. {again}"
            )
        allowed = self.decision_max_age_hours * 3600
        if allowed and decided.evaluated_at < timestamp(max(0.0, now - allowed)):
            raise Refused(
                f"{what} was made at {decided.evaluated_at}; it may be {self.decision_max_age_hours:g} hours old "
                f"(decision_max_age_hours). {again}"
            )
        if decided.evaluated_at > timestamp(now + CLOCKS):
            raise Refused(f"{what} was made at {decided.evaluated_at}, which is yet to come: is a clock wrong? {again}")

    def _check_expected(self, expected: dict[str | None, Hashes]) -> None:
        holds = self._before.hashes()
        if holds == expected:
            return
        differences = _differences(expected, holds)
        raise Conflict(
            f"The label {self.label} does not hold what was expected: {'; '.join(differences)}. Nothing was promoted. "
            "Somebody else promoted to it; look at what it holds, and decide again.",
            holds=[promoted.document() for promoted in self._before.held.values()],
        )

    def _check_components(self) -> None:
        holds, wanted = set(self._before.held), set(self._wanted())
        if holds and holds != wanted:
            only_held = ", ".join(sorted(map(_component, holds - wanted)))
            only_wanted = ", ".join(sorted(map(_component, wanted - holds)))
            sides = [f"only the label has {only_held}"] if only_held else []
            sides += [f"only the candidate has {only_wanted}"] if only_wanted else []
            raise Refused(
                f"The label {self.label} and the candidate are not of the same components: {' and '.join(sides)}. DLRN "
                "would mix both. Promote a candidate of all components, or take the component from the label on "
                "DLRN's host.",
                only_label=sorted(map(_component, holds - wanted)),
                only_candidate=sorted(map(_component, wanted - holds)),
            )

    def _check_commits(self) -> list[dict[str, str]]:
        """What DLRN knows of the commits: none may be purged or built again; those of older builds are returned."""
        wanted, holds = self._wanted(), self._before.hashes()
        facts = self._facts({*wanted.values(), *holds.values()})
        self._check_siblings(facts)
        if facts is None:
            return []
        unknown = [_named(component, hashes) for component, hashes in wanted.items() if hashes not in facts]
        if unknown:
            raise Refused(
                f"DLRN has not built what the candidate names: {', '.join(unknown)}. Is api_url of the same trunk?"
            )
        purged = [_named(component, hashes) for component, hashes in wanted.items() if facts[hashes].purged]
        if purged:
            raise Refused(f"DLRN has purged what the candidate names: {', '.join(purged)}. {KEEP}", status=410)
        # DLRN builds a commit again in its directory, and the API promotes the newest build.
        rebuilt = [
            f"{_named(one.component, wanted[one.component])} (of {one.built_at}, now of {now})"
            for one in self._candidate.components
            if (now := facts[wanted[one.component]].built_at) != one.built_at
        ]
        if rebuilt:
            raise Refused(
                f"DLRN has built again what the candidate names: {', '.join(rebuilt)}. Nobody has tested that. "
                "Resolve a candidate anew."
            )
        older = []
        for component in self._candidate.components:
            held = holds.get(component.component)
            held_at = facts[held].built_at if held in facts else ""
            if held is not None and held != wanted[component.component] and component.built_at < held_at:
                older.append(
                    {
                        "component": _component(component.component),
                        "built_at": component.built_at,
                        "label_built_at": held_at,
                    }
                )
        if older and not self.allow_older:
            which = ", ".join(
                f"{one['component']} (built {one['built_at']}, the label's {one['label_built_at']})" for one in older
            )
            raise Refused(
                f"The candidate is older than what {self.label} holds: {which}. Set allow_older to go back to it.",
                older=older,
            )
        return older

    def _check_siblings(self, facts: dict[Hashes, Facts] | None) -> None:
        """DLRN's API must take each commit for itself, and not for a newer one with an extended hash."""
        taken = []
        for component, hashes in self._wanted().items():
            if facts is None:
                sibling = sibling_of(self._client, hashes)
            else:
                sibling = facts[hashes].taken_for if hashes in facts else None
            if sibling:
                taken.append(f"{_named(component, hashes)} for the one with extended_hash {sibling}")
        if taken:
            raise Refused(
                f"DLRN's API would promote something else: it takes {', '.join(taken)}, which it has built later of "
                "the same commits. Resolve a candidate of that one, or remove that build on DLRN's host."
            )

    def _facts(self, hashes: set[Hashes]) -> dict[Hashes, Facts] | None:
        try:
            return read_facts(self._client, hashes)
        except RelengError as error:
            if error.data.get("status") not in (404, 501):
                raise
            if not self.allow_older:
                raise Unavailable(
                    f"{error.message} Without GraphQL it cannot be told whether the candidate is older than what "
                    f"{self.label} holds. Install graphene and flask-graphql for DLRN's API, or set allow_older.",
                    **error.data,
                ) from error
        return None

    # Writing

    def _locked(self) -> contextlib.AbstractContextManager[t.Any]:
        if not self.lock:
            return contextlib.nullcontext()
        purpose = {"label": self.label, "candidate": self._candidate.id, "api_url": self._client.api_url}
        return held_lock(self.lock, purpose, self.lock_timeout)

    def _promote(self) -> Label:
        """Promote, and read back what came of it.

        A request without an answer may have been worked on. It is sent again only after looking: another promotion
        may have come between, and must not be overwritten.
        """
        pauses = backoff()
        tries = self._client.web.retries
        while True:
            lost: RelengError | None = None
            try:
                promote(self._client, self.label, self._candidate.components)
            except RelengError as error:
                if not may_be_done(error):
                    raise
                lost = error
            after = self._read()
            if after.hashes() == self._wanted():
                self._agree(after)
                self._check_between(after)
                return after
            if after.hashes() != self._before.hashes() or lost is None:
                raise self._overtaken(after, "meanwhile")
            self._agree(after)
            pause = next(pauses)
            if tries <= 0 or self._client.web.deadline.remaining <= pause:
                raise type(lost)(f"{lost.message} {MEND.format(label=self.label)}", **lost.data)
            tries -= 1
            self.sleep(pause)

    def _overtaken(self, now: Label, when: str) -> Conflict:
        newest = now.rows[0] if now.rows else None
        who = f" by {newest.by} at {utc(newest.timestamp)}" if newest else ""
        return Conflict(
            f"The label {self.label} was promoted to something else {when}{who}: it does not hold this candidate "
            f"({'; '.join(_differences(self._wanted(), now.hashes()))}). The other promotion was left as it is.",
            holds=[promoted.document() for promoted in now.held.values()],
        )

    def _check_between(self, after: Label) -> None:
        """Nobody else's promotion may have come since it was looked: it was overwritten, unseen by both."""
        wanted = self._wanted()
        others = [row for row in new_rows(self._before, after) if row.hashes != wanted.get(row.component)]
        if others:
            what = ", ".join(
                f"{_named(row.component, row.hashes, wanted.get(row.component))} by {row.by} at {utc(row.timestamp)}"
                for row in others
            )
            raise Conflict(
                f"The label {self.label} holds this candidate now, but somebody promoted {what} at the same time, and "
                "that was overwritten. Decide which of both it must hold, and promote that.",
                overwritten=[row.document() for row in others],
            )

    def _check_aggregate(self, label: Label) -> None:
        """Equal components have one aggregate hash, whatever the label."""
        known, found = self._candidate.aggregate_hash, label.aggregate_hash
        if known is not None and found is not None and known != found:
            raise Conflict(
                f"The label {self.label} holds the candidate's components with the aggregate hash {found}, but the "
                f"candidate was staged as {known}: the label has something else mixed in. Compare both labels' "
                "delorean.repo.",
                aggregate_hash=found,
            )

    def _records(self, label: Label) -> bool:
        """Whether the lockfile gets the aggregate hash."""
        return bool(self._path and label.aggregate_hash and self._candidate.aggregate_hash is None)

    def _lockfile_actions(self, aggregate: str | None) -> list[str]:
        one_of_several = self._candidate.components[0].component is not None
        if self._path and one_of_several and aggregate and self._candidate.aggregate_hash is None:
            return [f"write {aggregate} to {self._path}"]
        return []

    def _finish(self, label: Label) -> dict[str, t.Any]:
        self._check_aggregate(label)
        if self._path and self._records(label):
            write_candidate(self._path, dataclasses.replace(self._candidate, aggregate_hash=label.aggregate_hash))
        return {
            "components": [label.held[key].document() for key in sorted(label.held, key=str)],
            "aggregate_hash": label.aggregate_hash,
        }


@dataclasses.dataclass(frozen=True)
class Decided:
    """When a decision was made, and the last second that it holds, in UTC; None: nothing in it can run out."""

    evaluated_at: str
    valid_until: str | None


def check_decision(decision: t.Any, candidate: Candidate, label: str) -> Decided | None:
    """A decision, if there is one, must be to promote this candidate to this label.

    :returns: how long it holds; None: there is none.
    :raises Refused: it is not.
    """
    if decision is None:
        return None
    if isinstance(decision, str):
        source, document = decision, read_document(decision, DECISION, "decision")
    else:
        source, document = "given", check_schema(decision, DECISION, "decision")
    candidates = {document.get("candidate")} | {
        one.get("id") for one in document.get("candidates") or [] if isinstance(one, dict)
    }
    if document.get("promote") is not True:
        raise Refused(f"The decision {source} is not to promote. See its unsatisfied criteria and errors.")
    if document.get("target") != label:
        raise Refused(f"The decision {source} is for the target {document.get('target')}, not for {label}.")
    if candidate.id not in candidates:
        named = ", ".join(sorted(str(one) for one in candidates if one)) or "nobody"
        raise Refused(f"The decision {source} is for the candidate {named}, not for {candidate.id}.")
    made, until = document.get("evaluated_at"), document.get("valid_until")
    for said, moment in (("was made at", made), ("is valid until", until)):
        if not (isinstance(moment, str) and MOMENT.fullmatch(moment)) and (moment, said) != (None, "is valid until"):
            raise Refused(f"The decision {source} {said} {moment!r:.80}, which is not a moment such as {timestamp(0)}.")
    return Decided(str(made), until)


def parse_expected(expected: t.Any) -> dict[str | None, Hashes]:
    """What a label must hold, from any of the forms of the option ``expected``."""
    if expected in ("absent", []):
        return {}
    if isinstance(expected, list):
        parsed = dict(parse_hashes(entry) for entry in expected)
        if len(parsed) != len(expected):
            raise InvalidInput("expected names a component twice.")
        return parsed
    _path, candidate = _load_candidate(expected)
    return {one.component: (one.commit_hash, one.distro_hash, one.extended_hash) for one in candidate.components}


def _load_candidate(given: t.Any) -> tuple[str | None, Candidate]:
    """A candidate with the path of its lockfile, if it has one."""
    if isinstance(given, str):
        return given, read_candidate(given)
    return None, Candidate.from_document(given)


def _state(hashes: t.Mapping[str | None, Hashes], aggregate: str | None) -> dict[str, t.Any]:
    """A label's content as a diff shows it."""
    components = {_component(component): "_".join(filter(None, parts)) for component, parts in hashes.items()}
    return {"components": dict(sorted(components.items())), "aggregate_hash": aggregate}


def _component(name: str | None) -> str:
    return name or "the label"


def _named(component: str | None, hashes: Hashes, other: Hashes | None = None) -> str:
    return f"{component} {describe(hashes, other)}" if component else describe(hashes, other)


def _differences(expected: t.Mapping[str | None, Hashes], holds: t.Mapping[str | None, Hashes]) -> list[str]:
    return [
        f"{_component(name)} is {describe(found, other)}, not {describe(other, found)}"
        for name in sorted({*expected, *holds}, key=str)
        if (other := expected.get(name)) != (found := holds.get(name))
    ]
