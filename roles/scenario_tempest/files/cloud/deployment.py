# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring the parts and services of a cloud up, side by side where none needs the other."""

from __future__ import annotations

import concurrent.futures
import datetime
import pathlib
import re
import shutil
import socket
import sqlite3
import threading
import time
import typing as t
import urllib.error
import urllib.parse
import urllib.request

from kept import call
from programs import PAUSE, Programs, Stopped, say

# One process, and no master that would start it again: when it ends, that is noticed. A kept connection would let
# that one process wait for a client that has nothing to ask.
UWSGI = [
    "uwsgi",
    "--need-app",
    "--die-on-term",
    "--enable-threads",
    "--buffer-size=65535",
    "--add-header=Connection: close",
]
# Where each service has a database of its own that needs no server; in memory, so that nobody waits for a disk.
SQLITE_FOLDER = "/dev/shm"  # noqa: S108 (the root's own)
SQLITE = f"{SQLITE_FOLDER}/<name>.db"
SQLITE_ADDRESS = f"sqlite:///{SQLITE}?timeout=60"
# Where these are while packages are upgraded.
SQLITE_KEPT = "/var/lib/scenario/databases"
# Something that a service needs of a part, by its kind and name: <database:nova>
NEEDED = re.compile(r"<(\w+):([\w-]+)>")


