# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Results of tests, from the files that test runners leave: subunit (both versions) and JUnit.

Files are read as streams, so their size does not matter; what is kept of each failure is the end of its message.
"""

from __future__ import annotations

import dataclasses
import datetime
import math
import os
import re
import struct
import typing as t
from xml.etree import ElementTree

from .._module.errors import InvalidInput, NotFound
from .._module.libraries import load_library
from .._module.table import text_table

# Characters of a message that are kept: the end of a traceback says what happened.
EXCERPT = 2000
# How a subunit stream calls the end of a test. An unexpected success is a failure, as testtools counts.
ENDS = {"success": "passed", "xfail": "passed", "skip": "skipped", "fail": "failed", "uxsuccess": "failed"}
# How a stream of version 1 begins, which stestr keeps.
SUBUNIT_1 = re.compile(rb"\s*(time|tags|test|testing|progress): ")
# How the files of a folder are named that have results in them.
SUFFIXES = (".subunit", ".xml")
# Attachments of a test that tell why.
WHY = ("traceback", "reason", "traceback-1")


@dataclasses.dataclass
class Outcome:
    """A test that did not simply pass."""

    name: str
    message: str


@dataclasses.dataclass
class Results:
    """What one file, or several together, tell.

    :param seconds: subunit: from the first event to the last; JUnit: what the tests took together.
    """

    passed: int = 0
    seconds: float = 0.0
    failures: list[Outcome] = dataclasses.field(default_factory=list)
    skips: list[Outcome] = dataclasses.field(default_factory=list)

    @property
    def failed(self) -> int:
        return len(self.failures)

    @property
    def skipped(self) -> int:
        return len(self.skips)

    @property
    def tests(self) -> int:
        return self.passed + self.failed + self.skipped

    @property
    def success(self) -> bool:
        """Whether tests ran and none failed. Nothing that ran is no success, nor are tests that were all skipped."""
        return self.passed > 0 and not self.failures

    def add(self, other: Results) -> None:
        """Count ``other`` in."""
        self.passed += other.passed
        self.seconds += other.seconds
        self.failures += other.failures
        self.skips += other.skips

    def summary(self) -> str:
        """One sentence."""
        if not self.tests:
            return "no test ran"
        if not self.passed and not self.failures:
            return f"no test ran: all {self.skipped} were skipped"
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def read_results(path: str) -> tuple[str, Results]:
    """The results in a file, and its format: ``subunit`` or ``junit``, told by its content.

    :raises NotFound: there is no such file.
    :raises InvalidInput: it is of neither format, cut off or damaged.
    """
    try:
        with open(path, "rb") as file:
            start = file.read(65536)
            file.seek(0)
            if start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
                return "junit", _read_junit(file, path)
            if SUBUNIT_1.match(start):
                return "subunit", _read_subunit_1(file)
            if not start or b"\xb3" in start:  # the byte that every packet begins with
                return "subunit", _read_subunit(file, path)
    except FileNotFoundError:
        raise NotFound(f"There are no results of tests at {path}.", path=path) from None
    except OSError as error:
        raise InvalidInput(f"The results {path} can not be read: {error}", path=path) from error
    said = start.decode(errors="replace").split("\n", 1)[0][:200]
    raise InvalidInput(f"The results {path} are neither a subunit stream nor JUnit's XML: {said}", path=path)


def _read_junit(file: t.BinaryIO, path: str) -> Results:
    results = Results()
    root = None
    try:
        # Nothing outside of the file is read for it, and expat itself bounds what entities may grow to.
        for event, element in ElementTree.iterparse(file, events=("start", "end")):  # noqa: S314
            if root is None:
                root = element
                if _tag(element) not in ("testsuites", "testsuite"):
                    raise InvalidInput(
                        f"The results {path} begin with <{_tag(element)}>; JUnit's XML begins with testsuites.",
                        path=path,
                    )
            if event == "end" and _tag(element) == "testcase":
                _count_testcase(element, results)
                # What was counted is let go, with the suites before it.
                element.clear()
            elif event == "end" and _tag(element) == "testsuite":
                element.clear()
    except ElementTree.ParseError as error:
        raise InvalidInput(f"The results {path} are cut off or damaged: {error}.", path=path) from error
    results.seconds = round(results.seconds, 3)
    return results


def _count_testcase(element: ElementTree.Element, results: Results) -> None:
    name = ".".join(part for part in (element.get("classname"), element.get("name")) if part) or "(without a name)"
    results.seconds += _seconds(element.get("time"))
    children = {_tag(child): child for child in reversed(element)}
    why = children.get("error", children.get("failure"))
    if why is not None:
        results.failures.append(Outcome(name, _junit_message(why)))
    elif "skipped" in children:
        results.skips.append(Outcome(name, _junit_message(children["skipped"])))
    else:
        results.passed += 1


def _seconds(text: str | None) -> float:
    """What a ``time`` attribute says; 0 where it says nothing of use."""
    try:
        seconds = float((text or "0").replace(",", ""))
    except ValueError:
        return 0.0
    return seconds if 0 <= seconds < math.inf else 0.0


def _junit_message(element: ElementTree.Element) -> str:
    message, text = (element.get("message") or "").strip(), (element.text or "").strip()
    return _excerpt(text if message in text else f"{message}\n{text}".strip())


def _tag(element: ElementTree.Element) -> str:
    """The name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def _read_subunit(file: t.BinaryIO, path: str) -> Results:
    events = _SubunitEvents()
    try:
        load_library("subunit").ByteStreamToStreamResult(file, non_subunit_name="stray").run(events)
    except (struct.error, ValueError, IndexError) as error:
        raise InvalidInput(f"The results {path} are cut off or damaged: {error}.", path=path) from error
    if events.damage:
        raise InvalidInput(f"The results {path} are cut off or damaged: {events.damage}.", path=path)
    return events.finish()


