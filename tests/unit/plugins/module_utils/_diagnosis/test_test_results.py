# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import io
import os

import pytest
import subunit

from ansible_collections.rdo.releng.plugins.module_utils._diagnosis.test_results import read_results, report_results
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput, NotFound

START = datetime.datetime(2026, 11, 21, tzinfo=datetime.timezone.utc)


def stream(*events):
    """A subunit stream of (test, status, attachments), an event a second."""
    buffer = io.BytesIO()
    result = subunit.StreamResultToBytes(buffer)
    for number, (test, status, *attachments) in enumerate(events):
        when = START + datetime.timedelta(seconds=number)
        for name, content in attachments:
            result.status(test_id=test, file_name=name, file_bytes=content, mime_type="text/plain", timestamp=when)
        result.status(test_id=test, test_status=status, timestamp=when)
    return buffer.getvalue()


def write(tmp_path, content, name="results"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def read(tmp_path, content):
    return read_results(write(tmp_path, content))


def outcomes(found):
    return [(outcome.name, outcome.message) for outcome in found]


def test_subunit(tmp_path):
    kind, results = read(
        tmp_path,
        stream(
            ("a", "exists"),
            ("a", "inprogress"),
            ("a", "success", ("pythonlogging:''", b"x" * 10000)),
            ("b", "inprogress"),
            ("b", "fail", ("traceback", b"Traceback\n  assert 1 == 2\n")),
            ("c", "skip", ("reason", b"no qemu-img")),
            ("d", "xfail", ("traceback", b"as expected")),
            ("e", "uxsuccess"),
            ("setUpClass (mod.T)", "fail", ("traceback", b"no database")),
        ),
    )
    assert kind == "subunit"
    assert (results.tests, results.passed, results.failed, results.skipped) == (6, 2, 3, 1)
    assert results.seconds == 8.0
    assert outcomes(results.failures) == [
        ("b", "Traceback\n  assert 1 == 2"),
        ("e", "unexpected success"),
        ("setUpClass (mod.T)", "no database"),
    ]
    assert outcomes(results.skips) == [("c", "no qemu-img")]
    assert not results.success


def test_a_test_that_never_ended_has_failed(tmp_path):
    _kind, results = read(tmp_path, stream(("a", "success"), ("b", "inprogress")))
    assert outcomes(results.failures) == [("b", "began and never ended: was the run killed?")]


def test_output_between_the_packets_does_not_matter(tmp_path):
    _kind, results = read(
        tmp_path, b"hello\n" + stream(("a", "success")) + b"noise\n" + stream(("b", "success")) + b"end"
    )
    assert (results.passed, results.success) == (2, True)


def test_only_the_end_of_a_long_message_is_kept(tmp_path):
    lines = b"".join(b"line %d\n" % number for number in range(5000))
    _kind, results = read(tmp_path, stream(("a", "fail", ("traceback", lines), ("traceback", b"the end"))))
    (outcome,) = results.failures
    assert outcome.message.startswith("…")
    assert outcome.message.endswith("line 4999\nthe end")
    assert len(outcome.message) == 2001


JUNIT = """<?xml version="1.0" encoding="utf-8"?>
<testsuites><testsuite name="one" tests="2" time="1.5">
  <testcase classname="mod.T" name="a" time="1.25"/>
  <testcase classname="mod.T" name="b" time="1,000.25"><failure message="1 != 2">Traceback
1 != 2</failure><system-out>much</system-out></testcase>
</testsuite><testsuite name="two">
  <testcase classname="mod.U" name="c" time="soon"><skipped message="no qemu-img"/></testcase>
  <testcase name="d" time="nan"><error message="boom">trace</error><failure message="also"/></testcase>
  <testcase/>
</testsuite></testsuites>
"""


def test_junit(tmp_path):
    kind, results = read(tmp_path, JUNIT)
    assert kind == "junit"
    assert (results.tests, results.passed, results.failed, results.skipped) == (5, 2, 2, 1)
    assert results.seconds == 1001.5
    assert outcomes(results.failures) == [("mod.T.b", "Traceback\n1 != 2"), ("d", "boom\ntrace")]
    assert outcomes(results.skips) == [("mod.U.c", "no qemu-img")]


def test_junit_with_one_suite_and_a_namespace(tmp_path):
    _kind, results = read(tmp_path, '\ufeff<testsuite xmlns="urn:x"><testcase name="a"/></testsuite>')
    assert (results.passed, results.success) == (1, True)


@pytest.mark.parametrize(
    ("content", "summary"),
    [
        (b"", "no test ran"),
        ("<testsuites/>", "no test ran"),
        (stream(("a", "exists")), "no test ran"),
        (stream(("a", "skip"), ("b", "skip")), "no test ran: all 2 were skipped"),
    ],
)
def test_nothing_that_ran_is_no_success(tmp_path, content, summary):
    result = report_results([write(tmp_path, content)], 10)
    assert (result["success"], result["summary"]) == (False, summary)


WHOLE = stream(("a", "inprogress"), ("a", "fail", ("traceback", b"x" * 300)), ("b", "success"))


@pytest.mark.parametrize(
    "content",
    [
        WHOLE[:-1],
        WHOLE[:-20],
        WHOLE[:60] + b"\x00" + WHOLE[61:],
        JUNIT[:-20],
        JUNIT[:200],
        JUNIT.replace("</failure>", "</fail>"),
    ],
)
def test_a_file_that_is_cut_off_or_damaged_is_named(tmp_path, content):
    with pytest.raises(InvalidInput, match="results are cut off or damaged"):
        read(tmp_path, content)


def test_no_cut_of_a_stream_is_taken_for_a_success(tmp_path):
    content = stream(("a", "inprogress"), ("a", "success"), ("b", "inprogress"), ("b", "success"))
    for end in range(len(content)):
        try:
            _kind, results = read(tmp_path, content[:end])
        except InvalidInput:
            continue
        # Only between two tests does a stream look like a whole one.
        assert not results.success or results.tests == 1


@pytest.mark.parametrize("content", ["just text", "<html><body>502</body></html>", b"\x7fELF\x00\x01"])
def test_other_files_are_refused(tmp_path, content):
    with pytest.raises(InvalidInput, match="results"):
        read(tmp_path, content)


def test_entities_do_not_grow_without_end(tmp_path):
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    document = f'<!DOCTYPE t [<!ENTITY e0 "x">{entities}]><testsuites><testcase name="&e11;"/></testsuites>'
    with pytest.raises(InvalidInput, match="declare a document type"):
        read(tmp_path, document)


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(NotFound, match="nowhere"):
        read_results(str(tmp_path / "nowhere"))
    with pytest.raises(InvalidInput, match="is a folder, not a file"):
        read_results(str(tmp_path))


def test_a_folder_stands_for_the_results_below_it(tmp_path):
    (tmp_path / "deep").mkdir()
    write(tmp_path / "deep", WHOLE, "one.subunit")
    write(tmp_path, JUNIT, "two.xml")
    write(tmp_path, "<testsuites/>", "excluded")
    result = report_results([str(tmp_path)], 1)
    assert [each["path"] for each in result["files"]] == [f"{tmp_path}/deep/one.subunit", f"{tmp_path}/two.xml"]


def test_a_folder_without_results_is_no_success(tmp_path):
    result = report_results([str(tmp_path)], 1)
    assert (result["success"], result["summary"], result["rows"]) == (False, "no test ran", [])


def test_several_files_together(tmp_path):
    paths = [write(tmp_path, WHOLE, "one.subunit"), write(tmp_path, JUNIT, "two.xml")]
    result = report_results(paths, 1)
    assert (result["counts"]["tests"], result["counts"]["failed"], len(result["failures"])) == (7, 3, 1)
    assert not result["success"]
    assert not {"failed", "skipped", "changed"} & set(result), "these are Ansible's own"
    assert result["summary"] == "3 passed, 3 failed, 1 skipped"
    assert [file["format"] for file in result["files"]] == ["subunit", "junit"]
    assert "one.subunit" in result["table"]
    assert result["rows"][1] == ["two.xml", 5, 2, 2, 1, 1001.5, "failed"]
    assert report_results([paths[0], paths[0]], 1)["rows"][0][0] == paths[0]
    with pytest.raises(InvalidInput, match="No file"):
        report_results([], 1)
    with pytest.raises(InvalidInput, match="-1"):
        report_results(paths, -1)


def test_subunit_version_1_as_stestr_keeps_it(tmp_path):
    path = tmp_path / "0"
    path.write_text(
        "time: 2026-01-01 00:00:00.000000Z\n"
        "test: a.passes\ntime: 2026-01-01 00:00:02.000000Z\nsuccessful: a.passes [ multipart\n]\n"
        "test: a.fails\nfailure: a.fails [\nTraceback: 1 != 2\n]\n"
        "test: a.skips\nskip: a.skips [\nno network\n]\n"
        "test: a.was_killed\n"
    )
    kind, results = read_results(str(path))
    assert (kind, results.passed, results.seconds) == ("subunit", 1, 2.0)
    assert [failure.name for failure in results.failures] == ["a.fails", "a.was_killed"]
    assert "1 != 2" in results.failures[0].message
    assert [(skip.name, skip.message) for skip in results.skips] == [("a.skips", "no network")]


CASE = '<testcase classname="a" name="b"/>'
FAILS = '<testcase classname="a" name="b"><failure message="no"/></testcase>'


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (f'<testsuite name="s" tests="456" errors="0">{CASE * 5}</testsuite>', "declares 456 tests and holds 5"),
        (f'<testsuite name="s" tests="1" errors="3">{CASE}</testsuite>', "declares 3 failures and errors, and holds 0"),
        (f'<testsuites tests="9"><testsuite tests="1">{CASE}</testsuite></testsuites>', "declares 9 tests and holds 1"),
        (f'<testsuites errors="1"><testsuite>{CASE}</testsuite></testsuites>', "declares 1 failures and errors"),
        (f'<testsuite name="s">{CASE}<error message="import"/></testsuite>', "import"),
        (f"<testsuites>{'<testsuite>'}{CASE}</testsuite><failure/></testsuites>", "as a whole failed"),
        (f'<testsuite tests="x">{CASE}</testsuite>', "its tests are not numbers"),
        (f'<testsuite errors="-1">{CASE}</testsuite>', "its errors are not numbers"),
        ("<testsuite><testcase name='a'><part><failure>deep</failure></part></testcase></testsuite>", "deep"),
        (f"<testsuite><testcase name='a'>{FAILS}</testcase></testsuite>", "no"),
        (f"<testsuite>{CASE}<testcase name='a' status='failed'/></testsuite>", "it says that it is failed"),
        (f"<testsuite>{CASE}<testcase name='a' result='error'/></testsuite>", "it says that it is error"),
        (f"<testsuite>{CASE}<testcase name='a'><rerunFailure/></testcase></testsuite>", "run again after a failure"),
        (f"<testsuite tests='2'><testsuite tests='2'>{CASE}</testsuite>{CASE}</testsuite>", "declares 2 tests"),
    ],
)
def test_junit_that_contradicts_itself_is_no_success(tmp_path, content, why):
    (tmp_path / "x.xml").write_text(content)
    _kind, results = read_results(str(tmp_path / "x.xml"))
    assert not results.success
    assert any(why in failure.message for failure in results.failures), results.failures


