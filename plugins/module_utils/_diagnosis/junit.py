# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Results in JUnit's XML, by whoever wrote it: pytest, stestr, Surefire, PHPUnit, Go, CTest.

Nobody has defined it. A suite's counts may include those of the suites within it (PHPUnit, pytest) or not, Surefire
declares a test again for each time that it was run again, and some do not write tests that were skipped.
"""

from __future__ import annotations

import dataclasses
import math
import typing as t
from xml.etree import ElementTree

from .._module.errors import InvalidInput
from .outcomes import Outcome, Results, Timed, excerpt

_DEEPEST = 100
_SUITES = ("testsuites", "testsuite")
_BAD = ("error", "failure")
# Times that Surefire ran a test before it came to its result.
_AGAIN = ("rerunFailure", "rerunError", "flakyFailure", "flakyError")
_FAILED = ("failed", "fail", "failure", "error", "broken", "timeout", "aborted")


@dataclasses.dataclass
class _Suite:
    """A suite that is being read: what it declares, and what it and the suites within it hold."""

    name: str
    declared: dict[str, int]
    nonsense: list[str]
    cases: int = 0
    bad: int = 0
    skipped: int = 0
    again: int = 0

    @classmethod
    def of(cls, element: ElementTree.Element) -> _Suite:
        declared, nonsense = {}, []
        for name in ("tests", "failures", "errors", "skipped", "skip", "disabled", "ignored"):
            text = (element.get(name) or "0").strip().replace(",", "")
            if text.isascii() and text.isdigit() and len(text) < 10:
                declared[name] = int(text)
            else:
                nonsense.append(name)
        return cls(element.get("name") or "(a suite without a name)", declared, nonsense)

    def add(self, other: _Suite) -> None:
        self.cases += other.cases
        self.bad += other.bad
        self.skipped += other.skipped
        self.again += other.again

    def contradictions(self) -> t.Iterator[str]:
        """Each thing that the suite declares and does not hold."""
        if self.nonsense:
            yield f"its {' and '.join(self.nonsense)} are not numbers"
        left_out = sum(self.declared.get(name, 0) for name in ("skipped", "skip", "disabled", "ignored")) - self.skipped
        tests = self.declared.get("tests", 0)
        if tests > self.cases + self.again + max(0, left_out):
            yield f"it declares {tests} tests and holds {self.cases}: was the run killed?"
        bad = self.declared.get("failures", 0) + self.declared.get("errors", 0)
        if bad > self.bad + self.again:
            yield f"it declares {bad} failures and errors, and holds {self.bad}"


def read_junit(file: t.BinaryIO, path: str) -> Results:
    """The results in a file of JUnit's XML.

    :raises InvalidInput: it is cut off, damaged, or something else.
    """
    results = Results()
    suites: list[_Suite] = []
    above: list[str] = []
    try:
        # Nothing outside of the file is read for it, and expat itself bounds what entities may grow to.
        for event, element in ElementTree.iterparse(file, events=("start", "end")):  # noqa: S314
            tag = _tag(element)
            if event == "start":
                if not above and tag not in _SUITES:
                    raise InvalidInput(
                        f"The results {path} do not begin with testsuites or testsuite, as JUnit's XML does.", path=path
                    )
                if len(above) >= _DEEPEST:
                    raise InvalidInput(f"The results {path} have elements more than {_DEEPEST} deep.", path=path)
                above.append(tag)
                if tag in _SUITES:
                    suites.append(_Suite.of(element))
                continue
            above.pop()
            if tag == "testcase":
                _count_testcase(element, results, suites[-1])
                # What was counted is let go, with the suites before it.
                element.clear()
            elif tag in _BAD and above[-1] in _SUITES:
                suites[-1].bad += 1
                results.fail(suites[-1].name, _message(element) or "the suite as a whole failed")
            elif tag in _SUITES:
                suite = suites.pop()
                for contradiction in suite.contradictions():
                    results.fail(suite.name, f"the suite contradicts itself: {contradiction}")
                if suites:
                    suites[-1].add(suite)
                element.clear()
    except (ElementTree.ParseError, ValueError, LookupError) as error:  # LookupError: an encoding nobody knows
        raise InvalidInput(f"The results {path} are cut off or damaged: {error}.", path=path) from error
    results.seconds = round(results.seconds, 3)
    return results


def _count_testcase(element: ElementTree.Element, results: Results, suite: _Suite) -> None:
    name = ".".join(part for part in (element.get("classname"), element.get("name")) if part) or "(without a name)"
    seconds = _seconds(element.get("time"))
    results.seconds = min(results.seconds + seconds, 1e12)
    failed, skipped = results.failed, results.skipped
    # At any depth: some write the parts of a test below it.
    below = [(_tag(child), child) for child in element.iter() if child is not element]
    bad = [child for tag, child in below if tag in _BAD]
    again = [child for tag, child in below if tag in _AGAIN]
    skips = [child for tag, child in below if tag == "skipped"]
    suite.cases += 1
    suite.bad += len(bad)
    suite.again += len(again)
    said = {(element.get(key) or "").strip().lower() for key in ("status", "result")}
    if bad:
        results.fail(name, _message(next((child for child in bad if _tag(child) == "error"), bad[0])))
    elif any(_tag(child).startswith("rerun") for child in again):
        results.fail(name, "it was run again after a failure, and did not pass")
    elif said & {*_FAILED}:
        results.fail(name, f"it says that it is {', '.join(sorted(said & {*_FAILED}))}, and not why")
    elif skips:
        suite.skipped += 1
        results.skips.append(Outcome(name, _message(skips[0])))
    else:
        results.passed += 1
    status = "failed" if results.failed > failed else "skipped" if results.skipped > skipped else "passed"
    results.timed.append(Timed(name, status, seconds))


def _seconds(text: str | None) -> float:
    """What a ``time`` attribute says; 0 where it says nothing of use."""
    try:
        seconds = float((text or "0").replace(",", ""))
    except ValueError:
        return 0.0
    return seconds if 0 <= seconds < math.inf else 0.0


def _message(element: ElementTree.Element) -> str:
    message, text = (element.get("message") or "").strip(), (element.text or "").strip()
    return excerpt(text if message in text else f"{message}\n{text}".strip())


def _tag(element: ElementTree.Element) -> str:
    """The name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]
