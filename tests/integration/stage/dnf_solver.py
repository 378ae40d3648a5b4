# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What dnf's own solver says of every package of a repository, for the system's Python, which has dnf's bindings.

``dnf_solver.py REPOSITORY CACHE``: a line for each package that cannot be installed for itself into an empty system.
With NAMEs behind that: a line for each package that an empty system with all of them would hold.
"""

from __future__ import annotations

import sys

import dnf
import hawkey


def main(repository: str, cache: str, *names: str) -> None:
    base = dnf.Base()
    base.conf.cachedir, base.conf.installroot = cache, "/nonexistent"
    base.conf.substitutions.update(arch="x86_64", basearch="x86_64", releasever="9")
    base.repos.add_new_repo("one", base.conf, baseurl=[f"file://{repository}"])
    base.fill_sack(load_system_repo=False)
    if names:
        base.conf.install_weak_deps = False
        for name in names:
            base.install(name)
        base.resolve()
        print(*base.transaction.install_set, sep="\n")
        return
    for package in base.sack.query().available().latest():
        goal = hawkey.Goal(base.sack)
        goal.install(package)
        if not goal.run(ignore_weak=True):
            print(package)


if __name__ == "__main__":
    main(*sys.argv[1:])
