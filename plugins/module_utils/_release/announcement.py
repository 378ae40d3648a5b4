# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""The facts of an announcement, out of upstream's deliverables: pure but for reading them. The words are people's."""

from __future__ import annotations

import collections
import os
import typing as t

from .._module.documents import read_yaml
from .._module.errors import InvalidInput, NotFound

# A highlight is a sentence or two.
MOST_TEXT = 4000


def series_facts(folder: str, series: str) -> dict[str, t.Any]:
    """``highlights`` by project, ``counts`` of deliverables by type, and how many ``deliverables`` there are.

    :param folder: ``deliverables`` of openstack/releases.
    :raises NotFound: it has no such series.
    :raises InvalidInput: a file that is not a deliverable.
    """
    place = os.path.join(folder, series)
    if not os.path.isdir(place):
        there = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir()) if os.path.isdir(folder) else []
        raise NotFound(f"{folder} has no series {series}. There is: {', '.join(there) or 'nothing'}.", series=series)
    highlights: dict[str, list[str]] = {}
    counts: collections.Counter[str] = collections.Counter()
    for file in sorted(name for name in os.listdir(place) if name.endswith(".yaml")):
        data = read_yaml(os.path.join(place, file), "deliverable")
        if not isinstance(data, dict):
            raise InvalidInput(f"The deliverable {series}/{file} is not a mapping: is it cut off or empty?", file=file)
        if data.get("releases"):
            counts[_plain(data.get("type") or "other")] += 1
        told = data.get("cycle-highlights")
        told = [told] if isinstance(told, str) else told or []
        if not isinstance(told, list) or not all(isinstance(one, str) for one in told):
            raise InvalidInput(
                f"The deliverable {series}/{file} has cycle-highlights that are not a list of texts.", file=file
            )
        if told:
            highlights[file[: -len(".yaml")]] = [_plain(one) for one in told]
    return {"highlights": highlights, "counts": dict(sorted(counts.items())), "deliverables": sum(counts.values())}


def _plain(text: t.Any) -> str:
    """Upstream's text in one line, without what would steer a terminal."""
    return "".join(char for char in " ".join(str(text).split()) if char.isprintable())[:MOST_TEXT]
