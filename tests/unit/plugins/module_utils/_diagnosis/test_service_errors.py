# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._diagnosis.service_errors import errors_of, first_errors
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput, NotFound

# As each program writes them: a conductor that waited, the database server that it waited for, and the rest.
CONDUCTOR = """\
2026-11-29 18:07:27.153 191 WARNING nova.conductor [None req-7182] Slow
2026-11-29 18:07:30.928 191 ERROR oslo_db.sqlalchemy.engines [-] Database connection was found disconnected
2026-11-29 18:07:30.930 191 ERROR oslo_db.sqlalchemy.engines Traceback (most recent call last):
"""
MARIADB = """\
2026-11-29 18:07:02 0 [Warning] failed to retrieve the MAC address
2026-11-29 18:07:29 7 [ERROR] InnoDB: The table is full
"""
RABBITMQ = """\
2026-11-29 18:07:01.100000+00:00 [info] <0.222.0> Running boot step pre_boot
2026-11-29 18:07:31.200000+00:00 [error] <0.881.0> closing AMQP connection
"""
OVN = """\
2026-11-29T18:07:01.123Z|00012|ovsdb_idl|WARN|no table
2026-11-29T18:07:40.123Z|00013|main|EMER|assertion failed
"""
PLACEMENT = """\
Traceback (most recent call last):
  File "x.py", line 1, in <module>
ModuleNotFoundError: No module named 'pymysql'
"""


@pytest.fixture
def logs(tmp_path):
    texts = {"nova-conductor": CONDUCTOR, "mariadb": MARIADB, "rabbitmq": RABBITMQ, "ovn-controller": OVN}
    for name, text in texts.items():
        (tmp_path / f"{name}.log").write_text(text)
    (tmp_path / "cloud.log").write_text("2026-11-29 18:07:00.000 1 ERROR none of a service\n")
    return tmp_path


def test_the_oldest_error_is_whose_service_failed_first(logs):
    found = first_errors(str(logs), ["cloud.log"], [])
    assert [(error.service, error.message) for error in found] == [
        ("mariadb", "InnoDB: The table is full"),
        ("nova-conductor", "Database connection was found disconnected"),
        ("rabbitmq", "closing AMQP connection"),
        ("ovn-controller", "assertion failed"),
    ]
    assert found[0].at == "2026-11-29 18:07:29"


def test_what_a_healthy_service_says_as_well_is_no_error(logs):
    assert first_errors(str(logs), ["cloud.log"], ["table is full"])[0].service == "nova-conductor"


EXPECTED = """\
2026-11-29 18:07:30.928 77 ERROR nova.api.validation [None req-1 - -] Schema failed to validate: 'x' is not a 'uuid'
2026-11-29 18:07:30.928 77 ERROR nova.api.validation Traceback (most recent call last):
2026-11-29 18:07:30.928 77 ERROR nova.api.validation
2026-11-29 18:07:30.928 77 ERROR nova.api.validation ValidationError: 'x' is not a 'uuid'
"""
OTHERS = [
    "2026-11-29 18:07:30.928 77 ERROR nova.api.validation [None req-2 - -] Something else",
    "2026-11-29 18:07:30.929 77 ERROR nova.api.validation Traceback (most recent call last):",
    "2026-11-29 18:07:30.928 78 ERROR nova.api.validation Traceback (most recent call last):",
    "2026-11-29 18:07:30.928 77 ERROR nova.api.wsgi Traceback (most recent call last):",
]


def test_the_traceback_of_what_a_healthy_service_says_is_no_error_either(tmp_path):
    (tmp_path / "nova-api.log").write_text(EXPECTED)
    assert first_errors(str(tmp_path), [], ["Schema failed to validate"]) == []


@pytest.mark.parametrize("other", OTHERS)
def test_what_comes_after_it_is_an_error(tmp_path, other):
    (tmp_path / "nova-api.log").write_text(EXPECTED + other + "\n")
    assert first_errors(str(tmp_path), [], ["Schema failed to validate"])[0].message in other


