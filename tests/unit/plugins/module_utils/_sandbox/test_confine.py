# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a confined program can see, reach, use up and leave behind, with the real bubblewrap."""

from __future__ import annotations

import io
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import threading
import time

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._module.errors import (
    CommandFailed,
    InvalidInput,
    NotFound,
    TimedOut,
)
from ansible_collections.rdo.releng.plugins.module_utils._sandbox import confine
from ansible_collections.rdo.releng.plugins.module_utils._sandbox.confine import (
    BUILDING,
    INSTALLING,
    Bind,
    CannotConfine,
    Limits,
    OverLimit,
    Sandbox,
    confined,
    fresh_folder,
    outer_ids,
)

if not shutil.which("bwrap"):
    pytest.skip("bubblewrap is not installed", allow_module_level=True)

SHORT = Limits(seconds=60)


def said(script, **options):
    options.setdefault("limits", SHORT)
    return confined(["sh", "-c", script], Sandbox(**options), expected=None).output.decode()


def running(word):
    found = []
    # Not by a glob: that asks for each file once more, and fails where a process has ended meanwhile.
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            found += [int(pid)] if word in pathlib.Path("/proc", pid, "cmdline").read_text().split("\0") else []
        except OSError:
            continue
    return found


def test_it_sees_the_hosts_programs_and_nothing_else(tmp_path):
    (tmp_path / "secret").write_text("s3cr3t")
    output = said(
        f"cat {tmp_path}/secret /etc/shadow; ls /home /root /work {tmp_path}; ls /; ls /etc; "
        "touch /usr/x /etc/x /x /dev/x; hostname",
    )
    assert "s3cr3t" not in output and output.splitlines()[-1] == "confined"
    assert output.count("Read-only file system") == 4
    assert not {"root", "home", "shadow", "work", "ssh"} & set(output.split("\n"))


def test_its_variables_are_those_that_are_given(monkeypatch):
    monkeypatch.setenv("DLRNAPI_PASSWORD", "s3cr3t")
    output = said("env; tr '\\0' '\\n' </proc/1/environ", environment={"A": "b"})
    assert "A=b" in output and "s3cr3t" not in output and "DLRNAPI" not in output


def test_it_reaches_no_network():
    hits = []
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as abstract:
        abstract.bind(f"\0releng-{os.getpid()}")
        abstract.listen()
        server.settimeout(0.1)
        output = said(
            f"{sys.executable if sys.executable.startswith('/usr/') else 'python3'} -c '"
            "import socket\n"
            f'for f, a in ((2, ("127.0.0.1", {server.getsockname()[1]})), (1, "\\0releng-{os.getpid()}")):\n'
            '    try:\n        socket.socket(f).connect(a); print("connected")\n'
            '    except OSError as e: print("no")\''
        )
        with pytest.raises(TimeoutError):
            hits.append(server.accept())
    assert output.split() == ["no", "no"] and not hits


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives others away")
def test_it_is_nobody_on_the_host(tmp_path):
    with fresh_folder(str(tmp_path)) as folder:
        said(
            "touch /out/file; chown 12:34 /out/file; cp /bin/sh /out/sh; chmod 4755 /out/sh; mknod /out/sda b 8 0",
            binds=(Bind(folder, "/out", writable=True),),
            capabilities=BUILDING,
        )
        first, _count = outer_ids()
        status = os.stat(f"{folder}/file")
        assert (status.st_uid, status.st_gid) == (first + 12, first + 34)
        assert os.stat(f"{folder}/sh").st_uid == first, "set-user-ID to nobody"
        assert not os.path.exists(f"{folder}/sda"), "a device of the host"
    assert list(tmp_path.iterdir()) == []
    for capabilities in (), BUILDING, INSTALLING:
        output = said(
            "echo x >/proc/sys/kernel/core_pattern; mount -t tmpfs x /tmp && echo DONE; unshare -Ur echo DONE",
            capabilities=capabilities,
        )
        assert "DONE" not in output and "core_pattern: " in output


def test_a_root_of_its_own(tmp_path):
    root = tmp_path / "root"
    for name in "usr", "proc", "dev", "tmp", "etc":
        (root / name).mkdir(parents=True)
    for name in ("bin", "lib", "lib64"):
        if os.path.islink(f"/{name}"):
            (root / name).symlink_to(os.readlink(f"/{name}"))
    binds = (Bind("/usr", "/usr"),)
    assert "only" in said("touch /etc/x; cat /etc/passwd", root=str(root), binds=binds)
    confine.give(str(root / "etc"))
    said("touch /etc/x", root=str(root), writable=True, binds=binds)
    assert (root / "etc/x").exists()


