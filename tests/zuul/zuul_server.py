# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Zuul on loopback: ZooKeeper, scheduler, executor, launcher and web, with four nodes behind an sshd.

What it needs is made by ``make .build/zuul/done``. It serves one tenant, of git repositories below its folder.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import typing as t
import urllib.error
import urllib.request

from loopback import free_ports

ROOT = pathlib.Path(__file__).resolve().parents[2]
INSTALLED = ROOT / ".build" / "zuul"
PYTHON = pathlib.Path(os.path.realpath(ROOT / ".venv")) / "bin" / "python"
TENANT = "releng"
# The services that wait in ZooKeeper for the scheduler.
BESIDE = ("executor", "launcher", "web")
JARS = ("zookeeper", "netty-all", "netty-buffer", "netty-codec", "netty-common", "netty-handler", "netty-resolver")
JARS += ("netty-transport", "netty-transport-native-unix-common", "netty-transport-native-epoll")
PROGRAMS = {
    "java": "zookeeper",
    "/usr/sbin/sshd": "openssh-server",
    "bwrap": "bubblewrap",
    "openssl": "openssl",
    "rpmlint": "rpmlint",
}
NODES = ("one", "two", "three", "four")


def missing() -> list[str]:
    """What has to be installed before."""
    found = [package for program, package in PROGRAMS.items() if not shutil.which(program)]
    if not (INSTALLED / "done").exists():
        found.append("Zuul (make .build/zuul/done)")
    return found


