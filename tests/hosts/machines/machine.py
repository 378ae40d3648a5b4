# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole machine under systemd-nspawn: made of the distribution's packages, reached over SSH, ended by its number."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import time
import typing as t

from loopback import free_port

ROOT = pathlib.Path(__file__).resolve().parents[3]
BASES = ROOT / ".build" / "hosts"
PROGRAMS = ("mmdebstrap", "openssl", "ssh", "ssh-keygen", "systemd-nspawn")
# What makes it a machine that Ansible can log in to; what the collection needs to build is in bindep.txt.
SYSTEM = [
    *("ca-certificates", "dbus", "iproute2", "openssh-server", "python3", "python3-apt", "python3-dnf", "systemd"),
    "systemd-sysv",
]
HOUR = 3600


def unavailable() -> str:
    """Why there can be no machine here; empty, if there can be one."""
    missing = [name for name in PROGRAMS if not shutil.which(name)]
    if missing:
        return f"not installed: {', '.join(missing)}; run .ci/system-packages hosts"
    if os.geteuid() != 0:
        return "a machine is started by root alone"
    return "" if sources() else "there are no package sources in /etc/apt"


def sources() -> list[str]:
    """Files with this machine's own package sources."""
    files = [pathlib.Path("/etc/apt/sources.list"), *pathlib.Path("/etc/apt/sources.list.d").glob("*")]
    return sorted(str(path) for path in files if path.suffix in (".list", ".sources") and path.is_file())


def packages() -> list[str]:
    """Those of SYSTEM, and of bindep.txt without a profile."""
    lines = (ROOT / "bindep.txt").read_text().splitlines()
    needed = [line.split()[0] for line in lines if line.endswith(" [platform:dpkg]")]
    return sorted({*SYSTEM, *needed})


