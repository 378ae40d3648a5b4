# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Clean roots: folders that hold what RPM repositories hold, and nothing else.

What is in a root belongs to the users of the sandbox (:mod:`.._sandbox.confine`), and only confined programs change it:
packages bring scriptlets along, and dnf follows the links in a root that it works on. dnf therefore runs twice where a
repository is on the network: it first downloads, which runs nothing of a package, and then installs without network.

The role C(dlrn_builder) copies this file and those that it imports beside DLRN's build driver, which another Python
runs: it needs nothing but Python's own library.

Whoever kills the process that works on a root kills all that works in it. A folder that such a death left behind is
found by its lock, which nobody holds any more, and removed by the next :func:`workspace` in the same place.
"""

from __future__ import annotations

import configparser
import contextlib
import ctypes
import dataclasses
import hashlib
import html
import os
import platform
import re
import shlex
import signal
import stat
import tempfile
import threading
import time
import typing as t
import urllib.parse
import urllib.request

from .._module.command import run_command
from .._module.errors import CommandFailed, Conflict, NotFound, TimedOut
from .._module.lock import held_lock
from .._module.progress import say
from .._sandbox.confine import INSTALLING, Bind, CannotConfine, Limits, Sandbox, confined, give, remove_folder

# Whose files a root's are has changed with this: an older one is made anew.
VERSION = "2"
# dnf's [main] for every root. Nothing of the host's own configuration has a say in it.
MAIN = """[main]
reposdir=/dev/null
gpgcheck=0
install_weak_deps=0
keepcache=1
tsflags=nodocs
"""
# An option of a repository that dnf does not know: the sha256 that its repomd.xml must have.
PIN = "repomd_sha256"
_YES = ("1", "yes", "true", "on")
# Seconds in which whoever holds a lock should be done, where the work itself has no end to its time.
_PATIENCE = 7200
_PR_SET_PDEATHSIG = 1
_CLONE_NEWNS = 0x00020000
_MS_REC_PRIVATE = 0x4000 | (1 << 18)


class RootError(Exception):
    """A root could not be made, or a program in it failed; the message names the log."""


class RootTimeout(RootError):
    """A program in a root was ended because its time was over."""


class RepositoryUnreachable(RootError):
    """A repository's metadata cannot be read."""


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
        """The sha256 of each repository's repomd.xml by its id: what the repositories hold now.

        :raises RepositoryUnreachable: one cannot be read, or does not hold what it is pinned to.
        """
        found = {}
        for name, options in self.repositories().items():
            found[name] = hashlib.sha256(_read_repomd(name, options)).hexdigest()
            if options.get(PIN, found[name]) != found[name]:
                raise RepositoryUnreachable(
                    f"The repository {name} ({_shown(options)}) is not what it was: its repomd.xml has the sha256 "
                    f"{found[name]}, pinned is {options[PIN]}."
                )
        return found

    def unchecked(self) -> list[str]:
        """The repositories whose packages' signatures are not checked."""
        everywhere = configparser.ConfigParser(strict=False, interpolation=None)
        everywhere.read_string(self.dnf_conf)
        default = everywhere.get("main", "gpgcheck", fallback="0")
        return [name for name, options in self.repositories().items() if options.get("gpgcheck", default) not in _YES]

    def key(self) -> str:
        """A name for the root that this makes now; another when a repository's content or an option changed."""
        parts = [
            VERSION,
            self.dnf_conf,
            self.releasever,
            *sorted(self.packages),
            *sorted(map(str, self.checksums().items())),
        ]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def repositories_conf(repositories: t.Iterable[t.Mapping[str, str]]) -> str:
    """dnf's configuration for repositories given as mappings with ``id``, ``baseurl`` and any other option of dnf.

    Where a key is given, signatures are checked unless it says otherwise. :data:`PIN` is an option that dnf does not
    know: the sha256 of the repomd.xml that it must have.
    """
    text = [MAIN]
    for repository in repositories:
        options = {"name": repository["id"], "enabled": "1", **repository}
        if options.get("gpgkey"):
            options.setdefault("gpgcheck", "1")
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
        raise RepositoryUnreachable(f"The repository {name} ({_shown(options)}) cannot be read: {error}") from error


