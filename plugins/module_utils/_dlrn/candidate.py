# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""The candidate: one exact set of bits, and the lockfile it travels in (``rdo.releng/candidate/1``)."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from .._module.documents import check_schema, digest, read_document, write_document
from .._module.errors import InvalidInput
from .._module.text import shown, with_article
from .names import EXTENDED, MD5, SHA256, TIME, check, check_commit, check_name, check_url

SCHEMA = "rdo.releng/candidate/1"
WHAT = "candidate lockfile"
# How the candidate was found; the same bits have the same id without it.
NOT_IN_ID = ("id", "resolved_at", "source", "aggregate_hash")
SOURCE_KEYS: dict[str, tuple[str, ...]] = {
    "dlrn": ("api_url", "label"),
    "koji": ("hub", "tag", "event"),
    "files": (),
}
# What a candidate of a kind has, and those of other kinds do not.
OWN_PARTS = {"dlrn": "components", "koji": "builds", "files": "files"}
# git's own ways to a repository; "ext::" and the like would run commands.
GIT_SCHEMES = ("file", "git", "git+ssh", "http", "https", "ssh")


@dataclasses.dataclass(frozen=True)
class Component:
    """One repository that DLRN made.

    :param component: its name; None where DLRN runs without components.
    :param extended_hash: of drivers that build from a third source.
    :param built_at: when DLRN began the build, UTC (``2026-01-31T12:00:00Z``).
    :param repo_url: the hashed directory, which never changes its content, unlike a label.
    """

    component: str | None
    commit_hash: str
    distro_hash: str
    extended_hash: str | None
    built_at: str
    repo_url: str
    repomd_sha256: str

    def __post_init__(self) -> None:
        if self.component is not None:
            check_name(self.component, "component")
        check_commit(self.commit_hash, "commit_hash")
        check_commit(self.distro_hash, "distro_hash")
        if self.extended_hash is not None:
            check(EXTENDED, self.extended_hash, "extended_hash", "letters, digits and _ are allowed")
        check_time(self.built_at, "built_at")
        _check_repository(self.repo_url, self.repomd_sha256)
        if not f"{self.repo_url}/".endswith(f"/{self.directory}/"):
            raise InvalidInput(
                f"The repo_url {self.repo_url} is not the hashed directory of its commit, "
                f"which ends in {self.directory}."
            )

    @property
    def directory(self) -> str:
        """Its hashed directory, below the trunk's address."""
        return hashed_directory(self.commit_hash, self.distro_hash, self.extended_hash, self.component)

    @property
    def hashes(self) -> dict[str, str]:
        """What DLRN's API takes to name this commit."""
        named = {
            "commit_hash": self.commit_hash,
            "distro_hash": self.distro_hash,
            "extended_hash": self.extended_hash,
        }
        return {name: value for name, value in named.items() if value}


@dataclasses.dataclass(frozen=True)
class Build:
    """One build of Koji."""

    nvr: str
    build_id: int

    def __post_init__(self) -> None:
        check_name(self.nvr, "NVR of a build")
        if self.nvr.count("-") < 2 or not _is_count(self.build_id):
            raise InvalidInput(f"{shown(self.nvr)} with build_id {shown(self.build_id)} is not a build of Koji.")


@dataclasses.dataclass(frozen=True)
class File:
    """A file of somebody else's making: a wheel, an image, or the ``repomd.xml`` that stands for a repository."""

    name: str
    url: str
    sha256: str

    def __post_init__(self) -> None:
        check_name(self.name, "name of a file")
        if check_url(self.url, f"address of the file {self.name}") != self.url:
            raise InvalidInput(f"The address {self.url} of {self.name} is of a folder; a file is needed.")
        check(SHA256, self.sha256, f"sha256 of the file {self.name}", "it has 64 hexadecimal digits in lower case")


@dataclasses.dataclass(frozen=True)
class Dependencies:
    """The repository of what trunk needs and does not build."""

    url: str
    repomd_sha256: str

    def __post_init__(self) -> None:
        _check_repository(self.url, self.repomd_sha256)


@dataclasses.dataclass(frozen=True)
class Base:
    """A repository of the distribution.

    :param drift: what to do when it has changed since: ``fail``, or ``record`` what was used in the vote.
    """

    id: str
    url: str
    repomd_sha256: str
    drift: str = "fail"

    def __post_init__(self) -> None:
        check_name(self.id, "id of a base repository")
        _check_repository(self.url, self.repomd_sha256)
        if self.drift not in ("fail", "record"):
            raise InvalidInput(
                f"The base repository {self.id} has drift {shown(self.drift)}; fail or record is needed."
            )


