# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hub on the wire, framed as recorded: POST, text/xml, faults in an HTTP 200, nil both ways."""

from __future__ import annotations

import dataclasses
import http.server
import socket
import threading
import traceback
import typing as t
import urllib.parse
import xmlrpc.client

from .hub import READS, Hub, NotRecorded, User


@dataclasses.dataclass
class Failure:
    """What goes wrong with a request.

    :param method: call that it happens to, also as a part of a multicall; None: any.
    :param how: ``503`` and other statuses, ``html``, ``cut-before`` and ``cut-after`` the call is done, ``hang``,
        ``offline`` (the hub is in maintenance).
    :param times: how often; then all is well.
    """

    method: str | None
    how: str
    times: int = 1


class Server:
    """A hub on a free port of the loopback address."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.requests = 0
        self.calls: list[str] = []
        self.failures: list[Failure] = []
        self.on_write: t.Callable[[int], None] = lambda count: None
        self.writes = 0
        self.current: dict[str, t.Any] = {}
        self._lock = threading.Lock()
        self._released = threading.Event()
        server = self

        class Handler(_Handler):
            owner = server

        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}/kojihub"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._released.set()
        self._http.shutdown()
        self._http.server_close()

    def fail(self, how: str, method: str | None = None, times: int = 1) -> None:
        """Let the next requests go wrong; see :class:`Failure`."""
        self.failures.append(Failure(method, how, times))

    def reset(self) -> None:
        """Forget what was counted."""
        self.requests, self.writes, self.calls = 0, 0, []

    @property
    def written(self) -> list[str]:
        """The calls that change something, in order."""
        return [method for method in self.calls if method not in READS]

    def failure(self, methods: t.Container[str]) -> str | None:
        for failure in self.failures:
            if failure.times > 0 and (failure.method is None or failure.method in methods):
                failure.times -= 1
                return failure.how
        return None

    def hang(self) -> None:
        self._released.wait(30)

    def answer(self, body: bytes, headers: t.Mapping[str, str]) -> bytes:
        """The XML that answers a request."""
        params, method = xmlrpc.client.loads(body)
        with self._lock:
            try:
                user = self.session(headers, method)
                result: t.Any = self.run(method or "", params, user)
                if method == "logout" and headers.get("Koji-Session-Id"):
                    self.hub.sessions.pop(int(headers["Koji-Session-Id"]), None)
            except xmlrpc.client.Fault as fault:
                return dump(fault)
        return dump((result,))

    def run(self, method: str, params: t.Sequence[t.Any], user: User | None) -> t.Any:
        if method == "exclusiveSession" or method == "sharedSession":
            return self.exclusive(method, user)
        if method != "multiCall":
            return self.one(method, params, user)
        results: list[t.Any] = []
        for call in params[0]:
            try:
                results.append([self.one(call["methodName"], call["params"], user)])
            except xmlrpc.client.Fault as fault:
                lines = [f"{fault.faultString}\n"]
                results.append({"faultCode": fault.faultCode, "faultString": fault.faultString, "traceback": lines})
        return results

    def one(self, method: str, params: t.Sequence[t.Any], user: User | None) -> t.Any:
        self.calls.append(method)
        result = self.hub.dispatch(method, params, user)
        if method not in READS:
            self.writes += 1
            self.on_write(self.writes)
        return result

    def session(self, headers: t.Mapping[str, str], method: str | None = None) -> User | None:
        """Who calls."""
        number = headers.get("Koji-Session-Id")
        if number is None:
            return None
        session = self.hub.sessions.get(int(number))
        if session is None or session["key"] != headers.get("Koji-Session-Key"):
            raise self.hub.fault("bad-session")
        if session["expired"] and method != "login":
            raise self.hub.fault("expired", session=number)
        others = [one for one in self.hub.sessions.values() if one is not session and one["user"] == session["user"]]
        if any(one["exclusive"] for one in others):
            raise self.hub.fault("no-exclusive" if method == "exclusiveSession" else "locked-user")
        callnum = int(headers.get("Koji-Session-Callnum", "0"))
        if session["callnum"] == callnum:
            # Not recorded; from the hub's documentation. The client sends a call again when its connection is cut.
            raise xmlrpc.client.Fault(1009, f"unable to retry call {callnum} for session {number}")
        session["callnum"] = callnum
        self.current = session
        return self.hub.users[session["user"]]

    def exclusive(self, method: str, user: User | None) -> None:
        self.hub.need_login(user)
        self.current["exclusive"] = method == "exclusiveSession"


def dump(content: t.Any) -> bytes:
    return xmlrpc.client.dumps(content, methodresponse=True, allow_none=True).encode()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: Server

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def log_message(self, format: str, *args: t.Any) -> None:
        """Say nothing."""

    def send(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Koji-Version", self.owner.hub.recording["recorded"]["hub"])
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        text = b"Method Not Allowed\nThis is an XML-RPC server. Only POST requests are accepted.\n"
        self.send(405, text, "text/plain")

    def do_POST(self) -> None:
        owner = self.owner
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        owner.requests += 1
        how = owner.failure(methods_of(body) if not query else {"rawUpload"})
        if how == "hang":
            owner.hang()
        if how in ("cut-before", "hang"):
            self.close_connection = True
            return
        if how == "html":
            self.send(200, b"<html><body>Proxy</body></html>", "text/html")
            return
        if how and how.isdigit():
            self.send(int(how), b"try later", "text/plain")
            return
        if how == "offline":
            fault = self.owner.hub.recording["read_in_source"]["faults"]["offline"]
            self.send(200, dump(xmlrpc.client.Fault(fault["code"], fault["text"])), "text/xml")
            return
        owner.hub.work()
        try:
            if query:
                answer = dump((owner.hub.raw_upload(owner.session(self.headers), query, body),))
            else:
                answer = owner.answer(body, self.headers)
        except NotRecorded as error:
            self.send(501, f"not recorded: {error}".encode(), "text/plain")
            return
        except xmlrpc.client.Fault as fault:
            answer = dump(fault)
        except Exception as error:
            if type(error).__module__ == "xml.parsers.expat" or type(error).__name__ == "ExpatError":
                self.send(400, f"Invalid request: {error}\n".encode(), "text/plain")
            else:
                self.send(501, traceback.format_exc().encode(), "text/plain")
            return
        if how == "cut-after":
            self.close_connection = True
            return
        self.send(200, answer, "text/xml")


def methods_of(body: bytes) -> set[str]:
    """The calls of a request, those in a multicall included."""
    try:
        params, method = xmlrpc.client.loads(body)
    except Exception:
        return set()
    inner = [call["methodName"] for call in params[0]] if method == "multiCall" else []
    return {method or "", *inner}
