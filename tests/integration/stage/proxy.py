# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A proxy in front of an HTTP server that fails where it is told to."""

from __future__ import annotations

import http.client
import http.server
import threading
import typing as t
import urllib.parse

# "cut": close without forwarding. "drop": forward, then close without answering. "hang": forward nothing, answer
# nothing until the proxy stops. "html": a page with status 200. A number: that status with a JSON body.
Fault = t.Union[str, int]


class Proxy:
    """Forwards request after request, each over a connection of its own, and counts them from 1.

    :param faults: what to do with request n instead of forwarding it.
    :param before: called before request n is looked at; by then n-1 requests are answered.
    :param seen: ``METHOD path`` of each request.
    """

    def __init__(self, target: str) -> None:
        self.target = urllib.parse.urlsplit(target)
        self.faults: dict[int, Fault] = {}
        self.before: dict[int, t.Callable[[], object]] = {}
        self.seen: list[str] = []
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def forward(self) -> None:
                proxy._handle(self)

            do_GET = do_POST = forward

            def log_message(self, *args: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def reset(self) -> None:
        """Forget the faults and count from 1 again."""
        self.faults, self.before, self.seen = {}, {}, []

    def stop(self) -> None:
        self._stopped.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handle(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        with self._lock:
            self.seen.append(f"{handler.command} {handler.path}")
            number = len(self.seen)
        if number in self.before:
            self.before[number]()
        fault = self.faults.get(number)
        if fault == "cut":
            return
        if fault == "hang":
            self._stopped.wait()
            return
        if isinstance(fault, int):
            self._answer(handler, fault, "application/json", b'{"message": "told to fail"}')
            return
        if fault == "html":
            self._answer(handler, 200, "text/html", b"<html><title>Sign in</title></html>")
            return
        try:
            status, content_type, answer = self._forward(handler, body)
        except (OSError, http.client.HTTPException):
            return  # the server is not there, or died: neither are we
        if fault != "drop":
            self._answer(handler, status, content_type, answer)

    def _forward(self, handler: http.server.BaseHTTPRequestHandler, body: bytes) -> tuple[int, str, bytes]:
        assert self.target.hostname
        connection = http.client.HTTPConnection(self.target.hostname, self.target.port, timeout=60)
        skip = {"host", "connection", "content-length"}
        headers = {name: value for name, value in handler.headers.items() if name.lower() not in skip}
        try:
            connection.request(handler.command, handler.path, body, {**headers, "Connection": "close"})
            answer = connection.getresponse()
            return answer.status, answer.headers.get("Content-Type", ""), answer.read()
        finally:
            connection.close()

    @staticmethod
    def _answer(handler: http.server.BaseHTTPRequestHandler, status: int, content_type: str, body: bytes) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", content_type)
        handler.send_header("Content-Length", str(len(body)))
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.wfile.write(body)
