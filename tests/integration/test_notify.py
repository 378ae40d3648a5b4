# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook notify: a promotion of a real DLRN and a run that waits, by mail and webhook, each once."""

from __future__ import annotations

import http.server
import json
import threading
import time

import pytest
from aiosmtpd.controller import Controller
from loopback import free_port
from test_dlrn_vote import promote

SECRET = "T0000-B0000-verysecret"
LABELS = {"staging": "tested-ci-testing", "label": "tested"}


class Mails:
    def __init__(self):
        self.got = []

    async def handle_DATA(self, server, session, envelope):
        self.got.append(envelope.content.decode())
        return "250 kept"


@pytest.fixture
def mails():
    mails = Mails()
    mails.port = free_port()
    server = Controller(mails, hostname="127.0.0.1", port=mails.port)
    server.start()
    yield mails
    server.stop()


@pytest.fixture
def room():
    class Room(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            server.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_words):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Room)
    server.got = []
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def journal(path, began):
    line = {"schema": "rdo.releng/journal/1", "at": began, "stage": "branch", "what": "nova", "state": "waiting"}
    line.update(whose="people", detail="one vote is missing", url="https://review.example.org/c/nova/+/17", run="1")
    path.write_text(json.dumps(line) + "\n")
    return str(path)


def test_each_notice_is_told_once_and_no_address_is_shown(api, trunk, mails, room, run_playbook, tmp_path):
    commits = [trunk.build(name, 2) for name in ("alpha", "gamma")]
    promote(api, LABELS["staging"], *commits)
    promote(api, LABELS["label"], *commits)
    (tmp_path / "waiting.j2").write_text("WAIT {{ notice.subject }}\n{{ notice.url }}\n")
    given = {
        "notify_trunks": [{"release": "epoxy", "distro": "el9s", "api_url": api.url, **LABELS}],
        "notify_journals": [{"name": "epoxy GA", "journal": journal(tmp_path / "journal.jsonl", time.time() - 7200)}],
    }
    quiet = tmp_path / "quiet.json"
    quiet.write_text(json.dumps(given))
    shown = run_playbook("rdo.releng.notify", "-e", f"@{quiet}").stdout
    assert "nobody is told: no way is given" in shown and "epoxy GA: branch nova waits for people" in shown, shown

    given.update(
        notify_outbox=str(tmp_path / "outbox"),
        notify_sender="releng@example.org",
        notify_receivers=["team@example.org"],
        notify_smtp_host="127.0.0.1",
        notify_smtp_port=mails.port,
        notify_webhooks=["team"],
        notify_webhook_addresses=[
            {"name": "team", "shape": "slack", "address": f"http://127.0.0.1:{room.server_port}/services/{SECRET}"}
        ],
        notify_templates={"waiting": str(tmp_path / "waiting.j2")},
    )
    told = tmp_path / "told.json"
    told.write_text(json.dumps(given))
    assert run_playbook("rdo.releng.notify", "-e", f"@{told}", "--check").returncode == 0
    assert not mails.got and not room.got and not (tmp_path / "outbox").exists()
    for _time in range(2):
        done = run_playbook("rdo.releng.notify", "-vvv", "-e", f"@{told}")
        assert done.returncode == 0, done.stdout
        assert SECRET not in done.stdout
    waits, tested = sorted(room.got, key=lambda text: not text.startswith("WAIT"))
    assert waits == "WAIT epoxy GA: branch nova waits for people\nhttps://review.example.org/c/nova/+/17"
    assert " is tested\n" in tested and "Components: common, compute" in tested
    assert len(mails.got) == 2
    assert any("Subject: WAIT epoxy GA: branch nova waits for people" in mail for mail in mails.got)
    assert not any(SECRET in path.read_text() for path in (tmp_path / "outbox").rglob("*.json"))


def test_all_that_is_missing_is_said_at_once(run_playbook):
    shown = run_playbook("rdo.releng.notify", "-e", '{"notify_receivers": ["team@example.org"]}').stdout
    for name in ("notify_trunks", "notify_outbox", "notify_sender"):
        assert f"{name} is missing" in shown, shown
