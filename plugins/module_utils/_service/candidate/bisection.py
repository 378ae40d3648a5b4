# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Which component of a red candidate is to blame: candidates that mix it with a green one, and what came of them.

A folder holds everything: ``bisection.json`` with the tries that ended, and below ``tries`` a folder for each with its
lockfile and whatever the scenario left. Who calls again after an interruption goes on where it stood.
"""

from __future__ import annotations

import dataclasses
import os
import typing as t

from ..._diagnosis.bisection import GREEN, RED, UNCLEAR, Finding, Taken, next_step
from ..._dlrn.candidate import Candidate, Component, read_candidate, write_candidate
from ..._dlrn.difference import compare_candidates
from ..._module.documents import read_document, write_document
from ..._module.errors import Conflict, InvalidInput, NotFound, Refused
from ..._module.runner import Change, Plan
from ..._module.table import text_table
from ..._module.web import Web
from .changes import HEADS as PACKAGE_HEADS
from .changes import package_row
from .pinning import web_of

SCHEMA = "rdo.releng/bisection/1"
HEADS = ["try", "from the red candidate", "result", "what failed", "results"]
# Inputs of a candidate besides its components, which are those of the red one in every try.
INPUTS = ("dependencies", "base", "scenarios")
_MOST_NAMED = 3


@dataclasses.dataclass(frozen=True)
class Try:
    """A try that ended.

    :param taken: components that it took from the red candidate, sorted.
    :param candidate: id of the mixed candidate.
    :param failures: names of the tests that failed.
    :param reason: why the scenario did not run to its end; empty when it did.
    :param results: folder with its results and logs; None: the result is that of votes.
    """

    taken: list[str]
    candidate: str
    success: bool
    failures: list[str]
    reason: str
    results: str | None


class Mix:
    """Candidates between a green one and a red one."""

    def __init__(self, good: Candidate, bad: Candidate) -> None:
        for one in good, bad:
            if one.kind != "dlrn":
                raise InvalidInput(f"The candidate {one.id} is of kind {one.kind}: only components of DLRN are mixed.")
        if (good.release, good.distro) != (bad.release, bad.distro):
            raise InvalidInput(
                f"The candidates are of {good.release} on {good.distro} and of {bad.release} on {bad.distro}: "
                "give two of the same release and distribution."
            )
        self.good, self.bad = good, bad
        self._old, self._new = ({_name(part): part for part in one.components} for one in (good, bad))
        names = sorted(self._old.keys() | self._new.keys())
        self.parts = [name for name in names if self._old.get(name) != self._new.get(name)]
        self.inputs = [name for name in INPUTS if getattr(good, name) != getattr(bad, name)]
        if not self.parts:
            also = f" What differs is {', '.join(self.inputs)}." if self.inputs else ""
            raise InvalidInput(f"Both candidates have the same components: there is nothing to bisect.{also}")

    def candidate(self, taken: Taken) -> Candidate:
        """The candidate with the components ``taken`` of the red one; its other inputs are the red one's."""
        if taken == set(self.parts):
            return self.bad
        sides = {name: self._new if name in taken else self._old for name in self.parts}
        names = self._old.keys() | self._new.keys()
        found = (sides.get(name, self._new).get(name) for name in names)
        components = tuple(component for component in found if component is not None)
        source = {"api_url": None, "label": None}
        return dataclasses.replace(self.bad, source=source, aggregate_hash=None, components=components)


