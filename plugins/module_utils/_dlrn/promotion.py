# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What a label holds, as the API's promotions say and as the tree of repositories shows.

The API answers promotions newest first, at most 100 at a time (``promotions_GET`` of ``dlrn/api/dlrn_api.py``). DLRN
writes them after it has moved the label's links; if it is killed between, or at work, the two do not say the same.
"""

from __future__ import annotations

import dataclasses
import hashlib
import typing as t

from .._module.errors import InvalidInput, NotFound, RelengError, Unavailable
from .._module.text import shown
from .._module.web import Web
from .candidate import Component, hashed_directory, utc
from .client import DlrnClient
from .names import COMMIT, EXTENDED, check, check_commit, check_name, check_url
from .trunk import REPO_FILE, repositories_of

PAGE = 100
PURGED = 0x2  # FLAG_PURGED of dlrn/purge.py
RESERVED = ("current", "consistent")

# commit, distro and extended hash
Hashes = tuple[str, str, t.Optional[str]]


@dataclasses.dataclass(frozen=True)
class Promoted:
    """One commit that was promoted, with who did it, where DLRN knows, and when (seconds since 1970)."""

    component: str | None
    commit_hash: str
    distro_hash: str
    extended_hash: str | None
    aggregate_hash: str | None
    timestamp: int
    user: str | None

    @property
    def hashes(self) -> Hashes:
        return (self.commit_hash, self.distro_hash, self.extended_hash)

    @property
    def directory(self) -> str:
        """Its hashed directory, below the trunk's address."""
        return hashed_directory(self.commit_hash, self.distro_hash, self.extended_hash, self.component)

    @property
    def by(self) -> str:
        """Who did it, as a message says it."""
        return self.user or "somebody unknown"

    def document(self) -> dict[str, t.Any]:
        """As modules return it."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True)
class Label:
    """What a label holds.

    :param held: of each component the newest promotion; the key is None where DLRN runs without components.
    :param disagreements: where the tree shows something else, a sentence each; empty if no tree was read.
    :param rows: the newest promotions, newest first, as the API has them.
    """

    name: str
    held: dict[str | None, Promoted]
    aggregate_hash: str | None
    disagreements: tuple[str, ...]
    rows: tuple[Promoted, ...]

    def hashes(self) -> dict[str | None, Hashes]:
        return {component: promoted.hashes for component, promoted in self.held.items()}


def check_label(name: t.Any) -> str:
    """``name`` if something can be promoted to it."""
    check_name(name, "label")
    if name in RESERVED:
        raise InvalidInput(f"The label {name} belongs to DLRN's builder; nothing can be promoted to it.")
    return name


def read_label(client: DlrnClient, name: str, trunk_url: str | None = None) -> Label:
    """What label ``name`` holds.

    :param trunk_url: the tree that is compared with it. Its aggregate also says which components there are, in two
        requests; without it, all promotions that the label ever had are read.
    """
    rows = _page(client, name, 0)
    tree = _read_tree(client.web, trunk_url, name) if trunk_url else None
    more = rows
    while tree is None and len(more) == PAGE:
        more = _page(client, name, len(rows))
        rows += more
    held: dict[str | None, Promoted] = {}
    for row in rows:
        held.setdefault(row.component, row)
    for component in sorted(tree.components - set(held)) if tree is not None else ():
        held.update((component, row) for row in _page(client, name, 0, component))
    if rows and rows[0].component is None:
        # DLRN runs without components again: what the label held with them is gone.
        held = {None: rows[0]}
    elif len(held) > 1:
        # From before DLRN ran with components.
        held.pop(None, None)
    aggregate = rows[0].aggregate_hash if rows else None
    disagreements: tuple[str, ...] = ()
    if tree is not None and trunk_url:
        if aggregate is not None and tree.aggregate_hash == aggregate:
            # DLRN goes on having promotions of a component that was taken from the label.
            held = {component: row for component, row in held.items() if component in tree.sections}
        disagreements = tuple(_compare(client.web, trunk_url, name, tree, held, aggregate))
    return Label(name, held, aggregate, disagreements, tuple(rows))


def new_rows(before: Label, after: Label) -> list[Promoted]:
    """The promotions that ``after`` has and ``before`` does not."""
    rows = list(after.rows)
    if not before.rows:
        return rows
    for count in range(len(rows)):
        overlap = min(len(rows) - count, len(before.rows))
        if rows[count : count + overlap] == list(before.rows[:overlap]):
            return rows[:count]
    return rows


def _page(client: DlrnClient, name: str, offset: int, component: str | None = None) -> list[Promoted]:
    limit = 1 if component else PAGE
    return [row for row, _where in read_rows(client, limit, promote_name=name, offset=offset, component=component)]


def read_rows(
    client: DlrnClient, limit: int = PAGE, **query: str | int | None
) -> list[tuple[Promoted, tuple[str, str]]]:
    """Promotions, newest first, each with its label and its address on the server.

    :raises Unavailable: what the API answers is not a list of promotions, or not of what was asked for.
    """
    answer = client.get("promotions", limit=limit, **query)
    asked = {name: query.get(name) for name in ("promote_name", "component", "aggregate_hash") if query.get(name)}
    try:
        for row in answer:
            other = {name: row[name] for name, value in asked.items() if name in row and row[name] != value}
            if other:
                raise ValueError(f"{other} where {asked} was asked for")
        return [(_promoted(row), (str(row.get("promote_name")), str(row.get("repo_url")))) for row in answer]
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise _nonsense(client, "promotions", error) from error


def _promoted(row: t.Mapping[str, t.Any]) -> Promoted:
    extended = row["extended_hash"] or None
    return Promoted(
        component=None if row["component"] is None else check_name(row["component"], "component"),
        commit_hash=check_commit(row["commit_hash"], "commit_hash"),
        distro_hash=check_commit(row["distro_hash"], "distro_hash"),
        extended_hash=None if extended is None else check(EXTENDED, extended, "extended_hash", "as DLRN has it"),
        aggregate_hash=row["aggregate_hash"],
        timestamp=int(row["timestamp"]),
        user=None if row["user"] is None else str(row["user"]),
    )


@dataclasses.dataclass(frozen=True)
class _Tree:
    """A label's .repo file.

    :param sections: the address of each component; None as the key where there are none.
    :param problem: why it cannot be read, a sentence; empty if it can.
    """

    sections: dict[str | None, str]
    aggregate_hash: str | None
    problem: str = ""

    @property
    def components(self) -> set[str]:
        return {component for component in self.sections if component is not None}


def _read_tree(web: Web, trunk_url: str, name: str) -> _Tree:
    url = f"{trunk_url}/{name}/{REPO_FILE}"
    try:
        content = web.read(url, "label")
    except NotFound:
        return _Tree({}, None)
    sections: dict[str | None, str] = {}
    try:
        repositories = repositories_of(content, url)
    except InvalidInput as error:
        # Half written: the API was killed, or is at work.
        return _Tree({}, None, error.message.rstrip("."))
    for section, address in repositories.items():
        sections[component_of(section)] = address
    with_components = any(component is not None for component in sections)
    return _Tree(sections, hashlib.md5(content, usedforsecurity=False).hexdigest() if with_components else None)


def component_of(section: str) -> str | None:
    """The component that a section of a .repo file is of."""
    _repository, separator, component = section.partition("-component-")
    return component if separator else None


def _compare(
    web: Web, trunk_url: str, name: str, tree: _Tree, held: dict[str | None, Promoted], aggregate: str | None
) -> t.Iterator[str]:
    """Where the tree shows something else than the newest promotions."""
    if tree.problem:
        yield tree.problem
        return
    if (tree.sections or held) and tree.aggregate_hash != aggregate:
        yield f"the aggregate hash is {aggregate} by the API, but {tree.aggregate_hash} in the tree"
    for component in sorted({*tree.sections, *held}, key=str):
        of = f"component {component}" if component else "the label"
        expected = held[component].directory if component in held else "nothing"
        address = tree.sections.get(component, "nothing")
        if not f"/{address}".endswith(f"/{expected}"):
            yield f"{of} is {expected} by the API, but {address} in the tree's {name}/{REPO_FILE}"
        elif component is not None:
            linked = _linked(web, f"{trunk_url}/component/{component}/{name}/{REPO_FILE}")
            if not f"/{linked}".endswith(f"/{expected}"):
                yield f"{of} is {expected} by the API, but {linked} in the tree's component/{component}/{name}"


def _linked(web: Web, url: str) -> str:
    """The address in the .repo file of a component's label."""
    try:
        return next(iter(repositories_of(web.read(url, "label of a component"), url).values()))
    except NotFound:
        return "nothing"
    except InvalidInput as error:
        return f"unreadable ({error.message.rstrip('.')})"


