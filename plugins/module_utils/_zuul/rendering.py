# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What Zuul and the gate need for a release, out of its definition. The same definitions give the same bytes."""

from __future__ import annotations

import dataclasses
import os
import re
import typing as t

from .._module.documents import write_atomically
from .._module.errors import InvalidInput
from .._module.libraries import load_library
from .._module.runner import Change, Plan
from .definition import PackageJob, Release, Site, filled, read_release, read_site

# By its first line a file is known as one that may be written again, or removed.
MARK = "# Rendered by rdo.releng.render_zuul"
FOLDERS = ("zuul.d", "criteria")


def render(site: Site, release: Release) -> dict[str, str]:
    """The files of a release: their text by their path."""
    zuul: list[dict[str, t.Any]] = [_pipeline(release)]
    for distro in release.distros:
        zuul += _promotion(site, release, distro)
    templates = [f"{release.release}-{distro}-promotion" for distro in release.distros]
    zuul.append({"project": {"name": site.project, "templates": templates}})
    if site.package_jobs:
        zuul += _packages(site, release)
    return {
        f"zuul.d/release-{release.release}.yaml": _text(release, zuul),
        f"criteria/{release.release}.yml": _text(release, _criteria(release)),
    }


def _pipeline(release: Release) -> dict[str, t.Any]:
    return {
        "pipeline": {
            "name": _periodic(release),
            "description": f"Promotion runs of {release.release}.",
            "manager": "independent",
            "post-review": True,
            "precedence": "low",
            "trigger": {"timer": [{"time": release.timer}]},
        }
    }


def _promotion(site: Site, release: Release, distro: str) -> t.Iterator[dict[str, t.Any]]:
    """Semaphore, jobs and template of one distribution."""
    prefix = f"{release.release}-{distro}"
    semaphore = f"releng-{prefix}-{release.labels.target}"
    candidate = f"{prefix}-candidate"
    variables = _candidate_variables(site, release, distro)
    yield {"semaphore": {"name": semaphore}}
    yield _job(site, release, distro, "candidate", candidate, variables, semaphores=semaphore)
    scenarios = [f"{prefix}-{name}" for name in release.scenarios]
    for name, job in zip(release.scenarios, scenarios):
        scenario = site.scenarios[name]
        where = f"Scenario {name} for {prefix}"
        given = {
            "releng_scenario": name,
            "scenario_role": scenario.role,
            **site.distros[distro].variables,
            **filled(scenario.variables, _placeholders(site, release, distro), where),
        }
        more = {"nodeset": scenario.nodeset or site.distros[distro].nodeset, **scenario.job}
        yield _job(site, release, distro, "scenario", job, given, dependencies=[candidate], **more)
    promote = f"{prefix}-promote"
    given = {"releng_candidate_job": candidate, **variables}
    yield _job(site, release, distro, "promote", promote, given, semaphores=semaphore)
    template: dict[str, t.Any] = {"name": f"{prefix}-promotion", _periodic(release): {"jobs": [candidate, *scenarios]}}
    if site.manual:
        template[site.manual] = {"jobs": [candidate, *scenarios]}
    template[site.promote] = {"jobs": [promote]}
    yield {"project-template": template}


def _packages(site: Site, release: Release) -> t.Iterator[dict[str, t.Any]]:
    """Jobs for changes of packages on the branch of the release, and the projects that have them."""
    template: dict[str, t.Any] = {"name": f"{release.release}-packages"}
    for distro in release.distros:
        for kind in site.package_jobs.values():
            job = f"{release.release}-{distro}-{kind.name}"
            yield _package_job(site, release, distro, kind, job)
            for pipeline in kind.pipelines:
                template.setdefault(pipeline, {"jobs": []})["jobs"].append(job)
    yield {"project-template": template}
    for package in site.packages:
        yield {"project": {"name": package, "templates": [template["name"]]}}


def _package_job(site: Site, release: Release, distro: str, kind: PackageJob, name: str) -> dict[str, t.Any]:
    secret = {"name": kind.known_as, "secret": kind.secret, "pass-to-parent": True}
    before = [f"{release.release}-{distro}-{other}" for other in kind.needs]
    where = f"Package job {kind.name} for {release.release}-{distro}"
    return {
        "job": {
            "name": name,
            "parent": kind.parent,
            "branches": _exactly(release.branch),
            **(_trusted([secret], site.packages) if kind.secret else {}),
            "nodeset": site.distros[distro].nodeset,
            **({"dependencies": before} if before else {}),
            **kind.job,
            "vars": filled(kind.variables, _placeholders(site, release, distro), where),
        }
    }


def _exactly(branch: str) -> str:
    return f"^{re.escape(branch)}$"


def _trusted(secrets: list[dict[str, t.Any]], projects: list[t.Any]) -> dict[str, t.Any]:
    """What a job with secrets is: only after review, only for these projects, and as it is."""
    return {"final": True, "post-review": True, "allowed-projects": projects, "secrets": secrets}


