# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Clean roots: folders that hold what RPM repositories hold, and nothing else.

The role C(dlrn_builder) copies this file beside DLRN's build driver, which another Python runs: it needs nothing but
Python's own library, and no other file of the collection.

Programs run with ``setpriv --pdeathsig`` or bubblewrap's ``--die-with-parent``: whoever kills the process that works
on a root kills all that works in it. A folder that such a death left behind is found by its lock, which nobody holds
any more, and removed by the next :func:`workspace` in the same place.
"""

from __future__ import annotations

import configparser
import contextlib
import ctypes
import dataclasses
import fcntl
import hashlib
import os
import platform
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import typing as t
import urllib.request

# dnf's [main] for every root. Nothing of the host's own configuration has a say in it.
MAIN = """[main]
reposdir=/dev/null
gpgcheck=0
install_weak_deps=0
keepcache=1
tsflags=nodocs
"""
_PR_SET_PDEATHSIG = 1
_CLONE_NEWNS = 0x00020000
_MS_REC_PRIVATE = 0x4000 | (1 << 18)


class RootError(Exception):
    """A root could not be made, or a program in it failed; the message names the log."""


class RootTimeout(RootError):
    """A program in a root was ended because its time was over."""


class RepositoryUnreachable(RootError):
    """A repository's metadata can not be read."""


@dataclasses.dataclass(frozen=True)
class Configuration:
    """What a root is made from.

    :param dnf_conf: dnf's whole configuration: ``[main]`` and one section a repository.
    :param releasever: value of ``$releasever``.
    :param packages: names, provides or files of packages to begin with.
    """

    dnf_conf: str
    releasever: str
    packages: tuple[str, ...]

    def repositories(self) -> dict[str, dict[str, str]]:
        """Each enabled repository's options by its id, variables filled in."""
        parser = configparser.ConfigParser(strict=False, interpolation=None)
        parser.read_string(self.dnf_conf)
        variables = {"releasever": self.releasever, "basearch": platform.machine()}
        found = {}
        for name in parser.sections():
            if name == "main" or parser.get(name, "enabled", fallback="1").lower() in ("0", "no", "false"):
                continue
            found[name] = {
                key: re.sub(r"\$\{?(\w+)\}?", lambda match: variables.get(match[1], match[0]), value)
                for key, value in parser.items(name)
            }
        return found

    def without(self, prefix: str) -> Configuration:
        """The same, less the repositories whose address begins with ``prefix``."""
        own = {name for name, options in self.repositories().items() if options.get("baseurl", "").startswith(prefix)}
        parser = configparser.ConfigParser(strict=False, interpolation=None)
        parser.read_string(self.dnf_conf)
        lines = []
        for name in parser.sections():
            if name not in own:
                lines += [f"[{name}]", *(f"{key}={value}" for key, value in parser.items(name))]
        return dataclasses.replace(self, dnf_conf="\n".join(lines) + "\n")

    def checksums(self) -> dict[str, str]:
        """The sha256 of each repository's repomd.xml by its id: what the repositories hold now."""
        return {
            name: hashlib.sha256(_read_repomd(name, options)).hexdigest()
            for name, options in self.repositories().items()
        }

    def key(self) -> str:
        """A name for the root that this makes now; another when a repository's content or an option changed."""
        parts = [self.dnf_conf, self.releasever, *sorted(self.packages), *sorted(map(str, self.checksums().items()))]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def repositories_conf(repositories: t.Iterable[t.Mapping[str, str]]) -> str:
    """dnf's configuration for repositories given as mappings with ``id``, ``baseurl`` and any other option of dnf."""
    text = [MAIN]
    for repository in repositories:
        options = {"name": repository["id"], "enabled": "1", **repository}
        text += [f"[{options.pop('id')}]", *(f"{key}={value}" for key, value in options.items())]
    return "\n".join(text) + "\n"


