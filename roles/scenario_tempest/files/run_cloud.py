# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Set services up, one after the other, and run Tempest against them: the whole life of a cloud in a clean root.

It runs in the root, where the processes and the network are its own: all that it starts ends with it, whatever ends it.
The file that its argument names says what to do; the role that wrote it describes that in its argument_specs.yml.
It ends with status 0 when Tempest has judged, be it good or bad, and with 1 when it could not; the last line says why.
"""

from __future__ import annotations

import collections
import contextlib
import json
import os
import pathlib
import shlex
import signal
import sqlite3
import subprocess
import sys
import time
import typing as t
import urllib.error
import urllib.request

LOGS = pathlib.Path("/tmp/logs")  # noqa: S108 (the root's own)
TESTS = pathlib.Path("/tmp/tests")  # noqa: S108
WORK = pathlib.Path("/tmp/tempest")  # noqa: S108
# One process, and no master that would start it again: when it ends, that is noticed. A kept connection would let
# that one process wait for a client that has nothing to ask.
UWSGI = ["uwsgi", "--need-app", "--enable-threads", "--buffer-size=65535", "--add-header=Connection: close"]
# What writes a stream of results in words; it forgets to import what it uses.
SHOW = ["python3", "-c", "import subunit.test_results; from stestr import subunit_trace; subunit_trace.main()"]
# Lines of a service's log that are shown when it fails.
LAST_LINES = 60


class Stopped(Exception):
    """Why Tempest could not judge: one line."""


class Programs:
    """Runs programs, and sees meanwhile that services live and time is left.

    :param seconds: how long all of it may take.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.end = time.monotonic() + seconds
        self.services: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, command: list[str], environment: dict[str, str]) -> None:
        """Start a service."""
        say(f"Starting {name}: {shlex.join(command)}")
        with open(LOGS / f"{name}.log", "ab") as log:
            self.services[name] = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **environment},
                start_new_session=True,
            )

    def run(self, command: list[str], environment: dict[str, str], expected: t.Container[int] = (0,)) -> None:
        """Run a program to its end; what it prints goes where ours does.

        :raises Stopped: another status, a service that ended, or no time left.
        """
        say(f"+ {shlex.join(command)}")
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, env={**os.environ, **environment}, start_new_session=True
        )
        self.wait(process, command[0])
        if process.returncode not in expected:
            raise Stopped(f"{command[0]} {how_it_ended(process.returncode)}: {shlex.join(command)}")

    def wait(self, process: subprocess.Popen[bytes], what: str) -> None:
        """Wait for the end of a program that was started in a session of its own, and end it with what stops us."""
        try:
            while process.poll() is None:
                self.look(f"while {what} ran")
                time.sleep(0.1)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def look(self, when: str) -> None:
        """:raises Stopped: a service ended, or no time is left."""
        for name, process in self.services.items():
            if process.poll() is not None:
                show_end_of(LOGS / f"{name}.log")
                raise Stopped(f"Service {name} {how_it_ended(process.returncode)} {when}")
        if time.monotonic() > self.end:
            for name in self.services:
                show_end_of(LOGS / f"{name}.log")
            raise Stopped(f"timeout: ended after {self.seconds:g} s {when}")


def how_it_ended(status: int) -> str:
    return f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"


def say(line: str) -> None:
    print(line, flush=True)


def show_end_of(log: pathlib.Path) -> None:
    say(f"The end of {log.name}:")
    with open(log, encoding="utf-8", errors="replace") as file:
        for line in collections.deque(file, LAST_LINES):
            say(line.rstrip())


def write(path: str, content: t.Any) -> None:
    """A file from its text, or from sections with options as oslo.config reads them."""
    if not isinstance(content, str):
        lines = []
        for section, options in content.items():
            lines += [f"[{section}]", *(f"{name} = {value}" for name, value in options.items()), ""]
        content = "\n".join(lines)
    target = pathlib.Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.touch(mode=0o600)
    target.write_text(content, encoding="utf-8")


def make_database(path: str) -> None:
    """A database of SQLite's in which reading need not wait for writing."""
    pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path)
    connection.execute("pragma journal_mode=wal")
    connection.close()


