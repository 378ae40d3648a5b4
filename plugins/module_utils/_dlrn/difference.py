# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What is in one candidate and not in another: packages with their commits, and the other inputs of a run.

The packages of a repository that DLRN made are those of the ``versions.csv`` beside it (``post_build_rpm`` of
``dlrn/shell.py``): one line for each project of the component, with the commit that its RPMs were built of.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from .._module.csv_text import read_rows
from .._module.errors import InvalidInput, NotFound
from .._module.text import shown
from .._module.web import Web
from .._rpm.nevra import Nevra
from .candidate import Candidate, Component
from .names import COMMIT

COLUMNS = ("Project", "Source Repo", "Source Sha", "Dist Repo", "Dist Sha", "Pkg NVR")
# Sites that show what lies between two commits at REPOSITORY/compare/FROM...TO.
COMPARING = re.compile(r"https://(opendev\.org|github\.com|gitlab\.com|codeberg\.org)/[^/]+/[^/]+\Z")


@dataclasses.dataclass(frozen=True)
class Built:
    """A source package, and the commits it was built of; those are None for a build of Koji.

    :param project: DLRN's name of the project; for a build of Koji the package's.
    """

    project: str
    component: str | None
    nvr: str
    repository: str | None = None
    commit: str | None = None
    distgit_repository: str | None = None
    distgit_commit: str | None = None


def compare_candidates(before: Candidate, after: Candidate, web: Web) -> dict[str, t.Any]:
    """What changed from one candidate to the other.

    Repositories that both have are not read.

    :returns: ``packages``, and ``inputs``: each part of the lockfile that is another, but for builds of Koji.
    :raises InvalidInput: they are of different kinds.
    :raises NotFound: a repository is gone.
    """
    if before.kind != after.kind:
        raise InvalidInput(f"A candidate of kind {before.kind} cannot be compared with one of kind {after.kind}.")
    old, new = (_built(one, other, web) for one, other in ((before, after), (after, before)))
    packages = [
        _change(old.get(project), new.get(project))
        for project in sorted(old.keys() | new.keys())
        if old.get(project) != new.get(project)
    ]
    return {"packages": packages, "inputs": _inputs(before, after)}


def _built(candidate: Candidate, other: Candidate, web: Web) -> dict[str, Built]:
    """Everything in ``candidate`` by project, but for the repositories that ``other`` has, too."""
    if candidate.kind == "koji":
        names = {one.nvr: Nevra.parse_nvr(one.nvr).name for one in candidate.builds}
        return {name: Built(name, None, nvr) for nvr, name in names.items()}
    own = [component for component in candidate.components if component not in other.components]
    return {built.project: built for component in own for built in _of_component(component, web)}


def _of_component(component: Component, web: Web) -> t.Iterator[Built]:
    url = f"{component.repo_url}/versions.csv"
    try:
        text = web.read(url, "versions.csv").decode()
    except NotFound:
        raise NotFound(
            f"The packages of {component.repo_url} are not known: it has no versions.csv. DLRN has purged it, or "
            "has not finished it.",
            repo_url=component.repo_url,
        ) from None
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{url} is not the versions.csv that DLRN writes: {error}.") from error
    for row in read_rows(text, url, COLUMNS):
        project, repository, commit, distgit_repository, distgit_commit, nvr = row
        if not COMMIT.match(commit) or not COMMIT.match(distgit_commit):
            raise InvalidInput(f"{url} is cut off or damaged: the line of {shown(project)} has no commits.")
        # What was never built is on the list, too, without an NVR.
        if nvr:
            yield Built(project, component.component, nvr, repository, commit, distgit_repository, distgit_commit)


def _change(before: Built | None, after: Built | None) -> dict[str, t.Any]:
    one = t.cast(Built, after or before)
    commits = before.commit if before else None, after.commit if after else None
    return {
        "project": one.project,
        "component": one.component,
        "change": "changed" if before and after else "added" if after else "removed",
        "before": before.nvr if before else None,
        "after": after.nvr if after else None,
        "repository": one.repository,
        "from": commits[0],
        "to": commits[1],
        "distgit_repository": one.distgit_repository,
        "distgit_from": before.distgit_commit if before else None,
        "distgit_to": after.distgit_commit if after else None,
        "url": _comparison(one.repository or "", *commits),
    }


def _comparison(repository: str, before: str | None, after: str | None) -> str | None:
    """A page with the commits in between; None where there are none, or it is not known which page has them."""
    base = repository.rstrip("/").removesuffix(".git")
    if before and after and before != after and COMPARING.match(base):
        return f"{base}/compare/{before}...{after}"
    return None


def _inputs(before: Candidate, after: Candidate) -> list[dict[str, t.Any]]:
    sides = [_parts(before), _parts(after)]
    return [
        {"what": what, "before": sides[0].get(what), "after": sides[1].get(what)}
        for what in dict.fromkeys([*sides[0], *sides[1]])
        if sides[0].get(what) != sides[1].get(what)
    ]


def _parts(candidate: Candidate) -> dict[str, str]:
    """Each part of a lockfile with what identifies its content."""
    parts = {
        f"component {one.component}" if one.component else "repository": f"{one.repo_url} {one.repomd_sha256}"
        for one in candidate.components
    }
    if candidate.dependencies:
        parts["dependencies"] = f"{candidate.dependencies.url} {candidate.dependencies.repomd_sha256}"
    parts.update({f"file {one.name}": f"{one.url} {one.sha256}" for one in candidate.files})
    parts.update({f"base repository {one.id}": f"{one.url} {one.repomd_sha256}" for one in candidate.base})
    parts.update({f"scenario {one.name}": f"{one.repository} {one.revision}" for one in candidate.scenarios})
    return parts
