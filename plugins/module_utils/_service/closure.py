# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Closure of repositories as a playbook asks for it: the options of the module in, its result out."""

from __future__ import annotations

import os
import time
import typing as t

from .._module.errors import InvalidInput, RelengError
from .._module.table import text_table
from .._rpm.cache import Cache
from .._rpm.closure import Closure, Unresolved
from .._rpm.download import Transport
from .._rpm.packages import Packages, Rules
from .._rpm.sources import Source, SourceReader


def check_closure(params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """What :ansplugin:`rdo.releng.repoclosure#module` returns.

    :raises RelengError: it is not closed, with the whole result as data, unless ``fail_on_unresolved`` is off.
    """
    start = time.monotonic()
    transport = Transport(params["timeout"], params["deadline"], params["retries"], params["ca_path"])
    variables = {"basearch": params["arch"], "arch": params["arch"], **params["variables"]}
    reader = SourceReader(transport, variables)
    sources = reader.read(params["check"], True) + reader.read(params["provide"], False)
    cache = Cache(cache_folder(params["cache_dir"]), params["cache_size"] << 20, writable=not check_mode)
    rules = Rules(params["arch"], params["newest"], tuple(params["modules"]))
    packages = Packages(sources, rules, cache, transport)
    checked = sum(sum(packages.visible[one.first : one.end]) for one in packages.repositories if one.source.checked)
    if not checked:
        names = ", ".join(one.source.id for one in packages.repositories if one.source.checked) or "no repository"
        raise InvalidInput(f"There is nothing to check: no package for {params['arch']} is seen in {names}.")
    unresolved = Closure(packages).check()
    result = {
        "closed": not unresolved,
        "unresolved": [_as_data(one) for one in unresolved],
        "checked": checked,
        "repositories": [_repository(one) for one in packages.repositories],
        "notes": reader.notes,
        "table": _table(unresolved),
        "seconds": round(time.monotonic() - start, 3),
    }
    if unresolved and params["fail_on_unresolved"]:
        count = len({one.package for one in unresolved})
        raise RelengError(
            f"Not closed: {len(unresolved)} requirements of {count} packages are not met.\n{result['table']}", **result
        )
    return result


def cache_folder(given: str | None) -> str:
    """The folder for repositories that were read: as given, or where the user's caches lie."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return given or os.path.join(home, "rdo.releng", "repositories")


def _as_data(one: Unresolved) -> dict[str, t.Any]:
    return {
        "package": one.package,
        "source": one.source,
        "repository": one.repository,
        "requirement": one.requirement,
        "kind": one.kind,
        "reason": one.reason,
        "introduced_by": None,
    }


def _repository(one: t.Any) -> dict[str, t.Any]:
    source: Source = one.source
    return {
        "id": source.id,
        "url": one.repomd.roots[0],
        "repomd_sha256": one.repomd.sha256,
        "packages": one.end - one.first,
        "checked": source.checked,
    }


def _table(unresolved: list[Unresolved]) -> str:
    return text_table(
        ["package", "requires", "kind", "repository"],
        [[one.package, one.requirement, one.kind, one.repository] for one in unresolved],
    )