def _read_repomd(name: str, options: t.Mapping[str, str]) -> bytes:
    """repomd.xml of a repository that has a baseurl, a mirror list or a metalink."""
    try:
        if options.get("baseurl"):
            url = options["baseurl"].split()[0].rstrip(",").rstrip("/") + "/repodata/repomd.xml"
        elif options.get("mirrorlist"):
            mirrors = [line for line in _fetch(options["mirrorlist"]).decode().split() if "://" in line]
            url = mirrors[0].rstrip("/") + "/repodata/repomd.xml"
        else:
            found = re.search(r">\s*(https?://[^<\s]+/repodata/repomd\.xml)", _fetch(options["metalink"]).decode())
            url = found[1] if found else options["metalink"]
        return _fetch(url)
    except (OSError, IndexError, KeyError, ValueError) as error:
        where = options.get("baseurl") or options.get("mirrorlist") or options.get("metalink") or "no address"
        raise RepositoryUnreachable(f"The repository {name} ({where}) can not be read: {error}") from error


# Seconds for all of repomd.xml or a list of mirrors, and bytes of it.
_FETCH_SECONDS, _FETCH_BYTES = 120, 16 << 20


def _fetch(url: str) -> bytes:
    """What is at ``url``. A server that sends a byte at a time resets the socket's time-out with each."""
    if not url.startswith(("http://", "https://", "file://", "ftp://")):
        url = "file://" + os.path.abspath(url)
    found: list[bytes | Exception] = []

    def read() -> None:
        try:
            with urllib.request.build_opener().open(url, timeout=60) as answer:
                found.append(answer.read(_FETCH_BYTES + 1))
        except Exception as error:
            found.append(error)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    thread.join(_FETCH_SECONDS)
    if not found:
        raise OSError(f"it did not answer within {_FETCH_SECONDS} s")
    if isinstance(found[0], Exception):
        raise found[0] if isinstance(found[0], OSError) else OSError(str(found[0]))
    if len(found[0]) > _FETCH_BYTES:
        raise OSError(f"it is larger than {_FETCH_BYTES} bytes")
    return found[0]


class Runner:
    """Runs programs, one after the other, with everything in one log.

    :param log: file that is appended to; the command before its output, its exit status and time after it.
    :param deadline: seconds for all of them together; 0: no end.
    """

    def __init__(self, log: str, deadline: float = 0) -> None:
        self.log = log
        self._end = time.monotonic() + deadline if deadline else 0.0
        self._deadline = deadline

    def note(self, text: str) -> None:
        with open(self.log, "a", encoding="utf-8") as file:
            file.write(text + "\n")

    def run(self, argv: t.Sequence[str], environment: t.Mapping[str, str] | None = None) -> None:
        """Run a program to its end.

        :raises RootError: it is not there, or its exit status is not 0.
        :raises RootTimeout: the time was over; the program and all it started were killed.
        """
        rc = self.status(argv, environment)
        if rc:
            raise RootError(f"{os.path.basename(argv[0])} ended with status {rc}: {shlex.join(argv)}. Log: {self.log}")

    def status(self, argv: t.Sequence[str], environment: t.Mapping[str, str] | None = None) -> int:
        """As :meth:`run`, but any exit status is an answer."""
        start = time.monotonic()
        with open(self.log, "ab") as log:
            log.write(f"+ {shlex.join(argv)}\n".encode())
            log.flush()
            try:
                process = subprocess.Popen(
                    ["setpriv", "--pdeathsig", "KILL", "--", *argv],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=None if environment is None else dict(environment),
                    start_new_session=True,
                )
            except FileNotFoundError as error:
                raise RootError(f"The program setpriv (util-linux) is not installed: {error}") from error
            try:
                rc = process.wait(max(0.0, self._end - start) if self._end else None)
            except subprocess.TimeoutExpired:
                log.write(f"= timeout: ended after {self._deadline:g} s\n".encode())
                raise RootTimeout(f"Ended after {self._deadline:g} s: {shlex.join(argv)}. Log: {self.log}") from None
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            log.write(f"= exit {rc} after {time.monotonic() - start:.1f} s\n".encode())
        return rc