@dataclasses.dataclass(frozen=True)
class Scenario:
    """Tests that the candidate goes through, at one revision.

    :param revision: the full hash of a commit.
    """

    name: str
    repository: str
    revision: str

    def __post_init__(self) -> None:
        check_name(self.name, "name of a scenario")
        check_url(self.repository, f"git repository of scenario {self.name}", GIT_SCHEMES)
        check_commit(self.revision, f"revision of scenario {self.name} (a full commit hash)")


@dataclasses.dataclass(frozen=True)
class Candidate:
    """Everything that a run tests. Lists are kept in one order, whatever order they are given in.

    :param kind: ``dlrn`` (then it has components), ``koji`` (builds) or ``files`` (files).
    :param source: how it was found: ``api_url`` and ``label``, or ``hub``, ``tag`` and ``event``; nothing for files.
    :param aggregate_hash: the name that DLRN gives to the components together; None: they have none.
    """

    kind: str
    release: str
    distro: str
    resolved_at: str
    source: dict[str, t.Any]
    aggregate_hash: str | None = None
    components: tuple[Component, ...] = ()
    builds: tuple[Build, ...] = ()
    files: tuple[File, ...] = ()
    dependencies: Dependencies | None = None
    base: tuple[Base, ...] = ()
    scenarios: tuple[Scenario, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.kind, str) or self.kind not in SOURCE_KEYS:
            raise InvalidInput(
                f"A candidate of kind {shown(self.kind)} is not known; one of {', '.join(SOURCE_KEYS)} is needed."
            )
        if any(bool(getattr(self, part)) != (kind == self.kind) for kind, part in OWN_PARTS.items()):
            others = " and no ".join(part for kind, part in OWN_PARTS.items() if kind != self.kind)
            raise InvalidInput(
                f"A candidate of kind {self.kind} has {OWN_PARTS[self.kind]}, at least one, and no {others}."
            )
        check_name(self.release, "release")
        check_name(self.distro, "distro")
        check_time(self.resolved_at, "resolved_at")
        self._check_source()
        if self.aggregate_hash is not None:
            check(MD5, self.aggregate_hash, "aggregate_hash", "it is an MD5 of 32 hexadecimal digits in lower case")
            if self.kind != "dlrn":
                raise InvalidInput(f"A candidate of kind {self.kind} has no aggregate_hash: DLRN gives it.")
        if len(self.components) > 1 and any(component.component is None for component in self.components):
            raise InvalidInput("A candidate of several components needs the name of each.")
        for name, key in ORDER.items():
            entries = getattr(self, name)
            keys = [getattr(entry, key) for entry in entries]
            twice = sorted({str(one) for one in keys if keys.count(one) > 1})
            if twice:
                raise InvalidInput(f"The candidate names twice among its {name}: {', '.join(twice)}.")
            object.__setattr__(self, name, tuple(sorted(entries, key=lambda entry: str(getattr(entry, key)))))

    def _check_source(self) -> None:
        expected = SOURCE_KEYS[self.kind]
        if not isinstance(self.source, dict) or set(self.source) != set(expected):
            keys = f"has the keys {', '.join(expected)}" if expected else "is empty"
            raise InvalidInput(f"The source of a candidate of kind {self.kind} {keys}.")
        for name, value in self.source.items():
            if name in ("api_url", "hub") and value is not None:
                check_url(value, f"{name} of the source", ("http", "https"))
            elif name in ("label", "tag") and value is not None:
                check_name(value, f"{name} of the source")
            elif name == "event" and value is not None and not _is_count(value):
                raise InvalidInput(f"The event of the source is a number, not {shown(value)}.")

    @property
    def id(self) -> str:
        """The sha256 of everything that decides which bits these are."""
        content = {name: value for name, value in self._content().items() if name not in NOT_IN_ID}
        return digest(content)

    def document(self) -> dict[str, t.Any]:
        """As it is written to a lockfile."""
        return {"id": self.id, **self._content()}

    def _content(self) -> dict[str, t.Any]:
        parts = OWN_PARTS[self.kind]
        return {
            "schema": SCHEMA,
            "kind": self.kind,
            "release": self.release,
            "distro": self.distro,
            "resolved_at": self.resolved_at,
            "source": dict(self.source),
            "aggregate_hash": self.aggregate_hash,
            parts: [dataclasses.asdict(part) for part in getattr(self, parts)],
            "dependencies": dataclasses.asdict(self.dependencies) if self.dependencies else None,
            "base": [dataclasses.asdict(base) for base in self.base],
            "scenarios": [dataclasses.asdict(scenario) for scenario in self.scenarios],
        }

    @classmethod
    def from_document(cls, data: t.Any, source: str = "given") -> Candidate:
        """The candidate that a document describes.

        :param source: where it came from, for the messages.
        :raises InvalidInput: anything about it is not as it has to be, or its id is not that of its content.
        """
        document = dict(check_schema(data, SCHEMA, WHAT, source))
        document.pop("schema")
        stated = document.pop("id", None)
        try:
            candidate = cls(**_fields(cls, document, PARTS))
        except InvalidInput as error:
            raise InvalidInput(f"The {WHAT} {source} is not valid: {error.message}", **error.data) from error
        if stated != candidate.id:
            raise InvalidInput(
                f"The {WHAT} {source} says its id is {shown(stated)}, but its content has the id {candidate.id}: "
                "it was edited. Resolve the candidate anew."
            )
        return candidate


