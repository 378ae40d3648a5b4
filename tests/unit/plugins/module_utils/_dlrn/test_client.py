# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client against servers that do everything but answer as they should."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import threading
import time

import pytest
from loopback import free_port

from ansible_collections.rdo.releng.plugins.module_utils._dlrn.client import DlrnClient
from ansible_collections.rdo.releng.plugins.module_utils._module import web
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import (
    InvalidInput,
    NotFound,
    Refused,
    Unavailable,
)

PASSWORD = "s3cret/%"
TOKEN = base64.b64encode(f"ci:{PASSWORD}".encode()).decode()


def answer(body, status="200 OK", content_type="application/json"):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def drip(connection):
    """An answer that never ends, a byte at a time: no wait for the next one is ever long."""
    for byte in b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 60000:
        connection.sendall(bytes([byte]))
        time.sleep(0.02)


def drip_body(connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n")
    drip(connection)


def hang(connection):
    connection.recv(1)


class Server:
    """Answers request after request with what is in ``script``; the last of it again and again."""

    def __init__(self):
        self.script = []
        self.requests = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _address = self._listener.accept()
                threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection):
        with connection, contextlib.suppress(OSError):
            request = b""
            while b"\r\n\r\n" not in request:
                request += connection.recv(65536)
            head, _empty, body = request.partition(b"\r\n\r\n")
            for line in head.lower().splitlines():
                while line.startswith(b"content-length:") and len(body) < int(line.split()[1]):
                    body += connection.recv(65536)
            self.requests.append((head + b"\r\n\r\n" + body).decode())
            step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
            if callable(step):
                step(connection)
            else:
                connection.sendall(step)

    def close(self):
        # A thread in accept() is only woken by this.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def server():
    server = Server()
    yield server
    server.close()


@pytest.fixture
def client(server, monkeypatch):
    """A client that notes its pauses and does not make them."""
    monkeypatch.setenv("NETRC", "/nonexistent")
    client = DlrnClient(server.url, "ci", PASSWORD, timeout=20, deadline=100, retries=3)
    client.pauses = []
    client.web.sleep = client.pauses.append
    return client


def test_a_read_and_what_it_sends(server, client):
    server.script = [answer([{"promote_name": "a b"}])]
    assert client.get("promotions", promote_name="a b&c=1", limit=1, offset=None) == [{"promote_name": "a b"}]
    assert server.requests[0].startswith("GET /api/promotions?promote_name=a+b%26c%3D1&limit=1 HTTP")
    assert "authorization" not in server.requests[0].lower()


def test_a_write_and_what_it_sends(server, client):
    server.script = [answer({"done": True}, "201 CREATED")]
    assert client.post("report_result", {"job_id": "j"}) == {"done": True}
    assert f"Authorization: Basic {TOKEN}" in server.requests[0]
    assert "Content-Type: application/json" in server.requests[0].title().replace(
        "Application/Json", "application/json"
    )
    assert server.requests[0].endswith('{"job_id": "j"}')


def test_a_query(server, client):
    server.script = [answer({"data": {"commits": []}})]
    assert client.graphql("{commits\n  {id}}") == {"commits": []}
    assert server.requests[0].startswith("GET /api/graphql?query=%7Bcommits+%7Bid%7D%7D HTTP")