def base() -> pathlib.Path:
    """The root folder that machines are made from; made once for each list of packages."""
    words = "\n".join([*packages(), *(pathlib.Path(path).read_text() for path in sources())])
    folder = BASES / hashlib.sha256(words.encode()).hexdigest()[:12]
    BASES.mkdir(parents=True, exist_ok=True)
    with open(BASES / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            made = folder.with_suffix(".new")
            shutil.rmtree(made, ignore_errors=True)
            bootstrap(made, packages())
            made.rename(folder)
    return folder


def bootstrap(made: pathlib.Path, packages: t.Sequence[str], *options: str) -> None:
    """Make this host's distribution, with some packages, in a new folder, or in a tarball if ``made`` ends in .tar."""
    # The lists stay: packages are installed later without asking for them anew.
    command = ["mmdebstrap", "--quiet", "--variant=minbase", "--skip=cleanup/apt/lists", *options]
    command += [f"--include={','.join(packages)}", _release()["VERSION_CODENAME"], str(made), *sources()]
    subprocess.run(command, check=True, timeout=HOUR)


def _release() -> dict[str, str]:
    lines = pathlib.Path("/etc/os-release").read_text().splitlines()
    return {name: value.strip('"') for name, _sign, value in (line.partition("=") for line in lines)}


class Machine:
    """A machine of its own, with this host's loopback.

    :param folder: everything that is written lies below it.
    :param binds: folders of this host that it sees, and cannot write to.
    """

    def __init__(self, folder: pathlib.Path, name: str = "trunk", binds: t.Sequence[pathlib.Path] = ()) -> None:
        self.folder = folder
        self.name = name
        self.root = folder / "root"
        self.port = free_port()
        self.key = folder / "key"
        self._binds = [*binds, pathlib.Path("/etc/apt/apt.conf.d")]
        self._process: subprocess.Popen[bytes] | None = None
        self._mount()
        self._let_in()

    def _mount(self) -> None:
        below = base()
        for name in ("root", "upper", "work"):
            (self.folder / name).mkdir(parents=True)
        options = f"lowerdir={below},upperdir={self.folder}/upper,workdir={self.folder}/work"
        subprocess.run(["mount", "-t", "overlay", "-o", options, "overlay", self.root], check=True)

    def _let_in(self) -> None:
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.key], check=True)
        allowed = self.root / "root" / ".ssh"
        allowed.mkdir(mode=0o700, exist_ok=True)
        shutil.copy(self.key.with_suffix(".pub"), allowed / "authorized_keys")
        settings = f"Port {self.port}\nListenAddress 127.0.0.1\nPasswordAuthentication no\n"
        (self.root / "etc/ssh/sshd_config.d/machine.conf").write_text(settings)
        (self.root / "var/log/journal").mkdir(exist_ok=True)
        public = (self.root / "etc/ssh/ssh_host_ed25519_key.pub").read_text()
        (self.folder / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {public}")

    def start(self, seconds: float = 90) -> None:
        """On return it answers over SSH."""
        command = ["systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit", "--resolv-conf=copy-host"]
        command += [f"--directory={self.root}", f"--machine={self.name}", f"--hostname={self.name}"]
        command += ["--console=pipe", *(f"--bind-ro={path}" for path in self._binds)]
        with open(self.folder / "console.log", "ab") as console:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True
            )
        self.wait(seconds)

    def wait(self, seconds: float = 90) -> None:
        """Until it answers over SSH, and what belongs to its start has been started; jobs of timers may still run."""
        end = time.monotonic() + seconds
        state = ""
        while time.monotonic() < end and self._process and self._process.poll() is None:
            state = self.run("systemctl", "is-active", "multi-user.target", check=False).stdout.strip()
            if state == "active":
                return
            time.sleep(0.5)
        raise AssertionError(f"the machine does not answer ({state}): {self.console()}")

    def restart(self) -> None:
        """It begins anew, as it does when its administrator says so."""
        assert self._process
        self.run("systemctl", "reboot", check=False)
        # With this status nspawn asks whoever has started it to do so again.
        assert self._process.wait(60) == 133, self.console()
        self.start()

    def stop(self, seconds: float = 60) -> None:
        """An orderly end, as of a machine that is switched off by its key."""
        if self._process:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def remove(self) -> None:
        """Nothing of it is left but logs."""
        self.stop()
        subprocess.run(["umount", self.root], check=True)
        for name in ("root", "upper", "work"):
            shutil.rmtree(self.folder / name)

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a program in it, over SSH."""
        words = " ".join("'" + word.replace("'", "'\\''") + "'" for word in command)
        done = subprocess.run(
            ["ssh", *self.ssh_options(), "-p", str(self.port), "root@127.0.0.1", words],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0 or not check, f"{words}: {done.stdout}{done.stderr}"
        return done

    def ssh_options(self) -> list[str]:
        known = f"UserKnownHostsFile={self.folder}/known_hosts"
        options = ["-o", known, "-o", "BatchMode=yes", "-o", "ConnectTimeout=5", "-o", "IdentitiesOnly=yes"]
        return ["-F", "none", "-i", str(self.key), *options]

    def inventory(self) -> dict[str, t.Any]:
        """Of one host, for Ansible."""
        host = {
            "ansible_host": "127.0.0.1",
            "ansible_port": self.port,
            "ansible_user": "root",
            "ansible_ssh_common_args": " ".join(self.ssh_options()),
            "ansible_python_interpreter": "/usr/bin/python3",
        }
        return {"all": {"hosts": {self.name: host}}}

    def play(self, plays: list[dict[str, t.Any]], *argv: str, expected: int = 0) -> str:
        """Run plays on it; what Ansible said."""
        (self.folder / "inventory.json").write_text(json.dumps(self.inventory()))
        playbook = self.folder / "play.yml"
        playbook.write_text(json.dumps(plays))
        done = subprocess.run(
            [ROOT / ".venv/bin/ansible-playbook", "-i", self.folder / "inventory.json", playbook, *argv],
            env={
                **os.environ,
                "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".build"),
                "ANSIBLE_NOCOLOR": "1",
                "ANSIBLE_PIPELINING": "1",
                "ANSIBLE_SSH_CONTROL_PATH_DIR": str(self.folder / "cp"),
                "HOME": str(self.folder),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == expected, done.stdout[-6000:]
        return done.stdout

    def console(self) -> str:
        path = self.folder / "console.log"
        return path.read_text(errors="replace")[-3000:] if path.exists() else ""
