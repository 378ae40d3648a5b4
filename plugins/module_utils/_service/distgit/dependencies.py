# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Dependencies of a release beside upper constraints and Fedora: what is behind, what can follow, what would break."""

from __future__ import annotations

import collections
import re
import typing as t

from ..._distgit.spec_text import MOST_BYTES, SpecText
from ..._module.documents import read_yaml
from ..._module.errors import InvalidInput, NotFound, RelengError
from ..._module.files import decode
from ..._module.progress import say
from ..._module.table import text_table
from ..._module.waiter import Deadline
from ..._module.web import Web
from ..._release.constraints import Constraint, PackageNames, constraints_for, parse_constraints, python_of
from ..._release.constraints_compare import newest, status_of
from ..._release.rdoinfo import Package, Rdoinfo
from ..._repodata.download import Transport
from ..._rpm.nevra import Nevra
from ..release.constraints import by_project, read_packages, what_breaks
from ..release.rdoinfo_query import read_rdoinfo
from .branches import project_at
from .merge import version_of

_HEADS = ("package", "distro", "version", "constraint", "status", "fedora", "proposal", "breaks", "reason")


def compare_dependencies(options: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What the module dependency_info returns."""
    info = read_rdoinfo(options)
    packages = info.tagged(options["tag"])
    named = {one["name"] for one in packages.values()}
    unknown = sorted({*options["packages"], *options["forks"]} - named)
    if unknown:
        raise NotFound(f"No package with the tag {options['tag']} is called {', '.join(unknown)}.", packages=unknown)
    if not packages:
        raise InvalidInput(f"No package of {info.description} has the tag {options['tag']}.", tag=options["tag"])
    wanted = _constraints(options, info, packages)
    rows = [
        row
        for distro, constraints in wanted.items()
        for row in _rows(packages, constraints, distro, _built(info, options, distro), options)
    ]
    _ask_fedora([row for row in rows if row["status"] in ("bump", "missing")], options)
    for row in rows:
        row["proposal"] = _proposal(row)
    _look_what_breaks(rows, options)
    counts = collections.Counter((row["distro"], row["status"]) for row in rows)
    return {
        "dependencies": rows,
        "proposals": [row for row in rows if row["proposal"]],
        "counts": {
            distro: {status: n for (of, status), n in sorted(counts.items()) if of == distro} for distro in wanted
        },
        "table": text_table(
            _HEADS,
            [
                [len(row[head]) or None if head == "breaks" else row[head] for head in _HEADS]
                for row in rows
                if row["status"] != "equal"
            ],
        ),
    }


def _constraints(
    options: t.Mapping[str, t.Any], info: Rdoinfo, packages: t.Mapping[str, Package]
) -> dict[str, dict[str, Constraint]]:
    """Distro → project → its constraint."""
    distros = options["distros"] or [repo["name"] for repo in info.release(options["release"])["repos"]]
    for distro in distros:
        info.distro(options["release"], distro)
    source = options["constraints"]
    text = Transport(options["timeout"], options["deadline"], options["retries"], None).read_text(source, "constraints")
    constraints, _invalid = parse_constraints(text, source, options["skip_invalid"])
    overrides = read_yaml(options["names"], "file of names") if options["names"] else {}
    if not isinstance(overrides, dict):
        raise InvalidInput(f"The file of names {options['names']} is not a mapping of names on PyPI to projects.")
    names = PackageNames(info.packages(), overrides)
    found = {}
    for distro in distros:
        chosen = constraints_for(constraints, python_of(distro, options["pythons"]), source).values()
        found[distro] = {project: one for project, one in by_project(chosen, names).items() if project in packages}
    return found


def _built(info: Rdoinfo, options: t.Mapping[str, t.Any], distro: str) -> dict[str, dict[str, str]]:
    """Package → version → NVR, of the tags of the release's distro and the builds that are given."""
    tags = info.distro(options["release"], distro).get("buildsys-tags") or []
    builds = info.buildsys_tags
    found: dict[str, dict[str, str]] = collections.defaultdict(dict)
    for nvr in [nvr for tag in tags for nvr in builds.get(tag, {}).values()] + list(
        options["builds"].get(distro) or []
    ):
        build = Nevra.parse_nvr(nvr)
        found[build.name][build.version] = nvr
    return found


def _rows(
    packages: t.Mapping[str, Package],
    constraints: t.Mapping[str, Constraint],
    distro: str,
    built: t.Mapping[str, dict[str, str]],
    options: t.Mapping[str, t.Any],
) -> t.Iterator[dict[str, t.Any]]:
    """One row for each dependency with a constraint."""
    for project, constraint in sorted(constraints.items()):
        package = packages[project]
        name = package["name"]
        if options["packages"] and name not in options["packages"]:
            continue
        versions = built.get(name, {})
        version = newest(versions)
        locked = "version-locked" in (package.get("tags") or {})
        yield {
            "project": project,
            "package": name,
            "gerrit_project": project_at(package.get("review-origin") or package.get("distgit")),
            "fedora_name": fedora_name(package),
            "upstream": constraint.name,
            "distro": distro,
            "constraint": constraint.version,
            "version": version,
            "build": versions.get(version) if version else None,
            "status": status_of(version, constraint.version),
            "fedora": None,
            "held": "fork" if name in options["forks"] else "version-locked" if locked else None,
            "proposal": None,
            "breaks": [],
            "reason": None,
        }


def _ask_fedora(rows: t.Sequence[dict[str, t.Any]], options: t.Mapping[str, t.Any]) -> None:
    """Put into each row which version Fedora's distgit is at, or why nobody can say."""
    web = Web(Deadline(options["deadline"]), options["timeout"], options["retries"], options["ca_path"])
    answers: dict[str, tuple[str | None, str | None]] = {}
    for number, row in enumerate(rows, 1):
        name = row["fedora_name"]
        if name not in answers:
            answers[name] = _fedora_version(web, name, options)
        row["fedora"], row["reason"] = answers[name]
        if number % 25 == 0:
            say(f"{number} of {len(rows)} packages compared with Fedora")


def _fedora_version(web: Web, name: str, options: t.Mapping[str, t.Any]) -> tuple[str | None, str | None]:
    url = options["fedora"].replace("{name}", name).replace("{branch}", options["fedora_branch"])
    try:
        content = web.read(url, "spec file")
        version = version_of(SpecText(decode(content[: MOST_BYTES + 1], url), f"{name}.spec"))
    except NotFound:
        return None, "Fedora does not have it"
    except RelengError as error:
        return None, error.message
    return version, None if version else "only rpm can say which version Fedora is at"


def fedora_name(package: Package) -> str:
    """What Fedora calls a package: as its address there, or as ours."""
    match = re.fullmatch(r"https?://src\.fedoraproject\.org/rpms/([\w.+-]+?)(?:\.git)?/?", str(package.get("upstream")))
    return match[1] if match else str(package["name"])


def _proposal(row: dict[str, t.Any]) -> str | None:
    """The version to bring ours to: what the constraint says, as far as Fedora is; the row says why there is none."""
    if row["status"] in ("equal", "ahead") or row["fedora"] is None:
        return None
    if row["held"]:
        row["reason"] = f"it is held: {row['held']}"
        return None
    if row["version"] is None:
        row["reason"] = "there is no build of it that an update could be made of"
        return None
    version = row["constraint"] if status_of(row["fedora"], row["constraint"]) != "bump" else row["fedora"]
    if status_of(row["version"], version) != "bump":
        row["reason"] = "Fedora is not further than ours"
        return None
    return t.cast("str", version)


def _look_what_breaks(rows: t.Sequence[dict[str, t.Any]], options: t.Mapping[str, t.Any]) -> None:
    """Requirements in the repositories of each maintained release that the proposals would leave unmet."""
    for one in options["maintained"]:
        distro = one["distro"]
        bumps = {row["upstream"]: row["proposal"] for row in rows if row["proposal"] and row["distro"] == distro}
        if not bumps:
            continue
        transport = Transport(options["timeout"], options["deadline"], options["retries"], None)
        say(f"{one['release']} {distro}: looking what {len(bumps)} updates would break")
        packages = read_packages(one["repositories"], transport, options)
        for broken in what_breaks(packages, bumps, distro, python_of(distro, options["pythons"])):
            found = {"release": one["release"], "package": broken["package"], "requirement": broken["requirement"]}
            for row in rows:
                if row["distro"] == distro and row["upstream"] in broken["names"]:
                    row["breaks"].append(found)
