# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""A release definition (``rdo.releng/release/1``), and what all releases of a site share (``rdo.releng/site/1``)."""

from __future__ import annotations

import dataclasses
import os
import re
import string
import typing as t

from .._module.documents import read_document
from .._module.errors import InvalidInput, NotFound
from .._module.text import shown
from .timer import check_timer

RELEASE, SITE = "rdo.releng/release/1", "rdo.releng/site/1"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclasses.dataclass(frozen=True)
class Scenario:
    """A kind of scenario, for all releases.

    :param role: runs it, for role ``scenario``.
    :param repository: of its tests; empty: it needs none.
    :param version: branch or tag of that, with placeholders such as ``{upstream_branch}``.
    :param variables: of the role, with placeholders in their texts.
    :param job: attributes of the Zuul job besides, such as ``timeout``.
    """

    name: str
    role: str
    repository: str = ""
    version: str = ""
    nodeset: str = ""
    variables: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    job: dict[str, t.Any] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        if bool(self.repository) != bool(self.version):
            raise InvalidInput(f"Scenario {self.name} needs both repository and version, or neither.")


@dataclasses.dataclass(frozen=True)
class PackageJob:
    """A kind of job for changes of packages, for all releases.

    :param parent: the job that it is made from.
    :param pipelines: that it runs in.
    :param secret: name of a Zuul secret, and
    :param known_as: the name by which the parent's playbooks know it.
    :param needs: kinds whose job for the same release and distribution ends before, in the same pipelines.
    :param variables: with placeholders in their texts.
    :param job: attributes of the Zuul job besides.
    """

    name: str
    parent: str
    pipelines: list[t.Any]
    secret: str = ""
    known_as: str = "releng_koji"
    needs: list[t.Any] = dataclasses.field(default_factory=list)
    variables: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    job: dict[str, t.Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class SiteDistro:
    """A distribution, for all releases: the nodes that jobs run on, and its repositories.

    :param variables: of scenarios.
    :param placeholders: more of them, for what jobs need to know of a distribution.
    """

    name: str
    nodeset: str
    base: list[t.Any] = dataclasses.field(default_factory=list)
    variables: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    placeholders: dict[str, t.Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Site:
    """What all releases share.

    :param project: the trusted project that all of it is rendered for, and
    :param branch: of it; a timer begins with every branch, and runs are for this one alone.
    :param promote: pipeline for candidates whose votes arrived after their run.
    :param manual: pipeline for runs that somebody asks for; empty: none.
    :param parents: jobs that candidate, scenario and promote are made from.
    :param packages: projects with a package, whose changes the package jobs are for.
    """

    project: str
    promote: str
    distros: dict[str, SiteDistro]
    scenarios: dict[str, Scenario]
    branch: str = "main"
    manual: str = ""
    parents: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    packages: list[t.Any] = dataclasses.field(default_factory=list)
    package_jobs: dict[str, PackageJob] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Labels:
    """The labels that packages go through: from source, by way of staging, to target."""

    source: str
    staging: str
    target: str


@dataclasses.dataclass(frozen=True)
class Distro:
    """A distribution that a release is built for.

    :param trunk_url: the folder with the labels in it.
    :param secret: name of the Zuul secret with api_url, username and password of its DLRN.
    """

    name: str
    python: str
    trunk_url: str
    secret: str
    dependencies: str = ""


@dataclasses.dataclass(frozen=True)
class Release:
    """One release.

    :param timer: when its runs begin, as Zuul's timer trigger has it.
    :param scenarios: names of scenarios of the site.
    :param criteria: what a candidate must have passed, as in a criteria file; empty: all scenarios.
    :param components: of trunk, and
    :param tags: of a hub, and
    :param constraints: address of upstream's upper constraints: for people and other playbooks, not rendered.
    """

    release: str
    branch: str
    upstream_branch: str
    timer: str
    labels: Labels
    distros: dict[str, Distro]
    scenarios: list[t.Any]
    criteria: list[t.Any] = dataclasses.field(default_factory=list)
    max_age_hours: int = 48
    components: list[t.Any] = dataclasses.field(default_factory=list)
    tags: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    constraints: str = ""


def read_site(path: str) -> Site:
    """The site of a file; raises NotFound or InvalidInput."""
    data = _without_schema(read_document(path, SITE, "site"))
    where = f"The site {path}"
    _check_keys(Site, data, where)
    distros = _named(SiteDistro, data.pop("distros", {}), f"{where}, distros")
    scenarios = _named(Scenario, data.pop("scenarios", {}), f"{where}, scenarios")
    if "package_jobs" in data:
        data["package_jobs"] = _named(PackageJob, data["package_jobs"], f"{where}, package_jobs")
        for kind in data["package_jobs"].values():
            unknown = [name for name in kind.needs if name not in data["package_jobs"]]
            if unknown:
                known = ", ".join(data["package_jobs"])
                raise InvalidInput(f"{where}: package job {kind.name} needs {unknown[0]}, and there are {known}.")
    site = _make(Site, {**data, "distros": distros, "scenarios": scenarios}, where)
    unknown = sorted(set(site.parents) - {"candidate", "scenario", "promote"})
    if unknown:
        raise InvalidInput(f"{where}: parents has {', '.join(unknown)}; candidate, scenario and promote are known.")
    return site


def read_release(path: str, site: Site) -> Release:
    """The release of a file, which fits the site; raises NotFound or InvalidInput."""
    data = _without_schema(read_document(path, RELEASE, "release definition"))
    where = f"The release definition {path}"
    _check_keys(Release, data, where)
    distros = _named(Distro, data.pop("distros", {}), f"{where}, distros")
    labels = _make(Labels, data.pop("labels", {}), f"{where}, labels")
    release = _make(Release, {**data, "distros": distros, "labels": labels}, where)
    _check_name(release.release, where)
    name = os.path.splitext(os.path.basename(path))[0]
    if name != release.release:
        raise InvalidInput(f"{where} is of the release {release.release}: call the file {release.release}.yml.")
    check_timer(release.timer, where)
    _check_known("distribution", release.distros, site.distros, where)
    _check_known("scenario", release.scenarios, site.scenarios, where)
    if len({str(name) for name in release.scenarios}) < len(release.scenarios):
        raise InvalidInput(f"{where} names a scenario twice.")
    _check_known("scenario", sorted(_jobs(release.criteria, where)), release.scenarios, f"{where}, criteria")
    return release


def filled(value: t.Any, given: t.Mapping[str, str], where: str) -> t.Any:
    """``value`` with the placeholders in its texts replaced; other braces stay, Ansible's above all."""
    if isinstance(value, dict):
        return {key: filled(item, given, where) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, given, where) for item in value]
    if not isinstance(value, str) or "{{" in value or "{%" in value:
        return value
    try:
        fields = [field for field in string.Formatter().parse(value) if field[1] is not None]
        if any(form or conversion for _text, _name, form, conversion in fields):
            raise ValueError("a placeholder is a name in braces and nothing else")
    except ValueError as error:
        raise InvalidInput(f"{where}: {shown(value)} cannot be filled in: {error}.") from error
    names = {str(name) for _text, name, _form, _conversion in fields}
    _check_known("placeholder", sorted(names), given, where)
    return value.format(**given)


def _make(kind: t.Any, data: t.Any, where: str, **known: t.Any) -> t.Any:
    """An object of a mapping whose keys are its fields."""
    if not isinstance(data, dict):
        raise InvalidInput(f"{where} is {shown(data)}, not a mapping.")
    _check_keys(kind, data, where, known)
    fields = {field.name: field for field in dataclasses.fields(kind)}
    needed = [
        name
        for name, field in fields.items()
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]
    missing = [name for name in needed if name not in data and name not in known]
    if missing:
        raise InvalidInput(f"{where} lacks {', '.join(missing)}.")
    kinds = {"str": str, "int": int}
    for key, value in data.items():
        wanted = kinds.get(str(fields[key].type)) or {"d": dict, "l": list}.get(str(fields[key].type)[0])
        if wanted and (not isinstance(value, wanted) or isinstance(value, bool)):
            raise InvalidInput(f"{where}: {key} is {shown(value)}; {wanted.__name__} is needed.")
    return kind(**data, **known)


def _check_keys(kind: t.Any, data: t.Mapping[t.Any, t.Any], where: str, known: t.Collection[str] = ()) -> None:
    """Refuse keys that are not fields of ``kind``: one that is misspelt is not called missing somewhere else."""
    allowed = [field.name for field in dataclasses.fields(kind) if field.name not in known]
    unknown = sorted(str(key) for key in data if key not in allowed)
    if unknown:
        raise InvalidInput(f"{where} has unknown keys: {', '.join(unknown)}. Known are {', '.join(allowed)}.")


def _named(kind: t.Any, data: t.Any, where: str) -> dict[str, t.Any]:
    if not isinstance(data, dict) or not data:
        raise InvalidInput(f"{where}: a mapping from names is needed, with one at least.")
    for name in data:
        _check_name(name, where)
    return {name: _make(kind, value, f"{where}, {name}", name=name) for name, value in data.items()}


def _without_schema(data: dict[str, t.Any]) -> dict[str, t.Any]:
    return {key: value for key, value in data.items() if key != "schema"}


def _check_name(name: t.Any, where: str) -> None:
    """Names become names of jobs and of files."""
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise InvalidInput(f"{where}: {shown(name)} is not a name; letters, digits and . _ - are allowed.")


def _check_known(what: str, names: t.Iterable[t.Any], known: t.Collection[str], where: str) -> None:
    unknown = sorted(
        name if isinstance(name, str) else shown(name)
        for name in names
        if not isinstance(name, str) or name not in known
    )
    if unknown:
        raise NotFound(f"{where}: no {what} {', '.join(unknown)}. There are {', '.join(sorted(known))}.")


def _jobs(criteria: t.Any, where: str) -> set[str]:
    """The names of all jobs in criteria; the gate knows what else they mean."""
    if isinstance(criteria, str):
        return {criteria}
    if isinstance(criteria, list):
        return {job for item in criteria for job in _jobs(item, where)}
    if isinstance(criteria, dict) and set(criteria) in ({"any"}, {"all"}):
        return _jobs(next(iter(criteria.values())), where)
    if isinstance(criteria, dict) and set(criteria) == {"at_least"} and isinstance(criteria["at_least"], dict):
        return _jobs(criteria["at_least"].get("of"), where)
    raise InvalidInput(f"{where}: {shown(criteria)} is not a requirement; see docs/promotion-gate.md.")
