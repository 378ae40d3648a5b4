# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Metadata for RPM files that have none: createrepo_c writes it to a folder of its own."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import typing as t

from .._module.errors import CommandFailed, InvalidInput, NotFound
from .._module.work_folder import WorkFolder


def is_unindexed(path: str) -> bool:
    """Whether ``path`` is a folder without ``repodata``."""
    return os.path.isdir(path) and not os.path.exists(os.path.join(path, "repodata"))


def rpm_files(folder: str) -> list[str]:
    """All RPM files in and below ``folder``, sorted.

    :raises NotFound: there are none, which would make any check of them pass.
    """
    found = [
        os.path.join(place, name)
        for place, _folders, names in os.walk(folder)
        for name in names
        if name.endswith(".rpm")
    ]
    if not found:
        raise NotFound(f"The folder {folder} holds neither repodata nor RPM files.", folder=folder)
    return sorted(found)


def refused(error: CommandFailed, files: t.Iterable[str]) -> str:
    """Which of ``files`` createrepo_c could not take, and why, in one sentence; empty where it names none."""
    output: str = error.data["output"]
    bad = sorted(set(re.findall(r"(?:Cannot read package:|error:) \S*/([^/\s]+\.rpm)\b", output)))
    sentences = [f"{', '.join(bad)} cannot be read: not an RPM file, or a damaged one."] if bad else []
    # It leaves out what it cannot write, and names it by the checksum of the file.
    dropped = dict(re.findall(r"Cannot dump XML for .*?\(([0-9a-f]{64})\): (.*)", output))
    for file in sorted(files) if dropped else ():
        reason = dropped.get(_sha256(file))
        if reason:
            sentences.append(f"createrepo_c leaves out {os.path.basename(file)}: {reason.rstrip('. ')}.")
    return " ".join(sentences)


def _sha256(file: str) -> str:
    digest = hashlib.sha256()
    with open(file, "rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


@contextlib.contextmanager
def indexed(files: t.Sequence[str], what: str) -> t.Iterator[str]:
    """A temporary repository of exactly ``files``; its folder.

    :param what: what the files are, for messages.
    :raises NotFound: one of the files is not there.
    :raises InvalidInput: one of the files is not an RPM, or a broken one; it is named.
    """
    # Slow to import, and most repositories have metadata.

    from .._module.command import run_command

    with WorkFolder("rpmfiles") as folder:
        links: list[str] = []
        for number, file in enumerate(files):
            if not os.path.isfile(file):
                raise NotFound(f"{what}: there is no file {file}.", file=file)
            # Two files may have one name in different folders.
            links.append(os.path.join(folder, f"{number:06d}-{os.path.basename(file)}"))
            os.symlink(os.path.abspath(file), links[-1])
        try:
            run_command(
                ["createrepo_c", "--no-database", "--error-exit-val", "--changelog-limit", "0", folder],
                environment={**os.environ, "LC_ALL": "C.UTF-8"},
            )
        except CommandFailed as error:
            sentence = re.sub(r"\b\d{6}-(?=\S+\.rpm)", "", refused(error, links))
            if not sentence:
                raise
            raise InvalidInput(f"{what}: {sentence}") from error
        yield folder
