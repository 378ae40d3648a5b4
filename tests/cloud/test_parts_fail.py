# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cloud of which something fails while it is set up or tested: it is red, and the report says what failed first.

What fails is the real process, or the real disk of the database.
"""

from __future__ import annotations

import os
import pathlib
import re
import signal
import subprocess
import sys
import typing as t

import pytest
import yaml
from stage.cloud import DEFINITIONS
from stage.scenario import Scenario

pytestmark = pytest.mark.long

# So many that the database needs more space for them, and that Tempest is still at work when something is killed
IDENTITY = r"^tempest\.api\.identity\."
DATA = "var/lib/mysql"
# What MariaDB says where no space is left
FULL = r"is full|error 28|[Dd]isk is full"


@pytest.fixture
def scenario(cloud, tmp_path):
    """A scenario of the definition that is given."""

    def of(**definition: t.Any) -> Scenario:
        path = tmp_path / "definition.yml"
        path.write_text(yaml.safe_dump(definition))
        given = {"scenario_tempest_definition": str(path), "scenario_tempest_include": IDENTITY}
        return cloud.scenario(tmp_path / "results", **given)

    return of


def first_error(output: str) -> str:
    """What Ansible said about who failed first, on a line of its own."""
    found = re.search(r"^\S+ had the first error.*", output.replace("\\n", "\n"), re.MULTILINE)
    assert found, output[-3000:]
    return found[0]


@pytest.mark.parametrize(
    ("command", "service", "based_on"),
    [
        ("nova-compute", "nova-compute", ["clouds/cloud.yml"]),
        ("beam.smp", "rabbitmq", ["clouds/parts/mariadb.yml", "clouds/network.yml"]),
        ("mariadbd", "mariadb", ["clouds/parts/mariadb.yml", "clouds/identity.yml"]),
    ],
)
def test_what_is_killed_while_it_is_tested_is_named(scenario, command, service, based_on):
    made = scenario(based_on=based_on)
    process = made.start()
    made.wait_for_tempest(process)
    (pid,) = made.find(command)
    os.kill(pid, signal.SIGKILL)
    how = f"{service} was ended by SIGKILL while Tempest ran"
    output = made.see_it_red(process, "service-failed", f"= Service {how}")
    # Nobody ends without a word but who is killed; what others say of it comes later.
    said = first_error(output)
    assert said.startswith(f"{service} had the first error") and how in said
    assert how in made.votes()[0]["notes"]


# A disk of its own for one folder of a root, where programs run already; as root of the host, who may do that.
MOUNT = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
namespace, path, options = os.open(f"/proc/{sys.argv[1]}/ns/mnt", os.O_RDONLY), *map(os.fsencode, sys.argv[2:])
if libc.setns(namespace, 0) or libc.mount(b"disk", path, b"tmpfs", 0, options):
    sys.exit(os.strerror(ctypes.get_errno()))
"""


class SmallDisk:
    """A database server whose data lies on a small disk, which it waits for, and waits until that is full enough."""

    def __init__(self) -> None:
        self.definition = yaml.safe_load((DEFINITIONS / "parts" / "mariadb.yml").read_text())
        (server,) = self.definition["parts"]
        server["prepare"].insert(0, ["sh", "-c", f"until grep -q ' /{DATA} ' /proc/mounts; do sleep 0.1; done"])
        server["prepare"].append(["sh", "-c", f"until test -e /{DATA}/go; do sleep 0.1; done"])

    def put_in(self, scenario: Scenario, process: subprocess.Popen[str]) -> pathlib.Path:
        """Where the host sees it, when the server has been installed on it."""
        pid = scenario.wait_for(process, "until grep")
        root = scenario.results / "root"
        (root / DATA).mkdir(parents=True, exist_ok=True)
        owner = (root / "etc").stat().st_uid
        options = f"mode=755,uid={owner},gid={owner},size=300m"
        subprocess.run([sys.executable, "-c", MOUNT, str(pid), f"/{DATA}", options], check=True)
        return pathlib.Path(f"/proc/{scenario.wait_for(process, 'until test')}/root/{DATA}")


def fill(folder: pathlib.Path, but: int) -> None:
    """Take all of a disk but so many bytes."""
    disk = os.statvfs(folder)
    with open(folder / "filler", "wb") as file:
        os.posix_fallocate(file.fileno(), 0, disk.f_bavail * disk.f_frsize - but)


def test_a_database_that_is_full_while_services_are_set_up_is_named(scenario):
    disk = SmallDisk()
    made = scenario(**disk.definition, based_on="clouds/identity.yml")
    process = made.start()
    folder = disk.put_in(made, process)
    # Enough for the server, whose temporary tables take twelve, and not for Keystone's tables
    fill(folder, 14 * 2**20)
    (folder / "go").touch()
    output = made.see_it_red(process, "service-failed", "= Service keystone was not set up: keystone-manage ended")
    assert first_error(output).startswith("mariadb had the first error")
    assert re.search(FULL, first_error(output))


def test_a_database_that_is_full_while_it_is_tested_is_named(scenario):
    disk = SmallDisk()
    made = scenario(**disk.definition, based_on="clouds/identity.yml")
    process = made.start()
    (disk.put_in(made, process) / "go").touch()
    made.wait_for_tempest(process)
    fill(pathlib.Path(f"/proc/{made.find('mariadbd')[0]}/root/{DATA}"), 0)
    output = made.see_it_red(process, "tests-failed", "mariadb had the first error")
    assert re.search(FULL, first_error(output))