class Deployment:
    """The life of all services until each is ready.

    :param parts: what services stand on: a database server, a message broker. They come from the base.
    :param services: what is tested.
    :param cloud: name of the cloud in clouds.yaml.
    :param seconds: how long each may take to be ready when it was started.
    :param upgrading: the root has what these services made in an older version, and their new packages.
    """

    def __init__(
        self,
        parts: list[dict[str, t.Any]],
        services: list[dict[str, t.Any]],
        programs: Programs,
        cloud: str,
        password: str,
        seconds: float,
        upgrading: bool = False,
    ) -> None:
        self.parts, self.services, self.programs = parts, services, programs
        self.cloud, self.password, self.seconds, self.upgrading = cloud, password, seconds, upgrading
        self.ready: set[str] = set()
        self.began = time.monotonic()
        self.began_at = datetime.datetime.now(datetime.timezone.utc)
        # Keystone's first requests one after the other: its threads load its policies, and one that finds half of
        # them forbids what is allowed.
        self.asking = threading.Lock()
        self.known: t.Any = None
        self.providers = {kind: (part, how) for part in parts for kind, how in part.get("provides", {}).items()}

    def run(self) -> None:
        """Bring all of them up.

        :raises Stopped: the first reason why that did not work.
        """
        entries = [*self.parts, *self.services]
        if self.upgrading:
            move_files(SQLITE_KEPT, SQLITE_FOLDER)
        for entry in entries:
            for path, content in entry.get("files", {}).items():
                write(path, content, self.fill_in)
        with concurrent.futures.ThreadPoolExecutor(len(entries) or 1) as pool:
            for future in [pool.submit(self._bring_up, entry) for entry in entries]:
                concurrent.futures.wait([future])
        if self.programs.stopped:
            raise self.programs.stopped

    def stop(self) -> None:
        """End all of them, the services before what they stand on, and keep what they have stored."""
        parts = [process["name"] for part in self.parts for process in part.get("processes", [part])]
        self.programs.end_services([name for name in self.programs.services if name not in parts])
        for name in reversed(parts):
            self.programs.end_services([name])
        move_files(SQLITE_FOLDER, SQLITE_KEPT)

    def _bring_up(self, entry: dict[str, t.Any]) -> None:
        try:
            self.bring_up(entry)
        except Stopped as error:
            self.programs.stop(error)
        except Exception as error:  # of what openstacksdk asks Keystone, for one
            self.programs.stop(Stopped(f"Service {entry['name']} was not set up: {error!r}"))

    def bring_up(self, entry: dict[str, t.Any]) -> None:
        """Bring one up, from its commands to its being ready."""
        name, environment = entry["name"], entry.get("environment", {})
        for kind, names in entry.get("needs", {}).items():
            self.wait_for_need(name, kind, names)
        say(f"{self.clock()} Setting {name} up")
        upgrade = entry.get("upgrade", {})
        if not self.upgrading:
            self.prepare(name, entry, environment)
        for command in upgrade.get("prepare", []) if self.upgrading else []:
            self.succeed(name, "was not upgraded", command, environment)
        for other in entry.get("after", []):
            self.wait_until(lambda other=other: other in self.ready, f"{name} waited for {other}")
        if entry.get("catalog") and not self.upgrading:
            self.enter_in_catalog(name, entry["catalog"])
        for process in entry.get("processes", []):
            if not self.upgrading:
                self.prepare(process["name"], process, environment)
            self.start(process, environment)
        if "processes" not in entry:
            self.start(entry, environment)
        self.wait_until_ready(name, entry.get("ready", []), environment)
        self.wait_until_ready(name, upgrade.get("ready", []) if self.upgrading else [], environment)
        for command in upgrade.get("finish", []) if self.upgrading else []:
            self.succeed(name, "was not upgraded", command, environment)
        for step in entry.get("contents", []) if not self.upgrading else []:
            self.fill(name, step)
        self.ready.add(name)
        say(f"{self.clock()} {name} is ready")

    def prepare(self, name: str, entry: dict[str, t.Any], environment: dict[str, str]) -> None:
        """Run the commands that have to succeed before it is started."""
        for command in entry.get("prepare", []):
            self.succeed(name, "was not set up", command, environment)

    def succeed(self, name: str, what: str, command: list[str], environment: dict[str, str]) -> None:
        """:raises Stopped: the command failed, and that is why ``name`` did not do ``what``."""
        try:
            self.programs.run(self.filled_in(command), environment, log=f"{name}-setup")
        except Stopped as error:
            if error is self.programs.stopped:
                raise
            raise Stopped(f"Service {name} {what}: {error}") from error

    def start(self, process: dict[str, t.Any], environment: dict[str, str]) -> None:
        """Start one process of a service, and wait until it is ready, if it says when it is."""
        name = process["name"]
        # On SQLite one request after the other: a transaction that has read and then wants to write is refused at once,
        # whatever the timeout, if another has written meanwhile.
        threads = process.get("threads", 1) if "database" in self.providers else 1
        command = process.get("command") or [
            *UWSGI,
            f"--http-socket=127.0.0.1:{process['port']}",
            f"--module={process['wsgi']}",
            f"--threads={threads}",
        ]
        self.programs.start(name, self.filled_in(command), environment)
        self.wait_until_ready(name, process.get("ready", []), environment)

    def wait_until_ready(self, name: str, conditions: t.Any, environment: dict[str, str]) -> None:
        """Wait until all conditions hold: addresses that answer, what services say, commands that wait themselves."""
        end = time.monotonic() + self.seconds
        for condition in conditions if isinstance(conditions, list) else [conditions]:
            if isinstance(condition, list):
                self.succeed(name, "was not ready", condition, environment)
                continue
            while not self.holds(condition):
                self.programs.look(f"before {name} was ready: {condition}")
                if time.monotonic() > end:
                    raise Stopped(f"Service {name} was not ready after {self.seconds:g} s: {condition}")
                time.sleep(PAUSE)

    def wait_until(self, holds: t.Callable[[], bool], when: str) -> None:
        while not holds():
            self.programs.look(f"while {when}")
            time.sleep(PAUSE)

    def holds(self, condition: t.Any) -> bool:
        """Whether an address answers, or a service of the catalog says what it should say, and says it now."""
        if isinstance(condition, str):
            return answers(condition)
        try:
            answer = getattr(self.connection(), condition["service"]).get(condition["path"])
        except Exception:  # it is not up yet, or the catalog was read before it was in there
            self.known = None
            time.sleep(10 * PAUSE)
            return False
        if answer.status_code != 200 or not re.search(condition.get("says", ""), answer.text):
            return False
        if "new" not in condition:
            return True
        return any(moment(noted) > self.began_at for noted in re.findall(condition["new"], answer.text))

    def connection(self, **user: str) -> t.Any:
        """As the administrator, or as a user with a project."""
        if user:
            return self.connection().connect_as(**user)
        with self.asking:
            if self.known is None:
                import openstack  # of the root; a part alone needs none of it

                self.known = openstack.connect(cloud=self.cloud)
            return self.known

    def wait_for_need(self, name: str, kind: str, names: list[str]) -> None:
        if kind in self.providers:
            provider = self.providers[kind][0]["name"]
            self.wait_until(lambda: provider in self.ready, f"{name} waited for {provider}")
        elif kind == "database":
            for database in names:
                make_sqlite(SQLITE.replace("<name>", database))
        else:
            raise Stopped(f"Service {name} needs a {kind}, and no part of the definition provides any")

    def fill(self, name: str, step: dict[str, dict[str, t.Any]]) -> None:
        """Call functions of openstacksdk."""
        for function, arguments in step.items():
            say(f"{self.clock()} {name}: {function} {arguments}")
            call(self.connection(), function, arguments)

    def enter_in_catalog(self, name: str, entry: dict[str, str]) -> None:
        """Let Keystone know a service: what it is, where it answers, and the user that it asks Keystone as."""
        identity = self.connection().identity
        with self.asking:
            self._enter(identity, name, entry)
        say(f"{self.clock()} {name} is in the catalog as {entry['type']}, at {entry['url']}")

    def _enter(self, identity: t.Any, name: str, entry: dict[str, t.Any]) -> None:
        kind = identity.create_service(type=entry["type"], name=name)
        identity.create_endpoint(service_id=kind.id, interface="public", url=entry["url"], region_id="RegionOne")
        project = identity.find_project("service") or identity.create_project(name="service", domain_id="default")
        user = identity.create_user(name=name, password=self.password, domain_id="default")
        for role in entry.get("roles", ["service"]):
            identity.assign_project_role_to_user(project, user, identity.find_role(role))

    def fill_in(self, text: str) -> str:
        """A text with the addresses of what a service needs, and with what a part has to make for all that need it."""
        for label in re.findall(r"<each:(\w+)>", text):
            text = text.replace(f"<each:{label}>", self.each_joined(label))

        def address(match: re.Match[str]) -> str:
            kind, name = match.groups()
            if kind in self.providers:
                return t.cast(str, self.providers[kind][1]["address"]).replace("<name>", name)
            return SQLITE_ADDRESS.replace("<name>", name) if kind == "database" else match[0]

        return NEEDED.sub(address, text)

    def filled_in(self, command: list[str]) -> list[str]:
        """A command, in which a word that stands for words of each that is needed becomes these."""
        words: list[str] = []
        for word in map(str, command):
            label = re.fullmatch(r"<each:(\w+)>", word)
            words += [one for each in self.each(label[1])[1] for one in each] if label else [self.fill_in(word)]
        return words

    def each(self, label: str) -> tuple[str, list[t.Any]]:
        """What a part says about each of its kind that services need, and what joins them."""
        kind, how = next((kind, how) for kind, (_part, how) in self.providers.items() if label in how.get("each", {}))
        said = how["each"][label]
        needed = [one for entry in self.services for one in entry.get("needs", {}).get(kind, [])]
        if isinstance(said, str):
            return how.get("join", ""), [said.replace("<name>", one) for one in needed]
        return "", [[word.replace("<name>", one) for word in said] for one in needed]

    def each_joined(self, label: str) -> str:
        join, said = self.each(label)
        return join.join(said)

    def clock(self) -> str:
        return f"{time.monotonic() - self.began:5.1f} s"