@pytest.mark.parametrize(
    ("content", "passed"),
    [
        # PHPUnit: a suite counts what lies in the suites within it; so does pytest's root.
        (
            '<testsuites><testsuite name="all" tests="3" failures="0"><testsuite name="A" tests="2">'
            f'{CASE * 2}</testsuite><testsuite name="B" tests="1">{CASE}</testsuite></testsuite></testsuites>',
            3,
        ),
        (f'<testsuites name="pytest" tests="2"><testsuite tests="2">{CASE * 2}</testsuite></testsuites>', 2),
        # A suite that counts only its own.
        (f'<testsuite tests="1">{CASE}<testsuite tests="2">{CASE * 2}</testsuite></testsuite>', 3),
        # Surefire: a test that passed when it was run again; the tests that were left out are not written.
        (
            '<testsuite tests="3" errors="0" failures="1" skipped="0"><testcase name="a"><flakyFailure/>'
            f"</testcase>{CASE}</testsuite>",
            2,
        ),
        (f'<testsuite tests="5" skipped="3">{CASE * 2}</testsuite>', 2),
        (f'<testsuite tests="3" disabled="1">{CASE * 2}</testsuite>', 2),
        # pytest: a test whose teardown failed, too, is declared once.
        (f'<testsuite tests="1" errors="" failures="">{CASE * 2}</testsuite>', 2),
        (f'<testsuite tests="1,000">{CASE * 1000}</testsuite>', 1000),
        # GoogleTest, Jest and others
        ("<testsuite tests='1'><testcase name='a' status='run' result='completed'/></testsuite>", 1),
    ],
)
def test_junit_as_different_programs_count_is_a_success(tmp_path, content, passed):
    (tmp_path / "x.xml").write_text(content)
    _kind, results = read_results(str(tmp_path / "x.xml"))
    assert results.success, results.failures
    assert results.passed == passed


