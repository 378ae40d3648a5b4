# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""A spec file brought to an upstream version, and parsed for each distro before it is written."""

from __future__ import annotations

import datetime
import difflib
import typing as t

from ..._distgit.new_version import Author, NewVersion, UpstreamVersion, bring_to_version, current_version
from ..._distgit.spec_parser import Distro, parse
from ..._distgit.spec_text import SpecText
from ..._module.errors import InvalidInput, Refused
from ..._module.libraries import load_library
from ..._module.runner import Change, Plan
from ..._release.constraints import python_of


class SpecVersion(Change):
    """What the module spec_version brings about."""

    def __init__(self, options: t.Mapping[str, t.Any]) -> None:
        self._options = options

    def plan(self) -> Plan:
        options = self._options
        spec = SpecText.read(options["spec"])
        version = UpstreamVersion.parse(options["version"])
        author = Author(options["author_name"], options["author_email"], _day(options["date"]))
        new = bring_to_version(spec, version, author, options["key"], options["changes"])
        was = current_version(spec)
        if was and not options["allow_older"]:
            _refuse_older(spec.name, was, version)
        self._after = SpecText(new.text, spec.name)
        distros = [Distro(name, python_of(name, options["pythons"])) for name in options["distros"]]
        parsed = parse(self._after, distros)
        sources = list(dict.fromkeys(url for one in parsed.values() for url in one.sources.values()))
        return Plan(
            before={spec.name: spec.text},
            after={spec.name: new.text},
            actions=new.actions,
            result={
                **_result(new),
                "version_before": str(was) if was else None,
                "sources": sources,
                "patch": patch_of(spec.name, spec.text, new.text),
            },
        )

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        self._after.write(self._options["spec"])
        return {}


def patch_of(name: str, before: str, after: str) -> str:
    """The change of a file as a unified diff without context."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), name, name, n=0, lineterm="")
    return "\n".join(lines)


def _result(new: NewVersion) -> dict[str, t.Any]:
    return {"evr": new.evr, "left_alone": new.left_alone}


def _refuse_older(name: str, was: UpstreamVersion, version: UpstreamVersion) -> None:
    parse_version = load_library("packaging.version").Version
    try:
        older = parse_version(str(version)) < parse_version(str(was))
    except ValueError:
        return  # the spec file's version is none of Python's: nobody can say which comes first
    if older:
        raise Refused(
            f"{name} is at {was}, and {version} is older. Is it the right branch? If it is, set allow_older.",
            version_before=str(was),
        )


def _day(text: str | None) -> datetime.date:
    if text is None:
        return datetime.datetime.now(datetime.timezone.utc).date()
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"{text!r} is not a date such as 2026-04-15.", date=text) from None
