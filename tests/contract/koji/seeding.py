# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A double that holds what the real rdoinfo wants."""

from __future__ import annotations

import os
import pathlib
import typing as t

from koji_double import Hub

from ansible_collections.rdo.releng.plugins.module_utils._koji.plan import Wanted
from ansible_collections.rdo.releng.plugins.module_utils._release.rdoinfo import Folder, Rdoinfo
from ansible_collections.rdo.releng.plugins.module_utils._service.hub.tag_plan import release_lines, rows_of

ROOT = pathlib.Path(__file__).resolve().parents[3]
RDOINFO = pathlib.Path(os.environ.get("RELENG_SHARED", ROOT.parent / "shared")) / "data" / "rdoinfo"


def read_wanted() -> Wanted:
    info = Rdoinfo.read(Folder(str(RDOINFO)))
    lines = release_lines(info)
    return Wanted("rdoinfo", rows_of(info, lines, None), lines)


def seed(hub: Hub, wanted: Wanted, release: str | None = None) -> None:
    """Make the tags of ``release``, or all, with their builds."""
    for line in wanted.lines:
        if release not in (None, line.release):
            continue
        for tag in line.tags:
            if hub.find_tag(tag) is None:
                hub.seed_tag(tag)
                hub.seed_tagging(tag, *wanted.rows[tag].values())


def options(url: str, folder: pathlib.Path, **more: t.Any) -> dict[str, t.Any]:
    """Options of koji_tag_builds, as Ansible would fill them in."""
    names = ("koji", "topurl", "authtype", "cert", "serverca", "principal", "keytab", "rdoinfo_revision", "release",
             "distro", "phase", "builds", "owner", "plan", "closure")  # fmt: skip
    return {
        **dict.fromkeys(names),
        "server": url, "user": "kojiadmin", "password": "kojiadmin", "timeout": 60.0, "deadline": 120.0, "retries": 3,
        "rdoinfo": str(RDOINFO), "rdoinfo_entry": "rdo-full.yml", "git_timeout": 60.0,
        "cache_dir": str(folder / "cache"), "tags": [], "moves": [], "allow_downgrade": False, "exclusive": False,
        "permissions": [], "state": "applied", "fail_on_refused": True, "method": "task", "batch_size": 50,
        "task_timeout": 60.0, "lock_timeout": 60.0, "journal_dir": str(folder / "journal"), **more,
    }  # fmt: skip
