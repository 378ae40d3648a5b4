# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pushes to a real rsync daemon, killed at every step, with readers on both sides."""

from __future__ import annotations

import contextlib
import os
import pathlib
import random
import signal
import subprocess
import sys
import threading
import time

import pytest
import yaml
from lab.pushing import push
from lab.rsync_daemon import rsync_daemon

from ansible_collections.rdo.releng.plugins.module_utils._module.errors import Conflict, RelengError, Unavailable
from ansible_collections.rdo.releng.plugins.module_utils._publish.push import differences, read_push

NAMES = ("repository", "ostree", "images")


def make(folder: pathlib.Path, number: int) -> dict[str, str]:
    """Three artifacts that all say which push they are of, with a file that takes a while to copy."""
    noise = random.Random(number)
    for name in NAMES:
        (folder / name / "deep").mkdir(parents=True)
        (folder / name / "PUSH").write_text(str(number))
        (folder / name / "same").write_text("the same in all")
        (folder / name / "deep" / f"only-{number}").write_bytes(noise.randbytes(600_000))
    return {name: str(folder / name) for name in NAMES}


class Reader(threading.Thread):
    """Looks all the time, as a client that follows the link once: do all artifacts belong to one push?"""

    def __init__(self, root: pathlib.Path) -> None:
        super().__init__(daemon=True)
        self.root, self.looks, self.wrong, self.over = root, 0, [], False

    def run(self) -> None:
        while not self.over:
            with contextlib.suppress(OSError):
                folder = os.open(self.root / "current", os.O_RDONLY)
                try:
                    self.look(folder)
                finally:
                    os.close(folder)
                time.sleep(0.001)
                continue
            self.wrong.append("nothing is shown")

    def look(self, folder: int) -> None:
        seen = set()
        for name in NAMES:
            with open(os.open(f"{name}/PUSH", os.O_RDONLY, dir_fd=folder)) as file:
                seen.add(file.read())
        self.looks += 1
        if len(seen) != 1:
            self.wrong.append(f"a mixture of {sorted(seen)}")


def whole(root: pathlib.Path) -> None:
    folder = (root / "current").resolve()
    assert differences(str(folder), read_push(str(folder))) == []


def pushes(root: pathlib.Path) -> set[str]:
    return {one.name for one in (root / "push").iterdir() if one.name[0] != "."}


def shows(root: pathlib.Path, new) -> bool:
    return bool(new(root)) and os.readlink(root / "current") == f"push/{new(root)}"


# What is to be seen before it is killed, and how long after that at most.
STEPS = {
    "before all": (lambda site, mirror, new: True, 0.6),
    "while it is staged": (lambda site, mirror, new: list(site.glob("push/.*.part")), 0.02),
    "once it is staged": (lambda site, mirror, new: new(site), 0.3),
    "while it is copied": (lambda site, mirror, new: new(mirror), 0.4),
    "once the site shows it": (lambda site, mirror, new: shows(site, new), 0.05),
    "around the mirror's switch": (lambda site, mirror, new: shows(site, new), 0.5),
    "once the mirror shows it": (lambda site, mirror, new: shows(mirror, new), 0.1),
}


def test_killed_at_every_step_a_reader_sees_the_old_whole_or_the_new_whole(tmp_path):
    noise = random.Random(7)
    site, mirror = tmp_path / "site", tmp_path / "mirror"
    with rsync_daemon(mirror) as address:
        push(str(site), address, make(tmp_path / "0", 0))
        readers = [Reader(site), Reader(mirror)]
        for reader in readers:
            reader.start()
        kills = 0
        for number, (step, (reached, after)) in enumerate(STEPS.items(), 1):
            artifacts = make(tmp_path / str(number), number)
            argv = [sys.executable, str(pathlib.Path(__file__).with_name("lab") / "pushing.py"), str(site), address]
            argv += [f"{name}={path}" for name, path in artifacts.items()]
            known = pushes(site) | pushes(mirror)

            def new(root, known=known):
                return next(iter(pushes(root) - known), None)

            process = subprocess.Popen(argv, start_new_session=True, stdout=subprocess.DEVNULL)
            while process.poll() is None and not reached(site, mirror, new):
                time.sleep(0.001)
            time.sleep(noise.uniform(0, after))
            if process.poll() is None:
                # Once alone, with rsync going on, and once with all that it started.
                os.kill(process.pid, signal.SIGKILL) if number % 2 else os.killpg(process.pid, signal.SIGKILL)
                kills += 1
            process.wait()
            whole(site)
            whole(mirror)
            ident = push(str(site), address, artifacts)
            assert [os.readlink(root / "current") for root in (site, mirror)] == [f"push/{ident}"] * 2, step
            whole(site)
            whole(mirror)
        for reader in readers:
            reader.over = True
            reader.join()
        assert kills >= len(STEPS) - 2
        assert [reader.wrong for reader in readers] == [[], []]
        assert min(reader.looks for reader in readers) > 100
        # What the site has removed is gone from the mirror as well.
        assert pushes(mirror) == pushes(site)