@pytest.mark.parametrize(
    ("script", "limits", "reason"),
    [
        ("yes", Limits(seconds=60, output=100_000), "it printed more than"),
        ("f() { f 2>/dev/null & f 2>/dev/null; }; f; sleep 54322", Limits(seconds=60, processes=300), ""),
        ("dd if=/dev/zero of=/out/x bs=1M count=20 && echo written", Limits(seconds=60, file_size=2**20), ""),
        ("for i in 1 2 3 4 5; do dd if=/dev/zero of=/tmp/$i bs=1M count=1 || exit 3; done; echo written",
         Limits(seconds=60, scratch=2**21), ""),
        ("i=0; while :; do i=$((i+1)); dd if=/dev/zero of=/out/$i bs=1M count=8; done",
         Limits(seconds=60, disk=2**25), "it wrote more than"),
        ("i=0; while :; do i=$((i+1)); : >/out/$i; done", Limits(seconds=60, files=500), "it wrote more than"),
        ("python3 -c 'x = b\"x\" * 300000000; import time; time.sleep(60)'", Limits(seconds=60, memory=2**27),
         "in memory"),
        ("sleep 54322", Limits(seconds=1), None),
    ],
)  # fmt: skip
def test_what_it_may_use_has_an_end(tmp_path, script, limits, reason):
    with fresh_folder(str(tmp_path)) as folder:
        sandbox = Sandbox(binds=(Bind(folder, "/out", writable=True),), limits=limits)
        expected = TimedOut if reason is None else OverLimit if reason else CommandFailed
        with pytest.raises(expected) as caught:
            confined(["sh", "-c", script], sandbox, log=str(tmp_path / "log"))
        assert (reason or "") in caught.value.message and "written\n" not in caught.value.data["output"]
    assert not running("54322")
    assert (tmp_path / "log").stat().st_size < 2**20


def test_nothing_is_left_running():
    said("setsid -f sh -c 'exec sleep 54323' </dev/null >/dev/null 2>&1; (exec sleep 54323) & exit 0")
    assert not running("54323")


def test_it_ends_with_its_caller():
    code = (
        "from ansible_collections.rdo.releng.plugins.module_utils._sandbox.confine import *;"
        "confined(['sh', '-c', 'setsid -f sleep 54324; sleep 54324'], Sandbox())"
    )
    caller = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    try:
        end = time.monotonic() + 30
        while len(running("54324")) < 2 and time.monotonic() < end:
            assert caller.poll() is None
            time.sleep(0.05)
    finally:
        caller.kill()
        caller.wait()
    end = time.monotonic() + 30
    while running("54324") and time.monotonic() < end:
        time.sleep(0.05)
    assert not running("54324")


def test_a_killed_caller_leaves_no_folder(tmp_path):
    code = (
        "import os; from ansible_collections.rdo.releng.plugins.module_utils._sandbox.confine import *;"
        f"held = fresh_folder({str(tmp_path)!r}); held.__enter__(); os.kill(os.getpid(), 9)"
    )
    subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, check=False
    )
    assert len(list(tmp_path.iterdir())) == 1
    with fresh_folder(str(tmp_path)) as folder, fresh_folder(str(tmp_path)):
        assert len(list(tmp_path.iterdir())) == 2 and os.path.exists(folder)
    assert list(tmp_path.iterdir()) == []


def test_the_folder_of_somebody_in_another_container_stays(tmp_path):
    """Whose processes cannot be seen from here, in a folder that both have."""
    with fresh_folder(str(tmp_path)) as folder:
        mine = os.path.basename(folder)
    space, _number, _rest = mine.removeprefix("rdo-releng.confined.").split("-")
    theirs = mine.replace(space, str(int(space) + 1))
    (tmp_path / theirs).mkdir()
    (tmp_path / mine.replace(f"-{os.getpid()}-", f"-{2**22 + 1}-")).mkdir()  # whose owner is gone
    with fresh_folder(str(tmp_path)) as folder:
        assert {path.name for path in tmp_path.iterdir()} == {theirs, os.path.basename(folder)}


