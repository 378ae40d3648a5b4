# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""fedora-messaging as the role ``event_consumer`` lays it out, started by hand."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess

import pytest

from .killing import kill_group

ROOT = pathlib.Path(__file__).resolve().parents[3]
PYTHON = ROOT / ".build/events/bin/python"


def needs_events() -> None:
    if not PYTHON.exists():
        pytest.skip("fedora-messaging is not installed in .build/events: run make test-events")


class Consumer:
    """One consumer of a queue, which can be killed and started again."""

    def __init__(self, folder: pathlib.Path, url: str, exchange: str, queue: str, topics: list[str]) -> None:
        needs_events()
        self.folder, self.inbox = folder, folder / "inbox"
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "roles/event_consumer/files/releng_callback.py", folder)
        shutil.copy(ROOT / "plugins/module_utils/_events/spool.py", folder / "releng_spool.py")
        bound = ", ".join(f'"{topic}"' for topic in topics)
        bindings = f'[[bindings]]\nqueue = "{queue}"\nexchange = "{exchange}"\nrouting_keys = [{bound}]\n'
        (folder / "config.toml").write_text(
            f'amqp_url = "{url}?connection_attempts=60&retry_delay=0.5"\ncallback = "releng_callback:keep"\n'
            f'passive_declares = true\npublish_exchange = "{exchange}"\ntopic_prefix = ""\n'
            f'[queues."{queue}"]\ndurable = true\nauto_delete = false\nexclusive = false\narguments = {{}}\n'
            f"{bindings}[qos]\nprefetch_size = 0\nprefetch_count = 10\n[tls]\n"
            f'[consumer_config]\ninbox = "{self.inbox}"\n'
        )
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(self.folder), "HOME": str(self.folder)}
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                [PYTHON.with_name("fedora-messaging"), "--conf", self.folder / "config.toml", "consume"],
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def keep_running(self) -> None:
        """As systemd does with ``Restart=always``."""
        if self.process is None or self.process.poll() is not None:
            self.start()

    def kill(self) -> None:
        if self.process:
            kill_group(self.process)
            self.process = None
