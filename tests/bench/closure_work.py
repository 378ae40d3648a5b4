# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What bench_closure.py measures of ours, each in a process of its own: ``closure_work.py WHAT FOLDER``."""

from __future__ import annotations

import json
import os
import sys
import time
import typing as t

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", ".build"))


def load(folder: str, checked: list[str], provide: list[str], offers: list[str]) -> t.Any:
    from ansible_collections.rdo.releng.plugins.module_utils._closure.packages import Packages, Rules
    from ansible_collections.rdo.releng.plugins.module_utils._repodata.cache import Cache
    from ansible_collections.rdo.releng.plugins.module_utils._repodata.download import Transport
    from ansible_collections.rdo.releng.plugins.module_utils._repodata.sources import Source

    def sources(names: list[str], is_checked: bool) -> list[Source]:
        return [Source(name, (os.path.join(folder, name),), checked=is_checked) for name in names]

    cache = Cache(os.path.join(folder, "cache"))
    state = sources(checked, True) + sources(provide, False)
    return Packages(state, Rules("x86_64"), cache, Transport(), sources(offers, True))


def work_check(folder: str) -> None:
    from ansible_collections.rdo.releng.plugins.module_utils._closure.closure import Closure

    for one in Closure(load(folder, ["base", "live"], [], [])).check():
        print(f"{one.package}\t{one.requirement}")


def fifty_builds(packages: t.Any, repository: t.Any, seed: int) -> list[int]:
    """Packages of fifty source packages."""
    import random

    sources: dict[str, list[int]] = {}
    for number in range(repository.first, repository.end):
        sources.setdefault(packages.source_nvr(number), []).append(number)
    chosen = random.Random(seed).sample(sorted(sources), min(50, len(sources)))
    return [number for name in chosen for number in sources[name]]


def work_whatif(folder: str) -> None:
    from ansible_collections.rdo.releng.plugins.module_utils._closure.engine import Change, Engine

    packages = load(folder, ["live"], ["base"], [])
    effect = Engine(packages).what_if(Change(frozenset(fifty_builds(packages, packages.repositories[0], 1))))
    print(len(effect.introduced))


def work_resident(folder: str) -> None:
    """CPU of questions to a process that has everything in memory already."""
    import statistics

    from ansible_collections.rdo.releng.plugins.module_utils._closure.closure import Closure
    from ansible_collections.rdo.releng.plugins.module_utils._closure.engine import Change, Engine

    packages = load(folder, ["base", "live"], [], ["release-closed"])
    start = time.process_time()
    engine = Engine(packages)
    figures: dict[str, t.Any] = {"index": time.process_time() - start}
    removals, replacements = [], []
    for seed in range(41):
        gone = frozenset(fifty_builds(packages, packages.repositories[1], seed))
        new = frozenset(fifty_builds(packages, packages.repositories[2], seed))
        for change, times in (Change(gone), removals), (Change(gone, new, "live"), replacements):
            start = time.process_time()
            _introduced = engine.what_if(change).introduced
            times.append(time.process_time() - start)
    # The first question builds what the others use.
    figures["remove"], figures["replace"] = statistics.median(removals[1:]), statistics.median(replacements[1:])
    figures["worst"] = max(replacements[1:])
    checks = []
    for _number in range(5):
        start = time.process_time()
        Closure(packages).check()
        checks.append(time.process_time() - start)
    figures["check"] = statistics.median(checks)
    print(json.dumps(figures))


def work_installability(folder: str) -> None:
    from ansible_collections.rdo.releng.plugins.module_utils._closure.installability import uninstallable

    figures = {}
    for name, base in ("release-closed", "base-closed"), ("live", "base"):
        packages = load(folder, [name], [base], [])
        one = packages.repositories[0]
        numbers = [number for number in range(one.first, one.end) if packages.visible[number]]
        start = time.process_time()
        found = uninstallable(packages, packages.visible_ids, numbers)
        figures[name] = [len(numbers), len(found), time.process_time() - start]
    print(json.dumps(figures))


def work_floor(folder: str) -> None:
    """Decompress everything once, and parse it with nobody listening: nothing that reads it can be faster."""
    from xml.parsers import expat

    import zstandard

    for name in "base", "live":
        for kind in "primary", "filelists":
            with open(os.path.join(folder, name, "repodata", f"{kind}.xml.zst"), "rb") as packed:
                expat.ParserCreate().Parse(zstandard.ZstdDecompressor().decompress(packed.read()), True)


if __name__ == "__main__":
    globals()[f"work_{sys.argv[1]}"](sys.argv[2])
