# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Whether an aggregate hash is that of a candidate's components.

DLRN gives the hash when the candidate is staged, so it stands in the lockfile and is not part of its id. The lockfile
is not believed: the server is asked what it promoted under that name. The hash is the MD5 of the .repo file of all
components, which DLRN keeps below the label (``aggregate_repo_files`` of ``dlrn/utils.py``). Where that file cannot be
read any more, the promotions up to the one that has the hash tell: the label held each component's newest then.
"""

from __future__ import annotations

import hashlib
import typing as t

from .._module.errors import InvalidInput, NotFound, Refused, Unavailable
from .candidate import Candidate
from .client import DlrnClient
from .names import check_url
from .promotion import PAGE, Promoted, component_of, read_rows
from .trunk import REPO_FILE, repositories_of

# The hashed directory of each component.
Directories = dict[t.Optional[str], str]


def confirm_aggregate(client: DlrnClient, candidate: Candidate) -> None:
    """See that the server knows the candidate's aggregate hash as that of exactly its components.

    :raises Refused: it does not, with what it has in their place.
    """
    aggregate = candidate.aggregate_hash
    if aggregate is None:
        return
    wanted: Directories = {one.component: one.directory for one in candidate.components}
    claim = f"The lockfile of candidate {candidate.id} says its aggregate is {aggregate}"
    # Of each label that had it, one promotion is enough: the same hash is of the same components.
    rows = {where[0]: (row, where[1]) for row, where in read_rows(client, aggregate_hash=aggregate)}
    if not rows:
        raise Refused(
            f"{claim}, which the DLRN API {client.api_url} never promoted. Is that the server of this candidate? "
            "Stage it there, and resolve it anew.",
            aggregate_hash=aggregate,
        )
    held: Directories = {}
    for label, (row, address) in sorted(rows.items()):
        held = _filed(client, aggregate, label, row, address) or _held_at(client, label, row)
        if held == wanted:
            return
    raise Refused(
        f"{claim}, but for the DLRN API {client.api_url} that is of something else: {_differences(wanted, held)}. "
        "Votes on it are not votes on this candidate. Stage the candidate, and resolve it anew.",
        aggregate_hash=aggregate,
    )


def _filed(client: DlrnClient, aggregate: str, label: str, row: Promoted, address: str) -> Directories | None:
    """What the aggregate's .repo file names; None where it is not there, or is not that file."""
    root = address.rstrip("/").removesuffix(row.directory).rstrip("/")
    try:
        check_url(root, "address that DLRN gives for its repositories")
        url = f"{root}/{label}/{aggregate[:2]}/{aggregate[2:4]}/{aggregate}/{REPO_FILE}"
        content = client.web.read(url, "aggregate")
    except (InvalidInput, NotFound, Unavailable):
        return None
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != aggregate:
        return None
    held: Directories = {}
    for section, repository in repositories_of(content, url).items():
        component = component_of(section)
        # component/NAME/ab/cd/HASHES
        held[component] = "/".join(repository.rstrip("/").split("/")[-5 if component else -3 :])
    return held


def _held_at(client: DlrnClient, label: str, last: Promoted) -> Directories:
    """What the label held right after ``last``, as all promotions until then say."""
    held: Directories = {}
    offset, reached = 0, False
    while True:
        page = read_rows(client, promote_name=label, offset=offset)
        for row, _where in page:
            reached = reached or row == last
            if reached:
                held.setdefault(row.component, row.directory)
        if len(page) < PAGE:
            return held
        offset += len(page)


def _differences(wanted: Directories, held: Directories) -> str:
    return "; ".join(
        f"{component or 'the commit'} is {held.get(component, 'missing')}, not {wanted.get(component, 'missing')}"
        for component in sorted({*wanted, *held}, key=str)
        if wanted.get(component) != held.get(component)
    )
