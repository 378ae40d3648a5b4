# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client of the machine's web server: it knows the server by its name, and checks its certificate."""

from __future__ import annotations

import http.client
import socket
import ssl
import typing as t

NAME = "trunk.example.org"


def ask(
    name: str, port: int, path: str, context: ssl.SSLContext | None = None, location: bool = False
) -> tuple[t.Any, ...]:
    """Status and text of the answer, and the address that it leads to if that is asked for.

    :param context: whom the certificate has to be signed by; without one there is no TLS.
    """
    connection = http.client.HTTPConnection(name, port, timeout=30)
    connection.sock = socket.create_connection(("127.0.0.1", port), timeout=30)
    try:
        if context:
            connection.sock = context.wrap_socket(connection.sock, server_hostname=name)
        connection.request("GET", path, headers={"Host": name})
        answer = connection.getresponse()
        text = answer.read().decode()
        return (answer.status, text, answer.headers["Location"]) if location else (answer.status, text)
    finally:
        connection.close()
