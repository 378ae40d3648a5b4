# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The largest good subset of batches of builds, with everything in memory: milliseconds, and how good the answer is.

Each batch has builds that rename what others require, with and without those ported, that need one another, that lack
something, that lose a subpackage or conflict. Beside it stands what one gets by trying the builds one after the other.

    python tests/bench/bench_pending.py --base 20000 --release 3000 --builds 50 300
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import pathlib
import random
import re
import sys
import tempfile
import time
import typing as t

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", ".build"))
from closure_work import load
from generate import Generator, Package, write_repository


def stable(base: int, release: int) -> tuple[list[Package], list[Package]]:
    """A base and a release of builds of one to four packages."""
    generator = Generator(1)
    packages = generator.essentials()
    packages += [generator.package("el9") for _number in range(int(base / 1.115) - len(packages))]
    loose: list[Package] = []
    head = None
    chooser = random.Random(2)
    left = 0
    for one in (generator.package("el9s", release=True) for _number in range(release)):
        if not left:
            head, left = one.name, chooser.choice([1, 1, 1, 2, 3, 4])
        left -= 1
        loose.append(dataclasses.replace(one, source=f"src-{head}", source_evr="1-1.el9s"))
    return packages, loose


def by_source(packages: list[Package]) -> dict[str, list[Package]]:
    found: dict[str, list[Package]] = {}
    for one in packages:
        found.setdefault(one.source, []).append(one)
    return found


def dist(package: Package) -> str:
    """What others require of a Python package; empty for one that is none."""
    return next((text.split(" ")[0] for text in package.provides if text.startswith("python3.9dist(")), "")


class Pending:
    """A batch of builds full of trouble, from a seed."""

    def __init__(self, release: list[Package], builds: int, seed: int) -> None:
        self.random, self.stable = random.Random(seed), by_source(release)
        self.users: dict[str, set[str]] = {}
        for package in release:
            for name in re.findall(r"python3\.9dist\([^)]*\)", " ".join(package.requires)):
                self.users.setdefault(name, set()).add(package.source)
        self.new: dict[str, list[Package]] = {}
        chosen = self.random.sample(sorted(self.stable), builds)
        for source in chosen:
            self.bump(source)
        for source in chosen:
            self.spoil(source, chosen)

    def bump(self, source: str) -> list[Package]:
        if source not in self.new:
            self.new[source] = [
                dataclasses.replace(
                    one, release="99.el9s", source_evr="1-99.el9s", conflicts=[], obsoletes=[],
                    requires=list(one.requires),
                    provides=[text.replace(one.evr, f"{one.version}-99.el9s") for text in one.provides],
                )
                for one in self.stable[source]
            ]  # fmt: skip
        return self.new[source]

    def rename(self, package: Package) -> None:
        package.provides = [text.replace("dist(", "dist(new-") for text in package.provides]

    def spoil(self, source: str, chosen: list[str]) -> None:
        first, chance = self.new[source][0], self.random.random()
        other = self.new[self.random.choice(chosen)][0]
        name = dist(first)
        if chance < 0.06 and name:
            self.rename(first)
            users = sorted(self.users.get(name, set()) - {source})
            if len(users) <= 4 and self.random.random() < 0.5:
                for user in users:
                    for one in self.bump(user):
                        one.requires = [text.replace(name, name.replace("dist(", "dist(new-")) for text in one.requires]
        elif chance < 0.09:
            first.requires.append(f"nosuch-{source}")
        elif chance < 0.18:
            first.requires.append(f"{other.name} = {other.evr}")
        elif chance < 0.22 and dist(other) and other is not first:
            self.rename(other)
            first.requires.append(dist(other))
        elif chance < 0.25 and len(self.new[source]) > 1:
            self.new[source].pop()
        elif chance < 0.28:
            first.requires.append(f"(nosuch-{source} if {other.name} >= {other.evr})")
        elif chance < 0.31 and other is not first:
            first.conflicts.append(f"{other.name} >= {other.evr}")

    def packages(self) -> list[Package]:
        return [one for members in self.new.values() for one in members]


def one_after_the_other(batch: t.Any) -> int:
    """How many go when each is tried in turn."""
    chosen: frozenset[int] = frozenset()
    for build in range(len(batch.builds)):
        if not batch.lacking(chosen | {build}):
            chosen |= {build}
    return len(chosen)


def measure(folder: pathlib.Path, release: list[Package], builds: int, seed: int) -> None:
    from ansible_collections.rdo.releng.plugins.module_utils._closure.engine import Engine
    from ansible_collections.rdo.releng.plugins.module_utils._closure.subset import Batch, largest_good_subset

    pending = Pending(release, builds, seed)
    write_repository(folder / "pending", pending.packages(), seed)
    start = time.process_time()
    engine = Engine(load(str(folder), ["live"], ["base"], ["pending"]))
    loaded = time.process_time() - start
    order = [engine.source(number) for number in sorted(engine.offered("pending"))]
    batch = Batch(engine, "pending", "live", list(dict.fromkeys(order)))
    batch.effect(range(len(batch.builds)))  # what the first question builds is there for all others
    for title, installability in ("closure alone", False), ("and installability", True):
        start = time.process_time()
        found = largest_good_subset(batch, installability)
        first = time.process_time() - start
        start = time.process_time()
        found = largest_good_subset(Batch(engine, "pending", "live", batch.builds), installability)
        seconds = time.process_time() - start
        print(
            f"{len(batch.builds):4} builds, {title:18} {len(found.good):4} go, {len(found.held):3} held, exact "
            f"{found.exact!s:5} {seconds * 1e3:7.1f} ms (first {first * 1e3:.1f}), {found.asked} questions"
        )
    print(f"     one after the other, closure alone: {one_after_the_other(batch)} go; loading took {loaded:.2f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", type=int, default=20000, help="packages of the base repository")
    parser.add_argument("--release", type=int, default=3000, help="packages of the stable repository")
    parser.add_argument("--builds", type=int, nargs="+", default=[50, 300])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="releng-bench-") as place:
        folder = pathlib.Path(place)
        base, release = stable(options.base, options.release)
        write_repository(folder / "base", base)
        write_repository(folder / "live", release)
        print(f"pending: {len(release)} packages of {len(by_source(release))} builds, and {len(base)} of the base")
        for builds in options.builds:
            for seed in options.seeds:
                measure(folder, release, builds, seed)


if __name__ == "__main__":
    main()