def _shown(options: t.Mapping[str, str]) -> str:
    """A repository's address for a message."""
    where = options.get("baseurl") or options.get("mirrorlist") or options.get("metalink") or "no address"
    return re.sub(r"(://)[^/@\s]+@", r"\1***@", where)


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
        left = self._left()
        try:
            return run_command(
                argv, log=self.log, timeout=left or None, environment=environment, expected=None, tied=True
            ).rc
        except TimedOut as error:
            raise RootTimeout(f"Ended after {self._deadline:g} s: {shlex.join(argv)}. Log: {self.log}") from error
        except (CommandFailed, NotFound) as error:
            raise RootError(error.message) from error

    @contextlib.contextmanager
    def locked(self, path: str, shared: bool = False) -> t.Iterator[None]:
        """Hold a lock; who has to wait for it says so in the log.

        :raises RootTimeout: the time was over.
        """
        with _locked(path, self._left() or _PATIENCE, shared, self._note_waiting):
            yield

    def _note_waiting(self, text: str) -> None:
        self.note(text)
        say(text)

    def _left(self) -> float:
        """Seconds; 0: no end."""
        return max(0.001, self._end - time.monotonic()) if self._end else 0.0

    def confined(self, argv: t.Sequence[str], sandbox: Sandbox) -> None:
        """As :meth:`run`, for what strangers have a say in.

        :raises RootError: as well when this host cannot confine it, or it used more than it may.
        """
        sandbox = dataclasses.replace(sandbox, limits=dataclasses.replace(sandbox.limits, seconds=self._left()))
        try:
            done = confined(argv, sandbox, log=self.log, expected=None)
        except TimedOut as error:
            raise RootTimeout(f"Ended after {self._deadline:g} s: {shlex.join(argv)}. Log: {self.log}") from error
        except (CommandFailed, CannotConfine) as error:
            raise RootError(error.message) from error
        if done.rc:
            raise RootError(
                f"{os.path.basename(argv[0])} ended with status {done.rc}: {shlex.join(argv)}. Log: {self.log}"
            )


class Dnf:
    """dnf on one root, confined.

    :param folder: holds a home of dnf's own and its cache of metadata and packages.
    """

    def __init__(self, root: str, configuration: Configuration, folder: str, runner: Runner) -> None:
        self.root = root
        self.runner = runner
        self._home = os.path.join(folder, "home")
        self._cache = os.path.join(folder, "dnf-cache")
        self._repositories = configuration.repositories()
        self._conf = configuration.dnf_conf
        for path in root, self._home, self._cache:
            os.makedirs(path, exist_ok=True)
        for path in root, self._cache:
            give(path)
        # Debian's rpm keeps its database in the user's home, also below another root.
        _write(os.path.join(self._home, ".rpmmacros"), f"%_dbpath {_database_path()}\n")
        self.argv = [
            *("dnf", "-y", "-c", "/tmp/dnf.conf", "--installroot", root, "--releasever", configuration.releasever),  # noqa: S108
            # Debian switches it on: it would copy packages into a repository of its own, for later builds to find.
            *("--disableplugin=local", "--setopt=metadata_expire=0", "--setopt=install_weak_deps=0"),
            # A repository that cannot be read must not pass for an empty one.
            "--setopt=skip_if_unavailable=0",
            # Not what a package put into the root.
            *("--setopt=varsdir=/etc/dnf/vars", f"--setopt=cachedir={self._cache}"),
        ]

    def __call__(self, *arguments: str, files: t.Sequence[str] = ()) -> None:
        """Run dnf.

        :param files: folders of the host that ``arguments`` name files in.
        """
        remote = any(map(_is_remote, self._repositories.values()))
        # dnf's own locks name processes, of which each of these sees only its own.
        lock = f"{self._cache}.lock"
        if remote:
            with self.runner.locked(lock):
                self._run([*self.argv, *arguments, "--downloadonly"], files, network=True)
        with self.runner.locked(lock, shared=True):
            self._run([*self.argv, *(["-C"] if remote else []), *arguments], files, network=False)

    def query(self, *arguments: str, repositories: bool = False) -> str:
        """What dnf says of the root alone, or of the repositories, without a network.

        :raises RootError: it cannot say it.
        """
        # Of those on the network, what was kept when they were last used; the others are here.
        remote = any(map(_is_remote, self._repositories.values()))
        alone = ["-C", "--disablerepo=*"] if not repositories else ["-C"] if remote else []
        try:
            done = confined(
                [*self.argv, "-q", *alone, *arguments],
                self._sandbox((), False),
                apart=True,
                tail=2**24,
            )
        except (CommandFailed, TimedOut, CannotConfine) as error:
            raise RootError(error.message) from error
        return done.output.decode(errors="replace")

    def _run(self, argv: t.Sequence[str], files: t.Sequence[str], network: bool) -> None:
        self.runner.confined(argv, self._sandbox(files, network))

    def _sandbox(self, files: t.Sequence[str], network: bool) -> Sandbox:
        environment = {"HOME": self._home}
        local = [options["baseurl"] for options in self._repositories.values() if not _is_remote(options)]
        folders = [
            urllib.parse.unquote(url.split("://", 1)[-1]) for urls in local for url in re.split(r"[\s,]+", urls) if url
        ]
        keys = [
            urllib.parse.unquote(word[len("file://") :])
            for options in self._repositories.values()
            for word in options.get("gpgkey", "").split()
            if word.startswith("file://")
        ]
        if network:
            environment.update({name: os.environ[name] for name in PROXIES if name in os.environ})
            # Certificates of the host are for downloading only.
            keys += [
                options[name] for options in self._repositories.values() for name in CERTIFICATES if name in options
            ]
        conf = f"{self.root}.dnf.conf"
        _write(conf, _configuration(self._conf, network))
        pins = f"{self.root}.pins"
        os.makedirs(pins, exist_ok=True)
        for options in self._repositories.values():
            if options.get(PIN):
                _write(os.path.join(pins, _pin_name(options[PIN])), _metalink(options))
        seen, links = _whole([path for path in [*folders, *keys, *files] if os.path.exists(path)])
        return Sandbox(
            binds=(
                *(Bind(path, path) for path in seen),
                Bind(self._home, self._home),
                # What is there without network may run scriptlets: they have no say in what later roots are made from.
                Bind(self._cache, self._cache, writable=network, private=not network),
                Bind(self.root, self.root, writable=True),
                Bind(conf, "/tmp/dnf.conf"),  # noqa: S108 (the sandbox's own)
                Bind(pins, PINS),
            ),
            links=links,
            network=network,
            environment=environment,
            capabilities=INSTALLING,
            limits=Limits(),
        )


