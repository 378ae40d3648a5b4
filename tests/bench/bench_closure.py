# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dependency closure beside ``dnf repoclosure``, on the same generated repositories, one after the other.

Every figure is the median of several runs, each a process of its own; CPU and memory are what the kernel counted for
it and its children. Fails when the answers differ in a way that is not known.

    python tests/bench/bench_closure.py --base 20000 --release 3000 --runs 5
"""

from __future__ import annotations

import argparse
import ctypes
import dataclasses
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import typing as t

HERE = pathlib.Path(__file__).resolve().parent

Unmet = set[tuple[str, str]]


@dataclasses.dataclass
class Run:
    """One process: seconds of CPU and of wall time, MiB at its peak, and what it printed."""

    cpu: float
    wall: float
    memory: float
    output: str


def run(argv: list[str], environment: dict[str, str] | None = None) -> Run:
    start = time.monotonic()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(
            argv, stdout=output, stderr=subprocess.PIPE, text=True, env={**(environment or os.environ), "LC_ALL": "C"}
        )
        assert process.stderr is not None
        errors = process.stderr.read()
        _pid, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, 1):
            sys.exit(f"{' '.join(argv)} ended with {process.returncode}: {errors}")
        output.seek(0)
        wall = time.monotonic() - start
        return Run(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024, output.read())


def median(runs: list[Run]) -> Run:
    return Run(
        statistics.median(one.cpu for one in runs), statistics.median(one.wall for one in runs),
        statistics.median(one.memory for one in runs), runs[-1].output,
    )  # fmt: skip


class Bench:
    """The repositories, and both programs on them. The one that changes is called ``live``."""

    def __init__(self, folder: pathlib.Path, runs: int) -> None:
        self.folder, self.runs = folder, runs
        # dnf finds its bytecode where the distribution put it; ours is made once, whatever the environment says.
        self.environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
        self.environment.pop("PYTHONDONTWRITEBYTECODE", None)
        self.set_live("release")
        self.ours("check")

    def set_live(self, name: str) -> None:
        shutil.rmtree(self.folder / "live", ignore_errors=True)
        shutil.copytree(self.folder / name, self.folder / "live")

    def change(self) -> None:
        """Let ``live`` be one that neither program has read, and ``base`` one that both have."""
        self.forget()
        self.set_live("release")
        self.dnf()
        self.ours("check")
        self.set_live("release-next")

    def forget(self) -> None:
        for name in "cache", "dnf-cache":
            shutil.rmtree(self.folder / name, ignore_errors=True)

    def dnf(self, *options: str) -> Run:
        return run([
            "dnf", "--quiet", "--disableplugin=local", "--setopt=reposdir=/nonexistent", "--releasever=9",
            "--forcearch=x86_64", f"--setopt=cachedir={self.folder / 'dnf-cache'}",
            *(f"--repofrompath={name},file://{self.folder / name}" for name in ("base", "live")),
            *options, "repoclosure", "--newest",
        ])  # fmt: skip

    def ours(self, what: str) -> Run:
        return run([sys.executable, str(HERE / "closure_work.py"), what, str(self.folder)], self.environment)

    def side_by_side(self, before: t.Callable[[int], None], *options: str) -> tuple[Run, Run]:
        """Medians of dnf and ours, taking turns; ``before`` prepares each turn."""
        theirs, ours = [], []
        for number in range(self.runs):
            before(number)
            theirs.append(self.dnf(*options))
            ours.append(self.ours("check"))
        return median(theirs), median(ours)


def libsolv_version() -> str:
    """Of the library that dnf uses, which decides how fast it is."""
    try:
        version = ctypes.c_char.in_dll(ctypes.CDLL("libsolv.so.1"), "solv_version")  # the first of an array
        return ctypes.string_at(ctypes.addressof(version)).decode()
    except (OSError, ValueError):
        return "of an unknown version"


def unmet_of_dnf(output: str) -> Unmet:
    found, package = set(), ""
    for line in output.splitlines():
        if line.startswith("package: "):
            package = line.split()[1]
        elif line.startswith("    "):
            found.add((package, line.strip()))
    return found


def unmet_of_ours(output: str) -> Unmet:
    return {(line.split("\t")[0], line.split("\t")[1]) for line in output.splitlines()}


def explain(package: str, requirement: str) -> str:
    """Why the two may differ about a requirement; empty when there is no known reason."""
    if package.endswith(".aarch64"):
        return "dnf also checks packages of foreign architectures"
    if requirement.startswith("(") and any(f" {word} " in requirement for word in ("and", "if", "unless")):
        return "dnf takes a rich dependency for met by any provider of a part of it"
    return ""


def compare(title: str, dnf: Run, ours: Run) -> None:
    print(
        f"{title:34} CPU {dnf.cpu:7.2f} s {ours.cpu:7.3f} s {dnf.cpu / ours.cpu:6.1f}x   wall {dnf.wall:7.2f} s "
        f"{ours.wall:7.3f} s {dnf.wall / ours.wall:6.1f}x   memory {dnf.memory:5.0f} {ours.memory:5.0f} MiB "
        f"{dnf.memory / ours.memory:4.1f}x"
    )


def measure(folder: pathlib.Path, runs: int) -> bool:
    """Print everything that is measured beside dnf; whether the answers agree."""
    bench = Bench(folder, runs)
    version = run(["dnf", "--version"]).output.split()[0]
    print(f"dnf {version} with libsolv {libsolv_version()} and ours, medians of {runs}, taking turns\n")
    dnf, ours = bench.side_by_side(lambda _number: bench.forget())
    compare("cold, no cache", dnf, ours)
    cold = ours
    warm, ours = bench.side_by_side(lambda _number: None)
    compare("warm", warm, ours)
    one, other = unmet_of_dnf(warm.output), unmet_of_ours(ours.output)
    changed, ours = bench.side_by_side(lambda _number: bench.change(), "--refresh")
    compare("one of two repositories changed", changed, ours)
    bench.set_live("release")
    bench.ours("check")
    compare("what-if of 50 builds, new process", warm, median([bench.ours("whatif") for _number in range(runs)]))
    print("(against a warm dnf repoclosure)\n")

    floor = median([bench.ours("floor") for _number in range(runs)])
    print(f"floor: decompress and parse once {floor.cpu:.2f} s; cold takes {cold.cpu / floor.cpu:.1f} times that")
    figures = json.loads(bench.ours("resident").output)
    print(f"resident: index {figures['index'] * 1e3:.0f} ms once")
    for what, title in ("check", "full recheck"), ("remove", "remove 50 builds"), ("replace", "replace 50 builds"):
        times = warm.cpu / figures[what]
        print(f"resident: {title} {figures[what] * 1e3:.2f} ms, {times:.0f}x less than a warm dnf repoclosure")
    print(f"resident: worst replacement {figures['worst'] * 1e3:.2f} ms")
    for name, (count, bad, seconds) in json.loads(bench.ours("installability").output).items():
        print(f"installability of {count} packages of {name}: {bad} cannot be installed, {seconds:.2f} s CPU")

    kinds: dict[str, list[str]] = {}
    for package, requirement in sorted(one ^ other):
        who = "dnf" if (package, requirement) in one else "ours"
        kind = explain(package, requirement) or "NOT EXPLAINED"
        kinds.setdefault(kind, []).append(f"{package} requires {requirement}: unmet for {who} only")
    print(f"\nagreement: {len(one & other)} requirements unmet for both")
    for kind, differences in sorted(kinds.items()):
        print(f"  {len(differences)} differ: {kind}")
        for difference in differences:
            print(f"    {difference}")
    return "NOT EXPLAINED" not in kinds


def make(folder: pathlib.Path, base: int, release: int, seed: int) -> dict[str, int]:
    """Generate the repositories, in another process: the kernel counts a parent's memory as its children's."""
    options = ["--base", str(base), "--release", str(release), "--seed", str(seed)]
    return t.cast(
        "dict[str, int]", json.loads(run([sys.executable, str(HERE / "generate.py"), str(folder), *options]).output)
    )


def series(folder: pathlib.Path, sizes: list[int]) -> None:
    """How the cost grows with the number of packages."""
    print("\npackages   cold s   µs a package   warm s   µs a package   memory MiB")
    for size in sizes:
        place = folder / str(size)
        counts = make(place, int(size * 0.87), int(size * 0.13), 1)
        bench = Bench(place, 1)
        colds = []
        for _number in range(3):
            bench.forget()
            colds.append(bench.ours("check"))
        cold = median(colds)
        warm = median([bench.ours("check") for _number in range(3)])
        total = counts["base"] + counts["release"]
        print(
            f"{total:8} {cold.cpu:8.2f} {cold.cpu / total * 1e6:14.1f} {warm.cpu:8.3f} {warm.cpu / total * 1e6:14.1f} "
            f"{cold.memory:12.0f}"
        )
        shutil.rmtree(place)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", type=int, default=20000, help="packages of the base repository")
    parser.add_argument("--release", type=int, default=3000, help="packages of the release repository")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=5, help="runs of which the median is taken")
    parser.add_argument("--series", type=int, nargs="*", default=[5000, 10000, 20000, 40000, 60000])
    options = parser.parse_args()
    if shutil.which("dnf") is None:
        print("closure: skipped, dnf is not installed")
        return
    with tempfile.TemporaryDirectory(prefix="releng-bench-") as place:
        folder = pathlib.Path(place)
        counts = make(folder, options.base, options.release, options.seed)
        print(f"closure: {counts}")
        agrees = measure(folder, options.runs)
        series(folder, options.series)
    sys.exit(0 if agrees else 1)


if __name__ == "__main__":
    main()
