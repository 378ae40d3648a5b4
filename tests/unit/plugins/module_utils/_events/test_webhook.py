# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is posted to a chat room, and that nobody learns where that is."""

from __future__ import annotations

import http.server
import json
import os
import threading

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._events.delivery import Delivery
from ansible_collections.rdo.releng.plugins.module_utils._events.outbox import Say
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import Unavailable
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform

SECRET = "T0000-B0000-verysecret"


@pytest.fixture
def room():
    """A server that keeps what is sent to it, and answers with ``room.status`` and the path that it was asked for."""

    class Room(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            server.got.append((self.command, self.path, self.headers.get("Authorization"), body))
            status = server.status.pop(0) if server.status else 200
            self.send_response(status)
            self.end_headers()
            self.wfile.write(f"no {self.path}".encode() if status != 200 else b"ok")

        do_PUT = do_POST

        def log_message(self, *_words):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Room)
    server.got, server.status = [], []
    server.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def hook(shape, address, **more):
    return {"name": "room", "shape": shape, "address": address, "room": None, "token": None, **more}


def say(outbox, once="n1", **more):
    given = {"outbox": str(outbox), "webhook": "room", "title": "red", "text": "<!channel> & more", "once": once}
    perform(Say.webhook({**given, **more}), False, False)


def deliver(outbox, *hooks):
    params = {"outbox": str(outbox), "amqp_url": None, "exchange": None, "smtp_host": None, "wait_timeout": 5.0}
    params.update(timeout=5.0, ca_path=None, webhooks=list(hooks))
    return perform(Delivery(params), False, False)


def test_slack_gets_text_that_calls_nobody(tmp_path, room):
    say(tmp_path)
    assert len(deliver(tmp_path, hook("slack", f"{room.address}/services/{SECRET}"))["sent"]) == 1
    [(method, path, _token, body)] = room.got
    assert (method, path) == ("POST", f"/services/{SECRET}")
    assert body["text"] == "red\n&lt;!channel&gt; &amp; more"
    assert deliver(tmp_path)["sent"] == []


def test_matrix_gets_a_notice_under_an_id_that_stays_the_same(tmp_path, room):
    say(tmp_path)
    [name] = os.listdir(tmp_path / "new")
    room.status = [502]
    deliver(tmp_path, hook("matrix", room.address, room="!a/b:example.org", token=SECRET))
    first, second = room.got
    assert first == second
    method, path, token, body = first
    assert method == "PUT" and token == f"Bearer {SECRET}"
    assert path == f"/_matrix/client/v3/rooms/%21a%2Fb%3Aexample.org/send/m.room.message/{name[:-5]}"
    assert body == {"msgtype": "m.notice", "body": "red\n<!channel> & more", "m.mentions": {}}


def test_a_program_of_ones_own_gets_all_of_it(tmp_path, room):
    say(tmp_path, text="why")
    deliver(tmp_path, hook("json", f"{room.address}/hook?key={SECRET}"))
    [(_method, path, _token, body)] = room.got
    assert path.endswith(SECRET) and (body["title"], body["text"]) == ("red", "why")


@pytest.mark.parametrize("status", [404, 500])
def test_a_webhook_that_refuses_keeps_the_notice_and_is_asked_once(tmp_path, room, status):
    say(tmp_path)
    say(tmp_path, once="n2")
    room.status = [status] * 9
    with pytest.raises(Unavailable, match=f"2 entries stay.*webhook room .* status {status}") as error:
        deliver(tmp_path, hook("slack", f"{room.address}/services/{SECRET}"))
    assert len(room.got) == 1
    told = json.dumps([error.value.message, error.value.data])
    assert SECRET not in told and str(room.server_port) not in told


def test_an_entry_that_is_refused_does_not_hold_up_the_next(tmp_path, room):
    say(tmp_path)
    say(tmp_path, once="n2")
    room.status = [400]
    with pytest.raises(Unavailable, match="1 entries stay"):
        deliver(tmp_path, hook("slack", room.address))
    assert len(room.got) == 2


def test_one_that_does_not_answer_is_named_without_its_address(tmp_path, room):
    say(tmp_path)
    with pytest.raises(Unavailable, match="did not answer") as error:
        deliver(tmp_path, hook("slack", f"http://127.0.0.1:1/services/{SECRET}"))
    assert SECRET not in json.dumps([error.value.message, error.value.data])


def test_a_webhook_that_nobody_set_keeps_the_notice(tmp_path, room):
    say(tmp_path, webhook="another")
    with pytest.raises(Unavailable, match="webhook another: set it in webhooks, which has room"):
        deliver(tmp_path, hook("slack", room.address))


@pytest.mark.parametrize("wrong", [hook("matrix", "https://example.org"), hook("slack", "hooks.slack.com/x")])
def test_one_that_cannot_work_is_said(tmp_path, wrong):
    say(tmp_path)
    with pytest.raises(Unavailable, match=r"room|address") as error:
        deliver(tmp_path, wrong)
    assert "hooks.slack.com" not in error.value.message


def test_an_unknown_kind_is_an_error_of_the_entry(tmp_path):
    perform(Say(str(tmp_path), {"kind": "pigeon", "topic": "coo"}), False, False)
    with pytest.raises(Unavailable, match="message, mail, webhook are known"):
        deliver(tmp_path)
