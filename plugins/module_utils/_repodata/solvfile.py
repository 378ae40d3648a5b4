# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""One repository in one file: libsolv's ``.solv`` and, behind it, an index of what libsolv is slow to tell.

``.solv`` has no checksum of its own and libsolv trusts it, so the end of the file carries one of everything before.
"""

from __future__ import annotations

import functools
import json
import os
import struct
import typing as t
import zlib

from .._module.errors import InvalidInput
from .._module.json_text import load_json
from .._module.libraries import load_library
from .._rpm.dependency import dependency_id, required
from .._rpm.rich import Judge, is_structured
from .download import Transport
from .metadata import HEAD, FileSearch, announced_packages, without_prose
from .modular import read_module_data
from .repomd import Repomd

# Raised whenever the content of the file changes in meaning.
FORMAT = 6
_MAGIC = b"rdo.releng.solv\n"
_TAIL = struct.Struct("<QL16s")  # bytes of the index, CRC-32 of everything before this, magic

Index = dict[str, t.Any]


def write_solv_file(
    repomd: Repomd, transport: Transport, arch: str, target: t.BinaryIO, folder: str | None = None
) -> None:
    """Read a repository's metadata and write it to ``target`` as one file, for machines of ``arch``.

    :raises RelengError: naming repository and file, for whatever is wrong with them.
    """
    solv = load_library("solv")
    pool = solv.Pool()
    pool.setdisttype(pool.DISTTYPE_RPM)
    pool.setarch(arch)
    repo = pool.add_repo(repomd.source.id)
    _add_primary(solv, pool, repo, repomd, transport, folder)
    solv_file = _solv_open(solv, target, "w")
    written = repo.write(solv_file)
    solv_file.close()
    if not written:
        raise InvalidInput(f"{_name(repomd, 'primary')} cannot be kept: {pool.errstr}")
    # After writing: what libsolv learns while it is asked is nothing to keep.
    index = _index(pool, repo)
    if "modules" in repomd.files:
        with repomd.open(transport, "modules", folder) as file:
            index["modules"] = read_module_data(file.read(), _name(repomd, "modules"))
    _seal(target, index)


def replace_index(old: t.BinaryIO, target: t.BinaryIO, index: Index) -> bool:
    """Write the packages in ``old`` to ``target``, with another index; False when ``old`` is damaged."""
    ends = _ends(old)
    if ends is None:
        return False
    old.seek(0)
    target.write(old.read(ends[0]))
    _seal(target, index)
    return True


def _seal(target: t.BinaryIO, index: Index) -> None:
    """Add to libsolv's part of a file what follows it."""
    target.seek(0, os.SEEK_END)
    content = json.dumps(index, separators=(",", ":")).encode()
    target.write(content)
    target.flush()
    target.write(_TAIL.pack(len(content), _checksum(target, target.tell()), _MAGIC))
    target.flush()


def load_solv_file(repo: t.Any, file: t.BinaryIO) -> Index | None:
    """Add the packages in ``file`` to an empty libsolv ``repo``; its index, or None when the file is damaged."""
    ends = _ends(file)
    if ends is None:
        return None
    file.seek(ends[0])
    length = ends[1] - ends[0]
    try:
        index: Index = load_json(file.read(length), "The index", length)
    except InvalidInput:
        return None
    solv_file = _solv_open(load_library("solv"), file, "r")
    loaded = repo.add_solv(solv_file)
    solv_file.close()
    return index if loaded and repo.nsolvables == index["packages"] else None


def _ends(file: t.BinaryIO) -> tuple[int, int] | None:
    """Where libsolv's part ends and where the index does; None when the file is damaged."""
    size = file.seek(0, os.SEEK_END) - _TAIL.size
    if size < 0:
        return None
    file.seek(size)
    length, checksum, magic = _TAIL.unpack(file.read(_TAIL.size))
    if magic != _MAGIC or length > size or _checksum(file, size) != checksum:
        return None
    return size - length, size


def _solv_open(solv: t.Any, file: t.BinaryIO, mode: str) -> t.Any:
    """libsolv's own handle of an open file, at its start. None in place of a handle would crash libsolv."""
    # Python's own position may be ahead, in its buffer; libsolv sees the descriptor's.
    os.lseek(file.fileno(), 0, os.SEEK_SET)
    handle = solv.xfopen_fd(None, file.fileno(), mode)
    if handle is None:
        raise InvalidInput("libsolv cannot open a file that is open already.")
    return handle


def _checksum(file: t.BinaryIO, length: int) -> int:
    file.seek(0)
    checksum = 0
    while length > 0:
        chunk = file.read(min(length, 1 << 20))
        if not chunk:
            break
        length -= len(chunk)
        checksum = zlib.crc32(chunk, checksum)
    return checksum


def _name(repomd: Repomd, kind: str) -> str:
    return f"Repository {repomd.source.id}: {repomd.files[kind].href} of {repomd.roots[0]}"


