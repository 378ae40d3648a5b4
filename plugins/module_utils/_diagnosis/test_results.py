# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Results of tests, from the files that test runners leave: subunit (both versions) and JUnit.

Files are read as streams, so their size does not matter; what is kept of each failure is the end of its message.

Results come from the tests themselves. What contradicts itself counts as a failure: a suite that declares more tests,
failures or errors than it holds, an error beside the tests, a test that says in one place that it passed.
"""

from __future__ import annotations

import dataclasses
import datetime
import os
import re
import struct
import typing as t

from .._module.errors import InvalidInput, NotFound
from .._module.files import open_input
from .._module.libraries import load_library
from .._module.table import text_table
from .._module.text import one_line
from .junit import read_junit
from .outcomes import EXCERPT, Outcome, Results, Timed, excerpt

# How a subunit stream calls the end of a test. An unexpected success is a failure, as testtools counts.
ENDS = {"success": "passed", "xfail": "passed", "skip": "skipped", "fail": "failed", "uxsuccess": "failed"}
# How a stream of version 1 begins, which stestr keeps.
SUBUNIT_1 = re.compile(rb"\s*(time|tags|test|testing|progress): ")
# How the files of a folder are named that have results in them.
SUFFIXES = (".subunit", ".xml")
# What testtools calls a class, or a module, that is skipped before any of its tests.
_WHOLE = re.compile(r"setUp(?:Class|Module) \(([\w.]+)\)")
_PROGRESS = re.compile(rb"progress: (\+)?([0-9]{1,9})\s*$")
# Attachments of a test that tell why.
WHY = ("traceback", "reason", "traceback-1")


def read_results(path: str) -> tuple[str, Results]:
    """The results in a file, and its format: ``subunit`` or ``junit``, told by its content.

    :raises NotFound: there is no such file.
    :raises InvalidInput: it is of neither format, cut off or damaged.
    """
    try:
        file = open_input(path, "file with results of tests")
    except NotFound:
        raise NotFound(f"There are no results of tests at {path}.", path=path) from None
    with file:
        try:
            start = file.read(65536)
            file.seek(0)
            if start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
                if b"<!DOCTYPE" in start or b"<!ENTITY" in start:
                    raise InvalidInput(
                        f"The results {path} declare a document type, which JUnit's XML has not.", path=path
                    )
                return "junit", read_junit(file, path)
            if SUBUNIT_1.match(start):
                return "subunit", _read_subunit_1(file, path)
            if not start or b"\xb3" in start:  # the byte that every packet begins with
                return "subunit", _read_subunit(file, path)
        except OSError as error:
            raise InvalidInput(f"The results {path} cannot be read: {error}", path=path) from error
    # What it says is not quoted: tests could have put anything there.
    raise InvalidInput(f"The results {path} are neither a subunit stream nor JUnit's XML.", path=path)


def _read_subunit(file: t.BinaryIO, path: str) -> Results:
    events = _SubunitEvents()
    try:
        load_library("subunit").ByteStreamToStreamResult(file, non_subunit_name="stray").run(events)
    except (struct.error, ValueError, LookupError, TypeError, AttributeError, OverflowError) as error:
        raise InvalidInput(f"The results {path} are cut off or damaged: {error}.", path=path) from error
    if events.damage:
        raise InvalidInput(f"The results {path} are cut off or damaged: {events.damage}.", path=path)
    return events.finish()


def _read_subunit_1(file: t.BinaryIO, path: str) -> Results:
    """Version 1 of the format is lines of text; a test that was open when they ended counts as a failure."""
    subunit = load_library("subunit")
    events = _SubunitEvents()
    result = load_library("testtools").ExtendedToStreamDecorator(events)
    result.startTestRun()
    server = subunit.TestProtocolServer(result, subunit.DiscardStream())
    declared = 0
    try:
        for line in file:
            if announced := _PROGRESS.match(line):
                declared = int(announced[2]) + (declared if announced[1] else 0)
            server.lineReceived(line)
        server.lostConnection()
        result.stopTestRun()
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise InvalidInput(f"The results {path} are damaged: {one_line(str(error))}.", path=path) from error
    return events.finish(declared)


class _SubunitEvents:
    """Takes the events of a stream; python-subunit calls :meth:`status` for each."""

    def __init__(self) -> None:
        self.results = Results()
        self.damage = ""
        self.open: dict[tuple[str, str | None], bytes] = {}
        self.announced: set[str] = set()
        self.skipped_wholes: set[str] = set()  # classes and modules, each with a dot behind
        self.ended: set[str] = set()
        self.begun: dict[tuple[str, str | None], datetime.datetime] = {}
        self.first: datetime.datetime | None = None
        self.last: datetime.datetime | None = None

    def startTestRun(self) -> None:
        """Called before the first event of version 1."""

    def stopTestRun(self) -> None:
        """Called after the last."""

    def status(
        self,
        test_id: str | None = None,
        test_status: str | None = None,
        file_name: str | None = None,
        file_bytes: t.Any = None,
        route_code: str | None = None,
        timestamp: datetime.datetime | None = None,
        **_others: t.Any,
    ) -> None:
        if timestamp is not None:
            self.first = min(self.first or timestamp, timestamp)
            self.last = max(self.last or timestamp, timestamp)
        if test_id is None:
            return
        if test_id == "subunit.parser":
            if test_status == "fail":
                self.damage = bytes(file_bytes).decode(errors="replace")
            return
        key = (test_id, route_code)
        if test_status == "exists":
            self.announced.add(test_id)
        if test_status in ENDS:
            self.ended.add(test_id)
        if test_status == "inprogress":
            self.open.setdefault(key, b"")
            if timestamp is not None:
                self.begun[key] = timestamp
        if file_bytes and file_name in WHY:
            self.open[key] = (self.open.get(key, b"") + bytes(file_bytes))[-4 * EXCERPT :]
        if test_status in ENDS:
            message = excerpt(self.open.pop(key, b"").decode(errors="replace").strip())
            begun = self.begun.pop(key, timestamp)
            seconds = (timestamp - begun).total_seconds() if timestamp and begun else 0.0
            self.results.timed.append(Timed(test_id, ENDS[test_status], max(0.0, round(seconds, 3))))
            if ENDS[test_status] == "passed":
                self.results.passed += 1
            elif ENDS[test_status] == "skipped":
                self.results.skips.append(Outcome(test_id, message))
                whole = _WHOLE.fullmatch(test_id)
                if whole:
                    self.skipped_wholes.add(f"{whole[1]}.")
            else:
                unexpected = "unexpected success" if test_status == "uxsuccess" else ""
                self.results.failures.append(Outcome(test_id, message or unexpected))

    def finish(self, declared: int = 0) -> Results:
        """The results; a test that never ended has failed, and so has one that was announced and never ran.

        :param declared: how many tests there should have been.
        """
        for test_id, _route in self.open:
            self.results.failures.append(Outcome(test_id, "began and never ended: was the run killed?"))
        # A list of tests alone says nothing of a run.
        missing = self.announced - self.ended - {test_id for test_id, _route in self.open}
        # A class that skips itself says so once, and nothing of its tests.
        missing = {test_id for test_id in missing if not test_id.startswith(tuple(self.skipped_wholes))}
        if self.ended and missing:
            self.results.failures += [Outcome(test_id, "was to run and never did") for test_id in sorted(missing)]
        if declared > self.results.tests:
            said = f"{declared} tests were announced, and {self.results.tests} are there: was the run killed?"
            self.results.failures.append(Outcome("(the run)", said))
        if self.first and self.last:
            self.results.seconds = round((self.last - self.first).total_seconds(), 3)
        return self.results


def report_results(
    paths: t.Sequence[str], most: int, groups: t.Mapping[str, str] | None = None, slowest: int = 10
) -> dict[str, t.Any]:
    """What ``test_results_info`` returns.

    :param paths: files, and folders of files.
    :param most: how many failures and how many skipped tests are listed.
    :param groups: regular expressions of tests by the name that they are counted under; none: counted by file.
    :param slowest: how many of the slowest tests are listed.
    """
    if not paths:
        raise InvalidInput("No file with results was given.")
    if most < 0 or slowest < 0:
        raise InvalidInput(f"{'most' if most < 0 else 'slowest'} is {min(most, slowest)}; it cannot be below 0.")
    patterns = _patterns(groups or {})
    together = Results()
    files = []
    paths = [file for path in paths for file in (_files_below(path) if os.path.isdir(path) else [path])]
    for path in paths:
        kind, results = read_results(path)
        together.add(results)
        files.append({"path": path, "format": kind, **_counts(results), "success": results.success})
    names = [os.path.basename(path) for path in paths]
    named = dict(zip(names if len(set(names)) == len(names) else paths, files))
    counted = _count_groups(together, patterns) if patterns else named
    heads = ["tests of" if patterns else "file", "tests", "passed", "failed", "skipped", "seconds", "result"]
    rows = [
        [name, *(counts[head] for head in heads[1:-1]), "passed" if counts["success"] else "failed"]
        for name, counts in counted.items()
    ]
    return {
        # Beside each other, "failed" and "skipped" would be Ansible's own words for the task.
        "counts": _counts(together),
        "tests": together.tests,
        "success": together.success,
        "summary": together.summary(),
        "failures": [dataclasses.asdict(outcome) for outcome in together.failures[:most]],
        "skips": [dataclasses.asdict(outcome) for outcome in together.skips[:most]],
        "slowest": [
            {"name": test.name, "seconds": test.seconds}
            for test in sorted(together.timed, key=lambda test: -test.seconds)[:slowest]
        ],
        "files": files,
        "table": text_table(heads, rows),
        "heads": heads,
        "rows": rows,
    }


def _patterns(groups: t.Mapping[str, str]) -> dict[str, re.Pattern[str]]:
    try:
        return {name: re.compile(pattern) for name, pattern in groups.items()}
    except re.error as error:
        raise InvalidInput(f"{error.pattern!r} is not a regular expression: {error}") from error


def _count_groups(together: Results, patterns: t.Mapping[str, re.Pattern[str]]) -> dict[str, dict[str, t.Any]]:
    """The counts of each group that has a test; what belongs to none is the group ``other``."""
    groups: dict[str, Results] = {name: Results() for name in [*patterns, "other"]}
    for test in together.timed:
        # A class or module that was skipped as a whole has its name behind "setUpClass (".
        name = re.sub(r"^\w+ \((.*)\)$", r"\1", test.name)
        group = groups[next((group for group, pattern in patterns.items() if pattern.search(name)), "other")]
        group.timed.append(test)
    for group in groups.values():
        statuses = [test.status for test in group.timed]
        group.passed = statuses.count("passed")
        group.failures = [Outcome(test.name, "") for test in group.timed if test.status == "failed"]
        group.skips = [Outcome(test.name, "") for test in group.timed if test.status == "skipped"]
        group.seconds = round(sum(test.seconds for test in group.timed), 3)
    return {name: {**_counts(group), "success": not group.failures} for name, group in groups.items() if group.tests}


def _files_below(folder: str) -> list[str]:
    """The files whose names say that they have results, in the order of their paths."""
    found = (os.path.join(where, name) for where, _folders, names in os.walk(folder) for name in names)
    return sorted(path for path in found if path.endswith(SUFFIXES))


def _counts(results: Results) -> dict[str, t.Any]:
    return {key: getattr(results, key) for key in ("tests", "passed", "failed", "skipped", "seconds")}
