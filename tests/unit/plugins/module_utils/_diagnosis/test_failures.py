# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pathlib
import time

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._diagnosis.failures import (
    LOOKED_AT,
    MOST_LINES,
    SHOWN,
    FailureClass,
    diagnose,
    diagnose_file,
)
from ansible_collections.rdo.releng.plugins.module_utils._diagnosis.signs import SIGNS
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import NotFound

LOGS = pathlib.Path(__file__).parent / "logs"
EXPECTED = {
    "build-timeout": ("timeout", "= timeout: ended after 3 s"),
    "builddep-missing": ("missing-requirement", "No matching package to install: 'python3-nosuchthing >= 3'"),
    "check-import": ("tests-failed", "ERROR: test_t (unittest.loader._FailedTest.test_t)"),
    "check-module": (
        "missing-requirement",
        "ModuleNotFoundError: No module named 'a_library_that_nobody_packaged'",
    ),
    "check-unittest": ("tests-failed", "FAIL: test_a (__main__.T.test_a)"),
    "compile-error": ("unknown", "SyntaxError: '(' was never closed"),
    "disk-full": ("infrastructure", "dd: error writing '/dev/full': No space left on device"),
    "dnf-unreachable": ("infrastructure", "Failed to download metadata for repo 'dead'"),
    "git-apply": ("patch-conflict", "error: f: patch does not apply"),
    "git-missing-ref": ("source-missing", "fatal: couldn't find remote ref stable/nosuch"),
    "git-missing-revision": ("source-missing", "fatal: reference is not a tree"),
    "git-rebase": ("patch-conflict", "CONFLICT (content): Merge conflict in f"),
    "git-unreachable": ("infrastructure", "Couldn't connect to server"),
    "install-conflict": ("not-installable", "conflicts with file from package"),
    "install-missing": ("not-installable", "nothing provides python3dist(nosuchthing) >= 2"),
    "patch-hunk": ("patch-conflict", "Hunk #1 FAILED at 1."),
    "pytest-fails": ("tests-failed", "FAILED test_a.py::test_a"),
    "pytest-import": ("tests-failed", "1 error in"),
    "repository-absent": ("infrastructure", "The repository base (file:///srv/base) can not be read"),
    "repository-unreachable": ("infrastructure", "Connection refused"),
    "rpmbuild-killed": ("infrastructure", "= exit 137"),
    "service-ended": ("service-failed", "= Service glance ended with status 22 before it answered"),
    "source-absent": ("source-missing", "thing-1.0.tar.gz: No such file or directory"),
    "spec-syntax": ("packaging", "error: line 7: Unclosed %if"),
    "stestr-fails": ("tests-failed", "- Failed: 1"),
    "stestr-import": ("tests-failed", "Failed to import test module: tests.test_d"),
    "task-unreachable": ("infrastructure", "UNREACHABLE!"),
}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_real_log_says_why(name):
    failure_class, words = EXPECTED[name]
    found = diagnose_file(str(LOGS / f"{name}.log")).as_dict()
    assert found["class"] == failure_class
    assert any(words in line for line in found["lines"]), found["lines"]


def test_every_log_is_expected_and_explained():
    names = {path.stem for path in LOGS.glob("*.log")}
    assert names == set(EXPECTED)
    readme = (LOGS / "README.md").read_text()
    assert not [name for name in names if name not in readme]


def test_every_class_has_a_log():
    assert {failure_class for failure_class, _words in EXPECTED.values()} == {item.value for item in FailureClass}


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("builddep-missing", ["python3-nosuchthing"]),
        ("install-missing", ["python3dist(nosuchthing)"]),
        ("disk-full", []),
    ],
)
def test_what_is_missing_is_named(name, missing):
    assert diagnose_file(str(LOGS / f"{name}.log")).missing == missing


def test_the_same_words_mean_another_thing_after_the_build():
    words = "nothing provides python3-x needed by python3-y-1-1.noarch"
    assert diagnose(f"+ dnf builddep y.src.rpm\n{words}").failure_class is FailureClass.MISSING_REQUIREMENT
    assert diagnose(f"+ dnf install y-1-1.noarch.rpm\n{words}").failure_class is FailureClass.NOT_INSTALLABLE
    assert diagnose(f"Finish: rpmbuild y-1-1.src.rpm\n{words}").failure_class is FailureClass.NOT_INSTALLABLE


def test_a_full_disk_explains_what_follows():
    text = "FAIL: test_a (t.T)\nOSError: [Errno 28] No space left on device\nHunk #1 FAILED at 1."
    assert diagnose(text).failure_class is FailureClass.INFRASTRUCTURE


def test_what_nobody_understands_is_shown_from_its_end():
    found = diagnose("\n".join(map(str, range(100))))
    assert (found.failure_class, found.lines) == (FailureClass.UNKNOWN, ["97", "98", "99"])
    assert diagnose("").lines == []


def test_no_flood_of_lines():
    found = diagnose("\n".join(f"FAIL: test_{number} (t.T)" for number in range(1000)))
    assert len(found.lines) == MOST_LINES


