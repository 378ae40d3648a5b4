# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What changed from one rdoinfo to another, and which packages have given attributes."""

from __future__ import annotations

import re
import typing as t

from .._module.errors import InvalidInput
from .rdoinfo import Package, Rdoinfo

_OWN_ROWS = ("tags", "buildsys-tags")


def difference(before: Rdoinfo, after: Rdoinfo) -> dict[str, t.Any]:
    """Packages, tags, builds and releases that were added, removed or changed; each list is sorted.

    ``packages`` has ``added`` and ``removed`` projects, and ``changed`` attributes. ``tags`` and ``buildsys_tags`` have
    one row for each tag of a package, also of packages that were added or removed. A ``before`` or ``after`` of None
    in ``tags`` is a tag without attributes of its own where ``change`` says that the tag is there.
    """
    old, new = before.packages(), after.packages()
    return {
        "packages": {
            "added": sorted(set(new) - set(old)),
            "removed": sorted(set(old) - set(new)),
            "changed": [
                {"project": project, **row}
                for project in sorted(set(old) & set(new))
                for row in _attributes(old[project], new[project])
            ],
        },
        "tags": _tags(old, new, "tags"),
        "buildsys_tags": _tags(old, new, "buildsys-tags"),
        "releases": [
            {"release": row.pop("attribute"), "change": _change(row), **row}
            for row in _attributes(before.releases, after.releases)
        ],
    }


def is_empty(found: t.Mapping[str, t.Any]) -> bool:
    """Whether a difference holds nothing."""
    return not any([*found["packages"].values(), found["tags"], found["buildsys_tags"], found["releases"]])


def matching(packages: t.Mapping[str, Package], filters: t.Mapping[str, str]) -> dict[str, Package]:
    """The packages whose attributes match all of ``filters``, as ``rdopkg info`` has them.

    :param filters: attribute → regular expression that is searched for in its text, or in any item of a list or key of
        a mapping; with ``~`` in front it must not be found. A package without the attribute does not match.
    """
    patterns = {}
    for attribute, text in filters.items():
        try:
            patterns[attribute] = (re.compile(text.removeprefix("~")), text.startswith("~"))
        except re.error as error:
            raise InvalidInput(f"The filter {attribute}: {text!r} is not a regular expression: {error}.") from error

    def matches(package: Package) -> bool:
        for attribute, (pattern, negated) in patterns.items():
            value = package.get(attribute)
            if value is None:
                return False
            texts = value if isinstance(value, (list, dict)) else [value]
            if any(pattern.search(str(text)) for text in texts) == negated:
                return False
        return True

    return {project: package for project, package in packages.items() if matches(package)}


def _attributes(old: t.Mapping[str, t.Any], new: t.Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
    return [
        {"attribute": key, "before": old.get(key), "after": new.get(key)}
        for key in sorted({*old, *new})
        if old.get(key) != new.get(key) and key not in _OWN_ROWS
    ]


def _tags(old: t.Mapping[str, Package], new: t.Mapping[str, Package], kind: str) -> list[dict[str, t.Any]]:
    rows = []
    for project in sorted({*old, *new}):
        before = old.get(project, {}).get(kind) or {}
        after = new.get(project, {}).get(kind) or {}
        for tag in sorted({*before, *after}):
            change = "removed" if tag not in after else "added" if tag not in before else "changed"
            if change != "changed" or before[tag] != after[tag]:
                rows.append(
                    {
                        "project": project,
                        "tag": tag,
                        "change": change,
                        "before": before.get(tag),
                        "after": after.get(tag),
                    }
                )
    return rows


def _change(row: t.Mapping[str, t.Any]) -> str:
    return "removed" if row["after"] is None else "added" if row["before"] is None else "changed"
