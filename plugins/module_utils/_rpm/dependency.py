# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Dependencies as rpm writes them, for libsolv."""

from __future__ import annotations

import functools
import typing as t

from .._module.errors import InvalidInput
from .._module.libraries import load_library


def dependency_id(pool: t.Any, text: str) -> int:
    """libsolv's id of a dependency written as rpm writes it.

    :raises InvalidInput: it is a rich dependency that cannot be understood.
    """
    if text.startswith("("):
        parsed = pool.parserpmrichdep(text)
        if parsed is None:
            raise InvalidInput(f"The rich dependency {text[:200]!r} cannot be understood.")
        return int(parsed.id)
    # The path of a file may hold spaces: a relation is what ends in an operator and a version.
    name, sign, evr = text.rsplit(" ", 2) if text.count(" ") >= 2 else (text, "", "")
    solv = load_library("solv")
    flags = {"<": solv.REL_LT, "=": solv.REL_EQ, ">": solv.REL_GT}
    if not sign or not set(sign) <= flags.keys():
        return int(pool.str2id(text))
    return int(pool.rel2id(pool.str2id(name), pool.str2id(evr), sum(flags[one] for one in sign)))


def required(package: t.Any) -> list[int]:
    """libsolv's ids of all that one of its packages requires, for its scriptlets too.

    libsolv keeps what scriptlets need (``pre="1"`` in primary.xml) behind a marker, and stops before it unless told
    that the marker means nothing.
    """
    key, marker = _keys()
    dependencies: list[int] = package.lookup_idarray(key, 0)
    if marker in dependencies:
        dependencies.remove(marker)
    return dependencies


@functools.cache
def _keys() -> tuple[int, int]:
    """libsolv's names for what packages require, and for what divides it."""
    solv = load_library("solv")
    return solv.SOLVABLE_REQUIRES, solv.SOLVABLE_PREREQMARKER
