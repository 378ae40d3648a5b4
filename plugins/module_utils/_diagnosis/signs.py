# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""The sentences by which programs say why they failed: rpm 4.16 to 6, dnf 4 and 5, mock, pip, git, Koji and our own.

A sign is words that a line has, and, where words are not enough, a pattern that it matches. Words are found a hundred
times as fast as patterns, so a pattern is tried where its words are. A pattern takes time in proportion to the line.
"""

from __future__ import annotations

import enum
import re
import typing as t


class FailureClass(str, enum.Enum):
    """What went wrong; the values are what modules return."""

    MISSING_REQUIREMENT = "missing-requirement"  # what it needs to be built or run is in no repository
    PATCH_CONFLICT = "patch-conflict"  # a patch, or a rebase, does not apply
    SOURCE_MISSING = "source-missing"  # an archive, patch or revision is not there, or not the one that was signed
    PACKAGING = "packaging"  # the spec file does not parse, or does not say what is built
    TESTS_FAILED = "tests-failed"  # tests ran, or could not be imported, and failed
    NOT_INSTALLABLE = "not-installable"  # it was built, and cannot be installed
    SERVICE_FAILED = "service-failed"  # a service was not set up, did not answer, or ended while it was tested
    TIMEOUT = "timeout"  # its time was over
    INFRASTRUCTURE = "infrastructure"  # network, disk, memory, a service, a key: not the package's fault
    UNKNOWN = "unknown"  # none of these


# What takes effect on a line first. The name of what is missing is the group a, where there is one.
_TABLE: dict[FailureClass, list[str | tuple[str, str]]] = {
    FailureClass.INFRASTRUCTURE: [
        "No space left on device",
        "Disk quota exceeded",
        ("more space", r"[Nn]eeds \S+ more space on the |more space needed on the "),
        "Input/output error",
        "Read-only file system",
        "Device or resource busy",
        "Could not resolve host",
        "Temporary failure in name resolution",
        "No route to host",
        "Network is unreachable",
        ("Connection ", r"Connection (?:timed out|refused|reset)"),
        "SSL certificate problem",
        "handshake() failed",
        # dnf 4 and 5
        "Failed to synchronize cache for repo",
        "Cannot download",
        "Cannot retrieve metalink",
        "ailed to download metadata for repo",
        "Errors during downloading metadata for repository",
        "No more mirrors to try",
        "All mirrors were tried",
        "All mirrors were already tried",
        "all mirrors were already tried",
        "No URLs in mirrorlist",
        "Usable URL not found",
        "Curl error",
        "Librepo error",
        ("Status code: ", r"(?<![\w'\"])Status code: [45]\d\d for "),
        "There are no enabled repositories",
        "Failed to download packages",
        "Failed to download metadata",
        "Error downloading packages",
        "does not match intended download",
        "Metadata file does not match",
        ("hecksum", r"[Dd]ownloading successful, but checksum doesn't match"),
        "error: rpmdb",
        "Failed to access RPM database",
        "database disk image is malformed",
        ("The repository ", r"The repository \S+ \(\S+\) can ?not be read"),  # our drivers, before they ask dnf
        # keys of repositories
        "GPG check FAILED",
        "already installed but they are not correct for this package",
        "Failed to retrieve GPG key",
        ("Public key for ", r"Public key for \S+ is not installed"),
        ("is not signed", r"^Package \S+ is not signed"),
        ("check for package ", r"(?:GPG|PGP) check for package .* has failed"),
        ("gnature", r"repomd\.xml GPG signature verification error|Repository \S+ has a bad signature"),
        # memory
        "Cannot allocate memory",
        "Out of memory",
        "out of memory allocating",
        "LLVM ERROR: out of memory",
        "java.lang.OutOfMemoryError",
        "oom-kill",
        "Killed signal terminated program",
        "internal compiler error: Killed",
        "terminated with signal 9",
        "signal: 9, SIGKILL",
        (" Killed", r"line \d+: +\d+ Killed |^make(?:\[\d+\])?: \*\*\* .*\] Killed"),
        ("MemoryError", r"^MemoryError\b"),
        ("exit ", r"^= exit (?:-9|137) after"),
        "= Tempest was ended by SIGKILL",
        ("= Before the upgrade: ", r"^= Before the upgrade: "),  # of what was promoted: it is not what is judged
        # git
        ("The requested URL returned error: ", r"returned error: 5\d\d"),
        "Could not read from remote repository",
        "unable to access 'http",
        "error: RPC failed",
        "fatal: early EOF",
        "the remote end hung up unexpectedly",
        # mock, Koji, Ansible
        "ould not init mock buildroot",
        "builddep command missing",
        ("No such command: builddep", r"^No such command: builddep"),
        ('Unknown argument "builddep" for command', r'^Unknown argument "builddep"'),
        "ServerOffline: ",
        "UNREACHABLE!",
    ],
    FailureClass.TIMEOUT: [
        ("= timeout: ", r"^= timeout: "),
        ("ended after ", r"ended after \d+(?:\.\d+)? s\b"),
        "commandTimeoutExpired",
        ("Timeout(", r"Timeout\(\d+\) expired for command"),
        ("ERROR: Command timed out", r"^ERROR: Command timed out"),
        "fixtures._fixtures.timeout.TimeoutException",
        "TimeoutExpired",
    ],
    FailureClass.PATCH_CONFLICT: [
        ("Hunk #", r"\bHunk #\d+ FAILED"),
        ("FAILED", r"(?<!\d)\d+ out of \d+ hunks? FAILED"),
        "error: patch failed:",
        ": patch does not apply",
        ": does not exist in index",
        "Reversed (or previously applied) patch detected",
        ("CONFLICT (", r"^CONFLICT \("),
        "can't find file to patch",
        "patch: ****",
        "corrupt patch at line",
        "error: could not apply ",
        ("Patch failed at ", r"^Patch failed at \d"),
    ],
    FailureClass.SOURCE_MISSING: [
        (": No such file", r"[Bb]ad (?:file|source): \S+: No such file|^error: File (?!not found)\S+: No such file"),
        "The requested URL returned error: 404",
        "couldn't find remote ref",
        "Couldn't find remote ref",
        "fatal: reference is not a tree",
        "fatal: bad object",
        (
            "fatal: ",
            r"^fatal: (?:ambiguous argument|invalid reference|[Nn]ot a valid object name|repository '[^']*' not found)",
        ),
        "remote: Repository not found",
        "fatal: could not read Username for",
        ("Remote branch ", r"Remote branch \S+ not found in upstream"),
        ("pathspec '", r"pathspec '[^']*' did not match any file"),
        ("Cannot open: No such file", r"^tar: "),
        ("not in gzip format", r"^gzip: "),
        ("spec files; it must have one", r"(?<!\d)\d+ spec files; it must have one"),
        # the signature of an archive, as %{gpgverify} has it checked
        ("gpgv: ", r"^gpgv: (?:BAD signature|Can't check signature|.*[Nn]o valid OpenPGP data found)"),
        ("did NOT match", r"WARNING: \d+ computed checksums? did NOT match"),
    ],
    FailureClass.PACKAGING: [
        ("Installed (but unpackaged) file(s) found", r"^(?:error: | {4})Installed \(but"),
        ("not found: /", r"^(?:error: | {4})(?:File|Directory) not found: /"),
        ("File not found by glob: ", r"^(?:error: | {4})File not found by glob: "),
        ("%files file ", r"^(?:error: | {4})(?:Empty|Could not open) %files file "),
        ("Arch dependent binaries in noarch package", r"^(?:error: | {4})Arch dependent"),
        ("not matching the package arch", r"^(?:error: | {4})Binaries arch "),
        ("error: line ", r"^error: line \d+: "),
        ("field must be present in package", r"^error: \S+ field must be present in package"),
        ("error: Query of specfile ", r"^error: Query of specfile .* failed, can't parse"),
        ("%changelog", r"^error: (?:bad date in %changelog|%changelog (?:not in|entries must))"),
        ("error: Illegal ", r"^error: Illegal (?:char|sequence)"),
        "Dependency tokens must begin with alpha-numeric",
        "Too many levels of recursion in macro expansion",
        ("error: Macro ", r"^error: Macro %\S+ (?:has illegal name|failed to expand|has unterminated)"),
        ("error: parsing failed", r"^error: parsing failed"),
        ("error: Package already exists", r"^error: Package already exists"),
        ("ambiguous python shebang", r"^\*\*\* ERROR: ambiguous python shebang"),
        ("in installed files; aborting", r"^Found '[^']*' in installed files; aborting"),
        ("contains an invalid runpath", r"^ERROR +\d+: file "),
        "No build ID note found in",
        # what our own drivers take of a build, or put into its source RPM
        ("; it is not taken.", r"^Build failed: |^Making the source RPM failed: "),
        (", where a folder was expected.", r"^Build failed: |^Making the source RPM failed: "),
        (", whose file is called ", r"^Build failed: "),
        (" is not an RPM file.", r"^Build failed: "),
        ("Links lead out of the distgit: ", r"^Making the source RPM failed: "),
        "Globs did not match any module",
    ],
    FailureClass.MISSING_REQUIREMENT: [
        ("No matching package to install: '", r"No matching package to install: '(?P<a>[^']+)'"),
        ("othing provides requested ", r"[Nn]othing provides requested (?P<a>\S.*)"),
        (" needed by ", r"[Nn]othing provides (?P<a>\S(?:(?! needed by ).)*) needed by "),
        ("o package ", r"[Nn]o package (?P<a>\S+) available"),
        ("nable to find a match: ", r"[Uu]nable to find a match: (?P<a>.+)"),
        ("No match for argument: ", r"No match for argument: (?P<a>.+)"),
        (" is needed by ", r"^\s+(?P<a>\S(?:(?! is needed by ).)*) is needed by \S+$"),
        ("No matching distribution found for ", r"No matching distribution found for (?P<a>\S+)"),
        (
            "Could not find a version that satisfies the requirement ",
            r"satisfies the requirement (?P<a>[^\s(]+)",
        ),
        ("distribution was not found and is required by", r"The '(?P<a>[^']+)' distribution was not found"),
        ("PackageNotFoundError: ", r"PackageNotFoundError: (?:No package metadata was found for )?(?P<a>\S+)"),
        (", which is not installed", r"^\S+ \S+ requires (?P<a>[^,]+), which is not installed"),
        ("Missing dependencies:", r"^ERROR:? Missing dependencies:(?: (?P<a>\S+))?"),
        ("Cannot import '", r"BackendUnavailable: Cannot import '(?P<a>[^']+)'"),
        ("Failed build dependencies", r"^error: Failed build dependencies"),
        "Not all dependencies satisfied",
        "conflicting requests",
        "but none of the providers can be installed",
        "problem with installed package",
        "ould not depsolve",
        ("package ", r"package \S+ (?:requires|conflicts with|obsoletes) "),
    ],
    FailureClass.NOT_INSTALLABLE: [
        "Failed install built packages",
        "conflicts with file from package",
        (" from install of ", r" from install of \S+ conflicts "),
        "conflicts between attempted installs of ",
        "Transaction test error",
        "Rpm transaction failed",
        "scriptlet failed, exit status",
    ],
    FailureClass.SERVICE_FAILED: [("= Service ", r"^= Service \S+ ")],
    FailureClass.TESTS_FAILED: [
        ("FAILED (", r"^FAILED \("),
        (": ", r"^(?:FAIL|ERROR): \S+ \(\S+\)"),
        ("Failed to import test module: ", r"^Failed to import test module: "),
        (" - Failed:", r"^ - Failed:\s*[1-9]"),
        ("::", r"^(?:FAILED|ERROR) \S+::"),
        (" in ", r"^=+ .*?(?<!\d)\d+ (?:failed|error)"),
        ("FAILED", r"^Ran \d+ tests? |^\{\d+\} (?=.* \.\.\. FAILED\b)"),
        "The following tests exited without returning",
        "unittest.loader._FailedTest",
        (" ... ", r"^\S+ \.\.\. (?:FAIL|ERROR)\b"),
        ("(%check)", r"^(?:error: )?Bad exit status from \S+ \(%check\)|error: Bad exit status from \S+ \(%check\)"),
    ],
}
SIGNS = [
    (failure_class, sign if isinstance(sign, str) else sign[0], None if isinstance(sign, str) else re.compile(sign[1]))
    for failure_class, signs in _TABLE.items()
    for sign in signs
]


class Found(t.NamedTuple):
    """What a line is a sign of; ``missing`` is the name of what it says is missing, or empty."""

    failure_class: FailureClass
    missing: str


def signs_in(line: str) -> t.Iterator[Found]:
    """What ``line`` is a sign of, what takes effect first coming first."""
    for failure_class, words, pattern in SIGNS:
        if words not in line:
            continue
        match = pattern.search(line) if pattern else None
        if match or pattern is None:
            groups = match.groupdict() if match else {}
            yield Found(failure_class, _name(groups.get("a") or ""))


def _name(text: str) -> str:
    """The name in what is asked for, without the version."""
    return re.split(r"\s+[<>=]", text.strip())[0]
