# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""DLRN's builds where there is no mock: a clean root by dnf, bubblewrap, rpmbuild, and an install check.

DLRN loads ``chroot_driver.ChrootDriver``, which stands in projects.ini as build_driver, by way of PYTHONPATH. It reads
the same configuration in mock's format that DLRN writes for each worker, and the section ``[chroot_driver]``.
"""

from __future__ import annotations

import collections
import glob
import multiprocessing
import os
import shutil
import typing as t

import clean_root
from dlrn.drivers.buildrpm import BuildRPMDriver


def read_mock_configuration(path: str) -> clean_root.Configuration:
    """What mock would make its root from: repositories, ``$releasever`` and the packages to begin with."""
    options: dict[str, t.Any] = collections.defaultdict(dict)
    with open(path, encoding="utf-8") as file:
        # It is a Python program by mock's definition; DLRN made it of the role's template.
        exec(compile(file.read(), path, "exec"), {"config_opts": options})  # noqa: S102
    command, *packages = options["chroot_setup_cmd"].split()
    if command != "install":
        raise clean_root.RootError(
            f"{path}: chroot_setup_cmd is {options['chroot_setup_cmd']!r}; it must be 'install …'."
        )
    return clean_root.Configuration(options["dnf.conf"], str(options["releasever"]), tuple(packages))


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
        try:
            packages = self._build(configuration, source, runner)
        except clean_root.RootError as error:
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
            dnf("builddep", source)
            build = os.path.join(root, "builddir")
            os.makedirs(build)
            shutil.copy(source, build)
            rebuild = [
                "rpmbuild",
                "--rebuild",
                "--define",
                "_topdir /builddir",
                f"/builddir/{os.path.basename(source)}",
            ]
            runner.run(clean_root.bubblewrap(root, rebuild, writable=True, environment={"HOME": "/builddir"}))
            packages = [shutil.copy(path, output) for path in glob.glob(os.path.join(build, "RPMS", "*", "*.rpm"))]
            if not packages:
                raise clean_root.RootError(f"rpmbuild made no package. Log: {runner.log}")
            # What tests need may be built later, and need what is tested: closure judges those.
            dnf("install", *(path for path in packages if options.chroot_install_tests or not _is_tests(path)))
        return packages


def _is_tests(path: str) -> bool:
    """Whether a package is named NAME-tests: its file is NAME-tests-VERSION-RELEASE.ARCH.rpm."""
    return os.path.basename(path).rsplit("-", 2)[0].endswith("-tests")
