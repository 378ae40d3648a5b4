# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""200 spec files brought to a new version by us and by the library specfile; all deliverables of rdoinfo compared.

    bench_distgit.py

CPU seconds, those of programs that are started included. rdopkg is not measured here, as its releases do not run on
this Python: what is printed for it was measured once, 1.8 s a package. The real data are read from ../shared/data, or
below RELENG_SHARED.
"""

from __future__ import annotations

import datetime
import importlib
import os
import pathlib
import resource
import sys
import tempfile
import typing as t

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / ".build"))
OURS = "ansible_collections.rdo.releng.plugins.module_utils."
new_version = importlib.import_module(f"{OURS}_distgit.new_version")
spec_parser = importlib.import_module(f"{OURS}_distgit.spec_parser")
spec_text = importlib.import_module(f"{OURS}_distgit.spec_text")
deliverables = importlib.import_module(f"{OURS}_service.release.deliverables")

SPECS, PARSED = 200, 10
RDOPKG = 1.8
HEAD = """\
%{{!?sources_gpg: %{{!?dlrn:%global sources_gpg 1}} }}
%global sources_gpg_sign 0x1111111111111111111111111111111111111111
%{{!?upstream_version: %global upstream_version %{{version}}%{{?milestone}}}}
Name:             openstack-widget{0}
Epoch:            1
Version:          {0}.0.0
Release:          1%{{?dist}}
Summary:          Widgets
License:          Apache-2.0
Source0:          https://tarballs.openstack.org/widget/widget-%{{upstream_version}}.tar.gz

BuildArch:        noarch

%description
Widgets.

"""
PACKAGE = "%package -n python3-widget{0}-{1}\nSummary: Part\n{2}\n%description -n python3-widget{0}-{1}\nPart.\n\n"


def spec(number: int) -> str:
    """About as long as a service's."""
    requires = "\n".join(f"Requires:         python3-part{part} >= {part}.0" for part in range(30))
    packages = "".join(PACKAGE.format(number, part, requires) for part in range(12))
    log = "".join(
        f"* Mon Jan 0{day} 2024 RDO <dev@lists.rdoproject.org> 1:{number}.0.{9 - day}-1\n- Update\n\n"
        for day in range(1, 9)
    )
    return HEAD.format(number) + packages + "%prep\n%setup -q\n%install\n" + "true\n" * 200 + "%changelog\n" + log


def timed(work: t.Callable[[], t.Any]) -> float:
    def used() -> float:
        times = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(one.ru_utime + one.ru_stime for one in times)

    before = used()
    work()
    return used() - before


def with_specfile(texts: t.Sequence[str], folder: pathlib.Path) -> None:
    import specfile

    for number, text in enumerate(texts):
        path = folder / f"{number}.spec"
        path.write_text(text)
        one = specfile.Specfile(path)
        one.update_version(f"{number + 1}.1.0", None)
        one.set_version_and_release(f"{number + 1}.1.0", "1")
        one.add_changelog_entry("- Update", author="RDO", email="dev@lists.rdoproject.org")
        one.save()


def versions() -> None:
    texts = [spec(number) for number in range(1, SPECS + 1)]
    author = new_version.Author("RDO", "dev@lists.rdoproject.org", datetime.date(2025, 1, 1))

    def ours() -> None:
        for number, text in enumerate(texts, 1):
            new_version.bring_to_version(
                spec_text.SpecText(text), new_version.UpstreamVersion.parse(f"{number}.1.0"), author
            )

    mine = timed(ours)
    distros = [spec_parser.Distro("el9s", "3.9"), spec_parser.Distro("el10s", "3.12")]
    parsing = timed(lambda: [spec_parser.parse(spec_text.SpecText(text), distros) for text in texts[:PARSED]]) / PARSED
    print(f"{SPECS} spec files of {len(texts[0].splitlines())} lines to a new version")
    print(f"  rdo.releng, the edit          {mine:8.2f} s")
    print(f"  and parsed in the sandbox     {mine + parsing * SPECS:8.2f} s  (two distros; measured on {PARSED})")
    with tempfile.TemporaryDirectory() as work:
        try:
            theirs = timed(lambda: with_specfile(texts[:PARSED], pathlib.Path(work))) * SPECS / PARSED
        except Exception as error:
            print(f"  specfile                      not measured: {type(error).__name__}: {error}")
        else:
            print(f"  specfile                      {theirs:8.2f} s  (on {PARSED}; {theirs / mine:.0f} times the edit)")
    print(f"  rdopkg new-version            {RDOPKG * SPECS:8.2f} s  (as it was measured once: {RDOPKG} s a package)")


def compared() -> None:
    shared = pathlib.Path(os.environ.get("RELENG_SHARED", ROOT.parent / "shared")) / "data"
    if not (shared / "deliverables").is_dir():
        print(f"bench_distgit: deliverables skipped, there are none at {shared}")
        return
    with tempfile.TemporaryDirectory() as cache:
        for release in "epoxy", "flamingo":
            where = {
                "rdoinfo": str(shared / "rdoinfo"),
                "deliverables": str(shared / "deliverables"),
                "cache_dir": cache,
            }
            unset = dict.fromkeys(("rdoinfo_revision", "series", "distros", "phase"))
            usual = {"rdoinfo_entry": "rdo-full.yml", "builds": {}, "tagged": {}, "git_timeout": 60.0}
            options = {**where, **unset, **usual, "release": release}
            found: dict[str, t.Any] = {}
            seconds = timed(lambda: found.update(deliverables.compare_deliverables(options)))  # noqa: B023
            rows = len(found["packages"])
            print(f"{release}: {rows} rows of packages and distros beside upstream's deliverables in {seconds:.2f} s")


def main() -> None:
    versions()
    compared()


if __name__ == "__main__":
    main()
