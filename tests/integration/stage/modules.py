# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running a module as Ansible does: its own process, its arguments as JSON, its result as JSON."""

from __future__ import annotations

import atexit
import collections
import functools
import itertools
import json
import os
import pathlib
import subprocess
import sys
import typing as t

import ansible

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = ROOT / ".build"


def start_module(name: str, /, **arguments: t.Any) -> subprocess.Popen[str]:
    """Start rdo.releng.``name`` with ``arguments``, with a diff, and do not wait for it."""
    process = subprocess.Popen(
        [sys.executable, "-m", f"ansible_collections.rdo.releng.plugins.modules.{name}"],
        env=_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    process.stdin.write(_input(False, arguments))
    process.stdin.close()
    process.stdin = None
    return process


def finish_module(process: subprocess.Popen[str]) -> dict[str, t.Any]:
    """Wait for a module; its result, ``failed`` set in any case."""
    output, errors = process.communicate(timeout=300)
    return _result(process.returncode, output, errors)


def run_module(
    module: str,
    /,
    check: bool = False,
    environment: t.Mapping[str, str] | None = None,
    python: pathlib.Path | str = sys.executable,
    libraries: t.Sequence[str] = (),
    **arguments: t.Any,
) -> dict[str, t.Any]:
    """The result of rdo.releng.``module``, ``failed`` set in any case.

    :param check: check mode.
    :param environment: variables besides this process's own.
    :param python: the Python that runs it.
    :param libraries: what it will import, to have it loaded only once in all tests.
    """
    servers = _servers[str(python)]
    try:
        server = servers.pop()
    except IndexError:
        server = _start_server(python)
    given = {
        "module": module,
        "stdin": _input(check, arguments),
        "environment": environment or {},
        "libraries": libraries,
    }
    assert server.stdin and server.stdout
    server.stdin.write(json.dumps(given) + "\n")
    server.stdin.flush()
    line = server.stdout.readline()
    assert line, f"the server of modules ended with status {server.wait()}; see what is above"
    servers.append(server)
    answer = json.loads(line)
    return _result(answer["status"], answer["output"], answer["errors"])


# Those that wait for a run, by their Python; more than one, because tests run modules at the same time.
_servers: dict[str, list[subprocess.Popen[str]]] = collections.defaultdict(list)


def _start_server(python: pathlib.Path | str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [python, pathlib.Path(__file__).with_name("module_server.py")],
        env=_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@atexit.register
def _stop_servers() -> None:
    for server in itertools.chain(*_servers.values()):
        server.communicate()


def _input(check: bool, arguments: t.Mapping[str, t.Any]) -> str:
    settings = {"_ansible_check_mode": check, "_ansible_diff": True, "_ansible_socket": None}
    return json.dumps({"ANSIBLE_MODULE_ARGS": {**arguments, **settings}}, default=str)


def _result(status: int, output: str, errors: str) -> dict[str, t.Any]:
    try:
        return {"failed": False, **json.loads(output)}
    except ValueError:
        raise AssertionError(f"no result, status {status}: {output}{errors}") from None


def _environment() -> dict[str, str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("DLRNAPI_", "KOJI_"))}
    return {**clean, "PYTHONPATH": _python_path()}


@functools.cache
def _python_path() -> str:
    """A path with the collection, and with Ansible alone of all that is installed beside the tests."""
    alone = BUILD / "ansible_alone"
    alone.mkdir(parents=True, exist_ok=True)
    if not (alone / "ansible").exists():
        (alone / "ansible").symlink_to(pathlib.Path(ansible.__file__).parent)
    return f"{BUILD}:{alone}"


def run_playbook(
    playbook: pathlib.Path | str,
    *argv: str,
    environment: t.Mapping[str, str] | None = None,
    folder: pathlib.Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a playbook (a path, or a name such as rdo.releng.promote) against this host; output and status.

    :param folder: the folder that it is called in.
    """
    command, options = playbook_call(playbook, *argv, environment=environment, folder=folder)
    return subprocess.run(command, stdout=subprocess.PIPE, timeout=600, check=False, **options)


def playbook_call(
    playbook: pathlib.Path | str,
    *argv: str,
    environment: t.Mapping[str, str] | None = None,
    folder: pathlib.Path | None = None,
) -> tuple[list[str], dict[str, t.Any]]:
    """What ``run_playbook`` calls: the command, and how ``subprocess`` starts it."""
    command = [str(pathlib.Path(sys.executable).with_name("ansible-playbook")), "-i", "localhost,", "-c", "local"]
    variables = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(BUILD),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_NOCOLOR": "1",
        **({"PWD": str(folder)} if folder else {}),
        **(environment or {}),
    }
    return [*command, "-e", f"ansible_python_interpreter={sys.executable}", str(playbook), *argv], {
        "env": variables,
        "cwd": folder,
        "stdin": subprocess.DEVNULL,
        "stderr": subprocess.STDOUT,
        "text": True,
    }