@dataclasses.dataclass
class CandidateBisection(Change):
    """The next step of a bisection.

    :param path: folder of the bisection.
    :param good: lockfile of the green candidate, ``bad`` of the red one.
    :param voted: what votes say of both, where they do: ``{"good": True, "bad": False}``.
    :param result: of the try that was asked for: ``candidate`` (id), ``success``, ``failures``, ``reason``.
    :param every: whether to look for further culprits after the first.
    :param most: tries that may be made.
    """

    path: str
    good: str
    bad: str
    voted: dict[str, bool | None]
    result: dict[str, t.Any] | None
    every: bool
    most: int
    connection: t.Mapping[str, t.Any]

    def plan(self) -> Plan:
        """Take the result in and look what comes next.

        :raises Refused: votes say that the green candidate is not green, or the red one not red.
        :raises Conflict: the folder holds another bisection, or the result is of another try.
        """
        self.mix = Mix(read_candidate(self.good), read_candidate(self.bad))
        self.tries = self._read()
        before = self._document()
        actions = []
        step = self._next()
        if self.result is not None:
            self.tries.append(self._ended(step, self.result))
            actions.append(f"note the result of try {len(self.tries)}")
            step = self._next()
        self.step = step
        lockfile = self._lockfile(len(self.tries) + 1)
        if isinstance(step, frozenset) and not os.path.exists(lockfile):
            actions.append(f"write the candidate of try {len(self.tries) + 1} with {_listed(step)} of the red one")
        return Plan(before, self._document(), actions, self._outcome(step))

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        if plan.before != plan.after:
            write_document(os.path.join(self.path, "bisection.json"), plan.after)
        if isinstance(self.step, frozenset):
            write_candidate(self._lockfile(len(self.tries) + 1), self.mix.candidate(self.step))
        return {}

    # The folder

    def _read(self) -> list[Try]:
        try:
            document = read_document(os.path.join(self.path, "bisection.json"), SCHEMA, "record of a bisection")
        except NotFound:
            return self._of_votes()
        if (document.get("good"), document.get("bad")) != (self.mix.good.id, self.mix.bad.id):
            raise Conflict(f"The folder {self.path} holds the bisection of other candidates: give another folder.")
        try:
            return [Try(**entry) for entry in document["tries"]]
        except (KeyError, TypeError) as error:
            raise InvalidInput(f"The record of a bisection in {self.path} is damaged: {error}.") from error

    def _of_votes(self) -> list[Try]:
        """The ends, as far as votes tell; those of the green one only when the red one has its other inputs, too."""
        found = []
        good, bad = self.mix.good.id, self.mix.bad.id
        if self.voted["good"] is False:
            raise Refused(f"The newest vote for the candidate {good} says that it is red: give one that is green.")
        if self.voted["bad"] is True:
            raise Refused(f"The newest vote for the candidate {bad} says that it is green: give one that is red.")
        if self.voted["good"] and not self.mix.inputs:
            found.append(Try([], good, True, [], "", None))
        if self.voted["bad"] is False:
            found.append(Try(self.mix.parts, bad, False, [], "", None))
        return found

    def _document(self) -> dict[str, t.Any]:
        tries = [dataclasses.asdict(one) for one in self.tries]
        return {"schema": SCHEMA, "good": self.mix.good.id, "bad": self.mix.bad.id, "tries": tries}

    def _folder(self, number: int) -> str:
        return os.path.join(self.path, "tries", f"{number:02d}")

    def _lockfile(self, number: int) -> str:
        return os.path.join(self._folder(number), "candidate.json")

    # The search

    def _next(self) -> Taken | list[Finding]:
        known = {frozenset(one.taken): self._judge(one) for one in self.tries}
        step = next_step(self.mix.parts, known, self.every)
        if isinstance(step, frozenset) and sum(one.results is not None for one in self.tries) >= self.most:
            return [Finding("unfinished", tuple(self.mix.parts))]
        return step

    def _judge(self, one: Try) -> str:
        """Red is what fails as the red candidate does, as far as it is known how that fails."""
        if one.success:
            return GREEN
        reference = next((end for end in self.tries if end.taken == self.mix.parts and end.results is not None), None)
        if reference is None or reference is one:
            return RED
        if not reference.failures:
            return UNCLEAR if one.failures else RED
        return UNCLEAR if set(one.failures).isdisjoint(reference.failures) else RED

    def _ended(self, step: Taken | list[Finding], result: dict[str, t.Any]) -> Try:
        if not isinstance(step, frozenset):
            raise Conflict(f"The bisection in {self.path} is at its end: there is no try with a result to come.")
        wanted = self.mix.candidate(step).id
        if result["candidate"] != wanted:
            raise Conflict(
                f"The result is of the candidate {result['candidate']}; that of {wanted} is waited for.", wanted=wanted
            )
        folder = self._folder(len(self.tries) + 1)
        return Try(sorted(step), wanted, result["success"], result["failures"] or [], result["reason"] or "", folder)

    # What is said

    def _outcome(self, step: Taken | list[Finding]) -> dict[str, t.Any]:
        rows = [self._row(number, one) for number, one in enumerate(self.tries, 1)]
        outcome = {
            "heads": HEADS,
            "rows": rows,
            "table": text_table(HEADS, rows),
            "components": self.mix.parts,
            "inputs": self.mix.inputs,
        }
        if isinstance(step, frozenset):
            number = len(self.tries) + 1
            candidate = self.mix.candidate(step)
            following = {
                "number": number,
                "taken": sorted(step),
                "candidate": candidate.id,
                "lockfile": self._lockfile(number),
                "results": self._folder(number),
            }
            summary = f"try {number}: {_listed(step)} of the red candidate, all else of the green one"
            return {**outcome, "finished": False, "next": following, "findings": [], "summary": summary}
        web, _api = web_of(self.connection)
        findings = [self._explained(finding, web) for finding in step]
        summary = " ".join(finding["sentence"] for finding in findings)
        return {**outcome, "finished": True, "next": None, "findings": findings, "summary": summary}

    def _row(self, number: int, one: Try) -> list[t.Any]:
        failed = [*one.failures[:_MOST_NAMED], *([one.reason] if one.reason else [])]
        more = len(one.failures) - _MOST_NAMED
        what = ", ".join(failed) + (f", and {more} more" if more > 0 else "")
        return [number, _listed(frozenset(one.taken)), self._judge(one), what, one.results or "votes"]

    def _explained(self, finding: Finding, web: Web) -> dict[str, t.Any]:
        packages: list[dict[str, t.Any]] = []
        note = ""
        if finding.kind in ("single", "together", "unclear"):
            taken = frozenset(finding.parts)
            try:
                changes = compare_candidates(self.mix.candidate(frozenset()), self.mix.candidate(taken), web)
                packages = changes["packages"]
            except NotFound as error:
                # What was found is worth more than what it consists of.
                note = error.message
        rows = [package_row(package) for package in packages]
        return {
            "kind": finding.kind,
            "components": list(finding.parts),
            "sentence": self._sentence(finding),
            "packages": packages,
            "heads": PACKAGE_HEADS,
            "rows": rows,
            "table": text_table(PACKAGE_HEADS, rows),
            "note": note,
        }

    def _sentence(self, finding: Finding) -> str:
        parts = ", ".join(finding.parts)
        known = {frozenset(one.taken): self._judge(one) for one in self.tries}
        if finding.kind == "single":
            proof = (
                "it is red with this component alone from the red candidate"
                if known.get(frozenset(finding.parts)) == RED
                else "it cannot be tried alone, and without it the red candidate is green"
            )
            return f"{parts} turns it red: {proof}."
        if finding.kind == "elsewhere":
            inputs = f" {', '.join(self.mix.inputs)} of the candidates differ as well." if self.mix.inputs else ""
            return f"No component turns it red: it is not green with all of them as they were before.{inputs}"
        return {
            "together": f"No component alone turns it red: it takes {parts} together.",
            "gone": "The red candidate is not red now: the scenario does not give the same result each time.",
            "unclear": f"One or several of {parts} turn it red: the tries that would tell fail for another reason.",
            "unfinished": f"After {len(self.tries)} tries it is not found; more are not allowed.",
        }[finding.kind]


def _name(component: Component) -> str:
    return component.component or "trunk"


def _listed(taken: Taken) -> str:
    return ", ".join(sorted(taken)) or "nothing"
