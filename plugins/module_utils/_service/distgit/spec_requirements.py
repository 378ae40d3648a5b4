# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""A spec file's dependencies beside upstream's sources, from wherever these are."""

from __future__ import annotations

import dataclasses
import typing as t

from ..._closure.packages import Packages, Rules
from ..._closure.providers import python_providers
from ..._distgit.names import Provider, RpmNames
from ..._distgit.requirements import Editor, Needs, Wanted, compare, merged
from ..._distgit.spec_parser import Distro, ParsedSpec, parse
from ..._distgit.spec_text import SpecText
from ..._git.snapshot import is_url, take_snapshot
from ..._module.documents import read_yaml
from ..._module.errors import InvalidInput, Refused
from ..._module.runner import Change, Plan
from ..._release.constraints import python_of
from ..._release.rdoinfo import Files, Folder
from ..._release.upstream_requirements import Requirement, UpstreamRequirements
from ..._repodata.cache import Cache
from ..._repodata.download import Transport
from ..._repodata.sources import SourceReader
from ..release.rdoinfo_query import cache_folder
from ..repository.reading import cache_folder as repository_cache
from .spec_version import patch_of


class SpecRequirements(Change):
    """What the module spec_requirements brings about."""

    def __init__(self, options: t.Mapping[str, t.Any]) -> None:
        self._options = options

    def plan(self) -> Plan:
        options = self._options
        distros = [Distro(name, python_of(name, options["pythons"])) for name in options["distros"]]
        spec = SpecText.read(options["spec"])
        upstream = UpstreamRequirements(upstream_files(options))
        names = RpmNames(_overrides(options["names"]), _providers(options))
        parsed = parse(spec, distros)
        rows = merged(
            {
                distro.name: compare(
                    parsed[distro.name],
                    _needs(upstream, parsed[distro.name], distro.python),
                    names,
                    options["build_minimums"],
                )
                for distro in distros
            },
            _active(parsed),
        )
        for row in rows:
            row["provided"] = names.is_provided(row["upstream"]) if row["upstream"] else None
        chosen = [row for row in rows if row["applies"] and row["status"] in options["changes"]]
        self._after, actions = Editor(spec, names, options["build_minimums"]).edited(chosen)
        if actions:
            _refuse_broken(self._after, distros)
        return Plan(
            before={spec.name: spec.text},
            after={spec.name: self._after.text},
            actions=actions,
            result={
                "differences": [_public(row) for row in rows],
                "generates_buildrequires": any(one.generates for one in parsed.values()),
                "patch": patch_of(spec.name, spec.text, self._after.text),
            },
        )

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        self._after.write(self._options["spec"])
        return {}


def _needs(upstream: UpstreamRequirements, spec: ParsedSpec, python: str) -> Needs:
    run = _wanted(upstream.for_python(upstream.run, python))
    build = _wanted(upstream.for_python(upstream.build, python))
    checks = "check" in spec.sections
    return Needs(run, {**build, **(run if checks else {})}, set(upstream.for_python(upstream.optional, python)))


def _wanted(requirements: t.Mapping[str, Requirement]) -> dict[str, Wanted]:
    return {key: Wanted(**dataclasses.asdict(one)) for key, one in requirements.items()}


def _active(parsed: t.Mapping[str, ParsedSpec]) -> dict[int, set[str]]:
    """The distros for which each line counts."""
    found: dict[int, set[str]] = {}
    for distro, spec in parsed.items():
        for dependency in spec.dependencies:
            found.setdefault(dependency.line, set()).add(distro)
    return found


def _refuse_broken(spec: SpecText, distros: t.Sequence[Distro]) -> None:
    try:
        parse(spec, distros)
    except InvalidInput as error:
        raise Refused(f"Nothing was written, as the outcome does not parse. {error.message}", **error.data) from error


def _public(row: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    line = None if row["line"] is None else row["line"] + 1
    return {**{key: value for key, value in row.items() if key != "epoch"}, "line": line}


def _overrides(path: str | None) -> dict[str, t.Any]:
    names = read_yaml(path, "file of names") if path else {}
    if not isinstance(names, dict):
        raise InvalidInput(f"The file of names {path} is not a mapping of names on PyPI to names in specs.")
    return names


def _providers(options: t.Mapping[str, t.Any]) -> dict[str, list[Provider]] | None:
    """What the repositories provide; None where none are given."""
    if not options["repositories"]:
        return None
    transport = Transport(options["timeout"], options["deadline"], options["retries"], options["ca_path"])
    reader = SourceReader(transport, {"basearch": options["arch"], "arch": options["arch"], **options["variables"]})
    sources = reader.read(options["repositories"], False)
    packages = Packages(sources, Rules(options["arch"]), Cache(repository_cache(options["cache_dir"])), transport)
    return {key: [Provider(*one) for one in found] for key, found in python_providers(packages).items()}


def upstream_files(options: t.Mapping[str, t.Any]) -> Files:
    source, revision = options["upstream"], options["revision"]
    if revision is None and not is_url(source):
        return Folder(source)
    return take_snapshot(source, revision or "HEAD", cache_folder(options), options["git_timeout"])
