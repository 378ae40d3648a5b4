# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Why something failed, in one vocabulary for builds, dnf, scenarios and tasks, with the lines of the log that say so.

A log is read once from the beginning. A line that begins with ``+ `` is a command that our own runners logged, and one
of mock's or DLRN's own sentences begins a new stage: the same words mean that a requirement of the build is missing
while the root is prepared, and that what was built can not be installed afterwards.
"""

from __future__ import annotations

import dataclasses
import enum
import os
import re
import typing as t

from .._module.errors import NotFound

# Of a long log the cause is at the end; and nobody reads more lines than these.
READ_BYTES = 4_000_000
MOST_LINES = 12


class FailureClass(str, enum.Enum):
    """What went wrong; the values are what modules return."""

    MISSING_REQUIREMENT = "missing-requirement"  # what it needs to be built or run is in no repository
    PATCH_CONFLICT = "patch-conflict"  # a patch, or a rebase, does not apply
    SOURCE_MISSING = "source-missing"  # an archive, patch or revision is not there
    TESTS_FAILED = "tests-failed"  # tests ran, or could not be imported, and failed
    NOT_INSTALLABLE = "not-installable"  # it was built, and can not be installed
    SERVICE_FAILED = "service-failed"  # a service was not set up, did not answer, or ended while it was tested
    TIMEOUT = "timeout"  # its time was over
    INFRASTRUCTURE = "infrastructure"  # network, disk, memory, a service: not the package's fault
    UNKNOWN = "unknown"  # none of these


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
    r"^\+ .*\bdnf\b.* install .*\.rpm( |$)"  # our drivers: dnf install of packages that were just built
    r"|^Finish: (rpmbuild|build phase)"  # mock, with its post-installation behind
    r"|^INFO: installing package\(s\): .*\.rpm"
)
_PREPARE = re.compile(r"^\+ .*\b(dnf|rpmbuild|bwrap)\b|^Start: ")
_CHECK = re.compile(r"^Executing\(%check\)")
_SECTION = re.compile(r"^Executing\(%")

_MISSING = re.compile(
    r"No matching package to install: '(?P<a>[^']+)'"
    r"|[Nn]othing provides (?P<b>.+?) needed by "
    r"|[Nn]o package (?P<c>\S+) available"
    r"|[Uu]nable to find a match: (?P<d>.+)"
    r"|No match for argument: (?P<e>.+)"
    r"|^\s+(?P<f>\S.*?) is needed by \S+$"
)
# Python says so where a build imports what it made, and then the section that did it fails as a whole.
# In a service's log with the time and the process before it, as oslo.log writes a traceback.
_MODULE = re.compile(r"^(?:[-\d]+ [\d:.]+ \d+ ERROR \S+ )?ModuleNotFoundError: No module named '(?P<a>[^']+)'")
_SECTION_FAILED = re.compile(r"Bad exit status from \S+ \(%check\)")
_PATCH = re.compile(
    r"\bHunk #\d+ FAILED|\d+ out of \d+ hunks? FAILED|error: patch failed:|: patch does not apply"
    r"|Reversed \(or previously applied\) patch detected|^CONFLICT \(|can't find file to patch"
    r"|patch: \*\*\*\*|error: could not apply "
)
_SOURCE = re.compile(
    r"[Bb]ad (file|source): .*: No such file|^error: File (?!not found)\S+: No such file"
    r"|The requested URL returned error: 404|couldn't find remote ref|fatal: reference is not a tree"
    r"|pathspec '.*' did not match any file|fatal: Couldn't find remote ref|^tar: .*: Cannot open: No such file"
    r"|has \d+ spec files; it must have one"
)
_TESTS = re.compile(
    r"^FAILED \(|^(FAIL|ERROR): \S+ \(\S+\)|^Failed to import test module: "
    r"|^ - Failed:\s*[1-9]|^(FAILED|ERROR) \S+::|=+ .*\d+ (failed|error).* in .*=+"
    r"|^Ran \d+ tests? .*FAILED|\bThe following tests exited without returning|unittest\.loader\._FailedTest"
    r"|^\S+ \.\.\. (FAIL|ERROR)\b|^\{\d+\} .+ \.\.\. FAILED\b"
    r"|error: Bad exit status from \S+ \(%check\)|^Bad exit status from \S+ \(%check\)"
)
_TIMEOUT = re.compile(
    r"^= timeout: |(was )?ended after \d+(\.\d+)? s\b|commandTimeoutExpired|Timeout\(\d+\) expired for command"
    r"|^ERROR: Command timed out|fixtures\._fixtures\.timeout\.TimeoutException|TimeoutExpired"
)
_INFRASTRUCTURE = re.compile(
    r"No space left on device|Could not resolve host|Temporary failure in name resolution|No route to host"
    r"|Connection (timed out|refused|reset)|Failed to synchronize cache for repo|Cannot download"
    r"|Cannot retrieve metalink"
    r"|[Ff]ailed to download metadata for repo|No more mirrors to try|All mirrors were (already )?tried|Curl error"
    r"|Cannot allocate memory|Out of memory|oom-kill|Input/output error|Read-only file system|Device or resource busy"
    r"|Error downloading packages|Disk quota exceeded|does not match intended download|Metadata file does not match"
    r"|The requested URL returned error: 5\d\d|Could not read from remote repository|unable to access 'http"
    r"|The repository \S+ \(\S+\) can not be read"  # our drivers, before they ask dnf
    r"|^= exit (-9|137) after|^= Tempest was ended by SIGKILL"
    r"|UNREACHABLE!|database disk image is malformed|error: rpmdb"
)
_UNINSTALLABLE = re.compile(
    r"Failed install built packages|conflicting requests|conflicts with file from package"
    r"|but none of the providers can be installed"
    r"|file .* from install of .* conflicts|problem with installed package|[Cc]ould not depsolve|Transaction test error"
    r"|package \S+ (requires|conflicts with|obsoletes) |scriptlet failed, exit status"
)
# As the scenarios say it that deploy services.
_SERVICE = re.compile(r"^= Service \S+ ")
# What a service raised, as oslo.log and Python write it.
_RAISED = re.compile(r"^(?:[-\d]+ [\d:.]+ \d+ (?:ERROR|CRITICAL) \S+ )?(?P<a>(?:\w+\.)*\w+(?:Error|Exception): .+)")
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
    installing = checking = False
    for line in text.splitlines():
        line = line.rstrip()
        if _INSTALL.search(line):
            installing, checking = True, False
            continue
        if _PREPARE.search(line):
            installing = checking = False
            continue
        if _SECTION.search(line):
            checking = bool(_CHECK.search(line))
        if match := _MODULE.search(line):
            modules[match["a"]] = line.strip()
        if match := _RAISED.search(line):
            raised = match["a"]
        for failure_class, pattern in _PATTERNS:
            if not pattern.search(line):
                continue
            if failure_class is FailureClass.MISSING_REQUIREMENT:
                missing += _names(pattern.search(line))
                if installing:
                    failure_class = FailureClass.NOT_INSTALLABLE
            elif failure_class is FailureClass.NOT_INSTALLABLE and not installing:
                failure_class = FailureClass.MISSING_REQUIREMENT
            elif failure_class is FailureClass.SOURCE_MISSING and checking:
                continue
            elif failure_class is FailureClass.SERVICE_FAILED and raised:
                found.setdefault(failure_class, []).append(raised)
            found.setdefault(failure_class, []).append(line.strip())
            break
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
    return bool(_ERROR.search(line))


def diagnose_file(path: str, start: int = 0) -> Diagnosis:
    """As :func:`diagnose`, for a log file; of a very long one its end.

    :param start: byte from which on it is read; before, others have written.
    :raises NotFound: it can not be read.
    """
    try:
        with open(path, "rb") as file:
            file.seek(max(start, os.fstat(file.fileno()).st_size - READ_BYTES))
            return diagnose(file.read().decode(errors="replace"))
    except OSError as error:
        raise NotFound(f"The log {path} can not be read: {error}") from error


_PATTERNS = [
    (FailureClass.INFRASTRUCTURE, _INFRASTRUCTURE),
    (FailureClass.TIMEOUT, _TIMEOUT),
    (FailureClass.PATCH_CONFLICT, _PATCH),
    (FailureClass.SOURCE_MISSING, _SOURCE),
    (FailureClass.MISSING_REQUIREMENT, _MISSING),
    (FailureClass.NOT_INSTALLABLE, _UNINSTALLABLE),
    (FailureClass.SERVICE_FAILED, _SERVICE),
    (FailureClass.TESTS_FAILED, _TESTS),
]
_WEIGHT = [
    FailureClass.INFRASTRUCTURE,
    FailureClass.TIMEOUT,
    FailureClass.SOURCE_MISSING,
    FailureClass.PATCH_CONFLICT,
    FailureClass.SERVICE_FAILED,
    FailureClass.TESTS_FAILED,
    FailureClass.NOT_INSTALLABLE,
    FailureClass.MISSING_REQUIREMENT,
]


def _names(match: re.Match[str] | None) -> list[str]:
    """What a line says is missing, without the version that is asked for."""
    text = next((group for group in match.groups() if group), "") if match else ""
    return [re.split(r"\s+[<>=]", text.strip())[0]] if text else []


def _last_errors(text: str) -> list[str]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return [line for line in lines if is_error(line)][-MOST_LINES:] or lines[-3:]
