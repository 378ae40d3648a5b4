# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""The one way to run strangers' programs: build backends, macros of specs, scriptlets, test suites.

Example: what a spec file of a stranger says, with nothing of this host but its programs::

    sandbox = Sandbox(binds=(Bind("/srv/checkout", "/in"),), limits=Limits(seconds=10))
    done = confined(["rpmspec", "--query", "--queryformat", "%{name}\\n", "/in/x.spec"], sandbox)

A program in there has processes, a network, users, mounts, a host name and shared memory of its own. It sees the host's
programs (C(/usr)) or a root of its own, and what is bound; it has the variables that are given and no others. It can
write to C(/tmp), which is in memory, has a size and is gone in the end, and to what is bound for writing. It ends with
the process that called, whatever happens to that, and takes with it all that it started.

It is root in a user namespace: on the host its user is one that nothing belongs to (:func:`outer_ids`), so neither a
file of the host, nor a setting of its kernel, nor a key of its users can be its own, even if it broke out of the rest.
What it may write to must belong to that user; :func:`fresh_folder` makes such folders. Called by somebody who is not
root, it is that user instead, without any capability.

The steps are those of ``unshare``, ``mount``, ``setpriv``, ``prlimit`` and bubblewrap, in that order.

The role C(dlrn_builder) copies this file and those that it imports beside DLRN's build driver, which another Python
runs: it needs nothing but Python's own library.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import selectors
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
import typing as t

from .._module.command import find_program, run_command
from .._module.errors import CommandFailed, InvalidInput, TimedOut, Unavailable
from .._module.work_folder import abandoned, owned_prefix

GIB = 2**30
# Users of the host that are nobody's: those that user namespaces are commonly given begin here or above.
FIRST_ID, IDS = 0x7000_0000, 65536
# What rpm needs to lay files out for other users and to run scriptlets in a root, of the users in the namespace alone.
INSTALLING = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETFCAP", "SETGID", "SETUID", "SYS_CHROOT")
# What programs expect that are used to be root.
BUILDING = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "SETGID", "SETUID")
_PAUSE = 0.25
# How bubblewrap ends its last line where the host does not let it make a sandbox
_FORBIDDEN = b": Operation not permitted"
# How the host is seen without a root of one's own: its programs, and the configuration that they do not run without.
_HOST_ETC = (
    *(
        "alternatives",
        "ca-certificates",
        "crypto-policies",
        "dnf",
        "fedora-release",
        "group",
        "ld.so.cache",
        "ld.so.conf",
    ),
    *("ld.so.conf.d", "localtime", "magic", "nsswitch.conf", "os-release", "passwd", "pki/ca-trust"),
    *(
        "pki/rpm-gpg",
        "pki/tls/cert.pem",
        "pki/tls/certs",
        "pki/tls/openssl.cnf",
        "protocols",
        "redhat-release",
        "rpm",
        "services",
    ),
    *("ssl/certs", "ssl/openssl.cnf"),
)
# A mount table of its own, in which everything that is bound lies below one folder that the other user can reach; then
# a user namespace, whose users the caller says; then bubblewrap. Arguments: the folder, the size of what is in memory,
# the first of the users ("": only the caller), for each bind "bind" or "private", what is bound and its name, then "--"
# and the command.
_STEPS = """
set -eu
stage=$1 size=$2 user=$3; shift 3
mount -t tmpfs -o mode=0711 stage "$stage"
mkdir "$stage/scratch"
mount -t tmpfs -o "mode=0711,size=$size" scratch "$stage/scratch"
mkdir -m 1777 "$stage/scratch/tmp" "$stage/scratch/var" "$stage/scratch/shm"
while [ "$1" != -- ]; do
  if [ -d "$2" ]; then mkdir "$stage/$3"; else : > "$stage/$3"; fi
  mount --rbind "$2" "$stage/$3"
  if [ "$1" = private ]; then
    own="$stage/scratch/$3"
    mkdir "$own" "$own/upper" "$own/work"
    [ -z "$user" ] || chown "$user:$user" "$own/upper"
    mount -t overlay -o "lowerdir=$stage/$3,upperdir=$own/upper,workdir=$own/work" own "$stage/$3" 2>/dev/null ||
      { cp -a "$2/." "$own/upper"; mount --bind "$own/upper" "$stage/$3"; }
  fi
  shift 3
done
shift
cd /
[ "$user" ] || exec "$@"
exec unshare --user --keep-caps -- sh -c 'echo ready; read -r go; exec "$@" </dev/null' sh \\
  setpriv --pdeathsig KILL --reuid 0 --regid 0 --clear-groups -- \\
  sh -c '(echo 0 >/proc/sys/user/max_user_namespaces) 2>/dev/null || :; exec "$@"' sh "$@"
"""


