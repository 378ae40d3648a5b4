# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What a host would install from besides a candidate: its other .repo files, and how they are turned off."""

from __future__ import annotations

import configparser
import os
import re
import stat
import typing as t

from ..._dlrn.candidate import read_candidate
from ..._module.documents import write_atomically
from ..._module.errors import InvalidInput, Refused
from ..._module.files import decode, read_input
from ..._module.runner import Change, Plan
from ..._module.text import ini_problem

_SECTION = re.compile(r"\[([^\]]+)\]\s*$")
_ENABLED = re.compile(r"enabled\s*[=:]", re.IGNORECASE)


class OtherRepositories(Change):
    """The repositories that .repo files of others turn on, beside a candidate that says exactly what is installed.

    A candidate says so when one of its base repositories must not drift.

    :param ours: names of the files in the folder that are not looked at.
    :param others: what becomes of them then: ``keep``, ``refuse`` or ``disable``.
    """

    def __init__(self, path: str, ours: t.Collection[str], candidate: str, others: str) -> None:
        self._path, self._ours, self._others = path, frozenset(ours), others
        self._is_exact = any(one.drift == "fail" for one in read_candidate(candidate).base)

    def plan(self) -> Plan:
        """:raises Refused: there are others, and there may be none; all are named."""
        self._texts = self._read()
        enabled = [(name, section) for name in self._texts for section in self._enabled(name)]
        rows = [{"id": section, "file": os.path.join(self._path, name)} for name, section in enabled]
        if rows and self._is_exact and self._others == "refuse":
            names = ", ".join(f"{one['id']} ({one['file']})" for one in rows)
            raise Refused(
                f"The candidate pins its base, and this host would also install from {names}. Turn them off, let this "
                "be done (disable), or allow them (keep).",
                others=rows,
            )
        actions = []
        self._new: dict[str, str] = {}
        if self._is_exact and self._others == "disable":
            for name, section in enabled:
                self._new[name] = _disabled(self._new.get(name, self._texts[name]), section)
                actions.append(f"disable {section} of {os.path.join(self._path, name)}")
        before = {name: self._texts[name] for name in self._new}
        return Plan(before, dict(self._new), actions, {"others": rows, "exact": self._is_exact})

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        for name, text in self._new.items():
            path = os.path.realpath(os.path.join(self._path, name))
            write_atomically(path, text.encode(), stat.S_IMODE(os.stat(path).st_mode))
        return {}

    def _read(self) -> dict[str, str]:
        """The text of each file of others; none in a folder that is still to be made."""
        if not os.path.isdir(self._path):
            return {}
        names = sorted(name for name in os.listdir(self._path) if name.endswith(".repo") and name not in self._ours)
        paths = {name: os.path.join(self._path, name) for name in names}
        return {name: decode(read_input(path, ".repo file"), f"The .repo file {path}") for name, path in paths.items()}

    def _enabled(self, name: str) -> list[str]:
        parser = configparser.ConfigParser(interpolation=None, strict=False)
        path = os.path.join(self._path, name)
        try:
            parser.read_string(self._texts[name], path)
            return [one for one in parser.sections() if one != "main" and parser[one].getboolean("enabled", True)]
        except (configparser.Error, ValueError) as error:
            raise InvalidInput(f"{path} is no .repo file: {ini_problem(error)}", path=path) from error


def _disabled(text: str, section: str) -> str:
    """``text`` with a section turned off, and every other line as it is."""
    lines: list[str] = []
    inside = False
    for line in text.splitlines(keepends=True):
        header = _SECTION.match(line.strip())
        if header is not None:
            inside = header[1] == section
            lines.append(line if line.endswith("\n") else f"{line}\n")
            if inside:
                lines.append("enabled=0\n")
        elif not (inside and _ENABLED.match(line)):
            lines.append(line)
    return "".join(lines)
