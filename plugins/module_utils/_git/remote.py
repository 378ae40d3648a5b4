# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Repositories elsewhere: which commit a name stands for there, and whether a commit is there."""

from __future__ import annotations

import difflib
import re

from .._module.errors import InvalidInput, NotFound, Unavailable
from .._module.git import fetch, list_references, run_git
from .._module.work_folder import WorkFolder
from .repository import REFERENCE

COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def remote_revision(repository: str, version: str, timeout: float) -> str:
    """The full hash of the commit that ``version`` stands for.

    :param version: a branch, a tag, ``HEAD``, a whole name below ``refs/``, or the full hash itself.
    :raises NotFound: nothing of that name; the message has what there is.
    :raises InvalidInput: a branch and a tag have that name.
    """
    if COMMIT.fullmatch(version):
        if not has_revision(repository, version, timeout):
            raise NotFound(f"The repository {repository} has no commit {version}.")
        return version
    if not REFERENCE.fullmatch(version):
        raise InvalidInput(f"{version!r} cannot be the name of a branch or tag.")
    exact = version == "HEAD" or version.startswith("refs/")
    wanted = [version] if exact else [f"refs/heads/{version}", f"refs/tags/{version}"]
    # With ^{}: the commit that an annotated tag is for.
    found = _references(repository, timeout, *(name + peeled for name in wanted for peeled in ("", "^{}")))
    commits = {name: found.get(f"{name}^{{}}", found[name]) for name in wanted if name in found}
    if not commits:
        names = {re.sub(r"^refs/(heads|tags)/|\^\{\}$", "", name) for name in _references(repository, timeout)}
        closest = difflib.get_close_matches(version, sorted(names), n=20, cutoff=0.0)
        raise NotFound(
            f"The repository {repository} has no branch or tag {version}. It has, closest first: "
            f"{', '.join(closest) or 'none'}."
        )
    if len(set(commits.values())) > 1:
        raise InvalidInput(f"The repository {repository} has both {' and '.join(commits)}; name the one that is meant.")
    return next(iter(commits.values()))


def has_revision(repository: str, revision: str, timeout: float) -> bool:
    """Whether the commit can still be fetched.

    :raises Unavailable: the repository itself cannot be read.
    """
    with WorkFolder("revision") as work:
        run_git("init", "--quiet", "--bare", folder=work)
        try:
            options = ("--depth=1", "--filter=tree:0")
            fetch(repository, revision, *options, folder=work, timeout=timeout, configured=True)
        except (NotFound, Unavailable):
            _references(repository, timeout, "HEAD")
            return False
        return True


def _references(repository: str, timeout: float, *patterns: str) -> dict[str, str]:
    # With the user's configuration: what is pinned here is fetched by the git that Ansible runs.
    return list_references(repository, *patterns, timeout=timeout, configured=True)
