# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""A push: a tree of several artifacts that become visible together, ``rdo.releng/push/1``.

A site is a folder with ``push/<id>/<artifact>/...``, one folder a push, and ``current``, a symbolic link to one of
them. What is below ``push/<id>`` is whole and verified before it has that name. Only ``current`` moves.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
import stat
import typing as t

from .._module.documents import check_schema, digest
from .._module.errors import Conflict, InvalidInput, NotFound
from .._module.files import read_input
from .._module.json_text import load_json

SCHEMA = "rdo.releng/push/1"
# The file beside the artifacts that says what is in them; mirrors and clients may compare with it.
DOCUMENT = "push.json"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")
ID = re.compile(r"[0-9a-f]{64}")
TARGET = re.compile(r"push/([0-9a-f]{64})")
_CHUNK = 1 << 20
# A push may list millions of files.
MOST_BYTES = 1 << 30


@dataclasses.dataclass(frozen=True)
class File:
    """A regular file of an artifact: its path below the artifact, and what it holds."""

    path: str
    size: int
    sha256: str


@dataclasses.dataclass
class Artifact:
    """One thing of a push.

    :param manifest: id of the manifest it was made of; None: it has none.
    :param files: what it consists of.
    :param retained: files of the push before that are not in it any more, and that whoever read the old metadata just
        before the switch still asks for.
    """

    name: str
    manifest: str | None
    files: list[File]
    retained: list[File] = dataclasses.field(default_factory=list)

    def as_data(self) -> dict[str, t.Any]:
        return {
            "name": self.name,
            "manifest": self.manifest,
            "files": [dataclasses.asdict(file) for file in self.files],
            "retained": [dataclasses.asdict(file) for file in self.retained],
        }


@dataclasses.dataclass
class Push:
    """The artifacts of a push, by name."""

    artifacts: list[Artifact]

    @property
    def id(self) -> str:
        """The sha256 of what it shows; what it retains of the push before does not count."""
        return digest(
            [
                {"name": one.name, "manifest": one.manifest, "files": [dataclasses.asdict(file) for file in one.files]}
                for one in self.artifacts
            ]
        )

    def paths(self) -> dict[str, File]:
        """Every file below the push's folder, retained ones included."""
        return {f"{one.name}/{file.path}": file for one in self.artifacts for file in (*one.retained, *one.files)}

    def as_data(self) -> dict[str, t.Any]:
        return {"schema": SCHEMA, "id": self.id, "artifacts": [one.as_data() for one in self.artifacts]}


def read_push(folder: str) -> Push:
    """The push that a folder says it is.

    :raises NotFound: it has no ``push.json``.
    :raises InvalidInput: that file is none, or has another id than it says.
    """
    path = os.path.join(folder, DOCUMENT)
    content = load_json(read_input(path, "push", MOST_BYTES), f"The push {path}", MOST_BYTES)
    data = check_schema(content, SCHEMA, "push", path)
    try:
        push = Push([_artifact(one) for one in data["artifacts"]])
        said = data["id"]
    except (KeyError, TypeError) as error:
        raise InvalidInput(f"The push {path} is none: {error!r} is missing or of the wrong kind.", path=path) from error
    except ValueError as error:
        raise InvalidInput(f"The push {path} is none: {error}.", path=path) from error
    if push.id != said:
        raise InvalidInput(f"The push {path} says that its id is {said}, and what it lists has {push.id}.", path=path)
    return push


def _artifact(data: dict[str, t.Any]) -> Artifact:
    """An artifact as a push lists it; :raises ValueError: with what cannot be in one."""
    name = data["name"]
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ValueError(f"{name!r:.200} cannot name an artifact")
    files, retained = ([_listed(file) for file in data[key]] for key in ("files", "retained"))
    return Artifact(name, data["manifest"], files, retained)


def _listed(data: dict[str, t.Any]) -> File:
    path, size, checksum = data["path"], data["size"], data["sha256"]
    parts = path.split("/") if _has_fit_characters(path) else [""]
    if any(part in ("", ".", "..") or len(os.fsencode(part)) > 255 for part in parts):
        raise ValueError(f"{path!r:.200} cannot be the path of a file below an artifact")
    if not isinstance(size, int) or size < 0 or not isinstance(checksum, str) or not ID.fullmatch(checksum):
        raise ValueError(f"the file {path!r:.200} has the size {size!r:.50} and the sha256 {checksum!r:.100}")
    return File(path, size, checksum)


