# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Dashboards and alert rules of all releases, out of their definitions."""

from __future__ import annotations

import dataclasses
import os
import typing as t

from ..._metrics.alerts import Limits, alert_rules
from ..._metrics.dashboards import dashboards
from ..._module.documents import write_atomically
from ..._module.errors import InvalidInput
from ..._module.runner import Change, Plan
from ..._zuul.definition import read_release, read_site

PREFIX = "releng-"
LIMITS = [field.name for field in dataclasses.fields(Limits)]


class WriteMonitoring(Change):
    """Bring the folder of dashboards and the file of rules to what the definitions say.

    Dashboards of releases that have no definition any more go away; other files in the folder are left alone.

    :param params: the options of the module monitoring_files.
    """

    def __init__(self, params: dict[str, t.Any]) -> None:
        self.params = params

    def plan(self) -> Plan:
        site = read_site(self.params["site"])
        releases = [read_release(path, site) for path in self.params["releases"]]
        folder, rules = self.params["dashboards"], self.params["rules"]
        wanted: dict[str, str] = {}
        if folder:
            boards = dashboards([release.release for release in releases])
            wanted.update({os.path.join(folder, name): text for name, text in boards.items()})
        if rules:
            limits = Limits(**{name: value for name, value in self.params["limits"].items() if value is not None})
            wanted[rules] = alert_rules({release.release: release.labels.target for release in releases}, limits)
        before = {path: text for path in [*wanted, *_present(folder)] if (text := _read(path)) is not None}
        actions = [f"write {path}" for path, text in wanted.items() if before.get(path) != text]
        actions += [f"remove {path}" for path in before if path not in wanted]
        return Plan(before, wanted, actions, {"files": sorted(wanted)})

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        for path, text in plan.after.items():
            if plan.before.get(path) != text:
                write_atomically(path, text.encode())
        for path in plan.before.keys() - plan.after.keys():
            os.unlink(path)
        return {}


def _present(folder: str | None) -> list[str]:
    """The dashboards that lie there, by the names that this writes."""
    if not folder or not os.path.isdir(folder):
        return []
    names = sorted(name for name in os.listdir(folder) if name.startswith(PREFIX) and name.endswith(".json"))
    return [os.path.join(folder, name) for name in names]


def _read(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error}", path=path) from error