def _whole(paths: t.Iterable[str]) -> tuple[list[str], tuple[tuple[str, str], ...]]:
    """What has to be seen so that local repositories are whole, and the links that lead to it.

    Packages of a repository of DLRN's are links to where each was built, and its labels are links to repositories.
    """
    found: set[str] = set()
    links = {}
    for path in paths:
        path = os.path.abspath(path)
        real = os.path.realpath(path)
        found.add(real)
        if real != path:
            links[path] = real
        for folder, _folders, names in os.walk(real):
            entries = (os.path.join(folder, name) for name in names if name.endswith(".rpm"))
            found.update(os.path.dirname(os.path.realpath(entry)) for entry in entries if os.path.islink(entry))
    outermost: list[str] = []
    for path in sorted(found):
        if not any((path + "/").startswith(other + "/") for other in outermost):
            outermost.append(path)
    inside = tuple(
        (path, real)
        for path, real in sorted(links.items())
        if not any((path + "/").startswith(other + "/") for other in outermost)
    )
    return outermost, inside


PINS = "/tmp/pins"  # noqa: S108 (the sandbox's own)
PROXIES = ("http_proxy", "https_proxy", "no_proxy")
CERTIFICATES = ("sslcacert", "sslclientcert", "sslclientkey")
_SECRETS = re.compile(r"(?:(?:proxy_)?(?:username|password)|proxy|sslclientkey|sslclientcert)\s*[=:]")
_ADDRESS = re.compile(r"(?:baseurl|metalink|mirrorlist)\s*[=:]")


def _is_remote(options: t.Mapping[str, str]) -> bool:
    """Whether a repository is on the network."""
    words = re.split(r"[\s,]+", options.get("baseurl", "").strip(", "))
    return not all(word.startswith(("file://", "/")) for word in words if word) or "baseurl" not in options


def _configuration(text: str, network: bool) -> str:
    """dnf's configuration with passwords as options of their own, and for who needs none without them.

    dnf names its cache by the address, which therefore must be the same with and without the network.
    """
    lines = []
    for line in text.splitlines():
        found = re.search(r"://([^/@\s:]+)(?::([^/@\s]*))?@", line) if _ADDRESS.match(line) else None
        if found:
            line = re.sub(r"(://)[^/@\s]+@", r"\1", line)
            given = {"username": found[1], "password": found[2] or ""}
            lines += [f"{name}={urllib.parse.unquote(value)}" for name, value in given.items() if network]
        pin = re.fullmatch(rf"{PIN}\s*[=:]\s*(\w+)\s*", line)
        if pin:
            lines.append(f"metalink=file://{PINS}/{_pin_name(pin[1])}")
        elif network or not _SECRETS.match(line):
            lines.append(line)
    return "\n".join(lines) + "\n"


def _pin_name(checksum: str) -> str:
    return f"{checksum}.xml"


def _metalink(options: t.Mapping[str, str]) -> str:
    """The list of mirrors that has dnf take one repomd.xml and no other, from one address."""
    address = options["baseurl"].split()[0].rstrip(",").rstrip("/") + "/repodata/repomd.xml"
    if "://" not in address:
        address = "file://" + address
    address = re.sub(r"(://)[^/@\s]+@", r"\1", address)
    kind = address.partition(":")[0]
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<metalink version="3.0" xmlns="http://www.metalinker.org/">\n'
        f'<files><file name="repomd.xml"><verification><hash type="sha256">{options[PIN]}</hash></verification>\n'
        f'<resources><url protocol="{kind}" type="{kind}">{html.escape(address)}</url></resources></file></files>\n'
        "</metalink>\n"
    )


