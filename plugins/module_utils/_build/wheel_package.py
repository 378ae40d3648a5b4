# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Python distributions as RPMs, one a wheel, for a stand-in base repository.

What a package provides and requires is not written by hand: rpm's own generator reads it from the ``dist-info``, so
that ``python3dist()`` means the same as in any other RPM. The generator is a program in Python that takes longer to
start than to run, and rpm starts it twice for each package: here it runs in the processes that build the packages.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import functools
import hashlib
import io
import multiprocessing
import os
import pathlib
import runpy
import shlex
import sys
import typing as t
import warnings

from .._module.command import run_command
from .._module.documents import read_document, write_document
from .._module.errors import InvalidInput, NotFound
from .._module.files import open_input
from .._module.libraries import load_library
from .._module.runner import Change, Plan
from .._module.work_folder import WorkFolder
from .clean_root import die_with_parent
from .tree_package import TreePackage, build_tree_package

# What a folder of RPMs says of the wheels that they were made of, so that nothing is built twice.
SCHEMA = "rdo.releng/wheels/1"

# Where an RPM has pure Python; the host's own Python may look elsewhere.
SITE_PACKAGES = f"/usr/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"


def sha256_of(path: str) -> str:
    """The sha256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with open_input(path, "wheel") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


@functools.lru_cache(maxsize=1)
def _host_tags() -> frozenset[t.Any]:
    """What wheels that this host can install say of themselves: about a thousand combinations."""
    return frozenset(load_library("packaging.tags").sys_tags())


def describe_wheel(path: str) -> TreePackage:
    """The package ``python3-NAME`` that a wheel becomes, from its file name.

    :raises InvalidInput: no wheel, or not for this host.
    """
    wheels = load_library("packaging.utils")
    try:
        name, version, _build, wheel_tags = wheels.parse_wheel_filename(os.path.basename(path))
    except wheels.InvalidWheelFilename as error:
        raise InvalidInput(f"{path} is not a wheel: {error}") from error
    if not wheel_tags & _host_tags():
        raise InvalidInput(f"The wheel {path} is not for this Python {sys.version.split()[0]} and machine.")
    pure = all(tag.platform == "any" for tag in wheel_tags)
    return TreePackage(
        name=f"python3-{name}",
        version=str(version).replace("-", "~"),
        arch="noarch" if pure else os.uname().machine,
        summary=f"Stand-in: {name} from its wheel",
        license="see its dist-info",
        macros=dict.fromkeys(
            # The last would say what the generator of distributions says as well: python(abi).
            ("__script_requires", "__pythondist_provides", "__pythondist_requires", "__python_requires"),
            "%{nil}",
        ),
    )


def lay_out_wheel(path: str, root: str, site_packages: str = SITE_PACKAGES) -> None:
    """Install a wheel below ``root`` in the places of an RPM, without running any of its code."""
    destinations = load_library("installer.destinations")
    sources = load_library("installer.sources")
    destination = destinations.SchemeDictionaryDestination(
        {
            "purelib": site_packages,
            "platlib": site_packages,
            "scripts": "/usr/bin",
            "headers": "/usr/include",
            "data": "/usr",
        },
        interpreter="/usr/bin/python3",
        script_kind="posix",
        destdir=root,
    )
    with sources.WheelFile.open(path) as wheel:
        load_library("installer").install(wheel, destination, additional_metadata={"INSTALLER": b"rpm"})


def private_libraries(tree: str) -> dict[str, str]:
    """Macros for a wheel that brings shared libraries along for itself, in a folder NAME.libs.

    auditwheel gives them names of their own: nobody else is provided with them, and rpm would look for versions of
    symbols under these names that stand under the old ones.
    """
    names = sorted(path.name for path in pathlib.Path(tree).rglob("*.libs/*.so*"))
    if not names:
        return {}
    return {"__provides_exclude_from": "/[^/]+[.]libs/", "__requires_exclude": f"^({'|'.join(names)})"}


@functools.lru_cache(maxsize=2)
def _generator(kind: str) -> tuple[str, ...]:
    """rpm's command that says what a distribution provides, or requires.

    :raises NotFound: this host has none.
    """
    macro = f"%{{?__pythondist_{kind}}}"
    command = tuple(shlex.split(run_command(["rpm", "--eval", macro], timeout=60, apart=True).output))
    if not command:
        raise NotFound(
            f"rpm has no generator for what Python's packages have in {kind}: {macro} is empty. "
            "Install python3-rpm-generators, or what it is called here."
        )
    return command


def generated(kind: str, dist_info: str) -> list[str]:
    """What rpm's generator says of an installed distribution: dependencies, as a spec file has them.

    For a process that does nothing else meanwhile.

    :param kind: ``provides`` or ``requires``.
    :param dist_info: the folder NAME-VERSION.dist-info, with the whole path that it has in a root below another one.
    :raises InvalidInput: the generator cannot read it.
    """
    command, said, complaints = _generator(kind), io.StringIO(), io.StringIO()
    load_library("packaging.requirements")  # which it imports
    before = sys.argv
    try:
        sys.argv = [*command, dist_info]
        with warnings.catch_warnings(), contextlib.redirect_stdout(said), contextlib.redirect_stderr(complaints):
            warnings.simplefilter("ignore")
            runpy.run_path(command[0], run_name="__main__")
    except (Exception, SystemExit) as end:
        if not isinstance(end, SystemExit) or end.code:
            why = complaints.getvalue().strip() or end.__cause__ or end
            raise InvalidInput(f"rpm cannot tell what {os.path.basename(dist_info)} {kind}: {why}") from end
    finally:
        sys.argv = before
    return said.getvalue().splitlines()


def build_wheel_package(path: str, destination: str, log: str) -> str:
    """Make the RPM of one wheel; returns its path."""
    package = describe_wheel(path)
    with WorkFolder("wheel") as work:
        tree = os.path.join(work, "tree")
        pathlib.Path(tree).mkdir()
        lay_out_wheel(path, tree)
        package.macros = {**package.macros, **private_libraries(tree)}
        for dist_info in map(str, pathlib.Path(tree + SITE_PACKAGES).glob("*.dist-info")):
            package.provides = [*package.provides, *generated("provides", dist_info)]
            package.requires = [*package.requires, *generated("requires", dist_info)]
        return build_tree_package(package, tree, destination, log)


def wheels_in(paths: t.Iterable[str]) -> list[str]:
    """The wheels named by ``paths``, a folder standing for all wheels in it; sorted, each once."""
    found: set[str] = set()
    for path in paths:
        if os.path.isdir(path):
            found.update(str(wheel) for wheel in pathlib.Path(path).glob("*.whl"))
        elif os.path.exists(path):
            found.add(path)
        else:
            raise InvalidInput(f"There is no wheel and no folder {path}.")
    return sorted(found)


@dataclasses.dataclass
class WheelPackages(Change):
    """RPMs of all given wheels in one folder, which a file ``wheels.json`` describes.

    :param wheels: wheels, and folders of wheels.
    :param jobs: how many are built at the same time.
    :param purge: whether RPMs of other wheels that the index knows are removed.
    """

    wheels: t.Sequence[str]
    destination: str
    log_dir: str
    jobs: int = 2
    purge: bool = False

    def plan(self) -> Plan:
        self._wanted = {os.path.basename(path): (path, sha256_of(path)) for path in wheels_in(self.wheels)}
        self._packages = {name: describe_wheel(path) for name, (path, _sha256) in self._wanted.items()}
        have = self._read_index()
        todo = [name for name, (_path, sha256) in self._wanted.items() if have.get(name, {}).get("sha256") != sha256]
        self._todo = sorted(todo)
        rpms = {package.file_name for package in self._packages.values()}
        before = {entry["rpm"] for entry in have.values()}
        self._surplus = before - rpms if self.purge else set()
        return Plan(
            before={"rpms": sorted(before)},
            after={"rpms": sorted((before | rpms) - self._surplus)},
            actions=[f"make {self._packages[name].file_name} of {name}" for name in self._todo]
            + [f"remove {rpm}" for rpm in sorted(self._surplus)],
            result={"rpms": sorted(os.path.join(self.destination, rpm) for rpm in rpms), "log_dir": self.log_dir},
        )

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        os.makedirs(self.log_dir, exist_ok=True)
        index = self._read_index()
        for rpm in self._surplus:
            os.unlink(os.path.join(self.destination, rpm))
        index = {name: entry for name, entry in index.items() if entry["rpm"] not in self._surplus}
        context = multiprocessing.get_context("fork")
        with concurrent.futures.ProcessPoolExecutor(self.jobs, context, die_with_parent) as pool:
            futures = {pool.submit(build_wheel_package, *self._inputs(name)): name for name in self._todo}
            try:
                for future in concurrent.futures.as_completed(futures):
                    name = futures[future]
                    index[name] = {"sha256": self._wanted[name][1], "rpm": os.path.basename(future.result())}
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise
            finally:
                write_document(self._index_path, {"schema": SCHEMA, "wheels": index})
        return {}

    def _inputs(self, name: str) -> tuple[str, str, str]:
        return self._wanted[name][0], self.destination, os.path.join(self.log_dir, f"{name}.log")

    @property
    def _index_path(self) -> str:
        return os.path.join(self.destination, "wheels.json")

    def _read_index(self) -> dict[str, dict[str, str]]:
        """Wheels whose RPM is there, as the index has them."""
        if not os.path.exists(self._index_path):
            return {}
        wheels = read_document(self._index_path, SCHEMA, "index of wheels")["wheels"]
        return {
            name: entry
            for name, entry in wheels.items()
            if os.path.exists(os.path.join(self.destination, entry["rpm"]))
        }
