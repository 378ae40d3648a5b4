# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""DLRN's build drivers, and what a host must have for them before the first build.

A build that cannot work is a failed commit for DLRN, and DLRN tries no commit twice by itself.
"""

from __future__ import annotations

import configparser
import dataclasses
import grp
import os
import pwd
import typing as t

from .._module.command import find_program
from .._module.errors import NotFound, Refused

# DLRN runs mock by this path, whatever PATH says.
MOCK = "/usr/bin/mock"


@dataclasses.dataclass(frozen=True)
class Driver:
    """A way to build.

    :param in_config: what stands as build_driver in projects.ini.
    :param programs: that DLRN, its script for source RPMs or the driver run on the host.
    """

    name: str
    in_config: str
    programs: tuple[str, ...]


DRIVERS = {
    "mock": Driver(
        "mock",
        "dlrn.drivers.mockdriver.MockBuildDriver",
        (MOCK, "createrepo_c", "git", "setpriv", "spectool", "tar"),
    ),
    "chroot": Driver(
        "chroot",
        "chroot_driver.ChrootDriver",
        ("bwrap", "createrepo_c", "dnf", "git", "rpmbuild", "setpriv", "tar"),
    ),
}


def choose_driver(name: str) -> Driver:
    """The driver of that name; ``auto`` is mock where it is installed."""
    if name == "auto":
        name = "mock" if os.path.exists(MOCK) else "chroot"
    return DRIVERS[name]


def driver_of(config_file: str) -> Driver | None:
    """The driver that stands in a projects.ini; None: it is one that nothing is known of here."""
    parser = configparser.RawConfigParser()
    parser.read(config_file)
    named = parser.get("DEFAULT", "build_driver", fallback=DRIVERS["mock"].in_config)
    return next((driver for driver in DRIVERS.values() if driver.in_config == named), None)


def require_usable(driver: Driver, user: bool = True) -> None:
    """See that this user can build with ``driver`` on this host.

    :param user: whether it is this user that builds.
    :raises Refused: not so; everything that is missing, and how to come by it.
    """
    problems = [*_missing_programs(driver), *(_wrong_user(driver) if user else ())]
    if problems:
        other = " Or build without mock: dlrn_builder_build_driver=chroot." if driver.name == "mock" else ""
        raise Refused(
            f"Nothing can be built with the driver {driver.name} on this host, so nothing was begun: "
            f"{' '.join(problems)}{other}",
            driver=driver.name,
            problems=problems,
        )


def _missing_programs(driver: Driver) -> t.Iterator[str]:
    for program in driver.programs:
        if os.path.isabs(program) and os.path.exists(program):
            continue
        try:
            find_program(os.path.basename(program))
        except NotFound as error:
            yield error.message
        else:
            if os.path.isabs(program):
                yield f"{os.path.basename(program)} is not {program}, as DLRN runs it."


def _wrong_user(driver: Driver) -> t.Iterator[str]:
    root = os.geteuid() == 0
    if driver.name == "chroot" and not root:
        yield f"Clean roots are made as root, and this is {_user()}: set become, or run it with sudo."
    elif driver.name == "mock" and not root and "mock" not in _groups():
        yield f"mock wants a user in the group mock, and {_user()} is not: usermod -a -G mock {_user()}."
    elif driver.name == "mock" and root and not {"SUDO_UID", "USERHELPER_UID"} & set(os.environ):
        yield "mock does not run as root without sudo: run it as a user in the group mock."


def _groups() -> set[str]:
    found = set()
    for number in {os.getegid(), *os.getgroups()}:
        try:
            found.add(grp.getgrgid(number).gr_name)
        except KeyError:
            continue  # a number without a name
    return found


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