@dataclasses.dataclass(frozen=True)
class Facts:
    """What DLRN's database knows of a commit that it built.

    :param taken_for: the extended hash of the commit that DLRN's API takes these hashes for, if it is another: without
        an extended hash it takes the newest that has the other two (``_get_commit`` of ``dlrn/api/dlrn_api.py``).
    """

    built_at: str
    purged: bool
    taken_for: str | None = None


def read_facts(client: DlrnClient, wanted: t.Collection[Hashes]) -> dict[Hashes, Facts]:
    """What is known of commits, in one request; who is not there is no commit that DLRN has built."""
    if not wanted:
        return {}
    ordered = sorted(wanted, key=str)
    parts = []
    for number, (commit_hash, distro_hash, _extended) in enumerate(ordered):
        check(COMMIT, commit_hash, "commit_hash", "it has hexadecimal digits")
        check(COMMIT, distro_hash, "distro_hash", "it has hexadecimal digits")
        arguments = f'commitHash: "{commit_hash}", distroHash: "{distro_hash}", status: "SUCCESS"'
        parts.append(f"c{number}: commits({arguments}) {{ extendedHash dtBuild flags }}")
    answer = client.graphql("{ " + " ".join(parts) + " }")
    facts: dict[Hashes, Facts] = {}
    try:
        for number, hashes in enumerate(ordered):
            newest = [commit["extendedHash"] or None for commit in answer[f"c{number}"]][:1]
            for commit in answer[f"c{number}"]:
                # The newest comes first, and the API promotes the newest.
                if (commit["extendedHash"] or None) == hashes[2] and hashes not in facts:
                    taken_for = None if hashes[2] else newest[0]
                    facts[hashes] = Facts(utc(int(commit["dtBuild"])), bool((commit["flags"] or 0) & PURGED), taken_for)
    except (TypeError, KeyError, ValueError) as error:
        raise _nonsense(client, "commits", error) from error
    return facts


