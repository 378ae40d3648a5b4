# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Makes the source RPM of one commit where there is no mock.

DLRN calls it as build_srpm.sh with target, project, output directory, data directory, base URL and distgit directory,
and with DLRN_SOURCE_COMMIT, RELEASE_DATE, RELEASE_NUMBERING and MOCK_CONFIG in the environment.

Nothing of the commit is touched outside of the sandbox: make_sources.py in there checks it out, runs its build backend
and edits its spec file, rpmbuild in a clean root of its own makes the source RPM, and that alone is taken out.
"""

from __future__ import annotations

import configparser
import os
import sys
import traceback

import chroot_driver
from rooms._build import clean_root
from rooms._module.errors import RelengError
from rooms._sandbox.confine import BUILDING, Bind, Limits, Sandbox, fresh_folder
from rooms._sandbox.take import take

HERE = os.path.dirname(os.path.abspath(__file__))
# Folders in the sandbox.
TOP, OUT, CLONE, DISTGIT, SCRIPTS = "/tmp/top", "/tmp/out", "/tmp/clone", "/tmp/distgit", "/tmp/scripts"  # noqa: S108
# What DLRN says about the commit.
VARIABLES = ("DLRN_SOURCE_COMMIT", "RELEASE_DATE", "RELEASE_NUMBERING", "RELEASE_MINOR", "DLRN_KEEP_CHANGELOG")
# The clone belongs to another user than the one who looks at it.
GIT_CONFIGURATION = "[safe]\n\tdirectory = *\n"
LIMITS = Limits(seconds=1800)


def make_source_rpm(project: str, output: str, data: str, base_url: str, distgit: str) -> None:
    """:raises Exception: whatever went wrong; the caller puts it in the log."""
    runner = clean_root.Runner(os.path.join(output, "rpmbuild.log"), LIMITS.seconds)
    configuration = chroot_driver.read_mock_configuration(os.path.join(data, os.environ["MOCK_CONFIG"]))
    base = clean_root.base_root(chroot_folder(), configuration.without(base_url), runner)
    with fresh_folder() as top, fresh_folder() as out:
        with open(os.path.join(top, ".gitconfig"), "w", encoding="utf-8") as file:
            file.write(GIT_CONFIGURATION)
        runner.confined(
            [sys.executable, f"{SCRIPTS}/make_sources.py", CLONE, DISTGIT, TOP, project],
            Sandbox(
                binds=(
                    *(Bind(path, path) for path in python_folders()),
                    Bind(os.path.join(HERE, "make_sources.py"), f"{SCRIPTS}/make_sources.py"),
                    Bind(os.path.join(data, project), CLONE),
                    Bind(distgit, DISTGIT),
                    Bind(top, TOP, writable=True),
                ),
                environment={
                    **{name: os.environ[name] for name in VARIABLES if name in os.environ},
                    "HOME": TOP,
                    "PATH": f"{os.path.dirname(sys.executable)}:/usr/bin:/bin",
                },
                capabilities=BUILDING,
            ),
        )
        # In the clean root, so that the macros are those of what is built for.
        command = ["rpmbuild", "-bs", "--nodeps", "--define", f"_topdir {TOP}", "--define", f"_srcrpmdir {OUT}"]
        command += ["--define", "_buildhost localhost"]
        runner.confined(
            ["sh", "-c", f'exec "$@" {TOP}/SOURCES/*.spec', "sh", *command],
            Sandbox(
                root=base,
                binds=(Bind(top, TOP, writable=True), Bind(out, OUT, writable=True)),
                capabilities=BUILDING,
            ),
        )
        paths = take(out, ["*.src.rpm"], output)
    if len(paths) != 1:
        raise clean_root.RootError(f"rpmbuild made {len(paths)} source RPMs. Log: {runner.log}")


def python_folders() -> list[str]:
    """What the Python that runs this needs besides /usr: its virtual environment, and where that is made from."""
    folders = {os.path.realpath(path) for path in (sys.prefix, sys.base_prefix)} | {sys.prefix}
    return sorted(path for path in folders if not (path + "/").startswith("/usr/"))


def chroot_folder() -> str:
    """Where the build driver keeps its roots: as projects.ini beside this file says."""
    parser = configparser.RawConfigParser()
    parser.read(os.path.join(HERE, "projects.ini"))
    return parser.get("chroot_driver", "chroot_folder")


def main() -> int:
    clean_root.die_with_parent()
    target, project, output, data, base_url, distgit = sys.argv[1:]
    log = os.path.join(output, "rpmbuild.log")
    handle = os.open(log, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o644)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    print(f"Source RPM of {project} for {target}", flush=True)
    try:
        make_source_rpm(project, output, data, base_url, distgit)
    except (clean_root.RootError, RelengError) as error:
        print(f"Making the source RPM failed: {error}", flush=True)
        return 1
    except Exception as error:
        traceback.print_exc()
        print(f"Making the source RPM failed: {error}", flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
