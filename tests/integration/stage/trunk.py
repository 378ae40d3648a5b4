# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A DLRN trunk that can be put back to how it was made, and DLRN's API in front of it."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import sqlite3
import subprocess
import typing as t
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[3]
DLRN = ROOT / ".build" / "dlrn"
USER, PASSWORD = "ci", "s3cret"


def run_with_dlrn(program: str, *arguments: str | pathlib.Path) -> None:
    """Run a program that lies beside this file with DLRN's Python."""
    argv = [DLRN / "bin" / "python", pathlib.Path(__file__).with_name(program), *arguments]
    subprocess.run(argv, check=True, capture_output=True)


def make_user(database: str) -> None:
    """The user of :class:`Api` in a database of DLRN's, given by its address."""
    run_with_dlrn("make_user.py", database, USER, PASSWORD)


class Trunk:
    """A folder with DLRN's configuration, its database and its repositories (see make_trunk.py).

    :param folder: where it is made; its addresses are in its files, so it cannot be moved.
    """

    def __init__(self, folder: pathlib.Path, components: bool) -> None:
        self.folder = folder
        self.components = components
        self.config = folder / "projects.ini"
        self.database = folder / "commits.sqlite"
        self.repos = folder / "data" / "repos"
        self.url = f"file://{self.repos}"
        self._pristine = folder.with_name(folder.name + ".pristine")
        folder.mkdir(parents=True)
        run_with_dlrn("make_trunk.py", folder, *([] if components else ["--no-components"]))
        make_user(f"sqlite:///{self.database}")
        self.builds: list[dict[str, t.Any]] = json.loads((folder / "trunk.json").read_text())
        shutil.copytree(folder, self._pristine, symlinks=True)

    def restore(self) -> None:
        """Put everything back to how it was made."""
        shutil.rmtree(self.folder)
        shutil.copytree(self._pristine, self.folder, symlinks=True)

    def build(self, name: str, version: int, status: str = "SUCCESS") -> dict[str, t.Any]:
        """The build of python-``name``: its hashes, dates, folder below the repositories, artifacts."""
        (found,) = (
            build
            for build in self.builds
            if (build["name"], build["version"], build["status"]) == (name, version, status)
        )
        return found

    def query(self, sql: str, *values: t.Any) -> list[dict[str, t.Any]]:
        """Rows of the database; a statement that writes is committed."""
        with contextlib.closing(sqlite3.connect(self.database)) as database:
            database.row_factory = sqlite3.Row
            rows = [dict(row) for row in database.execute(sql, values)]
            database.commit()
            return rows

    def link(self, label: str, component: str | None = None) -> pathlib.Path:
        """The link of a label: a component's, or the only one."""
        return (self.repos / "component" / component if component else self.repos) / label

    def state(self, label: str) -> dict[str, t.Any]:
        """What a label is: each link, the aggregate's files, and the newest row of each component."""
        links = {}
        for link in [*self.repos.glob(f"component/*/{label}"), self.repos / label]:
            if link.is_symlink():
                links[str(link.relative_to(self.repos))] = os.readlink(link)
        files = {}
        if (self.repos / label).is_dir() and not (self.repos / label).is_symlink():
            for path in sorted((self.repos / label).iterdir()):
                if not path.is_dir():
                    files[path.name] = path.read_text()
        rows = self.query(
            "select p.component, c.commit_hash, c.distro_hash, c.extended_hash from promotions p"
            " join commits c on c.id = p.commit_id where p.promotion_name = ? and p.id in (select max(id)"
            " from promotions where promotion_name = ? group by component) order by p.component",
            label,
            label,
        )
        newest = self.query(
            "select aggregate_hash from promotions where promotion_name = ? order by id desc limit 1", label
        )
        return {"links": links, "files": files, "rows": rows, "aggregate": newest and newest[0]["aggregate_hash"]}


class Api:
    """DLRN's API server under gunicorn on a free port of the loopback interface.

    :param folder: for its logs and switches.
    :param environment: variables besides; a build driver of its own is found by PYTHONPATH.
    """

    username, password = USER, PASSWORD

    def __init__(self, trunk: Trunk, folder: pathlib.Path, environment: t.Mapping[str, str] | None = None) -> None:
        self.trunk = trunk
        self.environment = environment or {}
        self.folder = folder
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def arguments(self) -> dict[str, str]:
        """What a module needs to talk to it."""
        return {"api_url": self.url, "username": self.username, "password": self.password}

    def start(self) -> None:
        """Start it; on return it answers."""
        with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
            self.port = listener.getsockname()[1]
            argv = [DLRN / "bin" / "gunicorn", "--bind", f"fd://{listener.fileno()}", "--threads", "4", "--preload"]
            argv += ["--config", pathlib.Path(__file__).with_name("gunicorn_conf.py"), "dlrn.api:app"]
            settings = {"CONFIG_FILE": self.trunk.folder / "api.cfg", "STAGE_API": self.folder, "HOME": self.folder}
            with open(self.folder / "server.log", "ab") as log:
                self._process = subprocess.Popen(
                    argv,
                    pass_fds=[listener.fileno()],
                    env={**os.environ, **self.environment, **settings},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
        self.get("health")

    def stop(self) -> None:
        """Kill it, if it still runs."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def wait(self) -> None:
        """Wait until it died."""
        assert self._process is not None
        self._process.wait(60)

    def kill_at(self, step: int | None, server: bool = True) -> None:
        """Let it die right before the n-th step of the next POST; None: let it live.

        :param server: False: only the worker dies, and the server starts another.
        """
        switch = self.folder / "kill_at"
        if step is None:
            switch.unlink(missing_ok=True)
        else:
            switch.write_text(json.dumps({"step": step, "server": server}))

    @property
    def will_die(self) -> bool:
        """Whether it has not died yet where :meth:`kill_at` said."""
        return (self.folder / "kill_at").exists()

    def get(self, path: str) -> t.Any:
        """The answer to GET /api/``path``."""
        with urllib.request.urlopen(f"{self.url}/api/{path}", timeout=60) as answer:
            return json.load(answer)

    def requests(self) -> list[str]:
        """All requests so far, each as ``METHOD path``."""
        log = self.folder / "requests.log"
        return log.read_text().splitlines() if log.exists() else []

    def posts(self) -> int:
        """How many POST there have been."""
        return sum(line.startswith("POST ") for line in self.requests())