def _job(
    site: Site, release: Release, distro: str, kind: str, name: str, variables: dict[str, t.Any], **more: t.Any
) -> dict[str, t.Any]:
    """A job with the secret of trunk, for the site's own project."""
    secret = {"name": "releng_dlrn", "secret": release.distros[distro].secret, "pass-to-parent": True}
    return {
        "job": {
            "name": name,
            "parent": site.parents.get(kind, f"releng-{kind}"),
            "branches": _exactly(site.branch),
            **_trusted([secret], [site.project]),
            **more,
            "vars": variables,
        }
    }


def _candidate_variables(site: Site, release: Release, distro: str) -> dict[str, t.Any]:
    own = release.distros[distro]
    variables: dict[str, t.Any] = {
        "candidate_trunk_url": own.trunk_url,
        "candidate_label": release.labels.source,
        "candidate_staging_label": release.labels.staging,
        "candidate_target_label": release.labels.target,
        "candidate_release": release.release,
        "candidate_distro": distro,
        "candidate_max_age_hours": release.max_age_hours,
        "candidate_base": filled(site.distros[distro].base, _placeholders(site, release, distro), f"base of {distro}"),
        "candidate_scenarios": [
            {
                "name": name,
                "repository": site.scenarios[name].repository,
                "version": filled(
                    site.scenarios[name].version, _placeholders(site, release, distro), f"version of scenario {name}"
                ),
            }
            for name in release.scenarios
            if site.scenarios[name].repository
        ],
        "releng_criteria": _criteria(release),
    }
    if own.dependencies:
        variables["candidate_dependencies"] = own.dependencies
    return variables


def _criteria(release: Release) -> dict[str, t.Any]:
    criteria = release.criteria or list(release.scenarios)
    return {"promotions": {release.labels.target: {"candidate_label": release.labels.staging, "criteria": criteria}}}


def _periodic(release: Release) -> str:
    return f"periodic-{release.release}"


def _placeholders(site: Site, release: Release, distro: str) -> dict[str, str]:
    """What texts of a site may name."""
    return {
        **site.distros[distro].placeholders,
        "release": release.release,
        "branch": release.branch,
        "upstream_branch": release.upstream_branch,
        "distro": distro,
        "python": release.distros[distro].python,
        "trunk_url": release.distros[distro].trunk_url,
        **dataclasses.asdict(release.labels),
    }


def _text(release: Release, data: t.Any) -> str:
    head = f"{MARK} from the definition of {release.release}: change that, and render again."
    return f"{head}\n---\n{_dump(load_library('yaml'), data)}"


def _dump(yaml: t.Any, data: t.Any) -> str:
    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: t.Any) -> bool:
            return True

    return yaml.dump(data, Dumper=Dumper, sort_keys=False, default_flow_style=False, width=120, allow_unicode=True)


@dataclasses.dataclass
class RenderedReleases(Change):
    """The files of all releases of a site, and of no others, below a folder.

    :param site: path of the site.
    :param releases: paths of the release definitions, or of folders with such files.
    :param destination: checkout that the folders ``zuul.d`` and ``criteria`` are in.
    """

    site: str
    releases: t.Sequence[str]
    destination: str

    def plan(self) -> Plan:
        site = read_site(self.site)
        self._wanted: dict[str, str] = {}
        for path in sorted(self._paths()):
            for name, text in render(site, read_release(path, site)).items():
                if name in self._wanted:
                    raise InvalidInput(f"Two release definitions make {name}; {path} is one of them.")
                self._wanted[name] = text
        before = self._rendered_before()
        actions = [f"write {name}" for name, text in self._wanted.items() if before.get(name) != text]
        actions += [f"remove {name}" for name in before if name not in self._wanted]
        return Plan(before, self._wanted, actions, {"files": sorted(self._wanted)})

    def _paths(self) -> t.Iterator[str]:
        for path in self.releases:
            if os.path.isdir(path):
                yield from (os.path.join(path, name) for name in os.listdir(path) if name.endswith((".yml", ".yaml")))
            else:
                yield path

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        for name, text in self._wanted.items():
            if plan.before.get(name) != text:
                write_atomically(os.path.join(self.destination, name), text.encode())
        for name in plan.before:
            if name not in self._wanted:
                os.unlink(os.path.join(self.destination, name))
        return {}

    def _rendered_before(self) -> dict[str, str]:
        found = {}
        for folder in FOLDERS:
            path = os.path.join(self.destination, folder)
            for name in sorted(os.listdir(path)) if os.path.isdir(path) else []:
                whole = os.path.join(folder, name)
                text = self._read(whole)
                if text.startswith(MARK):
                    found[whole] = text
                elif whole in self._wanted:
                    raise InvalidInput(f"{whole} in {self.destination} was not rendered; it is not overwritten.")
        return found

    def _read(self, name: str) -> str:
        try:
            with open(os.path.join(self.destination, name), encoding="utf-8") as file:
                return file.read()
        except (OSError, UnicodeDecodeError):
            return ""  # a folder, or nothing that was rendered
