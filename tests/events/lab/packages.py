# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real RPMs and manifests of them, to make artifacts of."""

from __future__ import annotations

import json
import pathlib
import subprocess

from ansible_collections.rdo.releng.plugins.module_utils._compose.manifest import file_sha256
from ansible_collections.rdo.releng.plugins.module_utils._module.documents import digest

# Files of other users, with a set-user-id bit, a link and a hundred more; a scriptlet that leaves a file and a log.
SPEC = """
Name: lab-base
Version: 1
Release: {release}
Summary: base
License: MIT
BuildArch: noarch
%global source_date_epoch_from_changelog 0
%description
base
%package -n lab-tool
Summary: tool
Requires: lab-base
%description -n lab-tool
tool
%install
mkdir -p %{{buildroot}}/usr/bin %{{buildroot}}/etc %{{buildroot}}/var/log %{{buildroot}}/usr/share/many
for number in $(seq 100); do echo $number > %{{buildroot}}/usr/share/many/$number; done
echo base > %{{buildroot}}/usr/bin/lab
ln -s lab %{{buildroot}}/usr/bin/lab-link
echo configured > %{{buildroot}}/etc/lab.conf
echo tool > %{{buildroot}}/usr/bin/tool
%post -n lab-tool -p <lua>
local file = io.open("/var/lib/made-by-scriptlet", "w"); file:write("made\\n"); file:close()
file = io.open("/var/log/lab.log", "w"); file:write(os.date() .. "\\n"); file:close()
%files
%attr(4755,root,root) /usr/bin/lab
/usr/bin/lab-link
%attr(0640,daemon,daemon) /etc/lab.conf
/usr/share/many
%dir /var/log
%files -n lab-tool
/usr/bin/tool
"""


def build(folder: pathlib.Path, release: int = 1) -> list[pathlib.Path]:
    """The RPM files lab-base and lab-tool below ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    spec = folder / f"lab-{release}.spec"
    spec.write_text(SPEC.format(release=release))
    top = folder / f"build-{release}"
    subprocess.run(
        [
            "rpmbuild",
            "-bb",
            "--quiet",
            "--define",
            f"_topdir {top}",
            "--define",
            f"_rpmdir {folder}/rpms-{release}",
            spec,
        ],
        check=True,
        capture_output=True,
    )
    return sorted((folder / f"rpms-{release}").rglob("*.rpm"))


def manifest(path: pathlib.Path, kind: str, files: list[pathlib.Path]) -> str:
    """Write the manifest of an artifact of ``files``; returns its id."""
    packages = [{"nevra": file.name[: -len(".rpm")], "sha256": file_sha256(str(file))} for file in files]
    data = {"schema": "rdo.releng/manifest/1", "artifact": f"lab-{kind}", "kind": kind, "packages": packages}
    data.update(configuration="0" * 64, tools={})
    data["id"] = digest(data)
    path.write_text(json.dumps(data))
    return data["id"]
