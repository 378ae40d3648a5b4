# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""The announcement of a release: a template that people own, filled with facts."""

from __future__ import annotations

import os
import typing as t

from ..._module.documents import write_atomically
from ..._module.errors import InvalidInput
from ..._module.files import decode, read_input
from ..._module.libraries import load_library
from ..._module.runner import Change, Plan
from ..._release.announcement import series_facts


class Announcement(Change):
    """The text of an announcement in a file.

    :param params: options of the module announcement.
    """

    def __init__(self, params: t.Mapping[str, t.Any]) -> None:
        self._params = params

    def plan(self) -> Plan:
        params, path = self._params, self._params["path"]
        facts = {"release": params["release"], "series": params["series"] or params["release"], **params["variables"]}
        facts["links"] = params["links"]
        if params["deliverables"]:
            facts.update(series_facts(params["deliverables"], facts["series"]))
        text = self._fill(facts)
        self._text = text
        before = ""
        if os.path.isfile(path):
            with open(path, encoding="utf-8", errors="replace") as file:
                before = file.read()
        subject = text.lstrip().splitlines()[0] if text.strip() else ""
        actions = [] if before == text else [f"write {path}"]
        result = {"path": path, "text": text, "subject": subject}
        return Plan({"text": before}, {"text": text}, actions, result)

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        write_atomically(self._params["path"], self._text.encode())
        return {}

    def _fill(self, facts: t.Mapping[str, t.Any]) -> str:
        """:raises InvalidInput: the template wants what is not there, or is none."""
        jinja2, sandbox = load_library("jinja2"), load_library("jinja2.sandbox")
        path = self._params["template"]
        source = decode(read_input(path, "template"), f"The template {path}")
        environment = sandbox.ImmutableSandboxedEnvironment(
            undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
        )
        try:
            return t.cast(str, environment.from_string(source).render(facts))
        except jinja2.TemplateError as error:
            line = getattr(error, "lineno", None)
            where = f" at line {line}" if line else ""
            known = ", ".join(sorted(facts))
            raise InvalidInput(f"The template {path} cannot be filled{where}: {error}. There is: {known}.") from None
        except (TypeError, ValueError, ArithmeticError) as error:
            raise InvalidInput(f"The template {path} cannot be filled: {error}.") from None