class Dnf:
    """dnf on one root. Its configuration is written beside the root.

    :param folder: holds a home of dnf's own and its cache of metadata and packages.
    """

    def __init__(self, root: str, configuration: Configuration, folder: str, runner: Runner) -> None:
        home = os.path.join(folder, "home")
        os.makedirs(home, exist_ok=True)
        self.root = root
        self.runner = runner
        self.environment = {"PATH": os.environ.get("PATH", "/usr/sbin:/usr/bin"), "LANG": "C.UTF-8", "HOME": home}
        for name in ("http_proxy", "https_proxy", "no_proxy"):
            if name in os.environ:
                self.environment[name] = os.environ[name]
        # Debian's rpm keeps its database in the user's home, also below another root.
        macros = os.path.join(home, ".rpmmacros")
        with open(f"{macros}.{os.getpid()}", "w", encoding="utf-8") as file:
            file.write(f"%_dbpath {_database_path()}\n")
        os.replace(file.name, macros)
        conf = f"{root}.dnf.conf"
        with open(conf, "w", encoding="utf-8") as file:
            file.write(configuration.dnf_conf)
        self.argv = [
            *("dnf", "-y", "-c", conf, "--installroot", root, "--releasever", configuration.releasever),
            # Debian switches it on: it would copy packages into a repository of its own, for later builds to find.
            *("--disableplugin=local", "--setopt=metadata_expire=0", "--setopt=install_weak_deps=0"),
            # A repository that can not be read must not pass for an empty one.
            "--setopt=skip_if_unavailable=0",
            f"--setopt=cachedir={os.path.join(folder, 'dnf')}",
        ]

    def __call__(self, *arguments: str) -> None:
        self.runner.run([*self.argv, *arguments], self.environment)


def _database_path() -> str:
    """Where rpm's database lies in a root: where the host's rpm has it, unless that is somebody's home."""
    path = subprocess.run(["rpm", "--eval", "%_dbpath"], capture_output=True, text=True, check=True).stdout.strip()
    return path if path.startswith(("/usr/", "/var/")) else "/var/lib/rpm"


