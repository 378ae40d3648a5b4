# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Podman with images of its own, an image to build on, and the execution environment, built by the guide's commands."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import typing as t

import yaml
from machines.machine import HOUR, ROOT, bootstrap, sources
from stage.checkout import copy_checkout

BIN = pathlib.Path(sys.executable).parent
FOLDER = ROOT / ".build" / "execution-environment"
NAVIGATOR = ROOT / ".build" / "navigator" / "bin" / "ansible-navigator"
GUIDE = ROOT / "docs" / "operations.md"
NAME = "rdo-releng-ee"
# An image to build on, such as quay.io/centos/centos:stream9; without one, Debian's packages stand in for it.
GIVEN = os.environ.get("EE_BASE_IMAGE", "")
STAND_IN = "localhost/rdo-releng-base"
PACKAGES = ["ca-certificates", "python3", "python3-pip"]
# How this host comes by packages, which what is built on the stand-in needs as well, but not the image afterwards.
SETTINGS = ("/etc/apt/apt.conf.d", "/etc/pip.conf", "/etc/ssl/certs")


def unavailable() -> str:
    """Why no image can be built here; empty, if one can be built."""
    programs = ["podman"] if GIVEN else ["mmdebstrap", "podman"]
    missing = [name for name in programs if not shutil.which(name)]
    if missing:
        return f"not installed: {', '.join(missing)}; run .ci/system-packages images"
    if os.geteuid() != 0:
        return "it is done by root alone"
    if GIVEN:
        return ""
    if not pathlib.Path(_definition()["dependencies"]["python_interpreter"]["python_path"]).exists():
        return "this distribution does not have the image's Python; set EE_BASE_IMAGE to an image that has it"
    return "" if sources() else "there are no package sources in /etc/apt; set EE_BASE_IMAGE to the image to build on"


def commands() -> dict[str, list[str]]:
    """The guide's commands, by their program and what it is to do."""
    section = GUIDE.read_text().partition("## An execution environment\n")[2]
    (block,) = re.findall(r"^```console\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    lines = [shlex.split(line) for line in re.sub(r"\\\n", "", block).removeprefix("$ ").split("\n$ ")]
    return {" ".join(words[:2]): words for words in lines}


class Podman:
    """Neither this host's images nor its settings are seen or changed: all of it lies below ``folder``."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        store = {"driver": "overlay", "graphroot": f"{folder}/images", "runroot": f"{folder}/run"}
        # No more than any container may be given, and loopback as it is here.
        containers = {"default_ulimits": ["nofile=1024:4096", "nproc=4096:4096"], "netns": "host"}
        engine = {"runtime": "runc"} if shutil.which("runc") else {}
        (folder / "storage.conf").write_text(_toml(storage=store))
        (folder / "containers.conf").write_text(_toml(containers=containers, engine=engine))
        # What Ansible is told here does not hold in the image.
        here = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
        self.environment = {
            **here,
            "CONTAINERS_STORAGE_CONF": f"{folder}/storage.conf",
            "CONTAINERS_CONF": f"{folder}/containers.conf",
            "LC_ALL": "C.UTF-8",
            "PATH": f"{BIN}:{os.environ['PATH']}",
        }

    def call(self, *words: t.Any, cwd: pathlib.Path | None = None, expected: int = 0, **variables: str) -> str:
        """Run a program that may call podman; what it printed, errors included."""
        done = subprocess.run(
            [str(word) for word in words], cwd=cwd, env={**self.environment, **variables}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=HOUR, check=False,
        )  # fmt: skip
        assert done.returncode == expected, f"{words}: status {done.returncode}\n{done.stdout[-6000:]}"
        return done.stdout

    def run(self, *words: t.Any, options: t.Sequence[t.Any] = (), expected: int = 0) -> str:
        """Run a program in the image, without a network."""
        return self.call("podman", "run", "--rm", "--network=none", *options, NAME, *words, expected=expected)


def base(podman: Podman) -> str:
    """The image that is built on: the one that is given, or the stand-in, made once for each list of packages."""
    if GIVEN:
        return GIVEN
    words = "\n".join([*PACKAGES, *(pathlib.Path(path).read_text() for path in sources())])
    name = f"{STAND_IN}:{hashlib.sha256(words.encode()).hexdigest()[:12]}"
    with open(podman.folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not podman.call("podman", "images", "--quiet", name):
            made = podman.folder / "base.tar"
            # apt-get is told for good what .ci/system-packages tells it.
            hook = 'echo \'APT::Install-Recommends "false";\' > "$1/etc/apt/apt.conf"'
            bootstrap(made, PACKAGES, f"--customize-hook={hook}")
            podman.call("podman", "import", made, name)
            made.unlink()
    return name


def build(podman: Podman, folder: pathlib.Path) -> None:
    """Build the image in ``folder`` with the guide's commands."""
    copy_checkout(folder)
    guide = commands()
    podman.call(*guide["ansible-galaxy collection"], cwd=folder)
    (folder / "execution-environment.yml").write_text(yaml.safe_dump(adapted(base(podman))))
    settings = [] if GIVEN else [f"--volume={path}:{path}:ro" for path in SETTINGS if pathlib.Path(path).exists()]
    options = [f"--extra-build-cli-args={' '.join(settings)}"] if settings else []
    podman.call(*guide["ansible-builder build"], "--verbosity", "3", *options, cwd=folder)


def adapted(image: str) -> dict[str, t.Any]:
    """The definition on another image; on the stand-in also with Debian's package manager."""
    definition = _definition()
    definition["images"]["base_image"]["name"] = image
    if not GIVEN:
        definition["options"]["package_manager_path"] = "/usr/bin/apt-get"
        # Debian's Python has pip in a package, and no ensurepip.
        definition["options"]["skip_pip_install"] = True
        # It turns on repositories of CentOS.
        del definition["additional_build_steps"]["prepend_base"]
    return definition


def _definition() -> dict[str, t.Any]:
    return yaml.safe_load((ROOT / "execution-environment.yml").read_text())


def _toml(**tables: t.Mapping[str, t.Any]) -> str:
    lines = []
    for name, table in tables.items():
        lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
    return "\n".join(lines) + "\n"