def test_a_mirror_that_is_down_stops_the_push_before_anything_is_switched(tmp_path):
    with rsync_daemon(tmp_path / "mirror") as address:
        first = push(str(tmp_path / "site"), address, make(tmp_path / "1", 1))
    with pytest.raises(Unavailable, match="cannot be reached"):
        push(str(tmp_path / "site"), address, make(tmp_path / "2", 2))
    assert os.readlink(tmp_path / "site" / "current") == f"push/{first}" == os.readlink(tmp_path / "mirror" / "current")


def test_a_daemon_that_rewrites_links_is_found_out(tmp_path):
    daemon = rsync_daemon(tmp_path / "mirror", module="munge symlinks = yes")
    with daemon as address, pytest.raises(Conflict, match="munge symlinks = no"):
        push(str(tmp_path / "site"), address, make(tmp_path / "1", 1))


def test_what_rots_on_the_mirror_is_mended(tmp_path):
    with rsync_daemon(tmp_path / "mirror") as address:
        artifacts = make(tmp_path / "1", 1)
        push(str(tmp_path / "site"), address, artifacts)
        rotten = tmp_path / "mirror" / "current" / "images" / "deep" / "only-1"
        rotten.write_bytes(b"!" * rotten.stat().st_size)
        push(str(tmp_path / "site"), address, artifacts)
        whole(tmp_path / "mirror")


def test_a_password_gets_in_and_is_nowhere_to_be_read(tmp_path):
    log = tmp_path / "log"
    with rsync_daemon(tmp_path / "mirror", module="munge symlinks = no", secret="tell-nobody") as address:
        artifacts = make(tmp_path / "1", 1)
        with pytest.raises(RelengError, match="auth") as refused:
            push(str(tmp_path / "site"), address, artifacts, password="wrong-one")
        assert "wrong-one" not in str(refused.value) + repr(refused.value.data)
        push(str(tmp_path / "site"), address, artifacts, password="tell-nobody", log=str(log))
    assert "tell-nobody" not in log.read_text()


def test_the_role_pushes_and_says_what_it_did(tmp_path, ansible):
    make(tmp_path / "1", 1)
    with rsync_daemon(tmp_path / "mirror") as address:
        play = [
            {
                "hosts": "localhost",
                "gather_facts": False,
                "roles": [
                    {
                        "role": "rdo.releng.push",
                        "push_site": str(tmp_path / "site"),
                        "push_artifacts": [{"name": name, "path": str(tmp_path / "1" / name)} for name in NAMES],
                        "push_mirrors": [address],
                    }
                ],
                "tasks": [{"ansible.builtin.debug": {"var": "push_result.actions"}}],
            }
        ]
        (tmp_path / "play.yml").write_text(yaml.safe_dump(play))
        planned = ansible(tmp_path / "play.yml", "--check")
        assert (
            "stage push" in planned and not (tmp_path / "site").exists() and not list((tmp_path / "mirror").iterdir())
        )
        done = ansible(tmp_path / "play.yml")
        assert "at rsync://" in done and (tmp_path / "mirror" / "current" / "images" / "PUSH").read_text() == "1"
        assert "changed=0" in ansible(tmp_path / "play.yml")
