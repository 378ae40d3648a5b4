# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""The files of one commit, read without a work tree, from a local repository or one far away."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import tarfile
import urllib.parse

from .._module.documents import digest
from .._module.errors import CommandFailed, InvalidInput, NotFound, Refused, TimedOut, Unavailable
from .._module.files import open_state
from .._module.work_folder import WorkFolder
from .repository import REFERENCE, Repository

# Of all files of a commit together.
MOST_BYTES = 1 << 29
PROTOCOLS = ("file", "git", "http", "https", "ssh")


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
    os.makedirs(path, mode=0o700, exist_ok=True)
    with open_state(os.path.join(path, "lock"), "lock of a cache", os.O_RDWR | os.O_CREAT) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _remove_wreckage(path)
        repository = Repository(path)
        repository.git("init", "--quiet", "--bare")
        is_hash = re.fullmatch("[0-9a-f]{40}", revision) is not None
        commit = repository.revision(revision) if is_hash else None
        if commit is None:
            options = ["-c", "gc.auto=0", "-c", "credential.helper="]
            try:
                fetch = ("fetch", "--quiet", "--depth=1", "--no-tags", "--", url, revision)
                repository.git(*options, *fetch, timeout=timeout, held=[lock.fileno()])
            except TimedOut as error:
                raise TimedOut(f"{url} did not send {revision} within {timeout:g} s.", url=url) from error
            except CommandFailed as error:
                output = error.data["output"].strip()
                problem = NotFound if "couldn't find remote ref" in output or "not our ref" in output else Unavailable
                raise problem(f"{revision} cannot be fetched from {url}: {output}", url=url, body=output) from error
            commit = repository.revision("FETCH_HEAD")
        if commit is None:
            raise NotFound(f"{revision} of {url} is not a commit.", url=url, revision=revision)
        return Snapshot(repository, commit, url)


def _remove_wreckage(path: str) -> None:
    """Remove what a git that was killed left in a repository: its locks, which stop the next one, and halves of packs.

    Nobody else works in it: whoever does holds its lock, and so does the git that outlives who started it.
    """
    for place, _folders, files in os.walk(path):
        for name in files:
            if name.endswith(".lock") or name.startswith(("tmp_pack_", "tmp_idx_", "tmp_obj_", "tmp_rev_")):
                os.unlink(os.path.join(place, name))