ABORTED = """\
2026-11-29 18:07:30.928 200 ERROR ovsdbapp.transaction [None req-7a9b - -] Traceback (most recent call last):
  File "connection.py", line 128, in run
    txn.results.put(txn.do_commit())
                    ^^^^^^^^^^^^^^^
neutron.exceptions.RevisionConflict: the number is higher. Skipping update

2026-11-29 18:07:30.931 200 INFO neutron.ovn [None req-7a9b - -] Transaction aborted
"""


def test_a_traceback_that_is_the_message_is_known_by_its_last_line(tmp_path):
    (tmp_path / "neutron-api.log").write_text(ABORTED)
    (found,) = errors_of(str(tmp_path / "neutron-api.log"), [])
    assert (found.at, found.message) == (
        "2026-11-29 18:07:30.928",
        "neutron.exceptions.RevisionConflict: the number is higher. Skipping update",
    )
    assert first_errors(str(tmp_path), [], [r"ERROR ovsdbapp\.transaction .*RevisionConflict"]) == []
    assert first_errors(str(tmp_path), [], [r"ERROR ovsdbapp\.transaction .*TimeoutException"]) == [found]


@pytest.mark.parametrize("end", ["", "2026-11-29 18:07:31.000 200 INFO neutron.ovn [-] Next\n"])
def test_a_traceback_without_an_end_is_an_error_all_the_same(tmp_path, end):
    (tmp_path / "neutron-api.log").write_text("".join(ABORTED.splitlines(True)[:2]) + end)
    (found,) = errors_of(str(tmp_path / "neutron-api.log"), [])
    assert (found.at, found.message) == ("2026-11-29 18:07:30.928", "Traceback (most recent call last):")


def test_an_exception_without_a_time_comes_before_all_that_has_one(logs):
    (logs / "placement-setup.log").write_text(PLACEMENT)
    first = first_errors(str(logs), ["cloud.log"], [])[0]
    assert (first.service, first.at, first.message) == (
        "placement-setup",
        "",
        "ModuleNotFoundError: No module named 'pymysql'",
    )


def test_an_exception_has_the_time_of_the_line_before_it(tmp_path):
    (tmp_path / "x.log").write_text("2026-11-29 18:07:29.5 1 INFO x [-] Begin\nValueError: of nobody\n")
    assert first_errors(str(tmp_path), [], [])[0].at == "2026-11-29 18:07:29.5"


def test_logs_of_no_text_and_of_one_endless_line_are_read(tmp_path):
    (tmp_path / "binary.log").write_bytes(b"\xff\x00\xfe\n" * 10)
    (tmp_path / "long.log").write_bytes(b"x" * 3_000_000 + b"\n2026-11-29 18:07:29.5 1 ERROR y [-] after it\n")
    assert [error.message for error in first_errors(str(tmp_path), [], [])] == ["after it"]


def test_a_pattern_that_is_none_is_said(tmp_path):
    with pytest.raises(InvalidInput, match="not a regular expression"):
        first_errors(str(tmp_path), [], ["("])


def test_nothing_but_files_is_read(tmp_path):
    (tmp_path / "outside").write_text("2026-11-29 18:07:29.5 1 ERROR y [-] a secret\n")
    (tmp_path / "logs" / "folder.log").mkdir(parents=True)
    (tmp_path / "logs" / "link.log").symlink_to(tmp_path / "outside")
    assert first_errors(str(tmp_path / "logs"), [], []) == []


def test_what_would_move_a_terminal_is_taken_out(tmp_path):
    (tmp_path / "x.log").write_text("2026-11-29 18:07:29.5 1 ERROR y [-] red \x1b[31m and \r away\n")
    assert "\x1b" not in first_errors(str(tmp_path), [], [])[0].message


def test_a_log_that_is_not_there_is_said(tmp_path):
    with pytest.raises(NotFound, match="no log of a service at"):
        next(errors_of(str(tmp_path / "x.log"), []))
