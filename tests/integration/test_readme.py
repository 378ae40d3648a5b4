# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The README's commands and the guides' playbooks, outside of what make sets up."""

from __future__ import annotations

import os
import pathlib
import re
import shlex
import subprocess

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
GUIDES = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]


def console(text):
    """The commands of a document's console blocks, with their continued lines."""
    blocks = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    return [
        line.replace("\\\n", " ")
        for block in blocks
        for line in re.findall(r"^\$ ((?:.*\\\n)*.*)$", block, re.MULTILINE)
    ]


def plain(folder):
    """An environment of somebody who has just come."""
    return {"HOME": str(folder), "PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", **proxies()}


def proxies():
    """How this machine reaches the package index, and nothing else."""
    names = ("PIP_INDEX_URL", "PIP_CERT", "SSL_CERT_FILE", "http_proxy", "https_proxy", "HTTPS_PROXY", "no_proxy")
    return {name: os.environ[name] for name in names if name in os.environ}


def test_install_as_the_readme_says(tmp_path):
    section = (ROOT / "README.md").read_text().partition("\n## Install\n")[2].partition("\n## ")[0]
    commands = console(section)
    assert any("pip install" in command for command in commands)
    clone = tmp_path / "rdo.releng"
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.split(b"\0")
    for name in map(os.fsdecode, filter(None, names)):
        source = ROOT / name
        if source.is_file() and not source.is_symlink():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            (clone / name).write_bytes(source.read_bytes())
    script = "\n".join(["set -eu", *commands, "ansible-doc rdo.releng.promotion_gate > /dev/null"])
    done = subprocess.run(
        ["bash", "-c", script], cwd=clone, env=plain(tmp_path), capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    assert "rdo.releng.promotion_gate" in done.stdout


def playbook_commands():
    for path in GUIDES:
        for command in console(path.read_text()):
            words = shlex.split(command.replace("[", "").replace("]", ""), comments=True)
            if words and words[0] == "ansible-playbook":
                yield pytest.param(words, id=f"{path.name}: {' '.join(words)[:60]}")


def known_variables(name):
    """What a playbook reads, in itself, in its files of variables and in the roles that it calls."""
    texts = [
        path.read_text() for path in (ROOT / "playbooks").rglob("*.yml") if path.stem == name or "vars" in path.parts
    ]
    roles = re.findall(r"rdo\.releng\.(\w+)", "".join(texts))
    specs = [ROOT / "roles" / role / "meta" / "argument_specs.yml" for role in roles]
    options = [yaml.safe_load(path.read_text())["argument_specs"] for path in specs if path.exists()]
    named = {option for spec in options for entry in spec.values() for option in entry.get("options", {})}
    return named | set(re.findall(r"\w+", "".join(texts) + (ROOT / "playbooks" / "tasks" / "summary.yml").read_text()))


@pytest.mark.parametrize("words", list(playbook_commands()))
def test_a_guides_command_names_what_there_is(words):
    names = [word.removeprefix("rdo.releng.") for word in words if word.startswith("rdo.releng.")]
    if not names:
        return  # a playbook that the guide has the reader write
    (name,) = names
    assert (ROOT / "playbooks" / f"{name}.yml").exists()
    given = [
        word for flag, word in zip(words, words[1:]) if flag in ("-e", "--extra-vars") and not word.startswith("@")
    ]
    for word in given:
        variables = yaml.safe_load(word) if word.startswith("{") else dict([word.partition("=")[::2]])
        unknown = {one for one in variables if not one.startswith("ansible_")} - known_variables(name)
        assert not unknown, f"{name} reads no {unknown}"
