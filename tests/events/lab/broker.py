# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real RabbitMQ on loopback, with ports and folders of its own, that can be killed and started again."""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import time

import pika
import pytest
from loopback import free_ports

from .killing import kill_group

SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server"


class Broker:
    def __init__(self, folder: pathlib.Path) -> None:
        if not os.path.exists(SERVER):
            pytest.skip("rabbitmq-server is not installed (bindep profile events)")
        self.folder = folder
        self.port, self._distribution, self._epmd = free_ports(3)
        folder.mkdir(parents=True)
        (folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{self.port}\nloopback_users = none\nheartbeat = 10\n"
            # A client that starts on a busy machine may be slow to answer.
            "handshake_timeout = 60000\nlog.console = false\n"
        )
        (folder / "enabled_plugins").write_text("[].\n")
        self.url = f"amqp://guest:guest@127.0.0.1:{self.port}/%2F"
        self._process: subprocess.Popen | None = None

    def start(self) -> None:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "LC_ALL": "C.UTF-8",
            "RABBITMQ_NODENAME": f"lab{self.port}@localhost",
            "RABBITMQ_MNESIA_BASE": str(self.folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            "RABBITMQ_DIST_PORT": str(self._distribution),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            "ERL_EPMD_PORT": str(self._epmd),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            # One scheduler: the host has more to do.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none",
        }
        with open(self.folder / "output", "ab") as output:
            self._process = subprocess.Popen(
                [SERVER],
                env=environment,
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        for _try in range(600):
            with contextlib.suppress(pika.exceptions.AMQPError, OSError):
                pika.BlockingConnection(pika.URLParameters(self.url)).close()
                return
            assert self._process.poll() is None, (self.folder / "output").read_text()
            time.sleep(0.1)
        raise AssertionError("RabbitMQ did not start: " + (self.folder / "output").read_text())

    def kill(self) -> None:
        """As when the power goes."""
        if self._process:
            kill_group(self._process)
            self._process = None
            for _try in range(100):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                    time.sleep(0.05)
                    continue
                return

    def stop(self) -> None:
        """With the port mapper that Erlang left behind, by its own protocol and no other's."""
        self.kill()
        if program := shutil.which("epmd"):
            subprocess.run([program, "-port", str(self._epmd), "-kill"], capture_output=True, check=False)

    @contextlib.contextmanager
    def channel(self):
        connection = pika.BlockingConnection(pika.URLParameters(self.url))
        try:
            channel = connection.channel()
            channel.confirm_delivery()
            yield channel
        finally:
            connection.close()

    def depth(self, queue: str) -> int:
        with self.channel() as channel:
            return channel.queue_declare(queue, passive=True).method.message_count
