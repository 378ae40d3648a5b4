# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What a hub holds of a release, and how far that is from what rdoinfo wants, as sections of pages. Pure."""

from __future__ import annotations

import typing as t

from .cells import Context, Document, cell, check_rows, first_line, section


class Tags:
    """The tags that the builds of a release go through.

    :param tags: as koji_tag_info returns them, in the order that builds go through them.
    :param plan: as koji_tag_builds returns it; None if nobody asked what rdoinfo wants.
    :raises InvalidInput: what was given is something else.
    """

    def __init__(self, tags: t.Sequence[Document], plan: Document | None) -> None:
        check_rows(tags, {"name": str, "builds": list, "wrong_order": list}, "koji_tag_info")
        for tag in tags:
            check_rows(tag["builds"], {"nvr": str, "package": str, "latest_by_evr": bool}, "koji_tag_info")
        if plan is not None:
            check_rows([plan], {"actions": list, "refused": list}, "koji_tag_builds")
            for rows in (plan["actions"], plan["refused"]):
                check_rows(rows, {"action": str, "tag": str, "reason": str}, "koji_tag_builds")
        self.tags, self.plan = tags, plan

    def sections(self) -> list[Context]:
        """For the page of a release."""
        heads = ["tag", "packages", "builds", "not in the next tag", "highest build is not the hub's latest"]
        text = "What is not in the next tag are packages whose highest build has not come there yet."
        rows = [
            [
                cell(tag["name"]),
                cell(len({build["package"] for build in tag["builds"]})),
                cell(len(tag["builds"])),
                cell("" if after is None else len(_highest(tag) - {build["nvr"] for build in after["builds"]})),
                cell(", ".join(map(str, tag["wrong_order"]))),
            ]
            for tag, after in zip(self.tags, [*self.tags[1:], None])
        ]
        return [section("In the hub", text, heads, rows), *self._drift()]

    def of_package(self, names: t.Collection[str]) -> Context:
        """For the page of a package, which the hub knows by one of these names."""
        rows = [
            [cell(tag["name"]), cell(build["nvr"]), cell("highest" if build["latest_by_evr"] else "")]
            for tag in self.tags
            for build in tag["builds"]
            if build["package"] in names
        ]
        return section("In the hub", "", ["tag", "build", "order"], rows)

    def drift(self) -> int | None:
        """How many actions the hub is away from rdoinfo; None if nobody asked."""
        return None if self.plan is None else len(self.plan["actions"]) + len(self.plan["refused"])

    def _drift(self) -> list[Context]:
        if self.plan is None:
            return []
        heads = ["action", "tag", "build or package", "why"]
        rows = [
            [
                cell(one["action"]),
                cell(one["tag"]),
                cell(one.get("build") or one.get("package") or ""),
                cell(first_line(one["reason"])),
            ]
            for one in self.plan["actions"]
        ]
        rows += [
            [
                cell(f"{one['action']} is refused", tone="fair"),
                cell(one["tag"]),
                cell(one.get("build") or ""),
                cell(first_line(one["reason"])),
            ]
            for one in self.plan["refused"]
        ]
        return [section("Where the hub differs from rdoinfo", "", heads, rows)]


def _highest(tag: Document) -> set[str]:
    return {build["nvr"] for build in tag["builds"] if build["latest_by_evr"]}
