# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles message_queue and event_consumer and the playbook events, from a message to what it brings about."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import time

import pytest
import yaml
from lab.broker import Broker
from lab.consumer import PYTHON, needs_events

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture
def broker(tmp_path):
    broker = Broker(tmp_path / "rabbitmq")
    broker.start()
    yield broker
    broker.stop()


def play(path: pathlib.Path, roles: list[dict], **variables: object) -> pathlib.Path:
    path.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "vars": variables, "roles": roles}]))
    return path


def test_a_message_is_kept_worked_on_and_answered(tmp_path, broker, ansible):
    needs_events()
    queue = {"message_queue_name": "releng", "message_queue_topics": ["org.#"]}
    consumer = {"event_consumer_amqp_url": broker.url, "event_consumer_queue": "releng"}
    consumer.update(event_consumer_inbox=str(tmp_path / "inbox"), event_consumer_folder=str(tmp_path / "consumer"))
    consumer.update(event_consumer_install=False, event_consumer_manager="none")
    handler = {"topics": ["#.tag"], "command": ["cp", "{event}", str(tmp_path / "effect.json")], "together": False}
    consumer["event_consumer_work"] = {"events_handlers": [handler], "events_outbox": str(tmp_path / "outbox")}
    setup = play(
        tmp_path / "setup.yml",
        [{"role": "rdo.releng.message_queue", **queue}, {"role": "rdo.releng.event_consumer", **consumer}],
    )
    first = ansible(setup, AMQP_URL=broker.url)
    assert "guest:guest" not in first
    assert "changed=0" in ansible(setup, AMQP_URL=broker.url)
    assert oct(os.stat(tmp_path / "consumer/config.toml").st_mode)[-3:] == "600"

    message = {"outbox": str(tmp_path / "outbox"), "topic": "org.buildsys.tag", "body": {"nvr": "alpha-1-1"}}
    say = [{"hosts": "localhost", "gather_facts": False, "tasks": [{"rdo.releng.event_message": message}]}]
    (tmp_path / "say.yml").write_text(yaml.safe_dump(say))
    ansible(tmp_path / "say.yml")
    events = ("rdo.releng.events", "-e", f"@{tmp_path}/consumer/work.json")
    assert "1 entries of the outbox sent" in ansible(*events, AMQP_URL=broker.url)

    process = subprocess.Popen(
        [PYTHON.with_name("fedora-messaging"), "--conf", tmp_path / "consumer/config.toml", "consume"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path / "consumer"), "HOME": str(tmp_path)},
        stderr=(tmp_path / "log").open("wb"),
    )
    try:
        for _try in range(300):
            if list((tmp_path / "inbox/new").iterdir()):
                break
            time.sleep(0.1)
    finally:
        process.kill()
        process.wait()
    assert "work on" in ansible(*events, "--check", AMQP_URL=broker.url)
    assert not (tmp_path / "effect.json").exists()
    assert "1 messages done" in ansible(*events, AMQP_URL=broker.url)
    assert json.loads((tmp_path / "effect.json").read_text())["body"] == {"nvr": "alpha-1-1"}


def test_the_playbook_says_all_that_is_missing(ansible):
    shown = ansible("rdo.releng.events", expected=2)
    assert "events_handlers is missing" in shown and "events_inbox is missing" in shown


def test_the_units_are_such_as_systemd_takes(tmp_path, ansible):
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")
    (tmp_path / "venv/bin").mkdir(parents=True)
    (tmp_path / "venv/bin/fedora-messaging").write_text("#!/bin/sh\n")
    (tmp_path / "venv/bin/fedora-messaging").chmod(0o755)
    role = ROOT / "roles/event_consumer"
    task = {
        "ansible.builtin.template": {
            "src": f"{role}/templates/{{{{ item.value }}}}",
            "dest": f"{tmp_path}/releng-events{{{{ item.key }}}}",
            "mode": "0644",
        },
        "loop": "{{ __event_consumer_units | dict2items }}",
    }
    variables = {"event_consumer_queue": "q", "event_consumer_folder": str(tmp_path)}
    variables["ansible_facts"] = {"user_id": "root"}
    variables.update(event_consumer_playbook=["/bin/true", "a b"])
    files = [str(role / "defaults/main.yml"), str(role / "vars/main.yml")]
    text = [{"hosts": "localhost", "gather_facts": False, "vars_files": files, "vars": variables, "tasks": [task]}]
    (tmp_path / "units.yml").write_text(yaml.safe_dump(text))
    ansible(tmp_path / "units.yml", "-e", json.dumps(variables))
    units = sorted(tmp_path.glob("releng-events*"))
    assert len(units) == 5
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
