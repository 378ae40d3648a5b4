# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What upstream released beside what a release of rdoinfo has built and tagged."""

from __future__ import annotations

import collections
import typing as t

from ..._module.errors import InvalidInput
from ..._module.table import text_table
from ..._release.deliverables import not_packaged, read_deliverables, readiness
from ..._release.rdoinfo import Rdoinfo
from .rdoinfo_query import read_rdoinfo


def compare_deliverables(options: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What the module deliverable_info returns."""
    info = read_rdoinfo(options)
    release = options["release"]
    deliverables = read_deliverables(options["deliverables"], options["series"] or release)
    packages = info.tagged(release)
    distros = options["distros"] or [repo["name"] for repo in info.release(release)["repos"]]
    in_tags = {tag: list(builds.values()) for tag, builds in info.buildsys_tags.items()}
    in_tags.update(options["tagged"])
    rows = []
    targets: dict[str, str | None] = {}
    for distro in distros:
        tags = info.distro(release, distro).get("buildsys-tags") or []
        target = targets[distro] = _target(info, release, distro, tags, options["phase"])
        if target is None:
            rows.append(_without_tag(release, distro, options["phase"], tags))
            continue
        tagged = in_tags.get(target, [])
        built = [nvr for tag in tags for nvr in in_tags.get(tag, [])] + list(options["builds"].get(distro) or [])
        rows += readiness(packages, deliverables, distro, built, tagged, target)
    counts = collections.Counter((row["distro"], row["status"]) for row in rows)
    return {
        "packages": rows,
        "ready": all(row["status"] in ("ready", "unknown") for row in rows),
        "counts": {
            distro: {status: n for (of, status), n in sorted(counts.items()) if of == distro} for distro in distros
        },
        "not_packaged": not_packaged(packages, deliverables),
        "tags": targets,
        "table": text_table(
            ("package", "distro", "released", "pin", "built", "tagged", "status", "reason"),
            [
                [row[key] for key in ("package", "distro", "released", "pin", "built", "tagged", "status", "reason")]
                for row in rows
                if row["status"] != "ready"
            ],
        ),
    }


def _target(info: Rdoinfo, release: str, distro: str, tags: t.Sequence[str], phase: str | None) -> str | None:
    """The tag that builds should get to: that of ``phase``, or the last one; None where the phase has none yet."""
    if not tags:
        raise InvalidInput(f"{release} {distro} of {info.description} has no buildsys-tags.")
    if phase is None:
        return tags[-1]
    return next((tag for tag in tags if tag.endswith(f"-{phase}")), None)


def _without_tag(release: str, distro: str, phase: str | None, tags: t.Sequence[str]) -> dict[str, t.Any]:
    """The row for a distro that has no tag for the phase: nothing can be in it."""
    reason = f"{release} {distro} has no tag for {phase}. There is: {', '.join(tags)}"
    names = (
        "project",
        "package",
        "deliverable",
        "model",
        "released",
        "pre_release",
        "branch",
        "pin",
        "wanted",
        "built",
        "tagged",
    )
    return {**dict.fromkeys(names), "distro": distro, "status": "no-tag", "reason": reason}
