# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""The one way to run somebody else's program: argv only, output in a log file, an end to its time, no orphans."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import os
import selectors
import shlex
import shutil
import signal
import subprocess
import time
import typing as t

from .errors import CommandFailed, InvalidInput, NotFound, TimedOut
from .files import open_state

# How to get a program that bindep.txt names, by the host's package manager.
PACKAGES = {
    "bwrap": {"apt": "bubblewrap", "dnf": "bubblewrap"},
    "createrepo_c": {"apt": "createrepo-c", "dnf": "createrepo_c"},
    "debugfs": {"apt": "e2fsprogs", "dnf": "e2fsprogs"},
    "dnf": {"apt": "dnf dnf-plugins-core", "dnf": "dnf dnf-plugins-core"},
    "git": {"apt": "git", "dnf": "git-core"},
    "gpg": {"apt": "gnupg", "dnf": "gnupg2"},
    "gpgv": {"apt": "gpgv", "dnf": "gnupg2"},
    "mke2fs": {"apt": "e2fsprogs", "dnf": "e2fsprogs"},
    "mksquashfs": {"apt": "squashfs-tools", "dnf": "squashfs-tools"},
    "mock": {"dnf": "mock"},
    "mount": {"apt": "util-linux", "dnf": "util-linux"},
    "ostree": {"apt": "ostree", "dnf": "ostree"},
    "prlimit": {"apt": "util-linux", "dnf": "util-linux"},
    "qemu-img": {"apt": "qemu-utils", "dnf": "qemu-img"},
    "rpm": {"apt": "rpm", "dnf": "rpm"},
    "rpmbuild": {"apt": "rpm", "dnf": "rpm-build"},
    "rpmkeys": {"apt": "rpm", "dnf": "rpm"},
    "rpmlint": {"apt": "rpmlint", "dnf": "rpmlint"},
    "rpmsign": {"apt": "rpm", "dnf": "rpm-sign"},
    "rpmspec": {"apt": "rpm", "dnf": "rpm-build"},
    "rsync": {"apt": "rsync", "dnf": "rsync"},
    "setpriv": {"apt": "util-linux", "dnf": "util-linux"},
    "spectool": {"dnf": "rpmdevtools"},
    "ssh": {"apt": "openssh-client", "dnf": "openssh-clients"},
    "tar": {"apt": "tar", "dnf": "tar"},
}


# Bytes of an unfinished line that are kept.
_LINE = 1 << 16


@dataclasses.dataclass
class Finished:
    """How a program ended.

    :param rc: its exit status; negative: the signal that ended it.
    :param output: the last part of what it printed, standard error included unless that is kept apart.
    :param seconds: wall time it took.
    :param errors: the last part of standard error, if it is kept apart.
    """

    rc: int
    output: str
    seconds: float
    errors: str = ""


def find_program(name: str) -> str:
    """The path of ``name``.

    :raises NotFound: with the command that installs it, for the package manager that is here.
    """
    path = shutil.which(name)
    if path:
        return path
    manager = "dnf" if shutil.which("dnf") and not shutil.which("apt-get") else "apt"
    package = PACKAGES.get(name, {}).get(manager)
    if package is None:
        advice = "It is not packaged for this host." if name in PACKAGES else "Install it, or add it to PATH."
    elif manager == "dnf":
        advice = f"Install it with: dnf install {package}"
    else:
        advice = f"Install it with: apt-get install {package}"
    raise NotFound(f"The program {name} is not installed. {advice}", program=name)