class CannotConfine(Unavailable):
    """This host does not let strangers' programs be confined, so they are not run on it."""


class OverLimit(CommandFailed):
    """A program was ended because it used more than it may; ``data`` has ``limit``, which one."""


@dataclasses.dataclass(frozen=True)
class Limits:
    """How much a run may use.

    :param seconds: wall time; 0: no end.
    :param memory: bytes that its processes may have in memory together.
    :param processes: how many there may be at a time. Of another user than root, all that it runs count.
    :param file_size: bytes of one file.
    :param disk: bytes by which what it writes to may grow.
    :param files: how many files it may add there.
    :param scratch: bytes in C(/tmp), C(/var/tmp) and C(/dev/shm) together, which are memory.
    :param output: bytes that it may print.
    """

    seconds: float = 3600
    memory: int = 12 * GIB
    processes: int = 4096
    file_size: int = 8 * GIB
    disk: int = 32 * GIB
    files: int = 2_000_000
    scratch: int = 4 * GIB
    output: int = GIB // 4


@dataclasses.dataclass(frozen=True)
class Bind:
    """A folder or file of the host, and where a confined program sees it.

    :param writable: whether it may write there.
    :param private: that it may write there as well, but what it writes is in memory, its own, and gone in the end.
    """

    source: str
    target: str
    writable: bool = False
    private: bool = False


