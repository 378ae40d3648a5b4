# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Repositories elsewhere: which commit a name stands for there, and whether a commit is there."""

from __future__ import annotations

import difflib
import os
import re

from .._module.command import Finished, run_command
from .._module.errors import CommandFailed, InvalidInput, NotFound, TimedOut, Unavailable
from .._module.work_folder import WorkFolder
from .repository import REFERENCE

COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
LINE = re.compile(r"^([0-9a-f]{40,64})\t(\S+)$", re.MULTILINE)
# Not "ext", which runs commands.
PROTOCOLS = "file:git:http:https:ssh"


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
        _git(timeout, "init", "--quiet", "--bare", work)
        fetch = (
            "-C",
            work,
            "fetch",
            "--quiet",
            "--depth=1",
            "--filter=tree:0",
            "--no-tags",
            "--",
            repository,
            revision,
        )
        try:
            _git(timeout, *fetch)
        except CommandFailed:
            _references(repository, timeout, "HEAD")
            return False
        return True


def _references(repository: str, timeout: float, *patterns: str) -> dict[str, str]:
    chosen = () if patterns else ("--heads", "--tags")
    try:
        answer = _git(timeout, "ls-remote", *chosen, "--", repository, *patterns)
    except CommandFailed as error:
        raise Unavailable(
            f"The git repository {repository} cannot be read: {error.data['output'].strip()[-300:]}", **error.data
        ) from error
    except TimedOut as error:
        raise TimedOut(f"The git repository {repository} did not answer within {timeout:g} s.", **error.data) from error
    return {name: commit for commit, name in LINE.findall(answer.output)}


def _git(timeout: float, *arguments: str) -> Finished:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    environment.update(GIT_TERMINAL_PROMPT="0", GIT_ALLOW_PROTOCOL=PROTOCOLS, LC_ALL="C.UTF-8")
    return run_command(["git", *arguments], environment=environment, timeout=timeout, tail=1_000_000)
