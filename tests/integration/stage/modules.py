# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running a module as Ansible does: its own process, its arguments as JSON, its result as JSON."""

from __future__ import annotations

import functools
import json
import os
import pathlib
import subprocess
import sys
import typing as t

import ansible

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = ROOT / ".build"


def start_module(
    name: str,
    check: bool = False,
    environment: t.Mapping[str, str] | None = None,
    python: pathlib.Path | str = sys.executable,
    **arguments: t.Any,
) -> subprocess.Popen[str]:
    """Start rdo.releng.``name`` with ``arguments``, with a diff, and do not wait for it; see :func:`run_module`."""
    settings = {"_ansible_check_mode": check, "_ansible_diff": True, "_ansible_socket": None}
    clean = {key: value for key, value in os.environ.items() if not key.startswith("DLRNAPI_")}
    process = subprocess.Popen(
        [python, "-m", f"ansible_collections.rdo.releng.plugins.modules.{name}"],
        env={**clean, "PYTHONPATH": _python_path(), **(environment or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    process.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": {**arguments, **settings}}, default=str))
    process.stdin.close()
    process.stdin = None
    return process


def finish_module(process: subprocess.Popen[str]) -> dict[str, t.Any]:
    """Wait for a module; its result, ``failed`` set in any case."""
    output, errors = process.communicate(timeout=300)
    try:
        result = json.loads(output)
    except ValueError:
        raise AssertionError(f"no result, status {process.returncode}: {output}{errors}") from None
    return {"failed": False, **result}


def run_module(
    name: str,
    check: bool = False,
    environment: t.Mapping[str, str] | None = None,
    python: pathlib.Path | str = sys.executable,
    **arguments: t.Any,
) -> dict[str, t.Any]:
    """The result of rdo.releng.``name``, ``failed`` set in any case.

    :param check: check mode.
    :param environment: variables besides this process's own.
    :param python: the Python that runs it.
    """
    return finish_module(start_module(name, check, environment, python, **arguments))


@functools.cache
def _python_path() -> str:
    """A path with the collection, and with Ansible alone of all that is installed beside the tests."""
    alone = BUILD / "ansible_alone"
    alone.mkdir(parents=True, exist_ok=True)
    if not (alone / "ansible").exists():
        (alone / "ansible").symlink_to(pathlib.Path(ansible.__file__).parent)
    return f"{BUILD}:{alone}"


def run_playbook(
    playbook: pathlib.Path | str, *argv: str, environment: t.Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a playbook (a path, or a name such as rdo.releng.promote) against this host; output and status."""
    return subprocess.run(
        [pathlib.Path(sys.executable).with_name("ansible-playbook"), "-i", "localhost,", "-c", "local"]
        + ["-e", f"ansible_python_interpreter={sys.executable}", str(playbook), *argv],
        env={
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(BUILD),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_NOCOLOR": "1",
            **(environment or {}),
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    )
