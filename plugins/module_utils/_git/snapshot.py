# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""The files of one commit, read without a work tree, from a local repository or one far away."""

from __future__ import annotations

import os
import re
import signal
import tarfile
import urllib.parse

from .._module.documents import digest
from .._module.errors import CommandFailed, InvalidInput, NotFound, Refused
from .._module.git import PROTOCOLS
from .._module.work_folder import WorkFolder
from .repository import REFERENCE, Repository, cached_repository

# Of all files of a commit together.
MOST_BYTES = 1 << 29


class Snapshot:
    """What a repository holds at a commit: regular files only, links are not followed.

    :ivar description: the repository and the full hash of the commit.
    """

    def __init__(self, repository: Repository, commit: str, name: str) -> None:
        self.commit = commit
        self.description = f"{name} at {commit}"
        with WorkFolder("snapshot") as work:
            path = os.path.join(work, "files.tar")
            try:
                # A blob of zeros is a thousand times smaller in the repository.
                archive_it = ("archive", "--format=tar", f"--output={path}", commit)
                repository.git(*archive_it, file_size=MOST_BYTES, timeout=600)
            except CommandFailed as error:
                if error.data["rc"] not in (-signal.SIGXFSZ, 128 + signal.SIGXFSZ):
                    raise
                raise Refused(f"{self.description} has more than {MOST_BYTES} bytes of files.") from error
            with tarfile.open(path) as archive:
                members = {member: archive.extractfile(member) for member in archive if member.isreg()}
                self._files = {member.name: file.read() for member, file in members.items() if file}

    def read(self, name: str) -> bytes:
        try:
            return self._files[name]
        except KeyError:
            raise NotFound(f"There is no file {name} in {self.description}.", file=name) from None


def take_snapshot(source: str, revision: str, cache: str, timeout: float) -> Snapshot:
    """The files of ``source`` at ``revision``.

    :param source: path of a local repository, or URL of one that can be read without a password.
    :param revision: branch, tag, other reference or hash.
    :param cache: folder where what was fetched from a URL is kept; a full hash is fetched once.
    :param timeout: seconds that fetching may take.
    :raises NotFound: no such repository or revision.
    :raises Unavailable: the server did not answer, or with an error.
    :raises TimedOut: it did not answer in time.
    """
    if not REFERENCE.fullmatch(revision):
        raise InvalidInput(f"{revision!r} cannot be the name of a revision.", revision=revision)
    if is_url(source):
        return _fetch(source, revision, cache, timeout)
    repository = Repository(source)
    commit = repository.revision(revision) if os.path.isdir(source) else None
    if commit is None:
        raise NotFound(f"{source} is not a git repository with a revision {revision}.", path=source, revision=revision)
    return Snapshot(repository, commit, os.path.realpath(source))


def is_url(source: str) -> bool:
    """Whether ``source`` is the URL of a repository, and not a path.

    :raises InvalidInput: a URL that git must not be given: of another protocol, or with a password in it.
    """
    protocol, separator, _rest = source.partition("://")
    if not separator:
        if "::" in source:
            raise InvalidInput(f"{source!r}: git's remote helpers are not used. Give a URL or a path.", url=source)
        return re.match(r"[A-Za-z0-9._-]+@[A-Za-z0-9._-]+:(?!/)?\S+$", source) is not None
    if protocol not in PROTOCOLS:
        raise InvalidInput(f"{protocol}:// is not a protocol of git that is used here: {', '.join(PROTOCOLS)} are.")
    if urllib.parse.urlsplit(source).password:
        raise InvalidInput("A git URL must not hold a password: everybody on the host could see it. Use ssh, or none.")
    return True


def _fetch(url: str, revision: str, cache: str, timeout: float) -> Snapshot:
    path = os.path.join(cache, f"git-{digest(url)[:32]}")
    with cached_repository(path, url, timeout) as (repository, lock):
        is_hash = re.fullmatch("[0-9a-f]{40}", revision) is not None
        commit = repository.revision(revision) if is_hash else None
        if commit is None:
            repository.fetch(url, revision, "--depth=1", timeout=timeout, held=[lock])
            commit = repository.revision("FETCH_HEAD")
        if commit is None:
            raise NotFound(f"{revision} of {url} is not a commit.", url=url, revision=revision)
        return Snapshot(repository, commit, url)