def test_the_host_is_not_killed():
    with subprocess.Popen(["sleep", "54325"]) as other:
        try:
            said(f"kill -9 {other.pid}; kill -9 -1", capabilities=INSTALLING)
            assert other.poll() is None
        finally:
            other.kill()


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ('{"child-pid": 1, "pid-namespace": 17}', "pid:[17]"),
        # Somebody else has the number of the first process, or an older bwrap says nothing of namespaces.
        ('{"child-pid": %(pid)s}', ""),
        ('{"child-pid": %(pid)s, "pid-namespace": %(namespace)s}', ""),
        ("{", ""),
    ],
)
def test_who_shares_the_callers_namespace_is_not_taken_for_a_program_in_the_sandbox(said, kept):
    namespace = os.readlink("/proc/self/ns/pid").removeprefix("pid:[").rstrip("]")
    run = confine._Run(["true"], Sandbox(limits=SHORT), 100, None)
    run._learn(io.BytesIO((said % {"pid": os.getpid(), "namespace": namespace}).encode()))
    assert run._namespace == kept


def test_a_namespace_is_that_of_the_programs_in_the_sandbox(monkeypatch):
    runs = []
    learn = confine._Run._learn
    monkeypatch.setattr(confine._Run, "_learn", lambda run, said: (learn(run, said), runs.append(run)))
    done = confined(["readlink", "/proc/self/ns/pid"], Sandbox(limits=SHORT))
    assert [run._namespace for run in runs] == [done.output.decode().strip()]


def test_output_and_errors_apart_and_watched(tmp_path):
    lines = []
    done = confined(
        ["sh", "-c", "echo out; echo err >&2; exit 3"],
        Sandbox(limits=SHORT), apart=True, expected=(3,), watch=lines.append, log=str(tmp_path / "log"),
    )  # fmt: skip
    assert (done.rc, done.output, done.errors) == (3, b"out\n", b"err\n")
    assert sorted(lines) == ["err", "out"]
    text = (tmp_path / "log").read_text()
    assert text.startswith("+ sh -c 'echo out;") and "= exit 3 after" in text
    with pytest.raises(CommandFailed, match="sh ended with status 3: err"):
        confined(["sh", "-c", "echo out; echo err >&2; exit 3"], Sandbox(limits=SHORT), apart=True)


def test_several_at_once():
    with fresh_folder() as folder:
        threads = [
            threading.Thread(
                target=said, args=(f"echo {n} > /out/{n}",), kwargs={"binds": (Bind(folder, "/out", True),)}
            )
            for n in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(os.listdir(folder)) == [str(n) for n in range(8)]


def test_a_host_that_cannot_confine_refuses(monkeypatch, tmp_path):
    monkeypatch.setattr(confine, "_STEPS", "echo 'unshare: unshare failed: Operation not permitted' >&2; exit 1")
    with pytest.raises(CannotConfine, match="unshare failed: Operation not permitted. It needs bubblewrap"):
        confined(["touch", str(tmp_path / "x")], Sandbox(limits=SHORT))
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(NotFound, match="bwrap is not installed"):
        confined(["true"], Sandbox())


@pytest.mark.parametrize(
    ("status", "last", "refused"),
    [
        ("", "bwrap: Can't mount proc on /newroot/proc: Operation not permitted", CannotConfine),
        # The program was there, and said so itself.
        ('{ "exit-code": 1 }', "bwrap: Can't mount proc on /newroot/proc: Operation not permitted", CommandFailed),
        ("", "bwrap: execvp rpmspec: No such file or directory", CommandFailed),
    ],
)
@pytest.mark.parametrize("apart", [True, False])
def test_a_sandbox_that_was_not_finished_is_no_failure_of_the_program(monkeypatch, apart, status, last, refused):
    def command(_run, info):
        nobody = 2**22 + 1
        script = f"""echo '{{ "child-pid": {nobody} }}' >&{info}; echo "{last}" >&2; echo '{status}' >&{info}; exit 1"""
        return ["bash", "-c", script]

    monkeypatch.setattr(confine._Run, "_command", command)
    with pytest.raises(refused) as error:
        confined(["rpmspec", "-P"], Sandbox(limits=SHORT), apart=apart)
    assert last in str(error.value)


def test_what_is_to_be_seen_must_be_there(tmp_path):
    with pytest.raises(InvalidInput, match="is not there"):
        confined(["true"], Sandbox(binds=(Bind(str(tmp_path / "x"), "/tmp/x"),)))


@pytest.mark.parametrize(
    ("ranges", "expected"),
    [
        ("0 0 4294967295", (0x7000_0000, 65536)),
        ("0 1000 1\n1 100000 65536", (1 + 32768, 32768)),
        ("0 100000 131072", (65536, 65536)),
        ("0 1000 1", None),
    ],
)
def test_users_of_a_container(monkeypatch, ranges, expected):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(confine, "_id_ranges", lambda: [tuple(map(int, line.split())) for line in ranges.splitlines()])
    if expected:
        assert outer_ids() == expected
    else:
        with pytest.raises(CannotConfine, match="this container has 1 users"):
            outer_ids()
