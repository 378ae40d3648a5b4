# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""The first spec file of a package, from what its upstream says of itself; none for what Fedora has already."""

from __future__ import annotations

import os
import re
import typing as t

from ..._distgit.skeleton import Skeleton
from ..._distgit.spec_parser import Distro, parse
from ..._distgit.spec_text import SpecText
from ..._module.documents import write_atomically
from ..._module.errors import InvalidInput, NotFound, Refused
from ..._module.runner import Change, Plan
from ..._module.waiter import Deadline
from ..._module.web import Web
from ..._release.constraints import python_of, rpm_name
from ..._release.upstream_metadata import Metadata, read_metadata
from .spec_requirements import upstream_files
from .spec_version import patch_of

_PACKAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
_SOURCE = "https://tarballs.openstack.org/{name}/{name}-%{{upstream_version}}.tar.gz"


class SpecSkeleton(Change):
    """What the module spec_skeleton brings about."""

    def __init__(self, options: t.Mapping[str, t.Any]) -> None:
        self._options = options

    def plan(self) -> Plan:
        options = self._options
        metadata = read_metadata(upstream_files(options))
        package = options["package"] or rpm_name(metadata.name)
        if not _PACKAGE.fullmatch(package):
            raise InvalidInput(f"{package!r} cannot be the name of a package.", package=package)
        result: dict[str, t.Any] = {"package": package, "upstream_name": metadata.name, "decide": [], "patch": ""}
        folder = options["path"]
        held = [name for name in os.listdir(folder) if name.endswith(".spec")] if os.path.isdir(folder) else []
        if held:
            # What people made of it since is theirs.
            return Plan({}, {}, result={**result, "spec": os.path.join(folder, sorted(held)[0])})
        self._see_that_fedora_has_it_not(package)
        name = f"{package}.spec"
        self._path = os.path.join(folder, name)
        self._text = self._skeleton(package, metadata).text()
        spec = SpecText(self._text, name)
        parse(spec, [Distro(one, python_of(one, options["pythons"])) for one in options["distros"]])
        result.update(spec=self._path, decide=_decide(metadata), patch=patch_of(name, "", self._text))
        return Plan({name: None}, {name: self._text}, [f"write {self._path}"], result)

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        os.makedirs(os.path.dirname(self._path), exist_ok=True)
        write_atomically(self._path, self._text.encode())
        return {}

    def _skeleton(self, package: str, metadata: Metadata) -> Skeleton:
        options = self._options
        licence = options["license"] or metadata.licence
        if not licence:
            raise InvalidInput(
                f"{metadata.name} does not say its licence in the words of SPDX: give license, for example Apache-2.0."
            )
        if not re.fullmatch(r"[A-Za-z0-9.+() -]+", licence):
            raise InvalidInput(f"{licence!r} is not a licence of SPDX.", license=licence)
        source = options["source"] or _SOURCE.format(name=metadata.name)
        url = metadata.homepage or f"https://pypi.org/project/{metadata.name}"
        if re.search(r"\s|%\(|%\{lua", source):
            raise InvalidInput(f"{source!r} is not an address of an archive.", source=source)
        binary = f"python3-{package.removeprefix('python-')}"
        return Skeleton(
            package, binary, metadata.name, source, licence, url, metadata, options["excluded_build_requirements"]
        )

    def _see_that_fedora_has_it_not(self, package: str) -> None:
        options = self._options
        if not options["fedora"]:
            return
        url = options["fedora"].replace("{name}", package)
        try:
            Web(Deadline(options["deadline"]), options["timeout"], options["retries"], options["ca_path"]).read(
                url, "page"
            )
        except NotFound:
            return
        raise Refused(
            f"Fedora has {package} already, at {url}. Rebuild that as a dependency; or, if it is another package, set "
            "fedora to an empty text.",
            url=url,
        )


def _decide(metadata: Metadata) -> list[str]:
    """What the sources do not say, as sentences."""
    found = ["Nothing tells whether it has compiled parts: then BuildArch goes, and its files are in python3_sitearch."]
    if not metadata.modules:
        found.append("Nothing tells which modules it has: add them to %files.")
    if not metadata.licence_file:
        found.append("There is no file with its licence: ask upstream for one.")
    if not metadata.tox:
        found.append("There is no tox.ini: say in %check how its tests run, and require for the build what they need.")
    if not metadata.summary:
        found.append("It has no summary: write one.")
    return found
