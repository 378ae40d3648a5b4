# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""The package by which people get a release's repositories: .repo files and keys, the same bytes each time."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import typing as t

from .._module.command import run_command
from .._module.documents import write_atomically
from .._module.errors import InvalidInput, NotFound
from .._module.runner import Change, Plan
from .._module.work_folder import WorkFolder

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+~^]*")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]*")
_RELATION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+()/-]*( (<|<=|=|>=|>) [A-Za-z0-9._+~^:-]+)?")
KEYS = "/etc/pki/rpm-gpg"


def repo_file(repositories: t.Sequence[t.Mapping[str, t.Any]]) -> str:
    """A .repo file.

    :raises InvalidInput: a value that would be another option, or none.
    """
    sections = []
    for one in repositories:
        options = {"name": one["name"], "baseurl": one["baseurl"]}
        options.update({option: int(one[option]) for option in ("enabled", "gpgcheck", "repo_gpgcheck")})
        if one["gpgkey"]:
            options["gpgkey"] = one["gpgkey"]
        if one["module_hotfixes"]:
            options["module_hotfixes"] = 1
        if not _ID.fullmatch(one["id"]):
            raise InvalidInput(f"{one['id']!r} is not an id of a repository.")
        for option, value in options.items():
            if re.search(r"[\x00-\x1f\x7f]", str(value)) or not str(value).strip():
                raise InvalidInput(f"The repository {one['id']} has the {option} {value!r}: one line is needed.")
        if (one["gpgcheck"] or one["repo_gpgcheck"]) and not one["gpgkey"]:
            raise InvalidInput(f"The repository {one['id']} is checked with a key: set gpgkey.")
        sections.append("\n".join([f"[{one['id']}]", *(f"{option}={value}" for option, value in options.items())]))
    return "\n\n".join(sections) + "\n"


class ReleasePackage(Change):
    """What the module release_package brings about.

    :param params: its options.
    """

    def __init__(self, params: t.Mapping[str, t.Any]) -> None:
        self._params = params
        self._scratch = WorkFolder("release-package")

    def plan(self) -> Plan:
        params = self._params
        self._check()
        self._files = {f"{params['name']}.repo": repo_file(params["repositories"]).encode()}
        made = self._build()
        self._files[os.path.basename(made)] = _content(made)
        folder = params["path"]
        before = {name: _digest(os.path.join(folder, name)) for name in self._files}
        after = {name: hashlib.sha256(content).hexdigest() for name, content in self._files.items()}
        self._todo = [name for name in self._files if before[name] != after[name]]
        result = {"package": os.path.join(folder, os.path.basename(made)), "sha256": after[os.path.basename(made)]}
        result["repo_file"] = os.path.join(folder, f"{params['name']}.repo")
        return Plan(before, after, [f"write {os.path.join(folder, name)}" for name in self._todo], result)

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        for name in self._todo:
            write_atomically(os.path.join(self._params["path"], name), self._files[name])
        return {}

    def _check(self) -> None:
        params = self._params
        for option, pattern in (("name", _NAME), ("version", _VERSION), ("release", _VERSION)):
            if not pattern.fullmatch(params[option]):
                raise InvalidInput(f"{option} is {params[option]!r}, which no package can have.")
        for option in ("requires", "conflicts", "obsoletes"):
            wrong = [one for one in params[option] if not _RELATION.fullmatch(one)]
            if wrong:
                raise InvalidInput(f"{option} has {wrong[0]!r}, which is not a relation of a package.")
        for option in ("summary", "license", "url"):
            if re.search(r"[\x00-\x1f\x7f%]", params[option] or "") or (option != "url" and not params[option].strip()):
                raise InvalidInput(f"{option} is {params[option]!r}: one line without % is needed.")
        for path in params["key_files"]:
            if not os.path.isfile(path):
                raise NotFound(f"There is no file {path} with a key.", path=path)
            if not _NAME.fullmatch(os.path.basename(path)):
                raise InvalidInput(f"The key's file {path} has a name that no file of a package should have.")
        if not params["repositories"]:
            raise InvalidInput("repositories is empty: the package would hold nothing.")

    def _build(self) -> str:
        params, top = self._params, self._scratch.name
        sources = os.path.join(top, "SOURCES")
        os.makedirs(sources)
        with open(os.path.join(sources, f"{params['name']}.repo"), "wb") as file:
            file.write(self._files[f"{params['name']}.repo"])
        for path in params["key_files"]:
            shutil.copyfile(path, os.path.join(sources, os.path.basename(path)))
        spec = os.path.join(top, "release.spec")
        with open(spec, "w", encoding="utf-8") as text:
            text.write(self._spec())
        at = str(params["source_date"])
        defines = {
            "_topdir": top,
            "_buildhost": "localhost",
            "use_source_date_epoch_as_buildtime": "1",
            "clamp_mtime_to_source_date_epoch": "1",
            "build_mtime_policy": "clamp_to_source_date_epoch",
            "_build_name_fmt": "%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm",
            "dist": params["dist"] or "%{nil}",
        }
        arguments = [part for name, value in defines.items() for part in ("--define", f"{name} {value}")]
        kept = {name: os.environ[name] for name in ("PATH",) if name in os.environ}
        environment = {**kept, "HOME": top, "LC_ALL": "C.UTF-8", "TZ": "UTC", "SOURCE_DATE_EPOCH": at}
        run_command(["rpmbuild", "-bb", "--quiet", *arguments, spec], environment=environment, timeout=300, cwd=top)
        (name,) = os.listdir(os.path.join(top, "RPMS"))
        return os.path.join(top, "RPMS", name)

    def _spec(self) -> str:
        params = self._params
        keys = [os.path.basename(path) for path in params["key_files"]]
        repo = f"{params['name']}.repo"
        relations = [(kind, one) for kind in ("requires", "conflicts", "obsoletes") for one in params[kind]]
        lines = [
            f"Name: {params['name']}",
            f"Version: {params['version']}",
            f"Release: {params['release']}%{{?dist}}",
            f"Summary: {params['summary']}",
            f"License: {params['license']}",
            *([f"URL: {params['url']}"] if params["url"] else []),
            "BuildArch: noarch",
            *(f"{kind.capitalize()}: {one}" for kind, one in relations),
            f"%description\n{params['summary']}.",
            "%install",
            f"install -D -m 644 %{{_sourcedir}}/{repo} %{{buildroot}}/etc/yum.repos.d/{repo}",
            *(f"install -D -m 644 %{{_sourcedir}}/{key} %{{buildroot}}{KEYS}/{key}" for key in keys),
            "%files",
            f"%config(noreplace) /etc/yum.repos.d/{repo}",
            *(f"{KEYS}/{key}" for key in keys),
        ]
        return "\n".join(lines) + "\n"


def _content(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _digest(path: str) -> str | None:
    return hashlib.sha256(_content(path)).hexdigest() if os.path.isfile(path) else None
