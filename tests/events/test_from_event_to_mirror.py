# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a message on a real broker to a snapshot on a real mirror, through the double of a Koji hub; also killed."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import shutil
import socketserver
import subprocess
import sys
import threading
import time

import pytest
from aiosmtpd.controller import Controller
from lab.broker import Broker
from lab.bus import declare, deliver, say
from lab.consumer import Consumer
from lab.killing import kill_group
from lab.packages import manifest
from lab.rsync_daemon import rsync_daemon
from loopback import free_port

ROOT = pathlib.Path(__file__).resolve().parents[2]
for place in ("tests/integration", "tests/contract/koji"):
    sys.path.append(str(ROOT / place))

from koji_double import Hub, Server  # noqa: E402
from pending_lab import PENDING, QUARANTINE, STABLE, Gate, Rpm  # noqa: E402

from ansible_collections.rdo.releng.plugins.module_utils._events.spool import keep  # noqa: E402

# Each artifact is made of these builds, as far as stable has them.
ARTIFACTS = {"api": ("library", "client"), "tools": ("tool",), "extras": ("extra",)}


class Mails:
    def __init__(self) -> None:
        self.got: list[str] = []

    async def handle_DATA(self, server, session, envelope):
        self.got.append(envelope.content.decode())
        return "250 kept"


class Site:
    """A hub, a broker, a mirror, a mail server, and the playbook that a message starts."""

    def __init__(self, folder: pathlib.Path, stack: contextlib.ExitStack) -> None:
        for program in ("rpmbuild", "createrepo_c"):
            if shutil.which(program) is None:
                pytest.skip(f"{program} is not installed")
        self.folder = folder
        self.server = Server(Hub(task_delay=1))
        stack.callback(self.server.stop)
        self.gate = Gate(self.server, folder)
        self.gate.build(
            STABLE,
            Rpm("library", provides=("api = 1",)),
            Rpm("client", requires=("api = 1",)),
            Rpm("tool"),
            Rpm("extra"),
        )
        self.broker = Broker(folder / "rabbitmq")
        self.broker.start()
        stack.callback(self.broker.stop)
        self.mirror = stack.enter_context(rsync_daemon(folder / "mirror"))
        self.mails = Mails()
        self.mail_server = Controller(self.mails, hostname="127.0.0.1", port=free_port())
        self.mail_server.start()
        stack.callback(self.mail_server.stop)
        self.regenerate()
        regenerate = [sys.executable, str(folder / "ask.py"), str(free_port())]
        self.bell = Bell(int(regenerate[-1]), self.regenerate)
        stack.callback(self.bell.close)
        (folder / "ask.py").write_text(ASK)
        pending = {"pending_tag": PENDING, "pending_stable": STABLE, "pending_quarantine": QUARANTINE}
        pending.update(pending_release="epoxy", pending_distro="el9s", pending_folder=str(folder / "pending"))
        pending.update(pending_repository=str(folder / "repository"), pending_topurl=self.gate.hub.topdir.as_uri())
        pending.update(pending_outbox=str(folder / "outbox"), pending_sender="releng@example.org")
        pending.update(pending_domain="example.org", pending_topic="org.example.pending.held")
        chain = {"chain_regenerate": regenerate, "chain_folder": str(folder), "chain_mirror": self.mirror}
        chain.update(chain_artifacts=list(ARTIFACTS), chain_packages=str(folder / "rpms"))
        (folder / "chain.json").write_text(json.dumps({**pending, **chain}))
        program = str(ROOT / ".venv/bin/ansible-playbook")
        command = [program, str(ROOT / "tests/events/lab/chain.yml"), "-e", f"@{folder}/chain.json"]
        handler = {"topics": ["#.buildsys.tag"], "command": command, "together": True}
        events = {"events_inbox": str(folder / "consumer/inbox"), "events_handlers": [handler]}
        events.update(events_outbox=str(folder / "outbox"), events_smtp_host="127.0.0.1", events_tries=50)
        events.update(events_smtp_port=self.mail_server.port, events_log=str(folder / "work.log"))
        (folder / "events.json").write_text(json.dumps(events))

    def regenerate(self) -> None:
        """What a hub's own daemons do, and artifact_manifest_info: the repository of stable, a manifest each."""
        self.gate.regenerate()
        shown = {path.name.rsplit("-", 2)[0]: path for path in (self.folder / "repository").glob("*.rpm")}
        for artifact, names in ARTIFACTS.items():
            manifest(self.folder / f"{artifact}.json", "repository", [shown[name] for name in names])

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "HOME": str(self.folder),
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".build"),
            "ANSIBLE_LOCALHOST_WARNING": "0",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
            "ANSIBLE_NOCOLOR": "1",
            "KOJI_HUB_URL": self.server.url,
            "KOJI_USER": "kojiadmin",
            "KOJI_PASSWORD": "kojiadmin",
            "AMQP_URL": self.broker.url,
            "XDG_STATE_HOME": str(self.folder / "state"),
            "XDG_CACHE_HOME": str(self.folder / "cache"),
        }

    def start(self) -> subprocess.Popen:
        argv = [ROOT / ".venv/bin/ansible-playbook", "rdo.releng.events", "-e", f"@{self.folder}/events.json"]
        with open(self.folder / "events.log", "ab") as log:
            return subprocess.Popen(
                argv, env=self.environment(), cwd=self.folder, stdout=log, stderr=log, start_new_session=True
            )

    def work(self) -> int:
        return self.start().wait()

    def tell(self) -> None:
        """Publish "build tagged", and wait until the message is in the inbox."""
        consumer = Consumer(self.folder / "consumer", self.broker.url, "amq.topic", "chain", ["#"])
        consumer.start()
        try:
            say(self.folder / "bus", "org.example.buildsys.tag", tag=PENDING)
            deliver(self.folder / "bus", amqp_url=self.broker.url)
            for _try in range(300):
                if list((consumer.inbox / "new").glob("*.json")):
                    return
                time.sleep(0.1)
            raise AssertionError((self.folder / "consumer/log").read_text())
        finally:
            consumer.kill()

    def logs(self) -> str:
        paths = [self.folder / name for name in ("events.log", "work.log")]
        return "".join(path.read_text() for path in paths if path.exists())