def _nonsense(client: DlrnClient, what: str, error: Exception) -> Unavailable:
    return Unavailable(f"The DLRN API {client.api_url} answers {what} that it cannot have: {error!r}.")


def promote(client: DlrnClient, name: str, components: t.Sequence[Component]) -> None:
    """Promote once; the caller finds out by reading whether it was done.

    :raises Refused: nothing was done: wrong user (401), not allowed (403), purged (410).
    :raises Unavailable: ``known`` is false if it may have been done.
    """
    items = [{**component.hashes, "promote_name": name} for component in components]
    if components[0].component is None:
        client.post("promote", items[0])
    else:
        client.post("promote-batch", items)


def may_be_done(error: RelengError) -> bool:
    """Whether a promotion that ended with ``error`` may have been made all the same."""
    return isinstance(error, Unavailable) and not error.data.get("known", False)


def describe(hashes: Hashes | None, other: Hashes | None = None) -> str:
    """Short enough for a message, long enough to find it, and to tell it from ``other``."""
    if hashes is None:
        return "nothing"
    for length in range(8, 130, 8):
        text = "_".join(part[:length] for part in hashes if part)
        if other is None or hashes == other or text != "_".join(part[:length] for part in other if part):
            break
    return text


def parse_hashes(entry: t.Any) -> tuple[str | None, Hashes]:
    """A component and its hashes, as modules return them."""
    if not isinstance(entry, dict) or not {"commit_hash", "distro_hash"} <= set(entry):
        raise InvalidInput(f"{shown(entry)} does not name what a label holds: commit_hash and distro_hash are needed.")
    component = entry.get("component")
    extended = entry.get("extended_hash")
    return (
        None if component is None else check_name(component, "component"),
        (
            check_commit(entry["commit_hash"], "commit_hash"),
            check_commit(entry["distro_hash"], "distro_hash"),
            None if not extended else check(EXTENDED, extended, "extended_hash", "letters, digits and _ are allowed"),
        ),
    )


def sibling_of(client: DlrnClient, hashes: Hashes) -> str | None:
    """The extended hash of the commit that DLRN's API takes ``hashes`` for, if it is another one, and that can be told.

    :returns: None also where the commit is not known, or the server has no GraphQL and nobody voted for it.
    """
    if hashes[2]:
        return None
    try:
        facts = read_facts(client, [hashes]).get(hashes)
        return facts.taken_for if facts else None
    except RelengError as error:
        if error.data.get("status") not in (404, 501):
            raise
    rows = client.get("repo_status", commit_hash=hashes[0], distro_hash=hashes[1])
    try:
        return next((str(row["extended_hash"]) for row in rows if row["extended_hash"]), None)
    except (TypeError, KeyError) as error:
        raise _nonsense(client, "votes", error) from error


def label_info(client: DlrnClient, name: str, trunk_url: str | None, limit: int) -> dict[str, t.Any]:
    """What a label holds, what was promoted to it lately, and whether the tree says the same."""
    label = read_label(client, check_label(name), check_trunk(trunk_url))
    return {
        "label": name,
        "exists": bool(label.held),
        "aggregate_hash": label.aggregate_hash,
        "components": [label.held[key].document() for key in sorted(label.held, key=str)],
        "disagreements": list(label.disagreements),
        "history": [row.document() for row in label.rows[:limit]],
    }


def check_trunk(url: str | None) -> str | None:
    """``url`` if it can be the address of a tree of repositories."""
    return check_url(url, "address of a trunk repository (trunk_url)") if url else None