def test_a_surefire_failure_that_was_run_again_counts_once(tmp_path):
    (tmp_path / "x.xml").write_text(
        f'<testsuite tests="3" failures="2">{CASE}<testcase name="a"><failure/><rerunFailure/></testcase></testsuite>'
    )
    _kind, results = read_results(str(tmp_path / "x.xml"))
    assert (results.passed, results.failed) == (1, 1)


@pytest.mark.parametrize(
    "content",
    [
        "progress: 3\ntest: a\nsuccess: a\n",
        "progress: 1\nprogress: +2\ntest: a\nsuccess: a\n",
        "test: a\nsuccess: a\ntest: b\n",
        "test: a\nsuccess: a\ntest: b\nfailure: b [\ntrace",
    ],
)
def test_a_run_that_was_cut_off_after_a_success_is_none(tmp_path, content):
    (tmp_path / "x.subunit").write_text(content)
    assert not read_results(str(tmp_path / "x.subunit"))[1].success


def test_tests_that_were_announced_and_never_ran_have_failed(tmp_path):
    with open(tmp_path / "x.subunit", "wb") as file:
        stream = subunit.StreamResultToBytes(file)
        for name in ("a", "b"):
            stream.status(test_id=name, test_status="exists")
        stream.status(test_id="a", test_status="success")
    results = read_results(str(tmp_path / "x.subunit"))[1]
    assert [failure.name for failure in results.failures] == ["b"]


