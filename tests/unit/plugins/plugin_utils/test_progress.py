# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is shown of a module that works in the background."""

from __future__ import annotations

import os
import subprocess
import types

import pytest
from ansible.errors import AnsibleActionFail
from ansible.utils.display import Display

from ansible_collections.rdo.releng.plugins.module_utils._module.progress import VARIABLE, begin, say
from ansible_collections.rdo.releng.plugins.plugin_utils import _progress


class Plugin(_progress.ShowProgress):
    """Runs its commands here; those that ``lost`` counts get no answer."""

    def __init__(self, no_log=False, lost=0):
        self._task = types.SimpleNamespace(no_log=no_log, action="rdo.releng.dlrn_build")
        self._play_context = types.SimpleNamespace(remote_addr="builder")
        self.lost = lost

    def _low_level_execute_command(self, command):
        if self.lost:
            self.lost -= 1
            return {"stdout": "", "rc": 1}
        return {"stdout": subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False).stdout}


@pytest.fixture
def pauses(monkeypatch):
    made = []
    # Its own alone: threads of other tests sleep, too.
    monkeypatch.setattr(_progress, "time", types.SimpleNamespace(sleep=made.append))
    return made


@pytest.fixture
def shown(monkeypatch):
    lines = []
    monkeypatch.setattr(Display, "display", lambda self, line: lines.append(line))
    return lines


@pytest.fixture
def files(tmp_path, monkeypatch):
    """The job's file with a result, and the file of its progress."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "progress"))
    (tmp_path / "job").write_text('{"changed": true}')
    return str(tmp_path / "job"), str(tmp_path / "progress")


def test_lines_are_shown_with_the_host_and_cannot_steer_the_terminal(files, shown, pauses):
    begin()
    say("alpha: \x1b[31mbuilding\x07\n  now")
    say("beta")
    Plugin()._follow(*files)
    assert shown == ["  [builder] alpha: \ufffd[31mbuilding\ufffd now", "  [builder] beta"]
    assert pauses == []


def test_of_a_task_that_must_not_be_logged_nothing_is_shown(files, shown, pauses):
    begin()
    say("the password is teapot")
    Plugin(no_log=True)._follow(*files)
    assert shown == []


def test_a_host_without_an_answer_is_given_time(files, shown, pauses):
    begin()
    Plugin(lost=3)._follow(*files)
    assert len(pauses) == 3 and all(pause > 0 for pause in pauses)


def test_a_process_that_was_killed_is_noticed(files, shown, pauses):
    ended = subprocess.Popen(["true"])
    ended.wait()
    with open(files[1], "w") as file:
        file.write(f"{ended.pid}\n")
    os.unlink(files[0])
    with pytest.raises(AnsibleActionFail, match="dlrn_build is gone without a result"):
        Plugin()._follow(*files)
