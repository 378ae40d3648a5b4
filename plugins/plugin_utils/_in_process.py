# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Doing a module's work in Ansible's own process, where that runs on the host in question.

To pack a module and start a Python for it takes half a second, longer than most of them work. A module takes part in
this way: it needs no library that Ansible does not need itself, it has ``SPECIFICATION`` and
``work(params, check_mode, diff)``, and beside it lies ``plugins/action/NAME.py`` with a class ``ActionModule`` that is
derived from :class:`RunInProcess`. On other hosts, as another user, in the background and with an environment of its
own it runs as any module.
"""

from __future__ import annotations

import os
import types
import typing as t

from ansible.module_utils.common.parameters import remove_values
from ansible.plugins.action import ActionBase
from ansible.utils.vars import merge_hash

from ..module_utils._module.errors import RelengError
from ..module_utils._module.runner import failure
from ..module_utils._module.text import presentable


class RunInProcess(ActionBase):
    """The action of ``module``."""

    _supports_check_mode = True
    _supports_async = True

    module: types.ModuleType

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result = super().run(tmp, task_vars)
        if not self._is_here():
            return merge_hash(result, self._execute_module(task_vars=task_vars, wrap_async=self._task.async_val))
        validated, params = self.validate_argument_spec(**self.module.SPECIFICATION)
        before = os.getcwd()
        try:
            # Where modules run with a local connection, so that a relative path means the same.
            os.chdir(self._loader.get_basedir())
            done = presentable(self.module.work(params, self._task.check_mode, self._task.diff))
        except (RelengError, OSError) as error:
            done = {"failed": True, **failure(error)}
        finally:
            os.chdir(before)
        # As AnsibleModule does on its way out: the values of options with no_log are masked wherever they stand.
        return merge_hash({**result, "changed": False}, remove_values(done, validated._no_log_values))

    def _is_here(self) -> bool:
        as_another = self._play_context.become or self._task.async_val or any(self._task.environment or [])
        return self._connection.transport == "local" and not as_another
