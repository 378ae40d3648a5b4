# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Why something failed, in one vocabulary for builds, dnf, scenarios and tasks, with the lines of the log that say so.

A log is read once from the beginning. A line that begins with ``+ `` is a command that our own runners logged, and one
of mock's or DLRN's own sentences begins a new stage: the same words mean that a requirement of the build is missing
while the root is prepared, and that what was built cannot be installed afterwards.

A log is written by whoever builds or tests: only the beginning of a line is looked at, by patterns that take time in
proportion to its length, and of very many lines the first and the last.
"""

from __future__ import annotations

import dataclasses
import os
import re
import typing as t

from .._module.errors import InvalidInput, NotFound
from .._module.files import open_input
from .._module.text import clean
from .signs import FailureClass, signs_in

# Of a long log the cause is at the end; and nobody reads more lines than these.
READ_BYTES = 4_000_000
MOST_LINES = 12
# Characters of a line that a pattern sees, and that are shown.
LINE, SHOWN = 1000, 500
# Lines of a log that are looked at, a quarter of them from its beginning.
LOOKED_AT = 50_000
# Different lines of one class that are kept in mind.
_KEPT = 4 * MOST_LINES


@dataclasses.dataclass
class Diagnosis:
    """
    :param failure_class: one of the vocabulary.
    :param lines: the lines that say so, as they stand in the log; for ``unknown`` the errors, or its end.
    :param missing: the capabilities that were looked for and not found, where that is the failure.
    """

    failure_class: FailureClass
    lines: list[str]
    missing: list[str] = dataclasses.field(default_factory=list)

    def as_dict(self) -> dict[str, t.Any]:
        return {"class": self.failure_class.value, "lines": self.lines, "missing": self.missing}


# The stages of a log that change what words mean.
_INSTALL = re.compile(
    r"^\+ (?=.*\bdnf\b)(?=.* install )(?=.*\.rpm(?: |$))"  # our drivers: dnf install of packages that were just built
    r"|^Finish: (rpmbuild|build phase)"  # mock, with its post-installation behind
    r"|^INFO: installing package\(s\): (?=.*\.rpm)"
)
_PREPARE = re.compile(r"^\+ .*\b(dnf|rpmbuild|bwrap)\b|^Start: ")
_CHECK = re.compile(r"^Executing\(%check\)")
_SECTION = re.compile(r"^Executing\(%")

# Python says so where a build imports what it made, and then the section that did it fails as a whole.
# In a service's log with the time and the process before it, as oslo.log writes a traceback.
_MODULE = re.compile(r"^(?:[-\d]+ [\d:.]+ \d+ ERROR \S+ )?ModuleNotFoundError: No module named '(?P<a>[^']+)'")
_SECTION_FAILED = re.compile(r"Bad exit status from \S+ \(%check\)")
_RAISED = re.compile(r"^(?:[-\d]+ [\d:.]+ \d+ (?:ERROR|CRITICAL) \S+ )?(?P<a>(?:\w+\.)*\w+(?:Error|Exception): .+)")
_CONNECTION = re.compile(r"Connection (?:timed out|refused|reset)")
_ERROR = re.compile(
    r"^\s*error:|^ERROR\b|^Error\b|\bError: |^fatal:|Traceback|^E: |^Exception|^\w+(\.\w+)*(Error|Exception):"
)


def diagnose(text: str) -> Diagnosis:
    """Why what wrote this log failed.

    Failures that are nobody's fault are looked at first: a full disk makes every later message untrue. Then time, then
    what stops a build, in the order of its stages.
    """
    found: dict[FailureClass, list[str]] = {}
    missing: list[str] = []
    modules: dict[str, str] = {}
    raised = ""
    installing = checking = warning = False
    for line in _lines_of(text):
        if _INSTALL.search(line):
            installing, checking = True, False
            continue
        if _PREPARE.search(line):
            installing = checking = False
            continue
        if _SECTION.search(line):
            checking = bool(_CHECK.search(line))
        if match := _MODULE.search(line):
            modules[match["a"]] = shown_line(line)
        if match := _RAISED.search(line):
            raised = shown_line(match["a"])
        if line.startswith("RPM build "):
            warning = "warnings" in line
        for failure_class, name in () if warning and line.startswith("    ") else signs_in(line):
            if failure_class is FailureClass.MISSING_REQUIREMENT:
                if name and len(missing) < _KEPT:
                    missing.append(clean(name))
                if installing:
                    failure_class = FailureClass.NOT_INSTALLABLE
            elif failure_class is FailureClass.SOURCE_MISSING and checking:
                continue
            elif failure_class is FailureClass.SERVICE_FAILED and raised:
                _keep(found, failure_class, raised)
            _keep(found, failure_class, shown_line(line))
            break
    if FailureClass.SERVICE_FAILED in found:
        # Services and tests reach nothing but each other: whose connection broke had asked the one that failed.
        broken = found.pop(FailureClass.INFRASTRUCTURE, [])
        if others := [line for line in broken if not _CONNECTION.search(line)]:
            found[FailureClass.INFRASTRUCTURE] = others
    if modules and all(_SECTION_FAILED.search(line) for line in found.get(FailureClass.TESTS_FAILED, [])):
        # No test failed: the module could not even be imported.
        found.pop(FailureClass.TESTS_FAILED, None)
        found.pop(FailureClass.SERVICE_FAILED, None)
        found.setdefault(FailureClass.MISSING_REQUIREMENT, []).extend(modules.values())
        missing += modules
    for failure_class in _WEIGHT:
        if failure_class in found:
            lines = list(dict.fromkeys(found[failure_class]))
            named = failure_class in (FailureClass.MISSING_REQUIREMENT, FailureClass.NOT_INSTALLABLE)
            return Diagnosis(failure_class, lines[:MOST_LINES], list(dict.fromkeys(missing)) if named else [])
    return Diagnosis(FailureClass.UNKNOWN, _last_errors(text))


def is_error(line: str) -> bool:
    """Whether a line is an error by its own account."""
    return bool(_ERROR.search(line[:LINE]))


def _lines_of(text: str) -> t.Iterator[str]:
    """The lines that are looked at, as far as they are."""
    lines = text.splitlines()
    first = LOOKED_AT // 4
    if len(lines) > LOOKED_AT:
        lines = lines[:first] + lines[first - LOOKED_AT :]
    return (line[:LINE].rstrip() for line in lines)


def shown_line(line: str) -> str:
    """A line of a log as results and pages have it."""
    line = clean(line.strip())
    return line if len(line) <= SHOWN else f"{line[:SHOWN]}…"


def _keep(found: dict[FailureClass, list[str]], failure_class: FailureClass, line: str) -> None:
    kept = found.setdefault(failure_class, [])
    if len(kept) < _KEPT and line not in kept:
        kept.append(line)


def diagnose_file(path: str, start: int = 0) -> Diagnosis:
    """As :func:`diagnose`, for a log file; of a very long one its end.

    :param start: byte from which on it is read; before, others have written.
    :raises NotFound: it cannot be read.
    """
    try:
        with open_input(path, "log") as file:
            file.seek(max(start, os.fstat(file.fileno()).st_size - READ_BYTES))
            return diagnose(file.read(READ_BYTES).decode(errors="replace"))
    except (OSError, InvalidInput) as error:
        raise NotFound(f"The log {path} cannot be read: {error}") from error


_WEIGHT = [
    FailureClass.INFRASTRUCTURE,
    FailureClass.TIMEOUT,
    FailureClass.SOURCE_MISSING,
    FailureClass.PATCH_CONFLICT,
    FailureClass.PACKAGING,
    FailureClass.SERVICE_FAILED,
    FailureClass.TESTS_FAILED,
    FailureClass.NOT_INSTALLABLE,
    FailureClass.MISSING_REQUIREMENT,
]


def _last_errors(text: str) -> list[str]:
    lines = [shown_line(line) for line in _lines_of(text) if line.strip()]
    return [line for line in lines if is_error(line)][-MOST_LINES:] or lines[-3:]
