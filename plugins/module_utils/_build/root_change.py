# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""A clean root that stays: made when it is not there, or when what it is made from has changed."""

from __future__ import annotations

import contextlib
import os
import re
import typing as t

from .._module.command import find_program
from .._module.documents import read_document, write_document
from .._module.errors import CommandFailed, InvalidInput, NotFound, TimedOut, Unavailable
from .._module.progress import say
from .._module.runner import Change, Plan
from .._module.text import ini_problem
from . import clean_root

SCHEMA = "rdo.releng/clean-root/1"
# How dnf is asked for the name of a package.
NEVRA = "%{name}-%{epoch}:%{version}-%{release}.%{arch}"
# What cannot stand in a section of dnf's configuration.
_ILLEGAL = "\r\n[]"


@contextlib.contextmanager
def translated(log: str | None = None) -> t.Iterator[None]:
    """Errors of clean_root.py as those of the collection, which it cannot import."""
    try:
        yield
    except clean_root.RootTimeout as error:
        raise TimedOut(str(error), log=log) from error
    except clean_root.RepositoryUnreachable as error:
        raise Unavailable(str(error)) from error
    except clean_root.RootError as error:
        raise CommandFailed(str(error), log=log) from error


class CleanRoot(Change):
    """A folder with what packages and their requirements from the given repositories hold, and nothing else.

    :param params: path; repositories (mappings with id and options of dnf), repo_files (paths), packages, releasever;
        cache, a folder; log, a file; timeout in seconds.
    """

    def __init__(self, params: t.Mapping[str, t.Any]) -> None:
        self._params = params
        self._path = os.path.abspath(params["path"])
        self._record = f"{self._path}.json"

    def plan(self) -> Plan:
        for program in ("bwrap", "dnf", "rpm", "setpriv"):
            find_program(program)
        self._configuration = clean_root.Configuration(
            dnf_configuration(self._params["repositories"], self._params["repo_files"]),
            self._params["releasever"],
            tuple(self._params["packages"]),
        )
        with translated():
            after = {"packages": sorted(self._params["packages"]), "repositories": self._configuration.checksums()}
            self._key = self._configuration.key()
        record = self._read_record()
        before = {name: record.get(name) for name in after} if record else {}
        actions = [] if record and record["key"] == self._key else [f"Make {self._path}: {_difference(before, after)}"]
        found = {"installed": record["installed"] if record and not actions else []}
        return Plan(before, after, actions, {**found, "unchecked": self._configuration.unchecked()})

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        new = f"{self._path}.new"
        cache = self._params["cache"] or f"{self._path}.cache"
        runner = clean_root.Runner(self._params["log"], self._params["timeout"])
        os.makedirs(os.path.dirname(self._path), exist_ok=True)
        os.makedirs(cache, exist_ok=True)
        say(f"Installing {len(self._params['packages'])} packages in {self._path}; log: {self._params['log']}")
        with translated(self._params["log"]):
            clean_root.remove_tree(new)
            dnf = clean_root.Dnf(new, self._configuration, cache, runner)
            dnf("install", *self._params["packages"])
            installed = self._installed(dnf)
            clean_root.mount_points(new)
            # Without its record the root counts as not there: a death in between has it made anew.
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._record)
            clean_root.end_processes(self._path)
            clean_root.remove_tree(self._path)
            os.rename(new, self._path)
            clean_root.forget(new)
        write_document(self._record, {"schema": SCHEMA, "key": self._key, **plan.after, "installed": installed})
        say(f"{self._path}: {len(installed)} packages installed")
        return {"installed": installed}

    def _read_record(self) -> dict[str, t.Any] | None:
        """What the root was made from; None when there is none, or only a part of it."""
        try:
            record = read_document(self._record, SCHEMA, "record of a root")
        except (NotFound, InvalidInput):
            return None
        return record if os.path.isdir(self._path) else None

    @staticmethod
    def _installed(dnf: clean_root.Dnf) -> list[dict[str, str]]:
        return packages_in(dnf.query("repoquery", "--installed", "--qf", f"{NEVRA} %{{from_repo}}"))


