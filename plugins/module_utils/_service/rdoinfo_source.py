# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""rdoinfo from wherever the options of the fragment rdo.releng._rdoinfo say: a folder, a repository, a URL."""

from __future__ import annotations

import os
import typing as t

from .._git.snapshot import Snapshot, is_url, take_snapshot
from .._release.rdoinfo import Cache, Files, Folder, Rdoinfo


def rdoinfo_files(options: t.Mapping[str, t.Any], revision: str | None = None) -> Files:
    """The files that ``options`` name.

    :param revision: read this one instead of the one that ``options`` name.
    """
    source, cache = options["rdoinfo"], _cache_folder(options)
    revision = revision or options["rdoinfo_revision"]
    if revision or is_url(source):
        return take_snapshot(source, revision or "HEAD", cache, options["git_timeout"])
    return Folder(source)


def read_rdoinfo(options: t.Mapping[str, t.Any], revision: str | None = None) -> Rdoinfo:
    """The rdoinfo that ``options`` name, from the cache if none of its files has changed."""
    return Rdoinfo.read(rdoinfo_files(options, revision), options["rdoinfo_entry"], Cache(_cache_folder(options)))


def commit_of(files: Files) -> str | None:
    """The commit that was read; None for a folder."""
    return files.commit if isinstance(files, Snapshot) else None


def _cache_folder(options: t.Mapping[str, t.Any]) -> str:
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return options["cache_dir"] or os.path.join(home, "rdo.releng")