class ZuulServer:
    """One Zuul.

    :param folder: everything it writes is below it.
    :param readable: folders outside /usr that jobs on the executor may read.
    """

    def __init__(self, folder: pathlib.Path, readable: t.Sequence[pathlib.Path] = ()) -> None:
        self.folder = folder
        self.git = folder / "git"
        self.logs = folder / "logs"
        self.jobs = pathlib.Path(tempfile.mkdtemp(prefix="zuul-"))  # ssh has sockets there, whose paths must be short
        self.readable = [PYTHON.parents[1], self.git, *readable]
        zookeeper, web, finger, *ssh = free_ports(3 + len(NODES))
        self.ports = {"zookeeper": zookeeper, "web": web, "finger": finger, **dict(zip(NODES, ssh))}
        self.url = f"http://127.0.0.1:{web}"
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._certificates: dict[str, t.Any] = {}
        for name in ("etc", "git", "logs", "output", "run", "var/scheduler", "var/executor", "zookeeper"):
            (folder / name).mkdir(parents=True)
        for node in NODES:
            (folder / "nodes" / node).mkdir(parents=True)
        self._write_certificates()
        self._write_configuration()

    # Its life

    def prepare(self) -> None:
        """Start ZooKeeper, and the services that wait there for the scheduler."""
        jars = ":".join(f"/usr/share/java/{name}.jar" for name in JARS)
        # It lives for minutes: compiling its code well would take longer than that saves.
        argv = ["java", "-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", f"{self.folder}/etc:{jars}"]
        argv += ["-Djdk.tls.ephemeralDHKeySize=2048"]
        self._start("zookeeper", [*argv, "org.apache.zookeeper.server.quorum.QuorumPeerMain", self._etc("zoo.cfg")])
        self.wait("ZooKeeper", self._zookeeper_listens)
        for name in BESIDE:
            self._start_service(name)

    def start(self) -> None:
        """Start the scheduler, and sshd; on return the tenant is loaded and jobs can run."""
        pathlib.Path("/run/sshd").mkdir(exist_ok=True)  # sshd insists on it
        self._start("sshd", ["/usr/sbin/sshd", "-D", "-e", "-f", self._etc("sshd_config")])
        self._start_service("scheduler")
        self.wait("the tenant", lambda: self.get(f"tenant/{TENANT}/pipelines", missing=[]))
        self.wait("the services", lambda: {"scheduler", *BESIDE} <= self._running())

    def stop(self) -> None:
        """End everything that was started, jobs included."""
        for name in reversed(self._processes):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._processes[name].pid, signal.SIGKILL)
            self._processes[name].wait()
        self._processes.clear()
        # What a node runs is not the executor's, and would outlive it.
        (self.folder / "nodes" / "hanging").unlink(missing_ok=True)
        shutil.rmtree(self.jobs, ignore_errors=True)

    def _start_service(self, name: str) -> None:
        self._start(name, [str(INSTALLED / "venv" / "bin" / f"zuul-{name}"), "-c", self._etc("zuul.conf"), "-f"])

    def _start(self, name: str, argv: list[str]) -> None:
        # What is in the environment of the executor, jobs on it see.
        path = f"{INSTALLED}/venv/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        environment = {"PATH": path, "HOME": str(self.folder / "var"), "LC_ALL": "C.UTF-8"}
        with open(self.folder / "output" / f"{name}.log", "ab") as output:
            self._processes[name] = subprocess.Popen(
                argv,
                env=environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def wait(self, what: str, ask: t.Callable[[], t.Any], seconds: float = 600) -> t.Any:
        """Ask until the answer is true, and return it; a service that died, or no end, is an error."""
        end = time.monotonic() + seconds
        while not (answer := ask()):
            for name, process in self._processes.items():
                assert process.poll() is None, f"{name} ended:\n{self.tail(name)}"
            assert time.monotonic() < end, f"waited {seconds} s for {what}:\n{self.tail('scheduler')}"
            time.sleep(0.5)
        return answer

    def tail(self, name: str) -> str:
        """The end of what a service printed."""
        return (self.folder / "output" / f"{name}.log").read_text()[-3000:]

    def _zookeeper_listens(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.ports["zookeeper"]), 5):
            return True
        return False

    def _running(self) -> set[str]:
        components = self.get("components", missing={})
        return {name for name, those in components.items() if any(each["state"] == "running" for each in those)}

    # Its API

    def get(self, path: str, **options: t.Any) -> t.Any:
        """The answer to GET /api/``path``; ``missing`` while it has none."""
        try:
            with urllib.request.urlopen(f"{self.url}/api/{path}", timeout=30) as answer:
                return json.load(answer)
        except OSError:
            if "missing" not in options:
                raise
            return options["missing"]

    def enqueue(self, project: str, pipeline: str) -> None:
        """Let a pipeline run for the branch main of a project, as its trigger would."""
        body = {"ref": "refs/heads/main", "oldrev": None, "newrev": None, "pipeline": pipeline}
        self._post(f"tenant/{TENANT}/project/{project}/enqueue", body)

    def dequeue(self, project: str, pipeline: str) -> None:
        """Take what runs for the branch main of a project out of a pipeline, with all its builds."""
        self._post(f"tenant/{TENANT}/project/{project}/dequeue", {"ref": "refs/heads/main", "pipeline": pipeline})

    def _post(self, path: str, body: dict[str, t.Any]) -> None:
        request = urllib.request.Request(
            f"{self.url}/api/{path}",
            json.dumps(body).encode(),
            {"Authorization": self.token, "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert json.load(answer) is True

    def builds(self, **query: t.Any) -> list[dict[str, t.Any]]:
        """Builds that ended, and those that run, oldest first."""
        asked = "&".join(f"{key}={value}" for key, value in {"limit": 200, **query}.items())
        return sorted(self.get(f"tenant/{TENANT}/builds?{asked}"), key=lambda build: build["start_time"] or "9")

    def buildsets(self, **query: t.Any) -> list[dict[str, t.Any]]:
        """Sets of builds that ended, oldest first."""
        asked = "&".join(f"{key}={value}" for key, value in {"limit": 200, **query}.items())
        found = self.get(f"tenant/{TENANT}/buildsets?{asked}")
        return sorted((each for each in found if each["result"]), key=lambda each: each["first_build_start_time"] or "")

    def running(self, pipeline: str) -> bool:
        """Whether there is anything in a pipeline."""
        # A pipeline that nobody has summed up yet is empty here.
        pipelines = self.get(f"tenant/{TENANT}/status")["pipelines"]
        found = [each for each in pipelines if each.get("name") == pipeline]
        return any(queue["heads"] for each in found for queue in each["change_queues"])

    def output(self, build: dict[str, t.Any]) -> str:
        """What a build printed."""
        return (self.logs / build["uuid"] / "job-output.txt").read_text()

    def document(self, build: dict[str, t.Any], name: str) -> dict[str, t.Any]:
        """A JSON file among a build's logs."""
        return json.loads((self.logs / build["uuid"] / name).read_text())

    @functools.cached_property
    def token(self) -> str:
        """What lets its bearer ask for anything in the tenant, as the header has it."""
        argv = [INSTALLED / "venv/bin/zuul-admin", "-c", self._etc("zuul.conf"), "create-auth-token"]
        argv += ["--auth-config", "operator", "--tenant", TENANT, "--user", "test", "--expires-in", "7200"]
        return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()

    def play(self, part: str) -> None:
        """Let the tests of repository smoke pass, fail or hang on all nodes."""
        (self.folder / "nodes" / "part").write_text(part)

    def hanging(self) -> bool:
        """Whether tests have begun to hang."""
        return (self.folder / "nodes" / "hanging").exists()

    # Its repositories

    def commit(
        self, name: str, files: t.Mapping[str, str | None], branch: str = "main", message: str = "Change"
    ) -> None:
        """Write files to a repository (None removes one) and commit them to a branch, on top of main."""
        repository = self.git / name
        if not repository.exists():
            subprocess.run(["git", "init", "-q", "-b", "main", repository], check=True)
        if branch != "main":
            self._git(name, "checkout", "-q", "-B", branch, "main")
        for path, content in files.items():
            (repository / path).parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                (repository / path).unlink()
            else:
                (repository / path).write_text(content)
        self._git(name, "add", "-A")
        self._git(name, "-c", "user.name=test", "-c", "user.email=test@example.org", "commit", "-qm", message)
        if branch != "main":
            self._git(name, "checkout", "-q", "main")

    def branch(self, name: str, *branches: str) -> None:
        """Branches of a repository, where main is."""
        for branch in branches:
            self._git(name, "branch", branch)

    def revision(self, name: str) -> str:
        """The commit that main of a repository is at."""
        return self._git(name, "rev-parse", "main")

    def copy_checkout(self, name: str) -> None:
        """A repository of what git knows of this checkout, with what is not committed yet."""
        target = self.git / name
        target.mkdir(parents=True)
        known = ["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"]
        for path in filter(None, subprocess.run(known, check=True, capture_output=True, text=True).stdout.split("\0")):
            if (ROOT / path).exists() or (ROOT / path).is_symlink():
                (target / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / path, target / path, follow_symlinks=False)
        subprocess.run(["git", "init", "-q", "-b", "main", target], check=True)
        self.commit(name, {})

    def _git(self, name: str, *argv: str) -> str:
        done = subprocess.run(["git", "-C", self.git / name, *argv], check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def encrypt(self, project: str, secrets: t.Mapping[str, t.Mapping[str, str]]) -> str:
        """Secrets of a project as configuration that only this Zuul can read; after prepare()."""
        argv = [INSTALLED / "venv/bin/python", pathlib.Path(__file__).with_name("encrypt.py"), self._etc("zuul.conf")]
        given = json.dumps({"connection": "local", "project": project, "secrets": secrets})
        return subprocess.run(argv, input=given, check=True, stdout=subprocess.PIPE, text=True).stdout

    # Its configuration

    def _etc(self, name: str) -> str:
        return str(self.folder / "etc" / name)

    def _write_certificates(self) -> None:
        """ZooKeeper and Zuul only talk in TLS; one key for both, signed by itself, and keys for ssh."""
        argv = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=localhost"]
        argv += ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
        subprocess.run(
            [*argv, "-keyout", self._etc("tls.key"), "-out", self._etc("tls.pem")], check=True, capture_output=True
        )
        both = "".join((self.folder / "etc" / name).read_text() for name in ("tls.key", "tls.pem"))
        (self.folder / "etc" / "tls.both.pem").write_text(both)
        for name in ("id", "host"):
            argv = ["ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "", "-f", self._etc(name)]
            subprocess.run(argv, check=True)

    def _write_configuration(self) -> None:
        values = {
            "folder": self.folder,
            "jobs": self.jobs,
            "installed": INSTALLED,
            "tenant": TENANT,
            "readable": ":".join(map(str, self.readable)),
            **{f"port_{name}": port for name, port in self.ports.items()},
            **{f"home_{node}": self.folder / "nodes" / node for node in NODES},
        }
        for source in pathlib.Path(__file__).with_name("etc").iterdir():
            (self.folder / "etc" / source.name.removesuffix(".in")).write_text(source.read_text().format(**values))
