# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Whether mirrors hold exactly what a tag holds, signed: what a distribution does after the tag, waited for and proven.

A mirror that lags, a signature that is missing and a package that is not there are not errors: they are what is said.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import time
import typing as t

from ..._koji.session import Hub
from ..._module.errors import InvalidInput, RelengError
from ..._module.libraries import load_library
from ..._module.progress import say
from ..._module.waiter import Deadline
from ..._module.work_folder import WorkFolder
from ..._repodata.download import Transport
from ..._repodata.listing import Listed, listed_packages
from ..._repodata.remote_headers import fetch_headers
from ..._repodata.repomd import Repomd, read_repomd
from ..._repodata.signed_metadata import objection_to
from ..._repodata.sources import Source
from ..._rpm.keys import PublicKey
from ..._rpm.nevra import Nevra
from ..._rpm.signatures import SIGNED, judge_files

MOST_SAID = 20


@dataclasses.dataclass
class Found:
    """What one mirror shows.

    :param problem: why it could not be read, or its metadata is not good.
    """

    url: str
    arch: str
    missing: list[str] = dataclasses.field(default_factory=list)
    unexpected: list[str] = dataclasses.field(default_factory=list)
    unsigned: list[dict[str, t.Any]] = dataclasses.field(default_factory=list)
    problem: str | None = None

    @property
    def is_published(self) -> bool:
        return not (self.problem or self.missing or self.unexpected or self.unsigned)

    def sentence(self) -> str:
        parts = [self.problem] if self.problem else []
        for names, what in (
            (self.missing, "not there"),
            (self.unexpected, "not of the release"),
            ([one["package"] for one in self.unsigned], "not signed by the key"),
        ):
            if names:
                parts.append(f"{len(names)} packages are {what}, {names[0]} for one")
        return f"{self.url} ({self.arch}): {'; '.join(parts) or 'all there'}"


class Publication:
    """What the module publication_info returns.

    :param params: its options.
    """

    sleep: t.Callable[[float], None] = staticmethod(time.sleep)

    def __init__(self, params: t.Mapping[str, t.Any]) -> None:
        self._params = params
        self._signed: set[tuple[str, str]] = set()  # (mirror, checksum) of packages that were found to be signed

    def info(self) -> dict[str, t.Any]:
        """Look, and look again until all is published or the time is over."""
        expected = self._expected()
        deadline = Deadline(self._params["wait_timeout"])
        key_file = self._params["key_file"]
        said = ""
        with PublicKey.of_file(key_file, self._params["key"]) as public:
            while True:
                found = [self._look(mirror, expected, public) for mirror in self._params["mirrors"]]
                published = all(one.is_published for one in found)
                sentence = "; ".join(one.sentence() for one in found if not one.is_published)
                if published or deadline.remaining <= self._params["poll"]:
                    return self._result(found, published, sentence, expected)
                if sentence != said:
                    say(sentence)
                    said = sentence
                self.sleep(self._params["poll"])

    def _result(
        self, found: t.Sequence[Found], published: bool, sentence: str, expected: t.Mapping[str, set[str]]
    ) -> dict[str, t.Any]:
        return {
            "published": published,
            "sentence": sentence,
            "mirrors": [{**dataclasses.asdict(one), "published": one.is_published} for one in found],
            "packages": {arch: len(names) for arch, names in sorted(expected.items())},
        }

    def _expected(self) -> dict[str, set[str]]:
        """NEVRAs by architecture.

        :raises InvalidInput: nothing is expected, which anything would satisfy.
        """
        arches = {mirror["arch"] for mirror in self._params["mirrors"]}
        if not arches:
            raise InvalidInput("mirrors is empty: where is it to be published?")
        tag = self._params["tag"]
        if tag:
            koji = load_library("koji")
            hub = Hub.from_params(self._params)
            rpms, _builds = hub.read("listTaggedRPMS", tag, latest=True, inherit=False, about={"tag": tag})
            names = [
                (str(Nevra(rpm["name"], int(rpm["epoch"] or 0), rpm["version"], rpm["release"], rpm["arch"])))
                for rpm in rpms
                if rpm["arch"] != "src" and not koji.is_debuginfo(rpm["name"])
            ]
        else:
            names = [str(Nevra.parse(name)) for name in self._params["packages"]]
        found = {arch: {name for name in names if name.rsplit(".", 1)[1] in (arch, "noarch")} for arch in arches}
        empty = sorted(arch for arch, of_arch in found.items() if not of_arch)
        if empty:
            where = f"the tag {tag}" if tag else "packages"
            raise InvalidInput(
                f"There is nothing for {', '.join(empty)} in {where}, so that anything would satisfy it."
            )
        return found

    def _look(self, mirror: t.Mapping[str, str], expected: t.Mapping[str, set[str]], public: PublicKey) -> Found:
        found = Found(mirror["url"].rstrip("/"), mirror["arch"])
        transport = Transport(self._params["timeout"], self._params["deadline"], retries=1)
        try:
            repomd = read_repomd(Source(found.url, (found.url,)), transport)
            if self._params["metadata_signed"]:
                found.problem = self._metadata_objection(found.url, repomd, transport, public)
                if found.problem:
                    return found
            listed = {one.nevra: one for one in listed_packages(repomd, transport)}
            wanted = expected[found.arch]
            found.missing, found.unexpected = sorted(wanted - listed.keys()), sorted(listed.keys() - wanted)
            if self._params["packages_signed"]:
                there = [listed[name] for name in sorted(wanted & listed.keys())]
                found.unsigned = self._unsigned(found.url, there, transport, public)
        except RelengError as error:
            found.problem = error.message
        return found

    def _metadata_objection(self, url: str, repomd: Repomd, transport: Transport, public: PublicKey) -> str | None:
        with WorkFolder("publication") as folder:
            file, signature = os.path.join(folder, "repomd.xml"), os.path.join(folder, "repomd.xml.asc")
            for path in (file, signature):
                with open(path, "wb") as target:
                    target.write(transport.read(f"{url}/repodata/{os.path.basename(path)}"))
            objection = objection_to(signature, file, public)
            with open(file, "rb") as content:
                if hashlib.sha256(content.read()).hexdigest() != repomd.sha256:
                    objection = "repomd.xml changed while it was read"
        return f"the metadata is not good: {objection}" if objection else None

    def _unsigned(
        self, url: str, listed: t.Sequence[Listed], transport: Transport, public: PublicKey
    ) -> list[dict[str, t.Any]]:
        """Those of ``listed`` that the key has not signed, by their headers, which cover the payload's digest."""
        todo = [one for one in listed if (url, one.checksum) not in self._signed]
        bad = []
        with WorkFolder("publication") as folder:
            paths = fetch_headers([f"{url}/{one.href}" for one in todo], folder, transport)
            for one, verdict in zip(todo, judge_files(paths, public, header_only=True)):
                if verdict.status == SIGNED:
                    self._signed.add((url, one.checksum))
                else:
                    bad.append({"package": one.nevra, "status": verdict.status, "reason": verdict.reason})
        return bad