@pytest.mark.parametrize(
    ("skipped", "status", "failed"),
    [
        ("setUpClass (m.T)", "skip", ["m.Tall.test"]),
        ("setUpModule (m)", "skip", []),
        ("setUpClass (m.T)", "success", ["m.T.test", "m.Tall.test"]),
        ("m.T", "skip", ["m.T.test", "m.Tall.test"]),
    ],
)
def test_a_class_that_skips_itself_skips_its_tests(tmp_path, skipped, status, failed):
    with open(tmp_path / "x.subunit", "wb") as file:
        stream = subunit.StreamResultToBytes(file)
        for name in ("m.T.test", "m.Tall.test"):
            stream.status(test_id=name, test_status="exists")
        stream.status(test_id=skipped, test_status=status)
    results = read_results(str(tmp_path / "x.subunit"))[1]
    assert [failure.name for failure in results.failures] == failed


def test_what_is_no_result_is_not_quoted_and_not_waited_for(tmp_path):
    (tmp_path / "x.xml").write_text("root:s3cret\n")
    with pytest.raises(InvalidInput) as caught:
        read_results(str(tmp_path / "x.xml"))
    assert "s3cret" not in caught.value.message
    os.mkfifo(tmp_path / "pipe.xml")
    with pytest.raises(InvalidInput, match="a pipe, not a file"):
        read_results(str(tmp_path / "pipe.xml"))
    (tmp_path / "x.xml").write_text("<testsuite>" * 200)
    with pytest.raises(InvalidInput, match="more than 100 deep"):
        read_results(str(tmp_path / "x.xml"))
    (tmp_path / "x.xml").write_text("<?xml version='1.0' encoding='none'?><testsuite/>")
    with pytest.raises(InvalidInput, match="cut off or damaged"):
        read_results(str(tmp_path / "x.xml"))


def test_tests_are_counted_by_group_and_the_slowest_are_named(tmp_path):
    path = write(
        tmp_path,
        stream(
            ("api.compute.x", "inprogress"),
            ("api.compute.x", "success"),
            ("api.network.y", "inprogress"),
            ("else", "exists"),
            ("api.network.y", "fail", ("traceback", b"500")),
            ("setUpClass (api.network.z.Z)", "skip", ("reason", b"no agent")),
            ("else", "success"),
        ),
    )
    report = report_results([path], 10, {"compute": r"^api\.compute", "network": r"^api\.network", "image": "image"}, 1)
    assert report["heads"][0] == "tests of"
    assert report["rows"] == [
        ["compute", 1, 1, 0, 0, 1.0, "passed"],
        ["network", 2, 0, 1, 1, 2.0, "failed"],
        ["other", 1, 1, 0, 0, 0.0, "passed"],
    ]
    assert report["slowest"] == [{"name": "api.network.y", "seconds": 2.0}]


def test_a_group_that_is_no_regular_expression_is_said(tmp_path):
    with pytest.raises(InvalidInput, match="'\\(' is not a regular expression"):
        report_results([write(tmp_path, stream(("a", "success")))], 1, {"x": "("})
