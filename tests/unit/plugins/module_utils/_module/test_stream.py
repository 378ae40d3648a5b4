# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reader for HTTP against servers that lead it on, away or astray."""

from __future__ import annotations

import contextlib
import io
import socket
import threading
import time

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._module.errors import Unavailable
from ansible_collections.rdo.releng.plugins.module_utils._module.stream import HttpStream, _Request
from ansible_collections.rdo.releng.plugins.module_utils._module.waiter import Deadline

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Server:
    """Answers each path with the bytes in ``pages``, or lets a function talk to whoever asks."""

    def __init__(self):
        self.pages = {}
        self.requests = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
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
            self.requests.append(request.decode())
            page = self.pages[request.split()[1].decode()]
            if callable(page):
                page(connection)
            else:
                connection.sendall(page)

    def close(self):
        self._listener.close()


@pytest.fixture
def server():
    with contextlib.closing(Server()) as one:
        yield one


@pytest.fixture
def other():
    with contextlib.closing(Server()) as one:
        yield one


def moved(location, status="302 Found"):
    return f"HTTP/1.1 {status}\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


def fetch(url, seconds=5.0, pause=5.0, **options):
    with HttpStream(url, Deadline(seconds), pause, **options) as stream:
        return stream.status, stream.read()


def test_an_answer_is_read_whatever_its_status(server):
    server.pages["/"] = OK
    server.pages["/gone"] = b"HTTP/1.1 410 Gone\r\nContent-Length: 4\r\n\r\ngone"
    assert fetch(f"{server.url}/") == (200, b"ok")
    assert fetch(f"{server.url}/gone") == (410, b"gone")


def test_a_body_in_chunks_of_its_own_is_read_in_pieces_of_ours(server):
    server.pages["/"] = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        + b"".join(b"%x\r\n%s\r\n" % (len(word), word) for word in [b"one", b"two" * 50_000, b"three"])
        + b"0\r\n\r\n"
    )
    with io.BufferedReader(HttpStream(f"{server.url}/", Deadline(5.0), 5.0)) as reader:
        assert reader.read(5) == b"onetw"
        assert reader.read() == (b"one" + b"two" * 50_000 + b"three")[5:]


def drip(head):
    def talk(connection):
        connection.sendall(head)
        for _number in range(600):
            connection.sendall(b"0")
            time.sleep(0.05)

    return talk


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 2",
        b"HTTP/1.1 200 OK\r\nX-Header: ",
        b"HTTP/1.1 200 OK\r\nContent-Length: 6000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
    ids=["status", "header", "body", "body without a length", "length of a chunk"],
)
def test_a_byte_at_a_time_does_not_move_the_deadline(server, head):
    server.pages["/"] = drip(head)
    start = time.monotonic()
    with pytest.raises(Unavailable, match=r"did not answer within 0\.5 s"):
        fetch(f"{server.url}/", seconds=0.5)
    assert time.monotonic() - start < 4  # the server would go on for thirty


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n14\r\nok",
        b"nonsense\r\n\r\n",
        b"",
    ],
)
def test_half_an_answer_is_none(server, answer):
    server.pages["/"] = answer
    with pytest.raises(Unavailable):
        fetch(f"{server.url}/")


def test_a_redirection_is_followed(server, other):
    server.pages["/"] = moved(f"{other.url}/there")
    server.pages["/here"] = moved("/there", "308 Permanent Redirect")
    server.pages["/there"] = other.pages["/there"] = OK
    assert fetch(f"{server.url}/") == (200, b"ok")
    assert fetch(f"{server.url}/here") == (200, b"ok")


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        "gopher://x/",
        "",
        "http://user:secret@127.0.0.1/",
        "data:,x",
    ],
)
def test_a_redirection_leads_nowhere_but_to_an_address_of_http(server, location):
    server.pages["/"] = moved(location) if location else b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"
    with pytest.raises(Unavailable, match="it is redirected to") as caught:
        fetch(f"{server.url}/")
    assert "secret" not in caught.value.message
    assert len(server.requests) == 1


def test_a_redirection_in_a_circle_ends(server):
    server.pages["/"] = moved("/")
    with pytest.raises(Unavailable, match="more than 5 times"):
        fetch(f"{server.url}/")


def test_a_password_in_the_address_goes_to_that_server_alone(server, other):
    server.pages["/"] = moved("/again")
    server.pages["/again"] = moved(f"{other.url}/there")
    other.pages["/there"] = OK
    address = server.url.replace("http://", "http://user:sec%2Fret@")
    assert fetch(f"{address}/") == (200, b"ok")
    assert all("Authorization: Basic dXNlcjpzZWMvcmV0" in request for request in server.requests)
    assert len(server.requests) == 2
    assert "Authorization" not in other.requests[0]


@pytest.mark.parametrize("options", [{"user": ("ci", "secret")}, {"data": b"{}"}, {"data": b"{}", "method": "PUT"}])
def test_writes_and_logins_are_not_led_elsewhere(server, other, options):
    server.pages["/"] = moved(f"{other.url}/there")
    assert fetch(f"{server.url}/", **options) == (302, b"")
    assert not other.requests


def test_no_password_is_in_an_error():
    with pytest.raises(Unavailable) as caught:
        fetch("http://user:secret@127.0.0.1:1/")
    assert "secret" not in caught.value.message + str(caught.value.data)
    for address in ("http://", "nonsense", "file:///etc/passwd", "http://a b/", "http://127.0.0.1:port/"):
        with pytest.raises(Unavailable):
            fetch(address)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:80", "127.1", "2130706433", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254", "localhost"],
)
def test_a_redirection_does_not_lead_from_outside_to_what_only_this_host_can_ask(host):
    request = _Request("http://203.0.113.7/x", None, None, None, None, 1.0)
    with pytest.raises(ValueError, match="which only this host can ask"):
        request._moved("http://203.0.113.7/x", f"http://{host}/latest/meta-data")
    assert request._moved("http://203.0.113.7/x", "http://203.0.113.8/y")[0] == "http://203.0.113.8/y"
    assert request._moved("http://127.0.0.1:1/x", "http://127.0.0.1:2/y")[0] == "http://127.0.0.1:2/y"
