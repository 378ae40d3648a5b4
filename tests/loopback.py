# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports of the loopback interface for servers that tests start, kill and start again."""

from __future__ import annotations

import pathlib
import random
import socket

_GIVEN: set[int] = set()


def _choice() -> range:
    """Ports that the kernel gives to no connection: it could have one while the server is down that it belongs to.

    Below those that a quickstart takes, where that is possible.
    """
    first, last = map(int, pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    return range(10000, 20000) if first >= 20000 else range(last + 1, 65536)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens at, each given only once."""
    choice = _choice()
    found: list[int] = []
    # In an order of its own for each process, also where tests set the seed.
    for port in random.SystemRandom().sample(choice, len(choice)):
        if len(found) == count:
            return found
        try:
            if port not in _GIVEN:
                socket.create_server(("127.0.0.1", port)).close()
                found.append(port)
                _GIVEN.add(port)
        except OSError:
            continue
    raise AssertionError(f"fewer than {count} ports are free between {choice.start} and {choice.stop}")


def free_port() -> int:
    return free_ports(1)[0]
