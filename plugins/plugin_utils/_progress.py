# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Running a module in the background and showing what it says meanwhile.

A module takes part in this way: it is started by ``_module.runner``, it calls ``_module.progress.say``, and beside it
lies ``plugins/action/NAME.py`` with a class ``ActionModule`` that is derived from :class:`ShowProgress`. On the host it
runs as any task with ``async`` does, so a connection that breaks does not end it.
"""

from __future__ import annotations

import json
import secrets
import shlex
import time
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible.utils.vars import merge_hash

from ..module_utils._module.progress import VARIABLE
from ..module_utils._module.waiter import backoff

# Seconds after which Ansible's own guard ends a module; each module has an end to its time of its own.
LIMIT = 7 * 86400
MARK = "=== rdo.releng ==="


class ShowProgress(ActionBase):
    """The action of a module that takes long."""

    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result = super().run(tmp, task_vars)
        # Check mode has nothing to wait for; a task with async is looked after by its playbook.
        if self._task.check_mode or self._task.async_val:
            result = merge_hash(result, self._execute_module(task_vars=task_vars, wrap_async=self._task.async_val))
            if not self._task.async_val:
                self._remove_tmp_path(self._connection._shell.tmpdir)
            return result
        return merge_hash(result, self._run_in_background(task_vars))

    def _run_in_background(self, task_vars: dict[str, t.Any] | None) -> dict[str, t.Any]:
        given = self.get_shell_option("async_dir", default="~/.ansible_async")
        folder = self._remote_expand_user(given)
        progress = self._connection._shell.join_path(folder, f"progress-{secrets.token_hex(8)}")
        self._task.environment = [*(self._task.environment or []), {VARIABLE: progress}]
        self._task.async_val = LIMIT
        # Ansible's guard goes by HOME, which need not be where the user's home is.
        self._connection._shell.set_option("async_dir", folder)
        try:
            started = self._execute_module(task_vars=task_vars, wrap_async=True)
        finally:
            self._connection._shell.set_option("async_dir", given)
            self._task.async_val = 0
            self._task.environment = self._task.environment[:-1]
        if started.get("failed") or not started.get("ansible_job_id"):
            return started
        job = started["ansible_job_id"]
        path = self._connection._shell.join_path(folder, job)
        try:
            self._follow(path, progress)
            arguments = {"jid": job, "mode": "status", "_async_dir": folder}
            result = self._execute_module(
                module_name="ansible.legacy.async_status", module_args=arguments, task_vars=task_vars
            )
        finally:
            self._low_level_execute_command(f"rm -f {shlex.quote(path)} {shlex.quote(progress)}")
        for key in ("ansible_job_id", "finished", "started", "results_file"):
            result.pop(key, None)
        return result

    def _follow(self, path: str, progress: str) -> None:
        """Show what comes until the job's file holds its result."""
        seen, gone = 1, 0
        file = shlex.quote(progress)
        for pause in backoff(0.1, 1.2, 0.7):
            command = f"tail -n +{seen + 1} {file} 2>/dev/null; echo {shlex.quote(MARK)}; "
            command += f"if [ -e {file} ] && ! kill -0 $(head -n 1 {file}) 2>/dev/null; then echo gone; fi; "
            command += f"echo {shlex.quote(MARK)}; cat {shlex.quote(path)} 2>/dev/null"
            parts = self._low_level_execute_command(command).get("stdout", "").split(MARK)
            if len(parts) == 3:
                seen += self._show(parts[0])
                if _is_finished(parts[2]):
                    return
                # Its guard writes the result after it has ended.
                gone = gone + 1 if "gone" in parts[1] else 0
                if gone > 20:
                    raise AnsibleActionFail(
                        f"The process of {self._task.action} is gone without a result: was it killed?"
                    )
            time.sleep(pause)

    def _show(self, text: str) -> int:
        """Show the lines of ``text``, unless the task is to show nothing; how many there are."""
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        for line in () if self._task.no_log else lines:
            Display().display(f"  [{self._play_context.remote_addr or 'localhost'}] {line}")
        return len(lines)


def _is_finished(text: str) -> bool:
    """Whether the job's file holds the result: before, it only says that the job has started."""
    try:
        return "started" not in json.loads(text)
    except ValueError:
        return False
