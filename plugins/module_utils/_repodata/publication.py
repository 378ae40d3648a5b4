# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Metadata of a folder of RPM files: made aside, compared, and published so that no reader ever sees a mix."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
import re
import shutil
import tempfile
import time
import typing as t

from .._module.command import run_command
from .._module.errors import CommandFailed, InvalidInput, NotFound, Refused
from .._module.runner import Change, Plan
from .._module.work_folder import WorkFolder
from .._rpm.rpmfiles import refused, rpm_files
from .contents import pack_with_zstd, rivals
from .download import Transport
from .repomd import Repomd, read_repomd
from .sources import Source

_MOST_NAMED = 5


class PublishedRepository(Change):
    """``repodata`` of ``path``, as createrepo_c makes it of the RPM files that are there.

    All files have names of their content, and repomd.xml is put in place last, by renaming: who has read the old one
    still finds all it names, for ``keep`` seconds after it was replaced. The same files (name, size, time) give the
    same bytes.

    :param extra: files of further metadata by kind, ``modules`` or ``group`` for example.
    :param allow_empty: whether a folder without RPM files is a repository, of no packages.
    :param allow_rivals: whether packages of one NEVRA may have different content; dnf takes either.
    :param without: RPM files that are left out although they are there.
    """

    def __init__(
        self, path: str, compression: str, extra: dict[str, str] | None, keep: int, allow_empty: bool,
        allow_rivals: bool = False,
        without: t.Collection[str] = (),
    ) -> None:  # fmt: skip
        self.path, self.compression, self.keep, self.allow_empty = path, compression, keep, allow_empty
        self.extra = extra or {}
        self.allow_rivals, self.without = allow_rivals, frozenset(without)
        self.repodata = os.path.join(path, "repodata")
        self._scratch = WorkFolder("publication")

    def plan(self) -> Plan:
        """Make the metadata in a temporary folder, and see what would change.

        :raises NotFound: no folder, no RPM files, or a file of further metadata is not there.
        :raises InvalidInput: a file is not an RPM, or createrepo_c would leave it out; it is named.
        :raises Refused: two packages of one NEVRA differ, or there is metadata of a kind that would be lost.
        """
        if not os.path.isdir(self.path):
            raise NotFound(f"There is no folder {self.path}.", folder=self.path)
        files = self._files()
        count = len(files)
        new = self._make(files)
        self._refuse_rivals(new)
        old = self._published()
        self._refuse_loss(old, new)
        self._old_names = _names(old)
        before = _state(old)
        after = _state(new)
        actions = []
        if before != after:
            actions.append(f"publish metadata of {count} packages in {self.repodata}")
        self._outdated = self._find_outdated(_names(old) | _names(new))
        if self._outdated:
            actions.append(
                f"remove {len(self._outdated)} files of metadata that was replaced more than {self.keep} s ago"
            )
        result = {"path": self.path, "packages": count, "repomd_sha256": after["repomd_sha256"]}
        return Plan(before, after, actions, result)

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        made = os.path.join(self._scratch.name, "repodata")
        os.makedirs(self.repodata, exist_ok=True)
        if plan.before != plan.after:
            for name in sorted(os.listdir(made), key=lambda name: name == "repomd.xml"):
                if name == "repomd.xml":
                    # What repomd.xml names is on disk before repomd.xml is.
                    _sync(self.repodata)
                _place(os.path.join(made, name), os.path.join(self.repodata, name))
            _sync(self.repodata)
            for name in self._old_names:
                with contextlib.suppress(FileNotFoundError):
                    os.utime(os.path.join(self.repodata, name))
        for name in self._outdated:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(self.repodata, name))
        return {}

    def _files(self) -> list[str]:
        try:
            return [file for file in rpm_files(self.path) if file not in self.without]
        except NotFound:
            if self.allow_empty:
                return []
            raise

    def _make(self, files: list[str]) -> Repomd:
        made = self._scratch.name
        packing = "gz" if self.compression == "zstd" else self.compression
        # A fixed time: what createrepo_c would note otherwise is when it ran.
        fixed = ["--revision", "1", "--set-timestamp-to-revision"]
        options = ["--no-database", "--error-exit-val", "--unique-md-filenames", *fixed]
        if self.without:
            listed = os.path.join(made, "files")
            with open(listed, "w", encoding="utf-8", errors="surrogateescape") as stream:
                stream.writelines(f"{os.path.relpath(one, self.path)}\n" for one in files)
            options += ["--pkglist", listed]
        try:
            run_command(
                ["createrepo_c", *options, "--general-compress-type", packing, "--outputdir", made, self.path],
                environment={**os.environ, "LC_ALL": "C.UTF-8"},
            )
        except CommandFailed as error:
            sentence = refused(error, files)
            if not sentence:
                raise
            raise InvalidInput(sentence) from error
        if self.compression == "zstd":
            pack_with_zstd(made)
        for kind, file in sorted(self.extra.items()):
            self._add(kind, file, os.path.join(made, "repodata"))
        return read_repomd(Source("new", (made,)), Transport())

    @staticmethod
    def _add(kind: str, file: str, repodata: str) -> None:
        """Announce one more file of metadata; modifyrepo_c would note the time."""
        if not re.fullmatch(r"[a-z][a-z0-9_-]*", kind):
            raise InvalidInput(f"{kind!r} is not a kind of metadata: modules and group are.")
        if not os.path.isfile(file):
            raise NotFound(f"There is no file {file} for the metadata {kind}.", file=file)
        with open(file, "rb") as stream:
            plain = stream.read()
        packed = gzip.compress(plain, mtime=0)
        digest = hashlib.sha256(packed).hexdigest()
        name = f"{digest}-{kind}{'.yaml' if kind == 'modules' else '.xml'}.gz"
        with open(os.path.join(repodata, name), "wb") as stream:
            stream.write(packed)
        record = (
            f'  <data type="{kind}">\n    <checksum type="sha256">{digest}</checksum>\n'
            f'    <open-checksum type="sha256">{hashlib.sha256(plain).hexdigest()}</open-checksum>\n'
            f'    <location href="repodata/{name}"/>\n    <timestamp>1</timestamp>\n'
            f"    <size>{len(packed)}</size>\n    <open-size>{len(plain)}</open-size>\n  </data>\n"
        )
        with open(os.path.join(repodata, "repomd.xml"), "r+", encoding="utf-8") as repomd:
            text = repomd.read()
            repomd.seek(0)
            repomd.write(text.replace("</repomd>", f"{record}</repomd>"))

    def _published(self) -> Repomd | None:
        if not os.path.exists(os.path.join(self.repodata, "repomd.xml")):
            return None
        return read_repomd(Source("published", (self.path,)), Transport())

    def _refuse_rivals(self, new: Repomd) -> None:
        found = {} if self.allow_rivals else rivals(new, Transport())
        if found:
            lines = [f"{nevra}: {', '.join(files)}" for nevra, files in sorted(found.items())]
            raise Refused(
                f"Files in {self.path} are packages of one name, version and architecture, and differ: "
                f"{'; '.join(lines[:_MOST_NAMED])}{' and others' * (len(lines) > _MOST_NAMED)}. Which of them is "
                "installed would be left to chance. Remove the wrong ones, or set allow_rivals.",
                rivals=found,
            )

    def _refuse_loss(self, old: Repomd | None, new: Repomd) -> None:
        lost = sorted(kind for kind in set(old.files if old else ()) - set(new.files) if not kind.endswith("_db"))
        if lost:
            raise Refused(f"{self.path} has metadata of kind {', '.join(lost)}, which would be lost: give it in extra.")

    def _find_outdated(self, named: set[str]) -> list[str]:
        """Files of metadata that nobody names any more, and did not for ``keep`` seconds."""
        if not os.path.isdir(self.repodata):
            return []
        border = time.time() - self.keep
        with os.scandir(self.repodata) as entries:
            return sorted(
                entry.name
                for entry in entries
                if entry.name not in named and entry.name != "repomd.xml" and entry.stat().st_mtime < border
            )


def _names(repomd: Repomd | None) -> set[str]:
    return {os.path.basename(file.href) for file in repomd.files.values()} if repomd else set()


def _state(repomd: Repomd | None) -> dict[str, t.Any]:
    return {
        "repomd_sha256": repomd.sha256 if repomd else None,
        "files": sorted(_names(repomd)),
    }


def _place(source: str, target: str) -> None:
    """Copy a file so that it is there whole or not at all, and stays after a power cut."""
    folder = os.path.dirname(target)
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file, open(source, "rb") as content:
            shutil.copyfileobj(content, file)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise


def _sync(folder: str) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