# Lists, and what each of their entries is named by.
ORDER = {"components": "component", "builds": "nvr", "files": "name", "base": "id", "scenarios": "name"}
PARTS = {
    "components": Component,
    "builds": Build,
    "files": File,
    "dependencies": Dependencies,
    "base": Base,
    "scenarios": Scenario,
}


def _fields(
    kind: t.Any, data: t.Any, nested: t.Mapping[str, t.Any] | None = None, where: str = "it"
) -> dict[str, t.Any]:
    """The arguments of a dataclass out of a mapping that has each of them and nothing else."""
    if not isinstance(data, dict):
        raise InvalidInput(f"{where} is {shown(data)}, not a mapping.")
    names = {field.name: field for field in dataclasses.fields(kind)}
    unknown = sorted(shown(name) for name in data if name not in names)
    if unknown:
        raise InvalidInput(f"{where} has unknown keys: {', '.join(unknown)}.")
    # Only the parts of its kind are written, and nothing else may be left out: a file can end anywhere.
    missing = sorted(set(names) - set(data) - set(OWN_PARTS.values()))
    if missing:
        raise InvalidInput(f"{where} lacks {', '.join(missing)}: is the file cut off?")
    values = dict(data)
    for name, part in (nested or {}).items():
        value = values.get(name)
        if name == "dependencies":
            values[name] = None if value is None else part(**_fields(part, value, where=name))
        elif name in values:
            if not isinstance(value, list):
                raise InvalidInput(f"{name} is {shown(value)}, not a list.")
            values[name] = tuple(
                part(**_fields(part, entry, where=f"{name}[{number}]")) for number, entry in enumerate(value)
            )
    return values


def read_candidate(path: str) -> Candidate:
    """The candidate of a lockfile; raises NotFound or InvalidInput."""
    return Candidate.from_document(read_document(path, SCHEMA, WHAT), path)


def write_candidate(path: str, candidate: Candidate) -> None:
    """Write the lockfile, whole or not at all."""
    write_document(path, candidate.document())


def hashed_directory(
    commit_hash: str, distro_hash: str, extended_hash: str | None = None, component: str | None = None
) -> str:
    """Where DLRN puts a commit's repository, below its ``repos`` (``Commit.getshardedcommitdir`` of ``dlrn/db.py``)."""
    name = f"{commit_hash}_{distro_hash[:8]}"
    if extended_hash:
        name += f"_{extended_hash[:8]}"
        if len(extended_hash) >= 49:
            # Two hashes joined by "_".
            name += f"_{extended_hash[41:49]}"
    prefix = f"component/{component}/" if component else ""
    return f"{prefix}{commit_hash[:2]}/{commit_hash[2:4]}/{name}"


def utc(seconds: float) -> str:
    """Seconds since 1970 as it is written everywhere in the documents; raises InvalidInput for no such moment."""
    try:
        moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    except (ValueError, OverflowError, OSError) as error:
        raise InvalidInput(f"{shown(seconds)} is not a moment in seconds since 1970.") from error
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def check_time(value: t.Any, what: str) -> str:
    """``value`` if it is a time as :func:`utc` writes it; raises InvalidInput otherwise."""
    check(TIME, value, what, "a time in UTC like 2026-01-31T12:00:00Z is needed")
    try:
        datetime.datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ")
    except ValueError as error:
        raise InvalidInput(f"{value} is not {with_article(what)}: {error}.") from error
    return value


def _check_repository(url: t.Any, repomd_sha256: t.Any) -> None:
    if check_url(url, "address of a repository") != url:
        raise InvalidInput(f"The address of the repository {url} must not end in a slash.")
    check(SHA256, repomd_sha256, f"repomd_sha256 of {url}", "it has 64 hexadecimal digits in lower case")


def _is_count(value: t.Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