def _read_subunit_1(file: t.BinaryIO) -> Results:
    """Version 1 of the format is lines of text; a test that was open when they ended counts as a failure."""
    subunit = load_library("subunit")
    events = _SubunitEvents()
    result = load_library("testtools").ExtendedToStreamDecorator(events)
    result.startTestRun()
    server = subunit.TestProtocolServer(result, subunit.DiscardStream())
    for line in file:
        server.lineReceived(line)
    server.lostConnection()
    result.stopTestRun()
    return events.finish()


class _SubunitEvents:
    """Takes the events of a stream; python-subunit calls :meth:`status` for each."""

    def __init__(self) -> None:
        self.results = Results()
        self.damage = ""
        self.open: dict[tuple[str, str | None], bytes] = {}
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
        if test_status == "inprogress":
            self.open.setdefault(key, b"")
        if file_bytes and file_name in WHY:
            self.open[key] = (self.open.get(key, b"") + bytes(file_bytes))[-4 * EXCERPT :]
        if test_status in ENDS:
            message = _excerpt(self.open.pop(key, b"").decode(errors="replace").strip())
            if ENDS[test_status] == "passed":
                self.results.passed += 1
            elif ENDS[test_status] == "skipped":
                self.results.skips.append(Outcome(test_id, message))
            else:
                unexpected = "unexpected success" if test_status == "uxsuccess" else ""
                self.results.failures.append(Outcome(test_id, message or unexpected))

    def finish(self) -> Results:
        """The results; a test that never ended has failed."""
        for test_id, _route in self.open:
            self.results.failures.append(Outcome(test_id, "began and never ended: was the run killed?"))
        if self.first and self.last:
            self.results.seconds = round((self.last - self.first).total_seconds(), 3)
        return self.results


def _excerpt(text: str) -> str:
    return text if len(text) <= EXCERPT else "…" + text[-EXCERPT:]


def report_results(paths: t.Sequence[str], most: int) -> dict[str, t.Any]:
    """What ``test_results_info`` returns.

    :param paths: files, and folders of files.
    :param most: how many failures and how many skipped tests are listed.
    """
    if not paths:
        raise InvalidInput("No file with results was given.")
    if most < 0:
        raise InvalidInput(f"most is {most}; it can not be below 0.")
    together = Results()
    files = []
    paths = [file for path in paths for file in (_files_below(path) if os.path.isdir(path) else [path])]
    for path in paths:
        kind, results = read_results(path)
        together.add(results)
        files.append({"path": path, "format": kind, **_counts(results), "success": results.success})
    heads = ["file", "tests", "passed", "failed", "skipped", "seconds", "result"]
    names = [os.path.basename(path) for path in paths]
    rows = [
        [name, *(file[head] for head in heads[1:-1]), "passed" if file["success"] else "failed"]
        for name, file in zip(names if len(set(names)) == len(names) else paths, files)
    ]
    return {
        # Beside each other, "failed" and "skipped" would be Ansible's own words for the task.
        "counts": _counts(together),
        "tests": together.tests,
        "success": together.success,
        "summary": together.summary(),
        "failures": [dataclasses.asdict(outcome) for outcome in together.failures[:most]],
        "skips": [dataclasses.asdict(outcome) for outcome in together.skips[:most]],
        "files": files,
        "table": text_table(heads, rows),
        "heads": heads,
        "rows": rows,
    }


def _files_below(folder: str) -> list[str]:
    """The files whose names say that they have results, in the order of their paths."""
    found = (os.path.join(where, name) for where, _folders, names in os.walk(folder) for name in names)
    return sorted(path for path in found if path.endswith(SUFFIXES))


def _counts(results: Results) -> dict[str, t.Any]:
    return {key: getattr(results, key) for key in ("tests", "passed", "failed", "skipped", "seconds")}
