# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documents for people name is there: files, headings, modules, roles and playbooks."""

from __future__ import annotations

import ast
import pathlib
import re

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CODE_OF_CONDUCT.md")
DOCUMENTS = [*(ROOT / name for name in PAGES), *ROOT.glob("docs/*.md"), *ROOT.glob("roles/*/README.md")]
NAMED = {
    *(path.stem for path in ROOT.glob("plugins/*/*.py")),
    *(path.stem for path in ROOT.glob("extensions/eda/plugins/*/*.py")),
    *(path.name for path in ROOT.glob("roles/*")),
    *(path.stem for path in ROOT.glob("playbooks/*.yml")),
    *yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["action_groups"],
}


def anchors(text):
    """What headings can be linked by."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_named_is_there(path):
    text = path.read_text()
    wrong = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        name, _hash, anchor = target.partition("#")
        if "://" in target:
            continue
        linked = path.parent / name if name else path
        if not linked.exists() or (anchor and anchor not in anchors(linked.read_text())):
            wrong.append(target)
    for name in re.findall(r"\brdo\.releng\.(\w+)", text):
        if not name.startswith("_") and name not in NAMED:
            wrong.append(name)
    assert wrong == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_examples_are_yaml(path):
    for example in re.findall(r"^ *```yaml\n(.*?)^ *```", path.read_text(), re.MULTILINE | re.DOTALL):
        list(yaml.compose_all(example))


def texts_of_code():
    """What modules, roles and playbooks say, each text in one line."""
    for path in ROOT.glob("plugins/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.JoinedStr):
                yield "…".join(part.value for part in node.values if isinstance(part, ast.Constant))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
    for place in ("roles", "playbooks"):
        for path in ROOT.glob(f"{place}/**/*.yml"):
            yield " ".join(path.read_text().split())


def test_messages_that_troubleshooting_explains_are_those_of_the_code():
    """Some are put together of two texts: each part between two values has to be in one of them."""
    page = (ROOT / "docs" / "troubleshooting.md").read_text()
    messages = re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE)
    said = "\n".join(texts_of_code())
    parts = [part.strip(" .:,;") for message in messages for part in message.split("…")]
    assert len(messages) > 40
    assert [part for part in parts if part not in said] == []


@pytest.mark.parametrize("role", sorted(ROOT.glob("roles/*")), ids=lambda role: role.name)
def test_variables_of_a_role_are_specified_and_described(role):
    """Each default and each variable in the README is in argument_specs, with the same default."""
    specs = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text())["argument_specs"]
    options = {name: option for spec in specs.values() for name, option in spec.get("options", {}).items()}
    defaults = {}
    if (role / "defaults" / "main.yml").exists():
        defaults = yaml.safe_load((role / "defaults" / "main.yml").read_text()) or {}
    assert set(defaults) <= set(options)
    assert {name for name in options if not name.startswith(f"{role.name}_")} == set()
    differing = {
        name: (value, options[name]["default"])
        for name, value in defaults.items()
        if "default" in options[name] and options[name]["default"] != value
    }
    assert differing == {}
    assert {name for name, option in options.items() if "default" in option} <= set(defaults)
    tables = re.findall(r"^\| (.+?) \|", (role / "README.md").read_text(), re.MULTILINE)
    named = {name for cell in tables for name in re.findall(rf"`({role.name}_\w+)`", cell)}
    assert named <= set(options)
