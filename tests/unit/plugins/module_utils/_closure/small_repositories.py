# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Repositories of a few packages as metadata only, for tests that need many of them."""

from __future__ import annotations

import contextlib
import hashlib
import pathlib
import re
import sys
import tempfile
import typing as t

import zstandard
from hypothesis import strategies as st

from ansible_collections.rdo.releng.plugins.module_utils._closure.closure import Closure, Unresolved
from ansible_collections.rdo.releng.plugins.module_utils._closure.packages import Packages, Rules
from ansible_collections.rdo.releng.plugins.module_utils._repodata.cache import Cache
from ansible_collections.rdo.releng.plugins.module_utils._repodata.download import Transport
from ansible_collections.rdo.releng.plugins.module_utils._repodata.sources import Source

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[4] / "bench"))
from generate import Package, write_repository

__all__ = ["Package", "make", "packages", "plain", "repository", "result", "rewrite", "seen_packages", "sources"]

NAMES = ["a", "b", "c", "d", "e"]
CAPABILITIES = [*NAMES, "cap", "lib.so()(64bit)", "/usr/share/deep/file", "/usr/bin/tool"]
REQUIREMENTS = st.one_of(
    st.sampled_from([*CAPABILITIES, "nosuch", "rpmlib(Thing) <= 1-1"]),
    st.builds(
        "{} {} {}".format, st.sampled_from(NAMES), st.sampled_from(["<", "<=", "=", ">=", ">"]), st.sampled_from("123")
    ),
    st.builds(
        "({} {} {})".format,
        st.sampled_from(CAPABILITIES),
        st.sampled_from(["and", "or", "if", "unless", "with", "without"]),
        st.sampled_from([*CAPABILITIES, "nosuch"]),
    ),
    st.builds("({0} and ({1} if {2}))".format, *[st.sampled_from([*NAMES, "nosuch"])] * 3),
)


def make(
    name: str, version: str = "1", arch: str = "noarch", requires: t.Iterable[str] = (), provides: t.Iterable[str] = (),
    files: t.Iterable[str] = (), scriptlets: t.Iterable[str] = (),
    conflicts: t.Iterable[str] = (),
) -> Package:  # fmt: skip
    """A package; it provides its name and version besides."""
    return Package(
        name, version, "1", arch, f"src-{name}", "python",
        provides=[f"{name} = {version}-1", *provides], requires=list(requires), files=list(files),
        scriptlets=list(scriptlets), conflicts=list(conflicts),
    )  # fmt: skip


def _from_capabilities(
    name: str, version: str, arch: str, requires: list[str], provides: list[str], scriptlets: list[str]
) -> Package:
    plain = [one for one in provides if not one.startswith("/")]
    return make(name, version, arch, requires, plain, [one for one in provides if one.startswith("/")], scriptlets)


packages = st.lists(
    st.builds(
        _from_capabilities,
        st.sampled_from(NAMES),
        st.sampled_from("123"),
        st.sampled_from(["noarch", "x86_64", "i686", "aarch64"]),
        st.lists(REQUIREMENTS, max_size=3, unique=True),
        st.lists(st.sampled_from(CAPABILITIES[5:]), max_size=2, unique=True),
        st.lists(REQUIREMENTS, max_size=1),
    ),
    min_size=1,
    max_size=7,
    unique_by=lambda package: (package.name, package.version, package.arch),
)


def repository(folder: pathlib.Path, members: t.Sequence[Package]) -> str:
    write_repository(folder, members)
    return str(folder)


def rewrite(
    folder: pathlib.Path, kind: str, content: bytes, suffix: str = "zst",
    pack: t.Callable[[bytes], bytes] | None = None, opened: int | None = None,
) -> None:  # fmt: skip
    """Replace a file of metadata and announce it truly, but for ``opened``, the size it is said to have unpacked."""
    pack = pack or zstandard.ZstdCompressor().compress
    packed = pack(content)
    path = folder / "repodata" / f"{kind}.xml.{suffix}"
    path.write_bytes(packed)
    repomd = folder / "repodata" / "repomd.xml"
    record = (
        f'<data type="{kind}"><checksum type="sha256">{hashlib.sha256(packed).hexdigest()}</checksum>'
        f'<location href="repodata/{path.name}"/><size>{len(packed)}</size>'
        f"<open-size>{len(content) if opened is None else opened}</open-size></data>"
    )
    repomd.write_text(re.sub(rf'<data type="{kind}">.*?</data>', record, repomd.read_text(), flags=re.DOTALL))


def plain(folder: pathlib.Path, kind: str) -> bytes:
    """The unpacked content of a file of metadata."""
    return zstandard.ZstdDecompressor().decompress((folder / "repodata" / f"{kind}.xml.zst").read_bytes())


def sources(*given: tuple[str, str, bool], **options: t.Any) -> list[Source]:
    """(id, folder, checked) each."""
    return [Source(name, (folder,), checked=checked, **options) for name, folder, checked in given]


def seen_packages(
    found: list[Source], rules: Rules | None = None, offers: t.Sequence[Source] = (), cache: str | None = None
) -> Packages:
    return Packages(found, rules or Rules("x86_64"), Cache(cache), Transport(retries=0), offers=offers)


def result(unresolved: t.Iterable[Unresolved]) -> set[tuple[str, str, str]]:
    return {(one.repository, one.package, one.requirement) for one in unresolved}


def check(found: list[Source], rules: Rules | None = None) -> set[tuple[str, str, str]]:
    return result(Closure(seen_packages(found, rules)).check())


@contextlib.contextmanager
def folder() -> t.Iterator[pathlib.Path]:
    """A folder for one example of a property."""
    with tempfile.TemporaryDirectory(prefix="releng-") as path:
        yield pathlib.Path(path)