# Asks the test, which holds the hub, to let its repository follow.
ASK = """
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as bell:
    sys.exit(0 if bell.recv(2) == b"ok" else 1)
"""


class Bell:
    """Does something for each connection, before it answers."""

    def __init__(self, port: int, work) -> None:
        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                work()
                self.request.sendall(b"ok")

        socketserver.TCPServer.allow_reuse_address = True
        self.server = socketserver.TCPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def site(tmp_path):
    with contextlib.ExitStack() as stack:
        site = Site(tmp_path, stack)
        declare(site.broker, "chain", topics=["#"])
        yield site


def end(site) -> dict:
    """All that a run brings about, to be compared."""
    hub, mirror = site.gate.hub, site.folder / "mirror" / "current"
    names = ARTIFACTS if mirror.exists() else ()
    shown = {name: sorted(path.name for path in (mirror / name / "Packages").iterdir()) for name in names}
    tags = {tag: sorted(hub.builds_of(tag)) for tag in (PENDING, STABLE, QUARANTINE)}
    mails = sorted({mail.split("Subject: ")[1].splitlines()[0] for mail in site.mails.got})
    return {"tags": tags, "mirror": shown, "mails": mails}


WANTED = {
    "tags": {
        PENDING: [],
        QUARANTINE: ["broken-1-1"],
        STABLE: ["client-1-1", "client-2-1", "extra-1-1", "library-1-1", "library-2-1", "tool-1-1"],
    },
    "mirror": {
        "api": ["client-2-1.noarch.rpm", "library-2-1.noarch.rpm"],
        "tools": ["tool-1-1.noarch.rpm"],
        "extras": ["extra-1-1.noarch.rpm"],
    },
    "mails": ["broken-1-1 is held back from epoxy-testing"],
}


def bring(site) -> None:
    site.gate.build(
        PENDING,
        Rpm("library", "2-1", provides=("api = 2",)),
        Rpm("client", "2-1", requires=("api = 2",)),
        Rpm("broken", "1-1", requires=("nosuch-thing",)),
    )


def test_two_go_one_is_held_one_artifact_is_made_anew_and_the_mirror_shows_it(site):
    site.tell()
    assert site.work() == 0, site.logs()
    before = {name: (site.folder / name / "artifact.json").stat().st_mtime_ns for name in ARTIFACTS}
    bring(site)
    keep(str(site.folder / "consumer/inbox"), "koji-tag-1", "x.buildsys.tag", {})
    assert site.work() == 0, site.logs()
    seen = end(site)
    old = seen["mirror"]["api"]
    assert seen == {**WANTED, "mirror": {**WANTED["mirror"], "api": old}}
    # The packages of the push before stay for whoever read its metadata.
    assert set(WANTED["mirror"]["api"]) <= set(old)
    after = {name: (site.folder / name / "artifact.json").stat().st_mtime_ns for name in ARTIFACTS}
    assert [name for name in ARTIFACTS if before[name] != after[name]] == ["api"]
    assert len(site.mails.got) == 1 and "nosuch-thing" in site.mails.got[0]
    assert site.work() == 0 and end(site) == seen and len(site.mails.got) == 1


@pytest.mark.long
def test_killed_anywhere_and_run_again_it_comes_to_the_same_end(site):
    bring(site)
    site.tell()
    for seconds in (3, 6, 9, 12, 15, 18, 22, 26):
        process = site.start()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        kill_group(process)
    for _try in range(3):
        if site.work() == 0:
            break
    assert end(site) == WANTED, site.logs()
    assert len(site.mails.got) <= 2