def _write(path: str, text: str) -> None:
    temporary = f"{path}.{os.getpid()}"
    with open(temporary, "w", encoding="utf-8") as file:
        file.write(text)
        os.fchmod(file.fileno(), 0o644)
    os.replace(temporary, path)


def _database_path() -> str:
    """Where rpm's database lies in a root: where the host's rpm has it, unless that is somebody's home."""
    path = run_command(["rpm", "--eval", "%_dbpath"], timeout=60, apart=True).output.strip()
    return path if path.startswith(("/usr/", "/var/")) else "/var/lib/rpm"


@contextlib.contextmanager
def workspace(folder: str) -> t.Iterator[str]:
    """A folder of one's own below ``folder``, gone in the end; those that killed owners left are removed first."""
    os.makedirs(folder, exist_ok=True)
    with contextlib.ExitStack() as held:
        with _locked(os.path.join(folder, "workspaces.lock")):
            remove_leftovers(folder)
            path = tempfile.mkdtemp(prefix="work-", dir=folder)
            held.enter_context(_locked(path + ".lock"))
        try:
            yield path
        finally:
            remove_tree(path)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path + ".lock")


def remove_leftovers(folder: str) -> list[str]:
    """Remove the workspaces below ``folder`` that nobody works in any more; returns their paths."""
    removed = []
    for name in sorted({name[: -len(".lock")] if name.endswith(".lock") else name for name in os.listdir(folder)}):
        path = os.path.join(folder, name)
        if name.startswith("work-"):
            with contextlib.suppress(Conflict), held_lock(path + ".lock", {"removes": path}):
                remove_tree(path)
                os.unlink(path + ".lock")
                removed.append(path)
    return removed


@contextlib.contextmanager
def _locked(
    path: str, timeout: float = _PATIENCE, shared: bool = False, waiting: t.Callable[[str], None] = say
) -> t.Iterator[None]:
    """Hold a lock file; it ends with the process that holds it, however that ends.

    :raises RootTimeout: somebody else held it all the time.
    """
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(held_lock(path, {"for": "roots"}, timeout, shared=shared, waiting=waiting))
        except Conflict as error:
            raise RootTimeout(error.message) from error
        yield


def mounts_below(path: str) -> list[str]:
    """Where something is mounted at or below ``path``, the deepest first."""
    inside = os.path.realpath(path)
    with open("/proc/self/mounts", encoding="utf-8") as file:
        points = [line.split()[1].encode().decode("unicode_escape") for line in file]
    return sorted((point for point in points if (point + "/").startswith(inside + "/")), key=len, reverse=True)


def remove_tree(path: str) -> None:
    """Remove a folder, and what may be mounted in it before: never through a mount into something else."""
    for point in mounts_below(path):
        run_command(["umount", "--lazy", point], timeout=60, expected=None)
    if mounts_below(path):
        raise RootError(f"{path} cannot be removed: something is still mounted at {mounts_below(path)[0]}")
    remove_folder(path)


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
    raise RootError(f"Processes that run in {root} cannot be ended: {_processes_in(root)}")


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

    It should be read only: take :func:`copy_root`. Those that nobody has used for a day are removed.
    """
    os.makedirs(folder, exist_ok=True)
    base = os.path.join(folder, f"base-{configuration.key()}")
    with runner.locked(base + ".lock"):
        if not os.path.isdir(base):
            _remove_old_bases(folder)
            new = base + ".new"
            remove_tree(new)
            Dnf(new, configuration, folder, runner)("install", *configuration.packages)
            forget(new)
            mount_points(new)
            os.rename(new, base)
        os.utime(base + ".lock")
    return base


def forget(root: str) -> None:
    """Remove what dnf's configuration for a root is kept in."""
    for path in f"{root}.dnf.conf", f"{root}.pins":
        remove_folder(path)


def mount_points(root: str) -> None:
    """Make the folders that a root needs to be worked in, where its packages have made none.

    :raises RootError: there is something else in place of one, for example a link.
    """
    for name in "proc", "dev", "tmp", "builddir":
        path = os.path.join(root, name)
        with contextlib.suppress(FileExistsError):
            os.mkdir(path, 0o755)
            give(path)
        if not stat.S_ISDIR(os.lstat(path).st_mode):
            raise RootError(f"{path} is not a folder: the root's packages put something else there.")


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
    give(upper)
    options = f"lowerdir={base},upperdir={upper},workdir={work}"
    if runner.status(["mount", "-t", "overlay", "-o", options, "root", root]) != 0:
        os.rmdir(root)
        root = os.path.join(changes, "root")
        runner.run(["cp", "-a", "--reflink=auto", base, root])
    return root