def packages_in(text: str) -> list[dict[str, str]]:
    """Packages and their repositories from what dnf was asked for, :data:`NEVRA` and a repository a line."""
    # What packages are called is for those who make them to say: a line that is none names nothing.
    row = re.compile(r"([\w.+~^:-]{1,500}) ([\w.:@-]{1,200})")
    pairs = sorted((match[1], match[2]) for match in map(row.fullmatch, text.splitlines()) if match)
    return [{"nevra": name.replace("-0:", "-", 1), "repository": repository} for name, repository in pairs]


class NoRoot(Change):
    """A clean root, its record and its cache are not there."""

    def __init__(self, params: t.Mapping[str, t.Any]) -> None:
        path = os.path.abspath(params["path"])
        self._removed = f"{path}.removed"
        self._paths = [path, self._removed, f"{path}.new", f"{path}.new.pins", f"{path}.cache"]
        self._files = [f"{path}.json", f"{path}.new.dnf.conf"]

    def plan(self) -> Plan:
        there = [path for path in (*self._paths, *self._files) if os.path.exists(path)]
        if there and not _is_root(self._paths[0]) and os.path.exists(self._paths[0]):
            raise InvalidInput(f"{self._paths[0]} is not a clean root that this module made; it is not removed.")
        return Plan({"paths": there}, {"paths": []}, [f"Remove {path}" for path in there], {"installed": []})

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        with translated():
            self._end()
            for path in self._paths:
                clean_root.remove_tree(path)
        # The record goes last: it says whose the folder is.
        for path in reversed(self._files):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
        return {}

    def _end(self) -> None:
        """End what runs in it. Who waits for that sees that the root is gone, and so that nobody wants its results."""
        if os.path.isdir(self._paths[0]):
            clean_root.end_processes(self._removed)
            clean_root.remove_tree(self._removed)
            os.rename(self._paths[0], self._removed)
        clean_root.end_processes(self._removed)


def _is_root(path: str) -> bool:
    return os.path.exists(f"{path}.json")


def dnf_configuration(repositories: t.Iterable[t.Mapping[str, t.Any]], files: t.Iterable[str]) -> str:
    """dnf's configuration for repositories given as data and as .repo files.

    :raises InvalidInput: a repository without id or address, an id or value that would break out of its line, a file
        that cannot be read, or no repository at all.
    """
    plain = []
    for repository in repositories:
        values = {str(key): _value(value) for key, value in repository.items() if value is not None}
        if not values.get("id") or not {"baseurl", "metalink", "mirrorlist"} & set(values):
            raise InvalidInput(f"The repository {dict(repository)} needs an id, and a baseurl, metalink or mirrorlist.")
        if any(sign in text for text in values["id"] for sign in _ILLEGAL) or any(
            "\n" in text for text in values.values()
        ):
            raise InvalidInput(f"The repository {dict(repository)} has an id or a value that dnf cannot have.")
        if not re.fullmatch(r"(?:[0-9a-f]{64})?", values.get(clean_root.PIN, "")) or (
            clean_root.PIN in values and "baseurl" not in values
        ):
            raise InvalidInput(
                f"The repository {values['id']} is pinned by {values[clean_root.PIN]!r}: a pin is the sha256 of a "
                "repomd.xml, and belongs to a baseurl."
            )
        plain.append(values)
    text = clean_root.repositories_conf(plain)
    for path in files:
        try:
            with open(path, encoding="utf-8") as file:
                text += "\n" + file.read() + "\n"
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidInput(f"The repository file {path} cannot be read: {error}") from error
    try:
        if not clean_root.Configuration(text, "", ()).repositories():
            raise InvalidInput("No repository is given, or all are disabled: a clean root has to come from somewhere.")
    except clean_root.configparser.Error as error:
        raise InvalidInput(f"The repository files cannot be understood: {ini_problem(error)}") from error
    return text


def _value(value: t.Any) -> str:
    if isinstance(value, bool):
        return str(int(value))
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _difference(before: t.Mapping[str, t.Any], after: t.Mapping[str, t.Any]) -> str:
    """Why the root is made, in words."""
    if not before:
        return "it is not there"
    changed = [name for name, checksum in after["repositories"].items() if before["repositories"].get(name) != checksum]
    if changed:
        return f"the repositories {', '.join(changed)} have changed"
    return "other packages are asked for" if before["packages"] != after["packages"] else "other options are asked for"
