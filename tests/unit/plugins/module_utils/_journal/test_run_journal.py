# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._journal.journal import (
    SCHEMA,
    WriteLine,
    check_line,
    moment,
    read_journal,
    utc,
)
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform

START = 1_795_250_000.0
BUILD = pathlib.Path(__file__).resolve().parents[5] / ".build"


def write(path, at, stage, state, whose="ours", **more):
    content = {"stage": stage, "what": "", "state": state, "whose": whose, "detail": "", "url": "", "run": "", **more}
    return perform(WriteLine(str(path), content, START + at), check_mode=False, diff=False)


def test_a_line_says_all_and_is_written_once(tmp_path):
    path = tmp_path / "run" / "journal.jsonl"
    first = write(path, 0, "published", "waiting", "distribution", detail="12 missing", url="https://example.com/")
    assert first["changed"]
    again = write(path, 60, "published", "waiting", "distribution", detail="12 missing", url="https://example.com/")
    assert (again["changed"], again["since"]) == (False, utc(START))
    fewer = write(path, 90, "published", "waiting", "distribution", detail="3 missing", url="https://example.com/")
    assert (fewer["changed"], fewer["since"]) == (True, utc(START))  # still waiting, for fewer
    (line, _last) = [json.loads(text) for text in path.read_text().splitlines()]
    assert line == {
        "schema": SCHEMA, "at": START, "stage": "published", "what": "", "state": "waiting", "whose": "distribution",
        "detail": "12 missing", "url": "https://example.com/", "run": "",
    }  # fmt: skip


def test_a_run_that_looks_again_does_not_end_the_waiting(tmp_path):
    path = tmp_path / "journal.jsonl"
    for at, run, missing in ((0, "one", 12), (60, "two", 3)):
        write(path, at, "published", "begun", run=run)
        told = write(path, at + 5, "published", "waiting", "distribution", detail=f"{missing} missing", run=run)
        assert told["since"] == utc(START + 5)
    write(path, 90, "published", "begun", run="three")
    write(path, 91, "published", "done", run="three")
    write(path, 95, "published", "begun", run="four")
    assert write(path, 99, "published", "waiting", "distribution", run="four")["since"] == utc(START + 99)


def test_work_that_the_next_run_begins_is_new(tmp_path):
    path = tmp_path / "journal.jsonl"
    assert write(path, 0, "signed", "begun", run="one")["changed"]
    assert not write(path, 1, "signed", "begun", run="one")["changed"]
    assert write(path, 2, "signed", "begun", run="two")["changed"]
    assert write(path, 3, "published", "waiting", "distribution", run="one")["changed"]
    assert not write(path, 4, "published", "waiting", "distribution", run="two")["changed"]


def test_check_mode_writes_nothing(tmp_path):
    path = tmp_path / "run" / "journal.jsonl"
    content = {"stage": "builds", "what": "", "state": "begun", "whose": "ours", "detail": "", "url": "", "run": ""}
    assert perform(WriteLine(str(path), content, START), check_mode=True, diff=False)["changed"]
    assert not path.parent.exists()


@pytest.mark.parametrize("left", [b'{"at": 17952500', b"\xff\xfe", b"[" * 100000, b"\0\0\0\0", b"7", b'{"a": 1}'])
def test_what_a_killed_writer_left_does_no_harm(tmp_path, left):
    path = tmp_path / "journal.jsonl"
    write(path, 0, "builds", "begun")
    with open(path, "ab") as file:
        file.write(left)
    write(path, 1, "builds", "done")
    lines, damaged = read_journal(str(path))
    assert ([line.state for line in lines], damaged) == (["begun", "done"], 1)


def test_a_link_is_not_followed_and_a_folder_is_no_journal(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("untouched\n")
    link = tmp_path / "journal.jsonl"
    link.symlink_to(victim)
    for path in (link, tmp_path):
        with pytest.raises(InvalidInput, match="journal"):
            write(path, 0, "builds", "begun")
    assert victim.read_text() == "untouched\n"
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with pytest.raises(InvalidInput, match="not a regular file"):
        read_journal(str(fifo))


def test_writers_side_by_side_do_not_mix_their_lines(tmp_path):
    path = tmp_path / "journal.jsonl"
    program = (
        "import sys; from ansible_collections.rdo.releng.plugins.module_utils._module.lines import append_lines\n"
        "for number in range(50): append_lines(sys.argv[1], [{'n': number, 'text': 'x' * 5000}], 'journal')"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", program, str(path)], env={**os.environ, "PYTHONPATH": str(BUILD)})
        for number in range(3)
    ]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert sorted(json.loads(line)["n"] for line in path.read_text().splitlines()) == sorted([*range(50)] * 3)


@pytest.mark.parametrize(
    ("key", "value"),
    [("at", "now"), ("at", True), ("at", float("nan")), ("at", -5), ("at", 1e18), ("stage", ""), ("state", "ended"),
     ("whose", "mine"), ("detail", 7), ("schema", "rdo.releng/journal/2")],
)  # fmt: skip
def test_a_line_that_can_not_be_is_refused_by_name(key, value):
    good = {"schema": SCHEMA, "at": START, "stage": "builds", "state": "begun", "whose": "ours"}
    with pytest.raises(InvalidInput, match=key):
        check_line({**good, key: value})


def test_times_are_read_as_people_write_them():
    assert moment("2026-04-01T12:00:00Z") == moment("2026-04-01T14:00:00+02:00") == moment("2026-04-01 12:00")
    with pytest.raises(InvalidInput, match="yesterday"):
        moment("yesterday")
