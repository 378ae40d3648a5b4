# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Candidates of a trunk, without asking a module for them."""

from __future__ import annotations

import pathlib

from ansible_collections.rdo.releng.plugins.module_utils._dlrn.candidate import Candidate, write_candidate
from ansible_collections.rdo.releng.plugins.module_utils._dlrn.trunk import Trunk as Tree
from ansible_collections.rdo.releng.plugins.module_utils._module.web import Web

from .trunk import Trunk


def make_candidate(trunk: Trunk, *builds: tuple[str, int]) -> Candidate:
    """The candidate of some builds, such as ``("alpha", 2)``."""
    tree = Tree(trunk.url, Web())
    found = []
    for name, version in builds:
        build = trunk.build(name, version)
        component = build["component"] if trunk.components else None
        found.append(tree.hashed(build["commit_hash"], build["distro_hash"], build["extended_hash"], component))
    return Candidate(
        kind="dlrn",
        release="master",
        distro="centos9",
        resolved_at="2026-02-01T00:00:00Z",
        source={"api_url": None, "label": None},
        components=tuple(found),
    )


def write_lockfile(path: pathlib.Path, trunk: Trunk, *builds: tuple[str, int]) -> Candidate:
    """Write the lockfile of a candidate."""
    candidate = make_candidate(trunk, *builds)
    write_candidate(str(path), candidate)
    return candidate
