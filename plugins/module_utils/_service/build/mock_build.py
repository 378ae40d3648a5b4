# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Building packages with mock, unless the result directory already has what the same inputs make."""

from __future__ import annotations

import glob
import hashlib
import os
import typing as t

from ..._build.mock import build_argv, check_params, srpm_argv
from ..._diagnosis.failures import Diagnosis, FailureClass, diagnose
from ..._module.command import find_program, run_command
from ..._module.documents import digest, read_document, write_document
from ..._module.errors import CommandFailed, InvalidInput, NotFound, TimedOut
from ..._module.progress import say
from ..._module.runner import Change, Plan
from ..._rpm.headers import read_nevras
from ..._sandbox.packages import query

SCHEMA = "rdo.releng/mock-build/1"
LOGS = ("build.log", "root.log", "state.log", "hw_info.log", "installed_pkgs.log")
# What does not change the packages.
_INDIFFERENT = {
    "result_dir",
    "log",
    "unique_ext",
    "clean",
    "clean_after",
    "timeout",
    "time_limit",
    "keep_going",
    "offline",
}


class MockBuild(Change):
    """Build source RPMs, or a spec with its sources.

    :param params: the options of the module mock_build.
    """

    def __init__(self, params: t.Mapping[str, t.Any]) -> None:
        self._params = params
        self._folder = params["result_dir"]
        self._record = os.path.join(self._folder, "mock_build.json")

    def plan(self) -> Plan:
        check_params(self._params)
        find_program("mock")
        self._inputs = inputs(self._params)
        record = self._read_record()
        fresh = record is not None and record.get("inputs") == self._inputs and _complete(record["files"])
        what = [os.path.basename(path) for path in self._params["srpms"] or [self._params["spec"]]]
        actions = [] if fresh else [f"Build {', '.join(what)} with mock in {self._params['root']}"]
        before = {"packages": sorted(record["files"]) if record else []}
        found = self._found() if fresh else {"source_packages": [], "packages": [], "logs": []}
        return Plan(before, before if fresh else {"packages": ["as built"]}, actions, found)

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        os.makedirs(self._folder, exist_ok=True)
        if os.path.exists(self._record):
            os.unlink(self._record)
        # What lies there from other inputs must not be taken for what is built now.
        for path in self._files("*.rpm"):
            if os.path.abspath(path) not in map(os.path.abspath, self._params["srpms"]):
                os.unlink(path)
        srpms = list(self._params["srpms"])
        if self._params["spec"]:
            self._run(srpm_argv(self._params), f"mock makes the source RPM of {self._params['spec']}")
            srpms = self._files("*.src.rpm")
        names = ", ".join(map(os.path.basename, srpms))
        self._run(build_argv(self._params, srpms), f"mock builds {names} in {self._params['root']}")
        files = {path: os.path.getsize(path) for path in self._files("*.rpm")}
        write_document(self._record, {"schema": SCHEMA, "inputs": self._inputs, "files": files})
        return self._found()

    def _run(self, argv: list[str], what: str) -> None:
        say(f"{what}; log: {self._params['log']}")
        try:
            run_command(argv, log=self._params["log"], timeout=self._time_limit())
        except TimedOut as error:
            error.message = (
                f"{what}: it was ended after {self._time_limit():g} s (time_limit). Log: {self._params['log']}"
            )
            failure = Diagnosis(FailureClass.TIMEOUT, [])
            error.data.update(failure=failure.as_dict(), logs=self._files(*LOGS))
            raise
        except CommandFailed as error:
            failure = self._diagnose(error.data["output"])
            error.message = f"{what}: {failure.failure_class.value}. Log: {self._params['log']}"
            error.data.update(failure=failure.as_dict(), logs=self._files(*LOGS))
            raise

    def _time_limit(self) -> float | None:
        return self._params["time_limit"] * max(1, len(self._params["srpms"])) or None

    def _diagnose(self, output: str) -> Diagnosis:
        """Of the newest build's own logs, and of what mock printed when they say nothing."""
        texts = [output]
        for name in "build.log", "root.log":
            newest = max(self._files(name), key=os.path.getmtime, default=None)
            if newest:
                with open(newest, encoding="utf-8", errors="replace") as file:
                    texts.insert(len(texts) - 1, file.read())
        found = [diagnose(text) for text in texts]
        return next((item for item in found if item.failure_class is not FailureClass.UNKNOWN), found[0])

    def _found(self) -> dict[str, t.Any]:
        nevras = read_nevras(self._files("*.rpm"), query)
        packages = [{"nevra": nevra, "path": path} for path, nevra in sorted(nevras.items())]
        return {
            "source_packages": [item for item in packages if item["nevra"].endswith(".src")],
            "packages": [item for item in packages if not item["nevra"].endswith(".src")],
            "logs": self._files(*LOGS),
        }

    def _files(self, *patterns: str) -> list[str]:
        """Files of the result directory; mock keeps those of a chain in a folder for each build below it."""
        depth = "**" if self._params["chain"] else ""
        return sorted(
            path for name in patterns for path in glob.glob(os.path.join(self._folder, depth, name), recursive=True)
        )

    def _read_record(self) -> dict[str, t.Any] | None:
        try:
            record = read_document(self._record, SCHEMA, "record of a build")
        except (NotFound, InvalidInput):
            return None
        return record if isinstance(record.get("files"), dict) else None


def inputs(params: t.Mapping[str, t.Any]) -> str:
    """A digest of all that the packages depend on: sources, options, and mock's configuration where it is a file."""
    paths = [*params["srpms"], *filter(None, (params["spec"], params["sources"]))]
    config = (
        params["root"]
        if params["root"].endswith(".cfg")
        else f"{params['config_dir'] or '/etc/mock'}/{params['root']}.cfg"
    )
    files = [path for base in [*paths, config] for path in _files_of(base)]
    options = {name: value for name, value in params.items() if name not in _INDIFFERENT}
    return digest([options, [[os.path.basename(path), _sha256(path)] for path in files]])


def _files_of(path: str) -> list[str]:
    if os.path.isdir(path):
        return sorted(os.path.join(top, name) for top, _folders, names in os.walk(path) for name in names)
    return [path] if os.path.exists(path) else []


def _sha256(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def _complete(files: t.Mapping[str, int]) -> bool:
    return bool(files) and all(os.path.exists(path) and os.path.getsize(path) == size for path, size in files.items())