def deploy(service: dict[str, t.Any], programs: Programs) -> None:
    """Bring one service up, from its files to its first answer."""
    name, environment = service["name"], service.get("environment", {})
    say(f"Setting {name} up")
    for path, content in service.get("files", {}).items():
        write(path, content)
    if service.get("database"):
        make_database(service["database"])
    for command in service.get("prepare", []):
        try:
            programs.run(command, environment)
        except Stopped as error:
            raise Stopped(f"Service {name} was not set up: {error}") from error
    command = service.get("command") or [
        *UWSGI,
        f"--http-socket=127.0.0.1:{service['port']}",
        f"--module={service['wsgi']}",
    ]
    programs.start(name, command, environment)
    while not answers(service["ready"]):
        programs.look(f"before it answered at {service['ready']}")
        time.sleep(0.1)
    say(f"{name} answers at {service['ready']}")


def enter_in_catalog(service: dict[str, t.Any], cloud: str, password: str) -> None:
    """Let Keystone know a service: what it is, where it answers, and the user that it asks Keystone as."""
    import openstack  # of the root; a cloud that is there already needs none of this

    entry, identity = service["catalog"], openstack.connect(cloud=cloud).identity
    kind = identity.create_service(type=entry["type"], name=service["name"])
    identity.create_endpoint(service_id=kind.id, interface="public", url=entry["url"], region_id="RegionOne")
    project = identity.find_project("service") or identity.create_project(name="service", domain_id="default")
    user = identity.create_user(name=service["name"], password=password, domain_id="default")
    identity.assign_project_role_to_user(project, user, identity.find_role("service"))
    say(f"{service['name']} is in the catalog as {entry['type']}, at {entry['url']}")


def answers(url: str) -> bool:
    """Whether somebody answers there, and not with an error of his own."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 (the scenario says where)
            return bool(answer.status < 500)
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False


def test(tempest: dict[str, t.Any], programs: Programs) -> None:
    """Have python-tempestconf write Tempest's configuration from what the cloud says of itself, and run Tempest."""
    WORK.mkdir()
    os.chdir(WORK)
    excluded = "".join(f"{entry['test']}  # {entry['reason']}\n" for entry in tempest["exclude"])
    write(str(WORK / "excluded"), excluded)
    options = {"DEFAULT.log_file": str(LOGS / "tempest.log"), **tempest["configuration"]}
    overrides = [str(part) for option in options.items() for part in option]
    configure = ["discover-tempest-config", f"--os-cloud={tempest['cloud']}", "--out=tempest.conf"]
    programs.run([*configure, *tempest["options"], *overrides], {})
    run = ["tempest", "run", "--config-file=tempest.conf", f"--regex={tempest['include']}", "--exclude-list=excluded"]
    run += [f"--concurrency={tempest['concurrency']}", "--subunit"]
    say(f"+ {shlex.join(run)}")
    environment = {**os.environ, "OS_TEST_TIMEOUT": str(tempest["test_timeout"]), "PYTHONUNBUFFERED": "1"}
    judge = subprocess.Popen(
        run, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environment, start_new_session=True
    )
    # As they come, so that a run that is ended early leaves what it found; and in words, to be read.
    copy = subprocess.Popen(
        ["tee", "--output-error=warn-nopipe", str(TESTS / "tempest.subunit")],
        stdin=judge.stdout,
        stdout=subprocess.PIPE,
    )
    show = subprocess.Popen(SHOW, stdin=copy.stdout)
    for pipe in (judge.stdout, copy.stdout):
        t.cast(t.IO[bytes], pipe).close()
    try:
        programs.wait(judge, "Tempest")
    finally:
        copy.wait()
        show.wait()
    if judge.returncode not in (0, 1):
        raise Stopped(f"Tempest {how_it_ended(judge.returncode)}")


def main(path: str) -> int:
    scenario = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    programs = Programs(scenario["timeout"])
    try:
        for place, content in scenario["files"].items():
            write(place, content)
        for service in scenario["services"]:
            deploy(service, programs)
            if service.get("catalog"):
                enter_in_catalog(service, scenario["tempest"]["cloud"], scenario["password"])
        test(scenario["tempest"], programs)
        programs.look("after Tempest had run")
    except (Stopped, OSError) as error:
        say(f"= {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
