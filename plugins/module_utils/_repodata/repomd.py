# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What a repository says about itself: repomd.xml, found by way of mirrors, and the files that it announces."""

from __future__ import annotations

import dataclasses
import hashlib
import re
import typing as t

from .._module.errors import InvalidInput, NotFound, RelengError
from .download import Checksum, Transport
from .sources import Source

_REPO = "{http://linux.duke.edu/metadata/repo}"
_METALINK = "{http://www.metalinker.org/}"


@dataclasses.dataclass(frozen=True)
class MetadataFile:
    """One ``data`` entry of repomd.xml.

    :param href: where it lies below the repository.
    :param checksum: of the file as it is.
    :param plain: of its unpacked content; only its size is used, as the checksum already covers it.
    """

    kind: str
    href: str
    checksum: Checksum
    plain: Checksum | None


@dataclasses.dataclass(frozen=True)
class Repomd:
    """repomd.xml as it was read.

    :param roots: addresses or folders of the repository, the one that answered first.
    :param sha256: of repomd.xml itself: the repository's identity; None where it was made for the occasion.
    """

    source: Source
    roots: tuple[str, ...]
    sha256: str | None
    files: dict[str, MetadataFile]

    def open(
        self,
        transport: Transport,
        kind: str,
        folder: str | None = None,
        trim: t.Callable[[t.Iterator[bytes]], t.Iterator[bytes]] = iter,
    ) -> t.BinaryIO:
        """The verified plain content of a metadata file, from the first root that has it; see ``Transport.unpack``.

        :raises RelengError: no root has it; it names the repository and the file.
        """
        file = self.files[kind]
        failures: list[RelengError] = []
        for root in self.roots:
            try:
                return transport.unpack(_below(root, file.href), file.checksum, file.plain, folder, trim)
            except RelengError as error:
                failures.append(error)
        raise _all_failed(self.source, failures)


def read_repomd(source: Source, transport: Transport) -> Repomd:
    """Find a repository's repomd.xml.

    :raises NotFound: there is none; other errors when it cannot be read or is malformed. All name the repository.
    """
    failures: list[RelengError] = []
    wanted: set[str] = set()
    try:
        roots = [*source.urls]
        if source.metalink:
            more, wanted = _metalink(transport.read(source.metalink), source)
            roots += more
        if source.mirrorlist:
            roots += _mirrors(transport.read_text(source.mirrorlist, "The mirror list"), source)
    except RelengError as error:
        raise _all_failed(source, [error]) from error
    for root in roots:
        try:
            content = transport.read(_below(root, "repodata/repomd.xml"))
            digest = hashlib.sha256(content).hexdigest()
            if wanted and digest not in wanted:
                raise InvalidInput(f"The repomd.xml of {root} is not the one that the metalink announces.", url=root)
            files = _parse_repomd(content, root)
        except RelengError as error:
            failures.append(error)
            continue
        others = tuple(other for other in roots if other != root)
        return Repomd(source, (root, *others), digest, files)
    raise _all_failed(source, failures)


def _all_failed(source: Source, failures: list[RelengError]) -> RelengError:
    """One error for all roots; of the kind of the last."""
    last = failures[-1]
    seen = dict.fromkeys(failure.message for failure in failures)
    return type(last)(f"Repository {source.id}: {' '.join(seen)}", **{**last.data, "repository": source.id})


def _below(root: str, href: str) -> str:
    return f"{root.rstrip('/')}/{href}"


def _xml(content: bytes, what: str) -> t.Any:
    """The root element of a small XML file without a document type, which is what entities would need."""
    from xml.etree import ElementTree

    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise InvalidInput(f"{what} declares a document type or entities, which metadata never has.")
    try:
        return ElementTree.fromstring(content)  # noqa: S314 - no entities, see above; bounded by the transport
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise InvalidInput(f"{what} is not well-formed XML: {error}.") from error


def _number(text: str | None, what: str) -> int | None:
    if text is None or not text.strip():
        return None
    if not re.fullmatch(r"\s*[0-9]{1,15}\s*", text):
        raise InvalidInput(f"{what} has {text!r} for a size.")
    return int(text)


def _parse_repomd(content: bytes, root: str) -> dict[str, MetadataFile]:
    """The metadata files by kind.

    :raises InvalidInput: it is not a repomd.xml, or announces what cannot be used.
    """
    what = f"The repomd.xml of {root}"
    element = _xml(content, what)
    if element.tag != f"{_REPO}repomd":
        raise InvalidInput(f"{what} begins with {element.tag!r} instead of repomd.")
    files: dict[str, MetadataFile] = {}
    for data in element.iter(f"{_REPO}data"):
        kind = data.get("type") or ""
        location = data.find(f"{_REPO}location")
        checksum = data.find(f"{_REPO}checksum")
        href = location.get("href", "") if location is not None else ""
        if not kind or checksum is None or not (checksum.text or "").strip():
            raise InvalidInput(f"{what} has an entry {kind!r} without a type, location or checksum.")
        if not href or href.startswith("/") or ":" in href or ".." in href.split("/") or "\\" in href:
            raise InvalidInput(f"{what} puts {kind} at {href!r}, which is not below the repository.")
        size = _number(data.findtext(f"{_REPO}size"), what)
        plain_size = _number(data.findtext(f"{_REPO}open-size"), what)
        files[kind] = MetadataFile(
            kind,
            href,
            Checksum(checksum.get("type", ""), checksum.text.strip(), size),
            Checksum("sha256", "", plain_size) if plain_size is not None else None,
        )
    if "primary" not in files:
        raise InvalidInput(f"{what} announces no primary metadata, only {', '.join(sorted(files)) or 'nothing'}.")
    return files


def _metalink(content: bytes, source: Source) -> tuple[list[str], set[str]]:
    """(roots in order of preference, sha256 of every repomd.xml that is current enough)"""
    element = _xml(content, f"The metalink of {source.id}")
    wanted = {
        (hash_.text or "").strip().lower()
        for hash_ in element.iter()
        if hash_.tag.rsplit("}", 1)[-1] == "hash" and hash_.get("type") == "sha256"
    }
    urls = [url for url in element.iter(f"{_METALINK}url") if (url.text or "").strip().startswith(("http:", "https:"))]
    urls.sort(key=lambda url: -(_number(url.get("preference"), "The metalink") or 0))
    tail = "repodata/repomd.xml"
    roots = [url.text.strip()[: -len(tail)] for url in urls if url.text.strip().endswith(tail)]
    if not roots or not wanted:
        raise NotFound(f"The metalink of {source.id} names no mirror and sha256 of repomd.xml.")
    return roots, wanted


def _mirrors(text: str, source: Source) -> list[str]:
    roots = [line.strip() for line in text.splitlines() if line.strip().startswith(("http://", "https://", "file://"))]
    if not roots:
        raise NotFound(f"The mirror list of {source.id} names no mirror.")
    return [root[len("file://") :] if root.startswith("file://") else root for root in roots]