@pytest.mark.parametrize("first", [hang, b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", b"nonsense\r\n\r\n"])
def test_a_read_without_answer_is_tried_again(server, client, first):
    if first is hang:
        client.web.timeout = 1
        # A busy machine may need longer than that for the answer.
        client.web.sleep = lambda pause: client.pauses.append(pause) or setattr(client.web, "timeout", 20)
    server.script = [first, answer([])]
    assert client.get("promotions") == []
    assert client.pauses == [0.5]


@pytest.mark.parametrize("status", ["429 Too Many Requests", "500 Internal", "502 Bad", "503 Busy", "504 Late"])
def test_a_read_that_may_go_well_later_is_tried_again(server, client, status):
    server.script = [answer({}, status), answer({}, status), answer([])]
    assert client.get("promotions") == []
    assert client.pauses == [0.5, 1.0]


def test_in_the_end_the_last_answer_is_the_error(server, client):
    server.script = [answer({"message": "database is locked"}, "500 Internal")]
    with pytest.raises(Unavailable, match="answered 500, database is locked") as error:
        client.get("promotions")
    assert error.value.data == {"status": 500, "body": '{"message": "database is locked"}', "known": False}
    assert len(server.requests) == 4


def test_a_write_is_tried_again_only_if_it_may_be(server, client):
    server.script = [b"", answer({})]
    with pytest.raises(Unavailable, match="not known whether the write was done"):
        client.post("report_result", {})
    server.script = [b"", answer({})]
    assert client.post("promote", {}, repeatable=True) == {}


@pytest.mark.parametrize("step", [hang, drip, drip_body])
def test_the_deadline_holds_for_everything(server, client, step):
    server.script = [step]
    limited = DlrnClient(server.url, timeout=0.3, deadline=0.5, retries=9)
    with pytest.raises(Unavailable, match="gave no answer: it did not answer within|gave no answer: timed out"):
        limited.get("promotions")
    # The pause before another try is already beyond the deadline.
    assert len(server.requests) <= 1


def test_after_the_deadline_nothing_is_asked(server, client):
    client.web.deadline.clock = lambda: float("inf")
    with pytest.raises(Unavailable, match="deadline of 100 s was over"):
        client.get("promotions")
    assert server.requests == []


def test_nobody_listens():
    port = free_port()
    with pytest.raises(Unavailable, match=f"127.0.0.1:{port} gave no answer: .*refused"):
        DlrnClient(f"http://127.0.0.1:{port}", retries=0).get("health")


@pytest.mark.parametrize(
    ("step", "kind", "message"),
    [
        (
            answer(b"<html><style>x{}</style><h1>Sign in</h1></html>", content_type="text/html"),
            Unavailable,
            "'Sign in'",
        ),
        (answer(b""), Unavailable, "'nothing'"),
        (answer(b'{"cut'), Unavailable, "where JSON was expected"),
        (answer(b"Unauthorized Access", "401 UNAUTHORIZED", "text/html"), Refused, "401, user name or password"),
        (answer({"message": "Invalid promote_name x"}, "403 FORBIDDEN"), Refused, "403.*Invalid promote_name x"),
        (answer(b"<h1>Not Found</h1>", "404 NOT FOUND", "text/html"), InvalidInput, "404.*is api_url"),
        (answer({"message": "has been purged"}, "410 GONE"), Refused, "410.*purged"),
        (answer({"message": "aggregate_hash not found"}, "400 BAD"), InvalidInput, "400, aggregate_hash not found"),
        (answer({"errors": [{"message": "Syntax Error"}]}, "400 BAD"), InvalidInput, "400, Syntax Error"),
        (answer(b"", "302 FOUND"), Unavailable, "302"),
    ],
)
def test_errors_say_what_is_wrong(server, client, step, kind, message):
    server.script = [step]
    with pytest.raises(kind, match=message) as error:
        client.post("promote", {})
    assert len(server.requests) == 1
    assert server.url in error.value.message
    assert "POST /api/promote" in error.value.message


def test_a_query_that_is_not_answered(server, client):
    server.script = [answer({"data": None, "errors": [{"message": "no such field"}]})]
    with pytest.raises(Unavailable, match="no such field"):
        client.graphql("{x}")


def test_neither_password_nor_long_pages_reach_an_error(server, client):
    echo = f"{PASSWORD} {TOKEN} " + "x" * 100000
    server.script = [answer({"message": echo}, "400 BAD")]
    with pytest.raises(InvalidInput) as error:
        client.post("promote", {})
    said = error.value.message + error.value.data["body"]
    assert PASSWORD not in said
    assert TOKEN not in said
    assert len(error.value.message) < 700
    assert len(error.value.data["body"]) == 2000


def test_a_write_does_not_follow_to_another_place(server, client):
    server.script = [b"HTTP/1.1 302 FOUND\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n"]
    with pytest.raises(Unavailable, match="302"):
        client.post("promote", {}, repeatable=True)
    assert len(server.requests) == 1


def test_an_answer_has_an_end(server, client, monkeypatch):
    monkeypatch.setattr(web, "MOST_BYTES", 10)
    client.web.retries = 0
    server.script = [answer(b"x" * 11)]
    with pytest.raises(Unavailable, match="longer than 10 bytes"):
        client.get("promotions")


def test_nothing_is_written_without_a_login(server):
    with pytest.raises(InvalidInput, match="username and password are needed"):
        DlrnClient(server.url, "ci").post("promote", {})
    assert server.requests == []


@pytest.mark.parametrize(
    "url", [None, "", "trunk.example.org", "ftp://x", "http://u:p@x", "http://x y", "http://x/../"]
)
def test_addresses_that_are_none(url):
    with pytest.raises(InvalidInput) as error:
        DlrnClient(url)
    assert "u:p" not in error.value.message


@pytest.mark.parametrize("options", [{"timeout": 0}, {"deadline": -1}, {"retries": -1}])
def test_limits_that_are_none(options):
    with pytest.raises(InvalidInput, match="must be above 0"):
        DlrnClient("http://x", **options)


def test_files(tmp_path, server, client):
    (tmp_path / "a b").write_text("content")
    assert client.web.read(f"file://{tmp_path}/a%20b", "file") == b"content"
    with pytest.raises(NotFound, match="There is no file at"):
        client.web.read(f"file://{tmp_path}/none", "file")
    with pytest.raises(Unavailable, match="is a folder"):
        client.web.read(f"file://{tmp_path}", "file")
    server.script = [answer(b"", "404 NOT FOUND"), answer(b"", "403 FORBIDDEN")]
    with pytest.raises(NotFound, match="There is no file at"):
        client.web.read(f"{server.url}/x", "file")
    with pytest.raises(Unavailable, match="status 403"):
        client.web.read(f"{server.url}/x", "file")