@dataclasses.dataclass(frozen=True)
class Sandbox:
    """What a program sees and may do.

    :param root: the folder that is its C(/); None: the host's C(/usr) and a little of its C(/etc).
    :param writable: whether it may change the root.
    :param network: whether it shares the host's network. Never for a stranger's program.
    :param links: (path, what it points to): links that lead to what is bound.
    :param roots: where folders are seen that it may take for its root: each has C(proc) and C(dev), which get what
        C(/proc) and C(/dev) have, so that nothing in there needs the right to mount.
    :param environment: its variables besides PATH, HOME and LANG, which it may set as well.
    :param capabilities: those it keeps in its user namespace, :data:`BUILDING` or :data:`INSTALLING`.
    """

    root: str | None = None
    writable: bool = False
    binds: tuple[Bind, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    roots: tuple[str, ...] = ()
    network: bool = False
    environment: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    cwd: str = "/"
    capabilities: tuple[str, ...] = ()
    limits: Limits = Limits()

    def variables(self) -> dict[str, str]:
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8", **self.environment}  # noqa: S108


@dataclasses.dataclass
class Finished:
    """How a program ended.

    :param rc: its exit status.
    :param output: the last part of what it printed, standard error included unless that was kept apart.
    :param errors: the last part of its standard error, where it was kept apart.
    :param seconds: wall time it took.
    """

    rc: int
    output: bytes
    errors: bytes
    seconds: float


def outer_ids() -> tuple[int, int] | None:
    """(first, how many): the host's users and groups that confined programs have; None: only the one who calls.

    :raises CannotConfine: root has no users to spare, as in a container that was given few.
    """
    if os.geteuid() != 0:
        return None
    ranges = _id_ranges()
    for first, _outside, count in ranges:
        if first <= FIRST_ID and first + count >= FIRST_ID + IDS:
            return FIRST_ID, IDS
    first, _outside, count = max(ranges, key=lambda item: item[2])
    if count >= 2 * IDS:
        return first + count - IDS, IDS
    if count >= IDS:
        return first + count // 2, count // 2
    raise CannotConfine(
        f"Strangers' programs are not run here: this container has {count} users, and they need half of {IDS} for "
        "themselves. Give the container more (/etc/subuid, --userns)."
    )


def _id_ranges() -> list[tuple[int, ...]]:
    with open("/proc/self/uid_map", encoding="ascii") as file:
        return [tuple(map(int, line.split())) for line in file]


def give(path: str) -> None:
    """Let confined programs write to a folder or file."""
    ids = outer_ids()
    if ids:
        os.chown(path, ids[0], ids[0], follow_symlinks=False)


def hand_over(source: str, destination: str) -> None:
    """A copy of a folder or file of the host's own for confined programs, whoever may read the original."""
    if os.path.isdir(source):
        shutil.copytree(source, destination, symlinks=True)
    else:
        shutil.copy2(source, destination)
    give(destination)
    for folder, folders, files in os.walk(destination):
        for name in (*folders, *files):
            give(os.path.join(folder, name))


@contextlib.contextmanager
def fresh_folder(parent: str | None = None) -> t.Iterator[str]:
    """An empty folder that confined programs can write to, gone in the end.

    Those that killed processes left in the same place are removed first.
    """
    parent = parent or tempfile.gettempdir()
    for path in abandoned(parent, "confined"):
        remove_folder(path)
    path = tempfile.mkdtemp(prefix=owned_prefix("confined"), dir=parent)
    try:
        give(path)
        yield path
    finally:
        remove_folder(path)


def remove_folder(path: str) -> None:
    """Remove a folder that strangers wrote to, however deep it is; nothing beyond a link or a mount."""
    run_command(["rm", "-rf", "--one-file-system", "--", path], expected=None)


def confined(
    argv: t.Sequence[str],
    sandbox: Sandbox,
    *,
    log: str | None = None,
    expected: t.Container[int] | None = (0,),
    tail: int = 20000,
    apart: bool = False,
    watch: t.Callable[[str], None] | None = None,
) -> Finished:
    """Run a program to its end, and see that nothing is left of it.

    :param log: file that the output is appended to, with the command before and the exit status after it.
    :param expected: exit statuses that are not errors; None: all.
    :param tail: bytes of output kept for the answer.
    :param apart: whether standard error is kept apart from the output.
    :param watch: called with each line as it comes, lines cut at 4096 bytes.
    :raises CannotConfine: this host does not let it be confined.
    :raises NotFound: a program that confines it is not installed.
    :raises OverLimit: it used more than it may.
    :raises TimedOut: its time was over.
    :raises CommandFailed: any other exit status.
    """
    run = _Run(argv, sandbox, tail, watch)
    with open(log or os.devnull, "ab") as file:
        file.write(f"+ {shlex.join(argv)}\n".encode())
        file.flush()
        done, problem = run.to_the_end(file, apart)
        file.write(f"= {problem or f'exit {done.rc}'} after {done.seconds:.1f} s\n".encode())
    where = f" Log: {log}" if log else ""
    data = {"rc": done.rc, "cmd": list(argv), "output": done.output.decode(errors="replace"), "log": log}
    if not run.began:
        said = (done.errors or done.output).decode(errors="replace").strip().splitlines()[-1:]
        raise CannotConfine(
            f"{argv[0]} was not run, because this host does not let strangers' programs be confined: "
            f"{(said or ['no reason was given'])[0][:500]}. It needs bubblewrap and user namespaces "
            "(sysctl user.max_user_namespaces; in a container, the right to mount).",
            **data,
        )
    if problem and problem.startswith("timeout"):
        raise TimedOut(f"{argv[0]} was ended after {sandbox.limits.seconds:g} s.{where}", **data)
    if problem:
        raise OverLimit(f"{argv[0]} was ended: {problem}.{where}", limit=problem, **data)
    if expected is not None and done.rc not in expected:
        printed = (done.errors or done.output).decode(errors="replace").strip().splitlines()[-1:]
        raise CommandFailed(
            f"{argv[0]} ended with status {done.rc}: {(printed or ['it printed nothing'])[0][:500]}.{where}", **data
        )
    return done


def _stage(sources: t.Iterable[str]) -> str:
    """A folder of the host that what is bound can be put below, in a mount table where nobody else sees it."""
    taken = [os.path.realpath(source) + "/" for source in sources]
    for folder in ("/mnt", "/media", "/srv", "/opt", "/boot", "/home"):
        if os.path.isdir(folder) and not any(source.startswith(folder + "/") for source in taken):
            return os.path.realpath(folder)
    raise CannotConfine("There is no folder such as /mnt that nothing of what is to be bound lies below.")


def _host_view() -> list[str]:
    """bubblewrap's options for the host's programs."""
    options = ["--ro-bind", "/usr", "/usr", "--dir", "/etc"]
    for name in ("bin", "sbin", "lib", "lib32", "lib64"):
        path = f"/{name}"
        if os.path.islink(path):
            options += ["--symlink", os.readlink(path), path]
        elif os.path.isdir(path):
            options += ["--ro-bind", path, path]
    for name in _HOST_ETC:
        options += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    return [*options, "--dir", "/var/tmp", "--dir", "/var/lib"]  # noqa: S108 (the sandbox's own)


class _Run:
    def __init__(
        self, argv: t.Sequence[str], sandbox: Sandbox, tail: int, watch: t.Callable[[str], None] | None
    ) -> None:
        for name in ("bwrap", "mount", "prlimit", "setpriv", "sh", "unshare"):
            find_program(name)
        self.sandbox = sandbox
        self.limits = sandbox.limits
        self.began = False
        self._argv = list(argv)
        self._tail = tail
        self._watch = watch
        self._line = b""
        self._output = bytearray()
        self._errors = bytearray()
        self._printed = 0
        self._ids = outer_ids()
        self._namespace = ""  # of the processes in the sandbox

    def _written(self) -> list[str]:
        """Where it can write on disk; not what lies below, which it can take away."""
        folders = [bind.source for bind in self.sandbox.binds if bind.writable]
        folders += [self.sandbox.root] if self.sandbox.root and self.sandbox.writable else []
        return [path for path in folders if not any(path.startswith(other + "/") for other in folders)]

    def _command(self, info: int) -> list[str]:
        """All the steps."""
        sandbox, limits = self.sandbox, self.limits
        sources = [bind.source for bind in sandbox.binds] + ([sandbox.root] if sandbox.root else [])
        for source in sources:
            if not os.path.exists(source):
                raise InvalidInput(f"{source} is not there, and a confined program was to see it.", path=source)
        stage = _stage(sources)
        pairs: list[str] = []
        options: list[str] = []
        if sandbox.root:
            pairs += ["bind", sandbox.root, "root"]
            options += ["--bind" if sandbox.writable else "--ro-bind", f"{stage}/root", "/"]
        else:
            options += _host_view()
        scratch = f"{stage}/scratch"
        options += ["--proc", "/proc", "--dev", "/dev", "--bind", f"{scratch}/shm", "/dev/shm"]  # noqa: S108
        options += ["--remount-ro", "/dev", "--bind", f"{scratch}/tmp", "/tmp"]  # noqa: S108
        there = sandbox.root and not sandbox.writable and os.path.isdir(f"{sandbox.root}/var/tmp")  # noqa: S108
        if there or not sandbox.root:
            options += ["--bind", f"{scratch}/var", "/var/tmp"]  # noqa: S108
        if sandbox.network:
            for path in "/etc/resolv.conf", "/etc/hosts":
                options += ["--ro-bind-try", path, path]
        for number, bind in enumerate(sandbox.binds):
            pairs += ["private" if bind.private else "bind", bind.source, f"bind{number}"]
            options += [
                "--bind" if bind.writable or bind.private else "--ro-bind",
                f"{stage}/bind{number}",
                bind.target,
            ]
        for path, target in sandbox.links:
            options += ["--symlink", target, path]
        for root in sandbox.roots:
            options += ["--proc", f"{root}/proc", "--dev", f"{root}/dev"]
            options += ["--bind", f"{scratch}/shm", f"{root}/dev/shm", "--remount-ro", f"{root}/dev"]  # noqa: S108
        if not sandbox.root:
            options += ["--remount-ro", "/"]
        network = [] if sandbox.network else ["--unshare-net"]
        bwrap = [
            *(
                find_program("bwrap"),
                "--die-with-parent",
                "--new-session",
                "--unshare-ipc",
                "--unshare-pid",
                "--unshare-uts",
            ),
            *("--unshare-cgroup-try", *network, "--hostname", "confined", "--json-status-fd", str(info)),
            *("--cap-drop", "ALL"),
            *(word for name in sandbox.capabilities if self._ids for word in ("--cap-add", f"CAP_{name}")),
            *options,
            *("--chdir", sandbox.cwd, "--", *self._argv),
        ]
        prlimit = ["prlimit", "--core=0", f"--fsize={limits.file_size}", f"--nproc={limits.processes}", "--"]
        users = ["--map-root-user"] if not self._ids else []
        return [
            *("setpriv", "--pdeathsig", "KILL", "--", "unshare", *users, "--mount", "--propagation", "private", "--"),
            *(
                "sh",
                "-c",
                _STEPS,
                "sh",
                stage,
                str(limits.scratch),
                str(self._ids[0]) if self._ids else "",
                *pairs,
                "--",
            ),
            *prlimit,
            *bwrap,
        ]

    def to_the_end(self, log: t.BinaryIO, apart: bool) -> tuple[Finished, str | None]:
        """What came of it, and why it was ended, if it was."""
        start = time.monotonic()
        info, info_in = os.pipe()
        with open(info, "rb") as information:
            try:
                process = subprocess.Popen(
                    self._command(info_in),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE if apart else subprocess.STDOUT,
                    env=self.sandbox.variables(),
                    cwd="/",
                    pass_fds=(info_in,),
                    start_new_session=True,
                    bufsize=0,
                )
            finally:
                os.close(info_in)
            with process:
                problem = None
                try:
                    self._settle(process)
                    self._learn(information)
                    problem = self._copy(process, log, start)
                finally:
                    self._end(process)
            self._judge(process, information)
        output, errors = (bytes(part[-self._tail :]) for part in (self._output, self._errors))
        return Finished(process.returncode, output, errors, time.monotonic() - start), problem

    def _settle(self, process: subprocess.Popen[bytes]) -> None:
        """Say which users the namespace has, as soon as there is one."""
        if not (process.stdin and process.stdout):
            raise AssertionError("it was started with both pipes")
        with process.stdin:
            if not self._ids:
                return
            while not self._output.endswith(b"ready\n"):
                byte = process.stdout.read(1)
                if not byte:
                    return
                self._output += byte
            self._output.clear()
            line = f"0 {self._ids[0]} {self._ids[1]}"
            for name in ("gid_map", "uid_map"):
                with open(f"/proc/{process.pid}/{name}", "w", encoding="ascii") as file:
                    file.write(line)
            process.stdin.write(b"go\n")

    def _learn(self, information: t.BinaryIO) -> None:
        """Which namespace the sandbox has; there is none if it could not be made.

        All that share it are killed in the end, so it is never the caller's own: another process may have the number of
        the sandbox's first one by now.
        """
        with contextlib.suppress(ValueError, KeyError, OSError):
            said = json.loads(information.readline())
            first = said["child-pid"]
            self.began = True
            known = f"pid:[{said['pid-namespace']}]" if "pid-namespace" in said else ""
            namespace = known or os.readlink(f"/proc/{first}/ns/pid")
            if namespace != os.readlink("/proc/self/ns/pid"):
                self._namespace = namespace

    def _judge(self, process: subprocess.Popen[bytes], information: t.BinaryIO) -> None:
        """Whether it had begun: bubblewrap names the program's status, if it was allowed to run it."""
        os.set_blocking(information.fileno(), False)
        ended = b"exit-code" in (information.read() or b"")
        last = bytes(self._errors or self._output).strip().rpartition(b"\n")[2]
        if not ended and process.returncode == 1 and last.startswith(b"bwrap: ") and last.endswith(_FORBIDDEN):
            self.began = False

    def _copy(self, process: subprocess.Popen[bytes], log: t.BinaryIO, start: float) -> str | None:
        """Copy what it prints until it ends; what it used too much of."""
        limits = self.limits
        before = self._space()
        checked = time.monotonic()
        with selectors.DefaultSelector() as selector:
            for stream, kept in ((process.stdout, self._output), (process.stderr, self._errors)):
                if stream:
                    selector.register(stream, selectors.EVENT_READ, kept)
            while selector.get_map():
                if limits.seconds and time.monotonic() - start > limits.seconds:
                    return f"timeout: ended after {limits.seconds:g} s"
                for key, _events in selector.select(_PAUSE):
                    chunk = os.read(key.fd, 65536)
                    if not chunk:
                        selector.unregister(key.fileobj)
                    self._printed += len(chunk)
                    self._keep(chunk, key.data, log)
                if self._printed > limits.output:
                    return f"it printed more than {_size(limits.output)}"
                if time.monotonic() - checked > _PAUSE:
                    problem = self._too_much(before)
                    if problem:
                        return problem
                    checked = time.monotonic()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, start + limits.seconds - time.monotonic()) if limits.seconds else None)
        return None if process.poll() is not None else f"timeout: ended after {limits.seconds:g} s"

    def _keep(self, chunk: bytes, kept: bytearray, log: t.BinaryIO) -> None:
        log.write(chunk)
        log.flush()
        kept += chunk
        if len(kept) > 4 * self._tail:
            del kept[: -self._tail]
        if self._watch:
            *lines, self._line = (self._line + chunk).split(b"\n")
            self._line = self._line[:4096]
            for line in lines:
                self._watch(line[:4096].decode(errors="replace"))

    def _too_much(self, before: t.Sequence[os.statvfs_result]) -> str | None:
        memory = 0
        for pid in self._processes():
            with contextlib.suppress(OSError, ValueError, IndexError):
                with open(f"/proc/{pid}/statm", "rb") as file:
                    numbers = file.read().split()
                # Shared pages count for each who has them, less those of files.
                memory += (int(numbers[1]) - int(numbers[2])) * os.sysconf("SC_PAGE_SIZE")
        if memory > self.limits.memory:
            return f"it had more than {_size(self.limits.memory)} in memory"
        for path, was, now in zip(self._written(), before, self._space()):
            grown = (was.f_bfree - now.f_bfree) * now.f_frsize
            added = was.f_ffree - now.f_ffree
            if now.f_bavail * now.f_frsize < min(GIB // 2, now.f_blocks * now.f_frsize // 50) and grown > GIB // 16:
                return f"the disk that holds {path} is almost full"
            # Others write on that disk as well: only then it is counted.
            if (grown > self.limits.disk or added > self.limits.files) and self._occupied(path):
                return f"it wrote more than {_size(self.limits.disk)} or {self.limits.files} files below {path}"
        return None

    def _space(self) -> list[os.statvfs_result]:
        return [os.statvfs(path) for path in self._written()]

    def _occupied(self, path: str) -> bool:
        """Whether more lies in a folder than may; asked of du, which no depth of folders ends."""
        for option, most in (("--block-size=1", self.limits.disk), ("--inodes", self.limits.files)):
            done = run_command(["du", "-sx", option, "--", path], expected=None, apart=True)
            if done.output and int(done.output.split()[0]) > most:
                return True
        return False

    def _processes(self) -> list[int]:
        """Those in the sandbox, by the host's numbers."""
        found = []
        for name in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                if self._namespace and os.readlink(f"/proc/{name}/ns/pid") == self._namespace:
                    with open(f"/proc/{name}/stat", "rb") as file:
                        # The dead that nobody has asked after yet do nothing any more.
                        if file.read().rpartition(b")")[2].split()[0] not in (b"Z", b"X"):
                            found.append(int(name))
        return found

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        """Kill what still runs, and wait until nothing does."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        end = time.monotonic() + 30
        while self._namespace and self._processes() and time.monotonic() < end:
            for pid in self._processes():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.01)


def _size(number: int) -> str:
    return f"{number / GIB:.3g} GiB"
