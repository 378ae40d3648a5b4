# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Commits that DLRN has built, and what keeps ``consistent`` where it is."""

from __future__ import annotations

import json
import typing as t

from .._module.errors import InvalidInput, Unavailable
from .candidate import hashed_directory, utc
from .client import DlrnClient
from .promotion import PURGED

PAGE = 100
# Questions in one request: gunicorn takes no line longer than 4094 characters.
QUESTIONS = 15
FIELDS = (
    "projectName component status commitHash distroHash extendedHash "
    "dtCommit dtBuild commitBranch artifacts notes flags"
)


def commit_info(params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What the module dlrn_commit_info returns for its options."""
    client = DlrnClient.from_params(params)
    filters = {
        "projectName": params["project"],
        "component": params["component"],
        "status": params["status"],
        "commitHash": params["commit_hash"],
        "distroHash": params["distro_hash"],
    }
    result: dict[str, t.Any] = {"commits": read_commits(client, params["limit"], **filters)}
    if params["holding_back"]:
        result["holding_back"] = read_holding_back(client, params["component"])
    return result


def read_commits(client: DlrnClient, limit: int, **filters: str | None) -> list[dict[str, t.Any]]:
    """The newest commits, newest first; up to 1500 in one request.

    :param filters: ``projectName``, ``component``, ``status``, ``commitHash``, ``distroHash``.
    """
    if limit < 1:
        raise InvalidInput(f"limit is {limit}; at least 1 commit has to be asked for.")
    found: list[dict[str, t.Any]] = []
    while len(found) < limit:
        offsets = range(len(found), min(limit, len(found) + PAGE * QUESTIONS), PAGE)
        pages = _ask(client, [{**filters, "offset": offset, "limit": min(PAGE, limit - offset)} for offset in offsets])
        found += [commit for page in pages for commit in page]
        if len(pages[-1]) < min(PAGE, limit - offsets[-1]):
            break
    return found


def read_holding_back(client: DlrnClient, component: str | None = None) -> list[dict[str, t.Any]]:
    """Packages whose newest commit is not built, for which DLRN leaves ``consistent`` where it is.

    DLRN (``post_build_rpm`` of ``dlrn/shell.py``) asks for each package of rdoinfo, of the same component, that it has
    been built and that the last commit tried was a success. ``packageStatus`` asks the server the same for all
    packages at once; what it calls the first failure is the last, so the first is looked up.

    :param component: only this one. Packages never built are named in any case: DLRN does not say whose they are.
    """
    states = client.graphql("{packageStatus {projectName status}}")["packageStatus"]
    if not isinstance(states, list):
        raise Unavailable(f"The DLRN API {client.api_url} does not say the state of its packages.")
    waiting = [
        {"project": state["projectName"], "component": None, "status": "NO_BUILD", "since": None, "commit": None}
        for state in states
        if state["status"] == "NO_BUILD"
    ]
    histories = _since_success(client, [state["projectName"] for state in states if state["status"] != "SUCCESS"])
    for project, commits in histories.items():
        if commits and component in (None, commits[0]["component"]):
            newest, first = commits[0], commits[-1]
            waiting.append(
                {
                    "project": project,
                    "component": newest["component"],
                    "status": newest["status"],
                    "since": first["built_at"],
                    "commit": newest,
                }
            )
    return sorted(waiting, key=lambda one: (one["since"] or "", one["project"]))


def _since_success(client: DlrnClient, projects: t.Sequence[str]) -> dict[str, list[dict[str, t.Any]]]:
    """For each project its commits that came after the last success, newest first."""
    after: dict[str, list[dict[str, t.Any]]] = {project: [] for project in projects}
    offset, left = 0, list(projects)
    while left:
        unfinished = []
        for start in range(0, len(left), QUESTIONS):
            some = left[start : start + QUESTIONS]
            for project, page in zip(some, _ask(client, [{"projectName": name, "offset": offset} for name in some])):
                for commit in page:
                    if commit["status"] == "SUCCESS":
                        break
                    after[project].append(commit)
                else:
                    if len(page) == PAGE:
                        unfinished.append(project)
        offset, left = offset + PAGE, unfinished
    return after


def _ask(client: DlrnClient, questions: t.Sequence[dict[str, t.Any]]) -> list[list[dict[str, t.Any]]]:
    """The answers to several questions for commits, in one request."""
    asked = []
    for number, question in enumerate(questions):
        # A string of JSON is one of GraphQL, whatever is in it.
        given = ", ".join(f"{name}: {json.dumps(value)}" for name, value in question.items() if value is not None)
        asked.append(f"q{number}: commits({given}) {{...f}}")
    data = client.graphql(f"{{{' '.join(asked)}}} fragment f on Commit {{{FIELDS}}}")
    try:
        return [[_commit(row) for row in data[f"q{number}"]] for number in range(len(questions))]
    except (KeyError, TypeError) as error:
        raise Unavailable(
            f"The DLRN API {client.api_url} answers commits that cannot be understood: {error!r:.200}"
        ) from error


def _commit(row: dict[str, t.Any]) -> dict[str, t.Any]:
    hashes = row["commitHash"], row["distroHash"], row["extendedHash"] or None
    component = row["component"] or None
    return {
        "project": row["projectName"],
        "component": component,
        "status": row["status"],
        "commit_hash": hashes[0],
        "distro_hash": hashes[1],
        "extended_hash": hashes[2],
        "branch": row["commitBranch"],
        "committed_at": utc(row["dtCommit"]) if row["dtCommit"] else None,
        "built_at": utc(row["dtBuild"]) if row["dtBuild"] else None,
        "directory": hashed_directory(hashes[0], hashes[1] or "", hashes[2], component),
        "packages": [path.rpartition("/")[2] for path in (row["artifacts"] or "").split(",") if path],
        "notes": row["notes"] or "",
        "purged": bool((row["flags"] or 0) & PURGED),
    }