def run_command(
    argv: t.Sequence[str],
    *,
    log: str | None = None,
    timeout: float | None = None,
    cwd: str | None = None,
    environment: t.Mapping[str, str] | None = None,
    expected: t.Container[int] | None = (0,),
    tail: int = 20000,
    watch: t.Callable[[str], None] | None = None,
    held: t.Sequence[int] = (),
    apart: bool = False,
    tied: bool = False,
) -> Finished:
    """Run a program to its end.

    :param argv: program and arguments; never a shell line, never a secret.
    :param log: file that the output is appended to, with the command before and the exit status after it; its folder is
        made if need be.
    :param timeout: seconds; then the program and all it started in its process group are killed.
    :param environment: the whole environment; None: this process's own.
    :param expected: exit statuses that are not errors; None: all of them.
    :param tail: bytes of output kept for the answer.
    :param watch: called with each line of output as it comes.
    :param held: descriptors of locks that the program should hold as well: when this process is killed, they stay held
        until the program has ended, so that nobody else begins while it is still at work.
    :param apart: keep standard error out of the output, for programs whose output is data.
    :param tied: the kernel kills the program as soon as this thread is gone, however that ends.
    :raises CommandFailed: any other exit status, or it cannot be started.
    :raises TimedOut: when ``timeout`` was over.
    :raises InvalidInput: the log cannot be written.
    """
    program = [find_program(argv[0]) if "/" not in argv[0] else argv[0], *argv[1:]]
    start = time.monotonic()
    output, errors = bytearray(), bytearray()
    with _full_disk_named(log), _open_log(log) as log_file, contextlib.ExitStack() as pipes:
        log_file.write(f"+ {shlex.join(program)}\n".encode())
        log_file.flush()
        kept: dict[t.BinaryIO, bytearray] = {}
        ends = []
        for part in (output, errors) if apart else (output,):
            read_end, write_end = os.pipe()
            kept[pipes.enter_context(open(read_end, "rb", buffering=0))] = part
            ends.append(write_end)
        try:
            process = subprocess.Popen(
                [*([find_program("setpriv"), "--pdeathsig", "KILL", "--"] if tied else []), *program],
                stdin=subprocess.DEVNULL,
                stdout=ends[0],
                stderr=ends[-1],
                cwd=cwd,
                env=None if environment is None else dict(environment),
                start_new_session=True,
                pass_fds=held,
            )
        except OSError as error:
            known = {"rc": 126, "cmd": list(argv), "output": str(error), "log": log}
            raise CommandFailed(f"{argv[0]} cannot be started: {error}.", **known) from error
        finally:
            for end in ends:
                os.close(end)
        try:
            timed_out = _copy_output(kept, process, log_file, tail, start, timeout, watch)
        finally:
            # Also what it left behind: nothing that we started goes on when we are done.
            _kill_group(process)
            rc = process.wait()
        seconds = time.monotonic() - start
        how = f"timeout: ended after {seconds:.1f} s" if timed_out else f"exit {rc} after {seconds:.1f} s"
        log_file.write(f"= {how}\n".encode())
    texts = [part[-tail:].decode(errors="replace") for part in (output, errors)]
    finished = Finished(rc, texts[0], seconds, texts[1])
    said = finished.output + finished.errors
    data = {"rc": rc, "cmd": list(argv), "output": said, "log": log}
    where = f" Log: {log}" if log else ""
    if timed_out:
        raise TimedOut(f"{argv[0]} was ended after {timeout:g} s.{where}", **data)
    if expected is not None and rc not in expected:
        last = said.strip().splitlines()[-1:] or ["it printed nothing"]
        raise CommandFailed(f"{argv[0]} ended with status {rc}: {last[0]}.{where}", **data)
    return finished


@contextlib.contextmanager
def _full_disk_named(log: str | None) -> t.Iterator[None]:
    """Say which file it was that a disk had no room for; the system does not."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        raise InvalidInput(f"The log {log} cannot be written: {error}.", log=log) from error


def _open_log(path: str | None) -> t.BinaryIO:
    try:
        os.makedirs(os.path.dirname(os.path.abspath(path or os.devnull)), exist_ok=True)
        if path is None:
            return open(os.devnull, "ab")
        return open_state(path, "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    except (OSError, InvalidInput) as error:
        raise InvalidInput(f"The log {path} cannot be written: {error}", log=path) from error


def _copy_output(
    kept: t.Mapping[t.BinaryIO, bytearray],
    process: subprocess.Popen[bytes],
    log_file: t.BinaryIO,
    tail: int,
    start: float,
    timeout: float | None,
    watch: t.Callable[[str], None] | None,
) -> bool:
    """Copy what ``process`` prints until it ends; True when its time was over before."""
    unfinished = b""
    with selectors.DefaultSelector() as selector:
        for reader, output in kept.items():
            selector.register(reader, selectors.EVENT_READ, output)
        while selector.get_map():
            left = 0.2 if timeout is None else timeout - (time.monotonic() - start)
            if left <= 0:
                return True
            ready = selector.select(min(left, 0.2))
            # A program that ended but left a child holding the pipe open must not be waited for; but what it printed
            # since nothing was there is read.
            if not ready and process.poll() is not None:
                ready = selector.select(0)
                if not ready:
                    return False
            for key, _events in ready:
                chunk = os.read(key.fd, 65536)
                if not chunk:
                    selector.unregister(key.fileobj)
                    continue
                key.data.extend(chunk)
                if len(key.data) > 4 * tail:
                    del key.data[:-tail]
                log_file.write(chunk)
                log_file.flush()
                if watch:
                    *lines, unfinished = (unfinished + chunk).split(b"\n")
                    for line in lines:
                        watch(line.decode(errors="replace"))
                    # A line without an end is not kept in memory for ever.
                    unfinished = unfinished[-_LINE:]
    # It closed its output; it may still be at work.
    try:
        process.wait(None if timeout is None else max(0.0, timeout - (time.monotonic() - start)))
    except subprocess.TimeoutExpired:
        return True
    return False


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """End a program and everything in its process group, without asking."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
