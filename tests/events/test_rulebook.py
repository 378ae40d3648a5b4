# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible's rulebooks on a real broker: the source fedora_messaging and the rulebook events, with the real engine."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import time

import pytest
from lab.broker import Broker
from lab.bus import declare, deliver, say
from lab.consumer import PYTHON, needs_events
from lab.killing import kill_group

ROOT = pathlib.Path(__file__).resolve().parents[2]
COLLECTION = ROOT / ".build/ansible_collections/rdo/releng"
PROGRAM = PYTHON.with_name("ansible-rulebook")


class Engine:
    """ansible-rulebook with the collection's rulebook, whose worker copies each message."""

    def __init__(self, folder: pathlib.Path, broker: Broker) -> None:
        needs_events()
        if shutil.which("java") is None:
            pytest.skip("java, which ansible-rulebook's engine needs, is not installed (bindep profile rulebook)")
        self.folder, self.broker = folder, broker
        folder.mkdir()
        self.inbox, self.effects, self.log = folder / "inbox", folder / "effects", folder / "log"
        self.effects.mkdir()
        handler = {"topics": ["#"], "command": ["cp", "{event}", str(self.effects)], "together": False}
        self.variables = {"events_queue": "rules", "events_inbox": str(self.inbox), "events_handlers": [handler]}
        self.process: subprocess.Popen | None = None

    def start(self, database: bool = True, rulebook: pathlib.Path | None = None) -> None:
        given = {**self.variables, **({"drools_db_file_path": str(self.folder / "drools")} if database else {})}
        (self.folder / "vars.json").write_text(json.dumps(given))
        rulebook = rulebook or COLLECTION / "extensions/eda/rulebooks/events.yml"
        environment = {
            **os.environ,
            "PATH": f"{PROGRAM.parent}:{os.environ['PATH']}",
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".build"),
            "AMQP_URL": self.broker.url,
            "HOME": str(self.folder),
        }
        (self.folder / "inventory").write_text(
            f"localhost ansible_connection=local ansible_python_interpreter={PYTHON}\n"
        )
        argv = [PROGRAM, "-r", rulebook, "-i", self.folder / "inventory", "--vars", self.folder / "vars.json"]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*argv, "--persistence-id", "1", "--shutdown-delay", "1"],
                env=environment, cwd=self.folder, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def wait(self, wanted, seconds: float = 40) -> None:
        end = time.monotonic() + seconds
        while not wanted():
            assert time.monotonic() < end, self.log.read_text()
            time.sleep(0.1)

    def stop(self) -> None:
        if self.process:
            kill_group(self.process)

    def tell(self, number: int) -> None:
        say(self.folder / "bus", "rules.thing", number=number)
        deliver(self.folder / "bus", amqp_url=self.broker.url)


@pytest.fixture
def broker(tmp_path):
    broker = Broker(tmp_path / "rabbitmq")
    broker.start()
    declare(broker, "rules")
    yield broker
    broker.stop()


@pytest.fixture
def engine(tmp_path, broker):
    engine = Engine(tmp_path / "engine", broker)
    yield engine
    engine.stop()


@pytest.mark.long
def test_a_message_runs_the_worker_and_the_loss_of_the_broker_ends_the_process(engine, broker):
    engine.tell(1)
    engine.start()
    engine.wait(lambda: list(engine.effects.iterdir()))
    engine.wait(lambda: broker.depth("rules") == 0)
    [effect] = engine.effects.iterdir()
    assert json.loads(effect.read_text())["body"] == {"number": 1}
    with broker.channel() as channel:
        channel.basic_publish("amq.topic", "rules.thing", b"no JSON")
    engine.wait(lambda: broker.depth("rules.dead") == 1)
    engine.tell(2)
    engine.wait(lambda: len(list(engine.effects.iterdir())) == 2)
    broker.kill()
    engine.wait(lambda: engine.process.poll() is not None, 90)
    assert engine.process.returncode != 0
    assert "The broker was lost" in engine.log.read_text() and "guest:guest" not in engine.log.read_text()


@pytest.mark.long
def test_without_the_engines_database_nothing_is_acknowledged(engine, broker):
    engine.tell(1)
    engine.start(database=False)
    engine.wait(lambda: engine.process.poll() is not None)
    assert engine.process.returncode != 0
    assert "keeps nothing in its database" in engine.log.read_text()
    engine.wait(lambda: broker.depth("rules") == 1)


@pytest.mark.long
def test_a_source_without_feedback_does_not_begin(engine, tmp_path):
    text = (COLLECTION / "extensions/eda/rulebooks/events.yml").read_text()
    (tmp_path / "without.yml").write_text(text.replace("feedback: true", "feedback: false"))
    engine.start(rulebook=tmp_path / "without.yml")
    engine.wait(lambda: engine.process.poll() is not None)
    assert engine.process.returncode != 0 and "needs feedback: true" in engine.log.read_text()
