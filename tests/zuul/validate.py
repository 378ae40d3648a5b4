# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the Zuul configuration of checkouts, and a tenant's in their main.yaml, with Zuul's own parser, and prints what
is wrong. Run by Zuul's Python.

Zuul itself says so only to a running tenant. Besides, parents, dependencies, playbooks, templates, pipelines and
semaphores that a job names have to exist. What only a site has (base, nodesets, secrets) is not looked for.

    validate.py CHECKOUT [CHECKOUT ...]
"""

from __future__ import annotations

import configparser
import pathlib
import sys
import typing as t

from zuul import configloader, model
from zuul.lib.ansible import AnsibleManager
from zuul.lib.connections import ConnectionRegistry

CONNECTIONS = """
[connection gerrit]
driver=gerrit
server=review.example.org
user=zuul
"""
PLAYBOOKS = ("pre-run", "run", "post-run", "cleanup-run")


def parse(repository: pathlib.Path, context: t.Any) -> tuple[t.Any, list[str]]:
    """What a checkout defines, as it stands there, and the errors of Zuul's parser."""
    unparsed, errors = model.UnparsedConfig(), []
    for path in sorted(repository.glob("zuul.d/*.yaml")):
        name = f"localhost/{repository.name}"
        source = model.SourceContext(name, repository.name, "gerrit", "main", str(path))
        try:
            unparsed.extend(configloader.safe_load_yaml(path.read_text(), source))
        except Exception as error:
            errors.append(f"{path}: {error}")
    parsed = configloader.TenantParser.parseConfig(None, unparsed, context)
    for key, found in vars(parsed).items():
        if key.endswith("_errors"):
            errors += [f"{repository}: {getattr(error, 'error', error)}" for error in found]
    return unparsed, errors


def tenant_errors(repository: pathlib.Path, registry: ConnectionRegistry) -> t.Iterator[str]:
    """What is wrong with the tenants of a checkout's main.yaml, if it has one."""
    path = repository / "main.yaml"
    loader = configloader.ConfigLoader(registry, None, None, model.SystemAttributes(), None)
    try:
        tenants = loader.readConfig(str(path)).tenants if path.exists() else {}
        for tenant in tenants.values():
            loader.tenant_parser.getSchema()(tenant)
    except Exception as error:
        yield f"{path}: {error}"


def as_list(value: t.Any) -> list[t.Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def name_of(value: t.Any) -> str:
    """A reference is a name, a mapping with a name, or a job's name with its variant."""
    if isinstance(value, str):
        return value
    return value["name"] if "name" in value else next(iter(value))


def unresolved(repository: pathlib.Path, unparsed: t.Any, names: dict[str, set[str]]) -> t.Iterator[str]:
    """What a checkout names and nobody defines."""
    for job in unparsed.jobs:
        where = f"{repository}: job {job['name']}"
        references = [("parent", job.get("parent"), names["jobs"] | {"base"})]
        references += [("dependency", each, names["jobs"]) for each in as_list(job.get("dependencies"))]
        references += [("semaphore", each, names["semaphores"]) for each in as_list(job.get("semaphores"))]
        for what, reference, known in references:
            if reference and name_of(reference) not in known:
                yield f"{where}: the {what} {name_of(reference)} is not defined"
        for key in PLAYBOOKS:
            for playbook in as_list(job.get(key)):
                if not (repository / name_of(playbook)).exists():
                    yield f"{where}: there is no playbook {name_of(playbook)}"
    for project in [*unparsed.projects, *unparsed.project_templates]:
        for template in as_list(project.get("templates")):
            if template not in names["project_templates"]:
                yield f"{repository}: the template {template} is not defined"
        for pipeline, content in project.items():
            if not isinstance(content, dict) or "jobs" not in content:
                continue
            if pipeline not in names["pipelines"]:
                yield f"{repository}: the pipeline {pipeline} is not defined"
            for job in content["jobs"]:
                if name_of(job) not in names["jobs"]:
                    yield f"{repository}: the job {name_of(job)} is not defined"


def main(repositories: list[pathlib.Path]) -> int:
    configuration = configparser.ConfigParser()
    configuration.read_string(CONNECTIONS)
    registry = ConnectionRegistry()
    registry.configure(configuration, sources=True, triggers=True, reporters=True)
    context = configloader.ParseContext(registry, None, model.SystemAttributes(), AnsibleManager())
    found = [(repository, *parse(repository, context)) for repository in repositories]
    names = {
        kind: {each["name"] for _repository, unparsed, _errors in found for each in getattr(unparsed, kind)}
        for kind in ("jobs", "semaphores", "project_templates", "pipelines")
    }
    problems = [problem for _repository, _unparsed, errors in found for problem in errors]
    for repository, unparsed, _errors in found:
        problems += tenant_errors(repository, registry)
        problems += unresolved(repository, unparsed, names)
    print(*problems, f"{len(names['jobs'])} jobs, {len(problems) or 'no'} errors", sep="\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main([pathlib.Path(argument).resolve() for argument in sys.argv[1:]]))
