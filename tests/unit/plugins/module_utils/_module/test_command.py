# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pathlib
import selectors
import subprocess
import sys
import time

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._module.command import find_program, run_command
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import (
    CommandFailed,
    InvalidInput,
    NotFound,
    TimedOut,
)

COLLECTIONS = str(pathlib.Path(__file__).resolve().parents[5] / ".build")


def is_gone(pid: int) -> bool:
    """Whether a process ends within moments."""
    for _wait in range(100):
        stat = pathlib.Path(f"/proc/{pid}/stat")
        if not stat.exists() or stat.read_text().split()[2] == "Z":
            return True
        time.sleep(0.05)
    return False


def test_output_and_status_are_kept_in_the_log(tmp_path):
    log = tmp_path / "log"
    finished = run_command(["sh", "-c", "echo one; echo two >&2"], log=str(log))
    assert finished.rc == 0
    assert finished.output == "one\ntwo\n"
    lines = log.read_text().splitlines()
    assert lines[0].endswith("sh -c 'echo one; echo two >&2'")
    assert lines[1:3] == ["one", "two"]
    assert lines[3].startswith("= exit 0 after ")


def test_a_failure_tells_status_last_line_and_log(tmp_path):
    log = str(tmp_path / "log")
    with pytest.raises(CommandFailed, match=f"sh ended with status 3: why. Log: {log}") as caught:
        run_command(["sh", "-c", "echo why; exit 3"], log=log)
    assert caught.value.data["rc"] == 3


def test_an_expected_status_is_no_failure():
    for expected in (0, 3), None:
        assert run_command(["sh", "-c", "exit 3"], expected=expected).rc == 3


def test_what_is_data_is_kept_apart_from_what_is_said(tmp_path):
    log = tmp_path / "log"
    finished = run_command(["sh", "-c", "echo data; echo said >&2"], log=str(log), apart=True)
    assert (finished.output, finished.errors) == ("data\n", "said\n")
    assert {"data", "said"} <= set(log.read_text().splitlines())
    with pytest.raises(CommandFailed, match="ended with status 1: said") as caught:
        run_command(["sh", "-c", "echo said >&2; echo data; exit 1"], apart=True)
    assert caught.value.data["output"] == "data\nsaid\n"


def test_a_program_that_is_tied_goes_when_who_started_it_is_killed(tmp_path):
    pid_file = tmp_path / "pid"
    code = f"from {run_command.__module__} import run_command as run; run({{}}, tied=True)"
    program = ["sh", "-c", f"echo $$ > {pid_file}.new; mv {pid_file}.new {pid_file}; exec sleep 600"]
    starter = subprocess.Popen(
        [sys.executable, "-c", code.format(program)], env={**os.environ, "PYTHONPATH": COLLECTIONS}
    )
    while not pid_file.exists():
        assert starter.poll() is None
        time.sleep(0.05)
    starter.kill()
    starter.wait()
    assert is_gone(int(pid_file.read_text()))


def test_a_program_that_hangs_is_ended_with_all_it_started(tmp_path):
    pid_file = tmp_path / "pid"
    with pytest.raises(TimedOut, match="ended after 0.5 s"):
        run_command(["sh", "-c", f"sleep 60 & echo $! > {pid_file}; wait"], timeout=0.5)
    assert is_gone(int(pid_file.read_text()))


def test_a_child_that_keeps_the_output_open_does_not_hold_us_up():
    assert run_command(["sh", "-c", "(sleep 60; echo too late) & echo done"]).output == "done\n"


def test_what_is_printed_while_nobody_looks_is_read(monkeypatch):
    """On a busy machine, a program prints and ends between two steps of its reader."""

    class Busy(selectors.DefaultSelector):
        waited = False

        def select(self, timeout=None):
            if not self.waited:
                self.waited = True
                time.sleep(0.5)
                return []
            return super().select(timeout)

    monkeypatch.setattr(selectors, "DefaultSelector", Busy)
    done = run_command(["sh", "-c", "head -c 60000 /dev/zero; echo err >&2"], apart=True, tail=100000)
    assert (len(done.output), done.errors) == (60000, "err\n")


def test_only_the_end_of_a_long_output_is_returned():
    finished = run_command(["sh", "-c", "seq 1 100000"], tail=100)
    assert len(finished.output) == 100
    assert finished.output.endswith("99999\n100000\n")


def test_a_program_that_is_not_here_comes_with_the_command_that_installs_it(monkeypatch, tmp_path):
    apt = tmp_path / "apt-get"
    apt.write_text("#!/bin/sh\n")
    apt.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotFound, match="createrepo_c is not installed. Install it with: apt-get install createrepo-c"):
        find_program("createrepo_c")
    with pytest.raises(NotFound, match="mock is not installed. It is not packaged for this host"):
        find_program("mock")


def test_the_folder_of_a_log_is_made_where_it_can_be(tmp_path):
    log = tmp_path / "new" / "folder" / "log"
    run_command(["true"], log=str(log))
    assert log.read_text().startswith("+ ")
    with pytest.raises(InvalidInput, match=f"The log {log}/more cannot be written: .*Not a directory|File exists"):
        run_command(["true"], log=f"{log}/more")


@pytest.mark.parametrize("how", ["no program", "no folder"])
def test_what_can_not_be_started_is_a_failure(tmp_path, how):
    script = tmp_path / "script"
    script.write_text("echo no interpreter, and not to be run\n")
    command = {"argv": [str(script)]} if how == "no program" else {"argv": ["true"], "cwd": str(tmp_path / "none")}
    with pytest.raises(CommandFailed, match=r"cannot be started: \[Errno \d+\]") as caught:
        run_command(**command)
    assert caught.value.data["rc"] == 126


def test_a_full_disk_names_the_log():
    with pytest.raises(InvalidInput, match="The log /dev/full cannot be written|is a device, not a file"):
        run_command(["echo", "x"], log="/dev/full")


def test_a_log_is_not_written_through_a_link(tmp_path):
    (tmp_path / "victim").write_text("content")
    (tmp_path / "log").symlink_to("victim")
    with pytest.raises(InvalidInput, match="It is a link, which is not followed"):
        run_command(["echo", "x"], log=str(tmp_path / "log"))
    assert (tmp_path / "victim").read_text() == "content"
