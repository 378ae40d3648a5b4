# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Manifests of artifacts, and which artifacts a change makes anew, as modules ask for it."""

from __future__ import annotations

import contextlib
import hashlib
import re
import typing as t

from ..._closure.engine import Change, Engine
from ..._closure.manifest import Artifact, Resolved, in_order, resolve
from ..._module.command import run_command
from ..._module.documents import digest
from ..._module.errors import InvalidInput, RelengError
from ..._module.files import read_input
from ..._module.table import text_table
from ..._repodata.sources import Source
from ..._rpm.rpmfiles import indexed
from .reading import Reading

_VERSION = re.compile(r"\d+(?:\.\w+)+")
_MOST_NAMED = 8


def manifest_info(params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """What the module artifact_manifest_info returns.

    :raises RelengError: an artifact cannot be made, unless ``fail_on_broken`` is off.
    """
    reading = Reading(params, writable=not check_mode)
    packages = reading.packages(reading.sources(params["repositories"], True))
    artifacts = read_artifacts(params["artifacts"])
    found = resolve(packages, packages.visible_ids, artifacts)
    broken = _broken(found)
    rows = [
        [name, len(one.rows), one.manifest["id"] if one.manifest else "cannot be made"] for name, one in found.items()
    ]
    result = {
        "manifests": {name: one.manifest for name, one in found.items() if one.manifest},
        "broken": broken,
        "notes": reading.notes,
        "table": text_table(["artifact", "packages", "id"], rows),
    }
    return _unless_broken(result, broken, params["fail_on_broken"])


def plan_info(params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """What the module artifact_plan_info returns.

    :raises RelengError: an artifact could not be made any more, unless ``fail_on_broken`` is off.
    """
    reading = Reading(params, writable=not check_mode)
    artifacts = in_order(read_artifacts(params["artifacts"]))
    with contextlib.ExitStack() as stack:
        offers = _offers(params["replace"], reading, stack)
        state = reading.sources(params["repositories"], True)
        if not state:
            raise InvalidInput("repositories names none: the state that a change comes to is needed.")
        packages = reading.packages(state, offers=offers)
    engine = Engine(packages)
    change = _change(params, engine, [one.id for one in state], [one.id for one in offers])
    now = resolve(packages, packages.visible_ids, artifacts)
    then = resolve(packages, engine.seen_after(change), artifacts)
    affected: list[dict[str, t.Any]] = []
    unchanged: list[str] = []
    for one in artifacts:
        made = params["made"].get(one.name) or (now[one.name].manifest or {}).get("id")
        manifest = then[one.name].manifest
        if manifest is None:
            continue
        if manifest["id"] == made:
            unchanged.append(one.name)
            continue
        difference = _difference(now[one.name].rows, then[one.name].rows)
        through = [name for name in one.made_of if name in {row["artifact"] for row in affected}]
        affected.append(
            {"artifact": one.name, "kind": one.kind, "id": manifest["id"], "through": through, **difference}
        )
    broken = _broken(then)
    for row in broken:
        row["already"] = now[row["artifact"]].manifest is None
    result = {
        "affected": affected,
        "unchanged": unchanged,
        "broken": broken,
        "manifests": {name: one.manifest for name, one in then.items() if one.manifest},
        "notes": reading.notes,
        "table": text_table(
            ["artifact", "", "because"],
            [
                *([row["artifact"], "made anew", _because(row)] for row in affected),
                *([row["artifact"], "cannot be made", "; ".join(row["reasons"])] for row in broken),
                *([name, "stays", ""] for name in unchanged),
            ],
        ),
    }
    return _unless_broken(result, broken, params["fail_on_broken"])


def read_artifacts(given: t.Sequence[dict[str, t.Any]]) -> list[Artifact]:
    """Artifacts as playbooks describe them, each after those that it is made of."""
    versions: dict[str, str] = {}

    def version(tool: str) -> str:
        if tool not in versions:
            versions[tool] = _version(tool)
        return versions[tool]

    return in_order(
        Artifact(
            one["name"],
            one["kind"],
            tuple(one["packages"]),
            digest([one.get("configuration") or {}, *map(_sha256, one.get("configuration_files") or [])]),
            {tool: str(given) if given else version(tool) for tool, given in (one.get("tools") or {}).items()},
            tuple(one.get("made_of") or ()),
        )
        for one in given
    )


def _sha256(path: str) -> str:
    return hashlib.sha256(read_input(path, "configuration file")).hexdigest()


def _version(tool: str) -> str:
    """What a program says that it is."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+-]*", tool):
        raise InvalidInput(f"{tool!r} is not a name of a program; give its version.")
    output = run_command([tool, "--version"]).output
    match = _VERSION.search(output)
    if match is None:
        raise InvalidInput(f"{tool} --version names no version: give it in tools. It says: {output[:200]}")
    return match[0]


def _offers(given: t.Sequence[t.Any], reading: Reading, stack: contextlib.ExitStack) -> list[Source]:
    files = [item for item in given if isinstance(item, str) and item.endswith(".rpm")]
    offers = reading.sources([item for item in given if item not in files], True)
    if files:
        offers.append(Source("RPM files of replace", (stack.enter_context(indexed(files, "RPM files of replace")),)))
    return offers


def _change(params: dict[str, t.Any], engine: Engine, state: list[str], offers: list[str]) -> Change:
    into = params["into"] or state[0]
    if not params["into"] and len(state) > 1 and offers:
        raise InvalidInput(f"Several repositories are read: say in into which one changes: {', '.join(state)}.")
    add = frozenset[int]().union(*map(engine.offered, offers))
    return Change(engine.find(params["remove"]) | engine.of_sources_like(add, into), add, into)


def _difference(old: dict[str, str], new: dict[str, str]) -> dict[str, list[str]]:
    return {
        "added": sorted(new.keys() - old.keys()),
        "removed": sorted(old.keys() - new.keys()),
        "changed": sorted(nevra for nevra in old.keys() & new.keys() if old[nevra] != new[nevra]),
    }


def _because(row: dict[str, t.Any]) -> str:
    said = [f"+ {one}" for one in row["added"]] + [f"- {one}" for one in row["removed"]]
    said += [f"another file: {one}" for one in row["changed"]] + [f"made of {one}" for one in row["through"]]
    more = f" and {len(said) - _MOST_NAMED} more" if len(said) > _MOST_NAMED else ""
    return ", ".join(said[:_MOST_NAMED]) + more or "it was made of another manifest"


def _broken(found: t.Mapping[str, Resolved]) -> list[dict[str, t.Any]]:
    return [{"artifact": name, "reasons": list(one.reasons)} for name, one in found.items() if one.reasons]


def _unless_broken(result: dict[str, t.Any], broken: list[dict[str, t.Any]], fails: bool) -> dict[str, t.Any]:
    if broken and fails:
        lines = "\n".join(f"{one['artifact']}: {'; '.join(one['reasons'])}" for one in broken)
        raise RelengError(f"{len(broken)} artifacts cannot be made:\n{lines}", **result)
    return result
