# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""DLRN's builds where there is no mock: a clean root by dnf, rpmbuild, and an install check, all in the sandbox.

DLRN loads ``chroot_driver.ChrootDriver``, which stands in projects.ini as build_driver, by way of PYTHONPATH. It reads
the same configuration in mock's format that DLRN writes for each worker, and the section ``[chroot_driver]``.
"""

from __future__ import annotations

import ast
import glob
import multiprocessing
import os
import shutil
import typing as t

from dlrn.drivers.buildrpm import BuildRPMDriver
from rooms._build import clean_root
from rooms._module.errors import RelengError
from rooms._rpm.headers import require_packages
from rooms._sandbox.confine import BUILDING, Bind, Sandbox, give
from rooms._sandbox.packages import query
from rooms._sandbox.take import take


def read_mock_configuration(path: str) -> clean_root.Configuration:
    """What mock would make its root from: repositories, ``$releasever`` and the packages to begin with."""
    with open(path, encoding="utf-8") as file:
        options = read_options(file.read(), path)
    command, *packages = options["chroot_setup_cmd"].split()
    if command != "install":
        raise clean_root.RootError(
            f"{path}: chroot_setup_cmd is {options['chroot_setup_cmd']!r}; it must be 'install …'."
        )
    return clean_root.Configuration(options["dnf.conf"], str(options["releasever"]), tuple(packages))


def read_options(text: str, path: str) -> dict[str, t.Any]:
    """The plain values that mock's configuration gives its options.

    It is a Python program by mock's definition, but DLRN puts addresses and options of others into it.

    :raises clean_root.RootError: it does something else than giving values.
    """
    options: dict[str, t.Any] = {}
    try:
        for node in ast.parse(text).body:
            (target,) = node.targets if isinstance(node, ast.Assign) else ()
            names = []
            while isinstance(target, ast.Subscript):
                names.append(ast.literal_eval(target.slice))
                target = target.value
            if not isinstance(target, ast.Name) or target.id != "config_opts" or not names:
                raise ValueError(f"line {node.lineno} gives no option a value")
            if len(names) == 1:
                options[names[0]] = ast.literal_eval(node.value)  # type: ignore[attr-defined]
    except (SyntaxError, ValueError) as error:
        raise clean_root.RootError(f"{path} cannot be used: {error}") from error
    return options


class ChrootDriver(BuildRPMDriver):
    """Builds the source RPM that lies in the output directory, as DLRN's own drivers do."""

    DRIVER_CONFIG: t.ClassVar[dict[str, t.Any]] = {
        "chroot_driver": {
            "chroot_folder": {"default": "/var/tmp/dlrn-roots"},  # noqa: S108 (an example; the role sets it)
            "chroot_tmpfs": {"type": "boolean", "default": False},
            "chroot_install_tests": {"type": "boolean", "default": False},
            "chroot_timeout": {"type": "int", "default": 0},
        }
    }

    def __init__(self, *arguments: t.Any, **options: t.Any) -> None:
        super().__init__(*arguments, **options)
        if multiprocessing.parent_process() is not None:
            # One of DLRN's workers: killing DLRN alone would let it build on.
            clean_root.die_with_parent()

    def build_package(self, **arguments: t.Any) -> None:
        """:raises clean_root.RootError: the build failed; rpmbuild.log beside the source RPM says why."""
        options = self.config_options
        output = arguments["output_directory"]
        (source,) = glob.glob(os.path.join(output, "*.src.rpm"))
        runner = clean_root.Runner(os.path.join(output, "rpmbuild.log"), options.chroot_timeout)
        configuration = read_mock_configuration(
            os.path.join(os.path.realpath(options.datadir), os.environ["MOCK_CONFIG"])
        )
        if configuration.unchecked():
            runner.note(f"Signatures are not checked for packages from: {', '.join(configuration.unchecked())}")
        try:
            packages = self._build(configuration, source, runner)
        except (clean_root.RootError, RelengError) as error:
            runner.note(f"Build failed: {error}")
            raise
        runner.note(f"Built and installed: {' '.join(sorted(map(os.path.basename, packages)))}")
        open(os.path.join(output, "installed"), "w", encoding="utf-8").close()

    def _build(self, configuration: clean_root.Configuration, source: str, runner: clean_root.Runner) -> list[str]:
        options = self.config_options
        output = os.path.dirname(source)
        # The base root is for all builds: it must not change with what DLRN has built.
        base = clean_root.base_root(options.chroot_folder, configuration.without(options.baseurl), runner)
        try:
            clean_root.private_mounts()
        except OSError as error:
            runner.note(f"No mount table of its own: {error}")
        with clean_root.workspace(options.chroot_folder) as space:
            root = clean_root.copy_root(base, space, runner, tmpfs=options.chroot_tmpfs)
            dnf = clean_root.Dnf(root, configuration, options.chroot_folder, runner)
            dnf("builddep", source, files=[output])
            clean_root.mount_points(root)
            build = os.path.join(space, "builddir")
            os.makedirs(build)
            give(build)
            shutil.copy(source, build)
            # As in mock, where another user than root builds, the root itself stays as it is.
            runner.confined(
                [
                    *("rpmbuild", "--rebuild", "--define", "_topdir /builddir", "--define", "_tmppath /tmp"),
                    *("--define", "_buildhost localhost"),
                    f"/builddir/{os.path.basename(source)}",
                ],
                Sandbox(
                    root=root,
                    binds=(Bind(build, "/builddir", writable=True),),
                    environment={"HOME": "/builddir"},
                    capabilities=BUILDING,
                ),
            )
            packages = take(build, ["RPMS/*/*.rpm"], output)
            if not packages:
                raise clean_root.RootError(f"rpmbuild made no package. Log: {runner.log}")
            require_packages(packages, query)
            # What tests need may be built later, and need what is tested: closure judges those.
            installed = [path for path in packages if options.chroot_install_tests or not _is_tests(path)]
            dnf("install", *installed, files=[output])
        return packages


def _is_tests(path: str) -> bool:
    """Whether a package is named NAME-tests: its file is NAME-tests-VERSION-RELEASE.ARCH.rpm."""
    return os.path.basename(path).rsplit("-", 2)[0].endswith("-tests")
