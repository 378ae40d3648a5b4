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
from stage.checkout import copy_checkout

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
    copy_checkout(clone)
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


def needed(name):
    """What a playbook says that it cannot do without."""
    (play, *_more) = yaml.safe_load((ROOT / "playbooks" / f"{name}.yml").read_text())
    tasks = [*play.get("pre_tasks", []), *play.get("tasks", [])]
    return [entry for task in tasks for entry in (task.get("vars") or {}).get("releng_needed", [])]


def shown_files(text):
    """The YAML files that a guide shows, by the name in their first comment: the variables in each."""
    files = {}
    for example in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL):
        if named := re.match(r"# ([\w./-]+\.ya?ml)\b", example):
            content = yaml.safe_load(example)
            files[named[1]] = set(content) if isinstance(content, dict) else set()
    return files


def commands_in_their_place():
    """Each playbook command of the guides, with what the reader has exported until there."""
    for path in GUIDES:
        text = path.read_text()
        exported = set()
        for command in console(text):
            words = shlex.split(command.replace("[", "").replace("]", ""), comments=True)
            if words[:1] == ["export"]:
                exported |= {word.partition("=")[0] for word in words[1:]}
            elif words[:1] == ["ansible-playbook"] and words[1].startswith("rdo.releng."):
                given = [word for flag, word in zip(words, words[1:]) if flag in ("-e", "--extra-vars")]
                yield pytest.param(
                    words[1].removeprefix("rdo.releng."),
                    given,
                    frozenset(exported),
                    shown_files(text),
                    id=f"{path.name}: {' '.join(words)[:70]}",
                )


@pytest.mark.parametrize(("name", "given", "exported", "files"), list(commands_in_their_place()))
def test_a_guides_command_has_all_that_it_needs(name, given, exported, files):
    """As written, after the exports above it: nothing that the playbook would ask for first is missing."""
    variables = set()
    for word in given:
        if word.startswith("@"):
            if word[1:] not in files:
                return  # a file of the reader's own
            variables |= files[word[1:]]
        else:
            variables |= set(yaml.safe_load(word) if word.startswith("{") else [word.partition("=")[0]])
    lacking = [
        entry["name"]
        for entry in needed(name)
        if not set(entry["name"].split(" or ")) & variables and not set(entry.get("env", "").split(" or ")) & exported
    ]
    assert lacking == []


def make_commands():
    """Every call of make in the guides, and in what contributors read."""
    for path in [*GUIDES, ROOT / "CONTRIBUTING.md"]:
        text = path.read_text()
        commands = [*console(text), *re.findall(r"^\| `(make [^`]+)` \|", text, re.MULTILINE)]
        for command in commands:
            words = shlex.split(command, comments=True)
            if "make" in words:
                yield pytest.param(words[words.index("make") + 1 :], id=f"{path.name}: {' '.join(words)[:60]}")


@pytest.mark.parametrize("words", list(make_commands()))
def test_a_guides_call_of_make_is_one_that_there_is(words):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    given = dict(word.split("=", 1) for word in words if "=" in word)
    assert {word for word in words if "=" not in word} <= targets
    profile = given.get("PROFILE", "libraries")
    variables = yaml.safe_load((ROOT / "playbooks" / "vars" / f"quickstart_{profile}.yml").read_text())
    defaults = yaml.safe_load((ROOT / "roles" / "quickstart" / "defaults" / "main.yml").read_text())
    faults = variables.get("quickstart_faults", defaults["quickstart_faults"])
    assert given.get("FAULT", "") in {"", "...", *faults}
