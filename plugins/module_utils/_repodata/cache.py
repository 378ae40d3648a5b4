# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""A folder of repositories that were read before: bounded, shared by processes, never believed when damaged."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
import typing as t

from .._module.errors import InvalidInput
from .download import Transport
from .isolated import run_isolated
from .repomd import Repomd
from .solvfile import FORMAT, Index, load_solv_file, replace_index, search_filelists, write_solv_file

_PREFIX, _SUFFIX = "repository-", ".solv"
_TEMPORARY = ".new-"
# A temporary file this old was left by a process that was killed.
_ABANDONED = 3600.0


class Cache:
    """Loads repositories, from the folder where it can.

    :param folder: made when need be; None: nothing is kept.
    :param most: bytes that the folder may hold; the repositories that were not used for the longest time go first.
    :param writable: False: what is there is used, nothing is written (check mode).
    """

    def __init__(self, folder: str | None, most: int = 1 << 30, writable: bool = True) -> None:
        self.folder, self.most = folder, most
        self.writable = writable and folder is not None
        self.hits = 0
        if self.writable:
            try:
                os.makedirs(t.cast("str", folder), mode=0o700, exist_ok=True)
            except OSError as error:
                raise InvalidInput(f"The folder {folder} for the cache cannot be made: {error}.") from error

    def load(self, repo: t.Any, repomd: Repomd, transport: Transport, arch: str) -> tuple[Index, t.Any]:
        """Fill ``repo`` with the packages of the repository that ``repomd`` describes, for machines of ``arch``.

        :returns: the index, and the libsolv repository that was filled: a new one where a damaged file spoilt ``repo``.
        """
        path = self._path(repomd, arch)
        if path is not None:
            with contextlib.suppress(OSError), open(path, "rb") as file:
                index = load_solv_file(repo, file)
                if index is not None:
                    self.hits += 1
                    if self.writable:
                        os.utime(path)
                    return index, repo
        with self._temporary() as file:
            folder = self.folder if self.writable else None
            name = f"Repository {repomd.source.id}: the metadata of {repomd.roots[0]}"
            run_isolated(lambda: write_solv_file(repomd, transport, arch, file, folder), name)
            fresh = _emptied(repo)
            index = load_solv_file(fresh, file)
            if index is None:
                raise InvalidInput(f"{name} was read, but cannot be loaded: {repo.pool.errstr}.")
            if path is not None and self.writable:
                os.replace(file.name, path)
                self._make_room(path)
            return index, fresh

    def find_files(
        self, repo: t.Any, index: Index, repomd: Repomd, transport: Transport, arch: str, paths: t.Iterable[str]
    ) -> dict[str, list[int]]:
        """The places of the packages in ``repo`` that have a file of ``paths``, as filelists know them.

        What was not asked before is looked for in filelists, and then known to ``index`` and to the folder.
        """
        known: dict[str, list[int]] = index["files"]
        paths = set(paths)
        unknown = paths - known.keys()
        if unknown and repo.nsolvables and "filelists" in repomd.files:
            known.update(search_filelists(repo, repomd, transport, unknown, self.folder if self.writable else None))
            self._keep(repomd, arch, index)
        return {path: known[path] for path in paths & known.keys()}

    def _keep(self, repomd: Repomd, arch: str, index: Index) -> None:
        """Let the file of a repository have this index."""
        path = self._path(repomd, arch)
        if path is None or not self.writable:
            return
        # Another process may have removed it to make room.
        with contextlib.suppress(FileNotFoundError), open(path, "rb") as old, self._temporary() as file:
            if replace_index(old, file, index):
                os.replace(file.name, path)

    def _path(self, repomd: Repomd, arch: str) -> str | None:
        if self.folder is None:
            return None
        key = hashlib.sha256(f"{FORMAT}:{arch}:{repomd.sha256}".encode()).hexdigest()[:32]
        return os.path.join(self.folder, f"{_PREFIX}{key}{_SUFFIX}")

    @contextlib.contextmanager
    def _temporary(self) -> t.Iterator[t.Any]:
        """A new file that is gone afterwards, unless it got another name."""
        import tempfile

        with tempfile.NamedTemporaryFile(
            dir=self.folder if self.writable else None, prefix=_TEMPORARY, delete=False
        ) as file:
            try:
                yield file
            finally:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(file.name)

    def _make_room(self, keep: str) -> None:
        """Remove the files not used for the longest time until the rest fits; other processes may do the same."""
        entries = []
        with os.scandir(t.cast("str", self.folder)) as folder:
            for entry in folder:
                with contextlib.suppress(FileNotFoundError):
                    status = entry.stat()
                    if entry.name.startswith(_TEMPORARY) and status.st_mtime < time.time() - _ABANDONED:
                        os.unlink(entry.path)
                    elif entry.name.startswith(_PREFIX) and entry.name.endswith(_SUFFIX):
                        entries.append((status.st_mtime, status.st_size, entry.path))
        total = sum(size for _time, size, _path in entries)
        for _time, size, path in sorted(entries):
            if total <= self.most:
                break
            if path != keep:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(path)
                total -= size


def _emptied(repo: t.Any) -> t.Any:
    """``repo``, or one like it in its place when a damaged file left something in it."""
    if repo.isempty():
        return repo
    pool, name = repo.pool, repo.name
    repo.free(True)
    return pool.add_repo(name)