def test_a_log_that_is_not_there(tmp_path):
    with pytest.raises(NotFound, match="There is no log at"):
        diagnose_file(str(tmp_path / "none"))


def test_bytes_that_are_no_text(tmp_path):
    (tmp_path / "log").write_bytes(b"\xff\xfe\x00error: Bad file: \xff: No such file\n")
    assert diagnose_file(str(tmp_path / "log")).failure_class is FailureClass.SOURCE_MISSING


@pytest.mark.parametrize(
    ("lines", "failure_class"),
    [
        # What failed first is the reason: tests of a service that is gone fail as well.
        (["= Service keystone was ended by SIGKILL while Tempest ran", " - Failed: 3"], "service-failed"),
        (["ModuleNotFoundError: No module named 'x'", "= Service k ended with status 2"], "missing-requirement"),
        # Of what is not judged.
        (["= Before the upgrade: Service placement ended with status 22"], "infrastructure"),
        (
            [
                "2026-11-21 17:07:03.163 6 ERROR keystone ModuleNotFoundError: No module named 'flask_restful'",
                "= Service keystone was not set up: keystone-manage ended with status 1",
            ],
            "missing-requirement",
        ),
        (["= Service glance was not set up: glance-manage ended with status 1"], "service-failed"),
        (["[Errno 111] Connection refused", "= Service k was ended by SIGSEGV while Tempest ran"], "service-failed"),
        (["(1114, 'No space left on device')", "= Service n was not set up: x ended with status 1"], "infrastructure"),
        (["= Tempest was ended by SIGKILL"], "infrastructure"),
        (["= timeout: ended after 45 s while Tempest ran"], "timeout"),
    ],
)
def test_why_a_deployed_service_could_not_be_judged(lines, failure_class):
    assert diagnose("\n".join(lines)).failure_class.value == failure_class


def test_what_a_service_raised_is_shown_with_its_failure():
    log = """
2026-11-21 17:09:57.271 6 ERROR keystone Traceback (most recent call last):
2026-11-21 17:09:57.271 6 ERROR keystone DBError: (builtins.TypeError) normalize_time() missing 'timezone'
= Service keystone was not set up: keystone-manage ended with status 1
"""
    found = diagnose(log)
    assert found.lines == [
        "DBError: (builtins.TypeError) normalize_time() missing 'timezone'",
        "= Service keystone was not set up: keystone-manage ended with status 1",
    ]


# What programs say, with made-up names: rpm 4.16 to 6, dnf 4 and 5, mock, pip, git, gpgv, Koji, compilers.
SAID = (pathlib.Path(__file__).parent / "said.txt").read_text()


@pytest.mark.parametrize("row", SAID.splitlines())
def test_a_sentence_says_why(row):
    expected, _colon, line = row.partition(": ")
    assert diagnose(f"before\n{line}\nafter\n").failure_class.value == expected


@pytest.mark.parametrize(
    "line",
    [
        "warning: Installed (but unpackaged) file(s) found:",
        "RPM build warnings:\n    Arch dependent binaries in noarch package",
        "error: Bad exit status from /var/tmp/rpm-tmp.x (%build)",
        "checking for signal 9 in the documentation",
        "test_killed (tests.test_kill.Kill) ... ok",
        "warning: bogus date in %changelog: Mon Nov 31 2026",
        "Package alpha-1-1.noarch is already installed.",
    ],
)
def test_a_sentence_that_is_no_failure_says_nothing(line):
    assert diagnose(f"before\n{line}\nafter\n").failure_class is FailureClass.UNKNOWN


def test_dnf_names_what_is_missing():
    missing = diagnose(
        "nothing provides requested alpha >= 2\nERROR: No matching distribution found for beta>=1\n"
        "  - nothing provides gamma needed by delta-1-1.noarch from base\n"
    ).missing
    assert missing == ["alpha", "beta>=1", "gamma"]


# Each word of a pattern again and again, as somebody would write who knows the patterns.
TRAPS = sorted({word for _class, words, _pattern in SIGNS for word in (words, f"{words} x", f" {words}1")})
TRAPS += ["9", "=", "= ", " ", "a.", "Error", "\t", "(", " (", "= 1 in ", "+ dnf install a.rpm ", "a\n", "\n", "\x1b["]


def test_no_line_is_a_trap():
    """Steps, and not seconds, would be the measure, but nobody counts them; the old patterns took hours."""
    start = time.process_time()
    for trap in TRAPS:
        diagnose(trap * (200_000 // len(trap)))
        diagnose((trap * (1_000 // len(trap)) + "\n") * 5)
    assert time.process_time() - start < 60


def test_a_log_of_lines_without_number_is_read_in_part():
    text = "error: patch failed: a:1\n" + "x\n" * (2 * LOOKED_AT) + "error: nothing more\n"
    assert diagnose(text).failure_class is FailureClass.PATCH_CONFLICT
    assert len(diagnose("error: patch failed: " + "x" * 5000).lines[0]) <= SHOWN + 1


def test_lines_can_not_steer_a_terminal():
    assert diagnose("error: patch failed: \x1b[2Jx").lines == ["error: patch failed: \ufffd[2Jx"]
