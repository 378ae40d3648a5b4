# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What a plan for a hub's tags would do to the tags' repositories, before anything is tagged or regenerated."""

from __future__ import annotations

import contextlib
import os
import typing as t

from .._module.errors import InvalidInput
from .._module.progress import say
from .._rpm.cache import Cache
from .._rpm.closure import Unresolved
from .._rpm.download import Transport
from .._rpm.engine import Change, Effect, Engine
from .._rpm.headers import find_packages
from .._rpm.packages import Packages, Rules
from .._rpm.rpmfiles import indexed
from .._rpm.sources import Source, SourceReader
from .closure import cache_folder

OFFERED = "RPM files of offers"


def prove(actions: t.Sequence[dict[str, t.Any]], options: dict[str, t.Any], topurl: str | None) -> dict[str, t.Any]:
    """What ``actions`` would do to the repository of each tag that they act on.

    The metadata is that of the tags' repositories as they are. A build that comes is taken from the repository of
    another tag, or from what is on offer.

    :param options: the module's option ``closure``.
    :param topurl: where the hub serves its files; used for a tag that ``options`` name no repository of.
    :raises InvalidInput: a tag has no repository, or a build that comes is in none.
    """
    tags = sorted({action["tag"] for action in actions if action.get("build")})
    proof = _Proof(tags, options, topurl)
    closure: dict[str, t.Any] = {"tags": {}, "before": 0, "after": 0, "introduced": [], "fixed": []}
    with contextlib.ExitStack() as stack:
        offers = proof.offers(stack)
        for tag in tags:
            say(f"Closure of {tag}")
            coming = sorted(
                {one["build"] for one in actions if one["tag"] == tag and one["action"] in ("tag", "retag")}
            )
            leaving = sorted({one["build"] for one in actions if one["tag"] == tag and one["action"] == "untag"})
            proof.add_to(closure, tag, coming, leaving, offers)
    return closure


class _Proof:
    def __init__(self, tags: t.Sequence[str], options: dict[str, t.Any], topurl: str | None) -> None:
        arch = options["arch"] or os.uname().machine
        self._options, self._rules = options, Rules(arch)
        self._transport = Transport()
        self._cache = Cache(cache_folder(options["cache_dir"]), 1024 << 20)
        self._reader = SourceReader(self._transport, {"basearch": arch, "arch": arch})
        self._base = self._reader.read(options["base"], False)
        self._repositories: dict[str, Source] = {}
        for name in {*tags, *options["repositories"]}:
            given = options["repositories"].get(name) or (f"{topurl}/repos/{name}/latest/{arch}" if topurl else None)
            if given is None:
                raise InvalidInput(
                    f"closure needs the repository of {name}: name it in closure.repositories, or set topurl to the "
                    "address that the hub serves its own at.",
                    tag=name,
                )
            location = self._reader.location(given, f"repository of {name}")
            self._repositories[name] = Source(name, (location,), checked=True)

    def offers(self, stack: contextlib.ExitStack) -> list[Source]:
        """Repositories, and folders of RPMs, with builds that no tag's repository has."""
        files: list[str] = []
        given: list[t.Any] = []
        for item in self._options["offers"]:
            if isinstance(item, str) and os.path.isdir(item) and not os.path.exists(os.path.join(item, "repodata")):
                files += find_packages(item)
            else:
                given.append(item)
        offers = self._reader.read(given, True)
        if files:
            offers.append(Source(OFFERED, (stack.enter_context(indexed(files, OFFERED)),)))
        return offers

    def add_to(
        self,
        closure: dict[str, t.Any],
        tag: str,
        coming: t.Sequence[str],
        leaving: t.Sequence[str],
        offers: t.Sequence[Source],
    ) -> None:
        """Ask about one tag, and add the answer to ``closure``."""
        others = [source for name, source in sorted(self._repositories.items()) if name != tag]
        sources = [self._repositories[tag], *self._base]
        packages = Packages(sources, self._rules, self._cache, self._transport, [*others, *offers])
        engine = Engine(packages)
        own = next(one for one in packages.repositories if one.source.id == tag and not one.offered)
        held = frozenset(range(own.first, own.end))
        remove = frozenset[int]().union(*(_found(engine, nvr) & held for nvr in leaving))
        wanted = {nvr for nvr in coming if not _found(engine, nvr) & held}
        offered = _offered(packages, wanted)
        add = frozenset[int]().union(*offered.values())
        missing = sorted(wanted - offered.keys())
        if missing:
            raise InvalidInput(
                f"What {tag} would be can not be told: {', '.join(missing)} is in no repository. Name a repository or "
                "a folder with its RPMs in closure.offers.",
                tag=tag,
                builds=missing,
            )
        effect = engine.what_if(Change(remove, add, tag))
        closure["tags"][tag] = {
            "gains": sorted(engine.name(number) for number in add),
            "loses": sorted(engine.name(number) for number in remove),
        }
        closure["before"] += len(engine.check())
        closure["after"] += len(effect.unresolved)
        _add_effect(closure, tag, effect)


def _found(engine: Engine, nvr: str) -> frozenset[int]:
    try:
        return engine.find([nvr])
    except InvalidInput:
        return frozenset()


def _offered(packages: Packages, nvrs: t.Collection[str]) -> dict[str, set[int]]:
    """The packages of builds on offer, each of the first repository that has it."""
    found: dict[str, set[int]] = {}
    for one in packages.repositories:
        if one.offered:
            here: dict[str, set[int]] = {}
            for package in one.repo.solvables_iter():
                nvr = packages.source_nvr(package.id)
                if nvr in nvrs:
                    here.setdefault(nvr, set()).add(package.id)
            found = {**here, **found}
    return found


def _add_effect(closure: dict[str, t.Any], tag: str, effect: Effect) -> None:
    closure["introduced"] += [{**_as_data(tag, one), "introduced_by": cause} for one, cause in effect.introduced]
    closure["fixed"] += [_as_data(tag, one) for one in effect.fixed]


def _as_data(tag: str, one: Unresolved) -> dict[str, t.Any]:
    return {
        "tag": tag,
        "package": one.package,
        "source": one.source,
        "requirement": one.requirement,
        "reason": one.reason,
    }
