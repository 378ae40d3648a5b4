# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""The programs of this host as one RPM: what a clean root needs where no RPM repository of a distribution is at hand.

Only for hosts with dpkg. It holds no Python distribution: those are packages of their own (see ``wheel_package``).
"""

from __future__ import annotations

import dataclasses
import os
import pathlib
import re
import shutil
import sysconfig
import typing as t

from .._module.command import run_command
from .._module.documents import digest, read_document, write_document
from .._module.errors import NotFound
from .._module.files import decode, read_input
from .._module.runner import Change, Plan
from .._module.work_folder import WorkFolder
from .tree_package import TreePackage, build_tree_package

SCHEMA = "rdo.releng/host-package/1"

# Parts of a Debian package that a clean root has a use for.
WANTED = re.compile(r"/(usr/)?(bin|sbin|lib|libexec)/|/usr/share/(misc|file|git-core)/|/etc/(magic|rpm/|login\.defs)")
# Parts of Python's library that no build and no test of a library uses.
UNWANTED_PYTHON = {"__pycache__", "test", "idlelib", "tkinter", "lib2to3", "ensurepip"}
# Loaded by name at run time, so that no ELF header tells of them.
LOADED_BY_NAME = (
    "libnss_files.so.2", "libnss_dns.so.2", "libgcc_s.so.1", "libstdc++.so.6", "libpthread.so.0", "libdl.so.2",
    "librt.so.1", "libutil.so.1", "libm.so.6", "libcrypt.so.1",
)  # fmt: skip
USR_MERGED = re.compile(r"^/(bin|sbin|lib|lib64)/")


def package_versions(packages: t.Sequence[str]) -> dict[str, str]:
    """Installed version of each Debian package.

    :raises NotFound: names those that are not installed.
    """
    answer = run_command(["dpkg-query", "-W", "-f", "${Package} ${Version}\\n", *packages], expected=(0, 1)).output
    versions = dict(line.split() for line in answer.splitlines() if len(line.split()) == 2)
    missing = [name for name in packages if not versions.get(name)]
    if missing:
        raise NotFound(f"Not installed: {', '.join(missing)}. Install them with: apt-get install {' '.join(missing)}")
    return versions


def describe_host_package(name: str, provides: t.Sequence[str]) -> TreePackage:
    """The package that the host's programs become.

    :param provides: names of a distribution's packages that it stands in for.
    """
    python = sysconfig.get_python_version()
    always = [
        "/bin/sh", "/bin/bash", "/usr/bin/sh", "/usr/bin/bash", "/usr/bin/env", "/usr/bin/python3", "rtld(GNU_HASH)",
        f"python3 = {python}", f"python3-devel = {python}",
    ]  # fmt: skip
    return TreePackage(
        name=name,
        version=_host_version(),
        arch=os.uname().machine,
        summary="Stand-in: programs of the host for clean roots",
        license="various",
        provides=[*always, *provides],
        macros=dict.fromkeys(("__perl_provides", "__perllib_provides", "__pythondist_provides"), "%{nil}"),
        auto_requires=False,
        base_folders=True,
    )


def _host_version() -> str:
    for line in pathlib.Path("/etc/os-release").read_text(encoding="utf-8").splitlines():
        key, _equals, value = line.partition("=")
        if key == "VERSION_ID":
            return value.strip('"')
    return "0"


def collect_host_tree(packages: t.Sequence[str], tree: str) -> None:
    """Copy the programs of Debian packages, Python and all shared libraries that they need below ``tree``."""
    files = _package_files(packages) | _python_files()
    files |= _libraries(files)
    for folder in ("usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "etc", "root", "var/lib/rpm", "var/log", "var/cache"):
        os.makedirs(os.path.join(tree, folder), exist_ok=True)
    for folder in ("home", "run", "proc", "sys", "dev", "opt", "srv", "tmp", "var/tmp"):
        os.makedirs(os.path.join(tree, folder), exist_ok=True)
    for folder in ("tmp", "var/tmp"):
        os.chmod(os.path.join(tree, folder), 0o1777)  # noqa: S103 - what a temporary folder is
    for name in ("bin", "sbin", "lib", "lib64"):
        os.symlink(f"usr/{name}", os.path.join(tree, name))
    for path in sorted(files):
        _copy(path, tree + USR_MERGED.sub(r"/usr/\1/", path))
    loader = "/lib64/ld-linux-x86-64.so.2"
    if os.path.exists(loader) and not os.path.lexists(f"{tree}/usr{loader}"):
        shutil.copyfile(loader, f"{tree}/usr{loader}")
        os.chmod(f"{tree}/usr{loader}", 0o755)  # noqa: S103 - it is a program
    _write_basics(tree)


def _package_files(packages: t.Sequence[str]) -> set[str]:
    listed = run_command(["dpkg", "-L", *packages], tail=10_000_000).output.splitlines()
    return {path for path in listed if WANTED.match(path) and _is_file(path)}


def _python_files() -> set[str]:
    library = pathlib.Path(sysconfig.get_path("stdlib"))
    found = {f"/usr/bin/python{sysconfig.get_python_version()}"}
    for folder, folders, names in os.walk(library):
        folders[:] = [name for name in folders if name not in UNWANTED_PYTHON and not name.startswith("config-")]
        found.update(os.path.join(folder, name) for name in names)
    return found


def _libraries(files: t.Iterable[str]) -> set[str]:
    """Shared libraries that ``files`` and programs loading by name need, with the files behind their links."""
    programs = [path for path in sorted(files) if is_elf(path)]
    output = ""
    for start in range(0, len(programs), 80):
        output += run_command(["ldd", *programs[start : start + 80]], expected=(0, 1), tail=10_000_000).output
    found = set(re.findall(r"(/\S+\.so\S*)", output))
    found |= {f"/lib/{os.uname().machine}-linux-gnu/{name}" for name in LOADED_BY_NAME}
    found = {path for path in found if os.path.exists(path)}
    return found | {os.path.realpath(path) for path in found}


def _write_basics(tree: str) -> None:
    """The few files of /etc without which programs do not know who they are, and what makes Python see RPMs."""
    python = sysconfig.get_python_version()
    site_packages = f"/usr/lib/python{python}/site-packages"
    for name, target in {
        "python3": f"python{python}",
        "sh": "bash",
        "awk": "mawk",
        "which": "which.debianutils",
    }.items():
        link = os.path.join(tree, "usr/bin", name)
        if os.path.lexists(link):
            os.unlink(link)
        os.symlink(target, link)
    texts = {
        "etc/passwd": "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n",
        "etc/group": "root:x:0:\nnobody:x:65534:\n",
        "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\nprotocols: files\nservices: files\n",
        "etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
        "etc/ld.so.conf": f"/usr/lib/{os.uname().machine}-linux-gnu\n",
        "etc/os-release": 'NAME="Stand-in root"\nID=stand-in\nID_LIKE="rhel fedora"\nVERSION_ID=9\n',
        # Debian's Python does not look into site-packages, and rpm's generators look nowhere else.
        "usr/lib/python3/dist-packages/site-packages.pth": f'import site; site.addsitedir("{site_packages}")\n',
    }
    for name, text in texts.items():
        path = pathlib.Path(tree, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for name in ("protocols", "services"):
        if os.path.exists(f"/etc/{name}"):
            shutil.copyfile(f"/etc/{name}", os.path.join(tree, "etc", name))
    os.makedirs(tree + site_packages, exist_ok=True)
    os.makedirs(f"{tree}/usr/lib/rpm/macros.d", exist_ok=True)
    run_command(["ldconfig", "-r", tree])


def _is_file(path: str) -> bool:
    return os.path.islink(path) or os.path.isfile(path)


def is_elf(path: str) -> bool:
    if os.path.islink(path) or not os.path.isfile(path):
        return False
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF"


def _copy(source: str, target: str) -> None:
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if not os.path.lexists(target):
        shutil.copy2(source, target, follow_symlinks=False)


@dataclasses.dataclass
class HostPackage(Change):
    """One RPM of the host's programs in a folder, made anew when one of the Debian packages has changed.

    :param packages: Debian packages whose programs go into it.
    :param provides: names of a distribution's packages that it stands in for.
    :param files: more files: path in the root, path on this host.
    """

    name: str
    packages: t.Sequence[str]
    provides: t.Sequence[str]
    files: t.Mapping[str, str]
    destination: str
    log: str

    def plan(self) -> Plan:
        contents = {place: decode(read_input(str(path), "file"), str(path)) for place, path in self.files.items()}
        inputs = {
            "packages": package_versions(self.packages),
            "python": package_versions([f"libpython{sysconfig.get_python_version()}-stdlib"]),
            "provides": list(self.provides),
            "files": contents,
        }
        self._inputs = digest(inputs)
        self._package = describe_host_package(self.name, self.provides)
        path = os.path.join(self.destination, self._package.file_name)
        record = os.path.join(self.destination, f"{self.name}.json")
        have = read_document(record, SCHEMA, "record of the host package") if os.path.exists(record) else {}
        same = os.path.exists(path) and have.get("inputs") == self._inputs
        return Plan(
            before={"inputs": have.get("inputs")},
            after={"inputs": self._inputs},
            actions=[] if same else [f"make {self._package.file_name} of {len(self.packages)} packages of the host"],
            result={"rpm": path, "log": self.log},
        )

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        os.makedirs(os.path.dirname(self.log), exist_ok=True)
        with WorkFolder("host") as work:
            tree = os.path.join(work, "tree")
            os.mkdir(tree)
            collect_host_tree(self.packages, tree)
            for place, source in self.files.items():
                target = tree + os.path.normpath("/" + place)
                os.makedirs(os.path.dirname(target), exist_ok=True)
                shutil.copy2(source, target)
            build_tree_package(self._package, tree, self.destination, self.log)
        record = {"schema": SCHEMA, "inputs": self._inputs}
        write_document(os.path.join(self.destination, f"{self.name}.json"), record)
        return {}