def bubblewrap(
    root: str,
    argv: t.Sequence[str],
    *,
    writable: bool = False,
    network: bool = False,
    binds: t.Iterable[tuple[str, str, bool]] = (),
    environment: t.Mapping[str, str] | None = None,
    cwd: str = "/",
) -> list[str]:
    """The command that runs ``argv`` in ``root`` and sees nothing else: no process, no network, no file of the host.

    :param writable: whether it may change the root.
    :param network: whether it shares the host's network, with its resolver's configuration.
    :param binds: (path outside, path in the root, writable).
    :param environment: all there is besides PATH, HOME and LANG, which it may set as well.
    """
    command = ["bwrap", "--die-with-parent", "--new-session", "--unshare-all", "--bind" if writable else "--ro-bind"]
    command += [root, "/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]  # noqa: S108 (the root's own)
    if network:
        command += ["--share-net", "--ro-bind-try", "/etc/resolv.conf", "/etc/resolv.conf"]
    for outside, inside, may_write in binds:
        command += ["--bind" if may_write else "--ro-bind", outside, inside]
    variables = {"PATH": "/usr/sbin:/usr/bin", "HOME": "/tmp", "LANG": "C.UTF-8", **(environment or {})}  # noqa: S108
    command.append("--clearenv")
    for name, value in variables.items():
        command += ["--setenv", name, value]
    return [*command, "--chdir", cwd, "--", *argv]


@contextlib.contextmanager
def workspace(folder: str) -> t.Iterator[str]:
    """A folder of one's own below ``folder``, gone in the end; those that killed owners left are removed first."""
    os.makedirs(folder, exist_ok=True)
    with _locked(os.path.join(folder, "workspaces.lock")):
        remove_leftovers(folder)
        path = tempfile.mkdtemp(prefix="work-", dir=folder)
        lock = os.open(path + ".lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield path
    finally:
        remove_tree(path)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path + ".lock")
        os.close(lock)


def remove_leftovers(folder: str) -> list[str]:
    """Remove the workspaces below ``folder`` that nobody works in any more; returns their paths."""
    removed = []
    for name in sorted({name[: -len(".lock")] if name.endswith(".lock") else name for name in os.listdir(folder)}):
        path = os.path.join(folder, name)
        if name.startswith("work-"):
            with contextlib.suppress(BlockingIOError), _locked(path + ".lock", fcntl.LOCK_EX | fcntl.LOCK_NB):
                remove_tree(path)
                os.unlink(path + ".lock")
                removed.append(path)
    return removed


@contextlib.contextmanager
def _locked(path: str, how: int = fcntl.LOCK_EX) -> t.Iterator[None]:
    """Hold a lock file; it ends with the process that holds it, however that ends."""
    handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    try:
        fcntl.flock(handle, how)
        yield
    finally:
        os.close(handle)


def mounts_below(path: str) -> list[str]:
    """Where something is mounted at or below ``path``, the deepest first."""
    inside = os.path.realpath(path)
    with open("/proc/self/mounts", encoding="utf-8") as file:
        points = [line.split()[1].encode().decode("unicode_escape") for line in file]
    return sorted((point for point in points if (point + "/").startswith(inside + "/")), key=len, reverse=True)


def remove_tree(path: str) -> None:
    """Remove a folder, and what may be mounted in it before: never through a mount into something else."""
    for point in mounts_below(path):
        subprocess.run(["umount", "--lazy", point], check=False)
    if mounts_below(path):
        raise RootError(f"{path} can not be removed: something is still mounted at {mounts_below(path)[0]}")
    shutil.rmtree(path, ignore_errors=True)


def end_processes(root: str) -> list[int]:
    """Kill what still runs in a root, and wait until it is gone; returns the processes' numbers.

    Whoever was started there by somebody who is dead now, and lives on.

    :raises RootError: something does not end.
    """
    killed: set[int] = set()
    for _pause in range(100):
        running = _processes_in(root)
        if not running:
            return sorted(killed)
        for pid in running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        killed.update(running)
        time.sleep(0.1)
    raise RootError(f"Processes that run in {root} can not be ended: {_processes_in(root)}")


def _processes_in(root: str) -> list[int]:
    """The processes that take the folder for their root, whatever mount table they see it in."""
    found = []
    with contextlib.suppress(FileNotFoundError):
        wanted = os.stat(root)
        for name in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                if os.path.samestat(os.stat(f"/proc/{name}/root"), wanted):
                    found.append(int(name))
    return found


def die_with_parent() -> None:
    """Have the kernel kill this process as soon as the one that started it is gone."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def private_mounts() -> None:
    """Give this process a mount table of its own, so that all it mounts is gone with its last child.

    :raises OSError: not allowed here.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNS) or libc.mount(b"none", b"/", None, _MS_REC_PRIVATE, None):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def base_root(folder: str, configuration: Configuration, runner: Runner) -> str:
    """The root that ``configuration`` makes, made only when there is none yet for what its repositories hold now.

    It is to be read only: take :func:`copy_root`. Those that nobody has used for a day are removed.
    """
    os.makedirs(folder, exist_ok=True)
    base = os.path.join(folder, f"base-{configuration.key()}")
    with _locked(base + ".lock"):
        if not os.path.isdir(base):
            _remove_old_bases(folder)
            new = base + ".new"
            remove_tree(new)
            Dnf(new, configuration, folder, runner)("install", *configuration.packages)
            os.unlink(f"{new}.dnf.conf")
            os.rename(new, base)
        os.utime(base + ".lock")
    return base


def _remove_old_bases(folder: str, age: float = 86400) -> None:
    for name in os.listdir(folder):
        lock = os.path.join(folder, name)
        if name.startswith("base-") and name.endswith(".lock") and os.path.getmtime(lock) < time.time() - age:
            remove_tree(lock[: -len(".lock")])
            with contextlib.suppress(FileNotFoundError):
                os.unlink(lock)


def copy_root(base: str, space: str, runner: Runner, *, tmpfs: bool = False) -> str:
    """A root of one's own in the folder ``space`` with what ``base`` has.

    An overlay where the kernel lets us, which takes no time; otherwise a copy. Call :func:`private_mounts` before.

    :param tmpfs: keep what changes in memory.
    """
    root, changes = os.path.join(space, "root"), os.path.join(space, "changes")
    os.makedirs(root)
    os.makedirs(changes)
    if tmpfs:
        runner.run(["mount", "-t", "tmpfs", "-o", "mode=0755", "roots", changes])
    upper, work = os.path.join(changes, "upper"), os.path.join(changes, "work")
    os.makedirs(upper)
    os.makedirs(work)
    options = f"lowerdir={base},upperdir={upper},workdir={work}"
    if runner.status(["mount", "-t", "overlay", "-o", options, "root", root]) != 0:
        os.rmdir(root)
        root = os.path.join(changes, "root")
        runner.run(["cp", "-a", "--reflink=auto", base, root])
    return root
