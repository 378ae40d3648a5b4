# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Where a hub serves the RPMs of builds."""

from __future__ import annotations

import typing as t

from .._module.libraries import load_library
from .session import Hub, HubFault, call


def rpm_addresses(hub: Hub, nvrs: t.Sequence[str], arch: str) -> dict[str, list[str]]:
    """For each build of ``nvrs`` that is there, the addresses below the hub's topurl of what ``arch`` installs of it.

    Left out is what the hub leaves out of its repositories: sources and debuginfo. Of a build for other architectures
    that is everything.
    """
    koji = load_library("koji")
    calls = [call(method, nvr, about={"build": nvr}) for nvr in nvrs for method in ("getBuild", "listBuildRPMs")]
    answers = hub.read_many(calls)
    files = koji.PathInfo(topdir=hub.topurl)
    found = {}
    for nvr, build, rpms in zip(nvrs, answers[::2], answers[1::2]):
        if isinstance(build, HubFault):
            raise build
        if build is None:
            continue
        if isinstance(rpms, HubFault):
            raise rpms
        wanted = [rpm for rpm in rpms if rpm["arch"] in (arch, "noarch") and not koji.is_debuginfo(rpm["name"])]
        found[nvr] = [f"{files.build(build)}/{files.rpm(rpm)}" for rpm in wanted]
    return found