def write(path: str, content: t.Any, fill_in: t.Callable[[str], str] = str) -> None:
    """A file from its text, or from sections with options as oslo.config reads them."""
    if not isinstance(content, str):
        lines = []
        for section, options in content.items():
            lines += [f"[{section}]", *(f"{name} = {value}" for name, value in options.items()), ""]
        content = "\n".join(lines)
    target = pathlib.Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.touch(mode=0o600)
    target.write_text(fill_in(content), encoding="utf-8")


def make_sqlite(path: str) -> None:
    """A database of SQLite's in which reading need not wait for writing."""
    connection = sqlite3.connect(path)
    connection.execute("pragma journal_mode=wal")
    connection.close()


def moment(noted: str) -> datetime.datetime:
    """A time that a service has noted, which is in UTC."""
    return datetime.datetime.fromisoformat(noted.rstrip("Z")).replace(tzinfo=datetime.timezone.utc)


def move_files(source: str, destination: str) -> None:
    """The files of one folder, those of SQLite's databases, in another one."""
    pathlib.Path(destination).mkdir(parents=True, exist_ok=True)
    for path in pathlib.Path(source).glob("*.db*"):
        shutil.move(path, pathlib.Path(destination, path.name))


def answers(url: str) -> bool:
    """Whether somebody answers there, and, asked over HTTP, not with an error of his own."""
    place = urllib.parse.urlsplit(url)
    try:
        if place.scheme == "tcp":
            socket.create_connection((place.hostname or "", place.port or 0), 10).close()
            return True
        if place.scheme == "file":
            return pathlib.Path(place.path).exists()
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 (the scenario says where)
            return bool(answer.status < 500)
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False
