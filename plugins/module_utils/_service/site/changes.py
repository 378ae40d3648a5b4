# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What is open in Gerrit, as sections of pages. Pure."""

from __future__ import annotations

import typing as t

from ..report.time_line import safe_url
from .cells import Context, Document, cell, check_rows, first_line, section

_READ = {"number": int, "project": str, "branch": str, "subject": str, "labels": dict, "updated": str, "url": str}


class Changes:
    """Changes that wait for somebody.

    :param rows: as gerrit_change_info returns them.
    :raises InvalidInput: they are something else.
    """

    def __init__(self, rows: t.Sequence[Document]) -> None:
        check_rows(rows, _READ, "gerrit_change_info")
        self.rows = rows

    def section(self) -> Context:
        """For the page of a release."""
        return _section(self.rows)

    def of_package(self, names: t.Collection[str]) -> list[Document]:
        """Changes of a package's distgit, which has one of these names, with a folder and ``-distgit`` or without."""
        return [
            one
            for one in self.rows
            if one["project"] in names or one["project"].rpartition("/")[2].removesuffix("-distgit") in names
        ]

    def section_of_package(self, names: t.Collection[str]) -> Context:
        return _section(self.of_package(names))


def _section(rows: t.Sequence[Document]) -> Context:
    heads = ["change", "project", "branch", "topic", "owner", "votes", "updated (UTC)"]
    return section(
        "Open changes",
        "",
        heads,
        [
            [
                cell(f"{one['number']}: {first_line(one['subject'])}", safe_url(one["url"])),
                cell(one["project"]),
                cell(one["branch"]),
                cell(one.get("topic") or ""),
                cell(one.get("owner") or ""),
                cell(", ".join(f"{label} {vote:+d}" for label, vote in one["labels"].items() if _counts(vote))),
                cell(one["updated"][:16]),
            ]
            for one in rows
        ],
    )


def _counts(vote: t.Any) -> bool:
    return isinstance(vote, int) and vote != 0
