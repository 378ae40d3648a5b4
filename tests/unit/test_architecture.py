# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The house's arrows: who may import whom, and how big a module may get."""

from __future__ import annotations

import ast
import pathlib
import re
import statistics

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
UTILS = ROOT / "plugins" / "module_utils"
PACKAGE = "ansible_collections.rdo.releng.plugins.module_utils."
ROOMS = {path.name for path in UTILS.iterdir() if (path / "__init__.py").exists()}
DOMAIN = ROOMS - {"_module", "_service"}
# Ladders: what a room stands on besides _module. Any may use _rpm's NEVRA.
LADDERS = {
    "_repodata": {"_rpm"},
    "_closure": {"_repodata", "_rpm"},
    "_build": {"_sandbox", "_rpm"},
    "_compose": {"_sandbox", "_rpm"},
    "_distgit": {"_sandbox"},
}


def imports(path: pathlib.Path) -> set[tuple[str, str]]:
    """(room, module in it) of everything that a file imports from the collection's rooms."""
    package = path.relative_to(ROOT / "plugins").parent.parts
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.ImportFrom):
            continue
        name = node.module or ""
        if node.level:
            above = package[: len(package) - node.level + 1]
            name = ".".join((*above, *filter(None, [name]))).removeprefix("module_utils.")
        elif name.startswith(PACKAGE):
            name = name.removeprefix(PACKAGE)
        else:
            continue
        room, _dot, rest = name.partition(".")
        found.update({(room, rest)} if rest else {(room, alias.name) for alias in node.names})
    return {(room, module) for room, module in found if room in ROOMS}


FILES = sorted(path for path in UTILS.rglob("*.py") if path.name != "__init__.py")
MODULES = sorted((ROOT / "plugins" / "modules").glob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(UTILS)))
def test_a_room_imports_only_what_lies_below_it(path):
    room = path.relative_to(UTILS).parts[0]
    for other, module in imports(path):
        if other == room:
            continue
        assert room != "_module", f"_module is the lowest room and imports {other}"
        allowed = other == "_module" or room == "_service" or other in LADDERS.get(room, ())
        allowed = allowed or (other == "_rpm" and module.startswith("nevra"))
        assert allowed, f"{path.name} imports {other}.{module}"


# What reads text of strangers without limits, and the one file that puts limits around it.
READERS = {
    r"json\.loads?\(": "json_text.py",
    r"yaml\.(\w+_)?load|SafeLoader\b": "yaml_text.py",
    r"csv\.(DictR|r)eader": "csv_text.py",
    r"urlopen|build_opener|OpenerDirector|open_url\(": "stream.py",
}
# Run by a Python without the collection, or, in the case of the last, listen to Ansible itself.
ON_THEIR_OWN = {"clean_root.py", "confine.py", "inside_dlrn.py", "_progress.py"}


@pytest.mark.parametrize("path", [*FILES, *(ROOT / "plugins").glob("[fplm]*/*.py")], ids=lambda path: path.stem)
def test_text_is_read_by_the_bounded_readers_alone(path):
    code = re.sub(r"(?m)^ *#.*", "", path.read_text())
    found = [pattern for pattern, reader in READERS.items() if path.name != reader and re.search(pattern, code)]
    assert not found or path.name in ON_THEIR_OWN


# The one place for each of these. What is confined is started by the sandbox itself.
PLACES = {
    r"^import subprocess|^from subprocess": {"_module/command.py", "_sandbox/confine.py"},
    r"^import fcntl|^from fcntl": {"_module/lock.py"},
    r"[(\[]\"git\",|GIT_ALLOW_PROTOCOL": {"_module/git.py"},
}


@pytest.mark.parametrize("place", PLACES.values(), ids=lambda place: sorted(place)[0])
def test_there_is_one_way_to_run_programs_and_git_and_to_hold_a_lock(place):
    pattern = next(pattern for pattern, known in PLACES.items() if known is place)
    paths = [path for path in (ROOT / "plugins").rglob("*.py") if re.search(pattern, path.read_text(), re.MULTILINE)]
    names = {path.relative_to(ROOT / "plugins").as_posix().removeprefix("module_utils/") for path in paths}
    assert names == place


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_uses_one_domain_room_or_one_service(path):
    rooms = {room for room, _module in imports(path)} - {"_module"}
    assert len(rooms & DOMAIN) + ("_service" in rooms) <= 1, f"{path.name} imports {sorted(rooms)}"


def code_lines(path: pathlib.Path) -> int:
    """Lines of a module that are neither blank, nor comment, nor documentation."""
    text = re.sub(
        r"^(DOCUMENTATION|EXAMPLES|RETURN) = r?(\"\"\"|''').*?\2", "", path.read_text(), flags=re.DOTALL | re.MULTILINE
    )
    return sum(1 for line in text.splitlines() if line.strip() and not line.strip().startswith("#"))


def test_modules_are_declarations():
    sizes = {path.stem: code_lines(path) for path in MODULES}
    assert not {name: size for name, size in sizes.items() if size > 120}
    assert not sizes or statistics.median(sizes.values()) <= 40, sorted(sizes.items(), key=lambda item: item[1])