def _has_fit_characters(path: t.Any) -> bool:
    """Whether it has only characters that a file of an artifact may have."""
    return isinstance(path, str) and not any(ord(char) < 32 or 0xD800 <= ord(char) <= 0xDFFF for char in path)


def read_artifact(name: str, path: str, manifest: str | None) -> Artifact:
    """An artifact as it lies in a folder, or as one file.

    :raises InvalidInput: the name cannot be a folder's, or something in it is neither a folder nor a regular file.
    :raises NotFound: there is nothing at ``path``.
    """
    if not NAME.fullmatch(name) or name == DOCUMENT:
        raise InvalidInput(
            f"{name!r} cannot name an artifact: letters, digits, dots, dashes, plus and underscores can, and "
            f"{DOCUMENT} is taken."
        )
    if not os.path.exists(path):
        raise NotFound(f"The artifact {name} is not at {path}.", path=path)
    if not os.path.isdir(path):
        return Artifact(name, manifest, [_file(os.path.basename(path), path)])
    files = [_file(os.path.relpath(one, path), one) for one in walk(path)]
    if not files:
        raise InvalidInput(f"The artifact {name} at {path} holds no file.", path=path)
    return Artifact(name, manifest, files)


def walk(folder: str) -> list[str]:
    """Every file below ``folder`` in a lasting order, folders left out."""
    found = []
    for base, folders, names in os.walk(folder, onerror=_raise):
        # A link to a folder is listed as a folder, and not walked into.
        links = [name for name in folders if os.path.islink(os.path.join(base, name))]
        found += [os.path.join(base, name) for name in [*names, *links]]
    return sorted(found)


def _raise(error: OSError) -> None:
    raise InvalidInput(f"The folder {error.filename} cannot be read: {error}", path=error.filename) from error


def _file(path: str, where: str) -> File:
    status = os.lstat(where)
    if not stat.S_ISREG(status.st_mode):
        raise InvalidInput(
            f"{where} is not a regular file. An artifact consists of regular files: a link or a device would mean "
            "something else on each mirror.",
            path=where,
        )
    if not _has_fit_characters(path):
        raise InvalidInput(f"The name {path!r} has characters that no file of an artifact may have.", path=where)
    return File(path, status.st_size, sha256(where))


def sha256(path: str) -> str:
    """The sha256 of a file that is not a link, in hexadecimal."""
    hasher = hashlib.sha256()
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb", buffering=0) as file:
        while chunk := file.read(_CHUNK):
            hasher.update(chunk)
    return hasher.hexdigest()


def differences(folder: str, push: Push) -> list[str]:
    """What is missing, too much or different below ``folder``, a sentence each; none: it is whole."""
    wrong = []
    expected = push.paths()
    for path, file in expected.items():
        where = os.path.join(folder, path)
        try:
            status = os.lstat(where)
            if not stat.S_ISREG(status.st_mode):
                wrong.append(f"{path} is not a regular file")
            elif status.st_size != file.size or sha256(where) != file.sha256:
                wrong.append(f"{path} has other content than the push")
        except FileNotFoundError:
            wrong.append(f"{path} is missing")
    there = {os.path.relpath(one, folder) for one in walk(folder)} - {DOCUMENT}
    return wrong + [f"{path} is not of the push" for path in sorted(there - set(expected))]


def current_push(site: str) -> str | None:
    """The id of the push that a site shows; None: it shows none yet.

    :raises Conflict: ``current`` is something else than a link that this collection made.
    """
    path = os.path.join(site, "current")
    if not os.path.lexists(path):
        return None
    target = os.readlink(path) if os.path.islink(path) else "no link"
    match = TARGET.fullmatch(target)
    if not match:
        raise Conflict(
            f"{path} is {target!r}, not a link to one of the site's pushes. Name another site, or move it away.",
            path=path,
        )
    return match[1]


def push_folder(site: str, ident: str) -> str:
    """Where a push of ``site`` lies.

    :raises InvalidInput: ``ident`` is not an id.
    """
    if not ID.fullmatch(ident):
        raise InvalidInput(f"{ident!r} is not an id of a push: 64 hexadecimal digits are.")
    return os.path.join(site, "push", ident)


def pushes(site: str) -> list[str]:
    """The ids of all pushes of a site, the one that was staged last first."""
    folder = os.path.join(site, "push")
    names = [name for name in (os.listdir(folder) if os.path.isdir(folder) else ()) if ID.fullmatch(name)]
    return sorted(names, key=lambda name: (-os.lstat(os.path.join(folder, name, DOCUMENT)).st_mtime_ns, name))
