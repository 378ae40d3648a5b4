# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What freshly made metadata says of its files: which share a name, and the same metadata packed in another way."""

from __future__ import annotations

import hashlib
import os
import re
import typing as t
from xml.etree import ElementTree

from .._module.libraries import load_library
from .download import Transport
from .repomd import Repomd

_COMMON = "{http://linux.duke.edu/metadata/common}"
_RECORD = re.compile(r'  <data type="(primary|filelists|other)">.*?</data>\n', re.DOTALL)


def rivals(repomd: Repomd, transport: Transport) -> dict[str, list[str]]:
    """NEVRA → the places of its files, of packages of one NEVRA whose files differ."""
    found: dict[str, dict[str, str]] = {}
    with repomd.open(transport, "primary") as file:
        # createrepo_c wrote it just now, and declares no entities.
        for _event, element in ElementTree.iterparse(file):  # noqa: S314
            if element.tag == f"{_COMMON}package":
                text = {one.tag[len(_COMMON) :]: one for one in element if one.tag.startswith(_COMMON)}
                version = text["version"].attrib
                evr = f"{version.get('epoch', '0')}:{version['ver']}-{version['rel']}"
                nevra = f"{text['name'].text}-{evr.replace('0:', '', 1) if evr.startswith('0:') else evr}"
                files = found.setdefault(f"{nevra}.{text['arch'].text}", {})
                files.setdefault(str(text["checksum"].text), text["location"].attrib["href"])
                element.clear()
    return {nevra: sorted(files.values()) for nevra, files in found.items() if len(files) > 1}


def pack_with_zstd(folder: str) -> None:
    """Pack the files that createrepo_c wrote to ``folder``/repodata with zstd, which not every createrepo_c can."""
    import gzip

    compressor = load_library("zstandard").ZstdCompressor(level=10)
    repodata = os.path.join(folder, "repodata")

    def packed(match: re.Match[str]) -> str:
        record = match[0]
        href = re.search(r'href="repodata/([^"]+)\.gz"', record)
        if href is None:
            raise AssertionError("createrepo_c packs with gzip when told so")
        with gzip.open(os.path.join(repodata, f"{href[1]}.gz")) as file:
            content = compressor.compress(file.read())
        os.unlink(os.path.join(repodata, f"{href[1]}.gz"))
        digest = hashlib.sha256(content).hexdigest()
        name = f"{digest}-{match[1]}.xml.zst"
        with open(os.path.join(repodata, name), "wb") as file:
            file.write(content)
        record = re.sub(r'(<checksum type="sha256">)[0-9a-f]+', rf"\g<1>{digest}", record)
        record = re.sub(r"(<size>)\d+", rf"\g<1>{len(content)}", record)
        return record.replace(f"{href[1]}.gz", name)

    with open(os.path.join(repodata, "repomd.xml"), "r+", encoding="utf-8") as repomd:
        text: t.Any = _RECORD.sub(packed, repomd.read())
        repomd.seek(0)
        repomd.truncate()
        repomd.write(text)