def _add_primary(
    solv: t.Any, pool: t.Any, repo: t.Any, repomd: Repomd, transport: Transport, folder: str | None
) -> None:
    """Let libsolv parse the packages, and make sure that it understood all of them."""
    name = _name(repomd, "primary")
    with repomd.open(transport, "primary", folder, without_prose) as file:
        try:
            announced = announced_packages(file.read(HEAD), b"metadata")
        except InvalidInput as error:
            raise InvalidInput(f"{name} is not what it should be: {error.message}.") from error
        handle = _solv_open(solv, file, "r")
        read = repo.add_rpmmd(handle, None)
        handle.close()
    if not read:
        raise InvalidInput(f"{name} cannot be read: {' '.join(pool.errstr.split())}.")
    if announced not in (None, repo.nsolvables):
        raise InvalidInput(f"{name} announces {announced} packages and holds {repo.nsolvables}.")


def search_filelists(
    repo: t.Any, repomd: Repomd, transport: Transport, paths: t.Iterable[str], folder: str | None = None
) -> dict[str, list[int]]:
    """The places of the packages in ``repo`` that have a file of ``paths``, for each path.

    :raises RelengError: naming repository and file, when filelists is not what it should be.
    """
    search = FileSearch(paths)
    repomd.open(transport, "filelists", folder, search).close()
    places = _Places(repo)
    try:
        return {path: [places.find(*one) for one in owners] for path, owners in search.found.items()}
    except KeyError as error:
        raise InvalidInput(f"{_name(repomd, 'filelists')} has a package {error} that primary does not have.") from error


class _Places:
    """Finds packages of a repository by their checksum."""

    def __init__(self, repo: t.Any) -> None:
        self._repo, self._key = repo, load_library("solv").SOLVABLE_CHECKSUM
        self._first = next(package.id for package in repo.solvables_iter())

    def find(self, guess: int, pkgid: str) -> int:
        """The place of a package that is most likely at ``guess``, as all files list packages in one order.

        :raises KeyError: there is none.
        """
        if guess < self._repo.nsolvables and self._pkgid(self._repo.pool.id2solvable(self._first + guess)) == pkgid:
            return guess
        return self._by_pkgid[pkgid]

    def _pkgid(self, package: t.Any) -> str:
        return str(package.lookup_checksum(self._key)).rpartition(":")[2]

    @functools.cached_property
    def _by_pkgid(self) -> dict[str, int]:
        return {self._pkgid(package): place for place, package in enumerate(self._repo.solvables_iter())}


def _index(pool: t.Any, repo: t.Any) -> Index:
    """What the index says, for the architecture of ``pool``. Packages go by their place in the repository.

    - ``foreign``: those that the architecture cannot install, and source packages
    - ``older``: those of which there is a newer version of the same architecture
    - ``structured``: rich dependencies that no list of providers answers, with the packages that have them
    - ``unsettled``: those of them that the newest packages of the repository itself do not fulfil without ado
    - ``open``: those that require, beside such, what no newest package of the repository itself provides; also those
      that require a file that only filelists know
    - ``modules``: what is said about module streams
    - ``files``: paths that were looked for in filelists, with the packages that have them
    """
    packages = list(repo.solvables_iter())
    arches: dict[int, list[int]] = {}
    newest: dict[tuple[int, int], tuple[t.Any, list[int]]] = {}
    older: list[int] = []
    for place, package in enumerate(packages):
        arch = package.archid
        arches.setdefault(arch, []).append(place)
        key = (package.nameid, arch)
        best = newest.get(key)
        order = 1 if best is None else package.evrcmp(best[0])
        if best is None or order > 0:
            older += best[1] if best else []
            newest[key] = (package, [place])
        elif order == 0:
            best[1].append(place)
        else:
            older.append(place)
    pool.addfileprovides()
    hidden = set(older)
    pool.set_considered_list([package.id for place, package in enumerate(packages) if place not in hidden])
    pool.createwhatprovides()
    requires = [required(package) for package in packages]
    everything: set[int] = set().union(*requires)
    texts = {one: pool.dep2str(one) for one in everything if one < 0}
    structured = {one: text for one, text in texts.items() if is_structured(text)}
    users: dict[str, list[int]] = {}
    for place, dependencies in enumerate(requires):
        if not structured.keys().isdisjoint(dependencies):
            for text in sorted({structured[one] for one in dependencies if one in structured}):
                users.setdefault(text, []).append(place)
    provides = pool.whatprovides
    judge = Judge(lambda text: frozenset(provides(dependency_id(pool, text))), lambda _one: frozenset())
    unmet = {one for one in everything - structured.keys() if not provides(one)}
    return {
        "packages": repo.nsolvables,
        "foreign": sorted(
            place
            for arch, places in arches.items()
            if pool.id2str(arch) in ("src", "nosrc") or not pool.isknownarch(arch)
            for place in places
        ),
        "older": sorted(older),
        "structured": users,
        "unsettled": [text for text in users if not judge.is_free(text)],
        "open": [place for place, dependencies in enumerate(requires) if not unmet.isdisjoint(dependencies)],
        "modules": None,
        "files": {},
    }
