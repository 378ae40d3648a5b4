# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Pinning everything that a run tests, and looking later whether it is still there."""

from __future__ import annotations

import dataclasses
import os
import time
import typing as t

from ..._dlrn.candidate import Base, Candidate, Dependencies, Scenario, read_candidate, utc, write_candidate
from ..._dlrn.client import DlrnClient
from ..._dlrn.names import check_name, check_url
from ..._dlrn.trunk import Trunk, read_component, read_repomd
from ..._git.remote import has_revision, remote_revision
from ..._module.errors import Conflict, InvalidInput, NotFound
from ..._module.runner import Change, Plan
from ..._module.waiter import Deadline
from ..._module.web import Web

T = t.TypeVar("T")
# What of a candidate can drift.
PARTS = ("components", "files", "dependencies", "base", "scenarios")


def web_of(params: t.Mapping[str, t.Any]) -> tuple[Web, DlrnClient | None]:
    """How to read repositories, and the API where it is named; both share one deadline."""
    if params["api_url"]:
        client = DlrnClient.from_params(params)
        return client.web, client
    web = Web(Deadline(params["deadline"]), params["timeout"], params["retries"], params["ca_path"])
    return web, None


@dataclasses.dataclass
class PinnedCandidate(Change):
    """A lockfile that names what a label, or commits, stand for now.

    :param connect: how to read, as :func:`web_of` has it; called when the plan is made.
    :param path: of the lockfile; None: it is only returned.
    :param commits: ``commit_hash``, ``distro_hash``, ``extended_hash``, ``component`` of each, in place of a label.
    :param dependencies: address of the repository.
    :param base: ``id``, ``url`` and ``drift`` of each repository.
    :param scenarios: ``name``, ``repository`` and ``version`` of each.
    """

    connect: t.Callable[[], tuple[Web, DlrnClient | None]]
    path: str | None
    trunk_url: str
    label: str | None
    commits: t.Sequence[dict[str, t.Any]] | None
    release: str
    distro: str
    dependencies: str | None = None
    base: t.Sequence[dict[str, t.Any]] = ()
    scenarios: t.Sequence[dict[str, t.Any]] = ()
    clock: t.Callable[[], float] = time.time

    def plan(self) -> Plan:
        self.web, self.api = self.connect()
        self._candidate = self._resolve()
        before: dict[str, t.Any] = {}
        if self.path and os.path.exists(self.path):
            there = self._existing(self.path)
            before = there.document()
            if dataclasses.replace(self._candidate, resolved_at=there.resolved_at) == there:
                return Plan(before, before, result={"candidate": before, "id": there.id})
        after = self._candidate.document()
        actions = [f"write candidate {self._candidate.id} to {self.path}"] if self.path else []
        return Plan(before, after, actions, {"candidate": after, "id": self._candidate.id})

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        write_candidate(str(self.path), self._candidate)
        return {}

    @staticmethod
    def _existing(path: str) -> Candidate:
        try:
            return read_candidate(path)
        except InvalidInput as error:
            raise InvalidInput(f"{error.message} It is not overwritten; remove it if it is not needed.") from error

    def _resolve(self) -> Candidate:
        trunk = Trunk(self.trunk_url, self.web, self.api)
        aggregate, components = None, tuple(trunk.hashed(**commit) for commit in self.commits or ())
        if self.label is not None:
            held = trunk.label(self.label)
            aggregate, components = held.aggregate_hash, held.components
        return Candidate(
            kind="dlrn",
            release=self.release,
            distro=self.distro,
            resolved_at=utc(self.clock()),
            source={"api_url": self.api.api_url if self.api else None, "label": self.label},
            aggregate_hash=aggregate,
            components=components,
            dependencies=self._dependencies(),
            base=tuple(self._base(**base) for base in self.base),
            scenarios=tuple(self._scenario(**scenario) for scenario in self.scenarios),
        )

    def _dependencies(self) -> Dependencies | None:
        if self.dependencies is None:
            return None
        url = check_url(self.dependencies, "address of a repository (dependencies)")
        return Dependencies(url, read_repomd(self.web, url))

    def _base(self, id: str, url: str, drift: str) -> Base:
        url = check_url(url, f"address of base repository {check_name(id, 'id of a base repository')}")
        return Base(id, url, read_repomd(self.web, url), drift)

    def _scenario(self, name: str, repository: str, version: str) -> Scenario:
        # Checked before git sees them.
        scenario = Scenario(name, repository, "0" * 40)
        revision = remote_revision(scenario.repository, version, self.web.deadline.remaining)
        return dataclasses.replace(scenario, revision=revision)


def verify(path: str, web: Web, parts: t.Collection[str] = PARTS) -> dict[str, t.Any]:
    """What of a lockfile is no longer as it was pinned.

    :param parts: what of it to look at.
    :returns: ``candidate``, ``id`` and ``drift``: ``what``, ``url``, ``expected``, ``found`` (None: gone) of each.
    :raises Conflict: with the same, if any of it may not drift.
    """
    candidate = read_candidate(path)
    drift = list(_drift(candidate, web, parts))
    result = {"candidate": candidate.document(), "id": candidate.id, "drift": drift}
    fatal = [f"{one['what']} {one['url']}" for one in drift if one["drift"] == "fail"]
    if fatal:
        raise Conflict(
            f"Candidate {candidate.id} is not what it was: {'; '.join(fatal)}. Resolve a new candidate.", **result
        )
    return result


def _drift(candidate: Candidate, web: Web, parts: t.Collection[str]) -> t.Iterator[dict[str, t.Any]]:
    for component in candidate.components if "components" in parts else ():
        now = _now(read_component, web, component.repo_url)
        if now != component:
            what = f"component {component.component}" if component.component else "repository"
            yield _changed(what, component.repo_url, component.repomd_sha256, now.repomd_sha256 if now else None)
    for file in candidate.files if "files" in parts else ():
        sha256 = _now(lambda web, url: web.sha256(url, "file"), web, file.url)
        if sha256 != file.sha256:
            yield _changed(f"file {file.name}", file.url, file.sha256, sha256)
    repositories: list[tuple[str, str, str, str]] = []
    if "base" in parts:
        repositories += [
            (f"base repository {base.id}", base.url, base.repomd_sha256, base.drift) for base in candidate.base
        ]
    if candidate.dependencies and "dependencies" in parts:
        repositories.append(("dependencies", candidate.dependencies.url, candidate.dependencies.repomd_sha256, "fail"))
    for what, url, expected, drift in repositories:
        checksum = _now(read_repomd, web, url)
        if checksum != expected:
            yield _changed(what, url, expected, checksum, drift)
    for scenario in candidate.scenarios if "scenarios" in parts else ():
        if not has_revision(scenario.repository, scenario.revision, web.deadline.remaining):
            yield _changed(f"scenario {scenario.name}", scenario.repository, scenario.revision, None)


def _now(read: t.Callable[[Web, str], T], web: Web, url: str) -> T | None:
    try:
        return read(web, url)
    except NotFound:
        return None


def _changed(what: str, url: str, expected: str, found: str | None, drift: str = "fail") -> dict[str, t.Any]:
    return {"what": what, "url": url, "expected": expected, "found": found, "drift": drift}
